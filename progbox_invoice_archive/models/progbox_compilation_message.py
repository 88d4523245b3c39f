from markupsafe import Markup

from odoo import Command, fields, models
from odoo.fields import Domain
from odoo.tools import get_lang

from ..tools.package.index import Index, harmless

# Of more files than these that were left out, the list is attached to the message.
LISTED_IN_MESSAGE = 100
# What is left out for these reasons is no gap: nobody misses it.
NO_GAP = ("detached", "duplicate", "replaced", "unasked")


class ProgboxCompilation(models.Model):
    """What the person is told at the end, on the screen and by e-mail."""

    _inherit = "progbox.compilation"

    gap_count = fields.Integer(
        string="Files Missing",
        readonly=True,
        aggregator=None,
        help="Left out, and neither by choice nor because the same is in.",
    )

    def _counts_of_left_out(self):
        """Return how many files are left out, as values of the job."""
        lines = self.env["progbox.compilation.file"].sudo()
        domain = self._lines_domain("left_out")
        return {
            "left_out_count": lines.search_count(domain),
            "gap_count": lines.search_count(domain & Domain("code", "not in", NO_GAP)),
        }

    def _notify_done(self):
        kind = "success" if self.page_count else "danger"
        if self.page_count and self.gap_count:
            kind = "warning"
        self._notify(self._summary(), kind)

    def _notification_title(self):
        return self.env._("Invoice backup: %(name)s", name=self.name)

    def _notification_details(self):
        lines = self._lines("left_out", limit=LISTED_IN_MESSAGE)
        if not lines:
            return ""
        title = self.env._("Left out:")
        count = self._counts_of_left_out()["left_out_count"]
        if count > LISTED_IN_MESSAGE:
            title = self.env._(
                "Left out: %(count)s files. The attached list names all of them.",
                count=count,
            )
        items = [
            Markup("<li>%s, %s: %s %s</li>")
            % (line.number, line.name or "", line.reason, line.advice or "")
            for line in lines
        ]
        return Markup("<p>%s</p><ul>%s</ul>") % (title, Markup().join(items))

    def _notification_files(self):
        if self._counts_of_left_out()["left_out_count"] <= LISTED_IN_MESSAGE:
            return []
        index = Index(get_lang(self.env).decimal_point)
        index.add(
            [
                self.env._("Invoice"),
                self.env._("File"),
                self.env._("Reason"),
                self.env._("How to Get It"),
            ]
        )
        for line in self._lines("left_out"):
            cells = (line.number, line.name, line.reason, line.advice)
            index.add([harmless(cell) for cell in cells])
        return [(self.env._("Left out.csv"), index.content())]

    def _tell(self, title, body, files):
        """Send an e-mail with the link also to who has an inbox in Odoo."""
        super()._tell(title, body, files)
        user = self.env.user
        if user.notification_type != "inbox" or not user.email:
            return
        company = self.sudo().company_id
        self.env["mail.mail"].sudo().create(
            {
                "subject": title,
                "body_html": body,
                "email_from": company.email_formatted or user.email_formatted,
                "email_to": user.email_formatted,
                "auto_delete": True,
                "attachment_ids": [
                    Command.create({"name": name, "raw": content})
                    for name, content in files
                ],
            }
        )
        # Not here: a mail server that is slow or away is no reason to do it all again.
        scheduler = "mail.ir_cron_mail_scheduler_action"
        if cron := self.env.ref(scheduler, raise_if_not_found=False):
            cron.sudo()._trigger()
