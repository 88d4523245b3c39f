"""Shared folders and their members, as Dropbox keeps them."""

import re
import uuid
from dataclasses import dataclass, field

from .errors import bad_input, route_error
from .faults import MEMBERS
from .store import key_of, parent_of

EMAIL = re.compile(r"['#&A-Za-z0-9._%+-]+@[A-Za-z0-9-][A-Za-z0-9.-]*\.[A-Za-z]{2,15}\Z")
LEVELS = ("editor", "viewer", "viewer_no_comment")


@dataclass
class Share:
    """A shared folder: it follows its folder, wherever that is moved.

    :param dict members: {e-mail: access level} of those who have joined
    :param dict invited: the same, of those who have not answered yet
    """

    folder: object
    id: str = field(default_factory=lambda: str(uuid.uuid4().int)[:11])
    members: dict = field(default_factory=dict)
    invited: dict = field(default_factory=dict)


class SharingApi:
    """The routes of sharing."""

    def share_of(self, shared_folder_id):
        for share in self.account.shares:
            if share.id == shared_folder_id:
                return share
        raise route_error(access_error("invalid_id"))

    def shared_at(self, entry):
        found = [share for share in self.account.shares if share.folder is entry]
        return found[0] if found else None

    def sharing_info(self, entry):
        """Return what the metadata of a folder says of its being shared."""
        if not (share := self.shared_at(entry)):
            return {}
        info = {"read_only": False, "shared_folder_id": share.id}
        return {"shared_folder_id": share.id, "sharing_info": info}

    def shared_json(self, share):
        return {
            "access_type": {".tag": "owner"},
            "is_inside_team_folder": False,
            "is_team_folder": False,
            "name": share.folder.path.rpartition("/")[2],
            "path_lower": key_of(share.folder.path),
            "policy": {
                "acl_update_policy": {".tag": "owner"},
                "shared_link_policy": {".tag": "anyone"},
            },
            "preview_url": f"https://www.dropbox.com/scl/fo/{share.id}",
            "shared_folder_id": share.id,
            "time_invited": "2026-11-28T12:00:00Z",
            "access_inheritance": {".tag": "inherit"},
        }

    def sharing_share_folder(self, path, force_async, **_options):
        entry = self.store.find(path)
        if entry and entry.kind == "file":
            raise route_error(bad_path("is_file"))
        if entry and (share := self.shared_at(entry)):
            raise route_error(bad_path("already_shared", self.shared_json(share)))
        self.check_not_nested(entry.path if entry else path)
        self.check_refused()
        entry = entry or self.store.make_folder(path)
        share = Share(entry)
        self.account.shares.append(share)
        return self.launched(self.shared_json(share), force_async)

    def check_refused(self):
        if fault := self.server.faults.take(self.route, MEMBERS):
            error = {".tag": fault.kind}
            if fault.kind.startswith("too_many"):
                error[fault.kind] = 10
            raise route_error(error)

    def check_not_nested(self, path):
        shared = {key_of(share.folder.path) for share in self.account.shares}
        key = parent = key_of(path)
        while parent := parent_of(parent):
            if parent in shared:
                raise route_error(bad_path("inside_shared_folder"))
        if any(other.startswith(f"{key}/") for other in shared):
            raise route_error(bad_path("contains_shared_folder"))

    def sharing_check_share_job_status(self, async_job_id):
        return self.job_result(async_job_id)

    def sharing_get_folder_metadata(self, shared_folder_id, **_options):
        for share in self.account.shares:
            if share.id == shared_folder_id:
                return self.shared_json(share)
        raise route_error({".tag": "invalid_id"})

    def sharing_add_folder_member(
        self, shared_folder_id, members, quiet, custom_message
    ):
        share = self.share_of(shared_folder_id)
        self.check_refused()
        for member in members:
            level = member.get("access_level", "viewer")
            level = level if isinstance(level, str) else level[".tag"]
            if level not in LEVELS:
                raise bad_input("members: a member cannot be made the owner")
            email = member["member"].get("email", "")
            if not EMAIL.match(email):
                bad = {".tag": "invalid_email", "invalid_email": email}
                raise route_error({".tag": "bad_member", "bad_member": bad})
            known = share.members if email in share.members else share.invited
            known[email] = level
        return None

    def sharing_list_folder_members(self, shared_folder_id, limit, path, **_options):
        try:
            share = self.share_of(shared_folder_id)
        except Exception as refusal:
            raise route_error({".tag": "invalid_id"}) from refusal
        return self.page_of_members(share, limit, 0)

    def sharing_list_folder_members_continue(self, cursor):
        if cursor not in self.account.cursors:
            raise route_error({".tag": "invalid_cursor"})
        return self.page_of_members(*self.account.cursors[cursor])

    def page_of_members(self, share, limit, begin):
        everybody = [
            ("users", self.user_json(self.account.email, "owner")),
            *(("users", self.user_json(*each)) for each in share.members.items()),
            *(("invitees", invitee_json(*each)) for each in share.invited.items()),
        ]
        page = everybody[begin : begin + limit]
        answer = {"users": [], "groups": [], "invitees": []}
        for kind, member in page:
            answer[kind].append(member)
        if len(everybody) > begin + limit:
            answer["cursor"] = uuid.uuid4().hex
            self.account.cursors[answer["cursor"]] = (share, limit, begin + limit)
        return answer

    def user_json(self, email, level):
        name = self.account.name if level == "owner" else email.partition("@")[0]
        return {
            "access_type": {".tag": level},
            "user": {
                "account_id": f"dbid:{abs(hash(email)):0>35}",
                "email": email,
                "display_name": name,
                "same_team": False,
            },
            "permissions": [],
            "is_inherited": False,
        }

    def sharing_remove_folder_member(self, shared_folder_id, member, leave_a_copy):
        share = self.share_of(shared_folder_id)
        self.check_refused()
        email = member.get("email") or self.email_of(share, member["dropbox_id"])
        if email == self.account.email:
            raise route_error({".tag": "folder_owner"})
        if email not in {*share.members, *share.invited}:
            error = {".tag": "not_a_member"}
            raise route_error({".tag": "member_error", "member_error": error})
        share.members.pop(email, None)
        share.invited.pop(email, None)
        return self.launched({}, is_async=True)

    def email_of(self, share, dropbox_id):
        for email in (self.account.email, *share.members):
            if self.user_json(email, "viewer")["user"]["account_id"] == dropbox_id:
                return email
        return None

    def sharing_check_remove_member_job_status(self, async_job_id):
        return self.job_result(async_job_id)

    def sharing_unshare_folder(self, shared_folder_id, leave_a_copy):
        self.account.shares.remove(self.share_of(shared_folder_id))
        return self.launched({})

    def sharing_check_job_status(self, async_job_id):
        return self.job_result(async_job_id)


def invitee_json(email, level):
    return {
        "access_type": {".tag": level},
        "invitee": {".tag": "email", "email": email},
        "permissions": [],
        "is_inherited": False,
    }


def access_error(tag):
    return {".tag": "access_error", "access_error": {".tag": tag}}


def bad_path(tag, values=None):
    error = {".tag": tag, **(values or {})}
    return {".tag": "bad_path", "bad_path": error}
