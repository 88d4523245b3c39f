"""Documents dropped once on a record, and found from its relatives, as people do it."""

import re
import tempfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect
from progbox_env import (
    base,
    clone_database,
    drop_database,
    ensure_languages,
    odoo_shell,
    start_odoo,
)

DATABASE = "progbox_tab"
SCREEN = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000  # milliseconds
PREPARE = """
from odoo import Command
company = env.ref("base.main_company")
groups = ["base.group_user", "base.group_partner_manager",
          "project.group_project_manager",
          "sales_team.group_sale_salesman_all_leads", "account.group_account_invoice"]
accountant = ["base.group_user", "project.group_project_user",
              "account.group_account_manager"]
people = {"sam": ("en_US", groups), "sandrine": ("fr_FR", groups),
          "max": ("en_US", accountant)}
for login, (lang, groups) in people.items():
    env["res.users"].with_context(no_reset_password=True).create({
        "name": login.title(), "login": login, "password": login, "lang": lang,
        "company_id": company.id, "company_ids": [Command.set(company.ids)],
        "odoobot_state": "disabled",
        "group_ids": [Command.set([env.ref(group).id for group in groups])],
    })
partner = env["res.partner"].create({"name": "Maçonnerie Lefèvre"})
project = env["project.project"].create(
    {"name": "Toiture de la mairie", "partner_id": partner.id})
product = env["product.product"].create(
    {"name": "Roof", "type": "service", "invoice_policy": "order"})
order = env["sale.order"].create({
    "partner_id": partner.id, "project_id": project.id,
    "order_line": [Command.create({"product_id": product.id, "price_unit": 1000})],
})
order.action_confirm()
invoice = order._create_invoices()
print("ids", order.id, partner.id, project.id, invoice.id)
env.cr.commit()
"""


@pytest.fixture(scope="module")
def records():
    """The server, and the addresses of a quotation and of its relatives."""
    with base(tests=True):
        clone_database(DATABASE, ensure_languages())
        output = odoo_shell(DATABASE, PREPARE)
        order, partner, project, invoice = output.split("ids", 1)[1].split()[:4]
        addresses = {
            "order": f"/odoo/sale.order/{order}",
            "client": f"/odoo/res.partner/{partner}",
            "project": f"/odoo/project.project/{project}",
            "invoice": f"/odoo/account.move/{invoice}",
        }
        with start_odoo(DATABASE, cron_threads=1) as server:
            yield server, addresses
        drop_database(DATABASE)


