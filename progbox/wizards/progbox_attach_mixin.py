from odoo import fields, models


class ProgboxAttachMixin(models.AbstractModel):
    """Wizards that send e-mails about a record, with documents of its ProGBox tab."""

    _name = "progbox.attach.mixin"
    _description = "E-mail With Documents"

    progbox_document_ids = fields.Many2many(
        "progbox.document",
        string="Attach from ProGBox",
        help="Documents of the record and of those it is related to.",
    )
    progbox_tab_of = fields.Char(
        compute="_compute_progbox_tab_of",
        export_string_translation=False,
        help="The record whose tab has something to attach: sale.order,7",
    )

    def _compute_progbox_tab_of(self):
        for wizard in self:
            record = wizard._progbox_record()
            shows = record and record.progbox_tab_count()["count"]
            wizard.progbox_tab_of = f"{record._name},{record.id}" if shows else False

    def _progbox_record(self):
        """Return the one record that the e-mail is about, None if there is none.

        To define by each wizard.
        """
        raise NotImplementedError

    def _progbox_record_of(self, model, ids):
        """Return the one record of a model, None if it has no ProGBox tab."""
        if len(ids) != 1 or model not in self.env["progbox.mixin"]._progbox_models():
            return None
        return self.env[model].browse(ids)

    def _progbox_attached(self):
        """Return new attachments with the chosen documents; none for none.

        :rtype: ir.attachment
        """
        record = self._progbox_record()
        # Read as superuser: what may not be read would be left out in silence.
        documents = self.sudo().progbox_document_ids.with_env(self.env)
        if not record or not documents:
            return self.env["ir.attachment"]
        documents.check_access("read")
        contents = self.env["ir.attachment"].sudo()
        for document in documents:
            contents += document.sudo()._content_attachment()
        return contents._progbox_given_to(record).with_env(self.env)
