import hashlib

from odoo import api, models
from odoo.fields import Domain

from ..exceptions import JobError
from ..tools.filenames import clean_filename

TYPE_CODES = {
    "out_invoice": "customer_invoice",
    "out_refund": "credit_note",
    "out_receipt": "receipt",
}


class ProgboxArchiveDeposit(models.AbstractModel):
    """Finds the files of an invoice and puts them into the archive.

    The caller holds the lock of the invoice.
    """

    _name = "progbox.archive.deposit"
    _description = "Deposit of Invoices"

    # ------------------------------------------------------------------
    # Which files
    # ------------------------------------------------------------------

    @api.model
    def _deposit_legal(self, move):
        """Archive the legal documents of an invoice, unless they are already.

        :return: the new documents, if any
        """
        attachments = (
            self.env["account.move.send"]._get_invoice_extra_attachments(move).sudo()
        )
        return self._deposit_attachments(move, "legal", attachments)

    @api.model
    def _deposit_received(self, move):
        """Archive the document the customer has of an older invoice.

        The PDF that was e-mailed, else the one that came with the import.

        :return: the new documents, empty when there is no such file
        """
        for origin, attachment in (
            ("emailed", self._emailed_pdf(move)),
            ("imported", self._imported_pdf(move)),
        ):
            if attachment:
                return self._deposit_attachments(move, origin, attachment)
        return self.env["progbox.document"]

    @api.model
    def _emailed_pdf(self, move):
        """Return the last PDF named after the invoice that a message carried."""
        messages = move.sudo().message_ids.filtered(
            lambda message: (
                message.message_type in ("comment", "email_outgoing")
                and not message.is_internal
            )
        )
        number = clean_filename(move.name)
        return (
            messages.sorted("id")
            .attachment_ids.filtered(
                lambda attachment: (
                    attachment.mimetype == "application/pdf"
                    and number in clean_filename(attachment.name)
                )
            )
            .sorted("id")[-1:]
        )

    @api.model
    def _imported_pdf(self, move):
        """Return the PDF that Odoo shows beside the invoice, if it has one."""
        attachment = move.sudo().message_main_attachment_id
        return attachment.filtered(lambda a: a.mimetype == "application/pdf")

    @api.model
    def _deposit_generated(self, move, origin, only_complete=False):
        """Archive the documents that sending the invoice would generate.

        :param str origin: ``generated`` or ``rebuilt``
        :param bool only_complete: archive nothing when the e-invoice is missing
        :return: Odoo's text when it refused the e-invoice, else None
        :raise JobError: when there is no PDF either
        """
        send = self.env["account.move.send"]
        settings = send._progbox_settings(move)
        generated = send._progbox_generate(move, settings)
        refusal = self._refusal(generated)
        if refusal and settings["format"] and not only_complete:
            settings["format"] = False
            generated = send._progbox_generate(move, settings)
            if second_refusal := self._refusal(generated):
                raise JobError(second_refusal)
        elif refusal and only_complete:
            return refusal
        elif refusal:
            raise JobError(refusal)
        files = []
        for key, values in self._collected(generated).items():
            raw = values.pop("raw")
            files.append(
                {
                    "name": values["name"],
                    "mimetype": values.get("mimetype") or "application/octet-stream",
                    "sha256": hashlib.sha256(raw).hexdigest(),
                    "blocks": [raw],
                    "made_with": {
                        **send._progbox_settings_json(settings),
                        "renderer": self._renderer(),
                        "key": key,
                        "values": values,
                    },
                }
            )
        if not any(file["mimetype"] == "application/pdf" for file in files):
            raise JobError(self.env._("Odoo made no PDF of this invoice."))
        self._deposit_files(move, origin, files)
        return refusal

    @api.model
    def _refusal(self, generated):
        error = generated.get("error")
        if not error:
            return None
        if isinstance(error, dict):
            return self.env["account.move.send"]._format_error_text(error)
        return str(error)

    @api.model
    def _collected(self, generated):
        """Return the values of the attachments that Odoo would have created.

        :return: dictionary by the key under which Odoo keeps them while sending
        """
        return {
            key: {
                name: value.decode()
                if isinstance(value, bytes) and name != "raw"
                else value
                for name, value in values.items()
            }
            for key, values in generated.items()
            if isinstance(values, dict) and values.get("raw") and values.get("name")
        }

    @api.model
    def _renderer(self):
        return self.env["ir.actions.report"]._progbox_renderer_version()

    # ------------------------------------------------------------------
    # Into the archive
    # ------------------------------------------------------------------

    @api.model
    def _deposit_attachments(self, move, origin, attachments):
        files = []
        for attachment in attachments:
            digest = hashlib.sha256()
            for block in attachment._progbox_blocks():
                digest.update(block)
            files.append(
                {
                    "name": attachment.name,
                    "mimetype": attachment.mimetype,
                    "sha256": digest.hexdigest(),
                    "blocks": attachment._progbox_blocks(),
                    "made_with": False,
                }
            )
        return self._deposit_files(move, origin, files)

    @api.model
    def _deposit_files(self, move, origin, files):
        """Archive files as the next version, unless they are the current one.

        :param list files: dictionaries of name, mimetype, sha256, blocks (iterable
            of bytes) and made_with
        :return: the new documents
        """
        Document = self.env["progbox.document"]
        current = move._progbox_documents().get(move.id, Document)
        if {file["sha256"] for file in files} == set(current.mapped("sha256")):
            return Document
        version = max(current.mapped("version"), default=0) + 1
        snapshot = self._snapshot(move, version)
        return Document.union(
            *(
                Document._deposit(
                    {
                        **snapshot,
                        "name": self._file_name(move, file, version),
                        "type_id": self._type(move, file).id,
                        "mimetype": file["mimetype"],
                        "origin": origin,
                        "made_with": file["made_with"],
                    },
                    file["blocks"],
                )
                for file in files
            )
        )

    @api.model
    def _snapshot(self, move, version):
        date = move.invoice_date or move.date
        folder = self.env["progbox.folder"]._archive_folder(move.company_id, date)
        return {
            "folder_id": folder.id,
            "company_id": move.company_id.id,
            "res_model": move._name,
            "res_id": move.id,
            "version": version,
            "document_date": date,
            "number": move.name,
            "partner_name": move.commercial_partner_id.name
            or move.partner_id.display_name,
            "amount_total": move.amount_total_in_currency_signed,
            "currency_name": move.currency_id.name,
        }

    @api.model
    def _file_name(self, move, file, version):
        """Return the name of a file: the invoice's number, and its version.

        An e-invoice keeps the name that its format prescribes.
        """
        stem, _dot, extension = file["name"].rpartition(".")
        if file["mimetype"] == "application/pdf":
            stem, extension = move.name, "pdf"
        suffix = f"-v{version}" if version > 1 else ""
        return clean_filename(f"{stem or extension}{suffix}", f".{extension}")

    @api.model
    def _type(self, move, file):
        is_pdf = file["mimetype"] == "application/pdf"
        code = TYPE_CODES[move.move_type] if is_pdf else "einvoice_issued"
        types = self.env["progbox.document.type"].with_context(active_test=False)
        return types.search(Domain("code", "=", code), limit=1)
