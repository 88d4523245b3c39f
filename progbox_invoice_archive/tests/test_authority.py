import base64
import csv
import hashlib
import io
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.modules.module import load_script
from odoo.tests import new_test_user, tagged
from odoo.tools import file_path

from ..models import authorities
from ..models.progbox_archive_catchup import SEEN_UNTIL
from .common import PDF, ArchiveCommon

ANAF = "odoo.addons.l10n_ro_edi.models.account_move._request_ciusro"
SIGNED = """<?xml version='1.0'?>
<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">
  <SignedInfo><Reference><DigestValue>%s</DigestValue></Reference></SignedInfo>
  <SignatureValue>%s</SignatureValue>
</Signature>"""


class AuthorityCommon(ArchiveCommon):
    """Invoices that go to an authority, and what is in the archive of them."""

    def assert_early(self, documents, version=1):
        self.assertTrue(documents)
        self.assertEqual(set(documents.mapped("version")), {version})
        self.assertTrue(all(documents.mapped("before_answer")))

    def newest(self, move):
        documents = self.documents(move)
        return documents.filtered(lambda d: not d.superseded)

    def pdf(self, documents):
        return documents.filtered(lambda d: d.mimetype == "application/pdf")

    def send(self, move, channels=(), **settings):
        send = self.env["account.move.send"].with_context(force_report_rendering=True)
        send._generate_and_send_invoices(
            move, sending_methods=set(), extra_edis=set(channels), **settings
        )
        move.invalidate_recordset()

    def history(self, **values):
        move = self.posted(date="2024-05-02", **values)
        self.forget(move)
        move._progbox_enqueue("history")
        return move

    def handed_over(self, move):
        """Return what the doors take from the archive: printing, portal, sending."""
        return move.sudo()._progbox_valid_documents().get(move.id)

    def migrate(self, version, name, before):
        path = file_path(f"progbox_invoice_archive/migrations/{version}/{name}")
        load_script(path, name).migrate(self.env.cr, before)

    def look_for_answers(self):
        self.env.flush_all()
        self.server["progbox.archive.catchup"]._queue_answered()


