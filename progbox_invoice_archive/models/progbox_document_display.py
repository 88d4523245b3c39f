from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date


class ProgboxDocument(models.Model):
    """What the views show of a document beyond what is stored."""

    _inherit = "progbox.document"

    notice = fields.Char(
        compute="_compute_notice",
        help="What to know before relying on this document.",
    )
    renderer = fields.Char(compute="_compute_renderer")
    version_ids = fields.Many2many(
        "progbox.document",
        compute="_compute_version_ids",
        string="All Versions",
        help="Every document that was archived for the same invoice.",
    )

    @api.depends("number", "name")
    def _compute_display_name(self):
        for document in self:
            document.display_name = document.number or document.name

    @api.depends("superseded", "origin", "create_date")
    @api.depends_context("lang", "tz")
    def _compute_notice(self):
        for document in self:
            notices = []
            if document.superseded:
                notices.append(self.env._("Superseded"))
            if document.origin == "rebuilt":
                notices.append(
                    self.env._(
                        "Rebuilt on %(date)s",
                        date=format_date(self.env, document.create_date),
                    )
                )
            document.notice = " · ".join(notices)

    @api.depends("made_with")
    def _compute_renderer(self):
        for document in self:
            document.renderer = (document.made_with or {}).get("renderer")

    @api.depends("res_model", "res_id")
    def _compute_version_ids(self):
        for document in self:
            document.version_ids = document
            if document.res_id:
                document.version_ids = self.search(
                    Domain("res_model", "=", document.res_model)
                    & Domain("res_id", "=", document.res_id)
                )
