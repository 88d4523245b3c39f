import copy
from unittest.mock import patch

from ..models import dropbox_comparison, dropbox_sharing
from ..tools import changes
from .dropbox_common import DropboxCommon


class WorkCommon(DropboxCommon):
    """Each kind of work, made ready so that it can be done again and again."""

    def setUp(self):
        super().setUp()
        self.anchors = self.server["progbox.dropbox.anchor"]
        self.checks = self.server["progbox.dropbox.check"]
        self.restores = self.server["progbox.dropbox.restore"]
        self.startPatcher(patch.object(changes, "FIRST_LOOK", 0))
        self.startPatcher(patch.object(dropbox_sharing, "POLL", 0))

    def dropbox_now(self):
        """Return all that is in the account, for :meth:`put_dropbox_back`."""
        return copy.deepcopy(
            (
                self.store.entries,
                self.store.deleted,
                self.store.changes,
                self.store.used,
                self.dropbox.account.shares,
            )
        )

    def put_dropbox_back(self, before):
        self.dropbox.faults.clear()
        self.store.sessions.clear()
        (
            self.store.entries,
            self.store.deleted,
            self.store.changes,
            self.store.used,
            self.dropbox.account.shares,
        ) = copy.deepcopy(before)

    def to_be_moved(self):
        """Return two documents that are copied, and the rule that has moved them."""
        documents = self.several(2)
        self.run_cron()
        self.server["progbox.dropbox.rule"]._make_missing(self.account)
        rule = self.account.rule_ids.filtered(
            lambda rule: rule.type_id == documents.type_id
        )
        rule.folder_template = "Ventes/{yyyy}"
        return documents, rule

    def to_be_deleted(self, *names):
        """Return documents beside the archive, whose copies go when they go."""
        self.account.type_ids = self.server["progbox.document.type"]._of_codes("plan")
        self.account.on_delete = "delete"
        documents = self.server["progbox.document"]
        folder = self.server["progbox.folder"].create(
            {"name": "Plans", "company_id": self.company.id}
        )
        for name in names:
            documents |= documents._create_with_file(
                {
                    "name": name,
                    "folder_id": folder.id,
                    "company_id": self.company.id,
                    "type_id": self.account.type_ids.id,
                },
                self.server["ir.attachment"]._progbox_stage([name.encode()]),
            )
        self.run_cron()
        return documents

    def to_be_missed(self):
        """Return the path of the one copy of three that a person has deleted."""
        documents = self.several(3)
        self.run_cron()
        # What was copied since a check has begun is not for it.
        self.transfers.search([])._job_write({"done_on": "2026-11-02 12:00:00"})
        path = self.copy_of(documents[1]).copied_path
        self.store.delete(path)
        self.startPatcher(patch.object(dropbox_comparison, "PAGE", 1))
        return path

    def to_be_fetched(self):
        """Return two documents, and the places of their files, which may be lost.

        Of the first, only an earlier version in Dropbox is what was sent.
        """
        documents = self.several(2)
        self.run_cron()
        self.person_writes(self.copy_of(documents[0]).copied_path)
        places = [d._content_attachment()._progbox_path() for d in documents]
        for place in places:
            self.addCleanup(place.write_bytes, place.read_bytes())
        return documents, places

    def moved_by_a_person(self):
        """Return two documents, and what a check has found of their folder."""
        documents = self.several(2)
        self.run_cron()
        self.store.move(self.store.find("/ProGBox/Factures"), "/ProGBox/Elsewhere")
        check = self.checks._enqueue_check(self.account)
        self.run_cron(cron=self.checks._job_leader())
        self.assertEqual(check.finding_ids.kind, "moved")
        return documents, check.finding_ids.with_user(self.manager)
