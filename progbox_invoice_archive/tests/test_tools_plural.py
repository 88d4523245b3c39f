from odoo.tests import TransactionCase, tagged

from ..tools.plural import counted, elided


@tagged("post_install", "-at_install")
class TestPlural(TransactionCase):
    """A number and its noun agree, as the language has it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in ("fr_FR", "ro_RO", "ja_JP"):
            cls.env["res.lang"]._activate_lang(code)

    def test_the_form_of_each_language(self):
        for code, forms, expected in (
            ("en_US", "one|more", {0: "more", 1: "one", 2: "more"}),
            ("fr_FR", "one|more", {0: "one", 1: "one", 2: "more", 10**6: "more"}),
            (
                "ro_RO",
                "one|few|more",
                {0: "few", 1: "one", 19: "few", 20: "more", 101: "few", 131: "more"},
            ),
            ("ja_JP", "all", {0: "all", 1: "all", 5: "all"}),
            # What a language does not translate is English, with its two forms.
            ("ja_JP", "one|more", {2: "more"}),
        ):
            env = self.env(context={"lang": code})
            found = {count: counted(env, forms, count) for count in expected}
            self.assertEqual(found, expected, code)

    def test_a_word_that_begins_with_a_vowel_has_its_form(self):
        forms = "de %(word)s|d'%(word)s"
        for word in ("mars", "août", "Octobre", "été"):
            expected = f"de {word}" if word == "mars" else f"d'{word}"
            self.assertEqual(elided(forms, word), expected)
        # A language without elision has one form.
        self.assertEqual(elided("of %(word)s", "April"), "of April")

    def test_the_number_is_written_as_people_write_it(self):
        forms = "%(count)s de %(what)s"
        for code, number in (
            ("en_US", "2,211"),
            ("fr_FR", "2\u202f211"),
            ("ro_RO", "2.211"),
        ):
            env = self.env(context={"lang": code})
            text = counted(env, forms, 2211, what="documente")
            self.assertEqual(text, f"{number} de documente", code)
