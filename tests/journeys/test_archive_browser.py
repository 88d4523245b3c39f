"""From posting an invoice to reading it in the archive, as people do it."""

import re
import subprocess
import time

from playwright.sync_api import TimeoutError, expect

PATIENCE = 60  # seconds; the archiver needs one or two
ARCHIVED = "button[name=action_progbox_open_archive] .text-success"
# a phone keeps the buttons of the invoice in a menu
MORE_BUTTONS = ".o_button_more:visible"


def confirm(page, address):
    """Confirm the draft; return the number it gets."""
    page.goto(address)
    page.click("button[name=action_post]:visible")
    number = page.locator(".o_field_widget[name=name]").first
    expect(number).to_contain_text(re.compile(r"\d{3}"))
    return number.inner_text().strip()


def wait_until_archived(page):
    """Stay on the invoice: it says by itself when it is archived."""
    more = page.locator(MORE_BUTTONS)
    button = page.locator("button[name=action_progbox_open_archive]:visible")
    expect(more.or_(button).first).to_be_visible()
    if more.count():
        more.first.click()
    page.locator(ARCHIVED).first.wait_for(timeout=1000 * PATIENCE)


def wait_for(page, selector, seconds=PATIENCE):
    """Look again and again, as an impatient person does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        page.reload()
        page.wait_for_selector(".o_progbox_tree")
        try:
            page.locator(selector).first.wait_for(timeout=10_000)
            return
        except TimeoutError:
            continue
    raise AssertionError(f"{selector}: not there after {seconds} s")


def open_app(page, app):
    page.click(".o_navbar_apps_menu button")
    page.click(f".o_app:has-text('{app}')")
    page.wait_for_selector(".o_progbox_tree")


def read_both_pages(page, number):
    """Read the first page in the preview, turn to the second."""
    frame = page.frame_locator(".o_progbox_preview iframe")
    first = frame.locator(".page[data-page-number='1'] .textLayer")
    expect(first).to_contain_text(number)
    expect(first).to_contain_text("Work 01")
    field = frame.locator("#pageNumber")
    field.fill("2")
    field.press("Enter")
    second = frame.locator(".page[data-page-number='2'] .textLayer")
    expect(second).to_contain_text("Work 40")


def downloaded(page, click, folder):
    """Click, unpack what comes and check it; return the paths of its documents."""
    with page.expect_download() as download:
        click()
    folder.mkdir()
    download.value.save_as(folder / "documents.zip")
    for command in (
        "unzip -q documents.zip -d files",
        "env -C files sha256sum --quiet -c MANIFEST.sha256",
    ):
        subprocess.run(command.split(), cwd=folder, check=True)
    return sorted(str(path) for path in (folder / "files").glob("*/**/*.pdf"))


def test_a_posted_invoice_is_read_in_the_archive(visit):
    page, address = visit("emma")
    number = confirm(page, address)
    wait_until_archived(page)
    open_app(page, "Documents")
    expect(page.locator(".o_menu_sections")).to_contain_text("Archiving")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_contain_text(
        time.strftime("%m — %B")
    )
    page.click(f".o_data_row:has-text('{number}') td[name=number]")
    read_both_pages(page, number)
    page.click(".o_progbox_preview_source")
    expect(
        page.locator(".o_form_view .o_field_widget[name=name]").first
    ).to_contain_text(number)


def test_une_facture_validee_se_lit_dans_archivage(visit):
    page, address = visit("claire")
    number = confirm(page, address)
    wait_until_archived(page)
    open_app(page, "Documents")
    expect(page.locator(".o_menu_sections")).to_contain_text("Archivage")
    month = page.locator("[role=treeitem][aria-selected=true]")
    expect(month).to_contain_text(re.compile(r"\d\d — [a-zéû]+"))
    row = page.locator(f".o_data_row:has-text('{number}')")
    expect(row).to_contain_text("Facture client")
    row.locator("td[name=number]").click()
    read_both_pages(page, number)


def test_the_archive_on_a_phone(visit):
    page, address = visit("phil")
    number = confirm(page, address)
    wait_until_archived(page)
    page.goto("/odoo/archive")
    folders = page.locator(".o_progbox_tree_toggle")
    expect(folders).to_contain_text(time.strftime("%m — %B"))
    folders.click()
    page.click("[role=treeitem]:has-text('.factures')")
    card = page.locator(f".o_kanban_record:has-text('{number}')")
    # It is fetched once the card is in sight. The list of the month may still be there,
    # so the card is looked for again, which scrolling alone does not do.
    card.hover()
    expect(card.locator(".o_progbox_first_page img")).to_be_visible()
    card.click()
    preview = page.locator(".o_progbox_preview")
    box = preview.bounding_box()
    assert (box["width"], box["height"]) == (390, 844)
    read_both_pages(page, number)
    page.click(".o_progbox_preview_close")
    expect(preview).to_have_count(0)


def test_documents_are_looked_through_with_the_arrow_keys(visit):
    page, _address = visit("emma")
    page.goto("/odoo/archive")
    wait_for(page, ".o_data_row >> nth=1")
    rows = page.locator(".o_data_row td[name=number]")
    numbers = rows.all_inner_texts()
    rows.first.click()
    title = page.locator(".o_progbox_preview_title")
    expect(title).to_contain_text(numbers[0])
    page.keyboard.press("ArrowRight")
    expect(title).to_contain_text(numbers[1])
    page.keyboard.press("ArrowLeft")
    expect(title).to_contain_text(numbers[0])
    page.keyboard.press("Escape")
    expect(title).to_have_count(0)


def test_documents_are_downloaded_with_one_click(visit, tmp_path):
    page, _address = visit("emma")
    page.goto("/odoo/archive")
    page.wait_for_selector(".o_progbox_tree", timeout=2000 * PATIENCE)
    wait_for(page, ".o_data_row >> nth=1")
    numbers = page.locator(".o_data_row td[name=number]").all_inner_texts()
    month = page.locator("[role=treeitem][aria-selected=true]")

    def click_zip():
        page.click(".o_progbox_zip")

    def names(folder):
        """Download, and return what the documents are called."""
        paths = downloaded(page, click_zip, tmp_path / folder)
        return sorted(path.rsplit("/", 1)[1].removesuffix(".pdf") for path in paths)

    everything = sorted(number.replace("/", "_") for number in numbers)
    assert names("shown") == everything

    def click_menu():
        month.hover()
        month.locator(".o_progbox_folder_actions").click()
        page.click(".o-dropdown--menu >> text=Download zip")

    of_the_menu = downloaded(page, click_menu, tmp_path / "menu")
    assert len(of_the_menu) == len(everything)
    assert time.strftime("/files/factures/%Y/%m/") in of_the_menu[0]

    page.locator(".o_data_row .o_list_record_selector input").first.check()
    selected = page.locator(".o_selection_box")
    expect(selected).to_be_visible()
    assert names("chosen") == [numbers[0].replace("/", "_")]

    # A page of one document, and then all that are found.
    page.locator(".o_data_row .o_list_record_selector input").first.uncheck()
    expect(selected).to_have_count(0)
    page.click(".o_pager_value")
    page.fill("input.o_pager_value", "1-1")
    page.keyboard.press("Enter")
    expect(page.locator(".o_data_row")).to_have_count(1)
    page.check("thead .o_list_record_selector input")
    expect(selected).to_be_visible()
    assert names("page") == [numbers[0].replace("/", "_")]
    page.click(".o_select_domain")
    expect(page.locator(".o_select_domain")).to_have_count(0)
    assert names("all") == everything
