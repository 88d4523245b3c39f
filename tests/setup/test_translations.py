"""The catalogues say what the code says, in every language."""

import polib
from progbox_env import paths, translations

LANGUAGES = ["fr", "ro"]


def addons():
    return [name for name in paths.addons() if translations.catalogue(name).exists()]


def terms(catalogue):
    return {entry.msgid for entry in polib.pofile(catalogue)}


def test_the_catalogues_are_up_to_date():
    for addon, now in translations.export(addons()).items():
        there = translations.catalogue(addon).read_text()
        assert terms(there) == terms(now), f"{addon}: run setup/translate"


def test_every_term_is_translated():
    for addon in addons():
        for language in LANGUAGES:
            file = translations.catalogue(addon).with_name(f"{language}.po")
            translated = {e.msgid for e in polib.pofile(file).translated_entries()}
            missing = terms(str(translations.catalogue(addon))) - translated
            assert not missing, f"{file}: run setup/translate, then translate"


def test_file_names_of_reports_are_python_in_every_language():
    for addon in addons():
        for language in LANGUAGES:
            file = translations.catalogue(addon).with_name(f"{language}.po")
            for entry in polib.pofile(file):
                if "print_report_name" in entry.comment + str(entry.occurrences):
                    compile(entry.msgstr, entry.msgid, "eval")
