"""Downloading 2,000 and 20,000 invoices of 60 kB beside Odoo's own way and `zip -0`.

All of it over HTTP, from a running server, by a client that throws away what it gets.
Odoo's side is a server without our add-ons that has the same 2,000 files as the legal
PDFs of invoices.
"""

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench_verify import Archive
from invoices import posted_invoices
from memory import memory_growth
from progbox_env import HOME, ensure_packages, start_odoo
from rows import copy_rows

from odoo import fields
from odoo.tools import SQL

FEW, MANY, SIZE = 2_000, 20_000, 60_000
ROUNDS = 5
GOALS = {
    "first_byte_s_2000": "< 0.3",
    "first_byte_s_20000": "< 0.3",
    "speedup_over_odoo": ">= 5",
    "ratio_to_zip0": ">= 0.6",
    "memory_growth_mb": "< 40",
}


def run(tools, quick):
    ensure_packages(tests=True, only=["zip"])
    few, many = (FEW // 10, MANY // 10) if quick else (FEW, MANY)
    ours, odoo = tools.clone("zip"), tools.clone("zip_odoo", False)
    with contextlib.ExitStack() as stack:
        archive = ZipArchive(stack.enter_context(tools.environment(ours)))
        archive.fill_years(few, many)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=HOME)))
        archive.link_files(folder)
        legal = LegalFiles(stack.enter_context(tools.environment(odoo)))
        legal.create(archive.contents(few))
        tools.note(f"{many} documents archived, {few} of them as Odoo has them")
        server = stack.enter_context(start_odoo(ours))
        client = Client(server)
        stock = Client(stack.enter_context(start_odoo(odoo)))
        client.get(archive.url_of_few)  # fills the caches
        growth = max(
            memory_growth(lambda url=url: client.get(url), server.process.pid)
            for url in (archive.url_of_few, archive.url_of_all)
        )
        at_few = tools.interleaved(
            {
                "ours": lambda: client.get(archive.url_of_few),
                "odoo": lambda: stock.get(legal.url),
                "zip": lambda: zip_command(folder / "2025"),
            },
            ROUNDS,
        )
        first_few = client.median_first_byte(ROUNDS)
        at_many = tools.interleaved(
            {
                "ours": lambda: client.get(archive.url_of_all),
                "zip": lambda: zip_command(folder),
            },
            ROUNDS,
        )
        first_many = client.median_first_byte(ROUNDS)
    return {
        "first_byte_s_2000": first_few,
        "first_byte_s_20000": first_many,
        "speedup_over_odoo": at_few.ratio("odoo", "ours"),
        "ratio_to_zip0": min(at.ratio("zip", "ours") for at in (at_few, at_many)),
        "memory_growth_mb": growth,
        "ratio_to_zip0_2000": at_few.ratio("zip", "ours"),
        "ratio_to_zip0_20000": at_many.ratio("zip", "ours"),
        "total_s_2000": at_few.median("ours"),
        "total_s_20000": at_many.median("ours"),
        "odoo_total_s_2000": at_few.median("odoo"),
        "odoo_first_byte_s_2000": stock.median_first_byte(ROUNDS),
    }


