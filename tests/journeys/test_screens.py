"""Every screen of the add-ons, in three languages, on a desk and on a phone."""

import json

import pytest
from people import DESK, PHONE, log_in
from progbox_env import (
    base,
    clone_database,
    drop_database,
    ensure_languages,
    odoo_shell,
    start_odoo,
)
from screens import ARCHIVE, SCREENS, USERS

DATABASE = "progbox_screens"
LANGUAGES = {"en_US": "en-US", "fr_FR": "fr-FR", "ro_RO": "ro-RO"}
# What is wrong with a page, as it stands.
LOOK = """([isOurs, isPhone]) => {
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
        if (isOurs && button.offsetParent && !isCounter && lines(button)) {
            wrong.push(`the button "${button.innerText.trim()}" wraps`);
        }
    }
    const cells = [...document.querySelectorAll(".o_data_row .o_data_cell")];
    const columns = Map.groupBy(cells, (cell) => cell.getAttribute("name"));
    const isEmpty = (column) => column.every((cell) => !cell.innerText.trim()
        && !cell.querySelector("i, img, button, input, .progress, .oi"));
    const empty = [...columns].filter(([, column]) => isEmpty(column));
    const isCut = (cell) => cell.scrollWidth > cell.clientWidth + 1;
    for (const name of ["number", "partner_name", "amount_total", "state", "result",
            "folder_name", "recipient_name", "display_name", "name", "totals_text",
            "move_id", "partner_id"]) {
        const cut = (columns.get(name) || []).find(isCut);
        if (isOurs && cut && empty.length) {
            const others = empty.map(([other]) => other).join(", ");
            wrong.push(`"${cut.innerText}" is cut, and ${others} is empty`);
        }
    }
    if (isPhone && document.documentElement.scrollWidth > innerWidth + 1) {
        wrong.push("the page scrolls sideways");
    }
    return wrong;
}"""
# A dialog is as wide as what is in it; a list on a phone may be wider.
LOOK_DIALOG = """() => {
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
# As a menu opens an action; it is there when this has come to its end. The whole client
# anew for each screen would take most of a minute in each language.
OPEN = """([action, options]) =>
    odoo.__WOWL_DEBUG__.root.env.services.action.doAction(action, options)"""
# Nothing is on its way for some frames, and so what came is drawn.
WATCH = """() => {
    const {rpcBus} = odoo.loader.modules.get("@web/core/network/rpc");
    const calls = new Set();
    rpcBus.addEventListener("RPC:REQUEST", ({detail}) => calls.add(detail.data.id));
    rpcBus.addEventListener("RPC:RESPONSE", ({detail}) => calls.delete(detail.data.id));
    const frame = () => {
        window.calmFrames = calls.size ? 0 : window.calmFrames + 1;
        requestAnimationFrame(frame);
    };
    frame();
}"""
ROW = ".o_data_row, .o_kanban_record:not(.o_kanban_ghost)"
TAB = ".o_form_view a.nav-link[name=progbox]"


def settle(page):
    page.evaluate("window.calmFrames = 0")
    page.wait_for_function("window.calmFrames > 3")


@pytest.fixture(scope="module")
def server():
    """A server whose scheduled actions rest: what is on the screens stays as it is."""
    with base(tests=True):
        clone_database(DATABASE, ensure_languages())
        odoo_shell(DATABASE, USERS)
        odoo_shell(DATABASE, ARCHIVE)
        with start_odoo(DATABASE) as running:
            yield running
        drop_database(DATABASE)


@pytest.fixture(scope="module")
def found(server):
    """The screens that there are, and what dialogs are opened for."""
    said = odoo_shell(server.database, SCREENS).split("found", 1)[1]
    return json.loads(said.splitlines()[0])


@pytest.fixture(scope="module")
def sessions():
    """What a browser keeps of a login, by language."""
    return {}


@pytest.fixture
def enter(server, open_browser, sessions):
    """Log somebody in who speaks a language; what is wrong is told at the end."""

    def enter(lang, screen):
        session = sessions.get(lang)
        locale = LANGUAGES[lang]
        page = open_browser(server.url, screen, locale=locale, storage_state=session)
        page.on(
            "console",
            lambda told: (
                told.type == "error" and page.errors.append(f"{page.url}: {told.text}")
            ),
        )
        if not session:
            log_in(page, lang)
            sessions[lang] = page.context.storage_state()
        page.goto("/odoo/archive")
        page.wait_for_selector(".o_view_controller .o_content")
        page.evaluate(WATCH)
        return page

    return enter


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_screen(enter, found, lang, screen):
    assert len(found["screens"]) > 60 and len(found["dialogs"]) > 8
    is_phone = screen is PHONE
    page = enter(lang, screen)
    wrong = page.errors

    def look(name, script, argument=None):
        settle(page)
        wrong.extend(f"{name}: {fault}" for fault in page.evaluate(script, argument))

    for name, action, kind in found["screens"]:
        if is_phone and kind == "kanban":
            # Where there are cards, a phone shows them instead of a list.
            continue
        is_ours = isinstance(action, int) or action["res_model"].startswith("progbox.")
        options = {"clearBreadcrumbs": True, "viewType": kind or None}
        page.evaluate(OPEN, [action, options])
        look(name, LOOK, [is_ours, is_phone])
        if kind in ("list", "kanban") and not page.locator(ROW).count():
            wrong.append(f"{name}: there is nothing to look at")
        if page.locator(TAB).count():
            page.locator(TAB).click()
            look(f"{name}, the tab", LOOK, [False, is_phone])
    if not is_phone:
        page.evaluate(OPEN, ["progbox_invoice_archive.progbox_document_action", {}])
        page.locator(".o_data_row td.o_data_cell").first.click()
        page.wait_for_selector(".o_progbox_preview_beside")
        look("beside a preview", LOOK, [True, False])
    for name, action in found["dialogs"]:
        page.evaluate(OPEN, [action, {"additionalContext": found["context"]}])
        page.wait_for_selector(".modal .o_form_view")
        look(name, LOOK_DIALOG)
        # Its button may be under a notification.
        page.evaluate(OPEN, [{"type": "ir.actions.act_window_close"}, {}])
        page.wait_for_selector(".modal", state="detached")
