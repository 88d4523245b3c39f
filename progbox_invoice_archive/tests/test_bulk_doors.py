from functools import partial
from io import BytesIO
from unittest.mock import patch
from zipfile import ZipFile

from odoo.tests import tagged

from odoo.addons.account.models.account_move import AccountMove

from ..models.invoice_words import InvoiceWords
from ..models.progbox_seal import ProgboxSeal
from ..tools.report import fonts, wkhtmltopdf
from .http_common import PatientCase
from .report_common import pages_of
from .same_document_common import SameDocumentCommon

FEW, MANY = 3, 12
DOORS = {
    "Export ZIP": "/account/download_move_attachments/{ids}",
    "all": "/account/download_invoice_documents/{ids}/all?allow_fallback=true",
    "pdf": "/account/download_invoice_documents/{ids}/pdf?allow_fallback=true",
}


@tagged("post_install", "-at_install")
class TestBulkDoors(SameDocumentCommon, PatientCase):
    """Doors of Odoo that give many invoices at once."""

    def setUp(self):
        super().setUp()
        self.authenticate("billing", "billing")

    def through(self, door, moves):
        self.env.flush_all()
        ids = ",".join(map(str, moves.ids))
        response = self.url_open(DOORS[door].format(ids=ids))
        self.assertEqual(response.status_code, 200, response.text[:1000])
        self.env.invalidate_all()
        return response.content

    def files(self, door, moves):
        """Return the files in the zip of a door."""
        with ZipFile(BytesIO(self.through(door, moves))) as file:
            return {file.read(name) for name in file.namelist()}

    def zips(self):
        return {door: partial(self.files, door) for door in DOORS}

    def print(self, moves):
        """Print invoices as one file; return its parts."""
        self.env.flush_all()
        self.env.invalidate_all()
        reports = self.reports().with_user(self.billing)
        streams, _type = reports._pre_render_qweb_pdf(
            "account.account_invoices", moves.ids
        )
        return {each["stream"].getvalue() for each in streams.values()}

    def test_the_queries_do_not_grow_with_unchanged_invoices(self):
        moves = self.move.union(*(self.archived() for _number in range(MANY - 1)))
        archived = {self.content(self.documents(move)) for move in moves}
        self.age_documents(moves)
        self.startPatcher(
            patch.object(InvoiceWords, "digests", side_effect=AssertionError)
        )

        def queries(door, moves):
            before = self.env.cr.sql_log_count
            door(moves)
            return self.env.cr.sql_log_count - before

        for name, door in {**self.zips(), "print": self.print}.items():
            with self.subTest(name):
                self.assertEqual(door(moves), archived)  # and what is asked once
                self.assertEqual(queries(door, moves[:FEW]), queries(door, moves))

    def test_each_is_written_down_as_taken(self):
        moves = self.move | self.archived()
        self.through("Export ZIP", moves)
        documents = self.documents(self.move) | self.documents(moves[1])
        log = self.server["progbox.access.log"].search(
            [("document_ref", "in", documents.ids), ("kind", "=", "download")]
        )
        self.assertEqual(set(log.mapped("document_ref")), set(documents.ids))
        self.assertEqual(set(log.mapped("user_ref")), {self.billing.id})

    def test_whoever_may_not_read_invoices_gets_none(self):
        self.authenticate("plain", "plain")
        before = self.server["progbox.access.log"].search_count([])
        for door in DOORS:
            response = self.url_open(DOORS[door].format(ids=self.move.id))
            self.assertNotIn(b"%PDF", response.content)
            self.assertNotEqual(response.status_code, 200)
        logged = self.server["progbox.access.log"].search([], offset=before)
        self.assertNotIn("download", logged.mapped("kind"))

    def test_all_pages_are_made_before_the_first_is_sealed(self):
        """Those of Odoo as well, of what is not archived."""
        other, gaps, draft = self.archived(), self.archived(), self.draft()
        self.complete()
        other.ref = "PO 4712"
        gaps.narration = "<p>GAP</p>"
        steps = []

        def lock(seals, lock=ProgboxSeal._lock):
            steps.append("locked")
            return lock(seals)

        def render(*args, render=wkhtmltopdf.to_pdf):
            steps.append("rendered")
            return render(*args)

        def proforma(move, make=AccountMove._get_invoice_pdf_proforma):
            steps.append("rendered")
            return make(move)

        with (
            patch.object(ProgboxSeal, "_lock", lock),
            patch.object(wkhtmltopdf, "to_pdf", render),
            patch.object(AccountMove, "_get_invoice_pdf_proforma", proforma),
            patch.object(fonts, "missing", lambda text: "X" if "GAP" in text else ""),
            self.assertLogs("odoo.addons.progbox_invoice_archive", "WARNING"),
        ):
            files = self.files("all", self.move | other | gaps | draft)
        for move, reference in ((self.move, "PO 4711"), (other, "PO 4712")):
            newest = self.documents(move)[-1]
            self.assertEqual(newest.version, 2)
            self.assertIn(self.content(newest), files)
            self.assertIn(reference, "".join(pages_of(self.content(newest))))
        self.assertEqual(len(files), 4)
        self.assertEqual(steps.count("rendered"), 4)
        self.assertNotIn("rendered", steps[steps.index("locked") :])
