"""What the screens show while they are looked at: something of each kind."""

USERS = """
from odoo import Command
company = env.ref("base.main_company")
groups = [env.ref(name).id for name in (
    "base.group_user", "base.group_system", "account.group_account_manager",
    "progbox_invoice_archive.group_archive_manager", "hr.group_hr_manager",
    "project.group_project_manager", "purchase.group_purchase_manager",
    "sales_team.group_sale_manager")]
for lang in ("fr_FR", "ro_RO", "en_US"):
    env["res.users"].with_context(no_reset_password=True).create({
        "name": lang, "login": lang, "password": lang, "lang": lang,
        "odoobot_state": "disabled", "company_id": company.id,
        "company_ids": [Command.set(company.ids)],
        "group_ids": [Command.link(group) for group in groups]})
env.cr.commit()
"""
ARCHIVE = """
from datetime import date
from odoo import Command
from odoo.addons.progbox_invoice_archive.tools.sentinels import SERVER
env = env(user=env["res.users"].search([("login", "=", "en_US")]))
company = env.company
client = env["res.partner"].create({"name": "Maçonnerie Lefèvre & Ștefănescu"})
moves = env["account.move"].create([{
    "move_type": "out_invoice", "partner_id": client.id,
    "invoice_date": "2026-11-20",
    "invoice_line_ids": [Command.create({"name": "Roof", "price_unit": 118_000})],
    # A picture that is not there: something to fix.
    **({"narration": '<img src="/web/image/987654321">'} if number == 2 else {}),
} for number in range(3)])
moves.action_post()
env.cr.commit()
jobs = env["progbox.archive.job"].sudo()
while jobs.search_count([("state", "=", "pending"), ("attempts", "=", 0)]):
    jobs._job_run()
    env.cr.commit()
    env.invalidate_all()
documents = env["progbox.document"].search([("seal_id", "!=", False)])
assert documents and jobs.search_count([("to_fix", "=", True)]), jobs.mapped("state")
folder = documents.folder_id[:1]
env["progbox.share"]._share(folder, {"kind": "link", "lang": "en_US",
    "recipient_name": "Cabinet comptable Ștefănescu & Lefèvre"})
env["progbox.billing.period"].create(
    {"date_from": "2025-11-01", "date_to": "2025-11-30"})
env["progbox.compilation"]._request(moves[:2])
env["progbox.export"]._request_export(folder, "zip")
# One that waits: nobody works through the queue any more.
moves[0].copy({"invoice_date": "2026-11-21"}).action_post()
env["progbox.source.deletion"]._note_deletions([{"company_id": company.id,
    "res_model": "account.move", "res_id": 987654321, "number": "INV/2026/00999",
    "document_ids": documents.ids}])
for model in ("progbox.compilation", "progbox.export"):
    env[model].sudo()._job_run()
closing = env["progbox.closing"].sudo()._close(company, date(2026, 11, 1))
env["progbox.verification"].action_verify()
# progbox
project = env["project.project"].create(
    {"name": "Roof of the town hall", "partner_id": client.id})
product = env["product.product"].create(
    {"name": "Roof", "type": "service", "taxes_id": False, "supplier_taxes_id": False})
employee = env["hr.employee"].search([], order="id desc", limit=1)
line = [Command.create({"product_id": product.id, "price_unit": 24_800})]
sale = env["sale.order"].create(
    {"partner_id": client.id, "project_id": project.id, "order_line": line})
purchase = env["purchase.order"].create({"partner_id": client.id, "order_line": line})
for record in (client, project, sale, purchase, employee):
    for name in ("Plan of the roof.txt", "Minutes.txt"):
        blocks = [f"{record}{name}".encode()]
        with env["ir.attachment"]._progbox_stage(blocks) as staged:
            document, _same = env["progbox.document"]._progbox_drop(
                record, staged, {"name": name})
document.progbox_trash()
env["progbox.general.folder"].create({"name": "Insurance"}).action_apply()
# progbox_dropbox
def make(model, **values):
    made = env[model].sudo().with_context(progbox_server=SERVER)
    if not made._fields["company_id"].related:
        values["company_id"] = company.id
    return made.create(values)
account = env["progbox.dropbox.account"]._make(company)
make("progbox.dropbox.rule", account_id=account.id, type_id=documents.type_id[0].id,
    folder_template="{yyyy}/{mm}", name_template="{number}")
transfer = make("progbox.dropbox.transfer", account_id=account.id, state="failed",
    document_id=documents[0].id, path="/Factures/2026/11/INV_2026_00011.pdf",
    task="copy", error="Dropbox does not answer")
check = make("progbox.dropbox.check", account_id=account.id, state="done")
make("progbox.dropbox.restore", account_id=account.id, state="done")
make("progbox.dropbox.finding", account_id=account.id, check_id=check.id,
    document_id=documents[0].id, kind="missing", transfer_id=transfer.id, state="open",
    path="/Factures/2026/11/INV_2026_00011.pdf")
make("progbox.dropbox.anchor", account_id=account.id, closing_id=closing.id,
    first_line=1, last_line=3)
seal = closing.sudo().seal_id
make("progbox.time.stamp", closing_id=closing.id, sequence=seal.sequence,
    hash=seal.hash)
env.cr.commit()
"""
# The screens that there are: what the windows of the add-ons show, and the views that
# none of them names. A dialog is in the list of its own.
SCREENS = """
import json
from odoo.tools.safe_eval import safe_eval
ADDONS = ("progbox_invoice_archive", "progbox", "progbox_dropbox", "progbox_purchase")
def ours(model):
    found = env["ir.model.data"].search(
        [("module", "in", ADDONS), ("model", "=", model)], order="module, name")
    return env[model].browse(found.mapped("res_id")).exists()
def window(model, view, kind, **values):
    return {"type": "ir.actions.act_window", "res_model": model, "target": "current",
        "views": [[view, kind]], **values}
screens, dialogs, shown = [], [], set()
def of_record(model, view, domain=()):
    # The newest: of the client, the project, the order that has documents.
    record = env[model].search(domain, limit=1, order="id desc")
    return window(model, view, "form", res_id=record.id)
for action in ours("ir.actions.act_window"):
    model, label = env[action.res_model], action.get_external_id()[action.id]
    views = {kind: view for view, kind in action.views}
    for kind in action.view_mode.split(","):
        view = model.get_view(views.get(kind) or False, kind)["id"]
        shown.add(view)
        if action.target == "new":
            dialogs.append([label, action.id])
        elif kind == "form" and not model._transient:
            domain = safe_eval(action.domain or "[]")
            screens.append([f"{label} form", of_record(model._name, view, domain), ""])
        else:
            screens.append([f"{label} {kind}", action.id, kind])
for view in ours("ir.ui.view"):
    label, model, kind = view.xml_id, view.model, view.type
    root = view
    while root.mode == "extension":
        root = root.inherit_id
    if kind not in ("list", "kanban", "form") or root.id in shown:
        continue
    shown.add(root.id)
    if kind != "form":
        screens.append([label, window(model, root.id, kind), ""])
    elif model == "progbox.compile.wizard":
        dialogs.append([label, "progbox_invoice_archive.account_move_compile_action"])
    elif env[model]._transient:
        dialogs.append([label, window(model, root.id, kind, target="new")])
    else:
        screens.append([label, of_record(model, root.id), ""])
moves = env["account.move"].search(
    [("partner_id.name", "like", "Lefèvre"), ("state", "=", "posted")], limit=3)
document = env["progbox.document"].search([("seal_id", "!=", False)], limit=1)
print("found", json.dumps({"screens": screens, "dialogs": dialogs, "context": {
    "active_model": "account.move", "active_ids": moves.ids,
    "default_move_id": moves[0].id, "default_document_id": document.id,
    "default_folder_id": document.folder_id.id}}))
"""
