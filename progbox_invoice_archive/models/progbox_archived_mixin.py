from odoo import api, models
from odoo.fields import Domain


class ProgboxArchivedMixin(models.AbstractModel):
    """Records whose documents are archived: sealed, in locked folders.

    For ``account.move`` and for the models of other add-ons::

        class RepairOrder(models.Model):
            _name = "repair.order"
            _inherit = ["repair.order", "progbox.archived.mixin"]

            def _progbox_archived_types(self):
                return self.env["progbox.document.type"]._of_codes("repair_report")

            def _progbox_archive_root(self):
                return ".repairs"
    """

    _name = "progbox.archived.mixin"
    _description = "Record With Archived Documents"

    @api.model
    def _progbox_archived_types(self):
        """Return the types of the documents that are archived of these records.

        :rtype: progbox.document.type
        """
        return self.env["progbox.document.type"]

    def _progbox_archive_root(self):
        """Return the name of the top folder that the record is archived under."""
        self.ensure_one()
        return self.company_id.progbox_archive_folder

    def _progbox_search_words(self):
        """Return by which texts the documents of the record are found, too.

        They are read when a document is made, and once more by
        :meth:`_progbox_renew_search_words` when a record changes.
        """
        self.ensure_one()
        return []

    def _progbox_renew_search_words(self):
        """Find the documents of these records by what their records say now."""
        documents = self.env["progbox.document"].sudo()
        found = documents.search(
            Domain("res_model", "=", self._name) & Domain("res_id", "in", self.ids),
            order="id",
        )
        self.env.add_to_compute(documents._fields["search_text"], found)

    def _progbox_documents(self):
        """Return the current version of the archived documents of each record.

        Not what people have filed on it: that is not sealed.

        :return: dictionary of documents by id of the record
        """
        documents = self.env["progbox.document"].sudo()
        current = documents.search(
            documents._archived_domain(self) & Domain("superseded", "=", False),
            order="id",
        )
        return dict(current.grouped("res_id"))

    def _progbox_deletions(self):
        """Return what the ledger will say of these records once they are gone.

        :return: list of values of progbox.source.deletion
        """
        documents = self.env["progbox.document"].sudo()
        archived = documents.search(documents._archived_domain(self), order="id")
        return [
            {
                "company_id": ours.company_id[:1].id,
                "res_model": self._name,
                "res_id": record_id,
                "number": ours[-1:].number,
                "document_ids": ours.ids,
            }
            for record_id, ours in archived.grouped("res_id").items()
        ]

    def unlink(self):
        deletions = self._progbox_deletions()
        result = super().unlink()
        self.env["progbox.source.deletion"]._note_deletions(deletions)
        return result
