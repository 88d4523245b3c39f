from odoo import api, models
from odoo.tools import SQL


class ProgboxFolder(models.Model):
    """Folders of records: one for each, which appears with its first document."""

    _inherit = "progbox.folder"

    # Two first documents of a record at once have one folder.
    _record_unique = models.UniqueIndex(
        "(res_model, res_id) WHERE res_id IS NOT NULL",
        "This record has a folder already.",
    )

    @api.depends("res_model", "res_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        return super()._compute_display_name()

    # ------------------------------------------------------------------
    # Folders of records
    # ------------------------------------------------------------------

    def _progbox_of_record(self, record):
        """Return the folder of a record, made with its first document.

        :param record: of a model with the ProGBox tab
        :rtype: progbox.folder
        """
        record.ensure_one()
        if known := self._progbox_known(record):
            return known
        company = record.sudo().company_id if "company_id" in record else None
        # Whoever comes second waits here, and is told by PostgreSQL to begin anew:
        # Odoo repeats his request, which then finds the folder.
        [[id_]] = self.env.execute_query(
            SQL(
                """INSERT INTO progbox_folder (
                    id, parent_path, res_model, res_id, company_id, locked,
                    create_uid, write_uid, create_date, write_date
                )
                SELECT id, id || '/', %s, %s, %s, FALSE, %s, %s, %s, %s
                FROM nextval('progbox_folder_id_seq') id
                ON CONFLICT (res_model, res_id) WHERE res_id IS NOT NULL DO NOTHING
                RETURNING id""",
                record._name,
                record.id,
                company and company.id or None,
                self.env.uid,
                self.env.uid,
                self.env.cr.now(),
                self.env.cr.now(),
            )
        )
        return self.browse(id_)

    @api.model
    def _progbox_known(self, record):
        """Return the folder of a record, empty when it has none yet."""
        known = self.sudo().search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], limit=1
        )
        return known.with_env(self.env)

    def _titles(self):
        """The folder of a record is called as the record, for as long as it is there.

        Whoever sees the folder may read the record: the title is read as superuser,
        as the rules of the ORM have let the folder through.
        """
        titles = super()._titles()
        nameless = self.sudo().filtered(lambda folder: folder.res_id)
        for model, folders in nameless.grouped("res_model").items():
            records = self.env[model].sudo().browse(folders.mapped("res_id")).exists()
            names = {record.id: record.display_name for record in records}
            for folder in folders:
                titles[folder.id] = names.get(folder.res_id) or self.env._(
                    "Deleted record %(number)s", number=folder.res_id
                )
        return titles

    def _paths(self):
        """Above the folders of records stands what they are of: "Quotations"."""
        paths = super()._paths()
        for folder in self.sudo().filtered("parent_path"):
            top = folder.browse(int(folder._ancestor_ids()[0]))
            if top.res_id:
                title = self.env[top.res_model]._progbox_folder_title()
                paths[folder.id].insert(0, title)
        return paths
