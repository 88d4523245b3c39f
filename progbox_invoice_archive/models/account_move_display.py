from odoo import api, fields, models
from odoo.fields import Domain


class AccountMove(models.Model):
    _inherit = "account.move"

    progbox_archive_version = fields.Integer(
        string="Archived Version",
        compute="_compute_progbox_archive_version",
        groups="progbox_invoice_archive.group_archive_reader",
    )

    @api.depends("state")
    def _compute_progbox_archive_version(self):
        versions = dict(
            self.env["progbox.document"]._read_group(
                Domain("res_model", "=", self._name) & Domain("res_id", "in", self.ids),
                ["res_id"],
                ["version:max"],
            )
        )
        for move in self:
            move.progbox_archive_version = versions.get(move._origin.id, 0)
