"""The buttons of documents and folders for exports and for the access log."""

from odoo import models
from odoo.fields import Domain

from ..tools.filenames import clean_filename


class ProgboxDocument(models.Model):
    _inherit = "progbox.document"

    def action_access_log(self):
        """Show who has been at these documents, or took a folder with them along."""
        ancestors = {int(id_) for f in self.folder_id for id_ in f._ancestor_ids()}
        return self.env["progbox.access.log"]._action(
            Domain("document_ref", "in", self.ids)
            | (
                Domain("document_ref", "=", False)
                & Domain("folder_ref", "in", sorted(ancestors))
            )
        )


class ProgboxFolder(models.Model):
    _inherit = "progbox.folder"

    def action_access_log(self):
        """Show who has been at these folders and at what is in them."""
        inside = self.search(Domain("id", "child_of", self.ids))
        return self.env["progbox.access.log"]._action(
            Domain("folder_ref", "in", inside.ids)
        )

    def action_export(self):
        """Open the wizard that exports this folder."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_invoice_archive.progbox_export_wizard_action"
        )
        return {**action, "context": {"default_folder_id": self.id}}

    def _zip_stem(self):
        """Return what to call a zip of this folder: company and path.

        :rtype: str
        """
        self.ensure_one()
        path = " ".join(self._path()).lstrip(".")
        return clean_filename(f"{self.sudo().company_id.name} {path}")
