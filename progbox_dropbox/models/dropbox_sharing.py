"""Shared folders of Dropbox: who has access, inviting, revoking. Never a link."""

import time
from typing import NamedTuple

from dropbox import exceptions, sharing

from odoo.exceptions import UserError

from ..tools.verdicts import HANDLED, classify, tags
from .dropbox_texts import text_of

SHARING_SCOPES = ("sharing.read", "sharing.write")
# Seconds for which a person waits for Dropbox's own work.
PATIENCE = 30
POLL = 0.5


class Member(NamedTuple):
    """Somebody who has access to a folder, or was invited to it."""

    name: str
    email: str
    access: str
    is_pending: bool
    is_inherited: bool


class FolderSharing:
    """One folder of an account, for the people outside of Odoo."""

    def __init__(self, account, path):
        self.account, self.path = account.sudo(), path
        self.env = account.env
        self._check_possible()
        self.client = self.account._client()

    def _check_possible(self):
        """Check that this connection may share.

        :raise UserError:
        """
        if self.account.app_folder:
            raise UserError(
                self.env._(
                    "The Dropbox app has an App folder, and Dropbox lets such an app "
                    "share nothing. Make an app with Full Dropbox, and connect that "
                    "one in Settings > Dropbox."
                )
            )
        granted = (self.account.scopes or "").split()
        if missing := [scope for scope in SHARING_SCOPES if scope not in granted]:
            raise UserError(
                self.env._(
                    "The connection lacks the permissions to share: %(missing)s. Tick "
                    "them under Permissions in Dropbox's App Console, submit, then "
                    "press Reconnect in Settings > Dropbox.",
                    missing=", ".join(missing),
                )
            )

    def members(self):
        """Return who has access, the owner first.

        :rtype: list of Member
        """
        return self._said(self._members)

    def invite(self, email, message=None):
        """Invite somebody to look, and to change nothing. Dropbox sends the e-mail."""
        self._said(self._invite, email, message)

    def revoke(self, email):
        """Take the access away again, or the invitation back."""
        self._said(self._revoke, email)

    def _said(self, function, *arguments):
        """Call, and say an error of Dropbox in the user's words."""
        try:
            return function(*arguments)
        except HANDLED as error:
            raise UserError(sharing_text(self.env, error)) from error

    def _shared_id(self):
        """Return the id of the shared folder, None while it is not shared."""
        metadata = self.client.files_get_metadata(self.path)
        info = getattr(metadata, "sharing_info", None)
        return info and info.shared_folder_id

    def _members(self):
        if not (folder := self._shared_id()):
            return []
        page = self.client.sharing_list_folder_members(folder)
        found = members_of(page)
        while page.cursor:
            page = self.client.sharing_list_folder_members_continue(page.cursor)
            found += members_of(page)
        return sorted(found, key=lambda m: (m.access != "owner", m.is_pending, m.email))

    def _share(self):
        """Return the id of the folder, shared now if it was not."""
        if folder := self._shared_id():
            return folder
        try:
            answer = self.client.sharing_share_folder(
                self.path, acl_update_policy=sharing.AclUpdatePolicy.owner
            )
        except exceptions.ApiError as error:
            path = error.error.is_bad_path() and error.error.get_bad_path()
            if path and path.is_already_shared():
                return path.get_already_shared().shared_folder_id
            raise
        if answer.is_async_job_id():
            check = self.client.sharing_check_share_job_status
            answer = self._waited(check, answer.get_async_job_id())
        return answer.get_complete().shared_folder_id

    def _invite(self, email, message):
        member = sharing.AddMember(
            sharing.MemberSelector.email(email), sharing.AccessLevel.viewer
        )
        self.client.sharing_add_folder_member(
            self._share(), [member], custom_message=message or None
        )

    def _revoke(self, email):
        try:
            answer = self.client.sharing_remove_folder_member(
                self._shared_id() or "", sharing.MemberSelector.email(email), False
            )
        except exceptions.ApiError as error:
            if "not_a_member" in tags(error.error):
                # It was taken away before, and perhaps the answer was lost.
                return
            raise
        check = self.client.sharing_check_remove_member_job_status
        self._waited(check, answer.get_async_job_id())

    def _waited(self, check, job):
        """Return the result of what Dropbox does after its answer."""
        until = time.monotonic() + PATIENCE
        while (answer := check(job)).is_in_progress():
            if time.monotonic() > until:
                raise UserError(
                    self.env._("Dropbox is still at it. Look again in a minute.")
                )
            time.sleep(POLL)
        if answer.is_failed():
            tag = next(tags(answer.get_failed()), "")
            raise UserError(tag_text(self.env, tag))
        return answer


def members_of(page):
    """Return the members of a page of Dropbox's answer."""
    found = [
        Member(
            user.user.display_name,
            user.user.email,
            user.access_type._tag,
            False,
            user.is_inherited,
        )
        for user in page.users
    ]
    found += [
        Member(group.group.group_name, "", group.access_type._tag, False, True)
        for group in page.groups
    ]
    return found + [
        Member("", invitee.invitee.get_email(), invitee.access_type._tag, True, False)
        for invitee in page.invitees
        if invitee.invitee.is_email()
    ]


def sharing_text(env, error):
    """Return what an error of sharing means, and what to do.

    :param error: one of verdicts.HANDLED
    """
    for tag in tags(getattr(error, "error", None)):
        if text := SHARING_TEXTS.get(tag):
            return text(env)
    return text_of(env, classify(error))


def tag_text(env, tag):
    text = SHARING_TEXTS.get(tag, SHARING_TEXTS["no_permission"])
    return text(env)


SHARING_TEXTS = {
    "cant_share_outside_team": lambda env: env._(
        "Your Dropbox team does not share with people outside of it. The administrator "
        "of the team can change that."
    ),
    "email_unverified": lambda env: env._(
        "The e-mail address of this Dropbox account is not verified. Verify it in "
        "Dropbox, then try again."
    ),
    "folder_owner": lambda env: env._("The owner keeps the access."),
    "group_access": lambda env: env._(
        "This person has access through a group. Remove them from it in Dropbox."
    ),
    "inside_shared_folder": lambda env: env._(
        "A folder above this one is shared already. Share that one, or end its sharing "
        "in Dropbox."
    ),
    "contains_shared_folder": lambda env: env._(
        "A folder in this one is shared already. End its sharing in Dropbox first."
    ),
    "insufficient_plan": lambda env: env._(
        "The plan of this Dropbox has no people who may only look. A paid plan has."
    ),
    "invalid_email": lambda env: env._("Dropbox does not take this e-mail address."),
    "invalid_id": lambda env: env._("This folder is not shared any more."),
    "not_found": lambda env: env._(
        "Dropbox does not have this folder any more. Check the copies: what has "
        "happened to them is listed then."
    ),
    "no_permission": lambda env: env._(
        "This Dropbox account may not do that with the folder."
    ),
    "rate_limit": lambda env: env._(
        "Dropbox takes no more invitations of this account today. Try again tomorrow."
    ),
    "team_folder": lambda env: env._(
        "This is a folder of the Dropbox team: its administrator shares it."
    ),
    "too_many_members": lambda env: env._(
        "Dropbox takes no more people for this folder."
    ),
    "too_many_pending_invites": lambda env: env._(
        "Too many invitations are open. Take some back first."
    ),
}
