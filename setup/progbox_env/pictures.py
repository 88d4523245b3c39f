"""Takes the pictures of README.md and of static/description; see `setup/pictures`."""

import io
import os
import re
from contextlib import contextmanager

from PIL import Image
from playwright.sync_api import sync_playwright

from . import forks, paths
from .databases import clone_database, drop_database, odoo_shell
from .dropbox import local_dropbox
from .server import free_port, start_odoo

DATABASE = "progbox_pictures"
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 690}
PATIENCE = 90_000  # milliseconds
COLOURS = 128
LARGEST = 150_000  # bytes
PREPARE = """
import io, time
from datetime import date
from reportlab.pdfgen import canvas
from odoo import Command
env = env(user=env.ref("base.user_admin"))
env.user.odoobot_state = "disabled"
groups = ("account.group_account_manager", "project.group_project_manager",
    "progbox_invoice_archive.group_archive_manager", "purchase.group_purchase_manager",
    "sales_team.group_sale_salesman_all_leads")
env.user.group_ids = [Command.link(env.ref(name).id) for name in groups]
clients = env["res.partner"].create([{"name": name} for name in (
    "Maçonnerie Lefèvre", "Țiglărie Popescu", "Mairie de Saint-Rémy", "Duval & Fils",
    "Brown Roofing Ltd", "Atelier Moreau")])
work = ("New roof", "Gutters", "Insulation", "Repair of the chimney", "Solar panels")
moves = env["account.move"].create([{
    "move_type": "out_invoice", "partner_id": clients[number % 6].id,
    "invoice_date": date(2026, 9 + number // 6, 2 + 4 * (number % 6)),
    "invoice_line_ids": [Command.create({"name": name, "quantity": 1 + number % 3,
        "price_unit": 780.5 + 137.3 * number, "tax_ids": []})
        for name in work[: 2 + number % 3]],
    **({"narration": '<img src="/web/image/987654321">'} if number in (8, 15) else {}),
} for number in range(18)])
moves.action_post()
env.cr.commit()
for _second in range(30):
    env["progbox.archive.job"].sudo()._job_run()
    env.cr.commit()
    env.invalidate_all()
    open_ = [("company_id", "=", env.company.id), ("attempts", "=", 0),
             ("state", "=", "pending")]
    if not env["progbox.archive.job"].search_count(open_):
        break
def paper(*lines):
    file = io.BytesIO()
    page = canvas.Canvas(file)
    for number, line in enumerate(lines):
        page.setFont("Helvetica", 16 if number else 24)
        page.drawString(72, 740 - 34 * number, line)
    page.showPage()
    page.save()
    return file.getvalue()
def drop(record, name, *lines):
    with env["ir.attachment"]._progbox_stage([paper(*lines)]) as staged:
        env["progbox.document"]._progbox_drop(record, staged, {"name": name})
client = clients[2]
project = env["project.project"].create(
    {"name": "Roof of the town hall", "partner_id": client.id})
product = env["product.product"].create(
    {"name": "Roof", "type": "service", "invoice_policy": "order", "taxes_id": False,
    "supplier_taxes_id": False})
order = env["sale.order"].create({"partner_id": client.id, "project_id": project.id,
    "order_line": [Command.create({"product_id": product.id, "price_unit": 24800})]})
order.action_confirm()
drop(order, "Quotation signed.pdf", "Quotation S00042", "Town hall of Saint-Rémy",
    "Read and approved: M. Garnier")
drop(project, "Plan of the roof.pdf", "Plan", "Roof, north side", "Scale 1:50")
drop(project, "Minutes 12 November.pdf", "Minutes", "Present: M. Garnier, S. Popescu")
purchase = env["purchase.order"].create({"partner_id": clients[4].id,
    "project_id": project.id, "order_line": [Command.create(
    {"product_id": product.id, "product_qty": 40, "price_unit": 61.5})]})
purchase.button_confirm()
drop(purchase, "Delivery note 8812.pdf", "Delivery note", "40 sheets of zinc")
drop(purchase, "Order confirmed by the vendor.pdf", "Order confirmation", "Week 49")
folder = env["progbox.folder"]._archive_folder(env.company, date(2026, 11, 1))
_share, token = env["progbox.share"]._share(folder.parent_id.parent_id, {"kind": "link",
    "lang": "en_US", "recipient_name": "Claire Duval"})
env.cr.commit()
print("found", client.id, project.id, purchase.id, token)
"""


