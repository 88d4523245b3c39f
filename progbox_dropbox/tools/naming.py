"""Where a document lies in Dropbox."""

import re
import unicodedata
from functools import lru_cache

from odoo.addons.progbox_invoice_archive.tools.filenames import clean_filename

# Dropbox takes no such names, and its programs leave the temporary ones alone.
REFUSED = {"desktop.ini", "thumbs.db", ".ds_store", "icon", "dropbox"} | {
    "dropbox.attr",
    "dropbox.cache",
}
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
FIELDS = ("yyyy", "mm", "dd", "client", "project", "type", "number", "code", "name")
LONGEST_EXTENSION = 16
OTHER = "other"
# The e-invoices of Romania's SPV keep its name in every language.
TEMPLATES = {
    "fr": {
        "customer_invoice": "Factures/{yyyy}/{mm}/Facture_{number}.pdf",
        "credit_note": "Avoirs/{yyyy}/{mm}/Avoir_{number}.pdf",
        "receipt": "Reçus/{yyyy}/{mm}/Reçu_{number}.pdf",
        "pro_forma": "Proformas/{yyyy}/{mm}/Proforma_{number}.pdf",
        "vendor_invoice": "Achats/{yyyy}/{mm}/{client}_{number}.pdf",
        "einvoice_issued": "SPV/XML/{yyyy}/{mm}/XML_{number}.xml",
        "einvoice_received": "SPV/Reçues/{yyyy}/{mm}/XML_{number}.xml",
        "authority_reply": "SPV/Réponses/{yyyy}/{mm}/Réponse_{number}.xml",
        "repair_report": "Service/Réparations/{yyyy}/{mm}/{code}.pdf",
        "reception_note": "Service/Réceptions/{yyyy}/{mm}/{code}.pdf",
        "handover_note": "Service/Remises/{yyyy}/{mm}/{code}.pdf",
        "warranty_certificate": "Service/Garanties/{yyyy}/{mm}/{code}.pdf",
        "invoice_backup": "Sauvegardes/{yyyy}/{name}",
        OTHER: "Documents/{type}/{yyyy}/{mm}/{name}",
    },
    "ro": {
        "customer_invoice": "Facturi/{yyyy}/{mm}/Factura_{number}.pdf",
        "credit_note": "Storno/{yyyy}/{mm}/Storno_{number}.pdf",
        "receipt": "Chitanțe/{yyyy}/{mm}/Chitanța_{number}.pdf",
        "pro_forma": "Proforme/{yyyy}/{mm}/Proforma_{number}.pdf",
        "vendor_invoice": "Achiziții/{yyyy}/{mm}/{client}_{number}.pdf",
        "einvoice_issued": "SPV/XML/{yyyy}/{mm}/XML_{number}.xml",
        "einvoice_received": "SPV/Primite/{yyyy}/{mm}/XML_{number}.xml",
        "authority_reply": "SPV/Răspunsuri/{yyyy}/{mm}/Răspuns_{number}.xml",
        "repair_report": "Service/Reparatii/{yyyy}/{mm}/{code}.pdf",
        "reception_note": "Service/Receptii/{yyyy}/{mm}/{code}.pdf",
        "handover_note": "Service/Predari/{yyyy}/{mm}/{code}.pdf",
        "warranty_certificate": "Service/Garantii/{yyyy}/{mm}/{code}.pdf",
        "invoice_backup": "Copii de rezervă/{yyyy}/{name}",
        OTHER: "Documente/{type}/{yyyy}/{mm}/{name}",
    },
    "en": {
        "customer_invoice": "Invoices/{yyyy}/{mm}/Invoice_{number}.pdf",
        "credit_note": "Credit notes/{yyyy}/{mm}/Credit_note_{number}.pdf",
        "receipt": "Receipts/{yyyy}/{mm}/Receipt_{number}.pdf",
        "pro_forma": "Pro forma/{yyyy}/{mm}/Pro_forma_{number}.pdf",
        "vendor_invoice": "Purchases/{yyyy}/{mm}/{client}_{number}.pdf",
        "einvoice_issued": "SPV/XML/{yyyy}/{mm}/XML_{number}.xml",
        "einvoice_received": "SPV/Received/{yyyy}/{mm}/XML_{number}.xml",
        "authority_reply": "SPV/Replies/{yyyy}/{mm}/Reply_{number}.xml",
        "repair_report": "Service/Repairs/{yyyy}/{mm}/{code}.pdf",
        "reception_note": "Service/Receptions/{yyyy}/{mm}/{code}.pdf",
        "handover_note": "Service/Handovers/{yyyy}/{mm}/{code}.pdf",
        "warranty_certificate": "Service/Warranties/{yyyy}/{mm}/{code}.pdf",
        "invoice_backup": "Backups/{yyyy}/{name}",
        OTHER: "Documents/{type}/{yyyy}/{mm}/{name}",
    },
}


