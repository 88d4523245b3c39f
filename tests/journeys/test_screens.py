"""Every screen of the add-ons, in three languages; on a phone in one."""

import json
from contextlib import contextmanager

import pytest
from progbox_env import odoo_shell

LANGUAGES = {"en_US": "en-US", "fr_FR": "fr-FR", "ro_RO": "ro-RO"}
PATIENCE = 60_000  # milliseconds; the first page of a language takes a while
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
# On a phone in the language of the longest words: each round takes most of a minute.
SCREENS = [*((lang, DESK) for lang in LANGUAGES), ("ro_RO", PHONE)]
# Something of each kind to look at; what an action is called by its address.
PREPARE = """
import json
import time
from odoo import fields
company = env.ref("base.main_company")
archived = [("company_id", "=", company.id), ("seal_id", "!=", False)]
for _second in range(60):
    if env["progbox.document"].search_count(archived):
        break
    time.sleep(1)
    env.cr.rollback()
# The server may have written on this user since.
env.cr.rollback()
env.user.write({"company_id": company.id, "company_ids": [(4, company.id)]})
folder = env["progbox.folder"]._archive_folder(company, fields.Date.today())
env["progbox.share"]._share(folder, {"kind": "link", "lang": "en_US",
    "recipient_name": "Cabinet comptable Ștefănescu & Lefèvre"})
env["progbox.closing"]._close(company, fields.Date.today())
env["progbox.verification"].action_verify()
actions = env["ir.actions.act_window"].search(
    [("path", "!=", False), ("res_model", "like", "progbox.")])
for lang in ("fr_FR", "ro_RO", "en_US"):
    env["res.users"].with_context(no_reset_password=True).create({
        "name": lang, "login": lang, "password": lang, "lang": lang,
        "odoobot_state": "disabled",
        "company_id": company.id, "company_ids": [(6, 0, company.ids)],
        "group_ids": [(4, env.ref(name).id) for name in (
            "base.group_user", "base.group_system", "account.group_account_manager",
            "progbox_invoice_archive.group_archive_manager")]})
posted = env["account.move"].search([("company_id", "=", company.id),
    ("state", "=", "posted"), ("move_type", "=", "out_invoice")], limit=3)
print("found", json.dumps({"paths": actions.mapped("path"), "invoices": posted.ids}))
env.cr.commit()
"""
# What is wrong with a page, as it stands.
LOOK = """() => {
    const wrong = [];
    const lines = (el) => {
        const range = document.createRange();
        range.selectNodeContents(el);
        const rects = [...range.getClientRects()].filter(({width}) => width > 1);
        const tops = rects.map(({top}) => top).sort((a, b) => a - b);
        return tops.length && tops.at(-1) - tops[0] > 12;
    };
    const bars = ".o_control_panel, .o_statusbar_buttons";
    const buttons = document.querySelectorAll(`:is(${bars}) button`);
    for (const button of buttons) {
        // A number stands above what it counts.
        const isCounter = button.matches(".oe_stat_button");
        if (button.offsetParent && !isCounter && lines(button)) {
            wrong.push(`the button "${button.innerText.trim()}" wraps`);
        }
    }
    const cells = [...document.querySelectorAll(".o_data_row .o_data_cell")];
    const columns = Map.groupBy(cells, (cell) => cell.getAttribute("name"));
    const isEmpty = (column) => column.every((cell) => !cell.innerText.trim()
        && !cell.querySelector("i, img, button, input, .progress"));
    const empty = [...columns].filter(([, column]) => isEmpty(column));
    const isCut = (cell) => cell.scrollWidth > cell.clientWidth + 1;
    for (const name of ["number", "partner_name", "amount_total", "state", "result",
            "folder_name", "recipient_name", "display_name", "totals_text", "move_id",
            "partner_id"]) {
        const cut = (columns.get(name) || []).find(isCut);
        if (cut && empty.length) {
            const others = empty.map(([other]) => other).join(", ");
            wrong.push(`"${cut.innerText}" is cut, and ${others} is empty`);
        }
    }
    return wrong;
}"""

# As a menu opens an action; it is there when this has come to its end. The whole client
# anew for each screen would take most of a minute in each language.
OPEN = """(path) => odoo.__WOWL_DEBUG__.root.env.services.action.doAction(
    path, {clearBreadcrumbs: true})"""
