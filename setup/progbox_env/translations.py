"""The add-ons' catalogues of terms: `i18n/ADDON.pot` and one `.po` per language."""

import ast
import json
import re
import tempfile
from pathlib import Path

from . import databases, paths

DATABASE = "progbox_i18n"
# What `odoo i18n export` does, for all of them by one start of Odoo.
EXPORT = """
from odoo.tools.translate import trans_export
for addon, file in {files}.items():
    with open(file, "wb") as output:
        assert trans_export(None, [addon], output, "po", env), addon
"""

SUMMARY = """
#. module: {addon}
#: model:ir.module.module,summary:base.module_{addon}
msgid {text}
msgstr ""
"""


def catalogue(addon):
    return paths.ROOT / addon / "i18n" / f"{addon}.pot"


def export(addons):
    """{add-on: the text of its .pot, as the code is now}"""
    # A copy: nobody can clone a template while somebody else is connected to it.
    databases.clone_database(DATABASE)
    with tempfile.TemporaryDirectory() as folder:
        files = {addon: str(Path(folder, f"{addon}.pot")) for addon in addons}
        databases.odoo_shell(DATABASE, EXPORT.format(files=files))
        texts = {
            addon: without_dates(Path(file).read_text()) + summary(addon)
            for addon, file in files.items()
        }
    databases.drop_database(DATABASE)
    return texts


def summary(addon):
    """The term of the list of apps: Odoo's export gives it to no add-on."""
    manifest = ast.literal_eval((paths.ROOT / addon / "__manifest__.py").read_text())
    return SUMMARY.format(addon=addon, text=json.dumps(manifest["summary"]))


def without_dates(text):
    # A file that is the same but for the day it was made on is the same.
    return re.sub(r'(?m)^"(POT-Creation-Date|PO-Revision-Date): .*\n', "", text)


def write(texts):
    """Write the catalogues; in each language, keep what is translated."""
    import polib  # comes with Odoo: not there in the Python that prepares the machine

    for addon, text in texts.items():
        catalogue(addon).parent.mkdir(exist_ok=True)
        catalogue(addon).write_text(text)
        template = polib.pofile(text)
        for file in sorted(catalogue(addon).parent.glob("*.po")):
            language = polib.pofile(str(file), wrapwidth=78)
            language.merge(template)
            for entry in language.obsolete_entries():
                language.remove(entry)
            language.sort(key=lambda entry: entry.msgid)
            language.save()
            missing = len(language.untranslated_entries())
            print(f"{file.relative_to(paths.ROOT)}: {missing} terms to translate")


if __name__ == "__main__":
    write(export(paths.addons()))
