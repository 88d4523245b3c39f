"""Which time-stamping authorities a company trusts, and since when: on record.

Whoever may change the settings could trust an authority of their own, and have it stamp
a ledger that they have written anew with dates of the past. So each change is a line of
the access log, which is sealed, and a stamp counts only when its authority was trusted
before it was made.
"""

import re
from datetime import datetime, timedelta

from requests.utils import requote_uri

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.ledger.verify import Finding, read_payload
from ..tools.time_stamp import fingerprint, load_certificates, shown_address

KIND = "authority"
# Two clocks are never the same.
TOLERANCE = timedelta(hours=1)
# What a line says of a certificate, and of the address, whatever its language is.
NOTED = re.compile(r"\b([0-9a-f]{64}) \((\d{4}-\d\d-\d\d)\)")
ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def trusted_fingerprints(company):
    """Return the SHA-256 of each certificate of the settings, in their order."""
    text = company.sudo().progbox_stamp_certificates or ""
    try:
        return [fingerprint(each) for each in load_certificates(text)] if text else []
    except ValueError:
        # Settings take none such: somebody has been at the database.
        return []


def authority_file(company):
    """Return the certificates for people without Odoo, as PEM with their names."""
    text = company.sudo().progbox_stamp_certificates or ""
    names = "".join(f"# SHA-256 {each}\n" for each in trusted_fingerprints(company))
    return names + text


def note_authorities(company, again=False):
    """Write into the access log what is trusted now, unless it says so already.

    :param bool again: also when it says so: the line will be removed by its retention
    """
    lines = _lines(company)
    address, trusted = _address(company), trusted_fingerprints(company)
    if not (address or trusted or lines):
        return
    if not again and lines and _said(lines[-1].note) == (address, set(trusted)):
        return
    known = on_record(company)
    now = fields.Datetime.now()
    certificates = [f"{each} ({known.get(each, now).date()})" for each in trusted]
    company.env["progbox.access.log"]._log(
        KIND,
        company=company,
        note=company.env._(
            "Time stamps: asked for at %(address)s – trusted are the certificates "
            "with the SHA-256 (and since): %(certificates)s",
            address=address or "–",
            certificates=", ".join(certificates) or "–",
        ),
    )


def keep_on_record(company, before):
    """Note again what is trusted, before the log loses the line by its retention.

    :param datetime before: lines that are older may be removed
    """
    lines = _lines(company)
    if not lines or _said(lines[-1].note) != (
        _address(company),
        set(trusted_fingerprints(company)),
    ):
        # What nobody has noted in time is not made good silently.
        return
    if lines[-1].accessed_on < before:
        note_authorities(company, again=True)


def on_record(company):
    """Return since when the log has each certificate, by its SHA-256.

    Seals stay, so they know it of lines that are removed by now. A line is no older
    than what was sealed before it, whatever day it has or names.
    """
    if not _has_authorities(company):
        return {}
    seals = company.env["progbox.access.log.seal"].sudo()
    domain = Domain("company_id", "=", company.id) & Domain("kind", "=", "lines")
    known, sealed = {}, datetime.min

    def add(noted, sealed):
        for each, since in noted.items():
            known[each] = min(known.get(each, datetime.max), max(since, sealed))

    lines = list(_lines(company))
    for seal in seals.search(domain, order="sequence"):
        add(_sealed(seal), sealed)
        while lines and lines[0].id <= seal.last_ref:
            add(_noted(lines.pop(0)), sealed)
        # Not by a clock that was ahead for a moment.
        if seal.last_on <= seal.sealed_on:
            sealed = max(sealed, seal.last_on)
    for line in lines:
        add(_noted(line), sealed)
    return known


def stamped_since(company):
    """Return since when the log has an authority that stamps were asked of, or None.

    Certificates alone, without an address, ask nobody.
    """
    named, asked = set(), set()
    for line in _lines(company):
        address, certificates = _said(line.note)
        named |= certificates
        asked |= certificates if address else set()
    # Of lines that are removed by now, the seals have the certificates only.
    return min(
        (
            since
            for each, since in on_record(company).items()
            if each in asked or each not in named
        ),
        default=None,
    )


def noted_authorities(company, first, final):
    """Return since when lines have a certificate, for the seal of them: as text.

    :param int first: number of the first line
    :param int final: number of the last one
    """
    noted = {}
    for line in _lines(company, Domain("id", ">=", first) & Domain("id", "<=", final)):
        for each, since in _noted(line).items():
            noted.setdefault(each, f"{since.isoformat()}Z")
    return noted


def authority_findings(company):
    """Return whether the settings are others than the access log has them."""
    lines = _lines(company)
    now = (_address(company), set(trusted_fingerprints(company)))
    said = _said(lines[-1].note) if lines else ("", set())
    if now == said:
        return []
    return [
        Finding("authority_changed", expected=_as_text(*said), actual=_as_text(*now))
    ]


def trusted_in_time(authority, stamped_on, recorded, known):
    """Return whether an authority was on record when it made a stamp.

    :param str authority: SHA-256 of the certificate that vouches for the stamp
    :param datetime stamped_on: when it was made
    :param bool recorded: whether the stamp has its authority on record, too
    :param dict known: see :func:`on_record`
    """
    if authority not in known:
        return False
    if recorded:
        return known[authority] <= stamped_on + TOLERANCE
    # A stamp from before authorities were on record: of one that came on it first.
    began = min(known.values())
    return known[authority] <= began + TOLERANCE and stamped_on <= began + TOLERANCE


def _has_authorities(company):
    """Return whether the log ever had one: seals are many, and most know of none."""
    [[found]] = company.env.execute_query(
        SQL(
            """SELECT EXISTS (
                SELECT FROM progbox_access_log
                WHERE company_id = %(company)s AND kind = %(kind)s
            ) OR EXISTS (
                SELECT FROM progbox_access_log_seal
                WHERE company_id = %(company)s AND payload LIKE '%%"authorities"%%'
            )""",
            company=company.id,
            kind=KIND,
        )
    )
    return found


def _noted(line):
    return {each: line.accessed_on for each, _day in NOTED.findall(line.note or "")}


def _sealed(seal):
    """Return what a seal knows of its lines; nothing, if it is none of the server's."""
    noted = read_payload(seal.payload).get("authorities")
    try:
        return {
            each: datetime.fromisoformat(since.rstrip("Z")).replace(tzinfo=None)
            for each, since in (noted or {}).items()
        }
    except (AttributeError, ValueError):
        return {}


def _lines(company, which=Domain.TRUE):
    return (
        company.env["progbox.access.log"]
        .sudo()
        .search_fetch(
            Domain("company_id", "=", company.id) & Domain("kind", "=", KIND) & which,
            ["accessed_on", "note"],
            order="id",
        )
    )


def _address(company):
    """Return the address without what is secret, and in one word."""
    return requote_uri(shown_address(company.sudo().progbox_stamp_url or ""))


def _said(note):
    """Return the address and the certificates that a line is about."""
    address = ADDRESS.search(note or "")
    return address[0] if address else "", {
        each for each, _day in NOTED.findall(note or "")
    }


def _as_text(address, certificates):
    return "\n".join([address or "–", *sorted(certificates)])
