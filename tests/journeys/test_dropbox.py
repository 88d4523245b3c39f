"""Dropbox is connected and everything copied, as an administrator does it."""

import pytest
from playwright.sync_api import expect
from progbox_env import (
    base,
    clone_database,
    drop_database,
    odoo_shell,
    start_odoo,
)
from progbox_env.dropbox import local_dropbox
from progbox_env.server import free_port

DATABASE = "progbox_dropbox_journey"
SETTINGS = "/odoo/dropbox-settings"
# A page is compiled when it is first asked for; milliseconds.
PATIENCE = 60_000


# An invoice of the archive, which is there before Dropbox is connected.
PAPER = """
env = env(user=env.ref("base.user_admin"))
line = [0, 0, {"name": "Toit", "quantity": 1, "price_unit": 40, "tax_ids": []}]
partner = env["res.partner"].create({"name": "Toiture"})
invoice = {
    "move_type": "out_invoice",
    "partner_id": partner.id,
    "invoice_date": "2026-11-02",
    "invoice_line_ids": [line],
}
env["account.move"].create(invoice).action_post()
env["progbox.archive.job"].sudo()._job_run()
env.cr.commit()
"""


@pytest.fixture(scope="module")
def url():
    """An Odoo beside a Dropbox of its own."""
    port = free_port()
    with base(tests=True):
        clone_database(DATABASE)
        odoo_shell(DATABASE, PAPER)
        with (
            local_dropbox(DATABASE, port),
            start_odoo(DATABASE, port=port, cron_threads=1) as server,
        ):
            yield server.url
        drop_database(DATABASE)


@pytest.fixture
def page(url, chromium):
    context = chromium.new_context(
        base_url=url, locale="en-US", ignore_https_errors=True
    )
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_web_client")
    yield page
    assert not errors
    context.close()


def test_refused_then_connected_and_synchronized(page):
    page.goto(SETTINGS)
    page.get_by_role("button", name="Connect Dropbox").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("You have not given access")).to_be_visible(
        timeout=PATIENCE
    )
    page.goto(SETTINGS)
    page.get_by_role("button", name="Connect Dropbox").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("bureau@example.com")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Sync Now").click()
    expect(page.get_by_text("is being queued and copied")).to_be_visible(
        timeout=PATIENCE
    )
    page.goto("/odoo/dropbox")
    page.locator(".o_data_row").first.click()
    # The page follows by itself.
    copied = page.locator(".o_form_view [name=copied_count]")
    expect(copied).not_to_have_text("0", timeout=PATIENCE)
    expect(page.locator("[name=open_count]")).to_have_text("0", timeout=PATIENCE)
    expect(page.locator("[name=failed_count]")).to_have_text("0")
    expect(page.locator("[name=missing_count]")).to_have_text("0")
