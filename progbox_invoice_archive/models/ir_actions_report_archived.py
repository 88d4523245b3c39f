import io
import logging
from collections import OrderedDict

from odoo import models

from ..exceptions import FileUnreadable
from ..tools.sentinels import RENDER_ANEW

_logger = logging.getLogger(__name__)


class IrActionsReport(models.Model):
    """Printing an archived invoice gives the archived file."""

    _inherit = "ir.actions.report"

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        report = self._get_report(report_ref)
        archived = self._progbox_archived_streams(report, data, res_ids)
        if not archived:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids)
        others = [res_id for res_id in res_ids if res_id not in archived]
        rendered = {}
        if others:
            rendered = super()._render_qweb_pdf_prepare_streams(
                report_ref, data, others
            )
        streams = {**rendered, **archived}
        in_order = [res_id for res_id in res_ids if res_id in streams]
        # Odoo keeps what it could not split by record under False.
        return OrderedDict(
            (res_id, streams[res_id]) for res_id in dict.fromkeys([*in_order, *streams])
        )

    def _progbox_archived_streams(self, report, data, res_ids):
        """Return the archived PDFs among the invoices that are to be printed.

        :return: streams as Odoo collects them, by id
        """
        if (
            not res_ids
            or report.model != "account.move"
            or (data or {}).get("proforma")
            or self.env.context.get("progbox_render_anew") is RENDER_ANEW
        ):
            return {}
        moves = self.env["account.move"].browse(res_ids)
        moves.check_access("read")
        streams = {}
        printed = self.env["progbox.document"].sudo()
        for move_id, documents in moves.sudo()._progbox_valid_documents().items():
            pdf = documents.filtered(lambda d: d.mimetype == "application/pdf")[:1]
            move = moves.browse(move_id).sudo()
            if pdf and report.report_name == self._progbox_report_name(move, pdf):
                try:
                    content = b"".join(pdf._content_attachment()._progbox_blocks())
                except FileUnreadable:
                    _logger.exception("%s cannot be printed from the archive", pdf)
                    continue
                streams[move_id] = {"stream": io.BytesIO(content), "attachment": None}
                printed |= pdf
        if printed:
            self.env["progbox.access.log"]._log_taken(printed, self.env._("Printed"))
        return streams

    def _progbox_report_name(self, move, document):
        """Return the name of the report that the archived file stands for."""
        made_with = document.made_with or {}
        default = self.env["account.move.send"]._get_default_pdf_report_id(move)
        return made_with.get("report") or default.report_name
