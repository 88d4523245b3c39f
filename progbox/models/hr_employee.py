from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class HrEmployee(models.Model):
    """Documents of employees lead nowhere, and nothing leads to them.

    The rules of ``hr.employee`` alone let an administrator in who has no rights on
    employees: the group is asked for as well. An employee reads those of their own
    documents whose type says so; they cannot open this form, their public profile shows
    them.
    """

    _name = "hr.employee"
    _inherit = ["hr.employee", "progbox.mixin"]
    _progbox_alone = True

    @api.model
    def _progbox_may_at_all(self, mode):
        officer = self.env.user.has_group("hr.group_hr_user")
        return officer and super()._progbox_may_at_all(mode)

    @api.model
    def _progbox_access_sql(self, mode, alias, documents):
        allowed = super()._progbox_access_sql(mode, alias, documents)
        if mode != "read" or not documents:
            return allowed
        return SQL(
            "(%s OR (%s.trashed_on IS NULL AND %s AND EXISTS ("
            "SELECT FROM hr_employee me WHERE me.id = %s.res_id AND me.user_id = %s)))",
            allowed,
            alias,
            self._progbox_open_types_sql(alias),
            alias,
            self.env.uid,
            to_flush=[self._fields["user_id"]],
        )

    @api.model
    def _progbox_open_types_sql(self, alias):
        types = self.env["progbox.document.type"]
        return SQL(
            "EXISTS (SELECT FROM progbox_document_type type"
            " WHERE type.id = %s.type_id AND type.employee_may_read)",
            alias,
            to_flush=[types._fields["employee_may_read"]],
        )

    @api.model
    def _progbox_keeps_orphans(self):
        return self.env.user.has_group("hr.group_hr_manager")

    def _progbox_check_access(self, operation):
        if not self._progbox_may_at_all(operation):
            raise AccessError(
                self.env._("Documents of employees are for human resources alone.")
            )
        return super()._progbox_check_access(operation)

    def _progbox_may(self, operation):
        return self._progbox_may_at_all(operation) and super()._progbox_may(operation)

    def _progbox_check_tab(self):
        self.ensure_one()
        return None if self._progbox_is_oneself() else super()._progbox_check_tab()

    def _progbox_is_oneself(self):
        employee = self.sudo().exists()
        return (
            self.env.user._is_internal()
            and employee.user_id == self.env.user
            and employee.company_id in self.env.companies
        )

    def _progbox_own_documents_sql(self, alias):
        """Employees see those of their own documents that are meant for them."""
        if self._progbox_may("read"):
            return super()._progbox_own_documents_sql(alias)
        return self._progbox_open_types_sql(alias)

    @api.model
    def _progbox_folder_title(self):
        return self.env._("Employees")
