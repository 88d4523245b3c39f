"""What each route does."""

import uuid
from dataclasses import replace

from .errors import LookupRefused, MoveRefused, WriteRefused, route_error
from .faults import COMMITS, LOOKUPS
from .sharing import SharingApi
from .store import Entry, content_hash, key_of
from .table import method_of

# What the specification says in words alone.
LARGEST_REQUEST = 150 << 20
# How many entries a page has, when nobody says.
PAGE = 2000
# How often a job is asked for before it is done.
QUESTIONS = 3
NOT_FOUND = {".tag": "path", "path": {".tag": "not_found"}}


class Api(SharingApi):
    """One call of a route, for one account."""

    def __init__(self, server, token, route, arguments, body):
        self.server, self.token, self.route = server, token, route
        self.arguments, self.body = arguments, body
        self.account = token.account
        self.store = token.account.store

    def answer(self):
        if "content_hash" in self.arguments and self.arguments["content_hash"]:
            self.check_hash()
        return getattr(self, method_of(self.route))(**self.arguments)

    def check_hash(self):
        if self.body_hash() != self.arguments["content_hash"]:
            raise route_error({".tag": "content_hash_mismatch"})

    def body_hash(self):
        blob = self.new_blob()
        try:
            return content_hash(blob)
        finally:
            blob.unlink()

    def new_blob(self):
        blob = self.store.folder / uuid.uuid4().hex
        blob.write_bytes(self.body)
        return blob

    def found(self, path):
        if fault := self.server.faults.take(self.route, LOOKUPS, path):
            raise route_error({".tag": "path", "path": {".tag": fault.kind}})
        if not (entry := self.store.find(path)):
            raise route_error(NOT_FOUND)
        return entry

    def metadata(self, entry):
        return {**entry.json(), **self.sharing_info(entry)}

    # ------------------------------------------------------------------
    # Uploading
    # ------------------------------------------------------------------

    def committed(self, commit, blob):
        """Commit one file; a WriteRefused is the caller's to put into an answer."""
        take, path = self.server.faults.take, commit["path"]
        if fault := take(self.route, COMMITS, path):
            raise WriteRefused(fault.kind)
        corrupt = take(self.route, {"corrupt"}, path)
        return self.store.commit(commit, blob, bool(corrupt))

    def files_upload(self, content_hash=None, **commit):
        try:
            with self.server.committing(self.account):
                return self.committed(commit, self.new_blob()).json(tagged=False)
        except WriteRefused as refused:
            error = {".tag": "path", "reason": refused.error}
            error["upload_session_id"] = ""
            raise route_error(error) from refused

    def files_upload_session_start(self, close, session_type, content_hash=None):
        concurrent = is_concurrent(session_type)
        if concurrent and self.body:
            raise route_error({".tag": "concurrent_session_data_not_allowed"})
        name = self.store.new_session(concurrent)
        if self.body or close:
            cursor = {"session_id": name, "offset": 0}
            self.store.append(cursor, self.body, close)
        return {"session_id": name}

    def files_upload_session_start_batch(self, num_sessions, session_type):
        concurrent = is_concurrent(session_type)
        names = [self.store.new_session(concurrent) for _n in range(num_sessions)]
        return {"session_ids": names}

    def files_upload_session_append_v2(self, cursor, close, content_hash=None):
        try:
            self.store.append(cursor, self.body, close)
        except LookupRefused as refused:
            raise route_error(refused.error) from refused
        return None

    def files_upload_session_append_batch(self, entries, content_hash=None):
        if sum(entry["length"] for entry in entries) != len(self.body):
            raise route_error({".tag": "length_mismatch"})
        results, position = [], 0
        for entry in entries:
            data = self.body[position : position + entry["length"]]
            position += entry["length"]
            try:
                self.store.append(entry["cursor"], data, entry["close"])
                results.append({".tag": "success"})
            except LookupRefused as refused:
                results.append({".tag": "failure", "failure": refused.error})
        return {"entries": results}

    def files_upload_session_finish(self, cursor, commit, content_hash=None):
        try:
            with self.server.committing(self.account):
                if self.body:
                    self.store.append(cursor, self.body)
                return self.finish(cursor, commit).json(tagged=False)
        except LookupRefused as refused:
            error = {".tag": "lookup_failed", "lookup_failed": refused.error}
            raise route_error(error) from refused
        except WriteRefused as refused:
            error = {".tag": "path", "path": refused.error}
            raise route_error(error) from refused

    def finish(self, cursor, commit):
        session = self.store.session(cursor["session_id"])
        if session.size != cursor["offset"] + len(self.body or b""):
            raise LookupRefused("incorrect_offset", correct_offset=session.size)
        entry = self.committed(commit, session.blob)
        # What was refused keeps its bytes, for another try at the commit.
        del self.store.sessions[cursor["session_id"]]
        if entry.blob != session.blob:
            session.blob.unlink()
        return entry

    def files_upload_session_finish_batch_v2(self, entries):
        try:
            with self.server.committing(self.account):
                return {"entries": [self.finish_of_batch(**entry) for entry in entries]}
        except WriteRefused as refused:
            failure = {".tag": "failure", "failure": refused.error}
            return {"entries": [failure] * len(entries)}

    def finish_of_batch(self, cursor, commit, **_options):
        try:
            if not self.store.session(cursor["session_id"]).closed:
                raise LookupRefused("not_closed")
            return {".tag": "success", **self.finish(cursor, commit).json(tagged=False)}
        except LookupRefused as refused:
            error = {".tag": "lookup_failed", "lookup_failed": refused.error}
        except WriteRefused as refused:
            error = {".tag": "path", "path": refused.error}
            if refused.error[".tag"] == "too_many_write_operations":
                error = refused.error
        return {".tag": "failure", "failure": error}

    # ------------------------------------------------------------------
    # Changing
    # ------------------------------------------------------------------

    def changed(self, change, *arguments):
        try:
            with self.server.committing(self.account):
                return {"metadata": change(*arguments).json()}
        except WriteRefused as refused:
            error = {".tag": "path", "path": refused.error}
            raise route_error(error) from refused

    def files_create_folder_v2(self, path, autorename):
        answer = self.changed(self.store.make_folder, path)
        del answer["metadata"][".tag"]
        return answer

    def files_delete_v2(self, path, parent_rev):
        if not self.store.find(path):
            error = {".tag": "path_lookup", "path_lookup": {".tag": "not_found"}}
            raise route_error(error)
        return self.changed(self.store.delete, path)

    def files_move_v2(self, from_path, to_path, autorename, **_options):
        try:
            with self.server.committing(self.account):
                entry = self.moved(from_path, to_path, autorename)
                return {"metadata": entry.json()}
        except WriteRefused as refused:
            # The write lock; what a path is refused for is said by ``moved``.
            raise route_error(refused.error) from refused
        except MoveRefused as refused:
            raise route_error(refused.error) from refused

    def moved(self, from_path, to_path, autorename=False):
        """Move one file or folder, with what is below.

        :raise MoveRefused:
        """
        if not (entry := self.store.find(from_path)):
            raise MoveRefused("from_lookup", {".tag": "not_found"})
        if fault := self.server.faults.take(self.route, COMMITS, to_path):
            raise MoveRefused("to", {".tag": fault.kind})
        if autorename and self.store.find(to_path):
            to_path = self.store.free_name(to_path)
        try:
            return self.store.move(entry, to_path)
        except WriteRefused as refused:
            raise MoveRefused("to", refused.error) from refused

    def files_move_batch_v2(self, entries, autorename, **_options):
        try:
            with self.server.committing(self.account):
                results = [self.move_of_batch(autorename, **each) for each in entries]
        except WriteRefused as refused:
            failure = {".tag": "failure", "failure": refused.error}
            results = [failure] * len(entries)
        return self.launched({"entries": results})

    def move_of_batch(self, autorename, from_path, to_path):
        try:
            entry = self.moved(from_path, to_path, autorename)
            # A copy: a later move of the same call changes the entry.
            return {".tag": "success", "success": entry.json()}
        except MoveRefused as refused:
            error = {".tag": "relocation_error", "relocation_error": refused.error}
            return {".tag": "failure", "failure": error}

    def files_move_batch_check_v2(self, async_job_id):
        return self.job_result(async_job_id)

    def files_delete_batch(self, entries):
        try:
            with self.server.committing(self.account):
                results = [self.delete_of_batch(**entry) for entry in entries]
        except WriteRefused as refused:
            failure = {".tag": "failure", "failure": refused.error}
            results = [failure] * len(entries)
        return self.launched({"entries": results})

    def delete_of_batch(self, path, parent_rev):
        entry = self.store.find(path)
        if not entry:
            error = {".tag": "path_lookup", "path_lookup": {".tag": "not_found"}}
        elif parent_rev and parent_rev != entry.rev:
            conflict = {".tag": "conflict", "conflict": {".tag": "file"}}
            error = {".tag": "path_write", "path_write": conflict}
        elif fault := self.server.faults.take(self.route, COMMITS, entry.path):
            error = {".tag": "path_write", "path_write": {".tag": fault.kind}}
        else:
            return {".tag": "success", "metadata": self.store.delete(path).json()}
        return {".tag": "failure", "failure": error}

    def files_delete_batch_check(self, async_job_id):
        return self.job_result(async_job_id)

    # ------------------------------------------------------------------
    # Work that goes on after the answer
    # ------------------------------------------------------------------

    def launched(self, result, is_async=False):
        """Answer at once, or with the name of a job, as the fault ``async`` wants."""
        if not (is_async or self.server.faults.take(self.route, {"async"})):
            return {".tag": "complete", **result}
        name = f"job:{uuid.uuid4().hex}"
        self.account.jobs[name] = [QUESTIONS, result]
        return {".tag": "async_job_id", "async_job_id": name}

    def job_result(self, name):
        if name not in self.account.jobs:
            raise route_error({".tag": "invalid_async_job_id"})
        job = self.account.jobs[name]
        job[0] -= 1
        if job[0] > 0:
            return {".tag": "in_progress"}
        return {".tag": "complete", **job[1]}

    def files_restore(self, path, rev):
        old = self.store.find(f"rev:{rev}")
        if not old:
            raise route_error({".tag": "invalid_revision"})
        commit = {"path": path, "mode": "overwrite"}
        try:
            with self.server.committing(self.account):
                return self.committed(commit, old.blob).json(tagged=False)
        except WriteRefused as refused:
            error = {".tag": "path_write", "path_write": refused.error}
            raise route_error(error) from refused

    # ------------------------------------------------------------------
    # Looking
    # ------------------------------------------------------------------

    def files_get_metadata(self, path, include_deleted, **_options):
        if include_deleted and key_of(path) in self.store.deleted:
            return self.listed(key_of(path))
        return self.metadata(self.found(path))

    def files_list_folder(self, path, recursive, limit, **_options):
        start = ""
        if path:
            folder = self.found(path)
            if folder.kind != "folder":
                error = {".tag": "path", "path": {".tag": "not_folder"}}
                raise route_error(error)
            start = folder.path
        keys = [entry.path for entry in self.store.under(start, recursive)]
        cursor = self.new_cursor(start, recursive, limit or PAGE, keys)
        return self.page(cursor)

    def files_list_folder_get_latest_cursor(self, path, recursive, limit, **_options):
        return {"cursor": self.new_cursor(path, recursive, limit or PAGE, [])}

    def files_list_folder_continue(self, cursor):
        if self.server.faults.take(self.route, {"reset"}):
            self.account.cursors.clear()
        if cursor not in self.account.cursors:
            raise route_error({".tag": "reset"})
        return self.page(cursor)

    def new_cursor(self, path, recursive, limit, keys, since=None):
        name = uuid.uuid4().hex
        since = len(self.store.changes) if since is None else since
        self.account.cursors[name] = (path, recursive, limit, keys, since)
        return name

    def page(self, cursor):
        path, recursive, limit, keys, since = self.account.cursors[cursor]
        if not keys:
            start = f"{key_of(path)}/"
            changes = self.store.changes[since:]
            keys = [k for k in dict.fromkeys(changes) if k.startswith(start)]
            if not recursive:
                keys = [key for key in keys if "/" not in key[len(start) :]]
            since += len(changes)
        page, rest = keys[:limit], keys[limit:]
        entries = [self.listed(key) for key in page]
        name = self.new_cursor(path, recursive, limit, rest, since)
        return {"entries": entries, "cursor": name, "has_more": bool(rest)}

    def listed(self, key):
        if entry := self.store.find(key):
            return self.metadata(entry)
        deleted = Entry("deleted", key, "").json()
        del deleted["id"]
        return deleted

    def files_list_revisions(self, path, mode, limit, **_options):
        entry = self.store.deleted.get(key_of(path))
        is_deleted = bool(entry) and not self.store.find(path)
        if not is_deleted:
            entry = self.found(path)
        if entry.kind != "file":
            raise route_error({".tag": "path", "path": {".tag": "not_file"}})
        revisions = entry.revisions[::-1][:limit]
        return {
            "is_deleted": is_deleted,
            "has_more": len(entry.revisions) > limit,
            "entries": [revision.json(tagged=False) for revision in revisions],
        }

    def files_download(self, path, rev):
        entry = self.found(path)
        if entry.kind != "file":
            raise route_error({".tag": "path", "path": {".tag": "not_file"}})
        if self.server.faults.take(self.route, {"corrupt"}, path):
            self.body = b"something else"
            entry = replace(entry, blob=self.new_blob())
        return entry

    # ------------------------------------------------------------------
    # The account
    # ------------------------------------------------------------------

    def users_get_current_account(self):
        account = self.account
        name = dict.fromkeys(
            ("given_name", "surname", "familiar_name", "display_name"), account.name
        )
        return {
            "account_id": account.id,
            "name": {**name, "abbreviated_name": account.name[:2]},
            "email": account.email,
            "email_verified": True,
            "disabled": False,
            "country": "FR",
            "locale": "fr",
            "referral_link": "https://db.tt/x",
            "is_paired": False,
            "account_type": {".tag": "basic"},
            "root_info": {
                ".tag": "user",
                "root_namespace_id": "1",
                "home_namespace_id": "1",
            },
        }

    def users_get_space_usage(self):
        allocation = {".tag": "individual", "allocated": self.store.allocated}
        return {"used": self.store.used, "allocation": allocation}

    def check_user(self, query):
        return {"result": query}

    def auth_token_revoke(self):
        self.server.revoke(self.token)
        return None


def is_concurrent(session_type):
    if isinstance(session_type, dict):
        session_type = session_type[".tag"]
    return session_type == "concurrent"


def check_size(body):
    if len(body) > LARGEST_REQUEST:
        raise route_error({".tag": "payload_too_large"})
