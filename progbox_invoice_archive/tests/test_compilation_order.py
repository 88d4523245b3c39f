import doctest

from odoo.tests import BaseCase, tagged

from ..tools import sorting
from ..tools.sorting import natural_key
from .compilation_common import CompilationCommon

BARE = {"with_cover": False, "with_numbers": False}


class TestNaturalKey(BaseCase):
    """Names and numbers in the order in which people look for them."""

    def test_the_examples_hold(self):
        self.assertEqual(doctest.testmod(sorting).failed, 0)

    def test_numbers_count_by_their_value(self):
        names = ["PO-10", "PO-9", "PO-100", "PO-9a"]
        self.assertEqual(
            sorted(names, key=natural_key), ["PO-9", "PO-9a", "PO-10", "PO-100"]
        )

    def test_accents_and_capitals_do_not_count(self):
        names = ["Zinguerie", "Étanchéité", "école", "Toiture"]
        self.assertEqual(
            sorted(names, key=natural_key),
            ["école", "Étanchéité", "Toiture", "Zinguerie"],
        )

    def test_any_two_texts_can_be_compared(self):
        names = ["", None, "9", "a", "9a", "a9", "²", "9" * 10000, "٣"]
        self.assertEqual(len(sorted(names, key=natural_key)), len(names))


@tagged("post_install", "-at_install")
class TestCompilationOrder(CompilationCommon):
    """Invoices stand where an accountant looks for them."""

    def order(self, moves, **choices):
        job = self.compiled(moves, **BARE, **choices)
        return [text for text in self.texts(self.reader(job)) if " " not in text]

    def test_contracts_are_in_their_natural_order(self):
        moves = self.env["account.move"]
        for origin in ("PO-10", "Zinguerie", "PO-9", "Étanchéité"):
            moves |= self.invoice(origin.encode("ascii", "ignore").decode(), ref=origin)
        self.assertEqual(self.order(moves), ["tanchit", "PO-9", "PO-10", "Zinguerie"])

    def test_bills_without_an_order_stand_by_their_vendor(self):
        zinc, tiles = self.env["res.partner"].create(
            [{"name": "Zinguerie"}, {"name": "Étanchéité"}]
        )
        moves = self.bill("Z1", partner=zinc, ref="AAA")
        moves |= self.bill("T1", partner=tiles, ref="BBB")
        moves |= self.bill("Z2", partner=zinc, ref="CCC")
        moves |= self.bill("ORDER", partner=zinc, ref="DDD", invoice_origin="P00003")
        job = self.compiled(moves, **BARE)
        self.assertEqual(self.texts(self.reader(job))[:4], ["ORDER", "T1", "Z1", "Z2"])
        contracts = set(job.file_ids.mapped("contract"))
        self.assertEqual(contracts - {False, ""}, {"P00003"})

    def test_bills_of_several_vendors_are_called_so(self):
        other = self.env["res.partner"].create({"name": "Zinguerie"})
        bills = self.bill("ONE", date="2026-10-02")
        bills |= self.bill("TWO", date="2026-11-02", partner=other, ref="V-2")
        self.assertIn("several vendors", self.compiled(bills, **BARE).result_ids.name)
        moves = bills | self.invoice("THREE")
        self.assertIn("several clients", self.compiled(moves, **BARE).result_ids.name)
