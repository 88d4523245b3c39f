from odoo import models


class ProgboxDocument(models.Model):
    """Documents of records: readable by exactly those who may read the record."""

    _inherit = "progbox.document"

    # ------------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------------

    # ------------------------------------------------------------------
    # Dropped files
    # ------------------------------------------------------------------

    def _progbox_drop(self, record, staged, vals):
        """Make a document of a file that a person has dropped on a record.

        :param record: of a model with the ProGBox tab; the caller's rights count
        :param StagedFile staged: the file, taken over
        :param dict vals: ``name``, and where known ``mimetype``, ``folder_id`` (a
            folder of one's own under the record's), ``type_id``, ``replaces`` (id of
            the document that this is a new version of)
        :return: tuple of the document, and whether it was there already
        :raise AccessError: whoever may not write the record
        """
        # A first, plain version, so that the others can work.
        record.check_access("write")
        folder = self.env["progbox.folder"].sudo()._progbox_of_record(record)
        document = self.sudo()._create_with_file(
            {
                "name": vals["name"],
                "mimetype": vals.get("mimetype"),
                "folder_id": folder.id,
                "company_id": folder.company_id.id,
                "type_id": self.env["progbox.document.type"]._of_codes("other").id,
                "res_model": record._name,
                "res_id": record.id,
            },
            staged,
        )
        return document.with_env(self.env), False

    # ------------------------------------------------------------------
    # Trash
    # ------------------------------------------------------------------

    # ------------------------------------------------------------------
    # Versions and history
    # ------------------------------------------------------------------
