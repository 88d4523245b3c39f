from contextlib import suppress
from typing import NamedTuple

from odoo import api, models

from ..exceptions import JobError, RenderError
from ..tools.filenames import clean_filename
from ..tools.staging import StagedFile

TYPE_CODES = {
    "out_invoice": "customer_invoice",
    "out_refund": "credit_note",
    "out_receipt": "receipt",
}


class FileToArchive(NamedTuple):
    name: str
    mimetype: str
    made_with: dict | None
    staged: StagedFile


class Deposit(NamedTuple):
    """The files of one version of an invoice, on disk, not in the archive yet.

    :param origin: a key of the document's field ``origin``
    :param refusal: Odoo's text when it refused the e-invoice
    """

    origin: str
    files: tuple[FileToArchive, ...]
    refusal: str | None = None

    def discard(self):
        """Remove the files that nobody has adopted."""
        for file in self.files:
            file.staged.path.unlink(missing_ok=True)


class ProgboxArchiveDeposit(models.AbstractModel):
    """Finds the files of an invoice, and puts them into the archive.

    Finding takes long and writes nothing to the database; putting them away is
    short, because the ledger of the whole company waits for it. The caller holds
    the lock of the invoice, each time.
    """

    _name = "progbox.archive.deposit"
    _description = "Deposit of Invoices"

    # ------------------------------------------------------------------
    # Which files
    # ------------------------------------------------------------------

    @api.model
    def _find_legal(self, move):
        """Return the deposit of the legal documents of an invoice."""
        attachments = self.env["account.move.send"]._get_invoice_extra_attachments(move)
        return self._stage_attachments("legal", attachments.sudo())

    @api.model
    def _find_received(self, move):
        """Return the deposit of what the customer has of an older invoice.

        The PDF that was e-mailed, else the one that came with the import.

        :return: None when there is no such file
        """
        for origin, attachment in (
            ("emailed", self._emailed_pdf(move)),
            ("imported", self._imported_pdf(move)),
        ):
            if attachment:
                return self._stage_attachments(origin, attachment)
        return None

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
                    and attachment.type == "binary"
                    and number in clean_filename(attachment.name)
                    and not self._comes_from_outside(attachment, move)
                )
            )
            .sorted("id")[-1:]
        )

    @api.model
    def _imported_pdf(self, move):
        """Return the PDF that Odoo shows beside the invoice, if it has one."""
        attachment = move.sudo().message_main_attachment_id
        return attachment.filtered(
            lambda a: (
                a.mimetype == "application/pdf"
                and a.type == "binary"
                and not self._comes_from_outside(a, move)
            )
        )

    @api.model
    def _comes_from_outside(self, attachment, move):
        """Whether a customer added this file to an invoice of ours.

        On the portal or in an answer by e-mail. It is no evidence of what he got.
        """
        messages = move.sudo().message_ids.filtered(
            lambda message: attachment in message.attachment_ids
        )
        return attachment.create_uid.share or any(
            message.create_uid.share
            or message.author_guest_id
            # The e-mail that an invoice was made of came before it.
            or (
                message.message_type == "email"
                and message.create_date > move.create_date
            )
            for message in messages
        )

    @api.model
    def _find_generated(self, move, origin, only_complete=False):
        """Return the deposit of what sending the invoice would generate.

        :param str origin: ``generated`` or ``rebuilt``
        :param bool only_complete: no files when the e-invoice is missing
        :raise JobError: when there is no PDF either
        """
        # Broken style sheets come up again, with their reason, in the rendering.
        with suppress(RenderError):
            self.env["ir.actions.report"]._progbox_warm_up()
        send = self.env["account.move.send"]
        settings = send._progbox_settings(move)
        generated = send._progbox_generate(move, settings)
        refusal = self._refusal(generated)
        if refusal and only_complete:
            return Deposit(origin, (), refusal)
        if refusal and settings["format"]:
            settings["format"] = False
            generated = send._progbox_generate(move, settings)
        if no_pdf := self._refusal(generated):
            raise JobError(no_pdf)
        collected = self._collected(generated)
        if not any(
            values["mimetype"] == "application/pdf" for values in collected.values()
        ):
            raise JobError(self.env._("Odoo made no PDF of this invoice."))
        made_with = {
            **send._progbox_settings_json(settings),
            "renderer": self._renderer(),
        }
        return Deposit(
            origin,
            tuple(
                self._stage(
                    values["name"],
                    values["mimetype"],
                    [values.pop("raw")],
                    {**made_with, "key": key, "values": values},
                )
                for key, values in collected.items()
            ),
            refusal,
        )

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
            key: {"mimetype": "application/octet-stream", **values}
            for key, values in generated.items()
            if isinstance(values, dict) and values.get("raw") and values.get("name")
        }

    @api.model
    def _renderer(self):
        return self.env["ir.actions.report"]._progbox_renderer_version()

    # ------------------------------------------------------------------
    # Onto the disk
    # ------------------------------------------------------------------

    @api.model
    def _stage(self, name, mimetype, blocks, made_with=None):
        staged = self.env["ir.attachment"]._progbox_stage(blocks)
        return FileToArchive(name, mimetype, made_with, staged)

    @api.model
    def _stage_attachments(self, origin, attachments):
        return Deposit(
            origin,
            tuple(
                self._stage(
                    attachment.name, attachment.mimetype, attachment._progbox_blocks()
                )
                for attachment in attachments
            ),
        )

    # ------------------------------------------------------------------
    # Into the archive
    # ------------------------------------------------------------------

    @api.model
    def _put_away(self, move, deposit):
        """Archive files as the next version, unless they are the current one.

        :return: the new documents
        """
        Document = self.env["progbox.document"]
        current = move._progbox_documents().get(move.id, Document)
        if {file.staged.sha256 for file in deposit.files} == set(
            current.mapped("sha256")
        ):
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
                        "mimetype": file.mimetype,
                        "origin": deposit.origin,
                        "made_with": file.made_with,
                    },
                    file.staged,
                )
                for file in deposit.files
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
        stem, _dot, extension = file.name.rpartition(".")
        if file.mimetype == "application/pdf":
            stem, extension = move.name, "pdf"
        suffix = f"-v{version}" if version > 1 else ""
        return clean_filename(f"{stem or extension}{suffix}", f".{extension}")

    @api.model
    def _type(self, move, file):
        is_pdf = file.mimetype == "application/pdf"
        code = TYPE_CODES[move.move_type] if is_pdf else "einvoice_issued"
        return self.env.ref(f"progbox_invoice_archive.document_type_{code}")
