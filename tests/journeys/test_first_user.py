"""What a first-time user stumbled over, in the language where it was."""

import io
import re
from pathlib import Path

import pytest
from people import log_in
from playwright.sync_api import expect
from progbox_env import (
    base,
    clone_database,
    drop_database,
    ensure_languages,
    odoo_shell,
    start_odoo,
)
from pypdf import PdfReader

DATABASE = "progbox_first_user"
# login, language of Odoo and of the browser
PEOPLE = {
    # looks after the archive, and administers Odoo
    "marie": ("fr_FR", "fr-FR"),
    "ioana": ("ro_RO", "ro-RO"),
    # writes invoices
    "claire": ("fr_FR", "fr-FR"),
}
PREPARE = """
import stat
import tempfile
from pathlib import Path
from unittest.mock import patch
from odoo import Command
from odoo.addons.progbox_invoice_archive.models import ir_actions_report

company = env.ref("base.main_company")
company.write({"street": "12 rue des Archives", "vat": "FR 12 345678901",
    # Else Odoo asks for one before it prints.
    "external_report_layout_id": env.ref("web.external_layout_standard").id})
groups = {"claire": ["account.group_account_invoice"]}
managers = ["account.group_account_manager", "base.group_system"]
for login, lang in %(languages)r.items():
    env["res.users"].with_context(no_reset_password=True).create({
        "name": login.title(), "login": login, "password": login, "lang": lang,
        "company_id": company.id, "company_ids": [Command.set(company.ids)],
        "odoobot_state": "disabled",
        "group_ids": [Command.link(env.ref(group).id)
                      for group in groups.get(login, managers)],
    })
marie = env["res.users"].search([("login", "=", "marie")])
# Why a job failed is written once, in her language.
company.progbox_archive_user_id = marie
partner = env["res.partner"].create({"name": "Maçonnerie Lefèvre"})


def invoice(price):
    move = env["account.move"].create({
        "move_type": "out_invoice", "company_id": company.id,
        "partner_id": partner.id,
        "invoice_line_ids": [Command.create({"name": "Toit", "price_unit": price})]})
    move.action_post()
    return move


jobs = env["progbox.archive.job"].sudo()
invoices = invoice(1200) + invoice(980)
jobs._job_run()
folder = env["progbox.document"].search([("res_id", "in", invoices.ids),
    ("res_model", "=", "account.move")], limit=1).folder_id
with tempfile.TemporaryDirectory() as place:
    # What a shell says of a program that is not there.
    program = Path(place) / "wkhtmltopdf"
    program.write_text("#!/bin/sh\\nexit 127\\n")
    program.chmod(stat.S_IRWXU)
    info = ir_actions_report._wkhtml()._replace(bin=str(program))
    with patch.object(ir_actions_report, "_wkhtml", lambda: info):
        failed = invoice(77)
        jobs._job_run()
# Else the server would succeed at the next try.
failed = jobs.search([("move_id", "=", failed.id)])
failed._job_write({"state": "failed", "attempts": 10})

env["progbox.billing.period"]._run_company(company)
backups = env["progbox.compilation"].with_user(marie).with_context(lang="fr_FR")
backup = backups._request(invoices[:1].with_user(marie))
env.cr.commit()
backups.sudo()._job_run()
closing = env["progbox.closing"]._close(company, invoices[0].invoice_date)
_share, token = env["progbox.share"]._share(folder, {"kind": "link", "lang": "fr_FR",
    "recipient_name": "Cabinet comptable Duval"})
period = env["progbox.billing.period"].search([("state", "=", "open"),
    ("company_id", "=", company.id)], limit=1)
lost = env["ir.attachment"].sudo().search([("res_model", "=", "progbox.document"),
    ("res_field", "=", "content"), ("res_id", "in", env["progbox.document"].search(
    [("number", "=", invoices[1].name), ("res_model", "=", "account.move")]).ids)])
print("found", closing.id, backup.id, period.id, token, invoices[1].name,
      lost._full_path(lost.store_fname), failed.id,
      env.ref("base.module_progbox_invoice_archive").id)
env.cr.commit()
"""
FOUND = (
    "closing", "backup", "period", "token", "number", "file", "failed", "app",
)  # fmt: skip
SETTINGS = "/odoo/action-progbox_invoice_archive.res_config_settings_action"
IS_CUT = "(cell) => cell.scrollWidth > cell.clientWidth + 1"
A_MONTH = re.compile(r"^[a-zéû]+ \d{4}$")


