"""While a page is being made, nobody waits: the invoice can be edited and reset."""

import io
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from json import dumps
from pathlib import Path
from urllib.parse import urlencode

import pytest
from living_odoo import Client, Database, wait_for
from progbox_env import clone_database, drop_database, sql, start_odoo
from progbox_env.databases import filestore
from pypdf import PdfReader

NAME = "progbox_locks"
REPORT = "account.report_invoice_with_payments"
# Holds each page back that has what is in the file HOLD, as long as that is there, and
# says so in AT_IT.
RENDERER = """#!/bin/sh
if [ "$1" != --version ]; then
    while [ -e HOLD ] && grep -qsF -f HOLD -- "$@"; do echo $$ > AT_IT; sleep 0.05; done
fi
exec REAL "$@"
"""
# What has met somebody else would come again in a minute.
AGAIN = """
    UPDATE progbox_archive_job SET next_try = create_date
    WHERE NOT begun AND state = 'pending' AND next_try > create_date;
    INSERT INTO ir_cron_trigger (cron_id, call_at)
    SELECT id, now() AT TIME ZONE 'UTC' FROM ir_cron WHERE active
"""


class SlowRenderer:
    """A wkhtmltopdf that begins when it is told to."""

    def __init__(self, folder):
        self.hold, self.at_it = folder / "hold", folder / "at_it"
        script = RENDERER.replace("HOLD", str(self.hold))
        script = script.replace("AT_IT", str(self.at_it))
        script = script.replace("REAL", shutil.which("wkhtmltopdf"))
        binary = folder / "wkhtmltopdf"
        binary.write_text(script)
        binary.chmod(0o755)

    def hold_back(self, words="<"):
        """Hold the pages with these words, by default all."""
        self.at_it.unlink(missing_ok=True)
        self.hold.write_text(words)

    def is_at_it(self):
        return self.at_it.exists() and self.at_it.read_text().strip()

    def is_held(self, process):
        return self.hold.exists() and Path(f"/proc/{process}").exists()


class Office:
    """Somebody who posts an invoice, and works on it while it is being archived."""

    def __init__(self, server, renderer):
        self.client = Client(server)
        self.database = Database(NAME)
        self.renderer = renderer
        # To show its QR code, Odoo writes an access token on the invoice.
        self.client("res.company", "write", [1], {"link_qr_code": True})
        self.partner = self.client("res.partner", "create", {"name": "Toiture"})

    def post(self):
        """Post an invoice; return it when its page is being made."""
        self.renderer.hold_back()
        line = [0, 0, {"name": "Tuiles", "quantity": 3, "price_unit": 40}]
        values = {
            "move_type": "out_invoice",
            "partner_id": self.partner,
            "invoice_date": "2026-11-02",
            "invoice_line_ids": [line],
        }
        [self.move] = self.client("account.move", "create", [values])
        self.client("account.move", "action_post", [self.move])
        self.process = wait_for(
            self.renderer.is_at_it, 60, "a page is made", self.database.wake_crons
        )

    def works(self, model, method, *arguments):
        """Call a method, which must be over while the page is still being made."""
        self.client(model, method, *arguments)
        assert self.renderer.is_held(self.process), f"{method} has waited for it"

    def write(self, **values):
        self.works("account.move", "write", [self.move], values)

    def print(self, moves):
        """Print invoices as one file, as the button does; return its text."""
        # Other than /report/pdf, Odoo does not take this request once more.
        report = f"/report/pdf/{REPORT}/{','.join(map(str, moves))}"
        path = "/report/download?" + urlencode({"data": dumps([report, "qweb-pdf"])})
        with self.client.opener.open(self.client.url + path, timeout=120) as answer:
            return self.text(io.BytesIO(answer.read()))

    def end(self, count):
        """Let the renderer go on until the job has come to an end."""
        self.renderer.hold.unlink()
        query = f"""SELECT state, attempts FROM progbox_archive_job
            WHERE move_id = {self.move}"""

        def ended():
            sql(AGAIN, NAME)
            self.database.wake_crons()
            jobs = self.database.rows(query)
            return (
                jobs if all(j["state"] in ("done", "cancelled") for j in jobs) else []
            )

        jobs = wait_for(ended, 120, "the archive is up to date", interval=0.5)
        assert len(jobs) == count
        return [job["state"] for job in jobs]

    def texts(self):
        """Return the text of every archived page of the invoice."""
        rows = self.database.rows(
            f"""SELECT file.store_fname FROM progbox_document document
            JOIN ir_attachment file ON file.res_model = 'progbox.document'
                AND file.res_id = document.id
            WHERE document.res_id = {self.move} AND document.res_model = 'account.move'
                AND document.mimetype = 'application/pdf' ORDER BY document.id"""
        )
        paths = [filestore(NAME) / row["store_fname"] for row in rows]
        # wkhtmltopdf puts tabs between the words.
        return [" ".join(self.text(path).split()) for path in paths]

    def text(self, path):
        return "".join(page.extract_text() for page in PdfReader(path).pages)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    clone_database(NAME)
    sql(
        """UPDATE ir_cron SET active = FALSE WHERE id NOT IN (
            SELECT res_id FROM ir_model_data WHERE model = 'ir.cron'
            AND module = 'progbox_invoice_archive' AND name = 'ir_cron_archive')""",
        NAME,
    )
    folder = tmp_path_factory.mktemp("renderer")
    renderer = SlowRenderer(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(folder), prepend=os.pathsep)
        with start_odoo(NAME, cron_threads=1) as server:
            yield Office(server, renderer)
            renderer.hold.unlink(missing_ok=True)
    drop_database(NAME)