@tagged("post_install", "-at_install", "post_install_l10n")
class TestRomania(AuthorityCommon):
    """The invoice goes to the tax authority's SPV; new companies have no token."""

    @classmethod
    @ArchiveCommon.setup_country("ro")
    def setUpClass(cls):
        super().setUpClass()
        if "l10n_ro_edi_state" not in cls.env["account.move"]:
            cls.skipTest(cls, "l10n_ro_edi is not installed")
        address = {
            "country_id": cls.env.ref("base.ro").id,
            "vat": "RO1234567897",
            "city": "SECTOR1",
            "street": "Calea Victoriei 1",
            "state_id": cls.env.ref("base.RO_B").id,
        }
        cls.company.partner_id.write({**address, "phone": "+40 21 000 00 00"})
        cls.client.write({**address, "invoice_edi_format": "ciusro"})

    def has_token(self):
        self.company.sudo().l10n_ro_edi_access_token = "token"
        return patch(f"{ANAF}_send_invoice", lambda **_values: {"key_loading": "7001"})

    def test_without_a_token_the_invoice_is_archived_at_once(self):
        move = self.archived()
        self.assertEqual(self.jobs_of(move).state, "done")
        self.assertFalse(self.jobs_of(move).error)
        self.assertEqual(move.progbox_archive_state, "archived")
        documents = self.documents(move)
        self.assertEqual(len(documents), 2, "the page and the e-invoice")
        self.assert_early(documents)
        for document in documents:
            self.assertIn("authority", document.notice)
        self.assertEqual(self.handed_over(move), documents, "printing takes it")

    def test_without_a_token_sending_is_refused_by_odoo_and_nothing_changes(self):
        move = self.archived()
        documents = self.documents(move)
        with self.assertRaisesRegex(UserError, "token"), self.cr.savepoint():
            self.send(move, ["ro_edi"], invoice_edi_format="ciusro")
        self.run_jobs(move)
        self.assertEqual(self.documents(move), documents)
        self.assert_early(documents)

    def test_what_went_to_the_authority_is_the_next_version(self):
        move = self.archived()
        before = self.pdf(self.documents(move))
        with self.has_token():
            self.send(move, ["ro_edi"], invoice_edi_format="ciusro")
        self.assertEqual(move.l10n_ro_edi_state, "invoice_sent")
        sent = move.invoice_pdf_report_id
        self.assertNotEqual(sent.raw, self.content(before), "not in its place")
        self.run_jobs(move)
        newest = self.newest(move)
        self.assertEqual(set(newest.mapped("version")), {2})
        self.assertEqual(self.content(self.pdf(newest)), sent.raw)
        self.assert_early(newest, version=2)
        self.assertTrue(before.superseded)
        self.assertEqual(self.handed_over(move), newest)
        self.answered(move)
        self.assertEqual(self.newest(move), newest, "the same bytes")
        self.assertFalse(any(newest.mapped("before_answer")))
        self.assertTrue(before.before_answer, "it stays what it is")
        self.assertEqual(self.handed_over(move), newest)

    def answered(self, move):
        """Let the authority answer, which Odoo asks for later."""
        self.look_for_answers()
        self.run_jobs(move)
        self.assertTrue(all(self.newest(move).mapped("before_answer")), "only asked")
        move.l10n_ro_edi_state = "invoice_validated"
        self.look_for_answers()
        self.run_jobs(move)

    def sent(self, **values):
        move = self.archived(**values)
        with self.has_token():
            self.send(move, ["ro_edi"], invoice_edi_format="ciusro")
        self.run_jobs(move)
        return move

    def signed(self, move, value="S", error=""):
        """Return what ANAF signs: the e-invoice, or the errors when it refuses it."""
        content = error.encode() or move.ubl_cii_xml_id.raw
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return (SIGNED % (digest, value)).encode()

    def decide(self, move, status, error="", value="S"):
        """Let ANAF answer when Odoo asks, and the archive look for answers."""
        signature = {"key_signature": value, "key_certificate": "C"}
        signed = self.signed(move, value, error)
        answer = {
            "signature": {**signature, "attachment_raw": signed},
            "invoice": {"error": error},
        }
        asked = {"key_download": "9001", "state_status": status}
        with (
            patch(f"{ANAF}_fetch_status", lambda **_values: asked),
            patch(f"{ANAF}_download_answer", lambda **_values: answer),
        ):
            move._l10n_ro_edi_fetch_invoice_sent_documents()
        self.look(move)

    def look(self, move):
        self.look_for_answers()
        self.run_jobs(move)

    def answer(self, move, signed=b"", state="invoice_validated", **values):
        """Create what Odoo does when ANAF has answered, with the rights of a clerk.

        :param res.company company: of the clerk, without one it is the server
        """
        company = values.pop("company", None)
        answers = self.server["l10n_ro_edi.document"]
        if company:
            answers = answers.with_user(self.clerk(company)).sudo(False)
        attachment = base64.b64encode(signed) if signed else False
        values |= {"invoice_id": move.id, "state": state, "attachment": attachment}
        return answers.create(values)

    def clerk(self, company):
        return new_test_user(
            self.env,
            f"clerk {company.id}",
            groups="account.group_account_invoice",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def replies(self, move):
        return self.documents(move).filtered("series")

    def test_what_anaf_has_signed_is_archived_beside_the_invoice(self):
        move = self.sent()
        files = self.newest(move)
        totals = self.amounts()
        self.decide(move, "ok")
        self.assertEqual(move.l10n_ro_edi_state, "invoice_validated")
        self.assertEqual(move.progbox_archive_state, "archived")
        reply = self.replies(move)
        self.assertEqual(self.content(reply), self.signed(move))
        self.assertEqual(reply.type_id.code, "authority_reply")
        self.assertTrue(reply.seal_id)
        self.assertEqual(reply.folder_id, files.folder_id)
        self.assertIn("semnatura_7001", reply.name)
        self.assertEqual(self.newest(move) - reply, files, "no version of the invoice")
        self.assertFalse(any(files.mapped("before_answer")))
        self.assertEqual(self.handed_over(move), files)
        self.assertEqual(self.amounts(), totals, "counted once")
        move._progbox_enqueue("legal")
        self.run_jobs(move)
        self.assertEqual(self.replies(move), reply, "once")

    def amounts(self):
        domain = Domain("company_id", "=", self.company.id)
        return self.server["progbox.document"]._amounts(domain)

    def test_what_was_signed_before_this_version_is_found(self):
        move = self.sent()
        with patch.object(authorities, "replies", lambda _move: []):
            self.decide(move, "ok")
        parameters = self.server["ir.config_parameter"]
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        parameters.set_param(SEEN_UNTIL, fields.Datetime.to_string(tomorrow))
        self.look(move)
        self.assertFalse(self.replies(move))
        self.migrate("19.0.1.7.0", "post-replies.py", "19.0.1.6.0")
        for _round in range(2):
            self.look(move)
        self.assertEqual(self.content(self.replies(move)), self.signed(move))
        reasons = self.jobs_of(move).mapped("reason")
        self.assertEqual(reasons, ["posting", "legal", "answer", "answer"])

    def test_what_anaf_has_refused_is_to_fix(self):
        move = self.sent()
        files = self.newest(move)
        self.decide(move, "nok", "E: the client has no such code")
        self.assertEqual(move.l10n_ro_edi_state, "invoice_refused")
        self.assertEqual(move.progbox_archive_state, "fix")
        job = self.jobs_of(move)[-1]
        self.assertIn("no such code", job.error)
        self.assertIn("refused", job.error)
        self.assertTrue(job.to_fix and job.acceptable)
        self.assertTrue(self.replies(move))
        self.assertEqual(self.newest(move) - self.replies(move), files)
        self.assertFalse(any(files.mapped("before_answer")), "it has answered")
        self.assertEqual(self.handed_over(move), files)

        job.action_archive_as_it_is()
        self.run_jobs(move)
        self.assertEqual(move.progbox_archive_state, "archived")
        self.look_for_answers()
        self.server["progbox.archive.catchup"]._run_once()
        self.assertEqual(self.jobs_of(move)[-1], job, "somebody has looked")

    def test_nobody_of_another_company_answers_for_the_authority(self):
        move = self.sent()
        files, jobs = self.newest(move), self.jobs_of(move)
        other = self.setup_other_company()["company"]
        forged = self.answer(move, self.signed(move), company=other)
        self.look(move)
        self.assertFalse(self.replies(move))
        self.assert_early(files, version=2)

        forged.write({"state": "invoice_refused", "message": "Pay to me"})
        move.l10n_ro_edi_state = "invoice_refused"
        self.look(move)
        self.assertEqual(move.progbox_archive_state, "archived")
        self.assert_early(files, version=2)
        self.assertEqual(self.jobs_of(move), jobs)
        move._progbox_enqueue("legal")
        self.run_jobs(move)
        self.assertEqual(move.progbox_archive_state, "archived")
        self.assertFalse(self.replies(move))
        self.assert_early(files, version=2)

    def test_what_another_company_has_written_is_no_answer(self):
        move = self.sent()
        answer = self.answer(move, self.signed(move))
        other = self.setup_other_company()["company"]
        stranger = self.clerk(other)
        attachments = self.server["ir.attachment"].with_user(stranger).sudo()
        place = {"res_model": answer._name, "res_id": answer.id}
        attachments.create(
            {
                **place,
                "name": "attachment",
                "res_field": "attachment",
                "raw": self.signed(move, "of a stranger"),
            }
        )
        self.look(move)
        self.assertEqual(self.content(self.replies(move)), self.signed(move))

        second = self.answer(move, self.signed(move, "second"))
        second.with_user(stranger).sudo(False).message = "It is mine"
        self.look(move)
        self.assertEqual(len(self.replies(move)), 1)

    def test_what_is_no_signature_of_the_invoice_is_not_sealed(self):
        move = self.sent()
        of_another = self.signed(move, error="another e-invoice")
        for content in (b"<Signature/>", b"\x93garbage", of_another):
            self.answer(move, content, company=None)
        self.look(move)
        self.assertFalse(self.replies(move))
        self.assertFalse(any(self.newest(move).mapped("before_answer")))
        jobs = self.jobs_of(move)
        self.look(move)
        self.server["progbox.archive.catchup"]._run_once()
        self.assertEqual(self.jobs_of(move), jobs, "not again and again")

    def test_what_is_signed_later_is_archived_too(self):
        move = self.sent()
        self.decide(move, "ok")
        # A clerk may delete it: Odoo asks again.
        move.sudo().l10n_ro_edi_document_ids.unlink()
        self.answer(move, move.ubl_cii_xml_id.raw, "invoice_sent")
        self.decide(move, "ok", value="later")
        contents = [self.content(reply) for reply in self.replies(move)]
        self.assertEqual(contents, [self.signed(move), self.signed(move, "later")])

    def test_equal_replies_are_sealed_once_and_ten_at_a_time(self):
        move = self.sent()
        for _time in range(3):
            self.answer(move, self.signed(move))
        self.look(move)
        self.assertEqual(len(self.replies(move)), 1)
        for number in range(11):
            self.answer(move, self.signed(move, number))
        self.look(move)
        self.assertEqual(len(self.replies(move)), 11)

    def test_what_was_refused_and_is_a_draft_again_is_not_to_fix(self):
        move = self.sent()
        self.decide(move, "nok", "E: no such code")
        move.button_draft()
        self.run_jobs(move)
        self.assertEqual(self.jobs_of(move)[-1].state, "cancelled")

    def test_sending_without_the_channel_takes_what_is_archived(self):
        move = self.archived()
        documents = self.documents(move)
        self.send(move, invoice_edi_format="ciusro")
        self.assertEqual(
            move.invoice_pdf_report_id.raw, self.content(self.pdf(documents))
        )
        self.run_jobs(move)
        self.assertEqual(self.documents(move), documents)
        self.assert_early(documents)
        # Odoo sends to the authority what is linked already.
        with self.has_token():
            self.send(move, ["ro_edi"], invoice_edi_format="ciusro")
        self.assertEqual(move.l10n_ro_edi_state, "invoice_sent")
        self.answered(move)
        self.assertEqual(self.documents(move), documents, "the same bytes")
        self.assertFalse(any(documents.mapped("before_answer")))
        self.assertEqual(self.handed_over(move), documents)

    def test_a_company_may_wait_for_some_days(self):
        self.company.write({"progbox_authority_wait": True})
        self.company.write({"progbox_authority_days": 3})
        move = self.archived()
        job = self.jobs_of(move)
        self.assertEqual(job.state, "waiting")
        self.assertEqual(move.progbox_archive_state, "waiting")
        self.assertFalse(self.documents(move))
        self.assertFalse(job.to_fix)
        deadline = job.create_date + timedelta(days=3)
        said = fields.Datetime.context_timestamp(job, deadline)
        self.assertIn(str(said.day), job.error)
        with freeze_time(deadline - timedelta(minutes=5)):
            self.run_jobs(move)
            self.assertEqual(job.state, "waiting")
            self.assertEqual(job.next_try, deadline, "not an hour later")
        with freeze_time(deadline):
            self.run_jobs(move)
        self.assertEqual(job.state, "done")
        self.assert_early(self.documents(move))

    def test_what_changes_after_the_wait_is_archived_at_once(self):
        self.company.progbox_authority_wait = True
        move = self.archived()
        days = timedelta(days=self.company.progbox_authority_days)
        with freeze_time(self.jobs_of(move).create_date + days):
            self.run_jobs(move)
        move.ref = "PO 4711"
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        printed = reports._render_qweb_pdf("account.account_invoices", move.ids)[0]
        newest = self.newest(move)
        self.assert_early(newest, version=2)
        self.assertEqual(printed, self.content(self.pdf(newest)))
        self.assertEqual(set(self.jobs_of(move).mapped("state")), {"done"})

    def test_what_is_posted_again_waits_again(self):
        move = self.archived()
        self.company.progbox_authority_wait = True
        move.button_draft()
        move.ref = "PO 4711"
        move.action_post()
        self.run_jobs(move)
        self.assertEqual(self.jobs_of(move)[-1].state, "waiting")
        self.assertEqual(set(self.documents(move).mapped("version")), {1})

    def test_sending_it_ends_the_wait(self):
        self.company.progbox_authority_wait = True
        move = self.archived()
        with self.has_token():
            self.send(move, ["ro_edi"], invoice_edi_format="ciusro")
        self.run_jobs(move)
        self.assertEqual(set(self.jobs_of(move).mapped("state")), {"done"})
        documents = self.documents(move)
        self.assertEqual(set(documents.mapped("version")), {1})
        self.answered(move)
        self.assertFalse(any(documents.mapped("before_answer")))

    def test_the_history_never_waits(self):
        self.company.progbox_authority_wait = True
        move = self.history()
        self.run_jobs(move)
        documents = self.documents(move)
        self.assert_early(documents)
        self.assertEqual(set(documents.mapped("origin")), {"rebuilt"})

    def test_of_the_history_what_the_customer_has_comes_first(self):
        move = self.history()
        move.message_post(
            body="Your invoice",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[(move.name.replace("/", "_") + ".pdf", PDF)],
        )
        self.run_jobs(move)
        document = self.documents(move)
        self.assertEqual(document.origin, "emailed")
        self.assertEqual(self.content(document), PDF)
        self.assertFalse(document.before_answer, "it is what was sent")


@tagged("post_install", "-at_install")
class TestAuthority(AuthorityCommon):
    """Whatever channel a localisation adds: here one that prints the answer."""

    def setUp(self):
        super().setUp()
        send = self.env.registry["account.move.send"]
        self.startPatcher(patch.object(send, "_get_all_extra_edis", self.channels()))

    def channels(self):
        def is_applicable(move):
            return not move.payment_reference.startswith("ANSWERED")

        channel = {"label": "Authority", "is_applicable": is_applicable}
        return lambda _send: {"authority": channel}

    @contextmanager
    def answering(self):
        """The authority answers before the page is printed."""

        def call(_send, invoices_data):
            for move, data in invoices_data.items():
                if "authority" in data["extra_edis"]:
                    self.answer(move)

        send = self.env.registry["account.move.send"]
        with patch.object(send, "_call_web_service_before_invoice_pdf_render", call):
            yield

    def answer(self, move):
        move.payment_reference = f"ANSWERED {move.id}"

    def test_the_page_with_the_answer_is_the_next_version(self):
        move = self.archived()
        self.assert_early(self.documents(move))
        with self.answering():
            self.send(move, ["authority"])
        self.run_jobs(move)
        newest = self.newest(move)
        self.assertEqual((newest.version, newest.before_answer), (2, False))
        self.assertEqual(self.content(newest), move.invoice_pdf_report_id.raw)

    def test_an_answer_that_comes_past_the_sending_is_found(self):
        move = self.archived()
        early = self.documents(move)
        self.assertEqual(self.handed_over(move), early)
        self.look_for_answers()
        self.assertEqual(len(self.jobs_of(move)), 1, "there is no answer yet")

        # A field that is printed would have queued a job at once.
        with patch.object(type(move), "_progbox_own_digests", lambda _moves: {}):
            self.answer(move)
        self.assertFalse(self.handed_over(move), "Odoo prints the answer")
        self.look_for_answers()
        self.assertEqual(self.jobs_of(move)[-1].reason, "answer")
        self.look_for_answers()
        self.assertEqual(len(self.jobs_of(move)), 2, "once")
        self.run_jobs(move)
        newest = self.newest(move)
        self.assertEqual((newest.version, newest.before_answer), (2, False))
        self.assertEqual(self.handed_over(move), newest)

    def test_no_door_takes_the_page_without_the_answer(self):
        move = self.archived()
        early = self.content(self.documents(move))
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )

        def doors():
            printed = reports._render_qweb_pdf("account.account_invoices", move.ids)
            [portal] = move._get_invoice_legal_documents_all(allow_fallback=True)
            return printed[0], portal["content"]

        self.assertEqual(doors(), (early, early))
        self.answer(move)
        self.assertNotIn(early, doors())
        self.send(move)
        self.assertNotEqual(move.invoice_pdf_report_id.raw, early)

    def test_what_was_refused_is_to_fix_although_it_may_be_sent_again(
        self,
    ):
        move = self.archived()
        self.send(move)
        self.assert_early(self.documents(move))
        refused = {"payment_reference": (move.payment_reference,)}
        self.startPatcher(patch.object(authorities, "REFUSED", refused))
        self.look_for_answers()
        self.run_jobs(move)
        self.assertEqual(move.progbox_archive_state, "fix")
        self.assertIn(move.payment_reference, self.jobs_of(move)[-1].error)
        self.assertFalse(self.documents(move).before_answer)

    def test_what_was_refused_without_a_file_of_odoo_is_to_fix(self):
        """Some channels remove the PDF when the authority refuses at once."""
        move = self.archived()
        self.assert_early(self.documents(move))
        refused = {"payment_reference": (move.payment_reference,)}
        self.startPatcher(patch.object(authorities, "REFUSED", refused))
        for _hour in range(2):
            self.look_for_answers()
            self.run_jobs(move)
        self.assertEqual(move.progbox_archive_state, "fix")
        self.assertEqual(len(self.jobs_of(move)), 2, "once")
        self.assertFalse(self.documents(move).before_answer)

    def test_an_answer_ends_the_wait_of_a_channel_that_is_offered_for_ever(self):
        channel = {"label": "Authority", "is_applicable": lambda _move: True}
        send = self.env.registry["account.move.send"]
        channels = {"_get_all_extra_edis": lambda _send: {"authority": channel}}
        self.startPatcher(patch.multiple(send, **channels))
        move = self.archived()
        self.send(move)
        self.look_for_answers()
        self.assert_early(self.documents(move))
        accepted = {"payment_reference": (move.payment_reference,)}
        self.startPatcher(patch.object(authorities, "ACCEPTED", accepted))
        self.look_for_answers()
        self.run_jobs(move)
        self.assertFalse(self.documents(move).before_answer)

    def test_an_invoice_that_goes_to_no_authority(self):
        move = self.posted(payment_reference="ANSWERED before")
        self.run_jobs(move)
        self.assertFalse(self.documents(move).before_answer)
        self.assertFalse(self.documents(move).notice)

    def test_what_was_given_up_before_is_tried_again_after_the_upgrade(self):
        given_up, refused = self.posted(), self.posted()
        jobs = self.jobs_of(given_up | refused)
        jobs._job_write({"state": "failed", "error": "No answer.", "attempts": 10})
        self.jobs_of(refused)._job_write({"pdf_archived": True})
        self.env.flush_all()
        self.migrate("19.0.1.4.0", "post-authority.py", "19.0.1.3.0")
        self.env.invalidate_all()
        self.assertEqual(jobs.mapped("state"), ["pending", "failed"])
        self.run_jobs(given_up)
        self.assertEqual(given_up.progbox_archive_state, "archived")

    def test_the_index_of_a_zip_says_so(self):
        self.archived()
        domain = [("company_id", "=", self.company.id)]
        package = self.server["progbox.package"]._package(self.company, domain)
        text = package.index.content().decode("utf-8-sig")
        header, line = csv.reader(io.StringIO(text))
        self.assertEqual(header[-1], "Note")
        self.assertEqual(line[-1], "Before the authority's answer")

    def test_closing_and_certificate_count_what_had_no_answer_then(self):
        answered, waiting = self.archived(), self.archived()
        self.answer(answered)
        self.look_for_answers()
        self.run_jobs(answered)
        month = fields.Date.to_date("2026-11-01")
        closing = self.server["progbox.closing"]._close_month(self.company, month)
        self.assertEqual(closing.before_answer_count, 1)
        html = self.env["ir.actions.report"]._render_qweb_html(
            "progbox_invoice_archive.report_closing", closing.ids
        )[0]
        self.assertIn("archived before the authority", html.decode())

        self.answer(waiting)
        self.look_for_answers()
        self.run_jobs(waiting)
        closing.invalidate_recordset()
        self.assertEqual(closing.before_answer_count, 1, "as it was then")
        later = self.server["progbox.closing"]._close_month(self.company, month)
        self.assertEqual(later.before_answer_count, 0)
