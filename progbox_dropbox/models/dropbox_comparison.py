"""Compares the copies that are known with what Dropbox lists, without downloading."""

from functools import cached_property

from dropbox import exceptions
from dropbox.files import FileMetadata, FolderMetadata

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql

from ..tools.naming import path_key

# What one call lists, and one statement compares.
PAGE = 2000
# Of a folder that is gone, so many copies are asked for by their ids.
ASKED = 2


class CopyComparison:
    """One check of all copies of an account.

    Each page of a listing is compared and forgotten: a copy that was seen says so in
    its row. What was not seen in the end is asked for by its id, and so are, with one
    listing, all others of a folder that a person has moved. Of a folder that is gone,
    the others are not asked for one by one.
    """

    def __init__(self, check, client):
        self.check, self.client = check, client
        self.env = check.env
        self.account = check.account_id.sudo()
        self.transfers = self.env["progbox.dropbox.transfer"].sudo()
        self.findings = self.env["progbox.dropbox.finding"].sudo()
        # Folders that Dropbox was asked for: it has them, or copies of them elsewhere,
        # or nothing of them.
        self.known_folders, self.moved_folders = set(), set()
        self.gone_folders = set()

    def steps(self):
        """Do the work in pieces, and yield what is to be written on the check.

        :raise: one of verdicts.HANDLED
        """
        if not self.check.checkpoint:
            yield self._begin()
        while self.check.checkpoint["roots"]:
            yield self._list_next()
        while transfer := self._next_unseen():
            yield from self._look_for(transfer)

    def _begin(self):
        """Return where to begin: what was found so far is found anew."""
        self.check.finding_ids.sudo().unlink()
        return {
            "started_on": fields.Datetime.now(),
            "checkpoint": {
                "roots": self._roots(),
                "cursor": None,
                "after": 0,
                "gone": [],
                "emptied": [],
            },
            "total": self.transfers.search_count(self._domain()),
            "position": 0,
            "other_count": 0,
        }

    def _domain(self):
        return self.check._copies_domain()

    def _roots(self):
        """Return the folders to list: not the whole Dropbox, if copies are in one.

        Copies from before the base folder was changed are somewhere else.
        """
        self.transfers.flush_model()
        base = self.account._base_path()
        tops = self.env.execute_query(
            SQL(
                """SELECT DISTINCT '/' || split_part(copied_path, '/', 2)
                FROM progbox_dropbox_transfer
                WHERE account_id = %s AND state = 'done'
                AND copied_path LIKE '/%%/%%' AND NOT (%s)""",
                self.account.id,
                SQL("starts_with(lower(copied_path), lower(%s))", f"{base}/")
                if base
                else SQL("FALSE"),
            )
        )
        return ([base] if base else []) + sorted(top for [top] in tops)

    # ------------------------------------------------------------------
    # Listing
    # ------------------------------------------------------------------

    def _list_next(self):
        """Compare the next page of a listing."""
        state = dict(self.check.checkpoint)
        try:
            answer = self._page(state["roots"][0], state["cursor"])
        except exceptions.ApiError as error:
            if is_reset(error):
                # The place in the list is lost: all of it once more.
                return self._begin()
            if not is_not_found(error):
                raise
            state.update(roots=state["roots"][1:], cursor=None)
            return {"checkpoint": state}
        seen, others = self._compare(answer.entries)
        state["cursor"] = answer.cursor
        if not answer.has_more:
            state.update(roots=state["roots"][1:], cursor=None)
        return {
            "checkpoint": state,
            "position": self.check.position + seen,
            "other_count": self.check.other_count + others,
        }

    def _page(self, root, cursor):
        if cursor:
            return self.client.files_list_folder_continue(cursor)
        return self.client.files_list_folder(root, recursive=True, limit=PAGE)

    def _compare(self, entries):
        """Compare a page with the copies that it is about.

        :return: how many copies were seen, and how many other files
        """
        listed = {e.id: e for e in entries if isinstance(e, FileMetadata)}
        known = self.transfers.search(
            self._domain() & Domain("file_ref", "in", list(listed))
        )
        by_ref = known.grouped("file_ref")
        ledger = path_key(f"{self.account._ledger_folder()}/")
        unknown = [
            entry
            for ref, entry in listed.items()
            if ref not in by_ref and not path_key(entry.path_display).startswith(ledger)
        ]
        adopted = self._adopt(unknown)
        known._job_write({"checked_on": self.check.started_on})
        for transfer in known:
            self._compare_one(transfer, listed[transfer.file_ref])
        return len(known) + adopted, len(unknown) - adopted

    def _compare_one(self, transfer, entry):
        moved = path_key(entry.path_display) != path_key(transfer.copied_path)
        found_path = moved and entry.path_display
        if (transfer.found_path or False) != found_path:
            transfer._job_write({"found_path": found_path})
        if entry.content_hash != transfer.content_hash:
            self._add("different", transfer, entry)

    def _adopt(self, entries):
        """Take over files that lie at a copy's place and are the same, by a new id.

        :return: how many
        """
        by_key = {path_key(entry.path_display): entry for entry in entries}
        places = self.transfers.search(
            self._domain() & Domain("path_key", "in", list(by_key))
        )
        adopted = 0
        for transfer in places:
            entry = by_key[transfer.path_key]
            if transfer.content_hash == entry.content_hash:
                self._take_over(transfer, entry)
                adopted += 1
        return adopted

    def _take_over(self, transfer, entry):
        transfer._job_write(
            {
                "file_ref": entry.id,
                "rev": entry.rev,
                "copied_path": entry.path_display,
                "found_path": False,
                "checked_on": self.check.started_on,
            }
        )

    # ------------------------------------------------------------------
    # What no listing had
    # ------------------------------------------------------------------

    def _unseen_domain(self):
        checkpoint = self.check.checkpoint
        noted = [of_folder(folder) for folder in checkpoint.get("gone", [])]
        noted += [right_in(folder) for folder in checkpoint.get("emptied", [])]
        return self.check._unseen_domain() & ~Domain.OR(noted)

    def _next_unseen(self):
        after = Domain("id", ">", self.check.checkpoint["after"])
        return self.transfers.search(self._unseen_domain() & after, order="id", limit=1)

    def _look_for(self, transfer):
        """Ask for one copy by its id, and list the folder that it has gone to."""
        if entry := self._metadata(transfer.file_ref):
            self._compare([entry])
            yield from self._list_elsewhere(transfer, entry)
        elif folder := self._gone_folder(transfer):
            yield self._note_gone(folder)
            return
        else:
            self._look_at_place(transfer)
        state = {**self.check.checkpoint, "after": transfer.id}
        yield {"checkpoint": state, "position": self.check.position + 1}

    def _gone_folder(self, transfer):
        """Return the highest folder of a copy that is gone, and is one decision.

        If somebody has left a part of each, it is the one that the copy was right in.
        One is asked for only when other copies in it were not seen either.
        """
        folder, gone = "", None
        for name in transfer.copied_path.split("/")[1:-1]:
            folder += f"/{name}"
            if folder in self.known_folders:
                continue
            copies = self._unseen_domain() & of_folder(folder)
            if not gone and self.transfers.search_count(copies, limit=2) < 2:
                return None
            if not gone and not self._is_gone(folder, copies):
                if folder in self.moved_folders:
                    return None
                continue
            gone = folder
            if not self._is_partly_left(folder):
                return gone
        return gone

    def _is_gone(self, folder, copies):
        """Whether Dropbox has neither a folder nor its copies elsewhere.

        :param Domain copies: those in it that were not seen
        """
        if folder in self.gone_folders or folder in self.moved_folders:
            return folder in self.gone_folders
        if self._metadata(folder, FolderMetadata):
            self.known_folders.add(folder)
        elif self._is_elsewhere(copies):
            self.moved_folders.add(folder)
        else:
            self.gone_folders.add(folder)
        return folder in self.gone_folders

    def _is_left(self, domain):
        """Whether somebody has left one of some missing copies as it is."""
        return bool(self.transfers.search_count(domain & self._left_domain, limit=1))

    def _is_partly_left(self, folder):
        missing = self.check._unseen_domain() & of_folder(folder)
        return self._is_left(missing) and bool(
            self.transfers.search_count(missing & ~self._left_domain, limit=1)
        )

    @cached_property
    def _left_domain(self):
        """The domain of the missing copies that somebody has left as they are."""
        checks = self.env["progbox.dropbox.check"].sudo()
        last = checks.search(
            Domain("account_id", "=", self.account.id) & Domain("state", "=", "done"),
            limit=1,
        )
        left = last.finding_ids.filtered(
            lambda f: f.kind == "missing" and f.state == "acknowledged"
        )
        folders = left.filtered(lambda finding: finding._is_of_folder())
        return Domain("id", "in", left.transfer_id.ids) | Domain.OR(
            of_folder(folder.path) & Domain("done_on", "<", last.started_on)
            for folder in folders
        )

    def _is_elsewhere(self, domain):
        """Whether copies of a folder that is gone were moved: some are asked for."""
        some = self.transfers.search(domain, order="id desc", limit=ASKED)
        return any(self._metadata(transfer.file_ref) for transfer in some)

    def _note_gone(self, folder):
        """Note a folder with all its copies as missing, in one finding.

        If somebody has left some of them, each one right in it has its own.
        """
        checkpoint = self.check.checkpoint
        if self._is_partly_left(folder):
            name, gone = "emptied", self._unseen_domain() & right_in(folder)
            copies = self.transfers.search(gone, order="id")
            count = len(copies)
            values = [self._values("missing", transfer) for transfer in copies]
        else:
            name, gone = "gone", self._unseen_domain() & of_folder(folder)
            count = self.transfers.search_count(gone)
            state = "acknowledged" if self._is_left(gone) else "open"
            values = [
                {
                    **self._common,
                    "document_count": count,
                    "kind": "missing",
                    "state": state,
                    "path": folder,
                }
            ]
        self.findings.create(values)
        return {
            "checkpoint": {**checkpoint, name: [*checkpoint.get(name, []), folder]},
            "position": self.check.position + count,
        }

    @property
    def _common(self):
        return {
            "check_id": self.check.id,
            "account_id": self.account.id,
            "company_id": self.account.company_id.id,
        }

    def _metadata(self, path, kind=FileMetadata):
        """Return the metadata of a file, or a folder, None when there is none."""
        try:
            entry = self.client.files_get_metadata(path)
        except exceptions.ApiError as error:
            if not is_not_found(error):
                raise
            return None
        return entry if isinstance(entry, kind) else None

    def _look_at_place(self, transfer):
        entry = self._metadata(transfer.copied_path)
        if not entry:
            self._add("missing", transfer)
        elif entry.content_hash == transfer.content_hash:
            self._take_over(transfer, entry)
        else:
            self._add("different", transfer, entry)

    def _list_elsewhere(self, transfer, entry):
        """Find what has been moved together with one copy, by a single listing."""
        old, new = moved_folders(transfer.copied_path, entry.path_display)
        others = self._unseen_domain() & of_folder(old)
        if not new or not self.transfers.search_count(others, limit=1):
            return
        answer = self._page(new, None)
        seen, _others = self._compare(answer.entries)
        while answer.has_more:
            yield None
            answer = self._page(new, answer.cursor)
            seen += self._compare(answer.entries)[0]
        # Without the one that was asked for: it is counted by itself.
        yield {"position": self.check.position + max(seen - 1, 0)}

    def _add(self, kind, transfer, entry=None):
        self.findings.create(self._values(kind, transfer, entry))

    def _values(self, kind, transfer, entry=None):
        return {
            **self._common,
            "transfer_id": transfer.id,
            "document_id": transfer.document_id.id,
            "document_count": 1,
            "kind": kind,
            "state": "open",
            "path": entry.path_display if entry else transfer.copied_path,
            "found": entry.content_hash if entry else False,
            "file_ref": entry.id if entry else False,
            "rev": entry.rev if entry else False,
        }


