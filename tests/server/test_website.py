"""Pages of shares where a website and its chat are installed beside the archive."""

import json
import re
import urllib.error
import urllib.request

import pytest
from lxml import html
from progbox_env import (
    clone_database,
    drop_database,
    odoo_shell,
    sql,
    start_odoo,
)

NAME = "progbox_website"
# One process: to start Odoo takes as long as a module.
SHARE = """
import json
from odoo import api, fields
from odoo.modules.registry import Registry

modules = env["ir.module.module"].search([("name", "in", ("website", "im_livechat"))])
modules.button_immediate_install()
env = api.Environment(Registry(env.cr.dbname).cursor(), api.SUPERUSER_ID, {})
# A website with a chat for everybody.
channel = env["im_livechat.channel"].create({
    "name": "Chat", "user_ids": [(4, env.ref("base.user_admin").id)],
    "rule_ids": [(0, 0, {"action": "display_button"})],
})
env["website"].search([]).channel_id = channel

day = fields.Date.to_date("2026-11-02")
month = env["progbox.folder"]._archive_folder(env.company, day)
document = env["progbox.document"]._deposit(
    {
        "name": "INV_1.pdf", "number": "INV/1", "folder_id": month.id,
        "company_id": env.company.id, "document_date": day,
        "mimetype": "application/pdf",
        "type_id": env.ref(
            "progbox_invoice_archive.document_type_customer_invoice").id,
    },
    env["ir.attachment"]._progbox_stage([b"%PDF-1.4 a small file"]),
)
root = month.parent_id.parent_id.with_user(env.ref("base.user_admin"))
shares = env["progbox.share"].with_user(root.env.user)
_share, token = shares._share(
    root, {"kind": "link", "lang": "en_US", "include_future": True})
portal = env["res.users"].with_context(no_reset_password=True).create({
    "name": "Claire", "login": "claire", "password": "claire", "email": "c@example.com",
    "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
})
own, _token = shares._share(
    root,
    {"kind": "portal", "lang": "en_US", "include_future": True,
     "partner_id": portal.partner_id.id},
)
env.cr.commit()
print(json.dumps({"token": token, "own": own.id, "document": document.id}))
"""
# What a browser fetches, in a page and in a style sheet.
ADDRESSES = "//@href | //@src | //@action | //@content | //@srcset | //@style"
FETCHED = re.compile(r"""@import\s+["']?([^"';]+)|url\(\s*["']?([^"')]+)""")
ELSEWHERE = re.compile(r"(https?:)?//")
CHAT = re.compile("livechat|discuss", re.IGNORECASE)


class Visitor:
    """Somebody outside, with a browser of his own."""

    def __init__(self, server):
        self.server = server
        cookies = urllib.request.HTTPCookieProcessor()
        self.opener = urllib.request.build_opener(cookies)

    def log_in(self, login):
        user = {"db": NAME, "login": login, "password": login}
        self.opener.open(
            urllib.request.Request(
                f"{self.server.url}/web/session/authenticate",
                json.dumps({"params": user}).encode(),
                {"Content-Type": "application/json"},
            )
        ).close()
        return self

    def get(self, path):
        try:
            with self.opener.open(self.server.url + path) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()


@pytest.fixture(scope="module")
def shared():
    """A server with a website, and what is shared there."""
    clone_database(NAME)
    # Odoo gives up at once when PostgreSQL is just cleaning this table.
    sql("ALTER TABLE ir_module_module SET (autovacuum_enabled = false)", NAME)
    data = json.loads(odoo_shell(NAME, SHARE).splitlines()[-1])
    with start_odoo(NAME) as server:
        data["server"] = server
        yield data
    drop_database(NAME)


def elsewhere(page, visitor):
    """Return the addresses of others that a page names, its style sheets included."""
    tree = html.fromstring(page.encode())
    found = {str(value) for value in tree.xpath(ADDRESSES)}
    for sheet in tree.xpath("//link[@rel='stylesheet']/@href"):
        matches = FETCHED.findall(visitor.get(sheet))
        assert matches, sheet  # at least the font of the icons
        found |= {one or other for one, other in matches}
    own = visitor.server.url
    return {
        address
        for address in found
        if ELSEWHERE.match(address) and not address.startswith(own)
    }


def test_the_website_has_both_on_its_own_pages(shared):
    visitor = Visitor(shared["server"])
    page = visitor.get("/contactus")
    assert elsewhere(page, visitor)
    assert CHAT.search(page)


@pytest.mark.parametrize(
    "end", ["", "/month/2026-11", "/document/{document}", "/search?search=INV"]
)
def test_a_link_loads_nothing_from_elsewhere(shared, end):
    visitor = Visitor(shared["server"])
    page = visitor.get(f"/archive/{shared['token']}" + end.format(**shared))
    assert "INV/1" in page or "November 2026" in page
    assert elsewhere(page, visitor) == set()
    assert not CHAT.search(page)
    assert not html.fromstring(page.encode()).xpath("//script/@src")


def test_a_wrong_link_loads_nothing_from_elsewhere(shared):
    visitor = Visitor(shared["server"])
    page = visitor.get(f"/archive/1-{'a' * 43}")
    assert "There is nothing here" in page
    assert elsewhere(page, visitor) == set()
    assert not CHAT.search(page)


@pytest.mark.parametrize("path", ["/my/archive", "/my/archive/{own}"])
def test_neither_do_the_pages_of_a_contact(shared, path):
    visitor = Visitor(shared["server"]).log_in("claire")
    page = visitor.get(path.format(**shared))
    assert "1 document" in page
    assert "Claire" in page
    assert elsewhere(page, visitor) == set()
    assert not CHAT.search(page)
