from markupsafe import Markup

from odoo import api, models

from .progbox_job_mixin import UNFINISHED_STATES


class ProgboxRequestedJobMixin(models.AbstractModel):
    """A long job that a person has asked for.

    It is done with the rights of this person, who is told when it ends and may cancel
    it.
    """

    _name = "progbox.requested.job.mixin"
    _inherit = "progbox.long.job.mixin"
    _description = "Background Job for a Person"

    # ------------------------------------------------------------------
    # To define by each kind of job
    # ------------------------------------------------------------------

    def _url(self):
        """Return where the browser shows the job, from the root of the server."""
        raise NotImplementedError

    def _requested_companies(self):
        """Return the companies whose data the job may touch."""
        return self.sudo().company_id

    def _notification_title(self):
        """Return what the person reads first, in their language."""
        return self.name

    def _notification_details(self):
        """Return what an e-mail says below the link, as HTML."""
        return ""

    def _notification_files(self):
        """Return what is attached to an e-mail: tuples of name and content."""
        return []

    # ------------------------------------------------------------------
    # Asking, and telling
    # ------------------------------------------------------------------

    @api.model
    def _enqueue_request(self, values):
        """Queue a job for the user of the environment.

        :param dict values: field values; the caller has checked that the user may
            ask for it
        :return: the job, with the rights of the user
        """
        job = self.sudo().create(values)
        self._job_trigger()
        return job.with_env(self.env)

    def _as_requester(self):
        """Return the job as the person sees it who asked for it."""
        user = self.create_uid
        return self.with_user(user).with_context(
            lang=user.lang, allowed_company_ids=self._requested_companies().ids
        )

    def _job_language(self):
        return self._as_requester().env.lang

    def _job_on_error(self):
        if self.state == "failed":
            self._as_requester()._notify(self.error, "danger")

    def _notify(self, message, kind):
        """Tell the user: on the screen, and in the inbox or by e-mail.

        :param str message: one sentence or two
        :param str kind: "success", "warning" or "danger"
        """
        user = self.env.user
        title = self._notification_title()
        user._bus_send(
            "simple_notification",
            {"type": kind, "title": title, "message": message, "sticky": True},
        )
        body = Markup('<p>%s</p><p><a href="%s">%s</a></p>%s') % (
            message,
            f"{self.get_base_url()}{self._url()}",
            self.name,
            self._notification_details(),
        )
        self._tell(title, body, self._notification_files())

    def _tell(self, title, body, files):
        """Put a message into the user's inbox, or send it, as the user prefers.

        :param Markup body: of the message
        :param list files: tuples of name and content
        """
        self.env["mail.thread"].sudo().message_notify(
            partner_ids=self.env.user.partner_id.ids,
            subject=title,
            body=body,
            attachments=files,
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_cancel(self):
        """Stop what is not finished yet; what there is of it is removed."""
        self._job_check_manager()
        self.filtered(lambda job: job.state in UNFINISHED_STATES)._job_finish(
            "cancelled", self.env._("Cancelled by %(user)s.", user=self.env.user.name)
        )
