"""From sharing a month to unpacking it on the other side, as people do it."""

import html
import re
import subprocess

import pytest
from people import DESK, PHONE, log_in
from playwright.sync_api import TimeoutError, expect
from progbox_env import odoo_shell

MANAGER = "marie"
CLAIRE = "claire.duval@example.com"
ANALYTICS = "https://analytics.example.com"
# Load a script as the analytics of a website do; return what refuses it.
REFUSED = """url => new Promise(resolve => {
    const refused = (event) => resolve(event.effectiveDirective);
    document.addEventListener("securitypolicyviolation", refused, { once: true });
    document.head.append(Object.assign(document.createElement("script"), { src: url }));
})"""
PREPARE = f"""
from odoo import Command
env["ir.config_parameter"].set_param("web.base.url", "%s")
env["res.users"].with_context(no_reset_password=True).create({{
    "name": "Marie Dubois", "login": "{MANAGER}", "password": "{MANAGER}",
    "email": "marie@example.com",
    "group_ids": [Command.link(env.ref("account.group_account_manager").id)],
}})
env.cr.commit()
# The server may have read the address before.
env.registry.signal_changes()
"""


@pytest.fixture(scope="module")
def url(journeys):
    """The server, where Marie looks after the archive."""
    server, _drafts = journeys
    odoo_shell(server.database, PREPARE % server.url)
    return server.url


@pytest.fixture
def browser(url, open_browser):
    """Open a browser of somebody else; return its page."""

    def start(screen=DESK, locale="en-US"):
        page = open_browser(url, screen, locale=locale)
        page.on("console", lambda message: note_refusal(page, message.text))
        return page

    return start


def note_refusal(page, text):
    """Note what a page needs and its policy forbids."""
    if "Content Security Policy" in text and ANALYTICS not in text:
        page.errors.append(text)


@pytest.fixture
def marie(browser):
    page = browser()
    log_in(page, MANAGER)
    return page


def share_month(page):
    """Open the wizard from the newest month of the tree, once one is archived."""
    month = page.locator("[role=treeitem][aria-selected=true]")
    for _attempt in range(30):
        page.goto("/odoo/archive")
        page.wait_for_selector(".o_progbox_tree")
        try:
            expect(month).to_contain_text(re.compile(r"\d\d — "), timeout=10_000)
            break
        except (AssertionError, TimeoutError):
            continue
    month.hover()
    month.locator(".o_progbox_folder_actions").click()
    page.click(".o-dropdown--menu >> text=Share")
    page.wait_for_selector(".modal [name=way]")


def assert_fits(page):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def number_of_first_document(page):
    row = page.locator(".o_progbox_document").first
    expect(row).to_be_visible()
    return row.locator(".fw-bold").inner_text()


def test_a_month_is_shared_downloaded_and_checked(marie, browser, mailbox, tmp_path):
    share_month(marie)
    marie.fill(".modal [name=email] input", CLAIRE)
    marie.fill(".modal [name=recipient_name] input", "Claire Duval")
    marie.fill(".modal [name=message] textarea", "Here is the month")
    marie.click(".modal-footer button:has-text('Share')")
    expect(marie.locator(".o_notification")).to_contain_text("Claire Duval")

    # One e-mail: it says what is shared, and leads there by way of a password.
    shared = mailbox.wait_for(CLAIRE, "Here is the month")
    button = html.unescape(re.search(r'href="([^"]*/activate\?[^"]*)"', shared)[1])
    claire = browser()
    claire.goto(button)
    for field in ("password", "confirm_password"):
        claire.fill(f"input[name={field}]", "a long password")
    claire.click("form.oe_signup_form button[type=submit]")
    claire.wait_for_url(re.compile(r"/my/archive/\d+$"))
    # Odoo's "account created" would be the second one.
    subjects = [mail["Subject"] for mail in mailbox.mails if CLAIRE in mail["To"]]
    assert len(subjects) == 1, subjects
    # It still does when she opens the e-mail again.
    claire.goto(button)
    claire.wait_for_url(re.compile(r"/my/archive/\d+$"))
    claire.click(".o_progbox_month a >> nth=0")
    number = number_of_first_document(claire)
    with claire.expect_download() as download:
        claire.click("button:has-text('Download all')")
    zip_file = tmp_path / "month.zip"
    download.value.save_as(zip_file)
    subprocess.run(["unzip", "-q", zip_file, "-d", tmp_path / "month"], check=True)
    manifest = next((tmp_path / "month").rglob("MANIFEST.sha256"))
    subprocess.run(
        ["sha256sum", "--check", "--quiet", manifest.name],
        cwd=manifest.parent,
        check=True,
    )
    names = [path.name for path in manifest.parent.rglob("*.pdf")]
    assert any(number.replace("/", "_") in name for name in names), (number, names)

    marie.goto("/odoo/archive-shares")
    row = marie.locator(".o_data_row:has-text('Claire Duval')")
    expect(row.locator("[name=download_count]")).to_have_text("1")


def test_a_link_is_opened_on_a_phone_until_it_is_revoked(marie, browser):
    share_month(marie)
    marie.click(".modal .o_radio_item:has-text('Whoever has the link') input")
    marie.fill(".modal [name=recipient_name] input", "Phil")
    marie.click("button:has-text('Create Link')")
    shown = marie.locator(".modal .o_field_char[name=link]")
    expect(shown).to_contain_text("http")
    link = shown.inner_text().strip()
    expect(marie.locator(".modal .alert-warning")).to_have_count(0)
    marie.click(".modal-footer button:has-text('Close')")

    phil = browser(PHONE)
    phil.goto(link)
    assert_fits(phil)
    # The words are longest in Romanian.
    ioana = browser(PHONE, "ro-RO")
    ioana.goto(link)
    expect(ioana.locator("label:has-text('Până la')")).to_be_visible()
    assert_fits(ioana)
    assert phil.evaluate(REFUSED, f"{ANALYTICS}/tag.js") == "script-src-elem"
    phil.click(".o_progbox_month a >> nth=0")
    number = number_of_first_document(phil)
    assert_fits(phil)
    phil.click(".o_progbox_document a >> nth=0")
    frame = phil.frame_locator("iframe.o_progbox_preview")
    text = frame.locator(".page[data-page-number='1'] .textLayer")
    expect(text).to_contain_text(number)
    assert_fits(phil)
    with phil.expect_download() as download:
        phil.click("a:has-text('Download')")
    assert download.value.path().read_bytes().startswith(b"%PDF")

    marie.goto("/odoo/archive-shares")
    row = marie.locator(".o_data_row:has-text('Phil')")
    expect(row.locator("[name=opening_count]")).to_have_text("1")
    row.locator("button[name=action_revoke]").click()
    marie.click(".modal-footer .btn-primary")
    expect(row).to_have_count(0)

    phil.click("a:has-text('Download')")
    expect(phil.locator("h1")).to_have_text("There is nothing here")
    phil.goto(link)
    expect(phil.locator("h1")).to_have_text("There is nothing here")
