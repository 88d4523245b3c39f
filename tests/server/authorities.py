"""Sellers of several countries, and the channels of their authorities.

Runs inside of Odoo's shell, with the localisations installed.
"""

import base64
import json
from contextlib import suppress
from unittest.mock import patch

import requests

from odoo import Command
from odoo.exceptions import UserError
from odoo.tools import file_open

KSEF = "odoo.addons.l10n_pl_edi.models.account_move_send.KsefApiService"
VERIFACTU = "odoo.addons.l10n_es_edi_verifactu.models.verifactu_document"
CERTIFICATE = (
    "l10n_es_edi_verifactu/demo/certificates/"
    "Certificado_RPJ_A39200019_CERTIFICADO_ENTIDAD_PRUEBAS_5_Pre.p12"
)


NAV = "l10n_hu_edi/tests/mocked_requests"


def network(answers, status=200):
    """Answer locally what goes to the network, for the length of a block.

    :param dict answers: bytes by a part of the address
    """

    def answer(_session, _method, url, **_kwargs):
        response = requests.Response()
        response.status_code = status
        response.encoding = "utf-8"
        [response._content] = (answers[part] for part in answers if part in url)
        return response

    return patch.object(requests.Session, "request", answer)


class Country:
    """A company of a country, as Odoo makes it, and a client of it.

    :param str code: of the country
    :param str chart: of accounts
    """

    def __init__(self, env, code, chart, seller, client):
        country = env.ref(f"base.{code}").id
        self.seller = env["res.company"].create(
            {"name": f"Seller {code}", "country_id": country, **seller}
        )
        charts = env["account.chart.template"]
        charts.try_loading(chart, self.seller, install_demo=False)
        env.user.company_ids += self.seller
        self.env = env(context={"allowed_company_ids": self.seller.ids})
        self.client = self.env["res.partner"].create(
            {"name": "Client", "is_company": True, "country_id": country, **client}
        )
        self.send_model = self.env["account.move.send"]

    def archived(self, **values):
        """Return an invoice that somebody has posted, after its job."""
        move = self.posted(**values)
        self.archive(move)
        return move

    def history(self):
        """Return what becomes of two invoices from before the archive, by case."""
        told = {}
        for case in ("rebuilt", "emailed"):
            move = self.posted()
            jobs = self.env["progbox.archive.job"]
            jobs.search([("move_id", "=", move.id)])._job_finish("cancelled")
            if case == "emailed":
                name = move.name.replace("/", "_")
                move.message_post(
                    body="Your invoice",
                    message_type="comment",
                    subtype_xmlid="mail.mt_comment",
                    attachments=[(f"{name}.pdf", b"%PDF-1.4 sent")],
                )
            move._progbox_enqueue("history")
            self.archive(move)
            told[case] = self.told(move)
        return told

    def posted(self, **values):
        line = {
            "name": "Roof",
            "quantity": 2,
            "price_unit": 100,
            "tax_ids": [Command.set(self.seller.account_sale_tax_id.ids)],
        }
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.client.id,
                "invoice_date": "2026-11-02",
                "invoice_line_ids": [Command.create(line)],
                **values,
            }
        )
        move.action_post()
        return move

    def certificate(self, scope):
        """Return a certificate of the seller's for a channel."""
        with file_open(CERTIFICATE, "rb") as file:
            content = base64.b64encode(file.read())
        return self.env["certificate.certificate"].create(
            {
                "content": content,
                "pkcs12_password": "1234",
                "scope": scope,
                "company_id": self.seller.id,
            }
        )

    def archive(self, move):
        jobs = self.env["progbox.archive.job"].search([("move_id", "=", move.id)])
        for job in jobs.filtered(lambda job: job.state == "pending"):
            job._job_write({"attempts": job.attempts + 1})
            job._job_process()

    def look_for_answer(self, move):
        """Do what the archive does each hour."""
        self.env.flush_all()
        self.env["progbox.archive.catchup"]._queue_answered()
        self.archive(move)

    def send(self, move, channels=(), methods=(), **settings):
        """Send an invoice as Send & Print does, then archive what was sent."""
        self.send_model._generate_and_send_invoices(
            move, sending_methods=set(methods), extra_edis=set(channels), **settings
        )
        self.archive(move)

    def without_credentials(self, channel, refusing):
        """Return what becomes of invoices of a company that nobody has registered.

        The archive asks nobody about them.

        :param refusing: what the authority answers whoever sends one, as a context
        """
        with network({}):
            move = self.archived()
            told = {"before": self.told(move), "history": self.history()}
            # Without the digests nobody knows whether a document is still the same.
            told["is_comparable"] = all(self.documents(move).mapped("said"))
        try:
            with refusing, self.env.cr.savepoint():
                self.send(move, [channel])
        except UserError as error:
            told["refused_by_odoo"] = str(error)
        self.archive(move)
        return {**told, "still_before": self.told(move)}

    def documents(self, move):
        return self.env["progbox.document"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", move.id)],
            order="version, mimetype",
        )

    def told(self, move):
        """Return what is known of an invoice and of its documents, as JSON has it."""
        self.env.flush_all()
        self.env.invalidate_all()
        documents = self.documents(move)
        newest = documents.filtered(
            lambda document: (
                not document.superseded and document.mimetype == "application/pdf"
            )
        )
        archived = b"".join(newest._content_attachment()._progbox_blocks())
        jobs = self.env["progbox.archive.job"].search([("move_id", "=", move.id)])
        return {
            "state": move.progbox_archive_state,
            "errors": [job.error for job in jobs if job.error],
            "documents": [
                [document.version, document.mimetype, document.before_answer]
                for document in documents
            ],
            "origins": documents.mapped("origin"),
            "channels": sorted(self.send_model._get_default_extra_edis(move)),
            "archive_has_what_was_sent": move.invoice_pdf_report_id.raw == archived,
        }


