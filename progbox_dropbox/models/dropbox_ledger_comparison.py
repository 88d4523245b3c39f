"""Compares the ledger beside the copies with what was sent of it."""

from dropbox import exceptions
from dropbox.files import FileMetadata

from odoo import Command
from odoo.fields import Domain

from .dropbox_comparison import is_not_found


class LedgerComparison:
    """The files of the ledger of one account: one call lists them.

    :param account: progbox.dropbox.account, with the server's rights
    :param client: of it
    """

    def __init__(self, account, client):
        self.account, self.client = account, client
        self.folder = account._ledger_folder()
        self.anchors = (
            account.env["progbox.dropbox.anchor"]
            .sudo()
            .search(
                Domain("account_id", "=", account.id) & Domain("state", "=", "done")
            )
        )

    def findings(self):
        """Return what is not there as it was sent, as values of findings.

        :raise: one of verdicts.HANDLED
        """
        if not self.anchors:
            return []
        listed = self._listed()
        if not listed:
            return [self._finding("missing", self.anchors, self.folder)]
        return [
            finding
            for anchor in self.anchors
            for name, hash_ in self._sent(anchor, listed).items()
            if (finding := self._compare(anchor, name, hash_, listed.get(name)))
        ]

    def _listed(self):
        try:
            entries = list(self.client.entries(self.folder))
        except exceptions.ApiError as error:
            if not is_not_found(error):
                raise
            return {}
        return {e.name: e for e in entries if isinstance(e, FileMetadata)}

    def _sent(self, anchor, listed):
        """Return the hashes of the files of a part of the ledger.

        Of what was sent before they were kept, those that are there now are taken.
        """
        if not anchor.sent:
            listed_hashes = {
                name: listed[name].content_hash if name in listed else None
                for name in anchor._names()
            }
            anchor._job_write({"sent": listed_hashes})
        return anchor.sent

    def _compare(self, anchor, name, hash_, entry):
        path = f"{self.folder}/{name}"
        if not entry:
            return self._finding("missing", anchor, path)
        if entry.content_hash == hash_:
            return None
        return {
            **self._finding("different", anchor, path),
            "found": entry.content_hash,
            "file_ref": entry.id,
            "rev": entry.rev,
        }

    def _finding(self, kind, anchors, path):
        return {
            "anchor_ids": [Command.set(anchors.ids)],
            "document_count": 1,
            "kind": kind,
            "path": path,
        }
