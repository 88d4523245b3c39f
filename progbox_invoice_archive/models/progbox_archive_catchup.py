from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.planning import without_compiling
from . import authorities
from .invoice_neighbours import PUT_OFF
from .progbox_archive_job import REPLY_TYPE

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
        send = self.env["account.move.send"]
        ids = [id_ for [id_] in self.env.execute_query(self._unanswered_sql(after))]
        moves = self.env["account.move"].browse(ids)
        documents = moves._progbox_documents()
        answered = moves.filtered(
            lambda move: send._progbox_is_overtaken(
                move.with_company(move.company_id), documents.get(move.id, ())
            )
        )
        if answered:
            self.env["progbox.archive.job"]._enqueue_moves(answered, "answer")
        return ids[-1] if ids else None

    @api.model
    def _unanswered_sql(self, after):
        """Return, as SQL, a page of invoices archived before an authority's answer.

        Those that have changed lately: an answer is written on the invoice.

        :param int after: id of the invoice before the first
        """
        self.env.flush_all()
        return SQL(
            """SELECT DISTINCT move.id
            FROM progbox_document document
            JOIN account_move move ON move.id = document.res_id AND %(to_archive)s
            WHERE document.before_answer AND document.res_model = 'account.move'
            AND move.id > %(after)s
            AND move.write_date >= %(since)s
            AND NOT %(superseded)s
            AND NOT %(queued)s
            ORDER BY move.id LIMIT %(limit)s""",
            to_archive=self.env["account.move"]._progbox_to_archive_sql(SQL("move")),
            queued=self._queued_sql(SQL("move.id")),
            superseded=self.env["progbox.document"]._superseded_sql(SQL("document")),
            after=after,
            since=self._seen_until(),
            limit=BATCH_SIZE,
        )

    @api.model
    def _queued_sql(self, move_id, put_off=True):
        """Return whether an invoice has a job that is still open, or to fix.

        :param SQL move_id: its id, in the statement around
        :param bool put_off: whether a job that waits for hours counts
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
            # These wait for hours.
            & Domain("priority", "!=", PUT_OFF),
            limit=BATCH_SIZE,
        )

    @api.model
    def _queries(self):
        """Return, per reason, the query for the ids of invoices without archive."""
        self.env.flush_all()
        expected = self._expected_sql()
        queries = {
            "catchup": self._missing_sql(expected),
            "history": self._missing_sql(
                SQL("NOT %s AND company.progbox_archive_history", expected)
            ),
            "legal": self._changed_sql(),
        }
        if replied := authorities.replied_sql(self.env):
            queries["answer"] = self._unarchived_replies_sql(replied)
        return queries

    @api.model
    def _unarchived_replies_sql(self, replied):
        """Return, as SQL, the query for sent invoices whose answer is not archived.

        :param SQL replied: see :func:`authorities.replied_sql`
        """
        return SQL(
            """SELECT move.id
            FROM account_move move
            WHERE move.id IN (%(replied)s) AND %(to_archive)s
            AND EXISTS (
                SELECT FROM ir_attachment legal
                WHERE legal.res_model = 'account.move' AND legal.res_id = move.id
                AND legal.res_field = 'invoice_pdf_report_file'
            )
            AND EXISTS (
                SELECT FROM progbox_document document
                WHERE document.res_model = 'account.move'
                AND document.res_id = move.id AND %(archived)s
            )
            AND NOT EXISTS (
                SELECT FROM progbox_document reply
                WHERE reply.res_model = 'account.move'
                AND reply.res_id = move.id AND reply.series = %(series)s
            )
            AND NOT %(queued)s
            ORDER BY move.id LIMIT %(limit)s""",
            replied=replied,
            to_archive=self.env["account.move"]._progbox_to_archive_sql(SQL("move")),
            archived=self.env["progbox.document"]._archived_sql(SQL("document")),
            queued=self._queued_sql(SQL("move.id")),
            series=REPLY_TYPE,
            limit=BATCH_SIZE,
        )

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
