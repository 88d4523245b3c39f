from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.progbox_invoice_archive.tools.ticked import ticked

from ..tools import relations
from ..tools.relations import Relation


class ProjectProject(models.Model):
    _name = "project.project"
    _inherit = ["project.project", "progbox.mixin"]

    # Odoo reads the whole table for the projects of an invoice.
    account_id = fields.Many2one(index="btree_not_null")

    # ------------------------------------------------------------------
    # Invoice backups
    # ------------------------------------------------------------------

    def action_progbox_compile(self):
        """Open the wizard for all invoices and bills of these projects."""
        projects = ticked(self)
        projects.check_access("read")
        return self.env["progbox.compile.wizard"]._open_for_projects(projects)

    def action_progbox_periods(self):
        """Open the billing periods of this project."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_billing_period_action"
        )
        context = {"default_project_id": self.id}
        if company := self.company_id:
            context["default_company_id"] = company.id
        return {
            **action,
            "display_name": self.env._("Billing Periods"),
            "domain": [("project_id", "=", self.id)],
            "context": context,
        }

    def _progbox_moves(self):
        """Return the invoices and bills of these projects that the user may read.

        Drafts, too: the backup names them.
        """
        ids = {id_ for project in self for id_ in project._progbox_move_ids()}
        moves = self.env["account.move"].with_context(active_test=False)
        return moves.search(
            Domain("id", "in", ids)
            & Domain("state", "!=", "cancel")
            & Domain("move_type", "!=", "entry")
        )

    def _progbox_move_ids(self):
        """Return the ids of the invoices and bills of this project, as its tab does."""
        return self._progbox_relative_ids("account.move")

    @api.model
    def _progbox_readable_ones(self, ids):
        """Return those of these projects that the user may read."""
        query = self._progbox_readable()
        return (
            self.browse()
            if query is None or not ids
            else self.search(Domain("id", "in", ids))
        )

    # ------------------------------------------------------------------
    # The tab
    # ------------------------------------------------------------------

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Projects")

    def _progbox_relations(self):
        own = self._progbox_self()
        clients = relations.families(relations.clients_of_projects(own))
        orders = relations.orders_of_projects(own)
        moves = self.env["account.move"]
        sold, bought = moves._progbox_customer_types(), moves._progbox_vendor_types()
        invoices = relations.union(
            relations.invoices_of_orders(orders),
            relations.moves_of_projects(self.env, own, sold),
        )
        bills = relations.moves_of_projects(self.env, own, bought)
        return [
            *super()._progbox_relations(),
            Relation("client", "res.partner", self.env._("Client"), clients),
            Relation("invoices", "account.move", self.env._("Invoices"), invoices),
            Relation("quotations", "sale.order", self.env._("Quotations"), orders),
            Relation("bills", "account.move", self.env._("Vendor bills"), bills),
        ]
