"""What the doors of a real server hand out of an archived invoice.

In Odoo's own tests a report is no PDF, and all requests share one transaction; here
somebody prints, downloads and looks into the portal as people do.
"""

import base64
import io
import json
import re
import urllib.request
from typing import NamedTuple

import pytest
from progbox_env import clone_database, drop_database, odoo_shell, start_odoo
from pypdf import PdfReader

NAME = "progbox_doors"
DOORS = {
    "printed": ("billing", "/report/pdf/account.account_invoices/{id}"),
    "portal": ("client", "/my/invoices/{id}?report_type=pdf&download=true"),
    "legal": ("billing", "/account/download_invoice_documents/{id}/pdf"),
    "all": ("billing", "/account/download_invoice_documents/{id}/all"),
}
CASES = ("unchanged", "completed", "renumbered")
INVOICES = """
import json
from odoo import Command

users = env["res.users"].with_context(no_reset_password=True)
people = {}
for login, group in (
    ("billing", "account.group_account_invoice"), ("client", "base.group_portal"),
):
    people[login] = users.create({
        "name": login, "login": login, "password": login,
        "email": f"{login}@example.com",
        "group_ids": [Command.set(env.ref(group).ids)],
    })
jobs = env["progbox.archive.job"]
numbers = iter(range(90000, 99999, 100))


def archived():
    line = {"name": "Roof", "quantity": 3, "price_unit": 40, "tax_ids": []}
    move = env["account.move"].create({
        "move_type": "out_invoice", "partner_id": people["client"].partner_id.id,
        "invoice_date": "2026-11-02", "invoice_line_ids": [Command.create(line)],
    })
    move.action_post()
    job = jobs.search([("move_id", "=", move.id)])
    job._job_write({"attempts": 1})
    job._job_process()
    return move


def change(move, case):
    if case == "completed":
        move.ref = "PO 4711"
    elif case == "renumbered":
        move.name = f"INV/2026/{next(numbers)}"
    return {"id": move.id, "says": {"completed": "PO 4711"}.get(case, move.name)}


print(json.dumps({
    case: {door: change(archived(), case) for door in %(doors)s}
    for case in %(cases)s
}))
env.cr.commit()
"""
# What the archive has of each invoice afterwards, version by version.
DOCUMENTS = """
import base64, json

documents = env["progbox.document"].search(
    [("res_model", "=", "account.move"), ("res_id", "in", %(ids)s)], order="version")
print(json.dumps({
    move: [
        base64.b64encode(b"".join(one._content_attachment()._progbox_blocks())).decode()
        for one in versions
    ]
    for move, versions in documents.grouped("res_id").items()
}))
"""
FILENAME = re.compile(r"filename\*?=(?:UTF-8'')?\"?([^\";]+)")


class Visit(NamedTuple):
    """What a door gave of an invoice, and then all the doors."""

    says: str
    first: bytes
    later: dict
    names: dict
    archived: list


class Visitors:
    """Those who ask a server, each with a browser."""

    def __init__(self, server):
        self.server = server
        self.browsers = {login: self.log_in(login) for login, _url in DOORS.values()}

    def log_in(self, login):
        cookies = urllib.request.HTTPCookieProcessor()
        opener = urllib.request.build_opener(cookies)
        user = {"db": NAME, "login": login, "password": login}
        opener.open(
            urllib.request.Request(
                f"{self.server.url}/web/session/authenticate",
                json.dumps({"params": user}).encode(),
                {"Content-Type": "application/json"},
            )
        ).close()
        return opener

    def through(self, door, invoice):
        """Return the name and the bytes of the file that a door gives."""
        login, url = DOORS[door]
        with self.browsers[login].open(self.server.url + url.format(**invoice)) as file:
            name = FILENAME.search(file.headers.get("Content-Disposition", ""))
            return name and name[1], file.read()


@pytest.fixture(scope="module")
def visits():
    """By case and door: the invoice that this door was the first to give."""
    clone_database(NAME)
    script = INVOICES % {"doors": list(DOORS), "cases": CASES}
    invoices = json.loads(odoo_shell(NAME, script).splitlines()[-1])
    with start_odoo(NAME) as server:
        visitors = Visitors(server)
        given = {
            (case, door): (
                invoice,
                visitors.through(door, invoice),
                {other: visitors.through(other, invoice) for other in DOORS},
            )
            for case, doors in invoices.items()
            for door, invoice in doors.items()
        }
    ids = [invoice["id"] for invoice, _first, _later in given.values()]
    printed = odoo_shell(NAME, DOCUMENTS % {"ids": ids})
    archive = json.loads(printed.splitlines()[-1])
    yield {
        key: Visit(
            invoice["says"],
            first[1],
            {other: content for other, (_name, content) in later.items()},
            {other: name for other, (name, _content) in later.items()},
            [base64.b64decode(content) for content in archive[str(invoice["id"])]],
        )
        for key, (invoice, first, later) in given.items()
    }
    drop_database(NAME)


def text_of(pdf):
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", CASES)
def test_a_door_gives_what_odoo_says_today(visits, case, door):
    visit = visits[case, door]
    assert visit.says in text_of(visit.first)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", CASES)
def test_the_archive_has_what_a_door_gave(visits, case, door):
    visit = visits[case, door]
    assert len(visit.archived) == (1 if case == "unchanged" else 2)
    assert visit.archived[-1] == visit.first


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", CASES)
def test_every_other_door_gives_the_same_afterwards(visits, case, door):
    visit = visits[case, door]
    assert visit.later == dict.fromkeys(DOORS, visit.first)


def test_a_download_is_named_as_the_invoice_is_now(visits):
    for visit in visits.values():
        named = {visit.names[door] for door in ("portal", "legal", "all")}
        assert len(named) == 1
    for door in DOORS:
        visit = visits["renumbered", door]
        assert visit.says.replace("/", "_") in visit.names["legal"]