@pytest.fixture(scope="module")
def records():
    """The server, and what there is to look at."""
    with base(tests=True):
        clone_database(DATABASE, ensure_languages())
        languages = {login: lang for login, (lang, _locale) in PEOPLE.items()}
        output = odoo_shell(DATABASE, PREPARE % {"languages": languages})
        words = output.split("found", 1)[1].split()
        found = dict(zip(FOUND, words, strict=True))
        with start_odoo(DATABASE, cron_threads=1) as server:
            yield server, found
        drop_database(DATABASE)


@pytest.fixture(scope="module")
def sessions():
    """What a browser keeps of a login, by person."""
    return {}


@pytest.fixture
def visit(records, open_browser, sessions):
    """Open a page for a person; it may have no error."""
    server, _found = records

    def visit(login, path):
        _lang, locale = PEOPLE[login] if login else (None, "fr-FR")
        session = sessions.get(login)
        page = open_browser(server.url, locale=locale, storage_state=session)
        if login and not session:
            log_in(page, login)
            sessions[login] = page.context.storage_state()
        page.goto(path)
        return page

    return visit


def downloaded(page, click):
    """Click; return the PDF that comes, and the text of its pages."""
    with page.expect_download() as download:
        click()
    content = Path(download.value.path()).read_bytes()
    texts = [sheet.extract_text() for sheet in PdfReader(io.BytesIO(content)).pages]
    # Some renderers part words with tabs.
    return content, " ".join(" ".join(texts).split())


def test_une_attestation_se_lit_et_se_compare(visit, records):
    _server, found = records
    page = visit("marie", f"/odoo/archive-closings/{found['closing']}")
    button = page.locator('button:has-text("Imprimer l\'attestation")')
    content, text = downloaded(page, button.click)
    letterhead = ("12 rue des Archives", "FR 12 345678901")
    for word in (*letterhead, "Attestation de clôture", found["number"]):
        assert word in text

    page.goto("/odoo/archive-integrity")
    page.click("button:has-text('Comparer')")
    file = {"name": "c.pdf", "mimeType": "application/pdf", "buffer": content}
    certificate = page.locator(".modal [name=certificate]")
    certificate.locator("input[type=file]").set_input_files(file)
    expect(certificate.locator("input[type=text]")).to_have_value("c.pdf")
    page.click(".modal button[name=action_verify]")
    # The page follows the verification by itself, and its report can be kept, too.
    report = page.locator("button[name=action_print]")
    expect(report).to_be_visible()
    finding = page.locator("[name=finding_ids] .o_data_row")
    expect(finding).to_have_count(1)
    # The invoice without a program.
    expect(finding).to_contain_text("n'a pas été archivé")
    _content, text = downloaded(page, report.click)
    for word in letterhead:
        assert word in text


def test_un_fichier_perdu_le_dit(visit, records):
    _server, found = records
    file = Path(found["file"])
    away = file.with_name(f"{file.name}-away")
    file.rename(away)
    try:
        page = visit("marie", "/odoo/archive")
        page.click(f".o_data_row:has-text('{found['number']}') td[name=number]")
        problem = page.locator(".o_progbox_preview_problem")
        expect(problem).to_contain_text("est absent du stockage de fichiers")
        expect(page.locator(".o_progbox_preview iframe")).to_have_count(0)
        problem.locator("button:has-text('Ouvrir Intégrité')").click()
        expect(page.locator(".o_breadcrumb")).to_contain_text("Intégrité")
    finally:
        away.rename(file)


def test_les_colonnes_disent_ce_qui_compte(visit, records):
    _server, found = records
    page = visit("marie", "/odoo/archive")
    page.click(f".o_data_row:has-text('{found['number']}') td[name=number]")
    page.wait_for_selector(".o_progbox_preview iframe")
    amount = page.locator("th[data-name=amount_total]")
    expect(amount).to_contain_text("Montant")
    assert not amount.locator("span").first.evaluate(IS_CUT)

    # In the wizard the whole numbers.
    page.goto("/odoo/customer-invoices")
    row = page.locator(f".o_data_row:has-text('{found['number']}')")
    row.locator(".o_list_record_selector input").check()
    # Till then, the gear is another one.
    expect(page.locator(".o_selection_box")).to_be_visible()
    page.click(".o_cp_action_menus button:has(.fa-cog)")
    page.click(".o-dropdown-item:has-text('Compiler les justificatifs')")
    number = page.locator(".modal [name=line_ids] td[name=number]").first
    expect(number).to_have_text(found["number"])
    assert not number.evaluate(IS_CUT)
    # What is not known yet is not counted as nothing.
    expect(page.locator(".modal [name=total_text]")).to_contain_text("Factures : 1")
    assert not re.search(r"\b0 (pages|[ko])", page.locator(".modal").inner_text())


