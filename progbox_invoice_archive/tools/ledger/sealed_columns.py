"""What a deposit seals of a document: each key of its line, and where the row has it.

The verification selects these expressions and compares them with the line under these
keys, and the guard of the table refuses to change the columns that they name. The seal
has a list of its own, progbox.document._sealed_content(): it writes the values of a new
record as the line has them, without asking the database once more for each document,
and test_archive_tampering.py (what is compared is what is sealed) keeps both equal. The
keys are those of the format: see readme/HASH_FORMAT.md.
"""

import re

# Of the row `document` of progbox_document and the row `type` of its document type.
# The folder is compared by its path, which the verification looks up by the id.
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
    # In the line only where it is not null.
    "series": "document.series",
    "sha256": "document.sha256",
    "size": "document.size",
    "type": "type.code",
    "version": "document.version",
}
# What holds a row and its line together, what its file is served as, and what decides
# whether it is still handed over.
BINDING_COLUMNS = ("id", "type_id", "mimetype", "seal_id", "said")


def guarded_columns():
    """Return the columns of a sealed document that never change.

    :rtype: tuple of str
    """
    expressions = " ".join(SEALED_COLUMNS.values())
    sealed = re.findall(r"\bdocument\.(\w+)", expressions)
    return tuple(dict.fromkeys((*BINDING_COLUMNS, *sealed)))
