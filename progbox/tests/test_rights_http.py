"""What goes through the doors of the real server."""

from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.progbox_invoice_archive.tests.http_common import ClientCase

from .test_rights import READ, RightsCommon
from .test_types import page_of

LOGINS = (
    "salesman", "member", "billing_clerk", "employee", "hr_officer", "administrator",
    "archive_reader", "elsewhere", "portal_user", None,
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestRightsHttp(RightsCommon, ClientCase):
    def test_files_are_served_to_those_who_read_the_record(self):
        self.env.flush_all()
        for login in LOGINS:
            self.authenticate(login, login)
            for name, document in self.documents_by_name.items():
                attachment = document._content_attachment()
                for address in (
                    f"/web/content/progbox.document/{document.id}/content",
                    f"/web/content/{attachment.id}",
                ):
                    with self.subTest(login=login, name=name, address=address):
                        allowed = name in READ.get(login, ())
                        answer = self.url_open(address, allow_redirects=False)
                        self.assertEqual(b"%PDF" in answer.content, allowed)
                        self.assertEqual(answer.status_code == 200, allowed)

    def test_the_first_page_is_shown_and_no_opening(self):
        attachments = self.server["ir.attachment"]
        pages = attachments._progbox_stage([page_of("A page that is archived")])
        with patch.object(type(attachments), "_progbox_stage", lambda *_args: pages):
            document = self.archived_for(self.draft(invoice_date="2026-11-02"))
        self.env.flush_all()
        log = self.server["progbox.access.log"]
        opened = [
            ("document_ref", "=", document.id),
            ("kind", "in", ["view", "download"]),
        ]
        for login in ("billing_clerk", "archive_reader", "employee", "portal_user"):
            self.authenticate(login, login)
            answer = self.first_page(document)
            with self.subTest(login=login):
                shown = login in ("billing_clerk", "archive_reader")
                self.assertEqual(answer.status_code, 200 if shown else 403)
                self.assertEqual(b"JFIF" in answer.content, shown)
        self.assertFalse(log.search_count(opened))

    def test_remote_calls_say_no_more(self):
        inside = [["id", "in", self.every.ids]]
        for login in LOGINS:
            self.authenticate(login, login)
            for name, document in self.documents_by_name.items():
                with self.subTest(login=login, name=name):
                    allowed = name in READ.get(login, ())
                    found = self.call(
                        "progbox.document", "search_read", inside, ["name"]
                    )
                    ids = {row["id"] for row in found or ()}
                    self.assertEqual(document.id in ids, allowed)
                    read = self.call(
                        "progbox.document",
                        "web_read",
                        [document.id],
                        {"name": {}, "readable": {}, "folder_id": {"fields": {}}},
                    )
                    self.assertEqual(bool(read), allowed)
                    self.assertIsNone(
                        self.call(
                            "progbox.document", "write", [document.id], {"name": "x"}
                        )
                    )

    def test_tabs_open_to_those_who_read_the_record(self):
        records = {
            "own order": self.mine,
            "other order": self.theirs,
            "client": self.client,
            "bill": self.bill,
            "team project": self.team_project,
            "payslip": self.employee,
        }
        for login in LOGINS:
            self.authenticate(login, login)
            for name, record in records.items():
                with self.subTest(login=login, name=name):
                    allowed = name in READ.get(login, ())
                    tab = self.call(record._name, "progbox_tab", [record.id])
                    self.assertEqual(bool(tab), allowed)
                    page = self.call(
                        record._name, "progbox_tab_page", [record.id], "own"
                    )
                    self.assertEqual(bool(page), allowed)
                    count = self.call(record._name, "progbox_tab_count", [record.id])
                    self.assertEqual(bool(count and count["count"]), allowed)
