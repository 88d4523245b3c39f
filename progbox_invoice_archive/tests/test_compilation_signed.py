import email.message
import io
from unittest.mock import patch

import pikepdf

from odoo.tests import new_test_user, tagged

from ..models import compilation_signed
from ..models.compilation_signed import is_filed_by_people
from .compilation_common import CompilationCommon, pdf_of, signed, with_signature

BARE = {"with_cover": False, "with_numbers": False}


def with_other_page(pdf, text):
    """Return a PDF that ends with a signature, and with another page in its place."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        content = document.pages[0].Contents
        number, drawn = content.objgen[0], content.read_bytes()
    drawing = b"BT /F1 12 Tf 72 770 Td (%s) Tj ET" % text.encode()
    assert drawn != drawing
    body = b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing)
    return with_signature(pdf, [(number, body)])


def with_note(pdf):
    """Return a PDF that ends with a signature, and with a note that may hide words."""
    note = b"<</Type/Annot/Subtype/FreeText/Rect[70 760 300 790]/Contents(1930.00)>>"
    with pikepdf.open(io.BytesIO(pdf)) as document:
        page = document.pages[0].obj
        body = page.unparse(resolved=True).rstrip()[:-2]
        number = page.objgen[0]
    return with_signature(pdf, [(number, body + b"/Annots[%s]>>" % note)])


@tagged("post_install", "-at_install")
class TestCompilationSigned(CompilationCommon):
    """A signature that anybody can make takes the place of no invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls.posted()
        cls.said = f"INVOICE {cls.move.name} FOR A WALL OF STONE: 1430.00"
        cls.original = pdf_of(cls.said)
        cls.deposit(cls.move, cls.original)

    def attach_as(self, user, name, content):
        """Attach a file as the doors of the chatter do, which check the token first."""
        attachments = self.env["ir.attachment"].with_user(user).sudo()
        values = {"res_model": self.move._name, "res_id": self.move.id}
        return attachments.create({"name": name, "raw": content, **values})

    def reply(self, sender, name, content):
        """Answer the e-mail of the invoice."""
        asked = self.move.message_post(body="Your invoice", message_type="comment")
        message = email.message.EmailMessage()
        message["From"] = sender
        message["To"] = "billing@example.com"
        message["Subject"] = "Re: Your invoice"
        message["Message-Id"] = f"<{name}@example.com>"
        message["In-Reply-To"] = asked.message_id
        message.set_content("signed")
        message.add_attachment(
            content, maintype="application", subtype="pdf", filename=name
        )
        self.server["mail.thread"].message_process(False, message.as_bytes())
        return self.env["ir.attachment"].search([("name", "=", name)])

    def assertBeside(self, job, *names):
        """The invoice is in as it was archived, and the others are beside it."""
        self.assertFalse(job.left_out_ids)
        self.assertFalse(job.file_ids.filtered(lambda line: line.kind == "signed"))
        [head, *others] = job.file_ids.filtered(lambda line: line.state == "in")
        self.assertTrue(head.is_head)
        self.assertCountEqual([line.name for line in others], names)
        self.assertEqual(self.texts(self.reader(job))[0], self.said)

    def test_what_a_client_sends_goes_in_beside_the_invoice(self):
        portal = new_test_user(self.env, "client@x", groups="base.group_portal")
        back = [signed(pdf_of(f"{self.said} {number}")) for number in range(6)]
        files = [
            self.attach_as(portal, "portal.pdf", back[0]),
            self.attach_as(self.env.ref("base.public_user"), "token.pdf", back[1]),
            self.attach_as(self.env.ref("base.user_root"), "program.pdf", back[2]),
            self.attach_as(portal, "behind.pdf", with_signature(self.original)),
            self.reply("client@example.org", "mail.pdf", back[3]),
            # Whose address he has put on it.
            self.reply(self.manager.email, "as-employee.pdf", back[4]),
        ]
        posted = self.move.with_user(self.manager).message_post(
            attachments=[("gateway.pdf", back[5])], message_type="email"
        )
        files.append(posted.attachment_ids)
        for file in files:
            with self.subTest(file.name):
                self.assertEqual(len(file), 1)
                self.assertFalse(is_filed_by_people(file))
        job = self.compiled(self.move, **BARE)
        self.assertBeside(job, *(file.name for file in files))

    def test_what_was_added_behind_the_invoice_leaves_its_pages_as_they_were(self):
        other = self.said.replace("1430", "1930")
        self.attach(self.move, "page.pdf", with_other_page(self.original, other))
        self.attach(self.move, "note.pdf", with_note(self.original))
        job = self.compiled(self.move, **BARE)
        self.assertBeside(job, "page.pdf", "note.pdf")
        self.attach(self.move, "good.pdf", with_signature(self.original))
        job = self.compiled(self.move, **BARE)
        [kept] = job.file_ids.filtered(lambda line: line.kind == "signed")
        self.assertEqual(kept.name, "good.pdf")

    def test_each_page_counts(self):
        move = self.posted()
        first = f"INVOICE {move.name} FOR A WALL OF STONE: 1430.00"
        other = "TO BE PAID WITHIN 30 DAYS FROM NOW"
        self.deposit(move, pdf_of(first, other))
        for name, *pages in (
            ("other.pdf", first, "DELIVERED AS IT WAS AGREED ON BY BOTH"),
            ("figure.pdf", first, other.replace("30", "60")),
            ("short.pdf", f"{first} {other}"),
        ):
            self.attach(move, name, signed(pdf_of(*pages)))
        scan = self.posted()
        self.deposit(scan, pdf_of("", other))
        self.attach(scan, "order.pdf", signed(pdf_of(f"ORDER {scan.name}", other)))
        job = self.compiled(move | scan, **BARE)
        self.assertFalse(job.left_out_ids)
        self.attach(move, "good.pdf", signed(pdf_of(first, other, "SIGNED BY BOTH")))
        self.attach(move, "last.pdf", signed(pdf_of(first)))
        with patch.object(compilation_signed, "MOST_PAGES", 1):
            job = self.compiled(move, **BARE)
        self.assertFalse(job.left_out_ids)
        job = self.compiled(move, **BARE)
        [kept] = job.file_ids.filtered(lambda line: line.kind == "signed")
        self.assertEqual(kept.name, "good.pdf")

    def test_a_run_that_comes_back_has_nothing_to_settle(self):
        for name in ("old.pdf", "new.pdf"):
            self.attach(self.move, name, signed(pdf_of(f"{self.said} {name}")))
        bill = self.bill(None, ref="V 2026-7")
        bill.action_post()
        said = f"{bill.partner_id.name} BILL V 2026-7: {bill.amount_total:,.2f}"
        for name in ("first.pdf", "second.pdf"):
            self.attach(bill, name, signed(pdf_of(f"{said} {name}")))
        job = self.compiled(self.move | bill, **BARE)
        job = self.server["progbox.compilation"].browse(job.id)

        def found():
            return {line: (line.kind, line.state, line.code) for line in job.file_ids}

        before = found()
        self.assertEqual([kind for kind, *_rest in before.values()].count("signed"), 2)
        self.assertEqual([*job._resolve_duplicates()], [])
        self.assertEqual(found(), before)

    def test_another_amount_is_another_paper(self):
        other = self.said.replace("1430", "1930")
        self.attach(self.move, "other.pdf", signed(pdf_of(other)))
        self.assertBeside(self.compiled(self.move, **BARE), "other.pdf")
