import json
from unittest.mock import MagicMock, patch

from odoo.tests import new_test_user, tagged

from .common import ArchiveCommon

KIND = "progbox.archive.job"
ASKED = f"progbox_jobs:{KIND}"


@tagged("post_install", "-at_install")
class TestJobBus(ArchiveCommon):
    """Pages that show jobs hear on Odoo's bus when some go on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job = cls.jobs_of(cls.posted())
        cls.bus = cls.env["bus.bus"].sudo()

    def heard(self, user, *asked):
        """Return what a page of a user hears: its own channels, and those of jobs."""
        socket = self.env["ir.websocket"].with_user(user)
        asking = MagicMock()
        asking.session.uid = user.id
        with patch("odoo.addons.bus.models.ir_websocket.wsrequest", new=asking):
            channels = socket._build_bus_channel_list(list(asked))
        names = {c for c in channels if isinstance(c, str)} - {"broadcast"}
        jobs = {c for c in channels if isinstance(c, tuple) and c[1] in ASKED}
        return names | jobs

    def test_one_message_says_that_there_is_something_new_and_no_more(self):
        before = self.bus._bus_last_id()
        self.job._job_write({"attempts": 1, "begun": True})
        self.job._job_finish("done")
        self.job._job_finish("done")
        self.env.cr.flush()
        told = self.bus.search([("id", ">", before), ("channel", "like", KIND)])
        self.assertEqual(len(told), 1)
        message = {"type": "progbox_jobs", "payload": KIND}
        self.assertEqual(json.loads(told.message), message)
        channel = [self.env.cr.dbname, "res.company", self.company.id, KIND]
        self.assertEqual(json.loads(told.channel), channel)

    def test_who_may_read_such_jobs_hears_of_their_companies(self):
        user = new_test_user(
            self.env,
            "hears",
            "account.group_account_invoice",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        heard = self.heard(user, ASKED, "other")
        self.assertEqual(heard, {"other", (self.company, KIND)})

    def test_nobody_else_hears_of_them(self):
        plain = new_test_user(self.env, "hears_not", "base.group_user")
        for user in (plain, self.env.ref("base.public_user")):
            self.assertFalse(self.heard(user, ASKED, "progbox_jobs:no.such.model"))
