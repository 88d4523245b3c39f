from contextlib import contextmanager
from unittest.mock import patch

from odoo.addons.progbox_invoice_archive.tests.common import ArchiveCommon

from ..models import progbox_upload

BYTES = bytes(range(256)) * 1000
SIZE = len(BYTES)


class UploadCommon(ArchiveCommon):
    """A quotation to drop files on, and a salesman who may."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesman = cls.seller_of("upload_salesman")
        cls.colleague = cls.seller_of("upload_colleague")
        cls.order = cls.server["sale.order"].create(
            {
                "partner_id": cls.client.id,
                "company_id": cls.company.id,
                "user_id": cls.salesman.id,
            }
        )

    @classmethod
    def seller_of(cls, login):
        """Return a new salesman, who sees the orders that are his."""
        return cls.user_of(login, "sales_team.group_sale_salesman")

    def tearDown(self):
        # Nothing is committed here, so that nothing is removed either.
        for upload in self.server["progbox.upload"].search([]):
            upload._path().unlink(missing_ok=True)
        super().tearDown()

    @classmethod
    def uploads(cls, user=None):
        return cls.env["progbox.upload"].with_user(user or cls.salesman).sudo(False)

    def begin(self, name="devis.pdf", size=SIZE, user=None, record=None, **more):
        """Announce a file; what the browser is answered."""
        record = self.order if record is None else record
        [answer] = self.uploads(user).begin(
            record._name, record.id, [{"name": name, "size": size, **more}]
        )
        return answer

    def begun(self, user=None, **more):
        """Return an upload that has begun, in the eyes of its user."""
        return self.uploads(user).browse(self.begin(user=user, **more)["id"])

    def arrived(self, content=BYTES, **more):
        """Return an upload whose bytes are all there."""
        upload = self.begun(size=len(content), **more)
        path = upload.sudo()._path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return upload

    @contextmanager
    def filed_by_a_job(self):
        """Treat every file as a large one."""
        with patch.object(progbox_upload, "FILED_AT_ONCE", 0):
            yield

    def run_job(self, upload):
        """Do what the cron does with one upload."""
        job = upload.sudo().with_user(self.server.user)
        job._job_begin_attempt()
        job._job_process()
