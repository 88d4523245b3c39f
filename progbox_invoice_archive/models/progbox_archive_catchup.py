from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.planning import without_compiling
from . import authorities
from .invoice_neighbours import PUT_OFF

CRON = "progbox_invoice_archive.ir_cron_catchup"
# Invoices that one run looks for, and how many may wait in the queue: the rest
# is found again by the next run, so nothing has to remember where it stopped.
BATCH_SIZE = 500
PAUSE = timedelta(minutes=1)
# Until when all legal documents that were attached are known to be archived.
SEEN_UNTIL = "progbox_invoice_archive.legal_documents_seen_until"
# A transaction that began earlier than this has ended.
OVERLAP = timedelta(days=1)


class ProgboxArchiveCatchup(models.AbstractModel):
    """Finds the invoices that came by another door than posting in Odoo."""

    _name = "progbox.archive.catchup"
    _description = "Archive Catch-up"

    @api.model
    def _run(self):
        """Cron: queue what the archive lacks, in batches, until nothing is left."""
        last = 0
        while last := self._queue_answered(last):
            self.env["ir.cron"]._commit_progress()
        found = True
        while found and self._queue_length() < BATCH_SIZE:
            found = self._run_once()
            if not self.env["ir.cron"]._commit_progress(found, remaining=0):
                break
        if found:
            self._trigger(fields.Datetime.now() + PAUSE)

    @api.model
    def _trigger(self, at=None):
        """Wake the catch-up, now or at a naive UTC datetime, if its cron exists."""
        if cron := self.env.ref(CRON, raise_if_not_found=False):
            cron.sudo()._trigger(at)

    @api.model
    def _run_once(self):
        """Queue one batch of every kind.

        :return: how many invoices were found
        """
        jobs = self.env["progbox.archive.job"]
        without_compiling(self.env)
        found = 0
        for reason, query in self._queries().items():
            ids = [id_ for [id_] in self.env.execute_query(query)]
            if ids:
                jobs._enqueue_moves(self.env["account.move"].browse(ids), reason)
            found += len(ids)
            if reason == "legal" and len(ids) < BATCH_SIZE:
                self._remember_seen()
        return found

    @api.model
    def _queue_answered(self, after=0):
        """Queue the invoices that were archived before an answer that has come.

        :param int after: id of the invoice before the first of a page
        :return: id of the last one, None when there is none
        """
        ids = [id_ for [id_] in self.env.execute_query(self._unanswered_sql(after))]
        moves = self.env["account.move"].browse(ids)
        documents = moves._progbox_documents()
        answered = moves.filtered(
            lambda move: (
                move.id in documents
                and self._has_answer(
                    move.with_company(move.company_id), documents[move.id]
                )
            )
        )
        if answered:
            self.env["progbox.archive.job"]._enqueue_moves(answered, "answer")
        return ids[-1] if ids else None

    @api.model
    def _has_answer(self, move, documents):
        """Whether an answer has come that these files, or the archive, do without."""
        send = self.env["account.move.send"]
        return send._progbox_is_overtaken(move, documents) or bool(
            # What is signed is archived with what was sent.
            move.invoice_pdf_report_id and authorities.replies(move)
        )

    @api.model
    def _unanswered_sql(self, after):
        """Return, as SQL, a page of invoices that an answer may be missing of.

        :param int after: id of the invoice before the first
        """
        self.env.flush_all()
        replied = authorities.replied_sql(self.env, self._seen_until())
        return SQL(
            """SELECT move.id
            FROM (%(unanswered)s) unanswered(id)
            JOIN account_move move ON move.id = unanswered.id AND %(to_archive)s
            WHERE move.id > %(after)s AND NOT %(queued)s
            ORDER BY move.id LIMIT %(limit)s""",
            unanswered=SQL(" UNION ").join(filter(None, (self._early_sql(), replied))),
            to_archive=self.env["account.move"]._progbox_to_archive_sql(SQL("move")),
            queued=self._queued_sql(SQL("move.id")),
            after=after,
            limit=BATCH_SIZE,
        )

    @api.model
    def _early_sql(self):
        """Return, as SQL, the ids of invoices archived before an authority's answer.

        Those that have changed lately: an answer is written on the invoice.
        """
        return SQL(
            """SELECT document.res_id
            FROM progbox_document document
            JOIN account_move early ON early.id = document.res_id
            WHERE document.before_answer AND document.res_model = 'account.move'
            AND early.write_date >= %(since)s
            AND NOT %(superseded)s""",
            superseded=self.env["progbox.document"]._superseded_sql(SQL("document")),
            since=self._seen_until(),
        )

    @api.model
    def _queued_sql(self, move_id, put_off=True):
        """Return whether an invoice has a job that is still open, or to fix.

        :param SQL move_id: its id, in the statement around
        :param bool put_off: whether a job that comes last counts
        """
        return SQL(
            """EXISTS (
                SELECT FROM progbox_archive_job job WHERE job.move_id = %s
                AND job.state IN ('pending', 'running', 'waiting', 'failed')
                AND (%s OR job.priority != %s)
            )""",
            move_id,
            put_off,
            PUT_OFF,
        )

    @api.model
    def _seen_until(self):
        text = self.env["ir.config_parameter"].sudo().get_param(SEEN_UNTIL)
        return fields.Datetime.to_datetime(text) or datetime.min

    @api.model
    def _remember_seen(self):
        """Let the next runs look at what was attached lately, once a day."""
        seen = self.env.cr.now() - OVERLAP
        if seen - self._seen_until() > OVERLAP:
            parameters = self.env["ir.config_parameter"].sudo()
            parameters.set_param(SEEN_UNTIL, fields.Datetime.to_string(seen))

    @api.model
    def _queue_length(self):
        return self.env["progbox.archive.job"].search_count(
            Domain("state", "=", "pending")
            & Domain("reason", "!=", "posting")
            # These come last, and may wait for hours.
            & Domain("priority", "!=", PUT_OFF),
            limit=BATCH_SIZE,
        )

    @api.model
    def _queries(self):
        """Return, per reason, the query for the ids of invoices without archive."""
        self.env.flush_all()
        expected = self._expected_sql()
        return {
            "catchup": self._missing_sql(expected),
            "history": self._missing_sql(
                SQL("NOT %s AND company.progbox_archive_history", expected)
            ),
            "legal": self._changed_sql(),
        }

    @api.model
    def _expected_sql(self):
        """Return, as SQL, whether an invoice is of the time since the archive started.

        A draft from before may have been posted since, past Odoo: nothing says when.
        Its own date does: who dates an invoice later than that owes a document.
        """
        return SQL(
            "(move.create_date >= company.progbox_archive_started"
            " OR coalesce(move.invoice_date, move.date)"
            " > company.progbox_archive_started::date)"
        )

    @api.model
    def _missing_sql(self, condition):
        """Return, as SQL, the query for invoices with neither job nor archived file."""
        return SQL(
            """SELECT move.id
            FROM account_move move
            JOIN res_company company ON company.id = move.company_id
            WHERE %(to_archive)s AND (%(condition)s)
            AND NOT EXISTS (
                SELECT FROM progbox_archive_job job
                WHERE job.move_id = move.id AND job.state != 'cancelled'
            )
            AND NOT EXISTS (
                SELECT FROM progbox_document document
                WHERE document.res_model = 'account.move'
                AND document.res_id = move.id AND %(archived)s
            )
            ORDER BY move.id LIMIT %(limit)s""",
            to_archive=self.env["account.move"]._progbox_to_archive_sql(SQL("move")),
            archived=self.env["progbox.document"]._archived_sql(SQL("document")),
            condition=condition,
            limit=BATCH_SIZE,
        )

    @api.model
    def _changed_sql(self):
        """Return, as SQL, the query for invoices whose legal PDF is not archived.

        Only what was attached since all was found: else the whole history would be
        compared each time.
        """
        return SQL(
            """SELECT legal.res_id
            FROM ir_attachment legal
            JOIN account_move move ON move.id = legal.res_id AND %(to_archive)s
            WHERE legal.res_model = 'account.move'
            AND legal.res_field = 'invoice_pdf_report_file'
            AND legal.write_date >= %(since)s
            AND EXISTS (
                SELECT FROM progbox_document document
                WHERE document.res_model = 'account.move'
                AND document.res_id = legal.res_id AND %(archived)s
            )
            AND NOT EXISTS (
                SELECT FROM progbox_document document
                JOIN ir_attachment content ON content.res_model = 'progbox.document'
                AND content.res_field = 'content' AND content.res_id = document.id
                WHERE document.res_model = 'account.move'
                AND document.res_id = legal.res_id
                AND %(archived)s
                AND content.checksum = legal.checksum
            )
            AND NOT %(queued)s
            ORDER BY legal.res_id LIMIT %(limit)s""",
            to_archive=self.env["account.move"]._progbox_to_archive_sql(SQL("move")),
            queued=self._queued_sql(SQL("legal.res_id")),
            archived=self.env["progbox.document"]._archived_sql(SQL("document")),
            since=self._seen_until(),
            limit=BATCH_SIZE,
        )
