"""A real Odoo, with a worker in the background, and people at real browsers."""

import email
import email.policy
import time

import pytest
from aiosmtpd.controller import Controller
from progbox_env import (
    base,
    clone_database,
    drop_database,
    ensure_languages,
    odoo_shell,
    start_odoo,
)
from progbox_env.server import free_port

DATABASE = "progbox_journeys"
# login, language of Odoo and of the browser, screen
PEOPLE = {
    "emma": ("en_US", "en-US", {"width": 1366, "height": 768}),
    "claire": ("fr_FR", "fr-FR", {"width": 1366, "height": 768}),
    "phil": ("en_US", "en-US", {"width": 390, "height": 844}),
    # an archive manager
    "manon": ("en_US", "en-US", {"width": 1366, "height": 768}),
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

    def wait_for(self, recipient, text, seconds=30):
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
def visit(journeys, chromium):
    """Log a person in; return the page, and the address of the person's invoice."""
    server, drafts = journeys
    contexts = []

    def log_in(login):
        _lang, locale, screen = PEOPLE[login]
        is_phone = screen["width"] < 768
        context = chromium.new_context(
            viewport=screen,
            locale=locale,
            has_touch=is_phone,
            is_mobile=is_phone,
            base_url=server.url,
        )
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto("/web/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", login)
        page.click("button[type=submit]")
        page.wait_for_selector(".o_web_client")
        return page, f"/odoo/customer-invoices/{drafts[login]}"

    yield log_in
    for context in contexts:
        assert not context.pages[0].errors
        context.close()
