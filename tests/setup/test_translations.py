"""The catalogues say what the code says, in every language."""

import polib
import pytest
from progbox_env import paths, translations

LANGUAGES = ["fr", "ro"]
ADDONS = [name for name in paths.addons() if translations.catalogue(name).exists()]


@pytest.fixture(scope="module")
def exported():
    return translations.export(ADDONS)


@pytest.mark.parametrize("addon", ADDONS)
def test_the_catalogue_is_up_to_date(addon, exported):
    there = translations.without_dates(translations.catalogue(addon).read_text())
    terms = {entry.msgid for entry in polib.pofile(there)}
    wanted = {entry.msgid for entry in polib.pofile(exported[addon])}
    assert terms == wanted, "run setup/translate"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("addon", ADDONS)
def test_every_term_is_translated(addon, language):
    file = translations.catalogue(addon).with_name(f"{language}.po")
    assert file.exists()
    catalogue = polib.pofile(str(file))
    terms = {entry.msgid for entry in polib.pofile(translations.catalogue(addon))}
    translated = {entry.msgid for entry in catalogue.translated_entries()}
    assert not terms - translated
