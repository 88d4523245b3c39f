from dropbox import files

from odoo import Command, fields, models
from odoo.exceptions import UserError

from ..models.dropbox_sharing import tag_text
from ..models.dropbox_texts import text_of
from ..tools.verdicts import HANDLED, classify

# Dropbox gives no more with one call.
MOST = 100
BLOCK = 1 << 20


class ProgboxDropboxVersions(models.TransientModel):
    """The revisions that Dropbox keeps of the copy of one document.

    The archive's own file is never replaced by one of them.
    """

    _name = "progbox.dropbox.versions"
    _description = "Versions of a Copy in Dropbox"
    _rec_name = "document_id"

    document_id = fields.Many2one(
        "progbox.document", required=True, readonly=True, ondelete="cascade"
    )
    path = fields.Char(string="Copy", readonly=True)
    version_ids = fields.One2many(
        "progbox.dropbox.version", "versions_id", string="Versions", readonly=True
    )
    is_changed = fields.Boolean(readonly=True)

    def _open(self, document):
        """Return the action that lists the revisions of a document's copy."""
        versions = self.create({"document_id": document.id})
        versions._list()
        return versions._action()

    def _copy(self):
        """Return the copy, for a manager who may read the document."""
        self.ensure_one()
        self.check_access("read")
        return self.document_id._dropbox_copy(manager=True)

    def _said(self, function, *arguments):
        """Call, and say an error of Dropbox in the user's words."""
        try:
            return function(*arguments)
        except HANDLED as error:
            text = text_of(self.env, classify(error))
            if "not_found" in str(getattr(error, "error", "")):
                text = tag_text(self.env, "not_found")
            raise UserError(text) from error

    def _list(self):
        transfer = self._copy()
        client = transfer.account_id._client()
        found = self._said(
            client.files_list_revisions,
            transfer.file_ref,
            files.ListRevisionsMode.id,
            MOST,
        )
        current = found.entries[:1]
        self.version_ids.unlink()
        self.write(
            {
                "path": current[0].path_display if current else transfer.copied_path,
                "is_changed": bool(current)
                and current[0].content_hash != transfer.content_hash,
                "version_ids": [
                    Command.create(
                        {
                            "rev": entry.rev,
                            "modified_on": entry.server_modified,
                            "size": entry.size,
                            "is_current": entry.rev == current[0].rev,
                            "is_archived": entry.content_hash == transfer.content_hash,
                        }
                    )
                    for entry in found.entries
                ],
            }
        )

    def _known(self, rev):
        """Return the copy, when Dropbox has named this revision of it.

        :raise UserError: for a revision of anything else
        """
        transfer = self._copy()
        client = transfer.account_id._client()
        found = self._said(
            client.files_list_revisions,
            transfer.file_ref,
            files.ListRevisionsMode.id,
            MOST,
        )
        for entry in found.entries:
            if entry.rev == rev:
                return transfer, client, entry
        raise UserError(self.env._("Dropbox does not have this version any more."))

    def _restore(self, rev):
        transfer, client, entry = self._known(rev)
        transfer._lock_committers(transfer.account_id)
        where = self._said(client.files_get_metadata, transfer.file_ref).path_display
        restored = self._said(client.files_restore, where, entry.rev)
        if restored.content_hash == transfer.content_hash:
            transfer._job_write({"rev": restored.rev, "file_ref": restored.id})
        self._log(
            self.env._("Version %(rev)s restored in Dropbox", rev=entry.rev),
            kind="share",
        )
        self._list()
        return self._action()

    def _log(self, note, kind="download"):
        """Write down what somebody does with a version of evidence."""
        if evidence := self.document_id._progbox_logged():
            self.env["progbox.access.log"]._log(kind, documents=evidence, note=note)

    def _blocks(self, rev):
        _transfer, client, entry = self._known(rev)
        self._log(self.env._("Version %(rev)s in Dropbox", rev=entry.rev))
        _metadata, response = self._said(client.files_download, f"rev:{entry.rev}")
        return entry.name, entry.size, response.iter_content(BLOCK)

    def _action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Versions in Dropbox"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
