"""The queue and its queries at 10,000 invoices beside 100,000, first job beside last.

All posted invoices but a few hundred are archived and were sent; the rest is history
that the catch-up has to find. The rows are made with SQL.

The long queue: 100,000 jobs that do nothing, in one run, one by one and in batches.
What the engine takes for each is the same from the first to the last: the processor's
time, of Odoo and of PostgreSQL. Nobody waits for the disk, for each job has three
commits.
"""

import contextlib
import statistics
import time
from unittest.mock import patch

from invoices import posted_invoices
from progbox_env.bench import processor_seconds
from rows import copy_rows

from odoo.tools import SQL

SIZES = (10_000, 100_000)
HISTORY = 600
ROUNDS = 9
LONG_QUEUE = 100_000
# Jobs that are taken at once, and how many are looked at, at either end.
BATCH = 200
END = 1_000
GOALS = {
    "growth": "<= 1.2",
    "growth_in_batches": "<= 1.2",
    "next_job_ms_100000": "<= 5",
    "archived_files_ms_100000": "<= 5",
    "list_ms_100000": "<= 20",
    "search_ms_100000": "<= 500",
    "settings_ms_100000": "<= 500",
    "catchup_ms_100000": "<= 1000",
    "batch_of_history_ms_100000": "<= 1500",
}


def run(tools, quick):
    figures = {}
    with tools.environment(tools.clone("queue")) as env:
        archive = Archive(env)
        for size in SIZES:
            if quick:
                size //= 10
            archive.grow(size)
            for name, question in archive.questions().items():
                figures[f"{name}_ms_{size}"] = measure(env, question)
        length = LONG_QUEUE // 10 if quick else LONG_QUEUE
        for suffix, batch in (("", 1), ("_in_batches", BATCH)):
            ends = archive.run_long_queue(length, batch)
            for name, milliseconds in zip(("first", "last"), ends, strict=True):
                figures[f"{name}_{END}_ms_per_job{suffix}"] = milliseconds
            figures[f"growth{suffix}"] = ends[1] / ends[0]
    return figures


def measure(env, question):
    times = []
    for _round in range(ROUNDS):
        env.invalidate_all()
        start = time.perf_counter()
        question()
        times.append((time.perf_counter() - start) * 1000)
        env.cr.rollback()
    return statistics.median(times)