@pytest.fixture
def log_in(records, chromium):
    """Open a browser for a person; no page may have had an error."""
    server, _addresses = records
    contexts = []

    def log_in(login="sam", screen=SCREEN, locale="en-US"):
        is_phone = screen is PHONE
        context = chromium.new_context(
            viewport=screen,
            locale=locale,
            has_touch=is_phone,
            is_mobile=is_phone,
            base_url=server.url,
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto("/web/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", login)
        page.click("button[type=submit]")
        page.wait_for_selector(".o_web_client")
        return page

    yield log_in
    for context in contexts:
        assert not context.pages[0].errors
        context.close()


def open_tab(page, address):
    page.goto(address)
    page.wait_for_selector(".o_form_view")
    page.click(".nav-link[name=progbox]")
    page.wait_for_selector(".o_progbox_tab")


def title(page):
    return page.locator(".nav-link[name=progbox]")


def card(page, name):
    return page.locator(f".o_progbox_card:has-text('{name}')")


def choose(page, name, entry):
    card(page, name).locator(".o_progbox_card_menu").click()
    page.click(f".o-dropdown--menu [data-name={entry}]")


def drop(page, names):
    """Drop text files on the tab, as the browser tells it; say what the zone said."""
    page.wait_for_selector(".o_progbox_tab")
    page.evaluate(
        """(names) => {
            const transfer = new DataTransfer();
            for (const name of names) {
                transfer.items.add(new File([`Text of ${name}`], name));
            }
            window.dropped = transfer;
            document.querySelector(".o_progbox_tab").dispatchEvent(new DragEvent(
                "dragenter", {bubbles: true, dataTransfer: transfer}));
        }""",
        names,
    )
    zone = page.locator(".o_progbox_dropzone_label")
    expect(zone).to_be_visible()
    said = zone.inner_text()
    page.evaluate(
        """() => document.querySelector(".o_progbox_dropzone").dispatchEvent(
            new DragEvent("drop", {bubbles: true, dataTransfer: window.dropped}))"""
    )
    return said


def test_dropped_once_on_a_quotation_and_found_from_everywhere(records, log_in):
    _server, addresses = records
    page = log_in()
    open_tab(page, addresses["order"])
    expect(page.locator(".o_progbox_teaching")).to_be_visible()
    said = drop(page, ["signed.txt", "plan.txt", "notes.txt"])
    assert re.search(r"keep them on S\d+", said)
    expect(title(page)).to_have_text("ProGBox (3)", timeout=PATIENCE)
    expect(page.locator(".o_progbox_card")).to_have_count(3)

    for relative in ("client", "project", "invoice"):
        open_tab(page, addresses[relative])
        expect(title(page)).to_have_text("ProGBox (3)")
        group = page.locator(".o_progbox_group:has-text('S0')")
        expect(group.locator(".o_progbox_card")).to_have_count(3)

    # Read one after the other, in place.
    names = page.locator("span.o_progbox_card_name").all_inner_texts()
    card(page, names[0]).locator(".o_progbox_card_picture").click()
    preview = page.locator(".o_progbox_preview")
    expect(preview).to_contain_text(f"Text of {names[0]}")
    page.keyboard.press("ArrowRight")
    expect(preview).to_contain_text(f"Text of {names[1]}")
    page.keyboard.press("Escape")
    expect(preview).to_have_count(0)
    # The arrow keys go on from where one was.
    page.keyboard.press("ArrowRight")
    expect(card(page, names[2])).to_be_focused()

    # A new version, and the old one again.
    with page.expect_file_chooser() as chooser:
        choose(page, "plan.txt", "newVersion")
    with tempfile.TemporaryDirectory() as folder:
        newer = Path(folder, "plan.txt")
        newer.write_text("A second plan")
        chooser.value.set_files(newer)
        expect(card(page, "plan.txt")).to_contain_text("v2", timeout=PATIENCE)
    card(page, "plan.txt").locator(".o_progbox_card_version").click()
    expect(page.locator(".o_progbox_versions tbody tr")).to_have_count(2)
    page.click("tr[data-version='1'] .o_progbox_restore_version")
    expect(card(page, "plan.txt")).to_contain_text("v3")
    expect(page.locator(".o_progbox_card")).to_have_count(3)

    # Another name, in place.
    choose(page, "notes.txt", "rename")
    page.locator("input.o_progbox_card_name").fill("minutes.txt")
    page.keyboard.press("Enter")
    expect(card(page, "minutes.txt")).to_be_visible()

    # Only what is looked for.
    page.fill(".o_progbox_tab_search input", "PLÂN")
    expect(page.locator(".o_progbox_card")).to_have_count(1)
    page.fill(".o_progbox_tab_search input", "")
    expect(page.locator(".o_progbox_card")).to_have_count(3)

    # Deleted by the keyboard, and back with one click.
    card(page, "minutes.txt").focus()
    page.keyboard.press("Delete")
    expect(card(page, "minutes.txt")).to_have_count(0)
    expect(title(page)).to_have_text("ProGBox (2)")
    page.click(".o_notification button:has-text('Undo')")
    expect(card(page, "minutes.txt")).to_be_visible()
    expect(title(page)).to_have_text("ProGBox (3)")


def row(page, name):
    return page.locator(f".o_progbox_tab [role=treeitem]:has-text('{name}')").first


def test_folders_narrow_the_tab_and_take_documents(records, log_in):
    _server, addresses = records
    page = log_in()
    open_tab(page, addresses["project"])
    # By the keyboard: a folder in that of the project, which is not there yet.
    row(page, "All documents").focus()
    page.keyboard.press("ArrowDown")
    expect(row(page, "Toiture de la mairie")).to_be_focused()
    page.keyboard.press("Insert")
    page.fill(".o_progbox_folder_name", "Façade")
    page.keyboard.press("Enter")
    expect(row(page, "Façade")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".o_progbox_empty_folder")).to_be_visible()
    expect(page.locator(".o_progbox_import_target")).to_contain_text("Façade")

    # Dropped there, seen there.
    said = drop(page, ["elevation.txt"])
    assert said == "Drop here: Toiture de la mairie / Façade"
    expect(card(page, "elevation.txt")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".o_progbox_card")).to_have_count(1)
    expect(row(page, "Façade").locator(".o_progbox_tree_count")).to_have_text("1")

    # From a relative as well.
    open_tab(page, addresses["order"])
    row(page, "Toiture de la mairie").click()
    expect(card(page, "elevation.txt")).to_be_visible()
    row(page, "Façade").click()
    expect(page.locator(".o_progbox_card")).to_have_count(1)

    # Dragged onto another folder, and back.
    card(page, "elevation.txt").drag_to(row(page, "Toiture de la mairie"))
    expect(page.locator(".o_progbox_empty_folder")).to_be_visible()
    page.click(".o_notification button:has-text('Undo')")
    expect(card(page, "elevation.txt")).to_be_visible()
    row(page, "All documents").click()
    expect(card(page, "signed.txt")).to_be_visible()
    card(page, "elevation.txt").drag_to(row(page, "Plans"))
    count = row(page, "Plans").locator(".o_progbox_tree_count")
    expect(count).to_have_text("1", timeout=PATIENCE)

    # The name of a record finds its folder in Documents > Archiving.
    page.goto("/odoo/action-progbox_invoice_archive.progbox_document_action")
    page.fill(".o_progbox_tree_search input", "mairie")
    page.click("[role=treeitem]:has-text('Toiture de la mairie')")
    expect(page.locator(".o_data_row:has-text('elevation.txt')")).to_be_visible()