def test_no_row_is_locked_and_the_edited_invoice_is_archived(office):
    office.post()
    for table, condition in (
        ("account_move", f"id = {office.move}"),
        ("account_move_line", f"move_id = {office.move}"),
        ("res_partner", f"id = {office.partner}"),
    ):
        sql(f"SELECT id FROM {table} WHERE {condition} FOR UPDATE NOWAIT", NAME)
    office.write(ref="COMMANDE 4711")
    office.write(narration="Merci de votre confiance")
    assert office.end(1) == ["done"]
    [text] = office.texts()
    assert "4711" in text and "confiance" in text


def test_a_line_and_the_client_are_edited(office):
    office.post()
    [line] = office.client(
        "account.move.line",
        "search",
        [["move_id", "=", office.move], ["display_type", "=", "product"]],
    )
    office.works("account.move.line", "write", [line], {"name": "Ardoises"})
    assert office.end(1) == ["done"]
    [text] = office.texts()
    assert "Ardoises" in text and "Tuiles" not in text

    office.post()
    office.works("res.partner", "write", [office.partner], {"street": "3 quai Nord"})
    assert office.end(1) == ["done"]
    [text] = office.texts()
    assert "3 quai Nord" in text


def test_back_to_draft_and_posted_again(office):
    office.post()
    office.works("account.move", "button_draft", [office.move])
    office.write(ref="CORRIGE")
    office.works("account.move", "action_post", [office.move])
    assert set(office.end(2)) == {"done"}
    assert "CORRIGE" in office.texts()[-1]
    assert len(office.texts()) == 1


def test_back_to_draft(office):
    office.post()
    office.works("account.move", "button_draft", [office.move])
    assert office.end(1) == ["cancelled"]
    assert office.texts() == []


def test_a_changed_invoice_that_is_printed_with_others(office):
    """One is changed again meanwhile: that print is no error, the next one is new."""
    moves = []
    for _number in range(2):
        office.post()
        assert office.end(1) == ["done"]
        moves.append(office.move)
    sql("UPDATE ir_cron SET active = FALSE", NAME)  # nobody but the door archives
    for move, ref in zip(moves, ("PREMIERE", "SECONDE"), strict=True):
        office.client("account.move", "write", [move], {"ref": ref})
    office.renderer.hold_back("SECONDE")
    with ThreadPoolExecutor() as pool:
        printed = pool.submit(office.print, moves)
        office.process = wait_for(office.renderer.is_at_it, 60, "the second page")
        office.move = moves[0]
        office.write(narration="Merci de votre confiance")
        office.renderer.hold.unlink()
        text = printed.result()
    assert "PREMIERE" in text and "SECONDE" in text
    # Undisturbed, it is archived at the door.
    text = office.print(moves)
    assert "SECONDE" in text and "confiance" in text
    assert "confiance" in office.texts()[-1]
