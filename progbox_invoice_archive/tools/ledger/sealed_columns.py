"""What the ledger seals of a document, listed once: no Odoo in here.

It feeds the keys that the verification compares, the columns it reads, and the
columns that the guards of the database keep.
"""

import re

# Key in a line of the ledger: where the row called ``document`` has the value. The
# reader turns the ids of folder and type into what is sealed: path and code.
SEALED_COLUMNS = {
    "amount": "document.amount_total::float8",
    "company": "document.company_id",
    "currency": "document.currency_name",
    "date": "document.document_date::text",
    "folder": "document.folder_id",
    "made_with": "document.made_with->>'renderer'",
    "model": "document.res_model",
    "name": "document.name",
    "number": "document.number",
    "origin": "document.origin",
    "partner": "document.partner_name",
    "record": "document.res_id",
    "series": "document.series",
    "sha256": "document.sha256",
    "size": "document.size",
    "type": "document.type_id",
    "version": "document.version",
}
# Keys that a line has only where they have a value; without one they mean null.
OPTIONAL = ("series",)
# Columns that are kept, too, although no value of the line repeats them.
_BESIDE = ("id", "mimetype", "seal_id")


def guarded_columns():
    """Return the columns of ``progbox_document`` that stay once it is sealed.

    >>> guarded_columns()[:5]
    ('id', 'mimetype', 'seal_id', 'amount_total', 'company_id')
    """
    found = re.findall(r"\bdocument\.(\w+)", " ".join(SEALED_COLUMNS.values()))
    return (*_BESIDE, *dict.fromkeys(found))