class Archive:
    """Invoices, jobs, documents and attachments, as rows."""

    def __init__(self, env):
        self.env = env
        self.move = posted_invoices(env, 1)
        env["progbox.archive.job"]._job_run()
        self.document = self.move._progbox_documents()[self.move.id]
        self.job = env["progbox.archive.job"].search([("state", "=", "done")], limit=1)
        self.content = self.document._content_attachment()
        self.company = self.move.company_id
        self.size, self.history = 1, []
        # The guards let nobody copy what is sealed.
        for table in ("progbox_archive_job", "progbox_document", "ir_attachment"):
            env.cr.execute(
                SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table))
            )
        # For the long queue.
        env.cr.execute("SET synchronous_commit TO off")
        env.cr.commit()

    def questions(self):
        """What is asked again and again, by name."""
        env = self.env
        jobs, documents = env["progbox.archive.job"], env["progbox.document"]
        missing = [("progbox_archive_state", "=", "missing")]
        settings = env["res.config.settings"].new({"company_id": self.company.id})
        return {
            "next_job": lambda: jobs._job_lock_next(queue_run()),
            "archived_files": lambda: self.move._progbox_documents(),
            "list": lambda: documents.search_fetch(
                [("superseded", "=", False)], limit=80
            ),
            "search": lambda: env["account.move"].search(missing, limit=80),
            "settings": settings._progbox_counts,
            "catchup": env["progbox.archive.catchup"]._run_once,
            "batch_of_history": self.batch_of_history,
        }

    def batch_of_history(self):
        self.company.progbox_archive_history = True
        found = self.env["progbox.archive.catchup"]._run_once()
        assert found == 500, found

    def grow(self, size):
        """Fill up to that many archived invoices, and some of history."""
        self.env.cr.execute(
            "DELETE FROM account_move WHERE id = ANY(%s)", [self.history]
        )
        first, self.size = self.size + 1, size
        numbers = SQL("generate_series(%s, %s) AS number", first, size + HISTORY)
        move = {
            "name": SQL("'BENCH/' || number"),
            "sequence_prefix": SQL("'BENCH/'"),
            "sequence_number": SQL("number"),
            # What is older than the archive is history.
            "create_date": SQL(
                "CASE WHEN number > %s THEN timestamp '2001-01-01'"
                " ELSE template.create_date END",
                size,
            ),
        }
        new = copy_rows(self.move, numbers, move)
        archived, self.history = new[:-HISTORY], new[-HISTORY:]
        rows = SQL("unnest(%s) AS move_id", archived)
        copy_rows(self.job, rows, {"move_id": SQL("rows.move_id")})
        files = copy_rows(self.document, rows, {"res_id": SQL("rows.move_id")})
        unique = SQL("md5(rows.file_id::text)")
        for model, field, ids in (
            ("progbox.document", "content", files),
            ("account.move", "invoice_pdf_report_file", archived),
        ):
            values = {
                "res_model": SQL("%s", model),
                "res_field": SQL("%s", field),
                "res_id": SQL("rows.file_id"),
                "checksum": unique
                if model == "progbox.document"
                else SQL(
                    "(SELECT md5(d.id::text) FROM progbox_document d"
                    " WHERE d.res_model = 'account.move' AND d.res_id = rows.file_id)"
                ),
            }
            rows = SQL("unnest(%s) AS file_id", ids)
            copy_rows(self.content, rows, values)
        self.env.cr.execute(
            "ANALYZE account_move, progbox_archive_job, progbox_document, ir_attachment"
        )
        self.env.cr.commit()

    # ------------------------------------------------------------------
    # The long queue
    # ------------------------------------------------------------------

    def run_long_queue(self, length, batch):
        """Do so many jobs in one run.

        :return: milliseconds of the processor per job at the begin of the queue, and
            at its end
        """
        numbers = SQL("generate_series(1, %s) AS number", length)
        values = {
            "state": SQL("'pending'"),
            "next_try": SQL("now() AT TIME ZONE 'UTC'"),
        }
        ids = copy_rows(self.job, numbers, values)
        self.env.cr.execute("ANALYZE progbox_archive_job")
        self.env.cr.commit()
        times, backends = [], [self.env.cr._cnx.info.backend_pid]

        def note():
            times.append(processor_seconds(backends))

        jobs = self.env["progbox.archive.job"]
        with doing_nothing(jobs, batch, note):
            jobs._job_run()
        assert len(times) == length, len(times)
        assert not jobs.search_count([("id", "in", ids), ("state", "!=", "done")])
        self.env.cr.execute("DELETE FROM progbox_archive_job WHERE id = ANY(%s)", [ids])
        self.env.cr.commit()
        return per_job(times[: END + 1]), per_job(times[-END - 1 :])


@contextlib.contextmanager
def doing_nothing(jobs, batch, note):
    """Let the jobs do nothing but note that they were done, in batches or not."""
    replaced = {
        "_job_batch_size": batch,
        "_job_prepare": lambda _job: None,
        "_job_begin_execution": lambda _job: None,
        "_job_execute": lambda _job, _prepared: note(),
    }
    with contextlib.ExitStack() as stack:
        for name, value in replaced.items():
            stack.enter_context(patch.object(type(jobs), name, value, create=True))
        yield


def per_job(times):
    """Return milliseconds per job: of five parts the median, for something disturbs."""
    parts = [times[begin : begin + BATCH + 1] for begin in range(0, END, BATCH)]
    return statistics.median(
        (part[-1] - part[0]) * 1000 / (len(part) - 1) for part in parts
    )


def queue_run():
    """Return the begin of a run; the add-on is importable once Odoo has started."""
    from odoo.addons.progbox_invoice_archive.models.progbox_job_mixin import QueueRun

    return QueueRun()
