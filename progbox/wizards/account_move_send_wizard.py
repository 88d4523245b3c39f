from odoo import api, models


class AccountMoveSendWizard(models.TransientModel):
    _name = "account.move.send.wizard"
    _inherit = ["account.move.send.wizard", "progbox.attach.mixin"]

    @api.depends("move_id")
    def _compute_progbox_tab_of(self):
        return super()._compute_progbox_tab_of()

    def _progbox_record(self):
        return self.move_id

    def _get_sending_settings(self):
        settings = super()._get_sending_settings()
        if "email" in settings["sending_methods"]:
            settings["mail_attachments_widget"] = [
                *(settings.get("mail_attachments_widget") or []),
                *map(self._progbox_attachment_data, self._progbox_attached()),
            ]
        return settings

    def _progbox_attachment_data(self, attachment):
        """Return what Odoo notes of a file that a person has added by hand."""
        return {
            "id": attachment.id,
            "name": attachment.name,
            "mimetype": attachment.mimetype,
            "placeholder": False,
            "manual": True,
        }
