import contextlib
import time
from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from odoo.addons.progbox_invoice_archive.exceptions import JobError

from ..tools.naming import free_path, path_key, split_extension
from ..tools.upload import File, Upload, waiting_for_commit
from ..tools.verdicts import HANDLED, STOPS, Action, Verdict, classify
from .dropbox_texts import text_of
from .progbox_dropbox_account import StillFull

BATCH_SIZE = 200
# How long a batch sends large files, so that the server's time limit is far away.
PATIENCE = 40
SOON = timedelta(seconds=2)
# Verdicts of a whole call that are about the files in it: those count attempts.
OF_FILES = {"refused", "odd_answer"}
FILE_ACTIONS = {Action.RESTART, Action.PERMANENT}
# When to look again at what a person has to do something about.
NEXT_LOOK = timedelta(hours=1)
# First half of the advisory locks of the committers: "drop".
COMMITTERS = 0x64726F70


class ProgboxDropboxTransfer(models.Model):
    """The copy of one document in Dropbox: queued, on its way, or there.

    Hundreds of small files are sent with three calls. Nothing is believed but the hash
    that Dropbox has computed of what it has stored.
    """

    _name = "progbox.dropbox.transfer"
    _description = "Copy in Dropbox"
    _inherit = ["progbox.job.mixin"]
    _rec_name = "path"
    _job_cron = "progbox_dropbox.ir_cron_transfer"
    _job_batch_size = BATCH_SIZE

    account_id = fields.Many2one(
        "progbox.dropbox.account", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    document_id = fields.Many2one(
        "progbox.document",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Empty when the document has been deleted. Its copy stays.",
    )
    path = fields.Char(
        readonly=True, help="Where the copy is to be. No other document has this path."
    )
    path_key = fields.Char(readonly=True)
    copied_path = fields.Char(readonly=True, help="Where Dropbox says that it is.")
    file_ref = fields.Char(string="File ID", readonly=True)
    rev = fields.Char(string="Revision", readonly=True)
    content_hash = fields.Char(readonly=True, help="Dropbox's hash of the file.")
    checked_on = fields.Datetime(
        readonly=True, help="When Dropbox last said that the copy is there."
    )
    found_path = fields.Char(
        readonly=True, help="Where a person has moved it, as the last check found it."
    )
    session_ref = fields.Char(readonly=True, help="The upload session of a large file.")
    session_offset = fields.Float(
        readonly=True, digits=(16, 0), aggregator=None, help="Bytes that have arrived."
    )

    _document_unique = models.UniqueIndex(
        "(account_id, document_id)", "A document has one copy."
    )
    _path_unique = models.UniqueIndex(
        "(account_id, path_key)", "Two documents never have one path."
    )
    _state_idx = models.Index("(account_id, state, done_on)")
    _file_idx = models.Index("(account_id, file_ref)")

    def _shown(self):
        """Return the state of the copy for the document, and a sentence."""
        if self.state == "done":
            date = format_datetime(self.env, self.done_on, dt_format="short")
            return "copied", self.env._("Copied on %(date)s", date=date)
        if self.state == "failed":
            return "failed", self.env._("Failed: %(reason)s", reason=self.error)
        if self.state == "cancelled":
            return False, False
        reason = self.error or self.account_id.problem
        if reason:
            return "waiting", self.env._("Waiting: %(reason)s", reason=reason)
        return "waiting", self.env._("Waiting")

    def action_view_in_dropbox(self):
        """Open the copy in the company's Dropbox."""
        self.ensure_one()
        self.check_access("read")
        account = self.sudo().account_id
        return {
            "type": "ir.actions.act_url",
            "url": account._web_url(self.copied_path),
            "target": "new",
        }

    def _send_again(self, values):
        """Queue copies anew that are not in Dropbox any more as they were sent.

        :param dict values: what is known of the file that is there
        """
        self._job_write(
            {
                **values,
                "state": "pending",
                "attempts": 0,
                "next_try": fields.Datetime.now(),
                "error": False,
                "session_ref": False,
                "session_offset": 0,
            }
        )
        self._job_trigger()

    # ------------------------------------------------------------------
    # Queueing
    # ------------------------------------------------------------------

    @api.model
    def _queue(self, documents, priority=0):
        """Queue the copies of those among these documents that are to be copied.

        Plain SQL: whoever stores a file waits for nothing else.
        """
        accounts = self.env["progbox.dropbox.account"].sudo()
        accounts.flush_model(["company_id", "state", "type_ids"])
        documents.flush_recordset(["company_id", "type_id", "seal_id"])
        self.env.cr.execute(
            SQL(
                """INSERT INTO progbox_dropbox_transfer (
                    account_id, company_id, document_id, state, priority, attempts,
                    next_try, create_uid, create_date, write_uid, write_date
                )
                SELECT account.id, account.company_id, document.id, 'pending',
                    %(priority)s, 0, %(now)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                FROM progbox_document document, %(accounts)s account
                WHERE document.id = ANY(%(ids)s) AND %(wanted)s
                ORDER BY document.id
                ON CONFLICT (account_id, document_id) DO NOTHING""",
                priority=priority,
                now=fields.Datetime.now(),
                uid=self.env.uid,
                accounts=SQL.identifier(accounts._table),
                ids=documents.ids,
                wanted=accounts._wanted_sql(),
            )
        )
        if self.env.cr.rowcount:
            self.sudo()._job_trigger()

    @api.model
    def _job_ready_domain(self, now):
        sending = self.env["progbox.dropbox.account"]._sending(fields.Datetime.now())
        return super()._job_ready_domain(now) & Domain("account_id", "in", sending.ids)

    def _job_begin_attempt(self):
        result = super()._job_begin_attempt()
        # Committed before anything is sent: the same file never goes to two paths.
        for account, transfers in self.grouped("account_id").items():
            transfers._choose_paths(account)
        return result

    def _choose_paths(self, account):
        account = account.sudo()
        paths, new = {}, self.filtered(lambda t: t.document_id and not t.path)
        documents = account._in_words(new.document_id)
        for transfer, document in zip(new, documents, strict=True):
            # What has none fails when it is its turn, and stops nobody.
            with contextlib.suppress(Exception):
                paths[transfer] = account._path(document)
        keys = [path_key(path) for path in paths.values()]
        taken = account._taken_keys(Domain("path_key", "in", keys))
        for transfer, path in paths.items():
            if path_key(path) in taken:
                taken |= account._taken_keys(_numbered(path))
            paths[transfer] = free_path(path, taken)
            taken.add(path_key(paths[transfer]))
        try:
            with self.env.cr.savepoint():
                for transfer, path in paths.items():
                    transfer._job_write({"path": path, "path_key": path_key(path)})
        except psycopg2.errors.UniqueViolation:
            # Another worker has just taken one: these come again, with other names.
            return

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    def _job_execute_batch(self):
        until = time.monotonic() + PATIENCE
        by_account = self.grouped("account_id")
        # In one order everywhere: the committers wait for each other.
        for account in self.account_id.sorted("id"):
            by_account[account]._send(account.sudo(), until)

    def _send(self, account, until):
        """Send the files of one account, and settle each transfer.

        :param float until: of ``time.monotonic()``
        """
        files = self._files()
        large = [file for file in files if file.is_large]
        small = [file for file in files if not file.is_large]
        try:
            if files:
                upload = Upload(account._client())
                account._check_room(upload.client, min(file.size for file in files))
            for part in filter(None, (small, large)):
                upload.send(part, until)
                self._commit(account, upload, part)
                self._settle_files(account, part)
        except HANDLED as error:
            self._settle_call(account, files, classify(error))
        except StillFull:
            full = Verdict(Action.FULL, "insufficient_space")
            self._settle_call(account, files, full)
        except UserError as error:
            until = fields.Datetime.now() + NEXT_LOOK
            self._of(files)._job_wait(str(error), until)

    def _commit(self, account, upload, files):
        """Commit what has arrived: one committer per account at a time."""
        if not waiting_for_commit(files):
            return
        self.env.cr.execute(
            SQL("SELECT pg_advisory_xact_lock(%s, %s)", COMMITTERS, account.id)
        )
        upload.commit(files)

    def _files(self):
        """Return what is to be sent, and settle what cannot be.

        :rtype: list of File
        """
        documents = self.document_id.sudo()
        attachments = self.env["ir.attachment"].sudo()
        contents = attachments.search(documents._content_domain(), order="id")
        by_document = {content.res_id: content for content in reversed(contents)}
        files = []
        for transfer in self:
            document = transfer.document_id.sudo()
            attachment = by_document.get(document.id)
            if not document:
                transfer._job_finish(
                    "cancelled", self.env._("The document has been deleted.")
                )
            elif not transfer.path:
                transfer._settle_without_path(document)
            elif not attachment:
                transfer._job_fail(
                    JobError(self.env._("The document has no file any more."))
                )
            else:
                files.append(
                    File(
                        key=transfer,
                        path=transfer.path,
                        size=document.size or attachment.file_size,
                        sha256=document.sha256,
                        read=attachment._progbox_blocks,
                        rev=transfer.rev or None,
                        session=transfer.session_ref or None,
                        offset=int(transfer.session_offset),
                        content_hash=transfer.content_hash or None,
                    )
                )
        return files

    def _settle_without_path(self, document):
        try:
            account = self.account_id.sudo()
            path = account._path(account._in_words(document))
        except Exception as error:  # noqa: BLE001 whatever it is, the job must say so
            self._job_settle(error)
            return
        text = self.env._("Another document has just been given %(path)s.", path=path)
        self._job_wait(text, fields.Datetime.now() + SOON)

    def _of(self, files):
        """Return the transfers of files that have no outcome yet."""
        return self.browse([file.key.id for file in files])._job_unsettled()

    # ------------------------------------------------------------------
    # Outcomes
    # ------------------------------------------------------------------

    def _settle_call(self, account, files, verdict):
        """Settle the files of a call that has failed as a whole."""
        transfers = self._of(files)
        transfers._keep_sessions(files)
        if verdict.reason in OF_FILES or verdict.action in FILE_ACTIONS:
            # One of the files may be why: they come again in smaller batches.
            for transfer in transfers:
                transfer._settle(verdict, len(transfers) == 1)
            return
        until = account._apply(verdict)
        transfers._job_wait(text_of(self.env, verdict), until)

    def _settle_files(self, account, files):
        """Settle the files one by one, as each has fared."""
        self._of(files)._keep_sessions(files)
        done, full = self.browse(), None
        for file in files:
            transfer = file.key
            if file.unreadable:
                transfer._job_settle(transfer._reading_error(file.unreadable))
            elif file.verdict and file.verdict.action in STOPS:
                full = file.verdict
            elif file.verdict:
                transfer._settle(file.verdict, True)
            elif file.metadata:
                transfer._job_write(copied_values(file))
                done += transfer
            else:
                soon = fields.Datetime.now() + SOON
                transfer._job_wait(self.env._("On its way"), soon)
        if done:
            done._job_finish("done")
            account._worked()
        if full:
            until = account._apply(full)
            self._of(files)._job_wait(text_of(self.env, full), until)

    def _keep_sessions(self, files):
        """Note how far the large files have come, and what is to be replaced."""
        for file in files:
            if file.key in self and (file.is_large or file.rev):
                file.key._job_write(
                    {
                        "session_ref": file.is_large and file.session,
                        "session_offset": file.is_large and file.offset,
                        "content_hash": file.content_hash,
                        "rev": file.rev,
                    }
                )

    def _reading_error(self, unreadable):
        if unreadable.error:
            return unreadable.error
        return JobError(
            self.env._(
                "The file in Odoo is not what was archived. Verify the archive: it "
                "says what to do. The file is not copied before."
            )
        )

    def _settle(self, verdict, alone):
        """Settle one transfer that has failed.

        :param bool alone: whether the failure is this file's own
        """
        self = self.with_context(lang=self._job_language())
        text = text_of(self.env, verdict)
        if verdict.action is Action.RETRY and verdict.reason not in OF_FILES:
            self._job_wait(text, fields.Datetime.now() + SOON)
            return
        give_up = alone and verdict.action is Action.PERMANENT
        self._job_fail(JobError(text, verdict.detail), give_up=give_up)


def copied_values(file):
    """Return what is kept of a file that is there."""
    return {
        "copied_path": file.metadata.path_display or file.path,
        "file_ref": file.metadata.id,
        "rev": file.metadata.rev,
        "content_hash": file.metadata.content_hash,
        "session_ref": False,
        "session_offset": 0,
    }


def _numbered(path):
    """Return the domain of the paths that have a number in addition."""
    stem, _extension = split_extension(path)
    prefix = path_key(f"{stem} (")
    for special in "\\%_":
        prefix = prefix.replace(special, f"\\{special}")
    return Domain("path_key", "=like", f"{prefix}%")
