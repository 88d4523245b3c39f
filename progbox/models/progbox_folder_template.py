from odoo import api, fields, models


class ProgboxFolderTemplate(models.Model):
    """A sub-folder that each new record folder of a model begins with."""

    _name = "progbox.folder.template"
    _description = "Folder Template"
    _order = "model_id, sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    model_id = fields.Many2one(
        "ir.model",
        string="Folders Of",
        required=True,
        ondelete="cascade",
        domain=lambda self: self._domain_model_id(),
        help="Each new folder of such a record has this folder in it. The folder is "
        "named in the language of the record's company.",
    )

    @api.model
    def _domain_model_id(self):
        return [("model", "in", self.env["progbox.mixin"]._progbox_models())]

    @api.model
    def _progbox_furnish(self, folder):
        """Make the sub-folders of a record's new folder.

        :param progbox.folder folder: of a record, with nothing in it
        """
        folder = folder.sudo()
        company = folder.company_id or self.env.company
        templates = self.sudo().search([("model_id.model", "=", folder.res_model)])
        templates = templates.with_context(lang=company.partner_id.lang)
        folder._progbox_server().create(
            [
                {
                    "name": name,
                    "parent_id": folder.id,
                    "company_id": folder.company_id.id,
                }
                for name in dict.fromkeys(map(str.strip, templates.mapped("name")))
            ]
        )
