import base64
from contextlib import closing

from odoo import Command

from ..tools.discarded import Discarded
from .common import ArchiveCommon


class Happenings:
    """What may happen to an archived invoice, `self.move`."""

    def nothing(self):
        """An invoice is opened, and closed again."""

    def complete(self):
        self.move.ref = "PO 4711"

    def renumber(self):
        self.move.name = "INV/2026/09999"

    def pay(self, amount=None):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=self.move.ids)
            .create({})
        )
        if amount:
            wizard.amount = amount
        wizard._create_payments()
        self.move.invalidate_recordset()

    def pay_partly(self):
        self.pay(50)
        self.assertEqual(self.move.payment_state, "partial")

    def pay_all(self):
        self.pay()
        self.assertIn(self.move.payment_state, ("paid", "in_payment"))

    def reverse(self):
        self.move._reverse_moves(cancel=True)
        self.move.invalidate_recordset()
        self.assertEqual(self.move.payment_state, "reversed")

    def change_logo(self):
        self.company.write(
            {
                "primary_color": "#123456",
                "font": "Roboto",
                "external_report_layout_id": self.env.ref(
                    "web.external_layout_bold"
                ).id,
            }
        )

    def move_company(self):
        self.company.street = "9 rue Neuve"
        self.company.company_details = "<p>9 neuve</p>"

    def move_client(self):
        self.client.street = "2 rue Basse"

    def follow(self):
        self.move.message_subscribe(self.env.user.partner_id.ids)
        self.move.checked = True
        self.move.message_post(body="Called")

    def receive(self):
        """The client takes it from the portal."""
        portal = self.env.ref("base.public_user")
        self.server["progbox.access.log"].with_user(portal).sudo()._log_taken(
            self.documents(self.move)
        )

    def move_client_later(self):
        self.receive()
        self.move_client()

    def move_company_later(self):
        self.receive()
        self.move_company()

    def happening(self, name):
        """Have something happen, for the length of a block."""
        discarded = Discarded(self.env.cr)
        getattr(self, name)()
        return closing(discarded)


class SameDocumentCommon(Happenings, ArchiveCommon):
    """An archived invoice, what may happen to it, and the doors that give it away."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.write({"email": "lefevre@example.com", "street": "1 rue Haute"})
        cls.move = cls.archived(ref="PO 1")
        cls.document = cls.documents(cls.move)
        cls.bytes = cls.content(cls.document)

    def age_documents(self, moves):
        """As if the documents had been archived some time after everything else."""
        self.env.flush_all()
        with self.lifted("progbox_document"):
            self.env.cr.execute(
                "UPDATE progbox_document SET create_date = create_date"
                " + interval '1 hour' WHERE res_id = ANY(%s)",
                [moves.ids],
            )
        self.env.invalidate_all()

    # ------------------------------------------------------------------
    # Doors
    # ------------------------------------------------------------------

    DOORS = (
        "printed",
        "printed_without_payment",
        "printed_with_others",
        "mailed",
        "portal_view",
        "legal_pdf",
        "legal_all",
        "exported",
    )

    def reports(self):
        return self.env["ir.actions.report"].with_context(force_report_rendering=True)

    def printed(self, report="account.account_invoices"):
        return self.reports()._render_qweb_pdf(report, self.move.ids)[0]

    def printed_without_payment(self):
        return self.printed("account.account_invoices_without_payment")

    def printed_with_others(self):
        streams, _type = self.reports()._pre_render_qweb_pdf(
            "account.account_invoices", [self.other.id, self.move.id]
        )
        self.assertEqual(
            streams[self.other.id]["stream"].getvalue(),
            self.content(self.documents(self.other)),
        )
        return streams[self.move.id]["stream"].getvalue()

    def mailed(self):
        """What the composer attaches for a template with the report."""
        template = self.env["mail.template"].create(
            {
                "name": "Invoice",
                "model_id": self.env.ref("account.model_account_move").id,
                "report_template_ids": [
                    Command.set(self.env.ref("account.account_invoices").ids)
                ],
            }
        )
        values = template.with_context(
            force_report_rendering=True
        )._generate_template_attachments(self.move.ids, ["report_template_ids"])
        [[_name, encoded]] = values[self.move.id]["attachments"]
        return base64.b64decode(encoded)

    def portal_view(self):
        return (
            self.reports()
            .sudo()
            .with_context(proforma_invoice=True)
            ._render_qweb_pdf(
                "account.account_invoices", self.move.ids, data={"report_type": "pdf"}
            )[0]
        )

    def legal_pdf(self):
        return self.move._get_invoice_legal_documents("pdf", allow_fallback=True)[
            "content"
        ]

    def legal_all(self):
        [document] = self.move._get_invoice_legal_documents_all(allow_fallback=True)
        return document["content"]

    def exported(self):
        [document] = self.move._get_move_zip_export_docs()
        return document["content"]

    def backup(self):
        sources = self.env["progbox.compilation.sources"]
        documents = sources._archived_documents(self.move).get(self.move.id)
        return documents and self.content(documents)

    def through(self, door):
        return getattr(self, door)()

    def send(self, move=None, **values):
        move = move or self.move
        wizard = (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"sending_methods": ["email"], **values})
        )
        wizard.with_context(force_report_rendering=True).action_send_and_print(
            allow_fallback_pdf=False
        )
        move.invalidate_recordset()
        return move.invoice_pdf_report_id.raw
