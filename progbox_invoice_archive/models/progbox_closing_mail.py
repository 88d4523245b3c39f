from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import clean_context

from ..exceptions import JobCancelled, JobError, JobWaiting
from ..tools.ledger.verify import Finding
from . import certificate_addresses
from .declared_pieces import piece
from .ir_actions_report import CERTIFICATE as REPORT
from .progbox_job_mixin import JOB_FIELDS

# The certificate names the time stamp of its closing: it waits for it this long.
STAMP_PATIENCE = timedelta(days=1)
LOOK_AGAIN = timedelta(minutes=10)
# A mailbox, or a contact, may take days to be put right.
PATIENCE = timedelta(days=4)
MAIL_QUEUE = "mail.ir_cron_mail_scheduler_action"
REPORT_ACTION = "progbox_invoice_archive.action_report_closing"


class ProgboxClosingMail(models.Model):
    """The certificate of a closing, on its way to those who keep it elsewhere.

    What is in somebody else's mailbox nobody changes who works on the server. A job of
    its own: neither a renderer nor a mail server holds up a closing.
    """

    _name = "progbox.closing.mail"
    _inherit = "progbox.kept.job.mixin"
    _description = "Closing Certificate by E-mail"
    _rec_name = "closing_id"
    _order = "id desc"
    _job_cron = "progbox_invoice_archive.ir_cron_closing_mail"
    _server_fields = JOB_FIELDS | {"sent_to"}

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    closing_id = fields.Many2one(
        "progbox.closing", required=True, readonly=True, index=True, ondelete="restrict"
    )
    sent_to = fields.Char(readonly=True)

    def _refusal(self):
        return self.env._("What was sent is written down by the server alone.")

    @api.model
    def _enqueue_mail(self, closing):
        """Have the certificate of a closing sent, when its company names somebody.

        :param progbox.closing closing: that was just made
        """
        if not closing.company_id._progbox_certificate_people():
            return
        self._as_server().create(
            {
                "company_id": closing.company_id.id,
                "closing_id": closing.id,
            }
        )
        self._job_trigger()

    @api.model
    def _retry_daily(self, company):
        """Try again what was given up: a contact may have been put right meanwhile.

        :param res.company company: whose certificates they are
        """
        given_up = self.sudo().search(
            Domain("company_id", "=", company.id) & Domain("state", "=", "failed")
        )
        given_up._job_write({"state": "pending", "attempts": 0})
        if given_up:
            self._job_trigger()

    @api.model
    def _findings(self, company, after=0):
        """Return which certificates did not leave: a part of a verification.

        Those that were waited for long, and those that nobody was asked to send since
        somebody is named who gets them. And whether they go where they should.

        :param int after: 0 for the one page that there is
        :return: see progbox.verification._parts_of_check()
        """
        if after:
            return None
        since = company.sudo().progbox_certificate_since
        closings = self.env["progbox.closing"].sudo()
        asked = Domain("mail_ids", "!=", False)
        changed = certificate_addresses.address_findings(company)
        late = closings.search(
            Domain("company_id", "=", company.id)
            & Domain("closed_on", "<", fields.Datetime.now() - PATIENCE)
            & (asked | Domain("closed_on", ">=", since) if since else asked)
            & ~Domain("mail_ids.state", "=", "done"),
            order="id",
        )
        return 1, changed + [
            Finding(
                "certificate_not_sent",
                closing.seal_id.sequence,
                {"name": closing.display_name},
                actual=closing.mail_ids[:1].error or "",
            )
            for closing in late
        ]

    @api.model
    def _off_findings(self, company):
        """Return whether certificates were sent, and nobody gets them any more."""
        if company._progbox_certificate_people():
            return []
        sent = Domain("company_id", "=", company.id) & Domain("state", "=", "done")
        last = self.sudo().search(sent, limit=1)
        return [
            Finding("certificate_off", actual=f"{mail.closing_id.month:%Y-%m}")
            for mail in last
        ]

    def _job_prepare(self):
        stamp = self.closing_id.stamp_ids[:1]
        is_fresh = self.create_date > fields.Datetime.now() - STAMP_PATIENCE
        if stamp and not stamp.token and is_fresh:
            raise JobWaiting(
                self.env._("The certificate waits for its time stamp."),
                fields.Datetime.now() + LOOK_AGAIN,
            )
        self._recipients()
        piece(self.env, REPORT_ACTION)
        try:
            # In the language of whoever looks after the archive.
            content, _kind = (
                self.env["ir.actions.report"]
                .with_company(self.company_id)
                ._render_qweb_pdf(REPORT, self.closing_id.ids)
            )
        except UserError as error:
            raise JobError(
                self.env._(
                    "The certificate could not be printed: %(reason)s", reason=error
                )
            ) from error
        return content

    def _recipients(self):
        """Return who gets the certificate, at the address that was chosen.

        Contacts are edited by many, the settings by few: a contact that is not any
        more what was chosen gets nothing, and keeps nothing back silently.
        """
        company = self.company_id
        people = company._progbox_certificate_people()
        if not people:
            raise JobCancelled(
                self.env._("Nobody is named any more who gets the certificates.")
            )
        if archived := people.filtered(lambda person: not person.active):
            raise JobError(
                self.env._(
                    "%(names)s gets the closing certificates and is archived. Restore "
                    "the contact, or choose somebody else in the settings.",
                    names=", ".join(archived.mapped("display_name")),
                )
            )
        if nowhere := people.filtered(
            lambda person: not company._progbox_address(person)
        ):
            raise JobError(
                self.env._(
                    "%(names)s gets the closing certificates and has no valid e-mail "
                    "address. Enter one, or choose somebody else in the settings.",
                    names=", ".join(nowhere.mapped("display_name")),
                )
            )
        noted = company.sudo().progbox_certificate_addresses or {}
        if changed := people.filtered(
            lambda person: noted.get(str(person.id)) != company._progbox_address(person)
        ):
            raise JobError(
                self.env._(
                    "%(names)s gets the closing certificates, and the e-mail address "
                    "is not the one of when that was chosen. If the new one is right, "
                    "take the contact out of the settings of the archive, save, and "
                    "choose it again; otherwise correct the contact.",
                    names=", ".join(changed.mapped("display_name")),
                )
            )
        return people

    def _job_execute(self, prepared):
        people = self._recipients()
        closing = self.closing_id.with_env(self.env)
        stem = f"{closing.month:%Y-%m} {closing.number}"
        files = [(f"{stem}.pdf", prepared)]
        files += [
            (f"{stem} {name}", content) for name, content in closing.stamp_ids._files()
        ]
        context = clean_context(self.env.context)
        mails = self.env["mail.mail"].sudo()
        # pylint: disable-next=context-overridden
        mails.with_context(context).create(
            {
                "subject": self.env._(
                    "%(company)s: %(closing)s",
                    company=self.company_id.name,
                    closing=closing.display_name,
                ),
                "body_html": self.env["ir.qweb"]._render(
                    "progbox_invoice_archive.mail_closing_certificate",
                    {"closing": closing},
                ),
                "email_from": self.company_id.email_formatted
                or self.env.user.email_formatted,
                "email_to": False,
                "email_cc": False,
                "scheduled_date": False,
                "recipient_ids": [fields.Command.set(people.ids)],
                "auto_delete": False,
                "progbox_company_id": self.company_id.id,
                "model": False,
                "res_id": False,
                "state": "outgoing",
                "attachment_ids": [
                    fields.Command.create(
                        {
                            "name": name,
                            "raw": content,
                            "res_model": False,
                            "res_id": False,
                        }
                    )
                    for name, content in files
                ],
            }
        )
        self._job_write({"sent_to": ", ".join(people.mapped("email_normalized"))})
        self.env["progbox.access.log"].sudo()._log(
            "share",
            company=self.company_id,
            note=self.env._(
                "%(closing)s: certificate sent to %(people)s",
                closing=closing.display_name,
                people=self.sent_to,
            ),
        )
        # Sent by the queue of Odoo's own, which tries again by itself.
        if cron := self.env.ref(MAIL_QUEUE, raise_if_not_found=False):
            cron._trigger()