def italy(env):
    """The page and the FatturaPA go to the SdI; a new company has no account there."""
    address = {"street": "Via 1", "zip": "00118", "city": "Roma"}
    country = Country(
        env,
        "it",
        "it",
        {
            **address,
            "vat": "IT01234560157",
            "l10n_it_codice_fiscale": "01234560157",
            "l10n_it_tax_system": "RF01",
        },
        {
            **address,
            "vat": "IT00465840031",
            "l10n_it_codice_fiscale": "93026890017",
        },
    )
    move = country.archived()
    before = country.told(move)

    def accept(_moves, files):
        return {file["filename"]: {"id_transaction": "1"} for file in files}

    with patch.object(type(move), "_l10n_it_edi_upload", accept):
        country.send(move, ["it_edi_send"])
    told = {
        "before": before,
        "after": country.told(move),
        "authority": move.l10n_it_edi_state,
    }
    move.l10n_it_edi_state = "forwarded"
    country.look_for_answer(move)
    told["answered"] = country.told(move)
    told["history"] = country.history()

    refused = country.archived()
    with patch.object(type(move), "_l10n_it_edi_upload", accept):
        country.send(refused, ["it_edi_send"])
    refused.l10n_it_edi_state = "rejected"
    country.look_for_answer(refused)
    return {**told, "refused": country.told(refused)}


def spain(env):
    """SII takes what was posted, VeriFactu is printed on the page."""
    address = {"street": "Calle 1", "zip": "50001", "city": "Zaragoza"}
    country = Country(
        env,
        "es",
        "es_pymes",
        {**address, "vat": "ESA39200019"},
        {**address, "vat": "ESF35999705"},
    )
    seller = country.seller
    told = {"no_channel": country.told(country.archived())}
    seller.l10n_es_sii_tax_agency = "aeat"
    move = country.archived()
    told["sii"] = country.told(move)
    told["sii_state"] = move.edi_document_ids.mapped("state")
    seller.l10n_es_sii_tax_agency = False

    seller.l10n_es_edi_verifactu_required = True
    move = country.archived()
    told["before"] = country.told(move)
    try:
        country.send(move, ["es_verifactu"])
    except UserError as error:
        told["refused"] = str(error)
    country.archive(move)
    told["still_before"] = country.told(move)
    told["history"] = country.history()
    certificate = country.certificate("verifactu")
    seller.write(
        {
            "l10n_es_edi_verifactu_test_environment": True,
            "l10n_es_edi_verifactu_certificate_ids": [Command.set(certificate.ids)],
        }
    )

    def accept(_header, records):
        lines = [
            {
                "IDFactura": record["RegistroAlta"]["IDFactura"],
                "Operacion": {"TipoOperacion": "Alta"},
                "EstadoRegistro": "Correcto",
                "RegistroDuplicado": None,
            }
            for record in records
        ]
        return {"CSV": "A-1", "TiempoEsperaEnvio": "60", "RespuestaLinea": lines}

    with patch(f"{VERIFACTU}._get_zeep_operation", lambda *_names: (accept, {})):
        country.send(move, ["es_verifactu"])
    told["after"] = country.told(move)
    told["authority"] = move.l10n_es_edi_verifactu_state
    return told


def poland(env):
    """KSeF takes the invoice before the page is made, and is offered for ever."""
    address = {"street": "Ulica 1", "zip": "00-001", "city": "Warszawa"}
    country = Country(
        env,
        "pl",
        "pl",
        {**address, "vat": "PL5260001246"},
        {**address, "vat": "PL7272445205"},
    )
    country.seller.l10n_pl_edi_certificate = country.certificate("general")
    told = {}
    for status in ("accepted", "rejected"):
        move = country.archived()
        told["before"] = country.told(move)
        with patch(KSEF) as service:
            service().send_invoice.return_value = {"referenceNumber": "R-1"}
            country.send(move, ["pl_ksef"])
        told["status"] = move.l10n_pl_edi_status
        told["sent"] = country.told(move)
        move.l10n_pl_edi_status = status
        country.look_for_answer(move)
        told[status] = country.told(move)
    return told


