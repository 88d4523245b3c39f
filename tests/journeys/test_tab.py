"""Documents dropped once on a record, and found from its relatives, as people do it."""

import re
import tempfile
from pathlib import Path

import people
import pytest
from people import DESK, PATIENCE, PHONE
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
posted = env["account.move"].create({
    "move_type": "out_invoice", "company_id": company.id,
    "partner_id": env["res.partner"].create({"name": "Archived"}).id,
    "invoice_line_ids": [Command.create({"name": "Work", "price_unit": 100})]})
posted.action_post()
several = env["sale.order"].create({"partner_id": partner.id})
employee = env["hr.employee"].create({
    "name": "Sam", "user_id": env["res.users"].search([("login", "=", "sam")]).id})
payslip = env["progbox.document.type"].create(
    {"name": "Payslip", "code": "payslip", "employee_may_read": True})
staged = env["ir.attachment"]._progbox_stage([b"Text of november.txt"])
admin = env.ref("base.user_admin")
admin.group_ids += env.ref("hr.group_hr_user")
env["progbox.document"].with_user(admin)._progbox_drop(
    employee.with_user(admin), staged,
    {"name": "november.txt", "type_id": payslip.id})
env["progbox.folder"].with_user(admin).with_company(company).progbox_add_general(
    "Company papers")
large = env["res.partner"].create({"name": "Large"})
for sold in env["sale.order"].create([{"partner_id": large.id}] * 51):
    staged = env["ir.attachment"]._progbox_stage([b"Text of many.txt"])
    env["progbox.document"]._progbox_drop(sold, staged, {"name": "many.txt"})
env.cr.commit()
env["progbox.archive.job"].sudo()._job_run()
print("ids", order.id, partner.id, project.id, invoice.id, several.id, employee.id,
      large.id, posted.id)
