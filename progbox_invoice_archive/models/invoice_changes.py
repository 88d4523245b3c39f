"""Which archived invoices Odoo would write differently today."""

from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.report import says
from .invoice_words import InvoiceWords
from .progbox_job_mixin import UNFINISHED_STATES

# Printed fields of the invoice itself, not of its client or company. A person who may
# post can still write most of them once it is posted.
PRINTED_FIELDS = (
    "move_type",
    "name",
    "ref",
    "payment_reference",
    "partner_id",
    "commercial_partner_id",
    "partner_shipping_id",
    "partner_bank_id",
    "preferred_payment_method_line_id",
    "invoice_payment_term_id",
    "invoice_date",
    "invoice_date_due",
    "delivery_date",
    "invoice_incoterm_id",
    "incoterm_location",
    "invoice_origin",
    "narration",
    "currency_id",
    "amount_total",
)
PRINTED_LINE_FIELDS = (
    "display_type",
    "name",
    "product_id",
    "product_uom_id",
    "quantity",
    "price_unit",
    "discount",
    "tax_ids",
    "price_subtotal",
    "collapse_composition",
    "collapse_prices",
)
# A change bears the time at which its transaction began: that may be earlier than the
# archiving, which did not see it yet.
MARGIN = "1 minute"
# Whose printed fields are not the invoice's, but whose dates tell of a change.
OTHERS = {
    "res_partner": (
        "move.partner_id",
        "move.commercial_partner_id",
        "move.partner_shipping_id",
        "company.partner_id",
    ),
    "res_company": ("company.id",),
    "res_partner_bank": ("move.partner_bank_id",),
}


def own_digest(move):
    """Return the digest of the printed fields of an invoice and of its lines."""
    lines = move.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
    rows = [values(move, PRINTED_FIELDS)]
    rows += [values(line, PRINTED_LINE_FIELDS) for line in lines]
    return says.digest(*(text for row in rows for text in (str(len(row)), *row)))


def values(record, names):
    """Return fields of a record as texts that tell one value from another."""
    return [_text(record, name) for name in names if name in record._fields]


def _text(record, name):
    value = record[name]
    if record._fields[name].relational:
        return ",".join(map(str, value.ids))
    if isinstance(value, float):
        return f"{value + 0:.6f}"
    return "" if value is False or value is None else str(value)


