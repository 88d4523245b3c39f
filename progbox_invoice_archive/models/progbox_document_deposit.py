from odoo import api, models
from odoo.fields import Domain

from ..tools.sentinels import SERVER

SEAL_BATCH = 1000


class ProgboxDocument(models.Model):
    """How a document gets its file and its line of the ledger."""

    _inherit = "progbox.document"

    def _content_attachment(self):
        """Return the attachment that holds the bytes."""
        self.ensure_one()
        return (
            self.env["ir.attachment"]
            .sudo()
            .search(
                Domain("res_model", "=", self._name)
                & Domain("res_id", "=", self.id)
                & Domain("res_field", "=", "content"),
                order="id",
                limit=1,
            )
        )

    def _made_with(self, settings):
        """Whether all these files were generated with the given settings.

        :param dict settings: report name, format and language
        """
        return all(
            document.made_with and settings.items() <= document.made_with.items()
            for document in self
        )

    def _attachment_values(self):
        """Return what Odoo needs to attach these files to their invoice.

        :return: values of ir.attachment, by the key under which Odoo collects
            them while it sends an invoice
        :raise FileMissing: when the file store has lost one
        """
        return {
            (document.made_with or {}).get("key", document.name): {
                "name": document.name,
                "mimetype": document.mimetype,
                **(document.made_with or {}).get("values", {}),
                "raw": b"".join(document._content_attachment()._progbox_blocks()),
            }
            for document in self
        }

    @api.model
    def _deposit(self, vals, staged):
        """Create a document of the archive from a file, and seal it.

        :param dict vals: field values of the document, without the content
        :param StagedFile staged: its file; taken over
        :rtype: progbox.document
        """
        archive = self.sudo().with_context(progbox_server=SERVER)
        document = archive._create_with_file(vals, staged)
        self.env["progbox.access.log"]._log("deposit", documents=document)
        return document.with_env(self.env)

    @api.model
    def _create_with_file(self, vals, staged):
        """Create a document of a file: the one way in for every kind of file.

        Deposits, backups, uploads and restores come through here. What is created in
        a locked folder, which the server alone may do, is sealed.

        :param dict vals: field values of the document, without the content
        :param StagedFile staged: its file on disk; taken over
        :rtype: progbox.document
        """
        document = self.create({**vals, "sha256": staged.sha256, "size": staged.size})
        document.env["ir.attachment"].sudo()._progbox_adopt(
            staged,
            {
                "name": document.name,
                "mimetype": document.mimetype,
                "res_model": document._name,
                "res_id": document.id,
                "res_field": "content",
                "company_id": document.company_id.id,
            },
        )
        if document.sudo().locked:
            document._seal()
        document._file_stored()
        return document

    def _file_stored(self):
        """Hook: these documents have their file, in this very transaction.

        Add-ons extend it to queue what must happen with every new file, so that no
        file can be without its job, and no job without its file::

            def _file_stored(self):
                result = super()._file_stored()
                self.env["my.transfer"].sudo().create(
                    [{"document_id": document.id} for document in self]
                )
                return result
        """

    def _seal(self):
        """Enter these documents into the ledger."""
        for document in self.sudo().with_context(progbox_server=SERVER):
            document.seal_id = self.env["progbox.seal"]._append(
                document.company_id, "deposit", document._sealed_content(), document
            )

    @api.model
    def _seal_unsealed(self):
        """Seal the archived documents that are in no ledger yet, oldest first.

        Only documents of an archive from before the ledger are; everything since
        is sealed as it is deposited.
        """
        domain = Domain("locked", "=", True) & Domain("seal_id", "=", False)
        documents = self.sudo()
        while unsealed := documents.search(domain, order="id", limit=SEAL_BATCH):
            unsealed._seal()
            # An archive of years does not fit into memory.
            self.env.flush_all()
            self.env.invalidate_all()

    def _sealed_content(self):
        """Return what the ledger vouches for, as JSON has it.

        The verification compares every one of these values with the row.
        """
        self.ensure_one()
        decimals = self.currency_id.decimal_places if self.currency_id else 2
        return {
            "amount": f"{self.amount_total:.{decimals}f}",
            "currency": self.currency_name or None,
            "date": self.document_date and self.document_date.isoformat(),
            "document": self.id,
            "folder": "/".join(self.folder_id._path()),
            "made_with": self.made_with and self.made_with.get("renderer"),
            "model": self.res_model or None,
            "name": self.name,
            "number": self.number or None,
            "origin": self.origin or None,
            "partner": self.partner_name or None,
            "record": self.res_id or None,
            # Lines from before there were series stay as they are.
            **({"series": self.series} if self.series else {}),
            "sha256": self.sha256,
            "size": self.size,
            "type": self.type_id.code,
            "version": self.version,
        }
