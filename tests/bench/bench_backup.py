"""One backup of 2,000 vendor bills through Odoo, from asking for it to the document.

It goes from step to step as a worker does. A server ends a scheduled action after 120
seconds, so the longest stretch that cannot be left has to be well below that.
"""

import io
import time

from memory import memory_growth
from reportlab.pdfgen.canvas import Canvas

from odoo.fields import Command

BILLS = 2_000
COMMIT_SECONDS = 2
GOALS = {"longest_stretch_s": "< 60", "memory_growth_mb": "< 200"}


def run(tools, quick):
    count = BILLS // 10 if quick else BILLS
    with tools.environment(tools.clone("backup")) as env:
        bills = received_bills(env, count)
        tools.note(f"{count} vendor bills")
        backup = Backup(env, bills)
        growth = memory_growth(backup.work)
        assert backup.job.page_count >= count, backup.job.error
        return {
            "total_s": backup.total,
            "longest_stretch_s": backup.longest,
            "memory_growth_mb": growth,
            "pages": backup.job.page_count,
            "assembly_s": backup.seconds["assemble"],
        }


def received_bills(env, count):
    """As many committed bills, each with the PDF that was received, and one without."""
    vendor = env["res.partner"].create({"name": "Bench"})
    line = Command.create({"name": "Poste", "quantity": 1, "price_unit": 100})
    bills = env["account.move"]
    for start in range(0, count, 500):
        bills += bills.create(
            [
                {
                    "move_type": "in_invoice",
                    "partner_id": vendor.id,
                    "ref": f"B-{number:05}",
                    "invoice_date": "2026-03-10",
                    "invoice_line_ids": [line],
                }
                for number in range(start, min(start + 500, count))
            ]
        )
    files = env["ir.attachment"].create(
        [
            {
                "name": f"{bill.ref}.pdf",
                "raw": page(bill.ref),
                "res_model": "account.move",
                "res_id": bill.id,
            }
            for bill in bills
        ]
    )
    for bill, file in zip(bills[1:], files[1:], strict=True):
        bill.message_main_attachment_id = file
    env.cr.commit()
    return bills


def page(text):
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 700, text)
    canvas.save()
    return buffer.getvalue()


class Backup:
    """The work of a worker, with the time between the moments at which it may end."""

    def __init__(self, env, bills):
        user = env.ref("base.user_admin")
        jobs = env["progbox.compilation"].with_user(user)
        asked = jobs._request(bills.with_user(user))
        self.job = env["progbox.compilation"].browse(asked.id)
        self.seconds, self.longest = {}, 0

    def work(self):
        job, begun = self.job, time.perf_counter()
        job._job_begin_attempt()
        left = committed = begun
        for progress in job._job_steps():
            step, now = job.step, time.perf_counter()
            if progress is not None:
                self.longest = max(self.longest, now - left)
                self.seconds[step] = self.seconds.get(step, 0) + now - left
                left = now
            job._job_write(progress or {})
            if now - committed >= COMMIT_SECONDS:
                job._job_renew()
                job.env.cr.commit()
                committed = now
        job._job_finish("done")
        job.env.cr.commit()
        self.total = time.perf_counter() - begun
