from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class ProgboxDocument(models.Model):
    """A document knows what has become of its copy in Dropbox."""

    _inherit = "progbox.document"

    dropbox_state = fields.Selection(
        [("waiting", "Waiting"), ("copied", "Copied"), ("failed", "Failed")],
        string="Dropbox",
        compute="_compute_dropbox_state",
        compute_sudo=True,
    )
    dropbox_text = fields.Char(
        string="Copy in Dropbox", compute="_compute_dropbox_state", compute_sudo=True
    )

    @api.depends_context("lang", "tz")
    def _compute_dropbox_state(self):
        transfers = self._dropbox_transfers().grouped("document_id")
        for document in self:
            transfer = transfers.get(document._origin)
            state, text = transfer and transfer._shown() or (False, False)
            document.dropbox_state = state
            document.dropbox_text = text

    def _dropbox_transfers(self):
        return (
            self.env["progbox.dropbox.transfer"]
            .sudo()
            .search(Domain("document_id", "in", self.ids))
        )

    def _file_stored(self):
        result = super()._file_stored()
        self.env["progbox.dropbox.transfer"]._queue(self)
        return result

    def unlink(self):
        transfers = self._dropbox_transfers()
        result = super().unlink()
        transfers._queue_deletes()
        return result

    def action_view_in_dropbox(self):
        """Open the copy in the company's Dropbox."""
        self.ensure_one()
        self.check_access("read")
        copied = self._dropbox_transfers().filtered("copied_path")
        if not copied:
            raise UserError(
                self.env._("%(name)s is not in Dropbox yet.", name=self.name)
            )
        return copied[:1].action_view_in_dropbox()
