from odoo import fields, models


class ProgboxFolderTemplate(models.Model):
    """A sub-folder that each new record folder of a model begins with."""

    _name = "progbox.folder.template"
    _description = "Folder Template"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
