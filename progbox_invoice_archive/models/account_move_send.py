import logging
from contextlib import closing

from odoo import api, models
from odoo.exceptions import LockError, UserError

from ..exceptions import FileUnreadable, JobError
from ..tools.discarded import Discarded
from ..tools.sentinels import RENDER_ANEW, SELF_CONTAINED
from . import authorities, invoice_pdfa

_logger = logging.getLogger(__name__)


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    # ------------------------------------------------------------------
    # Ahead of the sending: make the documents, leave no trace
    # ------------------------------------------------------------------

    @api.model
    def _progbox_settings(self, move):
        """Return what decides how the documents of an invoice look.

        :rtype: dict(report=ir.actions.report, format=str or False, lang=str or False)
        """
        return {
            "report": self._get_default_pdf_report_id(move),
            "format": self._get_default_invoice_edi_format(move) or False,
            "lang": move.partner_id.lang or False,
        }

    @api.model
    def _progbox_settings_json(self, settings):
        """Return settings as they are kept with a document."""
        return {**settings, "report": settings["report"].report_name}

    @api.model
    def _progbox_generate(self, move, settings):
        """Generate the documents that sending the invoice would generate.

        Whatever a localisation writes on the way is rolled back: the invoice is
        as if nothing had happened, and nothing is sent to anybody. Before the pages go
        to wkhtmltopdf, too: while that runs, nobody waits for a lock of ours.

        :param dict settings: see :meth:`_progbox_settings`
        :return: what Odoo collected for the move: the values of the attachments
            it would have created, and ``error`` when it refused
        """
        data = {
            "sending_methods": set(),
            "extra_edis": set(),
            "pdf_report": settings["report"],
            "invoice_edi_format": settings["format"],
            "author_user_id": self.env.uid,
            "author_partner_id": self.env.user.partner_id.id,
        }
        with closing(Discarded(self.env.cr)) as ahead:
            send = self.with_company(move.company_id).with_context(
                progbox_ahead=ahead,
                progbox_self_contained=SELF_CONTAINED,
                # A database under test would make HTML of it; evidence is a PDF always.
                force_report_rendering=True,
            )
            move = move.with_env(send.env)
            authorities.ask_nobody(move)
            try:
                send._generate_invoice_documents({move: data})
            except (JobError, LockError):
                raise
            except UserError as error:
                if not settings["format"]:
                    raise
                # Most formats put it here, and some raise it.
                data["error"] = str(error)
        return data

    # ------------------------------------------------------------------
    # The authority's answer
    # ------------------------------------------------------------------

    @api.model
    def _progbox_waits_for_authority(self, move):
        """Whether an authority's answer to the invoice is still to come.

        By default as long as Odoo would send it through an electronic channel, several
        localisations print the answer on the page, or has sent it and hears nothing.
        """
        return authorities.has_asked(move) or (
            not authorities.has_accepted(move)
            and bool(self._get_default_extra_edis(move))
        )

    @api.model
    def _progbox_is_overtaken(self, move, documents):
        """Whether the authority has answered since these files were archived.

        They are handed over no more: the document with the answer is the next
        version.

        :param progbox.document documents: current version of the invoice's files
        """
        early = any(document.before_answer for document in documents)
        # What was refused may be sent again: some channels offer that at once.
        return early and bool(
            authorities.refusal(move) or not self._progbox_waits_for_authority(move)
        )

    # ------------------------------------------------------------------
    # When the invoice is sent: hand over what is archived
    # ------------------------------------------------------------------

    def _generate_invoice_documents(self, invoices_data, allow_fallback_pdf=False):
        if not self._progbox_is_ahead():
            self._progbox_hand_over(invoices_data)
        # What is still to be made is made with the settings of this sending: not
        # taken from the archive, as printing does.
        send = self.with_context(progbox_render_anew=RENDER_ANEW)
        return super(AccountMoveSend, send)._generate_invoice_documents(
            invoices_data, allow_fallback_pdf=allow_fallback_pdf
        )

    def _hook_invoice_document_after_pdf_report_render(self, invoice, invoice_data):
        invoice_pdfa.prepare(invoice_data)
        # Odoo attaches the e-invoice here
        result = super()._hook_invoice_document_after_pdf_report_render(
            invoice, invoice_data
        )
        invoice_pdfa.finish(invoice, invoice_data)
        return result

    def _link_invoice_documents(self, invoices_data):
        if self._progbox_is_ahead():
            return
        super()._link_invoice_documents(invoices_data)
        moves = self.env["account.move"].union(*invoices_data)
        moves._progbox_linked_anew()._progbox_enqueue("legal")

    @api.model
    def _progbox_is_ahead(self):
        return isinstance(self.env.context.get("progbox_ahead"), Discarded)

    @api.model
    def _progbox_is_embedding(self, data):
        """Whether Odoo puts files of the sender into the e-invoice of this sending.

        Its documents are made anew then, and the archive gets what was sent.

        :param dict data: what Odoo collected for the invoice so far
        """
        # account_edi_ubl_cii has it, which Odoo installs by itself.
        available = getattr(self, "_get_ubl_available_attachments", None)
        embedded = available and available(
            data.get("mail_attachments_widget"), data.get("invoice_edi_format")
        )
        return bool(embedded and embedded[0])

    @api.model
    def _progbox_hand_over(self, invoices_data):
        """Link the archived files to the invoices that are about to be sent.

        Odoo then goes on as with documents that exist already, so that what
        the customer receives is what is archived, byte for byte. An invoice that has
        changed since, or is sent with other settings or with files inside, gets new
        documents, and the archive a new version.
        """
        archived = {}
        taken = self.env["progbox.document"].sudo()
        moves = self.env["account.move"].union(*invoices_data)
        unsent = moves.filtered(lambda move: not move.invoice_pdf_report_id)
        documents_by_move = unsent._progbox_current_documents()
        for move, data in invoices_data.items():
            documents = documents_by_move.get(move.id)
            if (
                documents
                and not self._progbox_is_embedding(data)
                and not data.get("extra_edis")
                and documents._made_with(
                    self._progbox_settings_json(
                        {
                            "report": data["pdf_report"],
                            "format": data.get("invoice_edi_format") or False,
                            "lang": move.partner_id.lang or False,
                        }
                    )
                )
            ):
                try:
                    archived[move] = documents._attachment_values()
                    taken |= documents
                except FileUnreadable:
                    # Odoo makes a new document, and the archive a new version.
                    _logger.exception("%s cannot be sent from the archive", documents)
        if archived:
            log = self.env["progbox.access.log"]
            log._log_taken(taken, self.env._("Handed over to be sent"))
            self._link_invoice_documents(archived)