def test_une_limite_a_une_unite(visit):
    page = visit("marie", SETTINGS)
    expect(page.locator("#progbox_zip_limit")).to_contain_text(re.compile(r"\bMo\b"))


def test_le_dossier_des_justificatifs_parle_la_langue_du_lecteur(visit):
    for login, name in (
        ("marie", "Justificatifs de facturation"),
        ("ioana", "Documente justificative de facturare"),
    ):
        page = visit(login, "/odoo/archive")
        tree = page.locator(".o_progbox_tree")
        expect(tree).to_contain_text(name)
        expect(tree).not_to_contain_text("Invoice backups")


def test_personne_ne_dessine_sur_une_facture(visit, records):
    _server, found = records
    page = visit(None, f"/archive/{found['token']}")
    page.click(".o_progbox_month a >> nth=0")
    page.click(".o_progbox_document a >> nth=0")
    frame = page.frame_locator("iframe.o_progbox_preview")
    expect(frame.locator(".page[data-page-number='1'] .textLayer")).to_be_visible()
    expect(frame.locator("#editorModeButtons")).to_be_hidden()


def test_qui_ne_peut_partager_apprend_a_qui_s_adresser(visit):
    page = visit("claire", "/odoo/archive")
    page.wait_for_selector(".o_progbox_zip")
    page.click(".o_progbox_share")
    expect(page.locator(".o_notification")).to_contain_text("Adressez-vous à")


def test_le_menu_a_quatre_titres(visit):
    page = visit("marie", "/odoo/archive")
    page.click(".o_menu_sections button:has-text('Archivage')")
    menu = page.locator(".o-dropdown--menu")
    expect(menu.locator(".dropdown-menu_group")).to_have_text(
        ["Documents", "Partage", "Sauvegardes", "Contrôle"]
    )


@pytest.mark.parametrize(
    ("path", "button"),
    [("archive-closings", "Clôturer un mois"), ("archive-exports", "Exporter")],
)
def test_un_mois_n_a_pas_de_jour(visit, path, button):
    page = visit("marie", f"/odoo/{path}")
    page.click(f".o_control_panel button:has-text('{button}')")
    month = page.locator(".modal .o_field_progbox_month").first
    expect(month).to_have_text(A_MONTH)
    # Nor when it is chosen, or has the focus.
    month.locator("button").click()
    page.click(".o_datetime_picker .o_date_item_cell:has-text('mars')")
    expect(month).to_have_text(re.compile(r"^mars \d{4}$"))
    month.locator("button").press("ArrowDown")
    expect(month).to_have_text(re.compile(r"^février \d{4}$"))
    month.locator("button").press("ArrowDown")
    expect(month).to_have_text(re.compile(r"^janvier \d{4}$"))
    # However quickly they follow each other.
    for _key in range(5):
        month.locator("button").press("ArrowUp")
    expect(month).to_have_text(re.compile(r"^juin \d{4}$"))
    expect(month.locator("input")).to_have_count(0)


def test_fermer_une_periode_n_est_pas_fermer_la_fenetre(visit, records):
    _server, found = records
    page = visit("marie", f"/odoo/billing-periods/{found['period']}")
    button = page.locator("button[name=action_close]")
    expect(button).to_have_text("Clôturer la période")


def test_un_programme_absent_n_est_pas_un_manque_de_memoire(visit, records):
    _server, found = records
    page = visit("marie", f"/odoo/archive-to-fix/{found['failed']}")
    alert = page.locator(".o_form_view .alert-danger")
    expect(alert).to_contain_text("wkhtmltopdf ne démarre pas")
    expect(alert).not_to_contain_text("mémoire")


def test_une_facture_n_est_pas_des_factures(visit, records):
    _server, found = records
    page = visit("marie", f"/odoo/invoice-backups/{found['backup']}")
    button = page.locator("button[name=action_download]:visible").first
    _content, text = downloaded(page, button.click)
    assert re.search(r"\b1 facture\b(?!s)", text)


@pytest.mark.parametrize(
    ("login", "summary", "description"),
    [
        ("marie", "s'archive d'elle-même", "Le PDF que le client reçoit"),
        ("ioana", "se arhivează singură", "PDF-ul pe care îl primește clientul"),
    ],
)
def test_l_application_se_decrit(visit, records, login, summary, description):
    _server, found = records
    page = visit(login, f"/odoo/apps/{found['app']}")
    form = page.locator(".o_form_view")
    expect(form).to_contain_text(summary)
    expect(form).to_contain_text(description)