class InvoiceChanges:
    """Tells which of some archived invoices no longer say what is archived.

    :param account.move moves: posted, each with documents
    :param dict documents: their current archived documents, by id of the invoice
    :param bool many: whether they are some of many that are asked for; then only
        those are looked at that may differ
    :param bool strict: raise a JobError for what cannot be compared
    """

    def __init__(self, moves, documents, many, strict=False):
        self.many = many
        self.strict = strict
        self.moves = moves.sudo()
        self.documents = documents
        self.env = self.moves.env

    def changed(self):
        """Return the invoices whose document is another one today.

        What Odoo has sent stays what it is. What the client has received, and what
        is in a closed month, is another document only when the invoice itself has
        been changed.

        :rtype: account.move
        """
        unsent = self.moves.filtered(lambda move: not move.invoice_pdf_report_id)
        known = unsent.filtered(self.said)
        rewritten = known.filtered(self._is_rewritten)
        rewritten |= self._noted(unsent - known)
        rest = unsent - rewritten
        if self.many:
            rest = self._beside_changed(rest)
        rest -= self.settled(rest)
        return rewritten | rest.filtered(self._says_something_else)

    def settled(self, moves):
        """Return those that the client has, or whose month is closed."""
        if not moves:
            return moves
        settled = self._among(
            moves,
            SQL("JOIN progbox_folder folder ON folder.id = document.folder_id"),
            SQL(
                "%s OR %s OR %s",
                self._taken_sql(),
                self._mailed_sql(),
                SQL(
                    "EXISTS (SELECT FROM progbox_closing closing"
                    " WHERE closing.company_id = document.company_id AND"
                    " closing.month = date_trunc('month', document.document_date))"
                ),
            ),
        )
        return settled | (moves - settled).filtered(self._is_locked)

    def said(self, move):
        """Return the digests that were taken when the documents were archived."""
        return next(
            (document.said for document in self.documents[move.id] if document.said),
            None,
        )

    def _is_rewritten(self, move):
        """Whether printed fields of the invoice itself have other values."""
        own = self.said(move)["own"]
        return own != own_digest(move) and self._says_something_else(move)

    def _noted(self, moves):
        """Return those that were changed, of which there is nothing to compare.

        What is from before there were digests, or was made by somebody else: its row
        remembers the number, and the queue what has been written since.
        """
        if not moves:
            return moves
        jobs = self.env["progbox.archive.job"].search_fetch(
            Domain("move_id", "in", moves.ids)
            & Domain("reason", "=", "changed")
            & Domain("state", "in", UNFINISHED_STATES),
            ["move_id"],
        )
        queued = set(jobs.move_id.ids)
        return moves.filtered(
            lambda move: (
                move.id in queued or self.documents[move.id][0].number != move.name
            )
        )

    def _says_something_else(self, move):
        said = self.said(move)
        if not said:
            return False
        settings = next(
            document.made_with for document in self.documents[move.id] if document.said
        )
        now = InvoiceWords(move, settings).digests(self.strict)
        return bool(now) and any(said[key] != now[key] for key in now)

    # ------------------------------------------------------------------
    # Asked for many at once
    # ------------------------------------------------------------------

    def _beside_changed(self, moves):
        """Return those whose client, company or bank was written after archiving."""
        if not moves:
            return moves
        self.env.flush_all()
        conditions = SQL(" OR ").join(
            SQL(
                "EXISTS (SELECT FROM %s other WHERE other.id IN (%s)"
                " AND other.write_date > document.create_date - interval %s)",
                SQL.identifier(table),
                SQL(", ").join(map(SQL, columns)),
                MARGIN,
            )
            for table, columns in OTHERS.items()
        )
        return self._among(
            moves,
            SQL(
                "JOIN account_move move ON move.id = document.res_id"
                " JOIN res_company company ON company.id = move.company_id"
            ),
            conditions,
        )

    def _is_locked(self, move):
        lock = move.company_id._get_user_fiscal_lock_date(
            move.journal_id, ignore_exceptions=True
        )
        return move.date <= lock

    def _taken_sql(self):
        """Whether somebody outside has taken a document, or a folder it is in."""
        return SQL(
            """EXISTS (
                SELECT FROM progbox_access_log log
                LEFT JOIN res_users reader ON reader.id = log.user_ref
                WHERE log.kind = 'download'
                AND (log.share_ref IS NOT NULL OR reader.share)
                AND (
                    log.document_ref = document.id
                    OR log.document_ref IS NULL
                    AND log.accessed_on >= document.create_date
                    AND log.folder_ref = ANY(
                        string_to_array(trim('/' FROM folder.parent_path), '/')::int[]
                    )
                )
            )"""
        )

    def _mailed_sql(self):
        """Whether a message carried the very file to somebody."""
        return SQL(
            """EXISTS (
                SELECT FROM ir_attachment content
                JOIN ir_attachment mailed ON mailed.checksum = content.checksum
                JOIN message_attachment_rel rel ON rel.attachment_id = mailed.id
                JOIN mail_message message ON message.id = rel.message_id
                WHERE content.res_model = 'progbox.document'
                AND content.res_id = document.id AND content.res_field = 'content'
                AND message.model = document.res_model
                AND message.res_id = document.res_id
                AND message.is_internal IS NOT TRUE
            )"""
        )

    def _among(self, moves, join, condition):
        ids = [id_ for move in moves for id_ in self.documents[move.id].ids]
        self.env["mail.message"].flush_model()
        self.env["ir.attachment"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT document.res_id FROM progbox_document document %s"
                " WHERE document.id = ANY(%s) AND (%s)",
                join,
                ids,
                condition,
            )
        )
        return moves.browse(id_ for [id_] in rows)
