import hashlib
from base64 import b64decode

from odoo import SUPERUSER_ID, api, models

from ..tools.sentinels import SERVER

DOCUMENT = "progbox.document"
BYTES = {"raw", "datas", "db_datas"}
# What the bytes are, whose they are, and who gets them.
GUARDED = BYTES | {
    "checksum",
    "company_id",
    "file_size",
    "mimetype",
    "name",
    "public",
    "res_field",
    "res_id",
    "res_model",
    "store_fname",
    "type",
    "url",
}


class IrAttachment(models.Model):
    """The file of an archived document is neither changed nor given a neighbour.

    A second attachment of the same field would be served instead of the first.
    Other attachments pay for a look at `res_model`, which Odoo reads anyway.
    """

    _inherit = "ir.attachment"

    # Sees what another transaction has not committed yet, as no trigger does.
    _progbox_content_unique = models.UniqueIndex(
        "(res_id) WHERE res_model = 'progbox.document' AND res_field = 'content'",
        "A document has one file.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        context = self.env.context
        targets = (
            vals.get("res_id", context.get("default_res_id"))
            for vals in vals_list
            if vals.get("res_model", context.get("default_res_model")) == DOCUMENT
        )
        self._progbox_check_targets(list(targets))
        return super().create(vals_list)

    def write(self, vals):
        if not GUARDED.isdisjoint(vals) and (
            vals.get("res_model") == DOCUMENT
            or any(attachment.res_model == DOCUMENT for attachment in self.sudo())
        ):
            ours = self._progbox_archived()
            ours._progbox_check_write(vals)
            if {"res_model", "res_id", "res_field"} & vals.keys():
                (self - ours)._progbox_check_move(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_except_archived(self):
        if self._progbox_archived():
            self._progbox_check_archiver(
                self.env._("Files of the archive are not deleted.")
            )

    def _migrate(self):
        # Moving a file may not change it: others get XML as plain text, and large
        # pictures smaller.
        ours = self.sudo().filtered(lambda a: a.res_model == DOCUMENT)
        exact = ours.with_user(SUPERUSER_ID).with_context(image_no_postprocess=True)
        super(IrAttachment, exact)._migrate()
        return super(IrAttachment, self - ours)._migrate()

    # ------------------------------------------------------------------
    # Helpers
    # ------------------------------------------------------------------

    def _progbox_archived(self):
        """Return those among these attachments that hold an archived document."""
        ours = self.sudo().filtered(
            lambda a: a.res_model == DOCUMENT and a.res_field == "content"
        )
        if not ours:
            return self.browse()
        documents = self._progbox_documents_in_archive(ours.mapped("res_id"))
        ids = set(documents.ids)
        return ours.filtered(lambda a: a.res_id in ids).sudo(self.env.su)

    @api.model
    def _progbox_documents_in_archive(self, ids):
        documents = self.env[DOCUMENT].sudo().browse(ids)
        return documents.exists()._progbox_in_archive()

    def _progbox_check_write(self, vals):
        """Let pass what changes nothing: the same bytes at another place."""
        for attachment in self.sudo():
            document = self.env[DOCUMENT].sudo().browse(attachment.res_id)
            for name in GUARDED & vals.keys():
                if name in BYTES:
                    same = self._progbox_sha256(name, vals[name]) == document.sha256
                else:
                    value = attachment._fields[name].convert_to_write(
                        attachment[name], attachment
                    )
                    same = (vals[name] or False) == (value or False)
                if not same:
                    self._progbox_check_archiver(
                        self.env._(
                            "%(file)s is in the archive: it is neither changed nor "
                            "moved.",
                            file=attachment.name,
                        )
                    )

    @api.model
    def _progbox_sha256(self, name, value):
        value = value or b""
        if name == "datas":
            value = b64decode(value)
        if isinstance(value, str):
            value = value.encode()
        return hashlib.sha256(value).hexdigest()

    def _progbox_check_move(self, vals):
        """Refuse to make attachments of something else the archive's."""
        self._progbox_check_targets(
            [
                vals.get("res_id", attachment.res_id)
                for attachment in self.sudo()
                if vals.get("res_model", attachment.res_model) == DOCUMENT
            ]
        )

    @api.model
    def _progbox_check_targets(self, ids):
        ids = [id_ for id_ in ids if id_]
        if ids and self._progbox_documents_in_archive(ids):
            self._progbox_check_archiver(
                self.env._("Nothing is attached to a document of the archive.")
            )

    @api.model
    def _progbox_check_archiver(self, refusal):
        if self.env.context.get("progbox_server") is not SERVER:
            self.env["progbox.folder"]._check_archiver(refusal)
