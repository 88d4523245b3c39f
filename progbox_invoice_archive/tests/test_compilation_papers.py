import io
import tempfile
from pathlib import Path
from unittest.mock import patch

from PIL import Image

from odoo.tests import tagged

from ..models import compilation_papers
from ..models.progbox_compilation_choices import CHOICES
from .compilation_common import CompilationCommon, mail, pdf_of, photo, ubl, with_xml
from .pdf_common import poppler_texts

BARE = {"with_cover": False, "with_numbers": False}


def pixel(size=(1, 1)):
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, "PNG")
    return buffer.getvalue()


@tagged("post_install", "-at_install")
class TestCompilationPapers(CompilationCommon):
    """The paper that was really received, and no logo in its place."""

    def first_lines(self, job):
        heads = job.file_ids.filtered("is_head")
        return {head.res_id: head for head in heads}

    def test_a_bill_begins_with_the_document_of_its_vendor(self):
        with_pdf = ubl(("sheet.pdf", pdf_of("SHEET")), ("R-7.pdf", pdf_of("UBL")))
        bills = {
            "BESIDE": self.received(
                ("terms.pdf", pdf_of("TERMS")),
                ("bill.xml", ubl()),
                ("bill.pdf", pdf_of("BESIDE")),
                main=1,
            ),
            "ONLY ONE": self.received(("b.xml", ubl()), ("x.pdf", pdf_of("ONLY ONE"))),
            "UBL": self.received(("b.xml", with_pdf), ("t.pdf", pdf_of("TERMS 2"))),
            "IN AN EMAIL": self.received(
                (
                    "mail.eml",
                    mail(
                        ("logo.png", photo((200, 100))),
                        ("smime.p7s", b"0\x82"),
                        ("paper.pdf", pdf_of("IN AN EMAIL")),
                    ),
                )
            ),
            "IN AN XML IN AN EMAIL": self.received(
                (
                    "m.eml",
                    mail(("b.xml", ubl(("b.pdf", pdf_of("IN AN XML IN AN EMAIL"))))),
                )
            ),
            "MAIL OF TEXT": self.received(
                ("m.eml", mail()), ("p.pdf", pdf_of("MAIL OF TEXT"))
            ),
            "MAIL WITH A LOGO": self.received(
                ("m.eml", mail(("logo.png", photo((200, 100))))),
                ("p.pdf", pdf_of("MAIL WITH A LOGO")),
            ),
            "DRAFT": self.received(
                ("b.xml", ubl(("b.pdf", pdf_of("DRAFT")))), posted=False
            ),
        }
        job = self.assertBeginWith(bills)
        texts = self.texts(self.reader(job))
        self.assertIn("SHEET", texts)
        self.assertLess(texts.index("UBL"), texts.index("SHEET"))
        left_out = self.left_out(job)
        for name in ("logo.png", "smime.p7s"):
            self.assertIn((name, "mail_part"), left_out)
        self.assertIn(("b.xml", "mail_part"), left_out)

    def assertBeginWith(self, bills):
        """The pages of each bill begin with a text.

        :param bills: dictionary of the bills by their text
        :return: the backup
        """
        moves = self.env["account.move"].union(*bills.values())
        job = self.compiled(moves, **BARE, sort_by="date")
        texts, lines = self.texts(self.reader(job)), job.file_ids
        page, firsts = 0, {}
        for ours in lines.filtered("pages").grouped("res_id").values():
            self.assertTrue(ours[:1].is_head)
            firsts[ours[:1].res_id] = texts[page]
            page += sum(ours.mapped("pages"))
        self.assertEqual(firsts, {bill.id: text for text, bill in bills.items()})
        return job

    def test_where_the_main_file_is_no_paper_another_one_stands_for_the_bill(self):
        in_xml = ubl(("b.pdf", pdf_of("IN AN XML")))
        bills = {
            "IN AN XML": self.received(("b.xml", in_xml), main=None),
            "SIGNED XML": self.received(
                ("b.xml.p7m", b"0\x82\x01 signed"), ("b.pdf", pdf_of("SIGNED XML"))
            ),
            "ODD": self.received(("odd", b"\1\2\3 odd"), ("b.pdf", pdf_of("ODD"))),
            "ALONE": self.received(("scan.pdf", pdf_of("ALONE")), main=None),
            "BY MAIL": self.received(("terms.pdf", pdf_of("TERMS")), main=None),
            "": self.received(main=None),
            "SCAN": self.received(
                ("b.xml", ubl()),
                ("Re dispute.eml", mail(("order.pdf", pdf_of("ORDER")))),
                ("scan.pdf", pdf_of("SCAN")),
            ),
        }
        for text, name, content in (
            ("BY MAIL", "b.pdf", pdf_of("BY MAIL")),
            ("", "photo.jpg", photo()),
        ):
            bills[text].message_post(
                attachments=[(name, content)], message_type="email"
            )
            bills[text].message_main_attachment_id = False
        job = self.assertBeginWith(bills)
        heads = self.first_lines(job)
        self.assertEqual(heads[bills[""].id].name, "photo.jpg")
        self.assertFalse([head.note for head in heads.values() if head.note])

    def test_what_may_be_of_anything_stands_for_no_bill(self):
        """Odoo's own page is one page more, another paper in its place a wrong one."""
        two = ("order.pdf", pdf_of("ORDER")), ("delivery.pdf", pdf_of("DELIVERY"))
        bills = [
            self.received(("bill.txt", b"A bill"), *two),
            self.received(("m.eml", mail()), *two),
            self.received(*two, main=None),
            self.received(("b.xml", ubl())),
            self.received(("bill.txt", b"A bill")),
            self.received(("m.eml", mail())),
        ]
        for bill in bills[3:]:
            main = bill.message_main_attachment_id
            bill.message_post(
                attachments=[("photo.jpg", photo())], message_type="email"
            )
            bill.message_main_attachment_id = main
        pasted = self.received(main=None)
        pasted.message_post(attachments=[("site.jpg", photo())], message_type="comment")
        pasted.message_main_attachment_id = False
        job = self.compiled(self.env["account.move"].union(*bills, pasted), **BARE)
        heads = self.first_lines(job)
        for place, bill in enumerate([*bills, pasted]):
            with self.subTest(place):
                self.assertIn("no document received", heads[bill.id].note or "")
        inside = job.file_ids.filtered(lambda line: line.state == "in")
        self.assertEqual(inside.mapped("name").count("photo.jpg"), 3)

    def test_no_paper_of_an_email_is_lost_behind_a_signed_copy(self):
        papers = ("bill.pdf", pdf_of("BILL")), ("terms.pdf", pdf_of("TERMS"))
        bill = self.received(("m.eml", mail(*papers)), papers[1])
        signed_copy = self.env.ref("progbox_invoice_archive.document_type_signed_copy")
        self.deposit(bill, pdf_of("SIGNED"), name="signed.pdf", type_id=signed_copy.id)
        job = self.compiled(bill, **BARE)
        texts = self.texts(self.reader(job))
        self.assertEqual(texts[:3], ["BILL", "TERMS", "SIGNED"])
        self.assertEqual(self.left_out(job), {("terms.pdf", "duplicate")})

    def test_a_bill_that_cannot_be_read_gives_its_place_to_no_other_paper(self):
        page = b"<html>Log in first</html>"
        bill = self.received(("b.pdf", page), ("terms.pdf", pdf_of("TERMS")))
        bill.message_main_attachment_id.mimetype = "application/pdf"
        job = self.compiled(bill, **BARE)
        [head] = self.first_lines(job).values()
        self.assertIn("cannot be read", head.note)
        self.assertEqual(self.left_out(job), {("b.pdf", "not_a_pdf")})

    def test_a_paper_inside_of_another_file_is_in_once(self):
        paper, plan = with_xml(pdf_of("PAPER")), pdf_of("PLAN")
        in_xml = ubl(("b.pdf", paper))
        bills = [
            self.received(("m.eml", mail(("b.pdf", paper))), ("c.pdf", paper)),
            self.received(("b.xml", in_xml), ("c.pdf", paper)),
            self.received(
                ("m.eml", mail(("b.xml", in_xml), ("b.pdf", paper))), ("c.pdf", paper)
            ),
            self.received(
                ("c.pdf", paper),
                ("m.eml", mail(("b.pdf", paper), ("plan.pdf", plan))),
            ),
        ]
        for place, bill in enumerate(bills):
            with self.subTest(place):
                job = self.compiled(bill, **BARE)
                reader = self.reader(job)
                texts = self.texts(reader)
                self.assertEqual((texts[0], texts.count("PAPER")), ("PAPER", 1))
                self.assertEqual(len(reader.attachments), 1)
                self.assertEqual(texts.count("PLAN"), int(place == 3))
                self.assertIn("duplicate", job.left_out_ids.mapped("code"))
                self.assertFalse(job.gap_count)

    def test_where_nothing_was_received_odoo_says_that_it_is_its_own(self):
        nothing = self.received(main=None)
        xml = self.received(("b.xml", ubl()))
        broken = self.received(("b.pdf", pdf_of("BROKEN" * 9)[:400]))
        draft = self.received(("b.xml", b"<a>JVBERi0=</a>"), posted=False)
        wrapped = self.received(("b.xml", ubl(("b.pdf", b"%PDF-1.4 no"))))
        job = self.compiled(nothing | xml | broken | draft | wrapped, **BARE)
        heads = self.first_lines(job)
        for bill in (nothing, xml, wrapped):
            self.assertEqual(heads[bill.id].state, "in")
            self.assertIn("no document received", heads[bill.id].note)
        self.assertIn("cannot be read", heads[broken.id].note)
        self.assertEqual(heads[draft.id].code, "draft")
        self.assertIn(("b.pdf", "truncated"), self.left_out(job))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result.pdf"
            path.write_bytes(self.content(job.result_ids))
            # Poppler leaves out what is beyond the edge of the paper.
            texts = poppler_texts(path)
        said = "Made by Odoo, no document received"
        self.assertIn(said, texts[-1])
        # On the three pages, too, that Odoo has made of these.
        self.assertEqual(sum(said in text for text in texts[:-1]), 3)
        self.assertEqual(sum("cannot be read." in text for text in texts[:-2]), 1)

    def test_papers_that_came_in_a_message(self):
        bill = self.bill("AS RECEIVED")
        bill.action_post()
        by_mail = [
            ("delivery note.jpg", photo()),
            ("image001.png", pixel((90, 40))),
            ("pixel.gif", pixel()),
            ("card.vcf", b"BEGIN:VCARD\r\nEND:VCARD"),
            ("smime.p7s", b"0\x82\x01"),
            ("winmail.dat", b"\x78\x9f\x3e\x22"),
            ("plan.pdf", pdf_of("PLAN")),
        ]
        bill.message_post(attachments=by_mail, message_type="email")
        bill.message_post(
            attachments=[("small.png", pixel((40, 30)))], message_type="comment"
        )
        self.attach(bill, "dropped.png", pixel((50, 30)))
        loose = self.env["ir.attachment"].sudo().search([("name", "=", by_mail[0][0])])
        self.assertFalse(loose[-1:].res_model)
        job = self.compiled(bill, **BARE)
        included = job.file_ids.filtered(lambda line: line.state == "in")
        self.assertEqual(
            set(included.mapped("name")),
            {
                "received.pdf",
                "delivery note.jpg",
                "plan.pdf",
                "small.png",
                "dropped.png",
            },
        )
        self.assertEqual(
            self.left_out(job), {(name, "mail_part") for name, _c in by_mail[1:6]}
        )
        self.assertEqual((len(self.reader(job).pages), job.gap_count), (6, 0))

    def test_a_logo_is_no_bill(self):
        bill = self.bill(None)
        bill.action_post()
        files = [("logo.png", pixel((90, 40))), ("scan.jpg", photo())]
        bill.message_post(attachments=files, message_type="email")
        loose = self.env["ir.attachment"].sudo().search([("name", "=", "logo.png")])
        bill.message_main_attachment_id = loose[0]
        job = self.compiled(bill, **BARE)
        [head] = self.first_lines(job).values()
        self.assertEqual((head.name, head.state), ("scan.jpg", "in"))

    def test_looking_for_a_paper_reads_that_file_alone_and_in_blocks(self):
        bills = self.env["account.move"].union(
            *(self.received((f"{n}.xml", ubl(number=f"R-{n}"))) for n in range(3))
        )
        attachments = bills.message_main_attachment_id
        self.env.flush_all()
        self.env.invalidate_all()
        model = self.env.registry["ir.attachment"]
        blocks_of, asked = model._progbox_blocks, []

        def count(attachment, *size):
            asked.append(attachment.id)
            return blocks_of(attachment, *size)

        whole = AssertionError("a whole file was read")
        with (
            patch.object(model, "_progbox_blocks", count),
            patch.object(model, "_file_read", side_effect=whole),
            patch.object(model, "_compute_raw", side_effect=whole),
        ):
            first = bills.with_user(self.manager)[0].message_main_attachment_id
            self.assertFalse(compilation_papers._holds_a_paper(first))
            self.assertEqual(asked, attachments[:1].ids)
            # What follows is about all of them: each is read once.
            everything = dict.fromkeys(CHOICES, True)
            self.env["progbox.compilation.sources"]._sources(
                bills._name, bills.ids, everything
            )
        self.assertCountEqual(asked[1:], attachments.ids)
        self.assertFalse(self.env.cache.get_records(attachments, model.raw))

    def test_a_paper_is_found_across_the_edge_of_two_blocks(self):
        bill = self.bill(None)
        model = self.env.registry["ir.attachment"]
        blocks_of = model._progbox_blocks

        def small(size):
            return patch.object(
                model, "_progbox_blocks", lambda file, *_size: blocks_of(file, size)
            )

        for name, content, found in (
            ("a.xml", b"<a>..JVBERi0..</a>", True),
            ("b.xml", b"<a>..jvberi0..image/png</a>", False),
            ("c.eml", b"...JVBERi0...", True),
            ("d.eml", b"Content-Type: IMaGE/png", True),
            ("e.eml", b"JVBER i0 imag/e", False),
        ):
            file = self.attach(bill, name, content)
            for size in (1, 3, 7, 100):
                with self.subTest(name, size=size), small(size):
                    self.assertEqual(compilation_papers._holds_a_paper(file), found)

    def test_a_bill_whose_file_is_lost_holds_no_paper(self):
        file = self.attach(self.bill(None), "lost.xml", b"<lost>JVBERi0</lost>")
        Path(file._full_path(file.store_fname)).unlink()
        self.assertFalse(compilation_papers._holds_a_paper(file))