def hungary(env):
    """NAV is told of the invoice before the page is made, and answers later."""
    address = {"street": "Utca 1", "zip": "1073", "city": "Budapest"}
    country = Country(
        env,
        "hu",
        "hu",
        {**address, "vat": "27725414-2-13"},
        {**address, "vat": "14933477-2-13"},
    )
    told = country.without_credentials("hu_nav_30", network({}))
    country.seller.write(
        {
            "l10n_hu_edi_server_mode": "test",
            "l10n_hu_edi_username": "this",
            "l10n_hu_edi_password": "that",
            "l10n_hu_edi_signature_key": "some_key",
            "l10n_hu_edi_replacement_key": "abcdefghijklmnop",
        }
    )

    def answered(name):
        with file_open(f"{NAV}/{name}_response.xml", "rb") as file:
            return file.read()

    status = answered("queryTransactionStatus")
    sending = {name: answered(name) for name in ("tokenExchange", "manageInvoice")}
    sending["queryTransactionStatus"] = status.replace(b">DONE<", b">PROCESSING<")
    for case, answer in (
        ("accepted", status),
        ("refused", status.replace(b">DONE<", b">ABORTED<")),
    ):
        move = country.archived()
        with network(sending):
            country.send(move, ["hu_nav_30"])
        told["status"] = move.l10n_hu_edi_state
        told["sent"] = country.told(move)
        with network({"queryTransactionStatus": answer}), suppress(UserError):
            move.l10n_hu_edi_button_update_status()
        country.look_for_answer(move)
        told[case] = country.told(move)
    return told


def turkey(env):
    """Nilvera takes the e-invoice before the page is made, and answers later."""
    address = {
        "street": "Sokak 1",
        "zip": "06934",
        "city": "Ankara",
        "state_id": env.ref("base.state_tr_06").id,
    }
    country = Country(
        env,
        "tr",
        "tr",
        {**address, "vat": "3297552117"},
        {**address, "vat": "1729171602", "ref": "Ulus"},
    )
    refusing = network({"nilvera.com": b"Unauthorized"}, status=401)
    told = country.without_credentials("tr_nilvera", refusing)
    country.seller.l10n_tr_nilvera_api_key = "key"
    sending = {
        "Check/TaxNumber": json.dumps([{"Name": "urn:mail:client"}]).encode(),
        "Send/Xml": b"{}",
    }
    for case, code in (("accepted", "succeed"), ("refused", "error")):
        move = country.archived()
        with network(sending):
            country.send(move, ["tr_nilvera"])
        told["status"] = move.l10n_tr_nilvera_send_status
        told["sent"] = country.told(move)
        answer = {"InvoiceStatus": {"Code": code}}
        with network({"/Status": json.dumps(answer).encode()}):
            move._l10n_tr_nilvera_get_submitted_document_status()
        country.look_for_answer(move)
        told[case] = country.told(move)
    return told


def france(env):
    """Nothing to wait for: Peppol transports what is archived."""
    country = Country(
        env,
        "fr",
        "fr",
        {
            "street": "12 rue des Lilas",
            "zip": "69003",
            "city": "Lyon",
            "vat": "FR23334175221",
            "phone": "+33478000000",
            "email": "seller@example.com",
        },
        {
            "street": "3 place Bellecour",
            "zip": "69002",
            "city": "Lyon",
            "vat": "FR05677404089",
        },
    )
    told = {"unregistered": country.told(country.archived())}
    told["history"] = country.history()
    # Odoo's demonstration answers by itself, without the network.
    registration = country.env["peppol.registration"].create(
        {"contact_email": "seller@example.com", "phone_number": "+33612345678"}
    )
    told["mode"] = registration.edi_mode
    registration.button_register_peppol_participant()
    country.client.with_company(country.seller).write(
        {
            "peppol_eas": "0225",
            "peppol_endpoint": "677404089",
            "invoice_edi_format": "ubl_bis3",
            "peppol_verification_state": "valid",
        }
    )
    bank = env["res.partner.bank"].create(
        {
            "acc_number": "FR7630006000011234567890189",
            "partner_id": country.seller.partner_id.id,
            "allow_out_payment": True,
        }
    )
    move = country.archived(partner_bank_id=bank.id)
    told["before"] = country.told(move)
    country.send(move, methods=["peppol"], invoice_edi_format="ubl_bis3")
    told["after"] = country.told(move)
    told["peppol"] = move.peppol_move_state
    return told


def everything(env):
    return {
        scenario.__name__: scenario(env(context={}))
        for scenario in (italy, spain, poland, hungary, turkey, france)
    }
