from odoo.tests import BaseCase

from ..tools.report import says

PAGE = """<html><head><title>Invoice</title><style>p {}</style></head><body>
<div class="header o_company_1"><img src="/logo"/><p>%(seller)s</p></div>
<div class="article" data-oe-id="1"><div %(attributes)s>
  <table><tr><td>%(text)s</td><td>100,00</td></tr></table>
  <img src="%(picture)s"/><a href="%(link)s">Pay</a>%(tail)s
</div></div>
<div class="footer"><p>IBAN</p></div></body></html>"""
VALUES = {
    "seller": "Maçonnerie",
    "attributes": "",
    "text": "Carrelage",
    "picture": "/web/image/7",
    "link": "/pay",
    "tail": "",
}
CII = (
    b'<r:Cross xmlns:r="urn:r" xmlns:a="urn:a"><a:ID>INV/1</a:ID>'
    b"<a:SellerTradeParty><a:Name>Us</a:Name></a:SellerTradeParty>"
    b"<a:Total>%s</a:Total></r:Cross>"
)


class TestSays(BaseCase):
    """Words and pictures count, looks do not."""

    def of(self, ask=lambda url: url, **values):
        return says.of_page(PAGE % {**VALUES, **values}, ask)

    def test_the_words_of_body_and_letterhead(self):
        body, letterhead = self.of()
        self.assertEqual(body, "Carrelage 100,00 [/web/image/7] Pay")
        self.assertEqual(letterhead, "IBAN Maçonnerie")

    def test_looks_links_and_blanks_change_nothing(self):
        for values in (
            {"attributes": 'class="o_report_layout_bold" style="color: red"'},
            {"link": "/pay?access_token=1"},
            {"text": " Carrelage\n\n "},
            {"text": "<p>Carrelage</p>"},
            {"tail": "<script>1</script><style>b {}</style><!-- x -->"},
        ):
            with self.subTest(values):
                self.assertEqual(self.of(**values), self.of())

    def test_words_and_pictures_count(self):
        for values in (
            {"text": "Carrelages"},
            {"tail": "more"},
            {"picture": "/web/image/8"},
        ):
            with self.subTest(values):
                body, letterhead = self.of(**values)
                self.assertNotEqual(body, self.of()[0])
                self.assertEqual(letterhead, self.of()[1])

    def test_the_seller_is_the_letterhead(self):
        body, letterhead = self.of(seller="Moved")
        self.assertEqual(body, self.of()[0])
        self.assertNotEqual(letterhead, self.of()[1])

    def test_how_a_layout_arranges_the_letterhead_changes_nothing(self):
        one, two = (
            self.of(seller=text)
            for text in ("Maçonnerie <b>Paris</b>", "Paris, Maçonnerie, Carrelage")
        )
        self.assertEqual(one, two)
        self.assertNotEqual(one, self.of(seller="Maçonnerie Lyon"))

    def test_the_logo_is_asked_for_nowhere(self):
        asked = []
        self.of(ask=asked.append)
        self.assertEqual(asked, ["/web/image/7"])

    def test_an_einvoice_in_canonical_form(self):
        other = CII.replace(
            b'xmlns:r="urn:r" xmlns:a="urn:a"', b'xmlns:a="urn:a" xmlns:r="urn:r"'
        )
        self.assertNotEqual(other, CII)
        self.assertEqual(says.of_einvoice(other % b"1"), says.of_einvoice(CII % b"1"))
        self.assertNotEqual(
            says.of_einvoice(CII % b"1")[0], says.of_einvoice(CII % b"2")[0]
        )

    def test_the_seller_of_an_einvoice_is_letterhead(self):
        body, letterhead = says.of_einvoice(CII % b"1")
        self.assertIn("Us", letterhead)
        self.assertNotIn("Us", body)
        moved = CII.replace(b"Us", b"Them") % b"1"
        self.assertEqual(says.of_einvoice(moved)[0], body)
        self.assertNotEqual(says.of_einvoice(moved)[1], letterhead)

    def test_a_link_for_one_reader_says_only_that_there_is_one(self):
        one, two = (f"http://a/pay?amount=9&access_token={token}" for token in "12")
        self.assertEqual(says.of_barcode("QR", one), says.of_barcode("QR", two))
        self.assertNotEqual(says.of_barcode("QR", "BCD"), says.of_barcode("QR", "BCE"))

    def test_the_digest_knows_where_a_text_ends(self):
        self.assertNotEqual(says.digest("ab", "c"), says.digest("a", "bc"))
        self.assertEqual(says.digest("é", ""), says.digest("é", ""))
