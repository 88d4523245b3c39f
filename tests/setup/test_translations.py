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
