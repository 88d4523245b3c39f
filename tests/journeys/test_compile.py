"""From ticking invoices to reading one PDF of all of them, as people do it."""

import io
import re
import subprocess

import pytest
from playwright.sync_api import expect
from progbox_env import ROOT, odoo_shell
from pypdf import PdfReader

PATIENCE = 90_000  # milliseconds
DATABASE = "progbox_journeys"
PREPARE = f"""
import sys
sys.path.append("{ROOT}/progbox_invoice_archive/tests")
"""
PREPARE += """
from odoo import Command
from pdf_collection import pdf_of

company = env.ref("base.main_company")
manager = env.ref("account.group_account_manager")
env["res.users"].search([("login", "=", "manon")]).group_ids += manager
partner = env["res.partner"].create({"name": "Charpentes du Léman"})
line = Command.create({"name": "Poutre", "quantity": 1, "price_unit": 100})
for number in range(3):
    bill = env["account.move"].create({
        "move_type": "in_invoice", "company_id": company.id, "ref": f"C-{number}",
        "partner_id": partner.id, "invoice_date": "2026-03-10",
        "invoice_line_ids": [line],
    })
    files = env["ir.attachment"].create([
        {"name": name, "raw": content, "res_model": "account.move", "res_id": bill.id}
        for name, content in (
            ("received.pdf", pdf_of(f"BILL {number}")),
            ("delivery.pdf", pdf_of(f"DELIVERY {number}", "SIGNED FOR")),
            ("sheet.xlsx", b"PK no pages"),
        )
    ])
    bill.message_main_attachment_id = files[0]
env["progbox.billing.period"]._run_company(company)
env.cr.commit()
"""


@pytest.fixture(scope="module")
def bills(journeys):
    """Three vendor bills of March, with a delivery note and a sheet each."""
    odoo_shell(DATABASE, PREPARE)


def finished(page):
    """Wait on the page of the backup, which follows the work by itself."""
    download = page.locator("button[name=action_download]:visible").first
    expect(download).to_be_visible(timeout=PATIENCE)
    return download


def texts(page, button):
    """Download; the text of each page, after a check by qpdf."""
    with page.expect_download() as download:
        button.click()
    path = download.value.path()
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
    name = download.value.suggested_filename
    assert re.match(r"Invoice backup - .+ - \d{4}-\d\d-\d\d - \d\dh\d\d\.pdf", name)
    reader = PdfReader(io.BytesIO(path.read_bytes()))
    # Some renderers part words with tabs.
    return [" ".join(sheet.extract_text().split()) for sheet in reader.pages]


def choose_compile(page):
    page.click(".o_cp_action_menus button:has(.fa-cog)")
    page.click(".o-dropdown-item:has-text('Compile Invoice Backups')")
    page.wait_for_selector(".modal .o_form_view")


def test_bills_are_ticked_in_their_list_and_compiled(visit, bills):
    page, _address = visit("manon")
    page.goto("/odoo/vendor-bills")
    for number in range(2):
        page.click(f".o_data_row:has-text('C-{number}') .o_list_record_selector")
    # Till then, the gear is another one.
    expect(page.locator(".o_selection_box")).to_contain_text("2")
    choose_compile(page)
    total = page.locator(".modal .o_field_widget[name=total_text]")
    expect(total).to_contain_text("Invoices: 2 · Files: 4 · Pages: 6")
    page.click(".modal button[name=action_compile]")
    found = texts(page, finished(page))
    assert "Charpentes du Léman" in found[0], "the list in front"
    for sheet, text in zip(
        found[1:7],
        ["BILL 0", "DELIVERY 0", "SIGNED", "BILL 1", "DELIVERY 1", "SIGNED"],
        strict=True,
    ):
        assert text in sheet
    assert "sheet.xlsx" in found[7]
    expect(page.locator(".o_data_row:has-text('sheet.xlsx')")).to_have_count(2)


def test_one_bill_is_compiled_from_its_form(visit, bills):
    page, _address = visit("manon")
    page.goto("/odoo/vendor-bills")
    page.click(".o_data_row:has-text('C-2') td[name=invoice_partner_display_name]")
    page.wait_for_selector(".o_form_view")
    choose_compile(page)
    page.locator(".modal label:has-text('Cover page')").click()
    page.click(".modal button[name=action_compile]")
    found = texts(page, finished(page))
    assert len(found) == 4
    assert "BILL 2" in found[0]


def test_a_whole_period_is_compiled_with_one_click(visit, bills):
    page, _address = visit("manon")
    page.goto("/odoo/billing-periods")
    row = page.locator(".o_data_row:has-text('March 2026')")
    row.locator("button[name=action_compile_bills]").click()
    found = texts(page, finished(page))
    assert [n for n in range(3) if any(f"BILL {n}" in text for text in found)] == [
        0, 1, 2,
    ]  # fmt: skip


def test_who_is_no_manager_is_offered_nothing(visit, bills):
    page, _address = visit("emma")
    page.goto("/odoo/vendor-bills")
    page.click(".o_data_row:has-text('C-0') .o_list_record_selector")
    expect(page.locator(".o_selection_box")).to_contain_text("1")
    page.click(".o_cp_action_menus button:has(.fa-cog)")
    page.wait_for_selector(".o-dropdown--menu")
    expect(page.locator(".o-dropdown-item:has-text('Compile')")).to_have_count(0)
