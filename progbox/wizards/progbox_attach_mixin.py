from odoo import fields, models

from ..models.progbox_mixin import OWN

MOST = 200


class ProgboxAttachMixin(models.AbstractModel):
    """Wizards that send e-mails about a record, with documents of its ProGBox tab."""

    _name = "progbox.attach.mixin"
    _description = "E-mail With Documents"

    progbox_document_ids = fields.Many2many(
        "progbox.document",
        string="Attach from ProGBox",
        help="Documents of the record and of those it is related to.",
    )
    progbox_choice_ids = fields.Many2many(
        "progbox.document", compute="_compute_progbox_choice_ids"
    )

    def _compute_progbox_choice_ids(self):
        for wizard in self:
            record = wizard._progbox_record()
            wizard.progbox_choice_ids = record and wizard._progbox_choices(record)

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

    def _progbox_choices(self, record):
        """Return the documents that the tab of a record shows, none without a tab."""
        if not record._progbox_may_open_tab():
            return self.env["progbox.document"]
        items = record.progbox_tab_page(OWN, limit=MOST)["items"]
        for group in record.progbox_tab()["groups"]:
            if group["key"] != OWN:
                items += group["items"]
        return self.env["progbox.document"].browse(item["id"] for item in items)

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
