"""Who gets the closing certificates: what the access log has on record of it.

The addresses stand in a row of the database, which its owner may change: then the
certificates go to somebody who never compares them. Each change that is made in the
settings is a line of the access log, which is sealed.
"""

import re

from odoo.tools import SQL

from ..tools.ledger.verify import Finding

# A line ends with them, or with a dash, whatever its language is.
ADDRESSES = r":\s(–|[^\s,]+@[^\s,]+(, [^\s,]+@[^\s,]+)*)$"


def note_addresses(company):
    """Put on record who gets the closing certificates from now on."""
    company.env["progbox.access.log"]._log(
        "share",
        company=company,
        note=company.env._(
            "From now on, the closing certificates go to: %(addresses)s",
            addresses=", ".join(_noted(company)) or "–",
        ),
    )


def put_on_record(company):
    """Note who gets them, when they were chosen before that was noted.

    The oldest versions noted no addresses at all: those of today are taken.
    """
    noted_on, _said = _on_record(company)
    if noted_on:
        return
    if _noted(company):
        note_addresses(company)
    else:
        company._progbox_note_addresses()


def keep_on_record(company, before):
    """Note again who gets them, before the log loses the line by its retention.

    What nobody has noted in time is not made good silently.

    :param datetime before: lines that are older may be removed
    """
    noted_on, said = _on_record(company)
    if said and noted_on < before and said == _now(company):
        note_addresses(company)


def address_findings(company):
    """Return whether they go to others than the access log says."""
    now, [_noted_on, said] = _now(company), _on_record(company)
    if now == said:
        return []
    return [
        Finding("certificate_changed", expected="\n".join(said), actual="\n".join(now))
    ]


def _noted(company):
    """Return the addresses that the settings have noted."""
    noted = company.sudo().progbox_certificate_addresses or {}
    return sorted(filter(None, noted.values()))


def _now(company):
    """Return the addresses that certificates would be sent to, in their order.

    Who had none when the settings noted them gets nothing.
    """
    noted = company.sudo().progbox_certificate_addresses or {}
    people = company._progbox_certificate_people()
    addresses = (noted.get(str(person.id), "?") for person in people)
    return sorted(filter(None, addresses))


def _on_record(company):
    """Return when the log has noted addresses last, and which.

    :return: datetime, None without a line; and a list of texts
    """
    rows = company.env.execute_query(
        SQL(
            """SELECT accessed_on, note FROM progbox_access_log
            WHERE company_id = %s AND kind = 'share' AND note ~ %s
            AND share_ref IS NULL AND folder_ref IS NULL AND document_ref IS NULL
            ORDER BY id DESC LIMIT 1""",
            company.id,
            ADDRESSES,
        )
    )
    for noted_on, note in rows:
        addresses = re.search(ADDRESSES, note)[1]
        return noted_on, [] if addresses == "–" else addresses.split(", ")
    return None, []
