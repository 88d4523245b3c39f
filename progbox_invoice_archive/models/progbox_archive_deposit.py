"""The files of an invoice, found and on the disk, before they are archived."""

from contextlib import suppress
from typing import NamedTuple

from ..exceptions import JobError, RenderError
from ..tools.filenames import clean_filename
from ..tools.staging import StagedFile
from . import authorities, invoice_pdfa
from .invoice_changes import own_digest
from .invoice_words import InvoiceWords

# How Odoo calls the e-invoice beside the page of a Factur-X.
FACTUR_X_NAME = "_factur_x.xml"


class FileToArchive(NamedTuple):
    name: str
    mimetype: str
    made_with: dict | None
    staged: StagedFile


class Deposit(NamedTuple):
    """The files of one version of an invoice, on disk, not in the archive yet.

    :param origin: a key of the document's field ``origin``
    :param refusal: Odoo's text when it refused the e-invoice, or what is wrong with one
        that was sent
    :param before_answer: whether an authority's answer is still to come
    :param said: the digests of what the files say, see :class:`InvoiceWords`
    :param authority_refusal: in words, that the authority has refused what was sent
    :param replies: what the authority has signed
    """

    origin: str
    files: tuple[FileToArchive, ...]
    refusal: str | None = None
    before_answer: bool = False
    said: dict | None = None
    authority_refusal: str | None = None
    replies: tuple[FileToArchive, ...] = ()

    def discard(self):
        """Remove the files that nobody has adopted."""
        for file in (*self.files, *self.replies):
            file.staged.path.unlink(missing_ok=True)


class InvoiceFiles:
    """Finds the files of an invoice, and puts them on the disk.

    That takes long and writes nothing to the database, nor does it keep a lock. Which
    of these is asked for says progbox.archive.job.

    :param account.move move: posted, in its company
    """

    def __init__(self, move):
        self.move = move
        self.env = move.env
        self.send = self.env["account.move.send"]

    # ------------------------------------------------------------------
    # Which files
    # ------------------------------------------------------------------

    def legal(self, with_shortcomings):
        """Return the deposit of the legal documents of an invoice.

        :param bool with_shortcomings: say why a Factur-X among them is none, and what
            an authority has refused
        """
        attachments = self.send._get_invoice_extra_attachments(self.move)
        deposit = self._stage_attachments("legal", attachments.sudo())
        return deposit._replace(
            refusal=self._no_factur_x(deposit.files) if with_shortcomings else None,
            # Some channels are offered for ever: what was sent is the last word there.
            before_answer=authorities.has_asked(self.move),
            authority_refusal=(
                authorities.refusal(self.move) if with_shortcomings else None
            ),
            replies=tuple(
                self._stage(name, file.mimetype, file._progbox_blocks())
                for name, file in authorities.replies(self.move)
            ),
        )

    def _no_factur_x(self, files):
        """Return why a PDF that was sent as a Factur-X is none."""
        # Odoo embeds an e-invoice in every PDF, but only this one has it beside, too.
        if not any(file.name.endswith(FACTUR_X_NAME) for file in files):
            return None
        reasons = [
            reason
            for file in files
            if file.mimetype == "application/pdf"
            for reason in invoice_pdfa.shortcomings(self.env, file.staged.path)
        ]
        return "\n".join(reasons) or None

    def received(self):
        """Return the deposit of what the customer has of an older invoice.

        The PDF that was e-mailed, else the one that came with the import.

        :return: None when there is no such file
        """
        for origin, attachment in (
            ("emailed", self.emailed_pdf()),
            ("imported", self.imported_pdf()),
        ):
            if attachment:
                return self._stage_attachments(origin, attachment)
        return None

    def emailed_pdf(self):
        """Return the last PDF named after the invoice that a message carried."""
        messages = self.move.sudo().message_ids.filtered(
            lambda message: (
                message.message_type in ("comment", "email_outgoing")
                and not message.is_internal
            )
        )
        number = clean_filename(self.move.name)
        return (
            messages.sorted("id")
            .attachment_ids.filtered(
                lambda attachment: (
                    attachment.mimetype == "application/pdf"
                    and attachment.type == "binary"
                    and number in clean_filename(attachment.name)
                    and not self._comes_from_outside(attachment)
                )
            )
            .sorted("id")[-1:]
        )

    def imported_pdf(self):
        """Return the PDF that Odoo shows beside the invoice, if it has one."""
        attachment = self.move.sudo().message_main_attachment_id
        return attachment.filtered(
            lambda a: (
                a.mimetype == "application/pdf"
                and a.type == "binary"
                and not self._comes_from_outside(a)
            )
        )

    def _comes_from_outside(self, attachment):
        """Whether a customer added this file to an invoice of ours.

        On the portal or in an answer by e-mail. It is no evidence of what they got.
        """
        messages = self.move.sudo().message_ids.filtered(
            lambda message: attachment in message.attachment_ids
        )
        return attachment.create_uid.share or any(
            message.create_uid.share
            or message.author_guest_id
            # The e-mail that an invoice was made of came before it.
            or (
                message.message_type == "email"
                and message.create_date > self.move.create_date
            )
            for message in messages
        )

    def generated(self, origin, only_complete=False):
        """Return the deposit of what sending the invoice would generate.

        :param str origin: ``generated`` or ``rebuilt``
        :param bool only_complete: no files when the e-invoice is missing
        :raise JobError: when there is no PDF either
        """
        # Broken style sheets come up again, with their reason, in the rendering.
        with suppress(RenderError):
            self.env["ir.actions.report"]._progbox_warm_up()
        settings = self.send._progbox_settings(self.move)
        generated = self.send._progbox_generate(self.move, settings)
        refusal = self._refusal(generated)
        if refusal and only_complete:
            return Deposit(origin, (), refusal)
        if refusal and settings["format"]:
            settings["format"] = False
            generated = self.send._progbox_generate(self.move, settings)
        if no_pdf := self._refusal(generated):
            raise JobError(no_pdf)
        collected = self._collected(generated)
        if not any(
            values["mimetype"] == "application/pdf" for values in collected.values()
        ):
            raise JobError(self.env._("Odoo made no PDF of this invoice."))
        made_with = {
            **self.send._progbox_settings_json(settings),
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
            self.send._progbox_waits_for_authority(self.move),
            self._said(made_with),
        )

    def _said(self, settings):
        """Return what the files say, from the transaction that has made them."""
        digests = InvoiceWords(self.move, settings).digests()
        return digests and {**digests, "own": own_digest(self.move)}

    def _refusal(self, generated):
        error = generated.get("error")
        if not error:
            return None
        if isinstance(error, dict):
            return self.send._format_error_text(error)
        return str(error)

    def _collected(self, generated):
        """Return the values of the attachments that Odoo would have created.

        :return: dictionary by the key under which Odoo keeps them while sending
        """
        return {
            key: {"mimetype": "application/octet-stream", **values}
            for key, values in generated.items()
            if isinstance(values, dict) and values.get("raw") and values.get("name")
        }

    def _renderer(self):
        return self.env["ir.actions.report"]._progbox_renderer_version()

    # ------------------------------------------------------------------
    # Onto the disk
    # ------------------------------------------------------------------

    def _stage(self, name, mimetype, blocks, made_with=None):
        staged = self.env["ir.attachment"]._progbox_stage(blocks)
        return FileToArchive(name, mimetype, made_with, staged)

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
