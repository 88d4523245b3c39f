"""Verifying 20,000 sealed files of 60 kB beside a bare hashlib loop; what a seal costs,
and what the guards cost other attachments.

The loop reads the same files in the same order: open, read, SHA-256, nothing else.
"""

import hashlib
import os
import statistics
from unittest.mock import patch

from attachments import overhead_ratio
from memory import memory_growth
from progbox_env import databases

from odoo import fields

FILES, SIZE = 20_000, 60_000
DEPOSITS = 40  # per round
GOALS = {
    "ratio_to_hashlib": ">= 0.7",
    "memory_growth_mb": "< 50",
    "seal_ms": "<= 2",
    "attachment_overhead_ratio": "<= 1.05",
}


def run(tools, quick):
    with tools.environment(tools.clone("verify")) as env:
        archive = Archive(env)
        seal_ms = archive.seal_ms(tools)
        overhead = overhead_ratio(env, tools, rounds=3 if quick else 9)
        archive.fill(FILES // 10 if quick else FILES)
        tools.note(f"{archive.count()} files sealed")
        paths = archive.paths()
        growth = memory_growth(archive.verify)
        times = tools.interleaved(
            {"verify": archive.verify, "hashlib": lambda: digest(paths)},
            rounds=5,
            after=lambda: archive.check(paths),
        )
        return {
            "verify_s": times.median("verify"),
            "hashlib_s": times.median("hashlib"),
            "ratio_to_hashlib": times.ratio("hashlib", "verify"),
            "memory_growth_mb": growth,
            "seal_ms": seal_ms,
            "attachment_overhead_ratio": overhead,
        }


class Archive:
    """An archive of files that no invoice stands behind."""

    def __init__(self, env):
        self.env = env
        self.company = env.company
        folder = env["progbox.folder"]._archive_folder(
            self.company, fields.Date.to_date("2026-11-02")
        )
        self.values = {
            "folder_id": folder.id,
            "company_id": self.company.id,
            "type_id": env.ref(
                "progbox_invoice_archive.document_type_customer_invoice"
            ).id,
            "mimetype": "application/pdf",
            "partner_name": "Maçonnerie Lefèvre",
            "amount_total": 240,
            "currency_name": "EUR",
            "document_date": "2026-11-02",
            "origin": "generated",
            "made_with": {"renderer": "wkhtmltopdf 0.12.6"},
        }
        env.cr.commit()

    def deposit(self, number):
        staged = self.env["ir.attachment"]._progbox_stage([os.urandom(SIZE)])
        values = {"name": f"{number}.pdf", "number": f"INV/{number}"}
        self.env["progbox.document"]._deposit(self.values | values, staged)
        self.env.flush_all()

    def fill(self, count):
        # Making the files is not measured: it need not survive a power cut.
        with patch("os.fsync"):
            for number in range(count):
                self.deposit(number)
                if number % 500 == 499:
                    self.env.cr.commit()
                    self.env.invalidate_all()
        self.env.cr.commit()
        # What was made would be written to the disk, and tidied up, meanwhile.
        os.sync()
        databases.sql("VACUUM ANALYZE", self.env.cr.dbname)

    def seal_ms(self, tools):
        """What sealing adds to depositing one document."""
        Document = type(self.env["progbox.document"])

        def deposit():
            for number in range(DEPOSITS):
                self.deposit(number)
            self.env.cr.rollback()

        def without():
            with patch.object(Document, "_seal", lambda self: None):
                deposit()

        times = tools.interleaved({"with": deposit, "without": without}, rounds=9)
        pairs = zip(times["with"], times["without"], strict=True)
        return 1000 * statistics.median(a - b for a, b in pairs) / DEPOSITS

    def count(self):
        return self.env["progbox.seal"].search_count([])

    def paths(self):
        self.env.cr.execute(
            """SELECT file.store_fname FROM progbox_seal seal
            JOIN ir_attachment file ON file.res_model = 'progbox.document'
                AND file.res_field = 'content' AND file.res_id = seal.document_id
            WHERE seal.company_id = %s ORDER BY seal.sequence""",
            [self.company.id],
        )
        root = self.env["ir.attachment"]._filestore()
        return [os.path.join(root, name) for [name] in self.env.cr.fetchall()]

    def verify(self):
        runs = self.env["progbox.verification"]
        self.run = runs._start_here(self.company, {"door": "command"})
        self.env.cr.commit()
        self.run._job_process(self._commit)
        self.env.cr.commit()

    def check(self, paths):
        """Make sure that the last verification read all files, and found nothing."""
        assert self.run.files == len(paths), self.run.error
        found = self.run.finding_ids.filtered(
            lambda finding: finding.kind != "invoice_missing"
        )
        assert not found, found.mapped("message")[:3]

    def _commit(self):
        self.env.cr.commit()
        return float("inf")


def digest(paths):
    for path in paths:
        with open(path, "rb") as file:
            hashlib.sha256(file.read()).hexdigest()
