from odoo import api, models


class MailComposeMessage(models.TransientModel):
    _name = "mail.compose.message"
    _inherit = ["mail.compose.message", "progbox.attach.mixin"]

    @api.depends("model", "res_ids", "composition_mode")
    def _compute_progbox_tab_of(self):
        return super()._compute_progbox_tab_of()

    def _progbox_record(self):
        # One that is sent to many is written from a template, of each alike.
        if self.composition_mode != "comment" or self.res_domain:
            return None
        return self._progbox_record_of(self.model, self._evaluate_res_ids())

    def _prepare_mail_values_rendered(self, res_ids):
        values = super()._prepare_mail_values_rendered(res_ids)
        attached = self._progbox_attached().ids
        for mail_values in values.values():
            mail_values["attachment_ids"] += attached
        return values
