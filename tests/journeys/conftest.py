"""A real Odoo, with a worker in the background, and people at real browsers."""

import email
import email.policy
import time

import pytest
from aiosmtpd.controller import Controller
from people import DESK, PATIENCE, PHONE, log_in
from playwright.sync_api import expect
from progbox_env import (
    base,
    clone_database,
    drop_database,
    ensure_languages,
    odoo_shell,
    start_odoo,
)
from progbox_env.server import free_port

# Else what is expected has to be there in five seconds.
expect.set_options(timeout=PATIENCE)
DATABASE = "progbox_journeys"
# login, language of Odoo and of the browser, screen
PEOPLE = {
    "emma": ("en_US", "en-US", DESK),
    "claire": ("fr_FR", "fr-FR", DESK),
    "phil": ("en_US", "en-US", PHONE),
    # an archive manager
    "manon": ("en_US", "en-US", DESK),
}
PREPARE = """
from odoo import Command
group = env.ref("account.group_account_invoice")
company = env.ref("base.main_company")
for login, lang in %(people)r.items():
    env["res.users"].with_context(no_reset_password=True).create({
        "name": login.title(), "login": login, "password": login, "lang": lang,
        "company_id": company.id, "company_ids": [Command.set(company.ids)],
        # Its chat window would cover a phone.
        "odoobot_state": "disabled",
        "group_ids": [Command.link(group.id)],
    })
# long enough for a second page
lines = [Command.create({"name": f"Work {n:02d}", "quantity": 1, "price_unit": 100})
         for n in range(1, 41)]
partner = env["res.partner"].create({"name": "Maçonnerie Lefèvre"})
drafts = env["account.move"].create([
    {"move_type": "out_invoice", "company_id": company.id,
     "partner_id": partner.id, "invoice_line_ids": lines}
    for _number in range(len(%(people)r) + 2)
])
posted = drafts[-2:]
posted.action_post()
print("drafts", *(drafts - posted).ids)
env.cr.commit()
"""


class Mailbox:
    """Takes every e-mail that Odoo sends, for whoever it is."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):
        policy = email.policy.default
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy))
        return "250 OK"

    def wait_for(self, recipient, text, seconds=120):
        """Return the HTML of the newest e-mail to somebody that has a text."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for mail in reversed(self.mails):
                body = mail.get_body(("html",)).get_content()
                if recipient in mail["To"] and text in body:
                    return body
            time.sleep(0.2)
        raise AssertionError(f"no e-mail to {recipient} with {text}")


@pytest.fixture(scope="session")
def mailbox():
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.options = ["--smtp=127.0.0.1", f"--smtp-port={controller.port}"]
    yield box
    controller.stop()


@pytest.fixture(scope="session")
def journeys(mailbox):
    """The server, two posted invoices, and a draft of two pages for each person."""
    with base(tests=True):
        clone_database(DATABASE, ensure_languages())
        languages = {login: lang for login, (lang, *_rest) in PEOPLE.items()}
        output = odoo_shell(DATABASE, PREPARE % {"people": languages})
        ids = output.split("drafts", 1)[1].split()
        with start_odoo(DATABASE, cron_threads=1, options=mailbox.options) as server:
            yield server, dict(zip(PEOPLE, ids, strict=True))
        drop_database(DATABASE)


@pytest.fixture
def open_browser(chromium):
    """Open a browser of somebody's own; its page, which may have no error at the end.

    What is wrong with the page is in its list ``errors``, to which a test may add.
    """
    pages = []

    def open_browser(url, screen=DESK, **options):
        is_phone = screen is PHONE
        context = chromium.new_context(
            viewport=screen,
            has_touch=is_phone,
            is_mobile=is_phone,
            base_url=url,
            **options,
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(f"{page.url}: {error}"))
        pages.append(page)
        return page

    yield open_browser
    for page in pages:
        assert not page.errors, "\n".join(page.errors)
        page.context.close()


@pytest.fixture
def visit(journeys, open_browser):
    """Log a person in; return the page, and the address of the person's invoice."""
    server, drafts = journeys

    def visit(login):
        _lang, locale, screen = PEOPLE[login]
        page = open_browser(server.url, screen, locale=locale)
        log_in(page, login)
        return page, f"/odoo/customer-invoices/{drafts[login]}"

    return visit
