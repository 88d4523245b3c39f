import base64
import logging

import psycopg2.errors

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.sentinels import ASKING, WORDS
from ..tools.ticked import ticked
from .invoice_changes import PRINTED_FIELDS, InvoiceChanges, own_digest
from .invoice_neighbours import PUT_OFF
from .legal_files import LegalFiles
from .progbox_job_mixin import UNFINISHED_STATES

_logger = logging.getLogger(__name__)

# The document type of each kind of entry.
ARCHIVED_TYPES = {
    "out_invoice": "customer_invoice",
    "out_refund": "credit_note",
    "out_receipt": "receipt",
}
# The type of the electronic file beside it.
EINVOICE_TYPE = "einvoice_issued"
# Through which lines are written.
LINES = ("line_ids", "invoice_line_ids")
# What people look for an invoice by, beside what its document keeps.
SEARCHED_FIELDS = ("invoice_origin", "payment_reference", "ref")
# Under which key Odoo collects what it calls by this type when it is asked for.
LEGAL_KEYS = {"pdf": "pdf_attachment_values", "ubl": "ubl_cii_xml_attachment_values"}


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "progbox.archived.mixin"]

    progbox_archive_state = fields.Selection(
        [
            ("archived", "Archived"),
            ("progress", "Being Archived"),
            ("waiting", "Waiting for the Authority"),
            ("fix", "Archive: To Fix"),
            ("missing", "Not Archived"),
        ],
        string="Archive",
        compute="_compute_progbox_archive_state",
        search="_search_progbox_archive_state",
    )
    progbox_archive_version = fields.Integer(
        string="Archived Version",
        compute="_compute_progbox_archive_version",
        groups="progbox_invoice_archive.group_archive_reader",
    )
    progbox_period_id = fields.Many2one(
        "progbox.billing.period",
        string="Billing Period",
        compute="_compute_progbox_period_id",
        search="_search_progbox_period_id",
        groups="progbox_invoice_archive.group_archive_reader",
    )

    @api.depends("state", "move_type")
    def _compute_progbox_archive_state(self):
        states = dict(
            self.env.execute_query(
                SQL(
                    "SELECT move.id, %s FROM account_move move WHERE move.id = ANY(%s)",
                    self._progbox_archive_state_sql(),
                    self.ids,
                )
            )
        )
        for move in self:
            move.progbox_archive_state = states.get(move._origin.id) or False

    def _search_progbox_archive_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        states = tuple(state or "" for state in value)
        return Domain.custom(
            to_sql=lambda moves, alias, _query: SQL(
                "%s IN %s", moves._progbox_archive_state_sql(alias), states
            ),
            predicate=lambda move: (move.progbox_archive_state or "") in states,
        )

    @api.depends("state")
    def _compute_progbox_archive_version(self):
        versions = dict(
            self.env["progbox.document"]._read_group(
                self.env["progbox.document"]._archived_domain(self),
                ["res_id"],
                ["version:max"],
            )
        )
        for move in self:
            move.progbox_archive_version = versions.get(move._origin.id, 0)

    @api.depends("company_id", "invoice_date", "date", "move_type")
    def _compute_progbox_period_id(self):
        periods = self.env["progbox.billing.period"].sudo()
        for scope, moves in self.grouped(lambda m: m._progbox_scope_key()).items():
            days = [day for move in moves if (day := move._progbox_day())]
            ours = periods.browse()
            if days:
                ours = periods.search(
                    Domain("scope_key", "=", scope)
                    & Domain("date_from", "<=", max(days))
                    & Domain("date_to", ">=", min(days))
                )
            for move in moves:
                day = move.is_invoice(include_receipts=True) and move._progbox_day()
                move.progbox_period_id = day and next(
                    (p.id for p in ours if p.date_from <= day <= p.date_to), False
                )

    def _search_progbox_period_id(self, operator, value):
        periods = self.env["progbox.billing.period"]
        if operator in ("any", "any!"):
            value = set(periods.search(value).ids)
        elif operator in ("ilike", "=ilike", "like"):
            value = set(periods.search(Domain("display_name", operator, value)).ids)
        elif operator != "in":
            return NotImplemented
        ids = tuple(value)
        return Domain.custom(
            to_sql=lambda moves, alias, _query: SQL(
                "COALESCE(%s, 0) IN %s",
                moves._progbox_period_sql(alias),
                tuple(id_ or 0 for id_ in ids) or (-1,),
            ),
            predicate=lambda move: move.progbox_period_id.id in ids,
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Lists are grouped by the period, although no column holds it."""
        if field_expr == "progbox_period_id":
            self._check_field_access(self._fields[field_expr], "read")
            return self._progbox_period_sql(alias)
        return super()._field_to_sql(alias, field_expr, query)

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    def write(self, vals):
        # Odoo posts by writing the state; modules that post past _post() do too.
        drafts = self.browse()
        if vals.get("state") == "posted":
            drafts = self.filtered(lambda move: move.state != "posted")
        printed = not vals.keys().isdisjoint((*PRINTED_FIELDS, *LINES))
        before = self._progbox_own_digests() if printed else {}
        result = super().write(vals)
        drafts._progbox_enqueue("posting")
        if drafts:
            self.env["progbox.watch"]._look_when_posted(drafts.company_id)
        self._progbox_enqueue_changed(before)
        if not vals.keys().isdisjoint(SEARCHED_FIELDS):
            self._progbox_renew_search_words()
        return result

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_progbox_open_archive(self):
        """Open the archived documents of these invoices, or the job that is stuck."""
        jobs = self.env["progbox.archive.job"].search(
            Domain("move_id", "in", self.ids)
            & Domain("state", "in", ("pending", "waiting", "failed"))
        )
        documents = self.env["progbox.document"]
        documents = documents.search(documents._archived_domain(self))
        if jobs and not documents:
            xmlid = "progbox_invoice_archive.progbox_archive_job_action"
            domain = [("id", "in", jobs.ids)]
        else:
            xmlid = "progbox_invoice_archive.progbox_document_action"
            domain = [("id", "in", documents.ids)]
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        return {**action, "domain": domain, "context": {}}

    def action_progbox_compile(self):
        """Open the wizard for these invoices, or for all that match the list."""
        return self.env["progbox.compile.wizard"]._open(ticked(self))

    # ------------------------------------------------------------------
    # What is archived; other add-ons extend these
    # ------------------------------------------------------------------

    def _progbox_search_words(self):
        return [
            *super()._progbox_search_words(),
            *filter(None, (self[name] for name in SEARCHED_FIELDS)),
        ]

    @api.model
    def _progbox_archived_types(self):
        types = self.env["progbox.document.type"]
        return super()._progbox_archived_types() | types._of_codes(
            *ARCHIVED_TYPES.values(), EINVOICE_TYPE
        )

    def _progbox_type_code(self):
        """Return the code of the type of the file that is this entry."""
        self.ensure_one()
        return ARCHIVED_TYPES[self.move_type]

    @api.model
    def _progbox_archived_move_types(self):
        """Return the kinds of entries that are archived when they are posted.

        :return: list of keys of ``move_type``
        """
        return self._progbox_customer_types()

    @api.model
    def _progbox_customer_types(self):
        """Return the kinds of entries that are issued to customers."""
        return self.get_sale_types(include_receipts=True)

    @api.model
    def _progbox_vendor_types(self):
        """Return the kinds of entries that are received from vendors."""
        return self.get_purchase_types(include_receipts=True)

    def _progbox_to_archive(self):
        """Return those among these entries that belong into the archive."""
        types = self._progbox_archived_move_types()
        return self.filtered(
            lambda move: move.state == "posted" and move.move_type in types
        )

    @api.model
    def _progbox_to_archive_sql(self, alias):
        """Return whether a row of entries belongs into the archive.

        :param SQL alias: of the row of ``account_move``
        :rtype: SQL
        """
        return SQL(
            "(%s.state = 'posted' AND %s.move_type IN %s)",
            alias,
            alias,
            tuple(self._progbox_archived_move_types()),
            to_flush=[self._fields["state"], self._fields["move_type"]],
        )

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _progbox_archive_state_sql(self, alias="move"):
        """Return the state of a row of ``account_move`` as SQL, '' where there is none.

        The same expression serves the field and its search. It reads jobs and
        documents that the accountant may see anyway, so it asks for no rights.
        """
        self.env["progbox.archive.job"].flush_model(["move_id", "state", "error"])
        # Open jobs are few: PostgreSQL asks them all at once, and the documents too,
        # when it has to look at many invoices.
        return SQL(
            """CASE
            WHEN NOT %(to_archive)s THEN ''
            WHEN EXISTS (
                SELECT FROM progbox_archive_job job
                WHERE job.move_id = %(move)s.id
                AND job.state IN ('pending', 'running', 'waiting', 'failed')
            ) THEN (
                SELECT CASE
                    WHEN job.state = 'waiting' THEN 'waiting'
                    WHEN job.state = 'failed' OR job.error IS NOT NULL THEN 'fix'
                    ELSE 'progress' END
                FROM progbox_archive_job job
                WHERE job.move_id = %(move)s.id
                AND job.state IN ('pending', 'running', 'waiting', 'failed')
                ORDER BY job.id DESC LIMIT 1
            )
            WHEN EXISTS (
                SELECT FROM progbox_document document
                WHERE document.res_model = 'account.move'
                AND document.res_id = %(move)s.id
                AND %(archived)s
            ) THEN 'archived'
            ELSE 'missing' END""",
            move=SQL.identifier(alias),
            to_archive=self._progbox_to_archive_sql(SQL.identifier(alias)),
            archived=self.env["progbox.document"]._archived_sql(SQL("document")),
        )

    def _progbox_enqueue(self, reason):
        """Give the posted customer documents among these their archive job.

        :param str reason: why, a key of the job's field ``reason``
        """
        if moves := self._progbox_to_archive():
            self.env["progbox.archive.job"]._enqueue_moves(moves, reason)

    def _progbox_linked_anew(self):
        """Return those among these invoices whose legal files are not the archived.

        What was taken from the archive to be sent is linked without a new version.
        """
        documents_by_move = self._progbox_documents()
        archived = self.env["progbox.document"].union(*documents_by_move.values())
        contents = self.env["ir.attachment"].sudo()
        checksums = {
            content.res_id: content.checksum
            for content in contents.search(archived._content_domain())
        }
        send = self.env["account.move.send"]

        def is_archived(move):
            linked = send._get_invoice_extra_attachments(move).sudo()
            documents = documents_by_move.get(move.id, ())
            ours = {checksums.get(document.id) for document in documents}
            return linked and ours.issuperset(linked.mapped("checksum"))

        return self.filtered(lambda move: not is_archived(move))

    def _progbox_valid_documents(self):
        """Return the archived documents that stand for the invoice as it is now.

        Not those of an invoice that has been posted or sent again since, nor of one
        that is a draft, nor those from before the authority's answer when that has
        come: its archive is out of date until the job has run.
        """
        posted = self.filtered(lambda move: move.state == "posted")
        documents = posted._progbox_documents()
        if not documents:
            return {}
        outdated = (
            self.env["progbox.archive.job"]
            .sudo()
            .search(
                Domain("move_id", "in", list(documents))
                & Domain("reason", "in", ("posting", "legal"))
                & Domain("state", "in", UNFINISHED_STATES)
                & Domain("pdf_archived", "=", False)
            )
        )
        for job in outdated:
            if job.reason == "posting" or job.move_id.invoice_pdf_report_id:
                documents.pop(job.move_id.id, None)
        send = self.env["account.move.send"]
        for move in posted:
            if send._progbox_is_overtaken(move, documents.get(move.id, ())):
                del documents[move.id]
        return documents

    # ------------------------------------------------------------------
    # Still the same document?
    # ------------------------------------------------------------------

    def _progbox_current_documents(self, strict=False):
        """Return the archived documents that say what Odoo would say now.

        Every door that hands over an archived file asks here. Looking leaves no trace
        on the invoice.

        :param bool strict: raise a JobError for what cannot be compared, instead of
            handing over what is archived
        :return: dictionary of documents by id of the invoice
        """
        documents = self._progbox_valid_documents()
        if not documents:
            return {}
        moves = self.browse(documents)
        many = len(self) > 1
        for move in InvoiceChanges(moves, documents, many, strict).changed():
            del documents[move.id]
        return documents

    @api.model
    def _progbox_check_writable(self):
        """Have Odoo take a request once more if its cursor only reads."""
        if self.env.cr.readonly:
            raise psycopg2.errors.ReadOnlySqlTransaction("archived document")

    def _progbox_own_digests(self):
        """Return what the archived invoices among these print, their own fields alone.

        Not those that Odoo has sent: they stay what they are.

        :return: dictionary of digests by invoice
        """
        moves = self.sudo()._progbox_to_archive()
        moves = moves.filtered(lambda move: not move.invoice_pdf_report_id)
        archived = moves and moves.browse(moves._progbox_documents())
        return {move: own_digest(move) for move in archived}

    @api.model
    def _progbox_enqueue_changed(self, before):
        """Queue the invoices that print something else than before.

        So the new version is mostly there before anybody asks for it.

        :param dict before: see :meth:`_progbox_own_digests`
        """
        if not before:
            return
        after = self.browse().union(*before)._progbox_own_digests()
        changed = [move for move in after if after[move] != before[move]]
        if changed := self.browse().sudo().union(*changed):
            jobs = self.env["progbox.archive.job"].sudo()
            queued = jobs.search(
                Domain("move_id", "in", changed.ids)
                & Domain("state", "=", "pending")
                & Domain("priority", "!=", PUT_OFF)
            )
            (changed - queued.move_id)._progbox_enqueue("changed")

    def _progbox_einvoices(self, settings):
        """Return what programs read of the invoice, as Odoo makes it.

        Odoo puts a CII into every PDF. Other add-ons add what they put there.

        :param dict settings: with the ``format`` of the e-invoice
        :return: list of the XML, as bytes
        """
        if "account.edi.xml.cii" not in self.env:
            return []
        builders = {"account.edi.xml.cii": self.env["account.edi.xml.cii"]}
        if self._need_ubl_cii_xml(settings["format"]):
            builder = self.partner_id.commercial_partner_id._get_edi_builder(
                settings["format"]
            )
            builders[builder._name] = builder
        xmls = [builder._export_invoice(self)[0] for builder in builders.values()]
        return [xml.encode() if isinstance(xml, str) else xml for xml in xmls if xml]

    def _progbox_says_only(self):
        """Whether the page is only made to compare what it says."""
        return self.env.context.get("progbox_words") is WORDS

    def _generate_qr_code(self, silent_errors=False):
        """Say what a QR code stands for: drawn, it is another one each time."""
        if not self._progbox_says_only():
            return super()._generate_qr_code(silent_errors=silent_errors)
        if not self.display_qr_code:
            return None
        account = self.partner_bank_id.acc_number or ""
        reference = self.payment_reference or self.name
        text = "|".join((account, reference, self.currency_id.name))
        return f"data:text/plain;base64,{base64.b64encode(text.encode()).decode()}"

    def _get_portal_payment_link(self):
        """A link with a token for each reader says only that there is one."""
        if self._progbox_says_only():
            return "/payment/pay"
        return super()._get_portal_payment_link()

    # ------------------------------------------------------------------
    # Doors of Odoo that ask for legal documents
    # ------------------------------------------------------------------

    def _get_invoice_legal_documents(self, filetype, allow_fallback=False):
        """Give the archived file where Odoo would make another one."""
        self.ensure_one()
        key = LEGAL_KEYS.get(filetype)
        if key and allow_fallback and not self.invoice_pdf_report_id:
            archived = LegalFiles.of(self).files(self)
            if key in archived:
                return archived[key]
        return super()._get_invoice_legal_documents(
            filetype, allow_fallback=allow_fallback
        )

    def _get_invoice_legal_documents_all(self, allow_fallback=False):
        """Give the archived files where Odoo would fall back to a pro forma."""
        self.ensure_one()
        if allow_fallback and not self.invoice_pdf_report_id:
            if archived := LegalFiles.of(self).files(self):
                return list(archived.values())
        return super()._get_invoice_legal_documents_all(allow_fallback=allow_fallback)

    def _get_invoice_pdf_proforma(self):
        """Give the page that was made before the ledger was locked."""
        made = LegalFiles.of(self).proforma(self)
        return made or super()._get_invoice_pdf_proforma()

    def _get_move_zip_export_docs(self):
        """Put what is archived into Odoo's own zip, although nobody has sent it."""
        self.ensure_one()
        unsent = (
            self.state == "posted"
            and not self.invoice_pdf_report_id
            and self.move_type in self._progbox_archived_move_types()
        )
        if self.env.context.get("progbox_asking") is ASKING:
            # Many at once, and without a look at any file.
            if self.invoice_pdf_report_id or self.sudo().progbox_archive_version:
                return [{"filename": self.name}] if self.state == "posted" else []
        elif unsent and (archived := LegalFiles.of(self).files(self)):
            return list(archived.values())
        return super()._get_move_zip_export_docs()

    def _get_move_lines_to_report(self):
        """Ask for the sections of all lines at once.

        Asked for those of the printed lines, Odoo works out the others' as well, and
        writes them as if a person had changed the lines: half of the time of a page.
        """
        self.line_ids.mapped("parent_id")
        return super()._get_move_lines_to_report()

    def get_extra_print_items(self):
        """Opening the menu reads no files: it only asks whether there are any."""
        asking = self.with_context(progbox_asking=ASKING)
        return super(AccountMove, asking).get_extra_print_items()

    # ------------------------------------------------------------------
    # Billing periods; other add-ons extend whose they are
    # ------------------------------------------------------------------

    def _progbox_scope_key(self):
        """Return whose periods an invoice is in: a period's ``scope_key``.

        To be extended together with ``_progbox_scope_sql``.
        """
        return self.company_id.id

    @api.model
    def _progbox_scope_sql(self, alias):
        return SQL("%s.company_id", SQL.identifier(alias))

    def _progbox_day(self):
        """Return the day that decides about the period."""
        return self.invoice_date or self.date

    @api.model
    def _progbox_day_sql(self, alias):
        return SQL(
            "COALESCE(%(move)s.invoice_date, %(move)s.date)",
            move=SQL.identifier(alias),
            to_flush=[self._fields["invoice_date"], self._fields["date"]],
        )

    @api.model
    def _progbox_period_sql(self, alias):
        self.env["progbox.billing.period"].flush_model(
            ["scope_key", "date_from", "date_to"]
        )
        return SQL(
            """(SELECT period.id FROM progbox_billing_period period
            WHERE period.scope_key = %(scope)s
            AND %(move)s.move_type != 'entry'
            AND %(day)s BETWEEN period.date_from AND period.date_to)""",
            scope=self._progbox_scope_sql(alias),
            move=SQL.identifier(alias),
            day=self._progbox_day_sql(alias),
        )
