from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.common import PDF

from .files_common import PNG, FilesCommon


def page_of(*lines):
    """Return a PDF with these lines on its first page."""
    file = BytesIO()
    canvas = Canvas(file)
    for number, line in enumerate(lines):
        canvas.drawString(72, 760 - 20 * number, line)
    canvas.showPage()
    canvas.drawString(72, 760, "CERTIFICAT DE GARANTIE")
    canvas.save()
    return file.getvalue()


@tagged("post_install", "-at_install")
class TestTypes(FilesCommon):
    """What a document is, is proposed from its name, its record and its first page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.types = cls.server["progbox.document.type"]
        cls.readings = cls.server["progbox.document.reading"]

    def code(self, document):
        return document.sudo().type_id.code

    def read_page(self, document):
        """Do what the worker does with the queued readings of a document."""
        jobs = self.readings.search([("document_id", "=", document.id)])
        for job in jobs:
            job._job_write({"attempts": 1})
            job._job_process()
        return jobs

    def test_file_names_speak_three_languages(self):
        for name, code in (
            ("Devis S00012 signé.pdf", "signed_quotation"),
            ("DevisSigne.pdf", "signed_quotation"),
            ("devis_dupont.pdf", "quotation"),
            ("Attestation de TVA 5,5.pdf", "vat_certificate"),
            ("chèque n° 12.jpg", "cheque_copy"),
            ("permis Jean.pdf", "driving_licence"),
            ("Permis de séjour.pdf", "residence_permit"),
            ("Ofertă semnată.pdf", "signed_quotation"),
            ("oferta_semnata_v2.pdf", "signed_quotation"),
            ("Certificat TVA.pdf", "vat_certificate"),
            ("contract de munca.pdf", "employment_contract"),
            ("Proces-verbal de recepție.pdf", "handover_note"),
            ("signed quote 3.pdf", "signed_quotation"),
            ("Floor plan.dwg", "plan"),
            ("fiche technique chaudière.pdf", "technical_sheet"),
            ("compte-rendu chantier 12.docx", "meeting_minutes"),
            ("cahier des charges.pdf", "written_specification"),
            ("bon de livraison 77.pdf", "reception_note"),
            ("planning.pdf", None),
            ("IMG_2231.jpg", None),
        ):
            with self.subTest(name=name):
                found = self.types.browse(self.types._of_name(name) or ())
                self.assertEqual(found.code or None, code)

    def test_a_record_has_a_usual_type(self):
        project = self.server["project.project"].create(
            {"name": "Chantier", "user_id": self.seller.id}
        )
        bill = self.draft("in_invoice")
        for record, mimetype, code in (
            (self.order, "application/pdf", "signed_quotation"),
            (self.order, "image/jpeg", "signed_quotation"),
            (self.order, "text/plain", "other"),
            (project, "image/jpeg", "site_photo"),
            (project, "application/pdf", "other"),
            (bill, "application/pdf", "vendor_invoice"),
            (self.draft(), "application/pdf", "other"),
            (self.client, "application/pdf", "other"),
        ):
            with self.subTest(record=record, mimetype=mimetype):
                self.assertEqual(self.types._usual(record, mimetype).code, code)

    def test_people_add_words_of_their_own(self):
        plan = self.types._of_codes("plan")
        plan.words = f"{plan.words}\n  Épure  \n"
        self.assertEqual(self.code(self.drop(self.order, "EPURE 3.pdf")), "plan")

    def test_a_type_that_is_hidden_is_not_proposed(self):
        self.types._of_codes("plan").active = False
        self.assertEqual(self.code(self.drop(self.order, "x.pdf")), "signed_quotation")
        self.assertEqual(
            self.code(self.drop(self.order, "plan.pdf", PNG)), "signed_quotation"
        )

    def test_the_first_page_is_read_when_the_name_says_nothing(self):
        content = page_of("Maçonnerie Lefèvre", "ATTESTATION DE TVA", "selon devis 12")
        document = self.drop(self.order, "scan0001.pdf", content)
        self.assertEqual(self.code(document), "signed_quotation")
        self.assertEqual(self.read_page(document).mapped("state"), ["done"])
        self.assertEqual(self.code(document), "vat_certificate")

    def test_the_first_page_is_read_in_three_languages(self):
        for number, (words, code) in enumerate(
            (
                ("FICHE TECHNIQUE", "technical_sheet"),
                ("CAIET DE SARCINI", "written_specification"),
                ("HANDOVER CERTIFICATE", "handover_note"),
            )
        ):
            with self.subTest(words=words):
                document = self.drop(
                    self.order, f"scan000{number}.pdf", page_of("Lefevre SRL", words)
                )
                self.read_page(document)
                self.assertEqual(self.code(document), code)

    def test_the_name_comes_before_the_page(self):
        document = self.drop(self.order, "plan.pdf", page_of("ATTESTATION DE TVA"))
        self.assertFalse(self.read_page(document))
        self.assertEqual(self.code(document), "plan")

    def test_what_a_person_has_chosen_stays(self):
        content = page_of("ATTESTATION DE TVA")
        plan = self.types._of_codes("plan")
        chosen = self.drop(self.order, "a.pdf", content, type_id=plan.id)
        self.assertFalse(self.read_page(chosen))
        later = self.drop(self.order, "b.pdf", content + b"\n")
        later.progbox_set_type(plan.id)
        self.assertEqual(self.read_page(later).mapped("state"), ["done"])
        for document in (chosen, later):
            self.assertEqual(self.code(document), "plan")

    def test_a_page_without_text_changes_nothing(self):
        for content in (PDF, page_of(), page_of("Bonjour")):
            document = self.drop(self.order, "scan.pdf", content)
            self.assertEqual(self.read_page(document).mapped("state"), ["done"])
            self.assertEqual(self.code(document), "signed_quotation")

    def test_a_file_that_is_gone_is_not_read(self):
        document = self.drop(self.order, "scan.pdf", page_of("ATTESTATION DE TVA"))
        attachment = document.sudo()._content_attachment()
        attachment._progbox_path().unlink()
        self.assertEqual(self.read_page(document).mapped("state"), ["done"])
        self.assertEqual(self.code(document), "signed_quotation")

    def test_no_page_opens_a_file_to_an_employee(self):
        employee = self.server["hr.employee"].create(
            {"name": "Jean", "company_id": self.company.id}
        )
        officer = self.user_of("officer", "hr.group_hr_user")
        types = self.types._of_codes("employment_contract", "meeting_minutes")
        contract = types.filtered(lambda t: t.code == "employment_contract")
        contract.employee_may_read = True
        (types - contract).employee_may_read = False
        content = page_of("CONTRAT DE TRAVAIL")
        document = self.drop(employee, "a.pdf", content, user=officer)
        self.read_page(document)
        self.assertEqual(self.code(document), "other")
        minutes = page_of("COMPTE RENDU", "de chantier")
        document = self.drop(employee, "b.pdf", minutes, user=officer)
        self.read_page(document)
        self.assertEqual(self.code(document), "meeting_minutes")
