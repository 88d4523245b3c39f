"""What an invoice says has the same digest in every process.

Python orders sets by hashes that differ from process to process: an invoice whose words
came out of one would get a new version whenever another worker looks at it.
"""

import json

import pytest
from progbox_env import clone_database, drop_database, odoo_shell

NAME = "progbox_digests"
INVOICE = """
import json
from odoo import Command

env.company.partner_id.write({"street": "Rue", "city": "Lyon", "phone": "1"})
client = env["res.partner"].create({
    "name": "Lefèvre", "street": "1 rue Haute", "city": "Lyon", "zip": "69003",
    "country_id": env.ref("base.fr").id,
})
taxes = env["account.tax"].search([("type_tax_use", "=", "sale"),
    ("company_id", "=", env.company.id)], limit=3)
lines = [
    {"display_type": "line_section", "name": "Roof and gutters"},
    {"name": "Roof", "quantity": 3, "price_unit": 40, "tax_ids": taxes.ids},
    {"name": "Gutters", "quantity": 7.5, "price_unit": 12, "discount": 5,
     "tax_ids": taxes[:1].ids},
    {"display_type": "line_note", "name": "Within a week"},
]
move = env["account.move"].create({
    "move_type": "out_invoice", "partner_id": client.id, "ref": "PO 1",
    "invoice_date": "2026-11-02", "narration": "<p>Thank you</p>",
    "invoice_line_ids": [Command.create(line) for line in lines],
})
move.action_post()
job = env["progbox.archive.job"].search([("move_id", "=", move.id)])
job._job_write({"attempts": 1})
job._job_process()
env.cr.commit()
"""
DIGESTS = """
import json
from odoo.addons.progbox_invoice_archive.models.invoice_changes import own_digest
from odoo.addons.progbox_invoice_archive.models.invoice_words import InvoiceWords

document = env["progbox.document"].search(
    [("res_model", "=", "account.move")], order="id desc", limit=1)
move = env["account.move"].browse(document.res_id)
now = InvoiceWords(move, document.made_with).digests(strict=True)
print(json.dumps({
    "hash": hash("a word"),
    "archived": document.said,
    "now": {**now, "own": own_digest(move)},
}))
"""


@pytest.fixture(scope="module")
def processes():
    """What two processes with other hashes say of an invoice that a third archived."""
    clone_database(NAME)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONHASHSEED", "0")
        odoo_shell(NAME, INVOICE)
        said = []
        for seed in ("1", "2"):
            patched.setenv("PYTHONHASHSEED", seed)
            said.append(json.loads(odoo_shell(NAME, DIGESTS).splitlines()[-1]))
    yield said
    drop_database(NAME)


def test_the_hashes_differ(processes):
    one, two = processes
    assert one["hash"] != two["hash"]


def test_the_digests_do_not(processes):
    for process in processes:
        assert set(process["now"]) == {"says", "letterhead", "own"}
        assert process["now"] == process["archived"]