def take():
    forks.enabled = True
    clone_database(DATABASE)
    said = odoo_shell(DATABASE, PREPARE).split("found", 1)[1]
    client, project, purchase, token = said.split()[:4]
    port = free_port()
    with (
        local_dropbox(DATABASE, port),
        start_odoo(DATABASE, port=port, cron_threads=1) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        with page_of(browser, server.url) as page:
            archive(page)
            to_fix(page)
            tab(page, f"/odoo/res.partner/{client}", "progbox", "tab")
            tab(page, f"/odoo/purchase.order/{purchase}", "progbox_purchase", "tab")
            account(page)
        with page_of(browser, server.url, PHONE) as page:
            phone(page)
            tab(page, f"/odoo/project.project/{project}", "progbox", "phone")
        with page_of(browser, server.url, {"width": 1000, "height": 620}, "") as page:
            page.goto(f"/archive/{token}")
            page.wait_for_selector(".o_progbox_month")
            keep(page, "progbox_invoice_archive", "portal")
        browser.close()
    drop_database(DATABASE)


@contextmanager
def page_of(browser, url, screen=DESK, login="admin"):
    is_phone = screen is PHONE
    context = browser.new_context(
        viewport=screen,
        base_url=url,
        locale="en-US",
        is_mobile=is_phone,
        has_touch=is_phone,
        ignore_https_errors=True,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    if login:
        page.goto("/web/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", login)
        page.click("button[type=submit]")
        page.wait_for_selector(".o_web_client")
    yield page
    context.close()


def keep(page, addon, name):
    """Write what is shown as a small PNG, once nothing moves any more."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(4000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = paths.ROOT / addon / "static/description" / f"{name}.png"
    picture.quantize(COLOURS).save(path, optimize=True)
    size = os.path.getsize(path)
    print(f"{path.relative_to(paths.ROOT)}: {size} bytes")
    assert size < LARGEST, path


def archive(page):
    page.goto("/odoo/archive")
    page.wait_for_selector(".o_progbox_tree")
    page.click(".o_data_row td[name=number] >> nth=1")
    frame = page.frame_locator(".o_progbox_preview iframe")
    frame.locator(".page[data-page-number='1'] .textLayer").wait_for()
    keep(page, "progbox_invoice_archive", "archive")


def phone(page):
    page.goto("/odoo/archive")
    page.wait_for_selector(".o_progbox_first_page img")
    keep(page, "progbox_invoice_archive", "phone")


def to_fix(page):
    page.goto("/odoo/archive-to-fix")
    page.wait_for_selector(".o_data_row")
    keep(page, "progbox_invoice_archive", "to_fix")


def tab(page, address, addon, name):
    page.goto(address)
    page.wait_for_selector(".o_form_view")
    page.click(".nav-link[name=progbox]")
    # Drawn as soon as it is in sight.
    card = page.locator(".o_progbox_thumbnail").first
    card.scroll_into_view_if_needed()
    card.locator("img").wait_for()
    page.locator(".nav-link[name=progbox]").evaluate("tab => tab.scrollIntoView()")
    keep(page, addon, name)


def account(page):
    page.goto("/odoo/dropbox-settings")
    page.get_by_role("button", name="Connect Dropbox").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Sync Now").click()
    page.get_by_text("is being queued and copied").wait_for()
    page.goto("/odoo/dropbox")
    page.locator(".o_data_row").first.click()
    copied = page.locator(".o_form_view [name=copied_count]")
    copied.filter(has_text=re.compile("[1-9]")).wait_for()
    page.locator("[name=open_count]").filter(has_text=re.compile("^0$")).wait_for()
    keep(page, "progbox_dropbox", "account")


if __name__ == "__main__":
    take()
