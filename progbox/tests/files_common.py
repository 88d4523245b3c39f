from unittest.mock import patch

from odoo.addons.base.models.ir_cron import IrCron
from odoo.addons.progbox_invoice_archive.tests.common import PDF, ArchiveCommon

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde"
    b"\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\3\1\1\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82"
)


class FilesCommon(ArchiveCommon):
    """A quotation to drop files on, and people with few rights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A cron commits between two batches.
        cls.startClassPatcher(patch.object(IrCron, "_commit_progress", return_value=60))
        cls.seller = cls.user_of("seller", "sales_team.group_sale_salesman")
        cls.other_seller = cls.user_of("other", "sales_team.group_sale_salesman")
        cls.order = cls.order_of(cls.seller)

    @classmethod
    def order_of(cls, user, **values):
        return cls.server["sale.order"].create(
            {
                "partner_id": cls.client.id,
                "company_id": cls.company.id,
                "user_id": user.id,
                **values,
            }
        )

    @classmethod
    def staged(cls, content=PDF):
        return cls.server["ir.attachment"]._progbox_stage([content])

    def drop(self, record, name="plan.pdf", content=PDF, user=None, **vals):
        """Drop a file as a user, and return the document as the user sees it."""
        return self.dropped(record, name, content, user, **vals)[0]

    def dropped(self, record, name="plan.pdf", content=PDF, user=None, **vals):
        record = record.with_user(user or self.seller)
        documents = record.env["progbox.document"]
        return documents._progbox_drop(
            record, self.staged(content), {"name": name, **vals}
        )

    @staticmethod
    def folder_in(parent, name="Plans"):
        """Return a new folder in another one."""
        return parent.create(
            {
                "name": name,
                "parent_id": parent.id,
                "company_id": parent.company_id.id,
            }
        )

    @staticmethod
    def place(record):
        return record._name, record.id
