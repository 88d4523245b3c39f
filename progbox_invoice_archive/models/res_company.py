from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import email_normalize

from ..tools.filenames import clean_filename
from ..tools.ledger.guards_sql import SHORTEST_LOG_RETENTION
from ..tools.time_stamp import is_address, load_certificates, names_user
from . import certificate_addresses, invoice_neighbours
from .stamp_authorities import note_authorities

WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]
# Everybody reads companies, portal users included.
KEEPERS = "base.group_system,progbox_invoice_archive.group_archive_manager"


class ResCompany(models.Model):
    """How a company keeps its archive, and cuts its time into billing periods."""

    _inherit = "res.company"

    progbox_archive_folder = fields.Char(
        string="Archive Folder",
        default=".factures",
        required=True,
        help="Name of the locked folder that holds the archived invoices. It cannot "
        "change any more once it holds the first one.",
    )
    progbox_archive_started = fields.Datetime(
        string="Archive Started On",
        default=fields.Datetime.now,
        readonly=True,
        copy=False,
        help="What was posted before is history, archived on request.",
    )
    progbox_archive_history = fields.Boolean(
        string="Archive Existing Invoices",
        copy=False,
        help="Also archive the invoices from before the archive started.",
    )
    progbox_archive_user_id = fields.Many2one(
        "res.users",
        string="Archive Manager",
        domain="[('share', '=', False)]",
        help="Is warned when an invoice cannot be archived. Without anybody here, "
        "the first accounting administrator is.",
    )
    progbox_authority_wait = fields.Boolean(
        string="Wait for the Authority",
        help="Archive an invoice that Odoo sends to an authority when the authority "
        "has answered. Otherwise it is archived at once, and the document with the "
        "answer is its next version.",
    )
    progbox_authority_days = fields.Integer(
        string="Wait for the Authority (Days)",
        default=7,
        required=True,
        help="An invoice without an answer is archived as it is after these days.",
    )
    progbox_archive_frozen = fields.Boolean(compute="_compute_progbox_archive_frozen")
    progbox_log_retention_days = fields.Integer(
        string="Access Log Kept For (Days)",
        default=1095,
        required=True,
        help="Older lines of the access log are removed by the server, once a day.",
    )
    progbox_stamp_url = fields.Char(
        string="Time-Stamping Authority",
        copy=False,
        groups=KEEPERS,
        help="Address at which the authority answers requests of RFC 3161.",
    )
    progbox_stamp_certificates = fields.Text(
        string="Certificates of the Authority",
        copy=False,
        groups=KEEPERS,
        help="Its root certificate, as PEM. Keep the certificates of former "
        "authorities here, too: their stamps are checked with them.",
    )
    progbox_stamp_since = fields.Datetime(
        string="Time Stamps Since", readonly=True, copy=False, groups=KEEPERS
    )
    progbox_certificate_partner_ids = fields.Many2many(
        "res.partner",
        "progbox_certificate_partner_rel",
        "company_id",
        "partner_id",
        string="Closing Certificates Go To",
        # A contact that somebody has archived is not left out silently.
        context={"active_test": False},
        copy=False,
        groups=KEEPERS,
        help="Each closing certificate is sent to them by e-mail: a copy that nobody "
        "who works on the server can take back.",
    )
    # By the id of each contact: whoever edits contacts does not choose who gets them.
    progbox_certificate_addresses = fields.Json(
        string="Addresses of the Closing Certificates",
        readonly=True,
        copy=False,
        groups=KEEPERS,
    )
    progbox_certificate_since = fields.Datetime(
        string="Closing Certificates Sent Since",
        readonly=True,
        copy=False,
        groups=KEEPERS,
    )
    progbox_period_mode = fields.Selection(
        [("automatic", "Automatically"), ("manual", "Manually")],
        string="Billing Periods",
        default="automatic",
        required=True,
    )
    progbox_period_unit = fields.Selection(
        [("month", "Every month"), ("week", "Every week")],
        string="Period Length",
        default="month",
        required=True,
    )
    progbox_period_day = fields.Integer(
        string="From Day",
        default=1,
        required=True,
        help="Day of the month on which periods begin; in a shorter month its last.",
    )
    progbox_period_weekday = fields.Selection(
        WEEKDAYS, string="From Weekday", default="0", required=True
    )
    progbox_period_due_days = fields.Integer(
        string="Due After (Days)", default=30, required=True
    )
    progbox_period_due_rule = fields.Selection(
        [("days", "exact date"), ("month_end", "at the end of that month")],
        string="Due Date",
        default="days",
        required=True,
    )
    progbox_backup_days = fields.Integer(
        string="Invoice Backups Kept For (Days)",
        default=30,
        required=True,
        help="Compiled backups are copies: they are removed after these days.",
    )

    # Else a setting would wipe out the traces of today.
    _progbox_log_retention_check = models.Constraint(
        f"CHECK(progbox_log_retention_days >= {SHORTEST_LOG_RETENTION})",
        "The access log is kept for 90 days at least.",
    )
    _progbox_authority_days_check = models.Constraint(
        "CHECK(progbox_authority_days >= 1)",
        "An authority's answer is waited for at least one day.",
    )
    _progbox_period_day_check = models.Constraint(
        "CHECK(progbox_period_day BETWEEN 1 AND 31)",
        "Billing periods begin on a day from 1 to 31.",
    )
    _progbox_period_due_check = models.Constraint(
        "CHECK(progbox_period_due_days >= 0)",
        "Invoices are due after the end of their period, not before.",
    )
    _progbox_backup_days_check = models.Constraint(
        "CHECK(progbox_backup_days >= 1)",
        "Compiled backups are kept for one day at least.",
    )

    def _compute_progbox_archive_frozen(self):
        frozen = (
            self.env["progbox.folder"]
            .sudo()
            ._read_group(
                Domain("company_id", "in", self.ids)
                & Domain("locked", "=", True)
                & Domain("document_ids", "!=", False),
                ["company_id"],
            )
        )
        companies = {company.id for [company] in frozen}
        for company in self:
            company.progbox_archive_frozen = company.id in companies

    @api.constrains("progbox_archive_folder")
    def _check_progbox_archive_folder(self):
        for company in self:
            name = company.progbox_archive_folder
            # A leading dot is welcome here: it keeps the folder out of the way.
            if clean_filename(name.removeprefix(".")) != name.removeprefix("."):
                raise ValidationError(
                    self.env._(
                        "“%(name)s” cannot be the name of a folder on every system. "
                        "Use letters, digits, blanks and - _ only.",
                        name=name,
                    )
                )

    @api.constrains("progbox_archive_started")
    def _check_progbox_archive_started(self):
        now = fields.Datetime.now()
        for company in self:
            started = company.progbox_archive_started
            if not started or started > now:
                raise ValidationError(self._progbox_start_refusal())

    @api.constrains("progbox_stamp_url", "progbox_stamp_certificates")
    def _check_progbox_stamps(self):
        for company in self.sudo():
            address = company.progbox_stamp_url
            if address and names_user(address):
                raise ValidationError(
                    self.env._(
                        "The address of a time-stamping authority is readable for "
                        "others: leave out the name and the password before the @. "
                        "Ask the authority to know your server by its own address."
                    )
                )
            if address and not is_address(address):
                raise ValidationError(
                    self.env._(
                        "%(address)s is no address of a time-stamping authority. Take "
                        "the one that the authority publishes; it begins with http:// "
                        "or https://.",
                        address=address,
                    )
                )
            try:
                if company.progbox_stamp_certificates:
                    load_certificates(company.progbox_stamp_certificates)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "This is no certificate. Ask the authority for its root "
                        "certificate as PEM, a text that begins with "
                        "-----BEGIN CERTIFICATE-----, and paste all of it."
                    )
                ) from error

    @api.constrains("progbox_certificate_partner_ids")
    def _check_progbox_certificate_people(self):
        nowhere = self.env["res.partner"].union(
            *(
                # Who was chosen before is not in the way of other settings.
                company._progbox_certificate_people(new=True).filtered(
                    lambda person: not self._progbox_address(person)
                )
                for company in self
            )
        )
        if nowhere:
            raise ValidationError(
                self.env._(
                    "%(names)s shall get the closing certificates and has no valid "
                    "e-mail address. Enter one in the contact first.",
                    names=", ".join(nowhere.mapped("display_name")),
                )
            )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._progbox_note_addresses()
        companies._progbox_note_stamps()
        return companies

    def write(self, vals):
        if started := fields.Datetime.to_datetime(vals.get("progbox_archive_started")):
            if any(started > (c.progbox_archive_started or started) for c in self):
                raise ValidationError(self._progbox_start_refusal())
        if "progbox_archive_folder" in vals:
            changed = self.filtered(
                lambda c: c.progbox_archive_folder != vals["progbox_archive_folder"]
            )
            if frozen := changed.filtered("progbox_archive_frozen"):
                raise ValidationError(
                    self.env._(
                        "The archive of %(company)s holds documents already: its "
                        "folder keeps its name.",
                        company=frozen[0].display_name,
                    )
                )
        names = invoice_neighbours.COMPANY_FIELDS
        with invoice_neighbours.written(self, vals, names):
            result = super().write(vals)
        if {"progbox_stamp_url", "progbox_stamp_certificates"} & vals.keys():
            self._progbox_note_stamps()
        if "progbox_certificate_partner_ids" in vals:
            self._progbox_note_addresses()
        return result

    # ------------------------------------------------------------------
    # Helpers
    # ------------------------------------------------------------------

    def _progbox_note_stamps(self):
        """Put on record which authority is trusted from now on.

        And that from now on, a missing stamp is one that somebody has removed.
        """
        for company in self:
            note_authorities(company)
        for company in self.sudo():
            if company._progbox_stamps() and not company.progbox_stamp_since:
                company.progbox_stamp_since = fields.Datetime.now()

    def _progbox_stamps(self):
        """Whether an authority stamps the ledger of the company."""
        self.ensure_one()
        company = self.sudo()
        return bool(company.progbox_stamp_url and company.progbox_stamp_certificates)

    def _progbox_certificate_people(self, new=False):
        """Return who gets the closing certificates, archived contacts included.

        :param bool new: those only whose address is not noted yet
        """
        self.ensure_one()
        company = self.sudo()
        noted = company.progbox_certificate_addresses or {}
        return company.progbox_certificate_partner_ids.filtered(
            lambda person: not (new and noted.get(str(person.id)))
        )

    @api.model
    def _progbox_address(self, person):
        """Return the one address of a contact, False for none, several or no such."""
        return email_normalize(person.email, strict=True)

    def _progbox_note_addresses(self):
        """Note the addresses of those who are new among them, and since when."""
        for company in self.sudo():
            people = company._progbox_certificate_people()
            noted = company.progbox_certificate_addresses or {}
            addresses = {
                str(person.id): noted.get(str(person.id))
                or self._progbox_address(person)
                for person in people
            }
            if addresses != noted:
                company.progbox_certificate_addresses = addresses
                certificate_addresses.note_addresses(company)
            if bool(people) != bool(company.progbox_certificate_since):
                company.progbox_certificate_since = people and fields.Datetime.now()

    def _progbox_start_refusal(self):
        return self.env._(
            "The archive has started, and what was posted since must be in it. That "
            "day can be moved back, but not put off."
        )

    @api.model
    def _progbox_copy_notice(self):
        """Return the sentence with which a copy says that it is one, else ''."""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        copied_on = get_param("progbox_invoice_archive.copied_on")
        if not copied_on:
            return ""
        return self.env._(
            "This comes from a copy of the database that was neutralized on %(date)s, "
            "not from the archive itself.",
            date=copied_on,
        )

    def _progbox_letterhead_vat(self):
        """Return the VAT number for a letterhead that does not have it yet, or False.

        Odoo's layouts print it only where somebody has written it there.
        """
        self.ensure_one()
        written = f"{self.company_details or ''}{self.report_footer or ''}"
        return bool(self.vat) and self.vat not in written and self.vat

    def _progbox_archive_manager(self):
        """Return who looks after the archive of the company.

        :rtype: res.users, empty when nobody has the right to
        """
        self.ensure_one()
        group = self.env.ref("progbox_invoice_archive.group_archive_manager")
        # An archived company has an archive to look after all the same.
        everybody = group.sudo().with_context(active_test=False).all_user_ids
        candidates = everybody.filtered(
            lambda user: user.active and not user.share and self in user.company_ids
        )
        chosen = self.progbox_archive_user_id & candidates
        return chosen or candidates.sorted("id")[:1]
