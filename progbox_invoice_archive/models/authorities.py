"""What localisations of Odoo know of the authorities that invoices are sent to."""

import base64
import hashlib

from lxml import etree

from odoo import SUPERUSER_ID
from odoo.fields import Domain
from odoo.tools import SQL

# Fields of an invoice, and what they say while the authority has not answered. By then
# Odoo does not offer to send it any more.
ASKED = {
    "l10n_hu_edi_state": ("sent", "send_timeout"),
    "l10n_it_edi_state": ("being_sent", "processing"),
    "l10n_pl_edi_status": ("sent",),
    "l10n_ro_edi_state": ("invoice_not_indexed", "invoice_sent"),
    "l10n_tr_nilvera_send_status": ("sent", "waiting"),
}
# What they say when it has accepted, where Odoo offers to send it for ever.
ACCEPTED = {"l10n_pl_edi_status": ("accepted",)}
# And what they say when it has refused the invoice.
REFUSED = {
    "l10n_es_edi_verifactu_state": ("rejected",),
    "l10n_hu_edi_state": ("rejected",),
    "l10n_it_edi_state": ("rejected",),
    "l10n_pl_edi_status": ("rejected",),
    "l10n_ro_edi_state": ("invoice_refused",),
    "l10n_tr_nilvera_send_status": ("error",),
}
# Fields of a client, and what they say while no authority was asked about the client:
# Odoo then asks it each time that it makes the e-invoice.
NOT_ASKED = {"l10n_tr_nilvera_customer_status": "not_checked"}
# Romania keeps what ANAF has signed: its answer, whether it accepts or refuses.
ROMANIA = "l10n_ro_edi.document"
VALIDATED = "invoice_validated"
ANSWERED = (VALIDATED, "invoice_refused")
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
DIGEST = "{http://www.w3.org/2000/09/xmldsig#}DigestValue"
# The type of such an answer in the archive, and its series: no version of the invoice.
REPLY_TYPE = "authority_reply"
# Of one invoice, the newest. ANAF's have some ten thousand bytes.
MOST_REPLIES = 10
MOST_BYTES = 1_000_000


def has_asked(move):
    """Whether the invoice has gone to an authority that has not answered yet.

    What a stranger has answered in its name is no answer.
    """
    return bool(_said(move, ASKED)) or _is_forged(move)


def has_accepted(move):
    """Whether the authority has accepted an invoice that may be sent for ever."""
    return bool(_said(move, ACCEPTED))


def refusal(move):
    """Return in words that the authority has refused the invoice, else None."""
    name = _said(move, REFUSED)
    if not name or _is_forged(move):
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


def ask_nobody(move):
    """Keep Odoo from asking an authority about the client of an invoice.

    In the cache alone, while documents are made of which nothing stays: nobody waits
    for an authority that does not answer.
    """
    client = move.partner_id
    for name, value in NOT_ASKED.items():
        if name in client._fields and client[name] == value:
            client._fields[name]._update_cache(client, False)


def replies(move):
    """Return the signed answers to an invoice, as the authority calls their files.

    Of those that are not archived yet.

    :return: list of pairs: name of the file, attachment
    """
    if ROMANIA not in move.env:
        return []
    answers = {answer.id: answer for answer in _answers(move)}
    files = move.env["ir.attachment"].sudo()
    found = files.search(
        Domain("res_model", "=", ROMANIA)
        & Domain("res_field", "=", "attachment")
        & Domain("res_id", "in", list(answers))
        & Domain("file_size", "<=", MOST_BYTES),
        order="id",
    ).filtered(lambda file: _is_of(move.company_id, file))[-MOST_REPLIES:]
    known = _digests(move) if found else ()
    name = f"semnatura_{move.l10n_ro_edi_index}.xml"
    return [
        (name, file)
        for file in found
        if _digest(file.raw) not in known
        and _is_reply(file.raw, answers[file.res_id].state, known)
    ]


def replied_sql(env, since):
    """Return, as SQL, the ids of the invoices with answers that are not archived.

    Whether these are to be believed says :func:`replies`.

    :param datetime since: when their files came, at the earliest
    :return: None where no localisation keeps any
    """
    if ROMANIA not in env:
        return None
    return SQL(
        """SELECT answer.invoice_id FROM l10n_ro_edi_document answer
        JOIN ir_attachment file ON file.res_model = %(romania)s
        AND file.res_field = 'attachment' AND file.res_id = answer.id
        WHERE answer.state IN %(answered)s AND file.write_date >= %(since)s
        AND NOT EXISTS (
            SELECT FROM progbox_document reply
            JOIN ir_attachment content ON content.res_model = 'progbox.document'
            AND content.res_field = 'content' AND content.res_id = reply.id
            WHERE reply.res_model = 'account.move'
            AND reply.res_id = answer.invoice_id AND reply.series = %(series)s
            AND content.checksum = file.checksum
        )""",
        romania=ROMANIA,
        answered=ANSWERED,
        since=since,
        series=REPLY_TYPE,
    )


def _answers(move):
    """Return the answers of Romania's authority to an invoice, oldest first."""
    return (
        move.sudo()
        .l10n_ro_edi_document_ids.filtered(
            lambda answer: answer.state in ANSWERED and _is_of(move.company_id, answer)
        )
        .sorted("id")
    )


def _is_forged(move):
    """Whether a stranger has written the answer that makes the state of an invoice."""
    if ROMANIA not in move.env:
        return False
    answers = move.sudo().l10n_ro_edi_document_ids
    newest = answers.sorted(lambda answer: (answer.datetime, answer.id))[-1:]
    return newest.state in ANSWERED and not _is_of(move.company_id, newest)


def _is_of(company, record):
    """Whether only the server and people of a company have written a record.

    Whoever may bill, in any company, may write the answers to all invoices.
    """
    return all(
        user.id == SUPERUSER_ID or company in user.company_ids
        for user in (record.create_uid, record.write_uid)
    )


def _digests(move):
    """Return the digests of the e-invoice, and of what is archived of an invoice."""
    documents = move.env["progbox.document"].sudo()
    archived = documents.search(
        Domain("res_model", "=", move._name) & Domain("res_id", "=", move.id)
    )
    digests = {_base64(bytes.fromhex(sha256)) for sha256 in archived.mapped("sha256")}
    sent = move.sudo().ubl_cii_xml_id
    return digests | {_digest(file.raw) for file in sent}


def _digest(content):
    return _base64(hashlib.sha256(content or b"").digest())


def _base64(digest):
    return base64.b64encode(digest).decode()


def _is_reply(content, state, digests):
    """Whether a file has the form of what ANAF signs. Its signature is not checked.

    It names the digest of the e-invoice, or when it refuses of the errors, which Odoo
    does not keep.

    :param str state: of the answer
    :param set digests: of the files of the invoice
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(content or b"", parser)
    except etree.XMLSyntaxError:
        return False
    if root.tag != SIGNATURE:
        return False
    named = {"".join((element.text or "").split()) for element in root.iter(DIGEST)}
    return state != VALIDATED or bool(named & digests)
