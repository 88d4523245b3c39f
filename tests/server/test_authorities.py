"""Companies of six countries on a database with their localisations.

Romania is in `test_authority.py` of the add-on: its channel is always installed.
"""

import json
import subprocess
from pathlib import Path

import pytest
from progbox_env import clone_database, drop_database, odoo_shell, python, sql

NAME = "progbox_authorities"
# account_peppol needs it; with it in the environment, Odoo would install that module
# by itself in every database of the suite.
PHONENUMBERS = "phonenumbers==9.0.43"
MODULES = (
    "account_peppol",
    "l10n_es_edi_sii",
    "l10n_es_edi_verifactu",
    "l10n_fr_facturx_chorus_pro",
    "l10n_hu_edi",
    "l10n_it_edi",
    "l10n_pl_edi",
    "l10n_tr_nilvera_einvoice",
)
SCRIPT = """
import json, sys
from odoo import api
from odoo.modules.registry import Registry

sys.path[:0] = {paths}
modules = env["ir.module.module"].search([("name", "in", {modules})])
modules.button_immediate_install()
env = api.Environment(Registry(env.cr.dbname).cursor(), api.SUPERUSER_ID, {{}})
import authorities

print(json.dumps(authorities.everything(env)))
"""
PDF, XML = "application/pdf", "application/xml"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What became of the invoices of each country."""
    folder = tmp_path_factory.mktemp("phonenumbers")
    pip = [python(), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    command = [*pip, "--no-deps", "--target", folder, PHONENUMBERS]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert not answer.returncode, answer.stderr
    clone_database(NAME)
    # Odoo gives up at once when PostgreSQL is just cleaning this table.
    sql("ALTER TABLE ir_module_module SET (autovacuum_enabled = false)", NAME)
    paths = [str(folder), str(Path(__file__).parent)]
    script = SCRIPT.format(paths=paths, modules=MODULES)
    yield json.loads(odoo_shell(NAME, script).splitlines()[-1])
    drop_database(NAME)


def assert_archived(told, documents, channels=()):
    assert told["state"] == "archived"
    assert told["errors"] == []
    assert told["documents"] == documents
    assert told["channels"] == list(channels)


def test_italy_is_archived_before_the_answer(told):
    assert_archived(
        told["italy"]["before"], [[1, PDF, True], [1, XML, True]], ["it_edi_send"]
    )


def test_what_went_to_italys_authority_is_the_next_version(told):
    italy = told["italy"]
    assert italy["authority"] == "processing"
    assert_archived(
        italy["after"],
        [[1, PDF, True], [1, XML, True], [2, PDF, True], [2, "text/xml", True]],
    )
    assert italy["after"]["archive_has_what_was_sent"]
    answered = [document[2] for document in italy["answered"]["documents"]]
    assert answered == [True, True, False, False]


def test_what_italys_authority_has_refused_is_to_fix(told):
    refused = told["italy"]["refused"]
    assert refused["state"] == "fix"
    assert "SdI Rejected" in refused["errors"][0]
    assert [document[2] for document in refused["documents"]][2:] == [False, False]


def test_spain_without_a_channel_has_nothing_to_wait_for(told):
    assert_archived(told["spain"]["no_channel"], [[1, PDF, False]])


def test_what_the_page_does_not_show_is_not_waited_for(told):
    assert told["spain"]["sii_state"] == ["to_send"]
    assert_archived(told["spain"]["sii"], [[1, PDF, False]])


def test_spain_without_a_certificate_is_archived_before_the_answer(told):
    assert_archived(told["spain"]["before"], [[1, PDF, True]], ["es_verifactu"])
    assert "Veri*Factu" in told["spain"]["refused"]
    assert told["spain"]["still_before"] == told["spain"]["before"]


def test_what_spains_authority_has_accepted_is_the_next_version(told):
    spain = told["spain"]
    assert spain["authority"] == "accepted"
    assert spain["after"]["documents"] == [[1, PDF, True], [2, PDF, False]]
    assert spain["after"]["archive_has_what_was_sent"]


def test_poland_has_no_answer_until_ksef_has_decided(told):
    poland = told["poland"]
    assert_archived(poland["before"], [[1, PDF, True]], ["pl_ksef"])
    assert poland["status"] == "sent"
    early = [document[2] for document in poland["sent"]["documents"]]
    assert early and all(early)
    for status in ("accepted", "rejected"):
        newest = [row for row in poland[status]["documents"] if row[0] > 1]
        assert not any(row[2] for row in newest or poland[status]["documents"])
    assert poland["accepted"]["state"] == "archived"
    assert poland["rejected"]["state"] == "fix"


def test_hungary_is_archived_before_the_answer(told):
    assert_before(told["hungary"], [[1, PDF, True]], "hu_nav_30", "Missing NAV")


def test_turkey_is_archived_before_the_answer_and_nobody_is_asked(told):
    documents = [[1, PDF, True], [1, XML, True]]
    assert_before(told["turkey"], documents, "tr_nilvera", "unauthorised")


def assert_before(country, documents, channel, refused):
    assert_archived(country["before"], documents, [channel])
    assert country["is_comparable"]
    assert refused in country["refused_by_odoo"]
    assert country["still_before"] == country["before"]


@pytest.mark.parametrize("name", ["hungary", "turkey"])
def test_what_went_to_the_authority_is_the_next_version(told, name):
    country = told[name]
    assert country["status"] == "sent"
    early = country["before"]["documents"]
    sent = [[2, mimetype, True] for _version, mimetype, _early in early]
    assert_archived(country["sent"], early + sent)
    assert country["sent"]["archive_has_what_was_sent"]


@pytest.mark.parametrize("name", ["hungary", "turkey"])
def test_the_answer_is_the_last_word(told, name):
    country = told[name]
    early = country["before"]["documents"]
    answered = [[2, mimetype, False] for _version, mimetype, _early in early]
    assert_archived(country["accepted"], early + answered)
    refused = country["refused"]
    assert refused["documents"] == early + answered
    assert refused["state"] == "fix"
    assert "the authority has refused it" in refused["errors"][0]


def test_france_has_no_authority_in_between(told):
    assert_archived(told["france"]["unregistered"], [[1, PDF, False]])


def test_a_history_is_what_clients_have_and_else_what_odoo_makes(told):
    made = {
        "italy": [[1, PDF, True], [1, XML, True]],
        "spain": [[1, PDF, True]],
        "hungary": [[1, PDF, True]],
        "turkey": [[1, PDF, True], [1, XML, True]],
        "france": [[1, PDF, False]],
    }
    for country, documents in made.items():
        history = told[country]["history"]
        assert history["rebuilt"]["documents"] == documents, country
        assert history["rebuilt"]["origins"] == ["rebuilt"] * len(documents)
        # It was sent, whatever the authority has said.
        assert history["emailed"]["documents"] == [[1, PDF, False]], country
        assert history["emailed"]["origins"] == ["emailed"]
        for each in history.values():
            assert (each["state"], each["errors"]) == ("archived", [])


def test_peppol_transports_what_is_archived(told):
    france = told["france"]
    assert france["mode"] == "demo"
    documents = [[1, PDF, False], [1, XML, False]]
    assert_archived(france["before"], documents)
    assert france["peppol"] == "processing"
    assert_archived(france["after"], documents)
    assert france["after"]["archive_has_what_was_sent"]
