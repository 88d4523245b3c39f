"""Only what reaches the database makes it be updated."""

import pytest
from progbox_env import changes, paths

MODEL = '''
"""A model."""
import logging
from odoo import fields, models

STATES = [("draft", "Draft")]


class Thing(models.Model):
    _name = "thing"
    _order = "name"

    name = fields.Char()
    _name_idx = models.Index("(name)")

    def init(self):
        self.env.cr.execute("SELECT 1")

    def greet(self):
        return "hello"
'''


@pytest.fixture
def digest_with(tmp_path, monkeypatch):
    """The digest of an add-on with one file, of a name and a text."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)

    def digest(text, name="models/thing.py"):
        path = tmp_path / "addon" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        result = changes.digest("addon")
        path.unlink()
        return result

    return digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"hello"', '"good morning"'),
        ("def greet(self)", "def welcome(self, name=None)"),
        ('"""A model."""', '"""The model of a thing."""'),
        ("name = fields.Char()", "name  =  fields.Char( )  # of the thing"),
        ("import logging\n", ""),
    ],
)
def test_what_the_database_does_not_hold_does_not_count(digest_with, old, new):
    assert old in MODEL
    assert digest_with(MODEL) == digest_with(MODEL.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fields.Char()", "fields.Char(required=True)"),
        ('_order = "name"', '_order = "id"'),
        ('_name = "thing"', '_inherit = "thing"'),
        ('Index("(name)")', 'Index("(name, id)")'),
        ('("draft", "Draft")', '("draft", "New")'),
        ("models.Model", "models.TransientModel"),
        ("SELECT 1", "SELECT 2"),
    ],
)
def test_what_declares_the_tables_counts(digest_with, old, new):
    assert old in MODEL
    assert digest_with(MODEL) != digest_with(MODEL.replace(old, new))


@pytest.mark.parametrize(
    "name",
    [
        "views/thing.xml",
        "security/ir.model.access.csv",
        "i18n/fr.po",
        "hooks.py",
        "migrations/19.0.1.1.0/post-migrate.py",
        "tools/ledger/guards_sql.py",
    ],
)
def test_data_and_what_an_installation_runs_count_whole(digest_with, name):
    text = "def f():\n    return 1\n"
    assert digest_with(text, name) != digest_with(text.replace("1", "2"), name)


@pytest.mark.parametrize("name", ["tests/test_x.py", "static/x.js", "readme/USAGE.md"])
def test_what_is_read_from_the_disk_does_not_count(digest_with, name):
    assert digest_with("x = 1", name) == digest_with("x = 2", name)


def test_a_file_that_is_no_python_counts_too(digest_with):
    assert digest_with("class Thing(") != digest_with("class Thong(")


def test_data_that_no_update_changes_makes_it_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    file = tmp_path / "addon" / "data" / "mail.xml"
    file.parent.mkdir(parents=True)
    seen = set()
    for text in ("<odoo>a</odoo>", "<odoo>b</odoo>"):
        file.write_text(text)
        seen.add(changes.digest_written_once("addon"))
    assert len(seen) == 1, "an update writes this"
    for text in ('<odoo noupdate="1">a</odoo>', '<odoo noupdate="1">b</odoo>'):
        file.write_text(text)
        seen.add(changes.digest_written_once("addon"))
    assert len(seen) == 3
