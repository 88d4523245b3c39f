"""What Odoo's own doors hand over of invoices that nobody has sent."""

import logging
from contextlib import closing

from odoo.exceptions import ConcurrencyError

from ..exceptions import FileUnreadable
from .invoice_renewal import Renewal

_logger = logging.getLogger(__name__)


class LegalFiles:
    """The archived files of invoices, as Odoo hands over legal documents.

    Odoo's zips ask for one invoice after the other: the first question finds the files
    of all. So there are as many queries for a hundred invoices as for two, and every
    page is made before the ledger is locked.

    :param account.move moves: whose documents are asked for
    :param bool with_proforma: whether Odoo makes a page of each that is not archived
    """

    def __init__(self, moves, with_proforma=False):
        self.moves = moves
        self.with_proforma = with_proforma
        self._proformas = {}
        self._files = None

    @staticmethod
    def of(moves):
        """Return what stands in the context of a door, else that of these invoices.

        :rtype: LegalFiles
        """
        files = moves.env.context.get("progbox_legal_files")
        return files if isinstance(files, LegalFiles) else LegalFiles(moves)

    def at_door(self):
        """Return the invoices, which then share these files."""
        return self.moves.with_context(progbox_legal_files=self)

    def files(self, move):
        """Return the archived files of an invoice that Odoo has not sent.

        :return: dictionary by the key under which Odoo collects them while sending
        :raise ConcurrencyError: when others have archived meanwhile: Odoo then takes
            the request once more
        """
        if self._files is None:
            self._files = self._read(self._find())
        return self._files.get(move.id, {})

    def proforma(self, move):
        """Return the page that Odoo has made ahead, None if it has not."""
        return self._proformas.get(move.id)

    def _find(self):
        """Return the documents by id of the invoice, newer versions where needed."""
        self.moves.check_access("read")
        unsent = self.moves.sudo().filtered(lambda move: not move.invoice_pdf_report_id)
        archived = unsent.browse(unsent._progbox_valid_documents())
        if not archived:
            return {}
        archived._progbox_check_writable()
        documents = archived._progbox_current_documents()
        changed = archived - archived.browse(documents)
        return documents | self._renewed(changed, unsent.browse(documents))

    def _renewed(self, changed, unchanged):
        """Archive the changed ones as they are now, and return their documents."""
        with closing(Renewal(changed)) as renewal:
            ready = renewal.prepare()
            if ready and self.with_proforma:
                self._make_proformas(unchanged | ready)
            archived = renewal.seal()
        if renewal.overtaken:
            raise ConcurrencyError("archived document") from renewal.overtaken
        return archived._progbox_documents()

    def _make_proformas(self, others):
        """Have Odoo make the pages that the archive does not have."""
        for move in self.moves.browse(set(self.moves.ids) - set(others.ids)):
            if not move.invoice_pdf_report_id:
                self._proformas[move.id] = move._get_invoice_pdf_proforma()

    def _read(self, documents_by_move):
        every = self.moves.env["progbox.document"].sudo()
        every = every.union(*documents_by_move.values())
        contents = every._content_attachments()
        files, taken = {}, every.browse()
        for move_id, documents in documents_by_move.items():
            try:
                values = documents._attachment_values(contents)
            except FileUnreadable:
                _logger.exception("%s cannot be handed over", documents)
                continue
            files[move_id] = {
                key: {
                    "filename": each["name"],
                    "filetype": each["mimetype"],
                    "content": each["raw"],
                }
                for key, each in values.items()
            }
            taken |= documents
        if taken:
            self.moves.env["progbox.access.log"]._log_taken(taken)
        return files
