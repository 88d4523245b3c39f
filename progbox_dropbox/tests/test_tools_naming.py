import doctest
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..tools import ledger_copy, naming, schedule, upload
from ..tools.naming import (
    FIELDS,
    TEMPLATES,
    clean_component,
    clean_folder,
    fill,
    free_path,
    path_key,
    split_template,
    template_of,
    unknown_placeholders,
)
from .dropbox_server.errors import WriteRefused
from .dropbox_server.store import Store, key_of

SIMILAR = st.sampled_from(["/a.pdf", "/A.pdf", "/a (2).pdf", "/é", "/e\u0301"])
ALL_TEMPLATES = st.sampled_from(
    sorted({template for words in TEMPLATES.values() for template in words.values()})
)
VALUES = dict.fromkeys(FIELDS, "x")
# Letters whose small and capital forms are no pairs, and marks that combine.
DIFFICULT = st.text(
    st.characters() | st.sampled_from("İıßẞſKÅéÉ\u0301\u0307ΣςσǅﬁŁțţ/\\.~ "),
    max_size=40,
)

# What a person may type as a template.
TYPED = st.lists(
    st.sampled_from([f"{{{name}}}" for name in FIELDS] + ["/", " ", ".pdf", "{", "é"])
).map("".join)


def takes(name):
    """Whether Dropbox takes the name of a file."""
    try:
        Store.check_path(None, f"/{name}")
    except WriteRefused:
        return False
    return "/" not in name


class TestToolsNaming(BaseCase):
    """Names that Dropbox takes, one path for one document."""

    def test_examples(self):
        for module in (naming, schedule, upload, ledger_copy):
            self.assertFalse(doctest.testmod(module).failed)

    @settings(deadline=None)  # the machine may be busy
    @given(DIFFICULT)
    @example("thumbs.db")
    @example("desktop.ini ")
    @example(".dropbox")
    @example("icon\r")
    @example("🎉.pdf")
    @example("é" * 300)
    def test_a_clean_name_is_taken(self, name):
        clean = clean_component(name)
        self.assertTrue(takes(clean), clean)
        self.assertEqual(clean_component(clean), clean)
        self.assertEqual(unicodedata.normalize("NFC", clean), clean)

    @settings(deadline=None)  # the machine may be busy
    @given(DIFFICULT)
    @example(" / ")
    def test_a_folder_of_any_text_is_taken(self, path):
        folder = clean_folder(path)
        for part in folder.split("/") if folder else ():
            self.assertTrue(takes(part), part)

    @settings(deadline=None)  # the machine may be busy
    @given(ALL_TEMPLATES, DIFFICULT, DIFFICULT, DIFFICULT)
    @example("{number}/{client}_{name}.pdf", "INV/1", "n" * 300, "x.pdf")
    @example("{number}/{client}/{name}", "..", "../..", "../../etc/passwd")
    def test_no_value_leaves_its_place(self, template, number, client, name):
        values = {**VALUES, "number": number, "client": client, "name": name}
        parts = fill(template, values, name).split("/")
        self.assertEqual(len(parts), template.count("/") + 1)
        for part in parts:
            self.assertTrue(takes(part), part)

    @settings(deadline=None)  # the machine may be busy
    @given(DIFFICULT)
    def test_the_extension_is_never_cut_off(self, number):
        values = {**VALUES, "number": number * 20}
        self.assertTrue(fill("Facture_{number}.pdf", values, "a.xml").endswith(".xml"))

    @settings(deadline=None)  # the machine may be busy
    @given(DIFFICULT, DIFFICULT)
    @example("É", "e\u0301")
    @example("K", "k")
    def test_what_dropbox_takes_for_one_is_one(self, one, other):
        if key_of(one) == key_of(other):
            self.assertEqual(path_key(one), path_key(other))
        for same in (one.upper(), one.lower(), unicodedata.normalize("NFD", one)):
            if key_of(one) == key_of(same):
                self.assertEqual(path_key(one), path_key(same))

    @settings(deadline=None)  # the machine may be busy
    @given(
        st.lists(st.sampled_from(["/a.pdf", "/A.pdf", "/a (2).pdf", "/é", "/e\u0301"]))
    )
    def test_no_two_documents_have_one_path(self, paths):
        taken = set()
        for path in paths:
            key = path_key(free_path(path, taken))
            self.assertNotIn(key, taken)
            taken.add(key)

    @settings(deadline=None)  # the machine may be busy
    @given(TYPED, DIFFICULT)
    @example("{project}/ /{client}//{number}.pdf", "")
    def test_whatever_a_person_types_is_filled_or_refused(self, template, value):
        values = dict.fromkeys(FIELDS, value)
        if unknown_placeholders(template):
            return
        for part in fill(template, values, "a.pdf").split("/"):
            self.assertTrue(takes(part), part)

    def test_a_template_is_split_and_joined(self):
        for templates in TEMPLATES.values():
            for template in templates.values():
                self.assertEqual("/".join(split_template(template)), template)
                self.assertFalse(unknown_placeholders(template))

    def test_a_placeholder_that_there_is_not(self):
        with self.assertRaises(KeyError):
            fill("{nonsense}.pdf", VALUES, "a.pdf")

    def test_every_template_names_what_there_is(self):
        for language, templates in TEMPLATES.items():
            self.assertEqual(set(templates), set(TEMPLATES["en"]), language)
            for template in templates.values():
                fill(template, VALUES, "a.pdf")

    def test_the_words_are_those_of_the_language(self):
        values = {**VALUES, "yyyy": "2026", "mm": "11", "number": "FAC/2026/0007"}
        expected = {
            "fr_FR": "Factures/2026/11/Facture_FAC_2026_0007.pdf",
            "ro_RO": "Facturi/2026/11/Factura_FAC_2026_0007.pdf",
            "de_DE": "Invoices/2026/11/Invoice_FAC_2026_0007.pdf",
        }
        for language, path in expected.items():
            template = template_of(language, "customer_invoice")
            self.assertEqual(fill(template, values, "f.pdf"), path)
