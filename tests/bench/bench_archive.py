"""Archiving posted invoices, by one worker and by two, beside Odoo's own rendering.

Odoo's side is what Send & Print does for one invoice after the other: it renders with
the stock delay, fetches the style sheets from a running server, and attaches the PDF.
Ours runs the scheduled action. The pages of both delays are compared, too.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

from invoices import posted_invoices
from pixels import pages_at_stock_delay, pages_of, pixel_difference
from progbox_env import start_odoo

GOALS = {
    "ratio_to_render": "<= 0.25",
    "speedup_two_workers": ">= 1.8",
    "pixel_difference": "= 0",
}
SIZE, ROUNDS = 50, 3
SMALL_SIZE, SMALL_ROUNDS = 10, 5  # beside Odoo, which needs a second for each
LINES = (3, 40, 100)  # the last one makes four pages at least


def run(tools, quick):
    ours, odoo = tools.clone("archive"), tools.clone("archive_odoo", False)
    size, small = (5, 1) if quick else (SIZE, SMALL_SIZE)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(start_odoo(odoo))
        env = stack.enter_context(tools.environment(ours))
        rendering = Rendering(stack.enter_context(tools.environment(odoo)), server)
        rendering.prepare(small * (SMALL_ROUNDS + 1))
        queue = Queue(env)
        queue.prepare(small * (SMALL_ROUNDS + 1) + size * (ROUNDS + 1) * 2)
        one, other = (stack.enter_context(Worker(ours, n)) for n in (0, 1))
        beside = tools.interleaved(
            {
                "archive": lambda: queue.archive(small, one),
                "odoo": lambda: rendering.render(small),
            },
            SMALL_ROUNDS,
        )
        workers = tools.interleaved(
            {
                "one": lambda: queue.archive(size, one),
                "two": lambda: queue.archive(size, one, other),
            },
            ROUNDS,
        )
        queue.check_all_done()
        difference = compare_pages(tools, env)
    return {
        "ratio_to_render": beside.ratio("archive", "odoo"),
        "speedup_two_workers": workers.ratio("one", "two"),
        "pixel_difference": difference,
        "ms_per_invoice_odoo": beside.median("odoo") * 1000 / small,
        "ms_per_invoice_one_worker": workers.median("one") * 1000 / size,
        "ms_per_invoice_two_workers": workers.median("two") * 1000 / size,
    }


class Rendering:
    """Odoo as it comes."""

    def __init__(self, env, server):
        self.env = env
        env["ir.config_parameter"].set_param("report.url", server.url)

    def prepare(self, count):
        self.invoices = iter(posted_invoices(self.env, count))

    def render(self, count):
        send = self.env["account.move.send"]
        for _number in range(count):
            invoice = next(self.invoices)
            settings = {
                "sending_methods": set(),
                "extra_edis": set(),
                "invoice_edi_format": False,
                "pdf_report": send._get_default_pdf_report_id(invoice),
            }
            send._generate_invoice_documents({invoice: settings})
            self.env.cr.commit()
            assert invoice.invoice_pdf_report_id


class Queue:
    """Jobs that are kept back until it is their turn."""

    def __init__(self, env):
        self.env = env
        self.jobs = env["progbox.archive.job"]
        self.jobs._job_set_workers(2)

    def prepare(self, count):
        posted_invoices(self.env, count)
        self.env.cr.execute(
            "UPDATE progbox_archive_job SET next_try = next_try + interval '1 day'"
            " WHERE state = 'pending' RETURNING id"
        )
        self.kept_back = sorted(id_ for [id_] in self.env.cr.fetchall())
        self.env.cr.commit()

    def archive(self, count, *workers):
        """Let the workers archive some invoices; returns when they are archived."""
        ids, self.kept_back = self.kept_back[:count], self.kept_back[count:]
        self.env.cr.execute(
            "UPDATE progbox_archive_job SET next_try = next_try - interval '1 day'"
            " WHERE id = ANY(%s)",
            [ids],
        )
        self.env.cr.commit()
        for worker in workers:
            worker.begin()
        for worker in workers:
            worker.wait()

    def check_all_done(self):
        assert not self.jobs.search([("state", "!=", "done")])


class Worker:
    """A process that archives when it is told to."""

    def __init__(self, database, number):
        script = Path(__file__).with_name("archive_worker.py")
        self.process = subprocess.Popen(
            [sys.executable, script, database, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        self.wait()
        return self

    def __exit__(self, *_error):
        self.process.stdin.close()
        self.process.wait()

    def begin(self):
        self.process.stdin.write("archive\n")
        self.process.stdin.flush()

    def wait(self):
        assert self.process.stdout.readline() == "ready\n", "the worker has died"


def compare_pages(tools, env):
    """What differs between what is archived and a render at the stock delay."""
    difference = pages = 0
    for lines in LINES:
        invoice = posted_invoices(env, 1, lines)
        env["progbox.archive.job"]._job_run()
        archived = pages_of(invoice)
        difference += pixel_difference(archived, pages_at_stock_delay(invoice))
        pages += len(archived)
    assert len(archived) >= 4
    tools.note(f"pages compared: {pages}")
    return difference
