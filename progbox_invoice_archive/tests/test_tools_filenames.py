import doctest
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..tools import filenames
from ..tools.filenames import LONGEST_NAME, clean_filename

EXTENSIONS = st.sampled_from(["", ".pdf", ".xml", ".p7m"])
RESERVED = {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}
patient = settings(deadline=None)  # the machine may be busy


class TestToolsFilenames(BaseCase):
    """Whatever an invoice is called, its file has a name that every system takes."""

    def test_the_examples_of_the_docstring(self):
        self.assertEqual(doctest.testmod(filenames).failed, 0)

    @patient
    @given(st.text(), EXTENSIONS)
    @example("../../etc/passwd", ".pdf")
    @example("a\\b\x00c\x7f\x85\u2028", ".pdf")
    def test_it_has_no_separator_and_no_control_character(self, name, extension):
        cleaned = clean_filename(name, extension)
        self.assertFalse(set('/\\:*?"<>|') & set(cleaned), cleaned)
        categories = {unicodedata.category(character) for character in cleaned}
        self.assertFalse({"Cc", "Zl", "Zp"} & categories, ascii(cleaned))

    @patient
    @given(st.text(min_size=1, max_size=400), EXTENSIONS)
    @example("é" * 400, ".pdf")
    @example("漢" * 400, ".pdf")
    def test_it_is_short_enough_for_every_system(self, name, extension):
        cleaned = clean_filename(name, extension)
        self.assertLessEqual(len(cleaned), LONGEST_NAME)
        self.assertLessEqual(len(cleaned.encode(errors="surrogatepass")), 255)

    @patient
    @given(st.text(alphabet=" ._/\x00\t\n\u200b"), EXTENSIONS)
    @example("", "")
    def test_it_is_never_empty(self, name, extension):
        stem = clean_filename(name, extension).removesuffix(extension)
        self.assertTrue(stem.strip(" ."), repr(stem))

    @patient
    @given(st.text(), EXTENSIONS)
    @example("x" * 114 + "  .y", ".pdf")
    @example(" CON.", "")
    def test_cleaning_again_changes_nothing(self, name, extension):
        cleaned = clean_filename(name, extension)
        stem = cleaned[: len(cleaned) - len(extension)]
        self.assertEqual(clean_filename(stem, extension), cleaned)

    @patient
    @given(st.sampled_from(sorted(RESERVED)), EXTENSIONS)
    def test_it_is_no_device_of_windows(self, name, extension):
        for device in (name, name.lower(), f" {name}.", f"{name}{' ' * 200}x"):
            cleaned = clean_filename(device, extension)
            self.assertNotIn(cleaned.split(".")[0].upper(), RESERVED)

    @patient
    @given(st.text(), EXTENSIONS)
    def test_it_keeps_its_extension_and_can_be_written(self, name, extension):
        cleaned = clean_filename(name, extension)
        self.assertTrue(cleaned.endswith(extension))
        cleaned.encode()

    def test_accents_and_other_scripts_stay(self):
        for name in ("Été à Nîmes", "Țiglă Ștefan", "発注書", "Смета"):
            self.assertEqual(clean_filename(name), name)

    def test_no_name_is_a_name_too(self):
        self.assertEqual(clean_filename(None, ".pdf"), "_.pdf")
