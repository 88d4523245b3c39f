from odoo.http import route

from odoo.addons.account.controllers.download_docs import (
    AccountDocumentDownloadController,
)

from ..models.legal_files import LegalFiles

# Of what Odoo makes a page when there is no document.
PAGES = ("all", "pdf")


class InvoiceDownloads(AccountDocumentDownloadController):
    """Odoo's downloads of many invoices, which ask the archive once for all."""

    @route()
    def download_invoice_documents_filetype(self, invoices, filetype, **kwargs):
        files = LegalFiles(invoices, with_proforma=filetype in PAGES)
        return super().download_invoice_documents_filetype(
            files.at_door(), filetype, **kwargs
        )

    @route()
    def download_move_attachments(self, moves):
        return super().download_move_attachments(LegalFiles(moves).at_door())