def of_folder(folder):
    """Return the domain of the copies that were in a folder, at any depth."""
    return Domain("copied_path", "=like", f"{escape_psql(folder)}/%")


def right_in(folder):
    """Return the domain of the copies that were in a folder, and in none below."""
    below = Domain("copied_path", "=like", f"{escape_psql(folder)}/%/%")
    return of_folder(folder) & ~below


def moved_folders(old, new):
    """Return the folders between which two paths of one file differ.

    >>> moved_folders("/ProGBox/Factures/2026/a.pdf", "/Archives/Factures/2026/a.pdf")
    ('/ProGBox', '/Archives')
    >>> moved_folders("/ProGBox/a.pdf", "/ProGBox/b.pdf")
    ('/ProGBox/a.pdf', '/ProGBox/b.pdf')
    """
    old, new = old.split("/"), new.split("/")
    if path_key(old[-1]) != path_key(new[-1]):
        return "/".join(old), "/".join(new)
    while min(len(old), len(new)) > 1 and path_key(old[-1]) == path_key(new[-1]):
        old.pop()
        new.pop()
    return "/".join(old), "/".join(new)


def is_not_found(error):
    lookup = error.error
    if not getattr(lookup, "is_path", bool)():
        return False
    path = lookup.get_path()
    return path.is_not_found() or path.is_not_folder()


def is_reset(error):
    return getattr(error.error, "is_reset", bool)()
