import logging
from contextlib import closing
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, LockError
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from ..exceptions import CharactersWithoutFont, JobCancelled, JobError, JobWaiting
from ..tools.discarded import Discarded
from ..tools.filenames import clean_filename
from ..tools.sentinels import AS_IT_IS
from . import authorities
from .account_move import EINVOICE_TYPE
from .authorities import REPLY_TYPE
from .invoice_neighbours import PUT_OFF, PUT_OFF_FOR
from .progbox_archive_deposit import Deposit, InvoiceFiles
from .progbox_job_mixin import UNFINISHED_STATES

_logger = logging.getLogger(__name__)

PRIORITIES = {
    "posting": 0,
    "legal": 0,
    "changed": 0,
    "answer": 5,
    "catchup": 5,
    "history": 10,
}
# Of a partner: what Odoo writes when an invoice is posted, and no page shows.
COUNTED_FIELDS = ("write_date", "write_uid", "customer_rank", "supplier_rank")
# How often we look whether an authority has answered.
AUTHORITY_INTERVAL = timedelta(hours=1)


class Prepared(NamedTuple):
    """What a job found, and how to tell whether it still holds."""

    fingerprint: tuple
    deposit: Deposit | None


class ProgboxArchiveJob(models.Model):
    """One invoice to be archived; as many as it was posted or sent anew."""

    _name = "progbox.archive.job"
    _inherit = ["progbox.job.mixin", "progbox.words.mixin"]
    _description = "Invoice Archiving"
    _rec_name = "move_id"
    _job_cron = "progbox_invoice_archive.ir_cron_archive"
    _words = ("invoice_name", "partner_name", "error")

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    reason = fields.Selection(
        [
            ("posting", "Posted"),
            ("legal", "Sent"),
            ("changed", "Changed"),
            ("answer", "Answered by the authority"),
            ("catchup", "Found by the catch-up"),
            ("history", "Existing invoice"),
        ],
        required=True,
        readonly=True,
    )
    pdf_archived = fields.Boolean(
        readonly=True,
        help="The PDF is in the archive; the e-invoice is still missing.",
    )
    acceptable = fields.Boolean(
        readonly=True,
        help="A person may archive the invoice with what the error says.",
    )
    as_it_is = fields.Boolean(
        readonly=True,
        help="A person has decided to archive the invoice with what the error said.",
    )
    partner_id = fields.Many2one(related="move_id.commercial_partner_id")
    invoice_name = fields.Char(related="move_id.name", string="Number")
    partner_name = fields.Char(
        related="move_id.commercial_partner_id.name", string="Client Name"
    )
    invoice_date = fields.Date(related="move_id.invoice_date")
    amount_total = fields.Monetary(related="move_id.amount_total")
    currency_id = fields.Many2one(related="move_id.currency_id")
    to_fix = fields.Boolean(compute="_compute_to_fix", search="_search_to_fix")

    # Nearly all jobs are done: the few open ones are asked for with every invoice.
    _open_idx = models.Index(
        "(move_id) WHERE state IN ('pending', 'running', 'waiting', 'failed')"
    )
    _fix_idx = models.Index(
        "(company_id) WHERE state = 'failed'"
        " OR (state = 'pending' AND error IS NOT NULL)"
    )

    @api.depends("state", "error")
    def _compute_to_fix(self):
        for job in self:
            job.to_fix = job.state == "failed" or (
                job.state == "pending" and bool(job.error)
            )

    def _search_to_fix(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = Domain("state", "=", "failed") | (
            Domain("state", "=", "pending") & Domain("error", "!=", False)
        )
        if set(value) == {True, False}:
            return Domain.TRUE
        return domain if True in value else ~domain

    # ------------------------------------------------------------------
    # Queueing
    # ------------------------------------------------------------------

    @api.model
    def _enqueue_moves(self, moves, reason, put_off=None):
        """Queue these invoices and wake the archiver: all that posting pays for.

        :param account.move moves: posted customer documents
        :param str reason: a key of the field ``reason``
        :param timedelta put_off: let everything else come first, and wait so long; an
            invoice that was archived anew like that within the last hours waits longer
        """
        now = fields.Datetime.now()
        last = put_off is not None
        # Plain SQL: posting a hundred invoices may not cost more than three
        # hundredths of itself, and the ORM would take as much for the rows alone.
        moves.flush_recordset(["company_id"])
        self.env.cr.execute(
            SQL(
                """INSERT INTO progbox_archive_job (
                    move_id, company_id, reason, priority, state, attempts, next_try,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT id, company_id, %(reason)s, %(priority)s, 'pending', 0,
                    %(next_try)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                FROM account_move WHERE id = ANY(%(ids)s) ORDER BY id
                RETURNING next_try""",
                reason=reason,
                priority=PUT_OFF if last else PRIORITIES[reason],
                next_try=self._put_off_sql(now, put_off) if last else SQL("%s", now),
                now=now,
                uid=self.env.uid,
                ids=moves.ids,
            )
        )
        for [next_try] in set(self.env.cr.fetchall()) if last else [[None]]:
            self._job_trigger(next_try)

    @api.model
    def _put_off_sql(self, now, put_off):
        """Return when a row of ``account_move`` that is put off comes to its turn."""
        self.flush_model(["move_id", "priority", "done_on"])
        return SQL(
            """CASE WHEN EXISTS (
                SELECT FROM progbox_archive_job earlier
                WHERE earlier.move_id = account_move.id
                AND earlier.priority = %(last)s AND earlier.done_on > %(lately)s
            ) THEN %(later)s ELSE %(soon)s END""",
            last=PUT_OFF,
            lately=now - PUT_OFF_FOR,
            later=now + PUT_OFF_FOR,
            soon=now + put_off,
        )

    @api.model
    def _job_set_workers(self, wanted):
        """Let this many crons archive side by side.

        :param int wanted: 1 or more
        """
        crons = self._job_crons()
        if not crons:
            return
        for _number in range(len(crons), wanted):
            crons |= crons[0].copy({"active": True})
        # Deactivating locks the row: a worker in the middle of a job is left alone.
        for position, cron in enumerate(crons):
            active = position < max(wanted, 1)
            if cron.active != active:
                cron.active = active

    @api.model
    def _cancel_history(self, company):
        """Take the invoices from before the archive out of the queue."""
        queued = self.sudo().search(
            Domain("company_id", "=", company.id)
            & Domain("reason", "=", "history")
            & Domain("state", "=", "pending")
        )
        queued._job_finish("cancelled", self.env._("Stopped in the settings."))

    # ------------------------------------------------------------------
    # Execution
    # ------------------------------------------------------------------

    def _job_prepare(self):
        move = self._free_move()
        siblings = self._open_siblings(move)
        postings = (self | siblings).filtered(lambda job: job.reason == "posting")
        files = InvoiceFiles(
            move.with_context(
                progbox_reader_id=self._reader(move).id,
                progbox_as_it_is=AS_IT_IS if self.as_it_is else None,
            )
        )
        deposit = None
        if move.invoice_pdf_report_id:
            # What was sent years ago stays what it is, and so does what is accepted.
            is_final = self.as_it_is or self.reason == "history"
            deposit = files.legal(with_shortcomings=not is_final)
        elif self.reason == "answer" and (refused := authorities.refusal(move)):
            # Odoo keeps no file of it: what is archived remains the last version.
            deposit = Deposit("legal", (), authority_refusal=refused)
        elif postings or not move._progbox_current_documents(strict=True):
            self._wait_for_authority(move, postings)
            if self.reason == "history":
                deposit = files.received()
            deposit = deposit or files.generated(
                "rebuilt" if self.reason == "history" else "generated",
                only_complete=all(postings.mapped("pdf_archived")) and bool(postings),
            )
        return Prepared(self._fingerprint(move), deposit)

    def _job_language_in(self, run):
        # Who the manager is takes as long to find out as all else of the engine.
        company = self.company_id.id
        if company not in run.languages:
            run.languages[company] = self._job_language()
        return run.languages[company]

    def _job_discard(self, prepared):
        if prepared.deposit:
            prepared.deposit.discard()

    def _job_begin_execution(self):
        # The ledger's lock comes first: see progbox.seal._lock().
        self.env["progbox.seal"]._lock()

    def _job_carry_out_at_door(self, prepared):
        """Execute the job for somebody who waits for the document.

        :raise: one of CONCURRENCY_ERRORS when the archiver is at it, or was since the
            transaction began
        """
        self._job_begin_execution()
        # The engine would end the whole transaction, which is not its own.
        if not self.try_lock_for_update(allow_referencing=True):
            raise ConcurrencyError("the archiver is at the invoice")
        # Whatever came of it before: somebody waits.
        self._job_write({"state": "pending"})
        self._job_carry_out(prepared)

    def _job_execute(self, prepared):
        move = self._lock_move()
        if self._fingerprint(move) != prepared.fingerprint:
            raise LockError(self.env._("The invoice has changed meanwhile."))
        self._open_siblings(move)._job_finish("done")
        deposit = prepared.deposit
        if not deposit:
            return None
        self._put_away(move, deposit)
        self._put_away_replies(move, deposit)
        remains = deposit.refusal or deposit.authority_refusal
        if not remains or self.as_it_is:
            return None
        self._job_write({"pdf_archived": True})
        if deposit.files:
            self._job_write({"reason": "posting"})
        return JobError(self._remark(deposit))

    def _remark(self, deposit):
        """Return what remains to be done although files are archived."""
        if deposit.authority_refusal:
            return self.env._(
                "The invoice is archived as it was sent, but the authority has refused "
                "it. Do what it says, as a rule with another invoice, then archive "
                "this one as it is:\n%(reason)s",
                reason=deposit.authority_refusal,
            )
        if deposit.origin == "legal":
            return self.env._(
                "The invoice is archived as it was sent, but its page is no PDF/A-3, "
                "which every Factur-X is. Correct the cause, so that the next ones "
                "are, then archive this one as it is:\n%(reason)s",
                reason=deposit.refusal,
            )
        return self.env._(
            "The PDF is archived, but the e-invoice could not be made. Correct "
            "what Odoo says, then retry:\n%(reason)s",
            reason=deposit.refusal,
        )

    def _reader(self, move):
        """Return the person with whose rights the pictures of a page are read.

        Whoever posted, else whoever changed the invoice last.
        """
        users = (self.create_uid, move.write_uid)
        people = [user for user in users if user and not user._is_superuser()]
        return next(iter(people), self.env.ref("base.public_user").sudo())

    def _free_move(self):
        """Return the invoice when nobody is changing it at this moment.

        The lock is not kept: nobody waits while the pages are made. Whether the
        invoice is still the same is checked when the files are put away.
        """
        with closing(Discarded(self.env.cr)):
            self._lock_move()
        return self.move_id.with_company(self.company_id)

    def _lock_move(self):
        move = self.move_id.with_company(self.company_id)
        move.lock_for_update(allow_referencing=True)
        self._check_posted(move)
        return move

    def _fingerprint(self, move):
        """Return what differs when the prepared files are out of date."""
        partners = (
            move.partner_id
            | move.commercial_partner_id
            | move.partner_shipping_id
            | move.company_id.partner_id
        )
        return (
            [record.write_date for record in (move, move.company_id)],
            partners.read(self._partner_fields(), load=None),
            [(line.id, line.write_date) for line in move.line_ids.sorted("id")],
            move.invoice_pdf_report_id.id,
            self._open_siblings(move).ids,
        )

    @api.model
    def _partner_fields(self):
        """Return the fields of a partner that a page may show.

        Not the date of the last change: each invoice that is posted counts up how many
        the client has, and whoever posts one after the other would start every other
        invoice of the client over.
        """
        partners = self.env["res.partner"]
        return [
            name
            for name, field in partners._fields.items()
            if field.store and field.column_type and name not in COUNTED_FIELDS
        ]

    def _open_siblings(self, move):
        """Return the other open jobs of the invoice.

        All of them are covered by what this one does: the lock on the invoice and
        the snapshot of the transaction order us against every posting.
        """
        return self.search(
            Domain("move_id", "=", move.id)
            & Domain("state", "in", UNFINISHED_STATES)
            & Domain("id", "!=", self.id)
        )

    def _check_posted(self, move):
        if move.state != "posted":
            raise JobCancelled(
                self.env._("The invoice went back to draft before it was archived.")
            )
        if not move._progbox_to_archive():
            raise JobCancelled(self.env._("This is no customer invoice any more."))

    def _wait_for_authority(self, move, postings):
        """Wait for the authority's answer, if the company wants to, for some days.

        :param postings: the open jobs of the invoice because it was posted
        :raise JobWaiting: it is still to come
        """
        company = self.company_id
        deadline = self.create_date + timedelta(days=company.progbox_authority_days)
        now = fields.Datetime.now()
        if (
            self.reason == "history"
            or not company.progbox_authority_wait
            or now >= deadline
            # There is no less of it than before: what has changed is archived at once,
            # but what is posted again goes to the authority again.
            or (not postings and move._progbox_documents())
            or not self.env["account.move.send"]._progbox_waits_for_authority(move)
        ):
            return
        raise JobWaiting(
            self.env._(
                "The authority's answer is still to come. Send the invoice. Without an "
                "answer it is archived as it is on %(date)s.",
                date=format_datetime(self.env, deadline, dt_format="short"),
            ),
            min(now + AUTHORITY_INTERVAL, deadline),
        )

    # ------------------------------------------------------------------
    # Into the archive
    # ------------------------------------------------------------------

    @api.model
    def _put_away(self, move, deposit):
        """Archive files as the next version, unless they are the current one.

        :param account.move move: locked by the caller
        :param Deposit deposit: its files
        :return: the new documents
        """
        Document = self.env["progbox.document"].sudo()
        current = move._progbox_documents().get(move.id, Document)
        # Odoo may hand over an e-invoice with the PDF that it is in, and not beside it.
        if {file.staged.sha256 for file in deposit.files} <= set(
            current.mapped("sha256")
        ):
            if not deposit.before_answer:
                current._note_answered()
            return Document
        version = Document._last_version(move) + 1
        snapshot = self._snapshot(move, version)
        return Document.union(
            *(
                Document._deposit(
                    {
                        **snapshot,
                        "name": self._file_name(move, file, version),
                        "type_id": self._type(move, file).id,
                        "mimetype": file.mimetype,
                        "origin": deposit.origin,
                        "before_answer": deposit.before_answer,
                        "made_with": file.made_with,
                        "said": deposit.said,
                    },
                    file.staged,
                )
                for file in deposit.files
            )
        )

    @api.model
    def _put_away_replies(self, move, deposit):
        """Archive what an authority has signed, beside the files of the invoice.

        :param Deposit deposit: of which only the answers that are not archived yet
        """
        documents = self.env["progbox.document"].sudo()
        archived = documents.search(
            Domain("res_model", "=", move._name)
            & Domain("res_id", "=", move.id)
            & Domain("series", "=", REPLY_TYPE)
        )
        known = set(archived.mapped("sha256"))
        version = max(archived.mapped("version"), default=0)
        for file in deposit.replies:
            if file.staged.sha256 in known:
                continue
            known.add(file.staged.sha256)
            version += 1
            stem, _dot, extension = file.name.rpartition(".")
            suffix = f"-v{version}" if version > 1 else ""
            snapshot = self._snapshot(move, version)
            # The invoice has the amount.
            del snapshot["amount_total"], snapshot["currency_name"]
            documents._deposit(
                {
                    **snapshot,
                    "name": clean_filename(
                        f"{move.name}-{stem}{suffix}", f".{extension}"
                    ),
                    "type_id": documents.type_id._of_archive(REPLY_TYPE).id,
                    "mimetype": file.mimetype,
                    "series": REPLY_TYPE,
                },
                file.staged,
            )

    @api.model
    def _snapshot(self, move, version):
        date = move.invoice_date or move.date
        folder = self.env["progbox.folder"]._archive_folder(
            move.company_id, date, move._progbox_archive_root()
        )
        return {
            "folder_id": folder.id,
            "company_id": move.company_id.id,
            "res_model": move._name,
            "res_id": move.id,
            "version": version,
            "document_date": date,
            "number": move.name,
            "partner_name": move.commercial_partner_id.name
            or move.partner_id.display_name,
            "amount_total": move.amount_total_in_currency_signed,
            "currency_name": move.currency_id.name,
        }

    @api.model
    def _file_name(self, move, file, version):
        """Return the name of a file: the invoice's number, and its version.

        An e-invoice keeps the name that its format prescribes.
        """
        stem, _dot, extension = file.name.rpartition(".")
        if file.mimetype == "application/pdf":
            stem, extension = move.name, "pdf"
        suffix = f"-v{version}" if version > 1 else ""
        return clean_filename(f"{stem or extension}{suffix}", f".{extension}")

    @api.model
    def _type(self, move, file):
        is_pdf = file.mimetype == "application/pdf"
        code = move._progbox_type_code() if is_pdf else EINVOICE_TYPE
        return self.env["progbox.document.type"]._of_archive(code)

    # ------------------------------------------------------------------
    # Warning
    # ------------------------------------------------------------------

    def _job_on_error(self):
        self.env["mail.activity"]._progbox_report_failing(self.company_id)

    def _job_finish(self, state, reason=False):
        result = super()._job_finish(state, reason)
        for company in self.company_id:
            self.env["mail.activity"]._progbox_clear_failing(company)
        return result

    def _job_fail_one(self, error, detail, give_up):
        result = super()._job_fail_one(error, detail, give_up)
        gaps = isinstance(error, CharactersWithoutFont)
        self._job_write({"acceptable": gaps or self.pdf_archived})
        return result

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_archive_as_it_is(self):
        """Archive the invoices with what their errors say: somebody has looked."""
        self._job_check_manager()
        accepted = self.filtered(lambda job: job.to_fix and job.acceptable)
        accepted._job_write({"as_it_is": True})
        return accepted.action_retry()

    def action_open_invoice(self):
        """Open the invoice."""
        self.ensure_one()
        return self.move_id._get_records_action()
