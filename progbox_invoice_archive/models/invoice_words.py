"""What the document of an invoice says now."""

import hashlib
import logging
import re
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2

from odoo import SUPERUSER_ID

from ..exceptions import JobError
from ..tools.discarded import Discarded
from ..tools.report import says
from ..tools.sentinels import WORDS
from . import authorities

_logger = logging.getLogger(__name__)

PICTURE = re.compile(r"/web/(?:image|content)/(\d+)")
FIELD_PICTURE = re.compile(r"/web/(?:image|content)/([a-z][\w.]*)/(\d+)/(\w+)")
DISPLAY_NAME_PARAMETER = "account.display_name_in_footer"
# What payments change on the page, computed again from the rest.
PAYMENT_COMPUTED = (
    "show_payment_term_details",
    "payment_term_details",
    "show_discount_details",
)


class InvoiceWords:
    """Renders an invoice as unpaid, for the superuser, and leaves no trace.

    Who asks, what has been paid, the clock and the addresses of the server make no
    difference then.

    :param account.move move: posted
    :param dict settings: report name and format, see account.move.send
    """

    def __init__(self, move, settings):
        env = move.env(
            user=SUPERUSER_ID,
            su=True,
            context={
                "allowed_company_ids": move.company_id.ids,
                "progbox_words": WORDS,
            },
        )
        self.env = env
        self.move = move.with_env(env)
        self.settings = settings

    def digests(self, strict=False):
        """Return the digests of what the document says, and of its letterhead.

        :param bool strict: raise a JobError when Odoo cannot make the document now
        :return: None when it cannot
        :rtype: dict(says=str, letterhead=str)
        """
        try:
            with closing(Discarded(self.env.cr)):
                texts = self._texts()
        except psycopg2.Error:
            raise  # Odoo, or the job, does the work again.
        except Exception as error:
            if strict:
                raise JobError(
                    self.env._(
                        "Odoo cannot make the document of this invoice now, so the "
                        "archived one is handed over. Correct what it says, then "
                        "retry:\n%(reason)s",
                        reason=error,
                    )
                ) from error
            # Nobody is kept from a document because it cannot be compared.
            _logger.warning("cannot tell what %s says", self.move, exc_info=True)
            return None
        bodies, letterheads = zip(*texts, strict=True)
        return {
            "says": says.digest(*bodies),
            "letterhead": says.digest(*letterheads),
        }

    def _texts(self):
        self._forget_payments()
        authorities.ask_nobody(self.move)
        texts = [says.of_page(self._html(), self._picture)]
        texts += map(says.of_einvoice, self.move._progbox_einvoices(self.settings))
        return texts

    def _html(self):
        data = {"report_type": "pdf"}
        get_param = self.env["ir.config_parameter"].get_param
        if get_param(DISPLAY_NAME_PARAMETER):
            data["display_name_in_footer"] = True
        return self.env["ir.actions.report"]._render_qweb_html(
            self.settings["report"], self.move.ids, data
        )[0]

    def _forget_payments(self):
        """Show the invoice as it was before the first payment, in the cache alone."""
        move, lines = self.move, self.move.line_ids
        lines = lines.filtered(lambda line: line.display_type == "payment_term")
        self._pretend(
            move,
            amount_residual=move.amount_total,
            amount_residual_signed=move.amount_total_signed,
            payment_state="not_paid",
            invoice_payments_widget=False,
        )
        for line in lines:
            self._pretend(
                line,
                matched_debit_ids=(),
                matched_credit_ids=(),
                amount_residual=line.balance,
                amount_residual_currency=line.amount_currency,
                reconciled=False,
            )
        move.invalidate_recordset(PAYMENT_COMPUTED, flush=False)

    def _pretend(self, record, **values):
        for name, value in values.items():
            # What is still to be computed is computed now.
            record.mapped(name)
            record._fields[name]._update_cache(record, value)

    def _picture(self, url):
        """Return what stands for a picture: the digest of its bytes if it has any."""
        if url.startswith("data:"):
            return hashlib.sha256(url.encode()).hexdigest()
        path = urlsplit(url).path
        attachments = self.env["ir.attachment"]
        if match := PICTURE.match(path):
            attachment = attachments.browse(int(match[1])).exists()
            return attachment.checksum or path
        if match := FIELD_PICTURE.match(path):
            attachment = attachments.search(
                [
                    ("res_model", "=", match[1]),
                    ("res_id", "=", int(match[2])),
                    ("res_field", "=", match[3]),
                ],
                limit=1,
            )
            return attachment.checksum or path
        return path
