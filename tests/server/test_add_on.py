"""A tab for another model: what DEVELOP.md of `progbox` says, done as it says."""

import json
import re

import pytest
from progbox_env import ROOT, clone_database, drop_database, odoo_shell

NAME = "progbox_add_on"
TEXT = ROOT / "progbox/readme/DEVELOP.md"
MANIFEST = """{
    "name": "Documents of repairs",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["progbox", "repair"],
    "data": ["views.xml"],
}
"""
VIEW = """<odoo>
    <record id="repair_order_view_form" model="ir.ui.view">
        <field name="model">repair.order</field>
        <field name="inherit_id" ref="repair.view_repair_order_form" />
        <field name="arch" type="xml">%s</field>
    </record>
</odoo>
"""
SCRIPT = """
import json
from odoo import api
from odoo.modules.registry import Registry

modules = env["ir.module.module"]
modules.update_list()
modules.search([("name", "=", "progbox_repair")]).button_immediate_install()
env = api.Environment(Registry(env.cr.dbname).cursor(), api.SUPERUSER_ID, {})
order = env["sale.order"].create(
    {"partner_id": env["res.partner"].create({"name": "Client"}).id})
repair = env["repair.order"].create(
    {"partner_id": order.partner_id.id, "sale_order_id": order.id})
for record in (order, repair):
    staged = env["ir.attachment"]._progbox_stage([record._name.encode()])
    env["progbox.document"]._progbox_drop(
        record, staged, {"name": f"{record._name}.txt"})
groups = repair.progbox_tab()["groups"]
print(json.dumps({
    "found": {group["key"]: [item["name"] for item in group["items"]]
              for group in groups},
    "view": env["repair.order"].get_view(
        env.ref("repair.view_repair_order_form").id)["arch"],
    "folders": [node["name"] for node in env["progbox.folder"]._progbox_roots()],
}))
"""


@pytest.fixture
def add_on(tmp_path):
    """The folder of an add-on of the two examples, and of nothing else."""
    code = dict(re.findall(r"```(python|xml)\n(.*?)```", TEXT.read_text(), re.DOTALL))
    folder = tmp_path / "progbox_repair"
    folder.mkdir()
    (folder / "__manifest__.py").write_text(MANIFEST)
    (folder / "__init__.py").write_text("from . import repair_order\n")
    (folder / "repair_order.py").write_text(code["python"])
    (folder / "views.xml").write_text(VIEW % code["xml"])
    return tmp_path


def test_the_example_gives_a_model_the_tab(add_on):
    clone_database(NAME)
    said = odoo_shell(NAME, SCRIPT, f"--addons-path={ROOT},{add_on}")
    answer = json.loads(said.splitlines()[-1])
    assert answer["found"] == {
        "own": ["repair.order.txt"],
        "quotations": ["sale.order.txt"],
    }
    assert 'widget name="progbox_tab"' in answer["view"]
    assert "Repair Order" in answer["folders"]
    drop_database(NAME)
