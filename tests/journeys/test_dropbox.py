"""Dropbox is connected, everything copied, looked after and shared, as people do it."""

import contextlib
import json
import re
import signal
import ssl
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from people import PATIENCE, log_in
from playwright.sync_api import expect
from progbox_env import (
    ROOT,
    base,
    clone_database,
    drop_database,
    ensure_languages,
    odoo_shell,
    sql,
    start_odoo,
)
from progbox_env.dropbox import local_dropbox
from progbox_env.server import free_port

DATABASE = "progbox_dropbox_journey"
STARTED = "progbox_dropbox_started"
SETTINGS = "/odoo/dropbox-settings"


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
invoice = env["account.move"].create(invoice)
invoice.action_post()
env["progbox.archive.job"].sudo()._job_run()
[document] = env["progbox.document"].search([
    ("res_model", "=", "account.move"), ("res_id", "=", invoice.id),
    ("mimetype", "=", "application/pdf"),
])
file = document._content_attachment()._progbox_path()
env.cr.commit()
print("made", invoice.id, document.id, invoice.name, file)
"""
GUEST = "claire@example.com"
# Two buttons, and what is said when all is queued.
ENGLISH = ("Connect Dropbox", "Sync Now", "is being queued and copied")
FRENCH = ("Connecter Dropbox", "Synchroniser maintenant", "est mis en file et copié")


class Place(NamedTuple):
    """A server, the local Dropbox, and an invoice of the archive."""

    url: str
    dropbox: dict
    invoice: str
    document: str
    number: str
    file: str

    def as_its_owner(self, route, argument, content=None):
        """Do something in Dropbox, as its owner does it in another window.

        :param bytes content: of a file that is sent
        :return: what Dropbox answers
        """
        environment = self.dropbox["environment"]
        token = self.dropbox["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        host, body = environment["DROPBOX_API_HOST"], json.dumps(argument).encode()
        headers["Content-Type"] = "application/json"
        if content is not None:
            headers["Dropbox-API-Arg"] = body.decode()
            headers["Content-Type"] = "application/octet-stream"
            host, body = environment["DROPBOX_API_CONTENT_HOST"], content
        request = urllib.request.Request(f"https://{host}/2/{route}", body, headers)
        trusted = ssl.create_default_context(cafile=environment["REQUESTS_CA_BUNDLE"])
        with urllib.request.urlopen(request, context=trusted) as answer:
            return json.load(answer)

    def copies(self):
        """Return the paths of the copies of the invoice in Dropbox."""
        listing = {"path": "/ProGBox", "recursive": True}
        entries = self.as_its_owner("files/list_folder", listing)["entries"]
        name = self.number.replace("/", "_")
        return [e["path_display"] for e in entries if f"{name}.pdf" in e["name"]]


@pytest.fixture(scope="module")
def place():
    """An Odoo beside a Dropbox of its own."""
    with base(tests=True):
        clone_database(DATABASE)
        output = odoo_shell(DATABASE, PAPER)
        made = output.split("made", 1)[1].split()[:4]
        # Only now: till it is used, another process may be given it as well.
        port = free_port()
        with (
            local_dropbox(DATABASE, port) as dropbox,
            start_odoo(DATABASE, port=port, cron_threads=1) as server,
        ):
            yield Place(server.url, dropbox, *made)
        drop_database(DATABASE)


@pytest.fixture
def page(place, chromium):
    with logged_in(chromium, place.url, "en-US") as page:
        yield page


@contextlib.contextmanager
def logged_in(chromium, url, locale):
    """A page of the administrator."""
    context = chromium.new_context(
        base_url=url, locale=locale, ignore_https_errors=True
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    log_in(page, "admin")
    yield page
    assert not errors
    context.close()


def open_overview(page):
    page.goto("/odoo/dropbox")
    page.locator(".o_data_row").first.click()
    expect(page.locator(".o_form_view [name=copied_count]")).to_be_visible()


def confirm(page):
    # Not the dialog below, whose button is disabled till this one is answered.
    page.click(".modal:not(:has(.o_form_view)) .modal-footer .btn-primary")


@pytest.fixture
def synchronized(page, place):
    """A page of whoever has connected the Dropbox, with everything copied."""
    page.goto(SETTINGS)
    connect = page.get_by_role("button", name="Connect Dropbox")
    reconnect = page.get_by_role("button", name="Reconnect")
    expect(connect.or_(reconnect)).to_be_visible(timeout=PATIENCE)
    if connect.is_visible():
        connect_and_synchronize(page)
    return page


def connect_and_synchronize(page, words=ENGLISH):
    connect, synchronize, queued = words
    page.goto(SETTINGS)
    page.get_by_role("button", name=connect).click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("bureau@example.com")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name=synchronize).click()
    expect(page.get_by_text(queued)).to_be_visible(timeout=PATIENCE)
    open_overview(page)
    # The page follows by itself.
    copied = page.locator(".o_form_view [name=copied_count]")
    expect(copied).not_to_have_text("0", timeout=PATIENCE)
    expect(page.locator("[name=open_count]")).to_have_text("0", timeout=PATIENCE)
    expect(page.locator("[name=failed_count]")).to_have_text("0")
    expect(page.locator("[name=missing_count]")).to_have_text("0")


def test_refused_then_connected_and_synchronized(page):
    page.goto(SETTINGS)
    page.get_by_role("button", name="Connect Dropbox").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("You have not given access")).to_be_visible(
        timeout=PATIENCE
    )
    connect_and_synchronize(page)


def test_a_copy_is_seen_on_the_card_and_opened_in_dropbox(synchronized, place):
    page = synchronized
    page.goto(f"/odoo/account.move/{place.invoice}")
    page.click(".nav-link[name=progbox]")
    name = place.number.replace("/", "_")
    card = page.locator(f".o_progbox_card:has-text('{name}.pdf')")
    mark = card.locator(".o_progbox_card_mark.fa-dropbox")
    expect(mark).to_have_attribute("aria-label", re.compile("Dropbox: Copied on"))
    card.locator(".o_progbox_card_menu").click()
    with page.expect_popup() as opened:
        page.get_by_role("menuitem", name="View in Dropbox").click()
    expect(opened.value).to_have_url(re.compile(re.escape(f"{name}.pdf")))
    opened.value.close()


def test_a_deleted_copy_is_found_and_repaired(synchronized, place):
    page = synchronized
    [path] = place.copies()
    place.as_its_owner("files/delete_v2", {"path": path})
    open_overview(page)
    page.get_by_role("button", name="Check the Copies").click()
    expect(page.get_by_text("It was deleted in Dropbox.")).to_be_visible(
        timeout=PATIENCE
    )
    page.get_by_role("button", name="Repair All").click()
    confirm(page)
    expect(page.locator("[name=open_finding_count]")).to_have_text("0")
    open_overview(page)
    expect(page.locator("[name=open_count]")).to_have_text("0", timeout=PATIENCE)
    assert place.copies() == [path]


def test_a_lost_file_is_fetched(synchronized, place):
    file = Path(place.file)
    content = file.read_bytes()
    file.unlink()
    open_overview(synchronized)
    synchronized.get_by_role("button", name="Fetch Lost Files").click()
    confirm(synchronized)
    fetched = synchronized.locator(".o_form_view [name=fetched_count]")
    expect(fetched).to_have_text("1", timeout=PATIENCE)
    assert file.read_bytes() == content


def test_a_version_is_restored_in_dropbox(synchronized, place):
    page = synchronized
    [path] = place.copies()
    forged = {"path": path, "mode": "overwrite"}
    place.as_its_owner("files/upload", forged, b"forged")
    page.goto(f"/odoo/progbox.document/{place.document}")
    page.get_by_role("button", name="Versions in Dropbox").click()
    warning = page.get_by_text("What lies in Dropbox is not what was archived")
    expect(warning).to_be_visible(timeout=PATIENCE)
    page.locator(".modal .o_data_row").nth(1).get_by_role(
        "button", name="Restore in Dropbox"
    ).click()
    confirm(page)
    expect(page.locator(".modal .o_data_row")).to_have_count(3, timeout=PATIENCE)
    expect(warning).to_be_hidden()


def test_somebody_is_invited_to_a_folder_and_loses_the_access(synchronized):
    page = synchronized
    page.goto("/odoo/archive")
    month = page.locator("[role=treeitem][aria-selected=true]")
    expect(month).to_contain_text(re.compile(r"\d\d — "), timeout=PATIENCE)
    month.hover()
    month.locator(".o_progbox_folder_actions").click()
    page.get_by_role("menuitem", name="Share in Dropbox").click()
    page.fill(".modal [name=email] input", GUEST)
    invite = page.get_by_role("button", name="Invite", exact=True)
    invite.click()
    people = page.locator(".modal .o_data_row")
    guest = people.filter(has_text=GUEST)
    expect(guest).to_have_count(1, timeout=PATIENCE)
    # The dialog that shows the guest takes the place of the one before.
    expect(page.locator(".modal")).to_have_count(1)
    expect(invite).to_be_enabled()
    guest.get_by_role("button", name="Revoke").click()
    confirm(page)
    expect(guest).to_have_count(0, timeout=PATIENCE)
    expect(people).to_have_count(1)


@contextlib.contextmanager
def started(*options, seconds=600):
    """``setup/run``, as a person starts it and stops it again.

    :param int seconds: that it has to start, and to stop
    :return: what it says until Odoo is there
    """
    with tempfile.NamedTemporaryFile() as file:
        said = Path(file.name).read_text
        process = subprocess.Popen([ROOT / "setup/run", *options], stderr=file)
        try:
            deadline = time.monotonic() + seconds
            while "Ctrl-C stops it" not in said():
                assert process.poll() is None, said()
                assert time.monotonic() < deadline, said()
                time.sleep(0.2)
            yield said()
            process.send_signal(signal.SIGINT)
            process.wait(seconds)
            assert "stopped" in said()
        finally:
            process.kill()
            process.wait()


def test_setup_run_starts_a_dropbox_to_try(chromium):
    with base(tests=True):
        # With its language, which takes a minute to install.
        clone_database(STARTED, ensure_languages())
        odoo_shell(STARTED, PAPER)
        port = str(free_port())
        options = ["--database", STARTED, "--port", port, "--language", "fr"]
        with started("--dropbox", *options) as said:
            [url] = re.findall(r"Address +(\S+)", said)
            with logged_in(chromium, url, "fr-FR") as page:
                connect_and_synchronize(page, FRENCH)
                [home] = re.findall(r"https://\S+/home", said)
                see_each_copy(page, home)
        accounts = "progbox_dropbox_account WHERE app_key IS NOT NULL"
        # No token is kept that would be brought to the real one.
        state = f"SELECT state, coalesce(refresh_token, 'none') FROM {accounts}"
        assert sql(state, STARTED) == ["disconnected|none"]
        drop_database(STARTED)


def see_each_copy(page, home):
    """Look at the files on the page that ``setup/run`` names."""
    copies = sql("SELECT copied_path FROM progbox_dropbox_transfer", STARTED)
    assert copies
    for path in copies:
        folder, _slash, name = path.rpartition("/")
        page.goto(home + quote(folder))
        expect(page.get_by_role("link", name=name)).to_be_visible()