env.cr.commit()
"""


@pytest.fixture(scope="module")
def records():
    """The server, and the addresses of a quotation and of its relatives."""
    with base(tests=True):
        clone_database(DATABASE, ensure_languages())
        output = odoo_shell(DATABASE, PREPARE)
        found = output.split("ids", 1)[1].split()[:8]
        order, partner, project, invoice, several, employee, large, posted = found
        addresses = {
            "order": f"/odoo/sale.order/{order}",
            "client": f"/odoo/res.partner/{partner}",
            "project": f"/odoo/project.project/{project}",
            "invoice": f"/odoo/account.move/{invoice}",
            "archived": f"/odoo/account.move/{posted}",
            "several": f"/odoo/sale.order/{several}",
            "large": f"/odoo/res.partner/{large}",
            "profile": f"/odoo/hr.employee.public/{employee}",
        }
        with start_odoo(DATABASE, cron_threads=1) as server:
            yield server, addresses
        drop_database(DATABASE)


@pytest.fixture
def log_in(records, open_browser):
    """Open a browser for a person; no page may have had an error."""
    server, _addresses = records

    def log_in(login="sam", screen=DESK, locale="en-US"):
        page = open_browser(server.url, screen, locale=locale)
        people.log_in(page, login)
        return page

    return log_in


def open_tab(page, address):
    page.goto(address)
    page.wait_for_selector(".o_form_view")
    page.click(".nav-link[name=progbox]")
    page.wait_for_selector(".o_progbox_tab")


def see_everything(page):
    """Look at a screen without an end: a picture is fetched once it is in sight."""
    page.set_viewport_size({**page.viewport_size, "height": 5000})


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
    # Under the mouse it stays.
    page.hover(".o_notification button:has-text('Undo')")
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


def test_files_save_a_quotation_that_can_be_saved(log_in):
    page = log_in()
    page.goto("/odoo/sale.order/new")
    page.wait_for_selector(".o_form_view")
    page.fill(".o_field_widget[name=partner_id] input", "Maçonnerie")
    page.click(".o-autocomplete--dropdown-item:has-text('Maçonnerie Lefèvre')")
    page.click(".nav-link[name=progbox]")
    drop(page, ["first.txt"])
    expect(card(page, "first.txt")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile(r"/\d+$"))


ARCHIVE = "/odoo/action-progbox_invoice_archive.progbox_document_action"


def drop_at(page, selector, names):
    """Let files go over an element, as the browser tells it."""
    page.locator(selector).first.evaluate(
        """(element, names) => {
            const transfer = new DataTransfer();
            for (const name of names) {
                transfer.items.add(new File([`Text of ${name}`], name));
            }
            for (const kind of ["dragover", "drop"]) {
                element.dispatchEvent(new DragEvent(kind, {
                    bubbles: true, cancelable: true, dataTransfer: transfer}));
            }
        }""",
        names,
    )


def test_a_general_folder_is_filled(records, log_in, tmp_path):
    _server, addresses = records
    page = log_in()
    page.goto(ARCHIVE)
    page.click("[role=treeitem]:has-text('Company papers')")
    target = page.locator(".o_progbox_import_target")
    expect(target).to_contain_text("Company papers")

    # What it is for, while it is empty.
    expect(page.locator(".o_nocontent_help")).to_contain_text("company papers")

    # Chosen by the button.
    statutes = tmp_path / "statutes.txt"
    statutes.write_text("Text of the statutes")
    with page.expect_file_chooser() as chooser:
        page.click(".o_progbox_import_files")
    chooser.value.set_files(statutes)
    in_list = page.locator(".o_data_row")
    expect(in_list.filter(has_text="statutes.txt")).to_be_visible(timeout=PATIENCE)
    count = page.locator(
        "[role=treeitem]:has-text('Company papers') .o_progbox_tree_count"
    )
    expect(count).to_have_text("1")

    # Dropped beside the tree, and on the folder while another one is chosen.
    drop_at(page, ".o_list_renderer", ["insurance.txt"])
    expect(in_list.filter(has_text="insurance.txt")).to_be_visible(timeout=PATIENCE)
    page.click(".o_searchview_facet .o_facet_remove")
    expect(page.locator(".o_progbox_import_files")).to_have_count(0)
    drop_at(page, "[role=treeitem]:has-text('Company papers')", ["bank.txt"])
    expect(count).to_have_text("3", timeout=PATIENCE)
    drop_at(page, ".o_list_renderer", ["nowhere.txt"])
    expect(page.locator(".o_notification")).to_contain_text("Choose a folder")

    # What was dropped on a record belongs to the company after all.
    open_tab(page, addresses["client"])
    drop(page, ["lease.txt"])
    expect(card(page, "lease.txt")).to_be_visible(timeout=PATIENCE)
    choose(page, "lease.txt", "move")
    page.select_option(".o_progbox_move_kind", label="General folders")
    expect(page.locator(".o_progbox_move_confirm")).to_be_disabled()
    page.select_option(".o_progbox_move_folder", label="Company papers")
    page.click(".o_progbox_move_confirm")
    expect(card(page, "lease.txt")).to_have_count(0)
    page.goto(ARCHIVE)
    page.click("[role=treeitem]:has-text('Company papers')")
    expect(in_list.filter(has_text="lease.txt")).to_be_visible()


def drop_from_disk(page, path):
    """Let a file or folder of the disk go over the tab, as a person with a mouse."""
    page.wait_for_selector(".o_progbox_import_files")
    box = page.locator(".o_progbox_tab_main").bounding_box()
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + 40,
                "y": box["y"] + 60,
                "data": {"items": [], "files": [str(path)], "dragOperationsMask": 1},
            },
        )
        if kind == "dragEnter":
            expect(page.locator(".o_progbox_dropzone")).to_be_visible()


def test_a_whole_folder_is_dropped(log_in, tmp_path):
    page = log_in()
    contact = call(page, "res.partner", "create", {"name": "Couverture Petit"})
    open_tab(page, f"/odoo/res.partner/{contact}")
    for name in ("Site/Plans/roof.txt", "Site/visit.txt", "Site/.DS_Store"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"Text of {name}")
    drop_from_disk(page, tmp_path / "Site")
    expect(page.locator(".o_progbox_card")).to_have_count(2, timeout=PATIENCE)
    # The folders come by themselves: until then there is nothing to open.
    expect(row(page, "Site")).to_have_attribute("aria-expanded", "false")
    row(page, "Site").click()
    expect(row(page, "Site")).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".o_progbox_card")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    expect(row(page, "Plans")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".o_progbox_card")).to_have_count(1)
    expect(card(page, "roof.txt")).to_be_visible()


def test_what_is_archived_is_locked(records, log_in):
    _server, addresses = records
    page = log_in("max")
    invoice = int(addresses["archived"].rpartition("/")[2])
    open_tab(page, addresses["archived"])
    locked = page.locator(".o_progbox_card:has(.o_progbox_card_lock)")
    expect(locked).to_have_count(1)
    expect(locked.get_by_role("img", name="Archived")).to_be_visible()
    # Its first page, too small to be read, and nothing that would change it.
    see_everything(page)
    expect(locked.locator(".o_progbox_thumbnail img")).to_be_visible(timeout=PATIENCE)
    opened = [["document_ref", "!=", False], ["kind", "in", ["view", "download"]]]
    assert not call(page, "progbox.access.log", "search_count", opened)
    locked.locator(".o_progbox_card_menu").click()
    names = page.locator(".o-dropdown--menu [data-name]")
    expect(names).to_have_count(4)
    shown = names.evaluate_all("all => all.map((one) => one.dataset.name)")
    assert shown == ["open", "download", "copyLink", "history"]
    page.keyboard.press("Escape")
    locked.focus()
    page.keyboard.press("Delete")
    page.keyboard.press("F2")
    expect(page.locator("input.o_progbox_card_name")).to_have_count(0)
    expect(locked).to_have_count(1)
    page.click(".o_progbox_views .o_list")
    in_row = in_list(page).filter(has=page.locator(".o_progbox_card_lock"))
    expect(in_row).to_have_count(1)
    page.click(".o_progbox_views .o_kanban")

    # So is the folder that it is in.
    [document] = call(
        page,
        "progbox.document",
        "search_read",
        [["res_model", "=", "account.move"], ["res_id", "=", invoice]],
        ["folder_id"],
    )
    page.goto(ARCHIVE)
    folder = page.locator(f"[data-folder-id='{document['folder_id'][0]}']")
    expect(folder.get_by_role("img", name="Archived")).to_be_visible()


def call(page, model, method, *args):
    """Call a method as the person who is logged in."""
    answer = page.request.post(
        f"/web/dataset/call_kw/{model}/{method}",
        data={"params": {"model": model, "method": method, "args": args, "kwargs": {}}},
    ).json()
    assert "error" not in answer, answer
    return answer["result"]


def test_documents_of_a_deleted_record_come_back(records, log_in):
    _server, addresses = records
    page = log_in()
    contact = call(page, "res.partner", "create", {"name": "Dupont"})
    open_tab(page, f"/odoo/res.partner/{contact}")
    drop(page, ["contract.txt"])
    expect(card(page, "contract.txt")).to_be_visible(timeout=PATIENCE)
    call(page, "res.partner", "unlink", [contact])

    page.goto("/odoo/documents-trash")
    trashed = page.locator(".o_data_row:has-text('contract.txt')")
    trashed.locator(".o_list_record_selector input").check()
    page.click("button[name=action_progbox_move]")
    page.fill(".o_progbox_move_dialog .o_record_selector input", "Maçonnerie")
    page.click(".o-autocomplete--dropdown-item:has-text('Maçonnerie Lefèvre')")
    page.click(".o_progbox_move_confirm")
    expect(page.locator(".modal")).to_have_count(0)
    expect(trashed).to_have_count(0)
    open_tab(page, addresses["client"])
    expect(card(page, "contract.txt")).to_be_visible()


def selected(page, *names):
    """Select cards by their boxes."""
    page.click(".o_progbox_pick")
    for name in names:
        card(page, name).locator(".o_progbox_card_check").check()
    expect(page.locator(".o_progbox_selected")).to_contain_text(str(len(names)))


def test_several_documents_at_once(records, log_in):
    _server, addresses = records
    page = log_in()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_tab(page, addresses["several"])
    own = page.locator(".o_progbox_group[data-key=own] .o_progbox_card")
    drop(page, ["a.txt", "b.txt", "c.txt"])
    expect(own).to_have_count(3, timeout=PATIENCE)

    selected(page, "a.txt", "b.txt")
    with page.expect_download() as download:
        page.click(".o_progbox_zip")
    assert download.value.suggested_filename.endswith(".zip")
    page.click(".o_progbox_link")
    expect(page.locator(".o_notification")).to_contain_text("Link copied")
    links = page.evaluate("() => navigator.clipboard.readText()").split("\n")
    texts = {page.request.get(link).text() for link in links}
    assert texts == {"Text of a.txt", "Text of b.txt"}

    page.click(".o_progbox_types")
    page.click(".o-dropdown--menu .dropdown-item:text-is('Plan')")
    for name in ("a.txt", "b.txt"):
        expect(card(page, name).locator(".o_progbox_card_type")).to_have_text("Plan")

    selected(page, "a.txt", "b.txt")
    page.click(".o_progbox_move")
    page.select_option(".o_progbox_move_kind", label="Projects")
    record = page.locator(".o_progbox_move_dialog .o_record_selector input")
    # No longer the one that held the quotation.
    expect(record).to_have_value("")
    record.fill("Toiture")
    page.click(".o-autocomplete--dropdown-item:has-text('Toiture de la mairie')")
    page.click(".o_progbox_move_confirm")
    expect(own).to_have_count(1)
    page.click(".o_notification button:has-text('Undo')")
    expect(own).to_have_count(3)

    selected(page, "a.txt", "c.txt")
    page.click(".o_progbox_trash")
    expect(own).to_have_count(1)
    expect(card(page, "b.txt")).to_be_visible()


def test_files_are_pasted_dropped_on_a_card_and_gone_on_with(records, log_in):
    _server, addresses = records
    page = log_in()
    open_tab(page, addresses["several"])
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["Pasted"], "pasted.txt"));
            document.body.dispatchEvent(new ClipboardEvent("paste", {
                bubbles: true, cancelable: true, clipboardData: transfer}));
        }"""
    )
    expect(card(page, "pasted.txt")).to_be_visible(timeout=PATIENCE)

    # One file, let go over a document.
    page.evaluate(
        """() => {
            window.dropped = new DataTransfer();
            window.dropped.items.add(new File(["Newer"], "newer.txt"));
            document.querySelector(".o_progbox_tab").dispatchEvent(new DragEvent(
                "dragenter", {bubbles: true, dataTransfer: window.dropped}));
        }"""
    )
    zone = page.locator(".o_progbox_dropzone")
    expect(zone).to_be_visible()
    # Where the card is now: it moves when what is above it is drawn.
    over = """(card, kind) => {
        const {x, y} = card.getBoundingClientRect();
        const zone = document.querySelector(".o_progbox_dropzone");
        zone.dispatchEvent(new DragEvent(kind, {
            bubbles: true, dataTransfer: window.dropped,
            clientX: x + 20, clientY: y + 20}));
    }"""
    card(page, "pasted.txt").evaluate(over, "dragover")
    expect(zone).to_contain_text("replace pasted.txt")
    card(page, "pasted.txt").evaluate(over, "drop")
    page.click(".modal button:has-text('New version')")
    expect(card(page, "newer.txt")).to_contain_text("v2", timeout=PATIENCE)
    expect(card(page, "pasted.txt")).to_have_count(0)

    # After a reload, the page says what has not come to its end.
    file = {"name": "long.txt", "size": 100, "modified": 7}
    order = int(addresses["several"].rpartition("/")[2])
    [begun] = call(page, "progbox.upload", "begin", "sale.order", order, [file])
    page.request.fetch(
        begun["url"],
        method="PATCH",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        },
        data=b"x" * 43,
    )
    open_tab(page, addresses["several"])
    unfinished = page.locator(".o_progbox_unfinished")
    expect(unfinished).to_contain_text("long.txt, 43 %: drop it again to go on")


