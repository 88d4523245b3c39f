from datetime import date
from decimal import Decimal

from odoo.tests import BaseCase, tagged
from odoo.tools import SQL

from ..tools.search_words import amounts, days, plain_sql, plain_text
from .common import ArchiveCommon

MONTHS = [
    *("janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout"),
    *("septembre", "octobre", "novembre", "decembre"),
]


@tagged("post_install", "-at_install")
class TestTyped(BaseCase):
    """What somebody types is read as people mean it."""

    def test_letters_without_accents(self):
        for text, plain in (
            ("Maçonnerie Lefèvre", "maconnerie lefevre"),
            ("ȚIGLĂRIE Ştefan", "tiglarie stefan"),
            ("Łódź Ørsted Groß Œuvre", "lodz orsted gross oeuvre"),
            ("ＡＢＣ ½", "abc 1\u20442"),
            (None, ""),
        ):
            self.assertEqual(plain_text(text), plain, text)

    def test_amounts(self):
        for text, point, low, high in (
            ("6605", ".", "6605", "6606"),
            ("6,605", ".", "6605", "6606"),
            ("6,605", ",", "6.605", "6.606"),
            ("6.605,14", ",", "6605.14", "6605.15"),
            ("6,605.14", ",", "6605.14", "6605.15"),
            ("6 605,1", ",", "6605.1", "6605.2"),
            ("1.234.567", ",", "1234567", "1234568"),
            ("12,5 €", ",", "12.5", "12.6"),
        ):
            expected = (Decimal(low), Decimal(high))
            self.assertEqual(amounts(text, point), expected, text)
        for text in ("INV/12", "12,", "", "-", "1e5", "9" * 30):
            self.assertIsNone(amounts(text), text)

    def test_days(self):
        november = (date(2026, 11, 1), date(2026, 12, 1))
        one_day = (date(2026, 11, 5), date(2026, 11, 6))
        for text, expected in (
            ("05/11/2026", one_day),
            ("5.11.26", one_day),
            ("2026-11-05", one_day),
            ("11/2026", november),
            ("2026-11", november),
            ("Novembre 2026", november),
        ):
            self.assertEqual(days(text, MONTHS), expected, text)
        self.assertEqual(days("11/05/2026", MONTHS, day_first=False), one_day)
        for text in ("2026", "31/02/2026", "13/2026", "1/1/1", "Brumaire 2026", ""):
            self.assertIsNone(days(text, MONTHS), text)


@tagged("post_install", "-at_install")
class TestSearch(ArchiveCommon):
    """A document is found by whatever a person remembers of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.archived(ref="PO-4", invoice_origin="S00001")
        cls.document = cls.documents(cls.move)
        cls.other = cls.archived_without_render(
            "RF/7", "2026-10-03", partner_name="Țiglărie Łódź", amount_total=-1234.5
        )

    def found(self, text, **context):
        documents = self.env["progbox.document"].with_context(**context)
        both = self.document | self.other
        return documents.search([("words", "ilike", text), ("id", "in", both.ids)])

    def test_words_in_any_order_and_spelling(self):
        for text in ("lefevre", "LEFÈVRE macon", "po-4", "s00001", self.move.name):
            self.assertEqual(self.found(text), self.document, text)
        for text in ("tiglarie", "Țiglarie lodz", "rf_7.pdf", "rf/7"):
            self.assertEqual(self.found(text), self.other, text)
        self.assertFalse(self.found("lefevre lodz"))
        self.assertEqual(self.found("  "), self.document | self.other)

    def test_wildcards_are_letters(self):
        self.assertFalse(self.found("lef%vre"))
        self.assertFalse(self.found("lef_vre"))

    def test_an_amount(self):
        total = self.document.amount_total
        for text in (f"{total:.0f}", f"{total:,.2f}", f"{total:.2f}"):
            self.assertEqual(self.found(text), self.document, text)
        for text in ("1234", "1,234.50", "1 234.5"):
            self.assertEqual(self.found(text), self.other, text)

    def test_a_date(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        for text in ("02/11/2026", "2026-11-02", "11/2026", "novembre 2026"):
            self.assertEqual(self.found(text, lang="fr_FR"), self.document, text)
        self.assertEqual(self.found("october 2026"), self.other)

    def test_what_the_invoice_says_later(self):
        self.move.ref = "Chantier Noël"
        self.assertEqual(self.found("noel"), self.document)
        self.assertFalse(self.found("po-4"))

    def test_the_database_reads_letters_as_the_server_does(self):
        for text in ("Maçonnerie Lefèvre", "ȚIGLĂRIE", "Łódź Ørsted Groß Œuvre æ"):
            [[plain]] = self.env.execute_query(
                SQL("SELECT %s", plain_sql(SQL("%s", text)))
            )
            self.assertEqual(plain, plain_text(text))

    def test_the_other_lists(self):
        log = self.env["progbox.access.log"].sudo()
        lines = log.search([("document_ref", "=", self.document.id)])
        self.assertTrue(lines)
        name = lines[0].document_name
        found = log.search([("words", "ilike", name.upper()), ("id", "in", lines.ids)])
        self.assertEqual(found, lines.filtered(lambda line: line.document_name == name))
        job = self.jobs_of(self.move)
        for text in ("LEFEVRE", self.move.name.lower()):
            self.assertIn(job, self.jobs.search([("words", "ilike", text)]), text)
        self.assertNotIn(job, self.jobs.search([("words", "ilike", "lodz")]))