OPEN_WIZARD = """([action, additionalContext]) =>
    odoo.__WOWL_DEBUG__.root.env.services.action.doAction(
        action, {additionalContext})"""
WIZARDS = (
    "progbox_invoice_archive.account_move_compile_action",
    "progbox_invoice_archive.progbox_closing_wizard_action",
    "progbox_invoice_archive.progbox_export_wizard_action",
    "progbox_invoice_archive.progbox_share_wizard_action",
    "progbox_invoice_archive.progbox_verification_wizard_action",
    "progbox.progbox_general_folder_action",
)
# A dialog is as wide as what is in it; a list on a phone may be wider.
LOOK_WIZARD = """() => {
    const wrong = [];
    if (document.documentElement.scrollWidth > innerWidth + 1) {
        wrong.push("the page scrolls sideways");
    }
    const parts = ".modal-content, .modal-header, .modal-body, .modal-footer, .o_group";
    for (const part of document.querySelectorAll(`.modal :is(${parts})`)) {
        if (part.scrollWidth > part.clientWidth + 1) {
            wrong.push(`${part.className} scrolls sideways`);
        }
    }
    return wrong;
}"""
# Nothing is on its way, and what came is drawn.
SETTLED = """() => new Promise((resolve) => setTimeout(
    () => resolve(!document.querySelector(".o_loading_indicator")), 150))"""


@pytest.fixture(scope="module")
def found(journeys):
    """The addresses of the screens, and invoices to compile."""
    server, _drafts = journeys
    said = odoo_shell(server.database, PREPARE).split("found", 1)[1]
    found = json.loads(said.splitlines()[0])
    assert len(found["paths"]) > 10 and found["invoices"], found
    return found


@pytest.fixture(scope="module")
def sessions():
    """What a browser keeps of a login, by language."""
    return {}


@pytest.fixture
def enter(journeys, chromium, sessions):
    """Log somebody in who speaks a language; what is wrong is told at the end."""
    server, _drafts = journeys

    @contextmanager
    def log_in(lang, screen):
        context = chromium.new_context(
            viewport=screen,
            locale=LANGUAGES[lang],
            base_url=server.url,
            has_touch=screen is PHONE,
            is_mobile=screen is PHONE,
            storage_state=sessions.get(lang),
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        wrong = []
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda told: (
                told.type == "error" and wrong.append(f"{page.url}: {told.text}")
            ),
        )
        if lang not in sessions:
            page.goto("/web/login")
            page.fill("input[name=login]", lang)
            page.fill("input[name=password]", lang)
            page.click("button[type=submit]")
            page.wait_for_selector(".o_web_client")
            sessions[lang] = context.storage_state()
        yield page, wrong
        context.close()
        assert not wrong, "\n".join(wrong)

    return log_in


@pytest.mark.parametrize(("lang", "screen"), SCREENS)
def test_every_screen(enter, found, lang, screen):
    with enter(lang, screen) as (page, wrong):
        for number, path in enumerate(found["paths"]):
            if number:
                page.evaluate(OPEN, path)
            else:
                page.goto(f"/odoo/{path}")
            page.wait_for_selector(".o_view_controller .o_content")
            page.wait_for_function(SETTLED)
            wrong += [f"{path}: {fault}" for fault in page.evaluate(LOOK)]
            rows = page.locator(".o_data_row td.o_data_cell").locator("visible=true")
            if screen is DESK and rows.count():
                rows.first.click()
                page.wait_for_function(SETTLED)
                wrong += [f"{path}, opened: {fault}" for fault in page.evaluate(LOOK)]


@pytest.mark.parametrize("lang", ["en_US", "fr_FR"])
@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_every_wizard(enter, found, lang, screen):
    context = {"active_model": "account.move", "active_ids": found["invoices"]}
    with enter(lang, screen) as (page, wrong):
        page.goto(f"/odoo/{found['paths'][0]}")
        page.wait_for_selector(".o_view_controller .o_content")
        for action in WIZARDS:
            page.evaluate(OPEN_WIZARD, [action, context])
            page.wait_for_selector(".modal .o_form_view")
            page.wait_for_function(SETTLED)
            wrong += [f"{action}: {fault}" for fault in page.evaluate(LOOK_WIZARD)]
            page.locator(".modal-header :is(.btn-close, .oi-arrow-left)").first.click()
            page.wait_for_selector(".modal", state="detached")
