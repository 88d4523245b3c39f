import base64
import email.message
import io
import subprocess
import tempfile
from pathlib import Path

import pikepdf
from PIL import Image
from pypdf import PdfReader

from odoo import Command
from odoo.tests import new_test_user

from .common import ArchiveCommon
from .pdf_collection import pdf_of


def encrypted(pdf, password):
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(buffer, encryption=pikepdf.Encryption(user=password, owner="o"))
    return buffer.getvalue()


def changed(pdf, change):
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        change(document)
        document.save(buffer)
    return buffer.getvalue()


def with_xml(pdf):
    def embed(document):
        document.attachments["factur-x.xml"] = b"<Invoice/>"

    return changed(pdf, embed)


def signed(pdf):
    """Return a PDF with a signature field that has a value, as signers leave it."""
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        value = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig,
            Filter=pikepdf.Name("/Adobe.PPKLite"),
            SubFilter=pikepdf.Name("/adbe.pkcs7.detached"),
            ByteRange=pikepdf.Array([0, 10, 20, 30]),
            Contents=pikepdf.String(b"\x30\x00"),
        )
        field = document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Sig,
                T=pikepdf.String("Signature1"),
                Rect=pikepdf.Array([0, 0, 0, 0]),
                V=document.make_indirect(value),
            )
        )
        document.pages[0].Annots = pikepdf.Array([field])
        document.Root.AcroForm = pikepdf.Dictionary(
            Fields=pikepdf.Array([field]), SigFlags=3
        )
        document.save(buffer)
    return buffer.getvalue()