def template_of(language, code):
    """Return the template of a type of documents.

    :param str language: "fr_FR", "ro"…; English words for any other
    :param str code: of the document type

    >>> template_of("fr_CH", "customer_invoice")
    'Factures/{yyyy}/{mm}/Facture_{number}.pdf'
    >>> template_of("de_DE", "site_photo")
    'Documents/{type}/{yyyy}/{mm}/{name}'
    """
    templates = TEMPLATES.get((language or "")[:2], TEMPLATES["en"])
    return templates.get(code, templates[OTHER])


def split_template(template):
    """Return the folders of a template, and the name in them.

    >>> split_template("Factures/{yyyy}/{mm}/Facture_{number}.pdf")
    ('Factures/{yyyy}/{mm}', 'Facture_{number}.pdf')
    """
    folder, _slash, name = template.rpartition("/")
    return folder, name


def unknown_placeholders(template):
    """Return what stands in braces and is no placeholder; a brace alone, too.

    >>> unknown_placeholders("{yyyy}/{month}/{number}")
    ['{month}']
    >>> unknown_placeholders("{yyyy/{mm}")
    ['{']
    """
    found = PLACEHOLDER.findall(template or "")
    rest = PLACEHOLDER.sub("", template or "")
    unknown = [f"{{{name}}}" for name in found if name not in FIELDS]
    return unknown + [brace for brace in "{}" if brace in rest]


# Folders are the same again and again, and cleaning is slow.
@lru_cache(maxsize=1024)
def clean_component(name, extension=""):
    """Return the name of a file or folder that Dropbox takes, and every computer.

    :param str extension: with its dot; never cut off

    >>> clean_component("INV/2026/00001", ".pdf")
    'INV_2026_00001.pdf'
    >>> clean_component("Thumbs.db")
    '_Thumbs.db'
    >>> clean_component("~$plan.docx")
    '_$plan.docx'
    """
    name = clean_filename(_simple(name), _simple(extension))
    name = unicodedata.normalize("NFC", name)
    if name.startswith("~"):
        name = f"_{name[1:]}"
    if name.lower() in REFUSED:
        name = f"_{name}"
    return name


def _simple(text):
    """Without what is outside of Unicode's first plane, emoji for example."""
    text = unicodedata.normalize("NFC", text or "")
    return "".join("_" if ord(c) > 0xFFFF else c for c in text)


def clean_folder(path):
    """Return a path of folders, each of them clean; empty for the root.

    >>> clean_folder(" gsmOS Backup / 2026//Facturi ")
    'gsmOS Backup/2026/Facturi'
    """
    parts = (part.strip() for part in (path or "").split("/"))
    return "/".join(clean_component(part) for part in parts if part)


def fill(template, values, name):
    """Return the path that a template makes of a document.

    :param str template: with placeholders of FIELDS
    :param dict values: of the placeholders, texts
    :param str name: of the document's file: its extension stays
    :raise KeyError: for a placeholder that there is not

    >>> values = {"yyyy": "2026", "mm": "11", "number": "INV/2026/7"}
    >>> fill("Factures/{yyyy}/{mm}/Facture_{number}.pdf", values, "x.pdf")
    'Factures/2026/11/Facture_INV_2026_7.pdf'
    >>> fill("Photos/{number}.pdf", values, "a.JPG")
    'Photos/INV_2026_7.JPG'
    >>> fill("Plans/{project}/{number}", {**values, "project": ""}, "a.pdf")
    'Plans/INV_2026_7.pdf'
    """
    *folders, file = template.split("/")
    _stem, extension = split_extension(name)
    stem, _wrong = split_extension(file)
    filled = (
        PLACEHOLDER.sub(lambda found: values[found[1]], part).strip()
        for part in folders
    )
    # What a document does not have makes no folder.
    parts = [clean_component(part) for part in filled if part]
    stem = PLACEHOLDER.sub(lambda found: values[found[1]], stem)
    return "/".join([*parts, clean_component(stem, extension)])


def split_extension(name):
    """Return the stem of a file's name, and its extension with the dot.

    >>> split_extension("plan.v2.pdf")
    ('plan.v2', '.pdf')
    >>> split_extension("{name}")
    ('{name}', '')
    """
    stem, dot, extension = (name or "").rpartition(".")
    if not stem or not extension.isalnum() or len(extension) > LONGEST_EXTENSION:
        return name or "", ""
    return stem, f"{dot}{extension}"


def path_key(path):
    """Return what two paths have in common that Dropbox might take for one.

    It ignores case and Unicode's forms, by rules of its own: more is the same here.

    >>> path_key("/Été.pdf") == path_key("/ÉTÉ.PDF")
    True
    """
    lower = unicodedata.normalize("NFC", path).lower()
    return unicodedata.normalize("NFKC", lower.casefold())


def free_path(path, taken):
    """Return a path that no document has: that path, or one with a number.

    :param taken: keys of paths, see :func:`path_key`

    >>> free_path("/a.pdf", {"/a.pdf", "/a (2).pdf"})
    '/a (3).pdf'
    """
    if path_key(path) not in taken:
        return path
    folder, _slash, file = path.rpartition("/")
    stem, extension = split_extension(file)
    number = 2
    while path_key(free := f"{folder}/{stem} ({number}){extension}") in taken:
        number += 1
    return free
