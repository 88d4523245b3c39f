import hashlib
from contextlib import ExitStack
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields

from odoo.addons.progbox_invoice_archive.tests.common import ArchiveCommon

from .dropbox_case import DropboxCase

LOGGER = "odoo.addons.progbox_invoice_archive.models.progbox_job_mixin"


class DropboxCommon(DropboxCase, ArchiveCommon):
    """A company whose Dropbox is connected, and documents."""

    def setUp(self):
        super().setUp()
        self.store = self.dropbox.account.store
        self.transfers = self.server["progbox.dropbox.transfer"]
        self.account = self.connected(self.company)
        self.admin = self.user_of(
            "administrator", "base.group_system,account.group_account_manager"
        )
        self.manager = self.user_of("manager", "account.group_account_manager")

    def connected(self, company, account=None):
        access, refresh = self.dropbox.grant(account)
        accounts = self.server["progbox.dropbox.account"]
        found = accounts._make(company)
        found.write(
            {
                "state": "connected",
                "app_key": self.dropbox.app.key,
                "app_secret": self.dropbox.app.secret,
                "access_token": access,
                "refresh_token": refresh,
                "token_expires": fields.Datetime.now() + timedelta(hours=4),
                "account_ref": (account or self.dropbox.account).id,
                "email": (account or self.dropbox.account).email,
                "language": "fr_FR",
            }
        )
        return found

    def document(self, number="FAC/2026/00001", content=None, **values):
        """Return a new document of the archive."""
        folder = self.server["progbox.folder"]._archive_folder(
            self.company, fields.Date.to_date("2026-11-02")
        )
        content = number.encode() if content is None else content
        kind = values.pop("kind", "customer_invoice")
        return self.server["progbox.document"]._deposit(
            {
                "name": f"{number.replace('/', '_')}.pdf",
                "folder_id": folder.id,
                "company_id": self.company.id,
                "type_id": self.server["progbox.document.type"]._of_codes(kind).id,
                "mimetype": "application/pdf",
                "number": number,
                "partner_name": "Maçonnerie Lefèvre",
                "document_date": "2026-11-02",
                "origin": "generated",
                **values,
            },
            self.server["ir.attachment"]._progbox_stage([content]),
        )

    def several(self, number):
        documents = self.server["progbox.document"]
        for position in range(number):
            documents |= self.document(f"FAC/2026/{position:05}")
        return documents

    def copy_of(self, document):
        return self.transfers.search([("document_id", "=", document.id)])

    def run_cron(self, times=1, later=timedelta(), cron=None):
        """Let a worker do its work, a while from now.

        :param int times: each a minute after the one before
        :param cron: that of the transfers if it is not named
        """
        cron = cron or self.transfers._job_leader()
        start = fields.Datetime.now()
        with ExitStack() as frozen:
            for number in range(times):
                wait = later + timedelta(minutes=number)
                if wait:
                    # Within the one before: to freeze the first takes a tenth of a
                    # second, in which every module is looked through.
                    frozen.enter_context(freeze_time(start + wait))
                with self.enter_registry_test_mode():
                    cron.method_direct_trigger()
                self.env.invalidate_all()

    def path(self, number, folder="Factures/2026/11", prefix="Facture_"):
        return f"/ProGBox/{folder}/{prefix}{number.replace('/', '_')}.pdf"

    def person_writes(self, path, content=b"forged"):
        """Let a person put something else into the place of a file in Dropbox."""
        blob = self.store.folder / "by-a-person"
        blob.write_bytes(content)
        return self.store.commit({"path": path, "mode": "overwrite"}, blob)

    def assert_copied(self, documents):
        """Check that each document is there, once, with the right bytes."""
        files = self.files
        self.assertEqual(len(files), len(documents))
        for document in documents:
            transfer = self.copy_of(document)
            self.assertEqual(transfer.state, "done", transfer.error)
            digest = hashlib.sha256(self.content(document)).digest()
            expected = hashlib.sha256(digest).hexdigest()
            self.assertEqual(files[transfer.copied_path], expected)
            self.assertEqual(transfer.content_hash, expected)