def with_signature(pdf, changed=()):
    """Return a PDF to which a signature has been added behind its last byte.

    :param changed: pairs of a number and the object that is to be in its place
    """
    with pikepdf.open(io.BytesIO(pdf)) as document:
        number, size = document.Root.objgen[0], int(document.trailer.Size)
        root = document.Root.unparse(resolved=True)
    form = b"/AcroForm<</SigFlags 3/Fields[%d 0 R]>>>>" % size
    value = b"<</Type/Sig/Filter/Adobe.PPKLite/ByteRange[0 1 2 3]/Contents<30>>>"
    objects = {
        number: root.rstrip()[:-2] + form,
        size: b"<</Subtype/Widget/FT/Sig/T(S)/Rect[0 0 0 0]/V %d 0 R>>" % (size + 1),
        size + 1: value,
        **dict(changed),
    }
    content, table = pdf, b""
    for key, body in objects.items():
        table += b"%d 1\n%010d 00000 n \n" % (key, len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (key, body)
    before = int(pdf.rpartition(b"startxref")[2].split()[0])
    trailer = b"<</Size %d/Root %d 0 R/Prev %d>>" % (size + 2, number, before)
    end = b"trailer%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(content))
    return content + b"xref\n" + table + end


def ubl(*pdfs, number="R-7"):
    """Return an e-invoice with PDFs inside, as names and contents."""
    documents = "".join(
        f"""<cac:AdditionalDocumentReference><cac:Attachment>
        <cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="{name}">
        {base64.b64encode(content).decode()}
        </cbc:EmbeddedDocumentBinaryObject>
        </cac:Attachment></cac:AdditionalDocumentReference>"""
        for name, content in pdfs
    )
    spaces = "urn:oasis:names:specification:ubl:schema:xsd"
    return f"""<?xml version="1.0"?><Invoice xmlns="{spaces}:Invoice-2"
        xmlns:cac="{spaces}:CommonAggregateComponents-2"
        xmlns:cbc="{spaces}:CommonBasicComponents-2"><cbc:ID>{number}</cbc:ID>
        {documents}</Invoice>""".encode()


def photo(size=(900, 1200)):
    """Return a JPEG with as many bytes as a camera makes."""
    buffer = io.BytesIO()
    Image.effect_noise(size, 90).save(buffer, "JPEG")
    return buffer.getvalue()


def mail(*files):
    """Return an e-mail whose text shows its first picture."""
    message = email.message.EmailMessage()
    message["Subject"] = "Your invoice"
    message.set_content("see below")
    message.add_alternative('<p>Regards <img src="cid:logo@x"></p>', subtype="html")
    for name, content in files:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
        if name.startswith("logo"):
            list(message.iter_attachments())[-1]["Content-ID"] = "<logo@x>"
    return message.as_bytes()


class CompilationCommon(ArchiveCommon):
    """Invoices with attachments, and somebody who compiles them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "compiler",
            groups="account.group_account_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            email="compiler@example.com",
        )
        cls.compilations = cls.env["progbox.compilation"].with_user(cls.manager)

    @classmethod
    def attach(cls, move, name, content, **values):
        return cls.env["ir.attachment"].create(
            {
                "name": name,
                "raw": content,
                "res_model": "account.move",
                "res_id": move.id,
                **values,
            }
        )

    @classmethod
    def deposit(cls, move, content, **values):
        """Put a file into the archive as the invoice, without rendering one."""
        jobs = cls.server["progbox.archive.job"]
        snapshot = jobs._snapshot(move, values.pop("version", 1))
        document = cls.server["progbox.document"]._deposit(
            {
                **snapshot,
                "name": f"{move.name.replace('/', '_')}.pdf",
                "type_id": cls.env.ref(
                    "progbox_invoice_archive.document_type_customer_invoice"
                ).id,
                "mimetype": "application/pdf",
                "origin": "generated",
                **values,
            },
            cls.server["ir.attachment"]._progbox_stage([content]),
        )
        cls.jobs_of(move)._job_write({"state": "done"})
        return document

    @classmethod
    def deposit_einvoice(cls, move):
        """Put the XML of an invoice into the archive, beside its PDF."""
        type_ = cls.env.ref("progbox_invoice_archive.document_type_einvoice_issued")
        return cls.deposit(
            move,
            b"<Invoice/>",
            name="factur-x.xml",
            mimetype="application/xml",
            type_id=type_.id,
        )

    @classmethod
    def invoice(cls, text, date="2026-11-02", **values):
        """Return a posted invoice whose archived PDF says the text."""
        move = cls.posted(date=date, **values)
        cls.deposit(move, pdf_of(text))
        return move

    @classmethod
    def bill(cls, text, date="2026-11-02", **values):
        """Return a vendor bill as it was received."""
        values = {"ref": "VENDOR-1", **values}
        move = cls.draft("in_invoice", date, **values)
        if text:
            received = cls.attach(move, "received.pdf", pdf_of(text))
            move.message_main_attachment_id = received
        return move

    @classmethod
    def received(cls, *files, main=0, posted=True):
        """Return a bill with attachments, of which one is the main one."""
        bill = cls.bill(None)
        if posted:
            bill.action_post()
        attachments = [cls.attach(bill, name, content) for name, content in files]
        if main is not None:
            bill.message_main_attachment_id = attachments[main]
        return bill

    @classmethod
    def request(cls, moves, documents=None, choices=None, **values):
        moves = moves.with_user(cls.manager)
        return cls.compilations._request(moves, documents, choices, **values)

    @classmethod
    def run_job(cls, job):
        """Do as the worker does."""
        job = cls.server["progbox.compilation"].browse(job.id)
        job._job_begin_attempt()
        job._job_process()
        job.invalidate_recordset()
        return job

    @classmethod
    def compiled(cls, moves, documents=None, **choices):
        job = cls.run_job(cls.request(moves, documents, choices))
        assert job.state == "done", (job.error, job.error_detail)
        return job

    def reader(self, job, number=0):
        """Return the result in an independent reader; poppler has accepted it."""
        document = job.result_ids[number]
        content = self.content(document)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result.pdf"
            path.write_bytes(content)
            subprocess.run(["pdftotext", path, "-"], check=True, capture_output=True)
            subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
        return PdfReader(io.BytesIO(content))

    def texts(self, reader):
        return [page.extract_text().strip() for page in reader.pages]

    def left_out(self, job):
        return {(line.name, line.code) for line in job.left_out_ids}