def test_folders_on_a_phone(records, log_in):
    _server, addresses = records
    page = log_in(screen=PHONE)
    open_tab(page, addresses["client"])
    toggle = page.locator(".o_progbox_tree_toggle")
    expect(toggle).to_have_text("All documents")
    toggle.click()
    row(page, "Maçonnerie Lefèvre").click()
    expect(toggle).to_have_text("Maçonnerie Lefèvre")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    assert page.locator(".o_progbox_tab").evaluate("el => el.scrollWidth") <= 390


def test_a_backup_of_a_project_with_its_documents(records, log_in, tmp_path):
    _server, addresses = records
    page = log_in()
    open_tab(page, addresses["invoice"])
    cheque = tmp_path / "cheque.pdf"
    Image.new("RGB", (64, 48), "orange").save(cheque)
    page.locator("input.o_progbox_files").set_input_files(cheque)
    expect(card(page, "cheque.pdf")).to_be_visible(timeout=PATIENCE)

    page = log_in("max")
    page.goto(addresses["project"])
    page.click("button[name=action_progbox_compile]")
    wizard = page.locator(".modal")
    wizard.locator(".o_field_widget[name=with_documents] input").check()
    expect(wizard).to_contain_text("Files: 1")
    wizard.locator("button[name=action_compile]").click()
    expect(wizard).to_have_count(0, timeout=PATIENCE)
    expect(page.locator(".o_form_view")).to_contain_text(
        "Invoices and bills of Toiture de la mairie", timeout=PATIENCE
    )
    page.locator("button[name=action_download]").first.wait_for()
    expect(page.locator(".o_form_view")).to_contain_text("draft")


def test_files_wait_for_a_quotation_that_cannot_be_saved(log_in):
    page = log_in()
    page.goto("/odoo/sale.order/new")
    page.wait_for_selector(".o_form_view")
    page.click(".nav-link[name=progbox]")
    drop(page, ["early.txt"])
    expect(page.locator(".o_progbox_waiting")).to_contain_text("early.txt")
    page.fill(".o_field_widget[name=partner_id] input", "Maçonnerie")
    page.click(".o-autocomplete--dropdown-item:has-text('Maçonnerie Lefèvre')")
    page.click(".o_form_button_save")
    expect(card(page, "early.txt")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".o_progbox_waiting")).to_have_count(0)


def test_a_photo_on_a_phone(records, log_in, tmp_path):
    _server, addresses = records
    page = log_in(screen=PHONE)
    open_tab(page, addresses["client"])
    camera = page.locator("input.o_progbox_camera")
    assert camera.get_attribute("capture") == "environment"
    assert page.locator("input.o_progbox_files").get_attribute("capture") is None
    photo = tmp_path / "site.jpg"
    Image.new("RGB", (64, 48), "orange").save(photo)
    camera.set_input_files(photo)
    picture = card(page, "site.jpg").locator("img")
    expect(picture).to_be_visible(timeout=PATIENCE)
    assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)")
    # Nothing stands out on the right.
    assert page.locator(".o_progbox_tab").evaluate("el => el.scrollWidth") <= 390


def test_l_onglet_en_francais(records, log_in):
    _server, addresses = records
    page = log_in("sandrine", locale="fr-FR")
    open_tab(page, addresses["client"])
    expect(title(page)).to_contain_text("ProGBox")
    expect(page.locator(".o_progbox_import_files")).to_be_visible()
