import io
from unittest.mock import patch

from PIL import Image

from odoo.tests import tagged

from .compilation_common import CompilationCommon, encrypted, pdf_of, signed

PAGES = "odoo.addons.progbox_invoice_archive.models.compilation_pages"
BARE = {"with_cover": False, "with_numbers": False}


@tagged("post_install", "-at_install")
class TestCompilation(CompilationCommon):
    """Many invoices and their attachments in one PDF, and nothing lost on the way."""

    def test_each_invoice_is_followed_by_its_attachments(self):
        first, second = self.invoice("FIRST"), self.invoice("SECOND")
        self.attach(first, "plan.pdf", pdf_of("PLAN 1", "PLAN 2"))
        self.attach(second, "notes.pdf", pdf_of("NOTES"))
        job = self.compiled(second | first, **BARE)
        reader = self.reader(job)
        self.assertEqual(
            self.texts(reader), ["FIRST", "PLAN 1", "PLAN 2", "SECOND", "NOTES"]
        )
        self.assertEqual((job.page_count, job.left_out_count), (5, 0))

    def test_bookmarks_lead_to_the_invoice_and_to_each_file(self):
        first, second = self.invoice("FIRST"), self.invoice("SECOND")
        self.attach(first, "plan.pdf", pdf_of("PLAN 1", "PLAN 2"))
        reader = self.reader(self.compiled(first | second, **BARE))
        found = list(self.bookmarks(reader, reader.outline))
        one, two = (f"{m.name} · {self.client.name}" for m in (first, second))
        self.assertEqual(
            [(title, page) for title, page in found if title in (one, two)],
            [(one, 0), (two, 3)],
        )
        self.assertIn(("plan.pdf", 1), found)
        self.assertEqual(reader.page_labels[1], f"{first.name} - 2")

    def bookmarks(self, reader, entries):
        for entry in entries:
            if isinstance(entry, list):
                yield from self.bookmarks(reader, entry)
            else:
                target = entry.raw_get("/Page").idnum
                ids = [page.indirect_reference.idnum for page in reader.pages]
                yield entry.title, ids.index(target)

    def test_the_cover_lists_the_invoices_with_their_pages(self):
        first, second = self.invoice("FIRST"), self.invoice("SECOND")
        self.attach(first, "plan.pdf", pdf_of("PLAN 1", "PLAN 2"))
        texts = self.texts(self.reader(self.compiled(first | second)))
        self.assertEqual(len(texts), 5)
        amount = f"{first.amount_total:,.2f}"
        for move, page in ((first, "2"), (second, "5")):
            line = rf"{move.name}\s+Maçonnerie\s+Lefèvre\s+\S+\s+\D*{amount}"
            line += rf"\D*\s+\d\s+\d\s+{page}\s"
            self.assertRegex(texts[0] + "\n", line)
        self.assertRegex(texts[0], rf"Total\s+\D*{2 * first.amount_total:,.2f}")
        self.assertRegex(texts[0], r"2\s+invoices")
        self.assertIn("5 / 5", texts[4])

    def test_a_long_list_is_made_in_pieces_and_counts_its_own_pages(self):
        moves = self.invoice("FIRST") | self.invoice("SECOND") | self.invoice("THIRD")
        with patch(f"{PAGES}.LINES_PER_RENDER", 2):
            texts = self.texts(self.reader(self.compiled(moves)))
        self.assertEqual(len(texts), 5)
        for number, move in enumerate(moves):
            line = rf"{move.name}\s+Maçonnerie\s+Lefèvre\s+\S+\s+\D*[\d.,]+\D*"
            line += rf"\s+1\s+1\s+{number + 3}\s"
            self.assertRegex(texts[number // 2] + "\n", line)
        self.assertEqual(["Total" in text for text in texts[:2]], [False, True])

    def test_what_is_left_out_is_listed_on_the_last_page_and_the_backup(self):
        move = self.invoice("FIRST")
        self.attach(move, "locked.pdf", encrypted(pdf_of("SECRET"), "pass"))
        self.attach(move, "broken.pdf", b"%PDF-1.7 nothing of the kind")
        self.attach(move, "sheet.xlsx", b"PK\x03\x04 a sheet")
        self.attach(move, "empty.pdf", b"", mimetype="application/pdf")
        job = self.compiled(move, **BARE)
        self.assertEqual(
            {name for name, _code in self.left_out(job)},
            {"locked.pdf", "broken.pdf", "sheet.xlsx", "empty.pdf"},
        )
        self.assertIn(("locked.pdf", "encrypted"), self.left_out(job))
        texts = self.texts(self.reader(job))
        self.assertEqual(len(texts), 2)
        for name, _code in self.left_out(job):
            self.assertIn(name, texts[1])
        self.assertIn("password", texts[1])
        for line in job.left_out_ids:
            self.assertTrue(line.reason and line.advice, line.name)

    def test_an_empty_password_keeps_no_file_out(self):
        move = self.invoice("FIRST")
        self.attach(move, "open.pdf", encrypted(pdf_of("OPEN"), ""))
        job = self.compiled(move, **BARE)
        self.assertEqual(self.texts(self.reader(job)), ["FIRST", "OPEN"])

    def test_pictures_become_pages(self):
        move = self.invoice("FIRST")
        buffer = io.BytesIO()
        Image.new("RGB", (60, 40), "red").save(buffer, "PNG")
        self.attach(move, "photo.png", buffer.getvalue())
        reader = self.reader(self.compiled(move, **BARE))
        self.assertEqual(len(reader.pages), 2)
        self.assertEqual(len(reader.pages[1].images), 1)
        job = self.compiled(move, **BARE, with_images=False)
        self.assertEqual(self.left_out(job), {("photo.png", "unasked")})

    def test_a_signed_invoice_takes_the_place_of_the_invoice(self):
        move = self.posted()
        self.deposit(move, pdf_of(f"INVOICE {move.name}"))
        text = f"INVOICE {move.name} SIGNED BY THE CLIENT"
        original = signed(pdf_of(text))
        self.attach(move, "back from the client.pdf", original)
        self.attach(move, "plan.pdf", pdf_of("PLAN"))
        job = self.compiled(move, **BARE)
        reader = self.reader(job)
        self.assertEqual(self.texts(reader)[:2], [text, "PLAN"])
        [(name, [content])] = reader.attachments.items()
        self.assertEqual(content, original)
        self.assertIn("back from the client", name)
        [(_name, code)] = self.left_out(job)
        self.assertEqual(code, "replaced")

    def test_a_document_typed_signed_copy_comes_before_a_signed_attachment(self):
        move = self.invoice("DEFAULT")
        self.attach(move, "other.pdf", signed(pdf_of("SIGNED CONTRACT")))
        self.deposit(
            move,
            pdf_of("THE SIGNED COPY"),
            name="signed.pdf",
            type_id=self.env.ref(
                "progbox_invoice_archive.document_type_signed_copy"
            ).id,
        )
        texts = self.texts(self.reader(self.compiled(move, **BARE)))
        self.assertEqual(texts[:2], ["THE SIGNED COPY", "SIGNED CONTRACT"])

    def test_a_vendor_bill_goes_in_as_it_was_received(self):
        bill = self.bill("AS RECEIVED")
        self.attach(bill, "delivery.pdf", pdf_of("DELIVERY"))
        texts = self.texts(self.reader(self.compiled(bill, **BARE)))
        self.assertEqual(texts, ["AS RECEIVED", "DELIVERY"])

    def test_what_has_no_pdf_is_rendered(self):
        bill = self.bill(None)
        bill.action_post()
        invoice = self.posted()
        job = self.compiled(bill | invoice, **BARE)
        texts = self.texts(self.reader(job))
        self.assertEqual(len(texts), 3)
        # The bill's page, and the last one.
        said = ["no document received" in " ".join(text.split()) for text in texts]
        self.assertEqual(sum(said), 2)
        self.assertTrue(said[2])
        for move in bill | invoice:
            self.assertTrue(any(move.name in text for text in texts[:2]), move.name)

    def test_an_invoice_whose_archived_file_is_broken_is_rendered_and_listed(self):
        move = self.posted()
        self.deposit(move, b"%PDF-1.4\nnot at all")
        job = self.compiled(move, **BARE)
        texts = self.texts(self.reader(job))
        self.assertIn(move.name, texts[0])
        self.assertEqual(len(job.left_out_ids), 1)

    def test_a_draft_is_named_and_takes_nobody_along(self):
        draft, posted = self.draft(), self.invoice("POSTED")
        job = self.compiled(draft | posted, **BARE)
        self.assertEqual([line.code for line in job.left_out_ids], ["draft"])
        self.assertEqual(self.texts(self.reader(job))[0], "POSTED")

    def test_detached_older_pdfs_stay_out_unless_they_are_asked_for(self):
        move = self.invoice("NEW")
        name = "INV (detached by Mitchell Admin on 11/02/2026).pdf"
        self.attach(move, name, pdf_of("OLD"))
        job = self.compiled(move, **BARE)
        self.assertEqual(self.left_out(job), {(name, "detached")})
        job = self.compiled(move, **BARE, with_detached=True)
        self.assertEqual(self.texts(self.reader(job)), ["NEW", "OLD"])

    def test_the_same_file_twice_goes_in_once_and_is_listed(self):
        move = self.invoice("FIRST")
        for name in ("a.pdf", "b.pdf"):
            self.attach(move, name, pdf_of_once())
        job = self.compiled(move, **BARE)
        self.assertEqual(self.left_out(job), {("b.pdf", "duplicate")})
        self.assertEqual(len(self.texts(self.reader(job))), 3)

    def test_the_xml_of_an_einvoice_is_attached(self):
        move = self.invoice("FIRST")
        self.deposit_einvoice(move)
        reader = self.reader(self.compiled(move, **BARE))
        [(name, [content])] = reader.attachments.items()
        self.assertEqual(content, b"<Invoice/>")
        self.assertIn("factur-x", name)

    def test_contracts_come_first_then_the_number(self):
        late = self.invoice("LATE", invoice_origin="S00009")
        none = self.invoice("NO CONTRACT")
        early = self.invoice("EARLY", invoice_origin="S00002")
        also = self.invoice("EARLY TOO", invoice_origin="S00002")
        job = self.compiled(late | none | also | early, **BARE)
        self.assertEqual(
            self.texts(self.reader(job)), ["EARLY", "EARLY TOO", "LATE", "NO CONTRACT"]
        )
        order = (none | late | also | early).ids
        request = self.request(
            late | none | also | early,
            None,
            {**BARE, "sort_by": "manual"},
            arranged=order,
        )
        self.assertEqual(
            self.texts(self.reader(self.run_job(request))),
            ["NO CONTRACT", "LATE", "EARLY TOO", "EARLY"],
        )

    def test_by_date_and_by_client(self):
        other = self.env["res.partner"].create({"name": "Aubin"})
        first = self.invoice("LEFEVRE 2", date="2026-11-05")
        second = self.invoice("LEFEVRE 1", date="2026-11-03")
        third = self.invoice("AUBIN", date="2026-11-09", partner_id=other.id)
        moves = first | second | third
        job = self.compiled(moves, **BARE, sort_by="date")
        self.assertEqual(
            self.texts(self.reader(job)), ["LEFEVRE 1", "LEFEVRE 2", "AUBIN"]
        )
        job = self.compiled(moves, **BARE, sort_by="partner")
        self.assertEqual(
            self.texts(self.reader(job)), ["AUBIN", "LEFEVRE 1", "LEFEVRE 2"]
        )

    def test_one_file_per_client_or_period(self):
        other = self.env["res.partner"].create({"name": "Aubin"})
        moves = self.invoice("LEFEVRE NOV") | self.invoice(
            "AUBIN DEC", date="2026-12-02", partner_id=other.id
        )
        moves |= self.invoice("LEFEVRE DEC", date="2026-12-03")
        job = self.compiled(moves, **BARE, split_by="partner")
        self.assertEqual(
            [self.texts(self.reader(job, n)) for n in range(job.result_count)],
            [["AUBIN DEC"], ["LEFEVRE NOV", "LEFEVRE DEC"]],
        )
        names = job.result_ids.mapped("name")
        self.assertIn("Aubin", names[0])
        self.assertIn("Maçonnerie Lefèvre", names[1])
        job = self.compiled(moves, **BARE, split_by="period")
        self.assertEqual(
            [sorted(self.texts(self.reader(job, n))) for n in range(job.result_count)],
            [["LEFEVRE NOV"], ["AUBIN DEC", "LEFEVRE DEC"]],
        )
        self.assertIn("November 2026", job.result_ids[0].name)

    def test_archived_documents_without_their_invoice_go_in(self):
        document = self.archived_without_render("GONE/1")
        content = pdf_of("GONE")
        document = self.server["progbox.document"]._deposit(
            {
                "name": "GONE_2.pdf",
                "folder_id": document.folder_id.id,
                "company_id": self.company.id,
                "type_id": document.type_id.id,
                "mimetype": "application/pdf",
                "number": "GONE/2",
                "partner_name": "Maçonnerie Lefèvre",
                "document_date": "2026-11-02",
            },
            self.server["ir.attachment"]._progbox_stage([content]),
        )
        job = self.compiled(
            self.env["account.move"], document.with_user(self.manager), **BARE
        )
        self.assertEqual(self.texts(self.reader(job)), ["GONE"])

    def test_a_file_that_was_unticked_stays_out_and_is_listed(self):
        move = self.invoice("FIRST")
        plan = self.attach(move, "plan.pdf", pdf_of("PLAN"))
        job = self.run_job(self.request(move, None, BARE, excluded=plan.ids))
        self.assertEqual(self.left_out(job), {("plan.pdf", "unasked")})

    def test_nothing_that_can_go_in_makes_no_file_and_says_so(self):
        job = self.compiled(self.draft())
        self.assertFalse(job.result_ids)
        self.assertIn("None of the files", job.summary)
        self.assertEqual(job.left_out_count, 1)


def pdf_of_once():
    """Return the same bytes each time: reportlab writes the time into its PDFs."""
    if not hasattr(pdf_of_once, "content"):
        pdf_of_once.content = pdf_of("TWICE")
    return pdf_of_once.content