class Client:
    """A browser that throws away what it gets, and notes when it came."""

    def __init__(self, server):
        self.port = server.port
        self.first_bytes = []
        params = {"db": server.database, "login": "admin", "password": "admin"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(
            "POST",
            "/web/session/authenticate",
            json.dumps({"params": params}),
            {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        self.cookie = answer.getheader("Set-Cookie").split(";")[0]
        connection.close()

    def get(self, url):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        with contextlib.closing(connection):
            start = time.perf_counter()
            connection.request("GET", url, headers={"Cookie": self.cookie})
            answer = connection.getresponse()
            length = len(answer.read(1))
            self.first_bytes.append(time.perf_counter() - start)
            assert answer.status == 200, answer.status
            buffer = bytearray(1 << 20)
            while count := answer.readinto(buffer):
                length += count
            assert length == int(answer.getheader("Content-Length"))

    def median_first_byte(self, rounds):
        return statistics.median(self.first_bytes[-rounds:])


class ZipArchive(Archive):
    """An archive of two years, the first of them small."""

    def fill_years(self, few, many):
        self.env["ir.config_parameter"].set_param(
            "progbox_invoice_archive.zip_limit", "10000"
        )
        months = [f"2025-{month:02}-15" for month in range(1, 13)]
        self.fill_months(months, few)
        self.url_of_few = self.url("2025")
        months = [date.replace("2025", "2026") for date in months]
        self.fill_months(months, many - few)
        self.url_of_all = self.url(".factures")

    def fill_months(self, dates, count):
        for number, date in enumerate(dates, 1):
            folder = self.env["progbox.folder"]._archive_folder(
                self.company, fields.Date.to_date(date)
            )
            self.values |= {"folder_id": folder.id, "document_date": date}
            self.month = f"{date[:4]}_{date[5:7]}"
            self.fill(count * number // 12 - count * (number - 1) // 12)

    def deposit(self, number):
        super().deposit(f"INV_{self.month}_{number:05}")

    def url(self, name):
        folder = self.env["progbox.folder"].search([("name", "=", name)])
        return f"/progbox/zip/folder/{folder.id}"

    def rows(self):
        self.env.cr.execute(
            """SELECT document.name, to_char(document.document_date, 'YYYY/MM'),
                file.store_fname, file.checksum
            FROM progbox_document document
            JOIN ir_attachment file ON file.res_model = 'progbox.document'
                AND file.res_field = 'content' AND file.res_id = document.id
            ORDER BY document.document_date, document.name"""
        )
        root = Path(self.env["ir.attachment"]._filestore())
        return [
            (name, month, root / stored, checksum)
            for name, month, stored, checksum in self.env.cr.fetchall()
        ]

    def link_files(self, folder):
        """Give the files the names that the `zip` command shall pack."""
        for name, month, path, _checksum in self.rows():
            (folder / month).mkdir(parents=True, exist_ok=True)
            (folder / month / name).symlink_to(path)

    def contents(self, count):
        return [(path, checksum) for _n, _m, path, checksum in self.rows()[:count]]


class LegalFiles:
    """Odoo as it comes, with the legal PDF of every invoice at hand."""

    def __init__(self, env):
        self.env = env

    def create(self, contents):
        move = posted_invoices(self.env, 1)
        numbers = SQL("generate_series(1, %s) AS number", len(contents))
        moves = copy_rows(
            move,
            numbers,
            {
                "name": SQL("'BENCH/' || number"),
                "sequence_prefix": SQL("'BENCH/'"),
                "sequence_number": SQL("number"),
            },
        )
        attachment = self.env["ir.attachment"].create(
            {
                "name": "invoice.pdf",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
                "raw": b"%PDF",
            }
        )
        root = Path(self.env["ir.attachment"]._filestore())
        for path, checksum in contents:
            target = root / checksum[:2] / checksum
            target.parent.mkdir(exist_ok=True)
            os.link(path, target)
        checksums = SQL(
            "unnest(%s, %s) AS file(move_id, checksum)",
            moves,
            [checksum for _path, checksum in contents],
        )
        copy_rows(
            attachment,
            checksums,
            {
                "res_id": SQL("rows.move_id"),
                "name": SQL("'INV_' || rows.move_id || '.pdf'"),
                "checksum": SQL("rows.checksum"),
                "store_fname": SQL("left(rows.checksum, 2) || '/' || rows.checksum"),
                "file_size": SQL("%s", SIZE),
            },
        )
        self.env.cr.execute("ANALYZE account_move, ir_attachment")
        self.env.cr.commit()
        ids = ",".join(map(str, moves))
        self.url = f"/account/download_invoice_documents/{ids}/pdf"


def zip_command(folder):
    """Pack a folder as people do, into a file."""
    target = folder.parent / "zip.zip"
    target.unlink(missing_ok=True)
    subprocess.run(["zip", "-0", "-r", "-q", target, "."], cwd=folder, check=True)
    target.unlink()