def test_many_records_are_a_list(records, log_in):
    _server, addresses = records
    page = log_in()
    open_tab(page, addresses["large"])
    expect(title(page)).to_have_text("ProGBox (51)")
    group = page.locator(".o_progbox_group[data-key=quotations]")
    expect(group.locator("li")).to_have_count(20)
    group.locator(".o_progbox_more").click()
    expect(group.locator("li")).to_have_count(40)
    name = group.locator("li a").nth(30).inner_text()
    group.locator("li a").nth(30).click()
    expect(page.locator(".o_breadcrumb")).to_contain_text(name)


def in_list(page):
    return page.locator("tr.o_progbox_row")


def named(page, name):
    return in_list(page).filter(has_text=name)


def expect_order(page, *names):
    rows = page.locator(".o_progbox_group[data-key=own] span.o_progbox_card_name")
    expect(rows).to_have_text(names)


def test_a_list_beside_the_cards(records, log_in):
    _server, addresses = records
    page = log_in()
    contact = call(page, "res.partner", "create", {"name": "Charpente Muller"})
    address = f"/odoo/res.partner/{contact}"
    open_tab(page, address)
    drop(page, ["b.txt", "a.txt", "c plus long.txt"])
    expect(page.locator(".o_progbox_card")).to_have_count(3, timeout=PATIENCE)
    page.click(".o_progbox_views .o_list")
    expect(in_list(page)).to_have_count(3)
    expect(page.locator(".o_progbox_card")).to_have_count(0)
    expect(named(page, "a.txt")).to_contain_text("Charpente Muller")
    expect(named(page, "a.txt")).to_contain_text("Sam")

    # Sorted by the titles of the columns.
    title = page.locator("th[role=columnheader]:has([data-column=name])")
    page.click("[data-column=name]")
    expect(title).to_have_attribute("aria-sort", "ascending")
    expect_order(page, "a.txt", "b.txt", "c plus long.txt")
    page.click("[data-column=name]")
    expect_order(page, "c plus long.txt", "b.txt", "a.txt")
    page.click("[data-column=size]")
    expect(in_list(page).last).to_contain_text("c plus long.txt")
    page.click("[data-column=name]")
    expect(title).to_have_attribute("aria-sort", "ascending")
    expect_order(page, "a.txt", "b.txt", "c plus long.txt")

    # By the keyboard, as among the cards.
    named(page, "a.txt").focus()
    page.keyboard.press("ArrowDown")
    expect(named(page, "b.txt")).to_be_focused()
    page.keyboard.press("Space")
    expect(named(page, "b.txt")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".o_progbox_selected")).to_contain_text("2")
    page.keyboard.press("Escape")
    expect(page.locator(".o_progbox_selected")).to_have_count(0)
    page.click(".o_progbox_check_all")
    expect(page.locator(".o_progbox_selected")).to_contain_text("3")
    page.click(".o_progbox_unselect")
    named(page, "b.txt").focus()
    page.keyboard.press("F2")
    page.locator("input.o_progbox_card_name").fill("d.txt")
    page.keyboard.press("Enter")
    expect(named(page, "d.txt")).to_be_visible()
    named(page, "d.txt").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".o_progbox_preview")).to_contain_text("Text of b.txt")
    page.keyboard.press("Escape")
    expect(named(page, "d.txt")).to_be_focused()
    page.keyboard.press("Delete")
    expect(named(page, "d.txt")).to_have_count(0)

    # The menu and the type of a row.
    named(page, "a.txt").locator(".o_progbox_card_type").click()
    page.click(".o-dropdown--menu .dropdown-item:text-is('Plan')")
    expect(named(page, "a.txt").locator(".o_progbox_card_type")).to_have_text("Plan")
    named(page, "a.txt").locator(".o_progbox_card_menu").click()
    expect(page.locator(".o-dropdown--menu [data-name=trash]")).to_be_visible()
    page.keyboard.press("Escape")

    # The choice is kept.
    open_tab(page, address)
    expect(in_list(page)).to_have_count(2)
    page.click(".o_progbox_views .o_kanban")
    expect(page.locator(".o_progbox_card")).to_have_count(2)

    phone = log_in(screen=PHONE)
    open_tab(phone, address)
    phone.click(".o_progbox_views .o_list")
    expect(in_list(phone)).to_have_count(2)
    tab = phone.locator(".o_progbox_tab")
    assert tab.evaluate("el => el.scrollWidth") <= 390
    named(phone, "a.txt").click()
    expect(phone.locator(".o_progbox_preview")).to_contain_text("Text of a.txt")


def test_an_employee_finds_what_is_meant_for_him(records, log_in):
    _server, addresses = records
    page = log_in()
    open_tab(page, addresses["profile"])
    expect(card(page, "november.txt")).to_be_visible()
    expect(page.locator(".o_progbox_import_files")).to_have_count(0)


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
    expect(card(page, "site.jpg")).to_be_visible(timeout=PATIENCE)
    see_everything(page)
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
    expect(page.locator(".o_progbox_import_files")).to_contain_text(
        "Importer des fichiers"
    )
    said = drop(page, ["courrier.txt"])
    assert said == ("Déposez les fichiers ici pour les garder sur Maçonnerie Lefèvre")
    expect(card(page, "courrier.txt")).to_be_visible(timeout=PATIENCE)
    card(page, "courrier.txt").locator(".o_progbox_card_menu").click()
    expect(page.locator(".o-dropdown--menu [data-name=trash]")).to_contain_text(
        "Supprimer"
    )
