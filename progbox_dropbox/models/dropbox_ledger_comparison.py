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
        # One that met another file is given up: it is found here, and repaired.
        anchors = account.env["progbox.dropbox.anchor"].sudo()
        self.anchors = anchors.search(
            Domain("account_id", "=", account.id)
            & Domain("state", "in", ("done", "failed"))
        )

    def findings(self):
        """Return what is not there as it was sent, as values of findings.

        What was sent before its hashes were kept is sent once more: the same is no
        change, and of anything else Dropbox says so.

        :raise: one of verdicts.HANDLED
        """
        known = self.anchors.filtered("sent")
        (self.anchors - known).filtered(lambda a: a.state == "done")._send_again()
        if not known:
            return []
        listed = self._listed()
        if not listed:
            return [self._finding("missing", known, self.folder)]
        return [
            finding
            for anchor in known
            for name, hash_ in anchor.sent.items()
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
