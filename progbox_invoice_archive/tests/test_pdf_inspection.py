import base64
import random

import pikepdf
from pikepdf import Name

from ..tools.pdf import Item, Limits, Part
from . import pdf_collection as collection
from . import pdf_hostile as hostile
from .pdf_common import PdfCase, poppler_texts


class TestPdfInspection(PdfCase):
    """Each file is tried alone: it goes in, or there is a reason."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "file.pdf"

    def test_a_plain_file_goes_in_as_it_is(self):
        collection.plain(self.path, "one", "two")
        inspection = self.assertReady(self.path, 2)
        self.assertEqual(inspection.ready, self.path)
        self.assertEqual(inspection.size, self.path.stat().st_size)
        self.assertAlmostEqual(inspection.width, 595.3, 1)
        self.assertFalse(list(self.work.iterdir()))

    def test_an_empty_password_opens(self):
        for revision in (2, 3, 4, 6):
            collection.encrypted(self.path, "secret", revision=revision)
            inspection = self.assertReady(self.path, 1, ["decrypted"])
            self.assertEqual(poppler_texts(inspection.ready), ["secret"])
            with pikepdf.open(inspection.ready) as pdf:
                self.assertFalse(pdf.is_encrypted)

    def test_a_real_password_does_not(self):
        for revision in (3, 6):
            collection.encrypted(self.path, "secret", "password", revision)
            self.assertRefused(self.path, "encrypted")

    def test_broken_cross_references_are_repaired(self):
        for breaking in (hostile.broken_xref, hostile.without_table):
            breaking(self.path, "one", "two")
            inspection = self.assertReady(self.path, 2, ["repaired"])
            self.assertEqual(poppler_texts(inspection.ready), ["one", "two"])

    def test_a_repair_that_leaves_empty_pages_is_refused(self):
        collection.encrypted(self.path, "secret")
        content = self.path.read_bytes()
        self.path.write_bytes(content.replace(b"/Root ", b"/Root <", 1))
        self.assertRefused(self.path, "damaged")
        collection.plain(self.path, "text")
        content = self.path.read_bytes().replace(b"startxref", b"startxxxx")
        start = content.rindex(b"stream\n", 0, content.rindex(b"endstream")) + 7
        self.path.write_bytes(content[:start] + b"garbage!" + content[start + 8 :])
        self.assertRefused(self.path, "damaged")

    def test_a_trailer_without_its_size_is_repaired(self):
        content = collection.plain(self.path, "one").read_bytes()
        self.path.write_bytes(content.replace(b"/Size", b"/Sise"))
        inspection = self.assertReady(self.path, 1, ["repaired"])
        self.assertEqual(poppler_texts(inspection.ready), ["one"])

    def test_a_header_of_a_mail_gateway_does_no_harm(self):
        content = collection.plain(self.path, "one").read_bytes()
        self.path.write_bytes(b"HTTP/1.1 200 OK\r\n\r\n" + content)
        inspection = self.inspect_one(self.path)
        self.assertIsNone(inspection.refusal)
        self.assertEqual(poppler_texts(inspection.ready), ["one"])

    def test_a_truncated_file_is_whole_or_refused_wherever_it_ends(self):
        content = collection.plain(self.path, "one", "two", "three").read_bytes()
        paths = [self.folder / f"{share}" for share in range(5, 90)]
        for share, path in enumerate(paths, 5):
            path.write_bytes(content[: len(content) * share // 100])
        saved = []
        for inspection in self.inspect(*paths):
            if inspection.refusal is None:
                texts = poppler_texts(inspection.ready)
                changes = ["repaired"]
                if len(texts) < 3:
                    changes.append(f"pages_lost/{len(texts)}/3")
                self.assertEqual(inspection.changes, changes, inspection.name)
                whole = [text for text in ("one", "two", "three") if text in texts]
                self.assertEqual(texts, whole, inspection.name)
                saved.append(len(texts))
            else:
                self.assertEqual(inspection.refusal, "truncated", inspection.name)
        self.assertEqual({*saved}, {1, 2, 3})
        # Most of the places lie before the end of the first whole page.
        self.assertLess(len(saved), 30)

    def test_what_is_no_pdf_is_refused(self):
        for content, code in (
            (b"", "empty"),
            (b"<html><body>Log in first</body></html>", "not_a_pdf"),
            (b"PK\x03\x04" + bytes(2000), "not_a_pdf"),
            (b"%PDF-1.4\n" + bytes(range(256)) * 50, "truncated"),
            (b"%PDF-1.4\nnothing\nstartxref\n9\n%%EOF\n", "damaged"),
        ):
            self.path.write_bytes(content)
            self.assertRefused(self.path, code)
        self.assertRefused(self.folder / "nowhere.pdf", "missing")
        self.assertRefused(self.folder, "missing")

    def test_a_file_without_pages_is_refused(self):
        self.assertRefused(hostile.without_pages(self.path), "no_pages")

    def test_a_page_tree_in_itself_is_refused(self):
        self.assertRefused(hostile.page_loop(self.path), "recursive")

    def test_what_is_seen_of_a_page_tree_in_itself_goes_in(self):
        hostile.page_loop(self.path, b"9 9 50 50 re f")
        # The page that it counts itself for is nowhere.
        self.assertReady(self.path, 2, ["by_poppler", "blank/2"])

    def test_other_loops_do_not_matter(self):
        inspection = self.inspect_one(hostile.reference_loop(self.path))
        self.assertEqual((inspection.refusal, inspection.pages), (None, 1))
        inspection = self.inspect_one(hostile.deep_arrays(self.path))
        self.assertEqual((inspection.refusal, inspection.pages), (None, 1))

    def test_huge_pages_and_many_pages_go_in(self):
        collection.plain(self.path, "huge", size=(14_400, 14_400))
        self.assertEqual(self.assertReady(self.path, 1).width, 14_400)
        collection.plain(self.path, *map(str, range(5000)))
        self.assertReady(self.path, 5000)

    def test_limits_of_size_and_pages(self):
        collection.plain(self.path, "one", "two", "three")
        self.assertRefused(self.path, "too_many_pages", limits=Limits(pages=2))
        self.assertRefused(self.path, "too_large", limits=Limits(size=1000))

    def test_a_decompression_bomb_is_refused(self):
        for folds in (1, 2):
            hostile.bomb(self.path, folds)
            self.assertLess(self.path.stat().st_size, 2_000_000)
            self.assertRefused(self.path, "too_large")

    def test_a_bomb_in_other_wrappings_is_refused(self):
        for letters in (
            (lambda content: b"%s>" % content.hex().encode(), Name.ASCIIHexDecode),
            (lambda content: base64.a85encode(content) + b"~>", Name.ASCII85Decode),
        ):
            hostile.bomb(self.path, letters=letters)
            self.assertRefused(self.path, "too_large")
        hostile.run_length_bomb(self.path)
        self.assertRefused(self.path, "too_large")

    def test_text_that_is_no_text_does_no_harm(self):
        with collection.changed(self.path, "one") as pdf:
            pdf.docinfo["/Title"] = pikepdf.String(b"\xff\xfe\xd8\x00\x80")
            pdf.docinfo["/Author"] = pikepdf.String(b"\xfe\xff\xd8\x00\x00")
        self.assertIsNone(self.inspect_one(self.path).refusal)
        content = self.path.read_bytes().replace(b"startxref", b"start\xff\xe9ef")
        self.path.write_bytes(content)
        self.assertEqual(self.inspect_one(self.path).changes, ["repaired"])

    def test_the_order_and_the_names_are_those_of_the_caller(self):
        items = []
        for number in range(30):
            path = self.folder / f"{number}.pdf"
            if number % 3:
                collection.plain(path, *["page"] * number)
            else:
                path.write_bytes(b"%PDF-")
            items.append(Item(path, f"Ärger {number}/.pdf"))
        found = self.inspect(*items)
        self.assertEqual([each.name for each in found], [each.name for each in items])
        self.assertEqual(
            [each.pages for each in found],
            [number if number % 3 else 0 for number in range(30)],
        )

    def test_random_damage_is_repaired_or_refused(self):
        chance = random.Random(2026)
        make = (collection.form, collection.signed, collection.layered)
        paths = []
        for number in range(60):
            path = self.folder / f"{number}.pdf"
            make[number % 3](path, *("value", "other")[: 1 + (number % 3 == 2)])
            content = bytearray(path.read_bytes())
            for _change in range(chance.choice((1, 5, 30))):
                start = chance.randrange(len(content))
                if chance.random() < 0.5:
                    content[start] = chance.randrange(256)
                else:
                    del content[start : start + chance.randrange(40)]
            path.write_bytes(content)
            paths.append(path)
        found = self.inspect(*paths)
        internal = ("AttributeError", "NameError", "IndexError", "AssertionError")
        for each in found:
            self.assertNotIn(each.refusal, ("crashed", "timeout"), each.detail)
            self.assertFalse([word for word in internal if word in each.detail])
        good = [Part(each.ready, each.pages) for each in found if not each.refusal]
        self.assertGreater(len(good), 5)
        self.assemble(good, numbers="{page} / {pages}")
        self.assertEqual(len(poppler_texts(self.target)), len(good))
