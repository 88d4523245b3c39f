"""What localisations of Odoo know of the authorities that invoices are sent to."""

from odoo.tools import SQL

# Fields of an invoice, and what they say while the authority has not answered. By then
# Odoo does not offer to send it any more.
ASKED = {
    "l10n_hu_edi_state": ("sent", "send_timeout"),
    "l10n_it_edi_state": ("being_sent", "processing"),
    "l10n_ro_edi_state": ("invoice_not_indexed", "invoice_sent"),
    "l10n_tr_nilvera_send_status": ("sent", "waiting"),
}
# And what they say when it has refused the invoice.
REFUSED = {
    "l10n_es_edi_verifactu_state": ("rejected",),
    "l10n_hu_edi_state": ("rejected",),
    "l10n_it_edi_state": ("rejected",),
    "l10n_pl_edi_status": ("rejected",),
    "l10n_ro_edi_state": ("invoice_refused",),
    "l10n_tr_nilvera_send_status": ("error",),
}
# Romania keeps what ANAF has signed: its answer, whether it accepts or refuses.
ROMANIA = "l10n_ro_edi.document"
ANSWERED = ("invoice_validated", "invoice_refused")


def has_asked(move):
    """Whether the invoice has gone to an authority that has not answered yet."""
    return bool(_said(move, ASKED))


def refusal(move):
    """Return in words that the authority has refused the invoice, else None."""
    if not (name := _said(move, REFUSED)):
        return None
    field = move._fields[name]
    said = field.convert_to_export(move[name], move)
    words = [f"{field._description_string(move.env)}: {said}"]
    if ROMANIA in move.env:
        words += _answers(move)[-1:].filtered("message").mapped("message")
    return "\n".join(words)


def _said(move, states):
    """Return the name of the field that has one of these states."""
    fields = (name for name in states if name in move._fields)
    return next((name for name in fields if move[name] in states[name]), None)


def replies(move):
    """Return the signed answers to an invoice, as the authority calls their files.

    :return: list of pairs: name of the file, attachment
    """
    if ROMANIA not in move.env:
        return []
    attachments = move.env["ir.attachment"].sudo()
    found = attachments.search(
        [
            ("res_model", "=", ROMANIA),
            ("res_field", "=", "attachment"),
            ("res_id", "in", _answers(move).ids),
        ],
        order="id",
    )
    return [(f"semnatura_{move.l10n_ro_edi_index}.xml", file) for file in found]


def _answers(move):
    """Return the answers of Romania's authority to an invoice, oldest first."""
    documents = move.sudo().l10n_ro_edi_document_ids
    return documents.filtered(lambda d: d.state in ANSWERED).sorted("id")


def replied_sql(env):
    """Return the ids of the invoices that signed answers are kept of, as SQL.

    None where no localisation keeps any.
    """
    if ROMANIA not in env:
        return None
    return SQL(
        """SELECT answer.invoice_id FROM l10n_ro_edi_document answer
        JOIN ir_attachment file ON file.res_model = %s
        AND file.res_field = 'attachment' AND file.res_id = answer.id
        WHERE answer.state IN %s""",
        ROMANIA,
        ANSWERED,
    )
