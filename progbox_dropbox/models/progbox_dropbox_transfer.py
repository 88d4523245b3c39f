import contextlib
import time
from datetime import timedelta
from functools import partial

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql, format_datetime

from odoo.addons.progbox_invoice_archive.exceptions import JobError

from ..tools.changes import Change, Delete, Move, carry_out
from ..tools.naming import free_path, path_key, split_extension
from ..tools.upload import File, Upload, waiting_for_commit
from ..tools.verdicts import HANDLED, STOPS, Action, Verdict, classify
from .dropbox_counts import chosen_sql, wanted_sql
from .dropbox_texts import text_of
from .progbox_dropbox_account import SYNC_PRIORITY, StillFull

# What one commit takes.
BATCH_SIZE = 1000
# How long a batch sends large files, so that the server's time limit is far away.
PATIENCE = 40
SOON = timedelta(seconds=2)
# How long it is said of a document that is gone that its copy is gone as well.
ENDED_KEPT = timedelta(days=90)
# Verdicts of a whole call that are about the files in it: those count attempts.
OF_FILES = {"refused", "odd_answer", "unknown"}
FILE_ACTIONS = {Action.RESTART, Action.PERMANENT}
# When to look again at what a person has to do something about.
NEXT_LOOK = timedelta(hours=1)
# First half of the advisory locks of the committers: "drop".
COMMITTERS = 0x64726F70
CHANGES = {"move": Move, "delete": Delete}
NOT_THERE = {
    "copied_path": False,
    "file_ref": False,
    "rev": False,
    "content_hash": False,
    "session_ref": False,
    "session_offset": 0,
    "from_key": False,
}


class ProgboxDropboxTransfer(models.Model):
    """The copy of one document in Dropbox: queued, on its way, or there.

    Hundreds of small files are sent with three calls. Nothing is believed but the hash
    that Dropbox has computed of what it has stored.
    """

    _name = "progbox.dropbox.transfer"
    _description = "Copy in Dropbox"
    _inherit = [
        "progbox.dropbox.account.mixin",
        "progbox.job.mixin",
        "progbox.dropbox.document.mixin",
    ]
    _rec_name = "path"
    _job_cron = "progbox_dropbox.ir_cron_transfer"
    _job_batch_size = BATCH_SIZE

    # Other indexes begin with it.
    account_id = fields.Many2one(index=False)
    document_id = fields.Many2one(help="Empty when the document has been deleted.")
    task = fields.Selection(
        [("copy", "Copy"), ("move", "Move"), ("delete", "Delete")],
        default="copy",
        required=True,
        readonly=True,
    )
    size = fields.Float(
        string="Size (bytes)", readonly=True, digits=(16, 0), aggregator="sum"
    )
    path = fields.Char(
        readonly=True, help="Where the copy is to be. No other document has this path."
    )
    path_key = fields.Char(readonly=True)
    from_key = fields.Char(
        readonly=True, help="The path that a copy is being moved away from."
    )
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
    failed_on = fields.Datetime(readonly=True, help="When it was given up.")
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
    _from_idx = models.Index("(account_id, from_key) WHERE from_key IS NOT NULL")
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
        accounts.flush_model(["company_id", "state", "type_ids", "without_company"])
        documents.flush_recordset(["company_id", "type_id", "seal_id", "size"])
        self.env.cr.execute(
            SQL(
                """INSERT INTO progbox_dropbox_transfer (
                    account_id, company_id, document_id, size, task, state, priority,
                    attempts, next_try, create_uid, create_date, write_uid, write_date
                )
                SELECT account.id, account.company_id, document.id, document.size,
                    'copy', 'pending', %(priority)s, 0, %(now)s,
                    %(uid)s, %(now)s, %(uid)s, %(now)s
                FROM progbox_document document, %(accounts)s account
                WHERE document.id = ANY(%(ids)s) AND %(wanted)s
                ORDER BY document.id
                ON CONFLICT (account_id, document_id) DO NOTHING""",
                priority=priority,
                now=fields.Datetime.now(),
                uid=self.env.uid,
                accounts=SQL.identifier(accounts._table),
                ids=documents.ids,
                wanted=wanted_sql(accounts),
            )
        )
        if self.env.cr.rowcount:
            self.sudo()._job_trigger()

    @api.model
    def _queue_again(self, documents, priority=0):
        """Queue documents that may have become some that are to be copied."""
        self._queue(documents, priority)
        cancelled = self.sudo().search(
            Domain("document_id", "in", documents.ids)
            & Domain("state", "=", "cancelled")
        )
        if chosen := cancelled._chosen():
            chosen._send_again({"priority": priority})

    def _chosen(self):
        """Return those whose documents are to be copied, by what is chosen now."""
        accounts = self.env["progbox.dropbox.account"].sudo()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT transfer.id FROM progbox_dropbox_transfer transfer
                JOIN %(accounts)s account ON account.id = transfer.account_id
                JOIN progbox_document document ON document.id = transfer.document_id
                WHERE transfer.id = ANY(%(ids)s) AND %(chosen)s""",
                accounts=SQL.identifier(accounts._table),
                ids=self.ids,
                chosen=chosen_sql(accounts),
            )
        )
        return self.browse([id_ for [id_] in rows])

    @api.model
    def _queue_moves(self, account, kind):
        """Queue the moves of what has been copied, to where the templates say.

        :param progbox.document.type kind: whose copies are moved
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE progbox_dropbox_transfer transfer
                SET task = 'move', state = 'pending', attempts = 0, priority = %s,
                    next_try = %s, error = NULL, from_key = path_key,
                    path = NULL, path_key = NULL
                FROM progbox_document document
                WHERE document.id = transfer.document_id
                AND transfer.account_id = %s AND document.type_id = ANY(%s)
                AND transfer.state = 'done' AND transfer.task = 'copy'
                AND transfer.file_ref IS NOT NULL""",
                SYNC_PRIORITY,
                fields.Datetime.now(),
                account.id,
                kind.ids,
            )
        )
        self.invalidate_model()
        self._job_trigger()

    def _queue_deletes(self):
        """Queue the end of the copies whose documents have been deleted."""
        ended = self.filtered(
            lambda transfer: (
                transfer.account_id.on_delete == "delete" and transfer.file_ref
            )
        )
        if ended:
            ended._job_write(
                {
                    "task": "delete",
                    "state": "pending",
                    "attempts": 0,
                    "next_try": fields.Datetime.now(),
                }
            )
            self._job_trigger()

    @api.model
    def _forget_queued(self, account):
        """Forget what a synchronization has queued and nobody has begun."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """DELETE FROM progbox_dropbox_transfer WHERE id IN (
                    SELECT id FROM progbox_dropbox_transfer
                    WHERE account_id = %s AND state = 'pending' AND priority = %s
                    AND task = 'copy' AND path IS NULL AND attempts = 0
                    FOR UPDATE SKIP LOCKED)""",
                account.id,
                SYNC_PRIORITY,
            )
        )
        self.invalidate_model()

    @api.autovacuum
    def _gc_ended(self):
        """Forget copies that have ended together with their documents.

        A copy that is kept stays here, too: no other document gets its path.
        """
        self.sudo().search(
            Domain("state", "=", "cancelled")
            & Domain("document_id", "=", False)
            & Domain("done_on", "<", fields.Datetime.now() - ENDED_KEPT)
            & Domain("file_ref", "=", False)
        ).unlink()

    @api.model
    def _job_run(self):
        result = super()._job_run()
        self.env["progbox.dropbox.account"]._after_run()
        return result

    @api.model
    def _job_ready_domain(self, now):
        accounts = self.env["progbox.dropbox.account"]._sending(fields.Datetime.now())
        of_accounts = Domain("account_id", "in", accounts.ids)
        return super()._job_ready_domain(now) & of_accounts

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
        taken = account._taken_keys(lambda name: Domain(name, "in", keys))
        for transfer, path in paths.items():
            # Nobody else has the path that a copy is at now.
            mine = {transfer.from_key}
            if path_key(path) in taken - mine:
                taken |= account._taken_keys(partial(_numbered, path))
            paths[transfer] = free_path(
                path, taken - mine if transfer.from_key else taken
            )
            taken.add(path_key(paths[transfer]))
        try:
            with self.env.cr.savepoint():
                self._write_each(
                    {
                        transfer: {"path": path, "path_key": path_key(path)}
                        for transfer, path in paths.items()
                    }
                )
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
            by_task = by_account[account].grouped("task")
            for task in by_task.keys() & CHANGES.keys():
                for job, transfers in by_task[task].grouped("session_ref").items():
                    transfers._change(account.sudo(), task, job or None, until)
            if "copy" in by_task:
                by_task["copy"]._send(account.sudo(), until)

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

    def _change(self, account, task, job, until):
        """Let Dropbox move or delete copies, and settle each transfer.

        :param str task: "move" or "delete"
        :param str job: of Dropbox, which an earlier run has begun
        """
        changes = self._changes(task)
        if not changes:
            return
        try:
            client = account._client()
            self._lock_committers(account)
            job = carry_out(CHANGES[task](client), changes, until, job)
        except HANDLED as error:
            self._of(changes)._job_write({"session_ref": False})
            self._settle_call(account, changes, classify(error))
            return
        except UserError as error:
            self._of(changes)._job_wait(str(error), fields.Datetime.now() + NEXT_LOOK)
            return
        for change in changes:
            change.key._settle_change(account, change, job)
        # What stops the account stays, whatever has become of the others.
        if not any(c.verdict and c.verdict.action in STOPS for c in changes):
            account._worked()

    def _changes(self, task):
        """Return what is to be moved or deleted, and settle what is not."""
        changes = []
        for transfer in self.sorted(lambda t: (t.session_offset, t.id)):
            if task == "move" and not transfer.document_id:
                # The copy of a deleted document stays where it is.
                path = transfer.copied_path
                transfer._settle_moved({"path": path, "path_key": path_key(path)})
            elif task == "move" and not transfer.path:
                transfer._settle_without_path(transfer.document_id.sudo())
            elif task == "move" and path_key(transfer.path) == transfer.from_key:
                transfer._settle_moved({"path": transfer.copied_path})
            else:
                changes.append(
                    Change(
                        key=transfer,
                        ref=transfer.file_ref,
                        path=transfer.path if task == "move" else None,
                        rev=transfer.rev,
                        position=int(transfer.session_offset)
                        if transfer.session_ref
                        else len(changes),
                    )
                )
        return changes

    def _settle_change(self, account, change, job):
        soon = fields.Datetime.now() + SOON
        self._job_write({"session_ref": False, "session_offset": 0})
        if job:
            self._job_write({"session_ref": job, "session_offset": change.position})
            self._job_wait(self.env._("Dropbox is at it."), soon)
        elif change.gone and self.task == "delete":
            self._job_write({**NOT_THERE, "path_key": False})
            self._job_finish(
                "cancelled", self.env._("The document and its copy have been deleted.")
            )
        elif change.gone:
            self._job_write({**NOT_THERE, "task": "copy"})
            text = self.env._("It is not in Dropbox any more: it is copied again.")
            self._job_wait(text, soon)
        elif change.metadata:
            self._settle_moved(
                {
                    "copied_path": change.metadata.path_display,
                    "rev": change.metadata.rev,
                }
            )
        elif change.verdict.action in STOPS:
            until = account._apply(change.verdict)
            self._job_wait(text_of(self.env, change.verdict), until)
        else:
            self._settle(change.verdict, True)

    def _settle_moved(self, values):
        self._job_write({**values, "task": "copy", "from_key": False})
        self._job_finish("done")

    def _lock_committers(self, account):
        """Wait until nobody else changes this Dropbox: it takes one at a time."""
        self.env.cr.execute(
            SQL("SELECT pg_advisory_xact_lock(%s, %s)", COMMITTERS, account.id)
        )

    def _commit(self, account, upload, files):
        """Commit what has arrived: one committer per account at a time."""
        if not waiting_for_commit(files):
            return
        self._lock_committers(account)
        upload.commit(files)

    def _files(self):
        """Return what is to be sent, and settle what cannot be.

        :rtype: list of File
        """
        documents = self.document_id.sudo()
        attachments = self.env["ir.attachment"].sudo()
        contents = attachments.search(documents._content_domain(), order="id")
        by_document = {content.res_id: content for content in reversed(contents)}
        files, chosen = [], self._chosen()
        for transfer in self:
            document = transfer.document_id.sudo()
            attachment = by_document.get(document.id)
            if not document:
                transfer._job_finish(
                    "cancelled", self.env._("The document has been deleted.")
                )
            elif transfer not in chosen and not transfer.copied_path:
                # What is in Dropbox stays there, and is repaired. What is not may go to
                # the folder of another type, or company, later. After a try, it may
                # be there although the answer was lost.
                if not transfer.error:
                    transfer._job_write({"path": False, "path_key": False})
                transfer._job_finish("cancelled", transfer._not_chosen_text())
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

    def _not_chosen_text(self):
        return self.with_context(lang=self._job_language()).env._(
            "It is not copied: its type is not chosen, or it belongs to another "
            "company. Choose the type in Documents > Dropbox > Folders and Names, then "
            "press Sync Now."
        )

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
        if all(isinstance(file, File) for file in files):
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
        done, of_account = {}, None
        for file in files:
            transfer = file.key
            if file.unreadable:
                transfer._job_settle(transfer._reading_error(file.unreadable))
            elif file.verdict and is_of_account(file.verdict):
                # What stops it counts before what goes by.
                if not of_account or file.verdict.action in STOPS:
                    of_account = file.verdict
            elif file.verdict:
                transfer._settle(file.verdict, True)
            elif file.metadata:
                done[transfer] = copied_values(file)
            else:
                soon = fields.Datetime.now() + SOON
                transfer._job_wait(self.env._("On its way"), soon)
        if done:
            self._write_each(done)
            self.browse([transfer.id for transfer in done])._job_finish("done")
            account._worked()
        if of_account:
            until = account._apply(of_account)
            self._of(files)._job_wait(text_of(self.env, of_account), until)

    def _write_each(self, values):
        """Write other values on each of many transfers, with one statement.

        :param dict values: {transfer: {field: value}}, the same fields for all
        """
        if not values:
            return
        names = list(next(iter(values.values())))
        columns = [self._fields[name] for name in names]
        transfers = self.browse([transfer.id for transfer in values])
        transfers.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE %s row SET %s FROM unnest(%s::int[], %s) given(id, %s)"
                " WHERE row.id = given.id",
                SQL.identifier(self._table),
                SQL(", ").join(
                    SQL("%s = given.%s", SQL.identifier(n), SQL.identifier(n))
                    for n in names
                ),
                transfers.ids,
                SQL(", ").join(
                    SQL(
                        f"%s::{column.column_type[0]}[]",
                        [row[column.name] or None for row in values.values()],
                    )
                    for column in columns
                ),
                SQL(", ").join(map(SQL.identifier, names)),
            ),
            log_exceptions=False,
        )
        transfers.invalidate_recordset(names, flush=False)

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

    @api.model
    def _job_shown_by(self):
        # The account shows how far its copies are.
        return [*super()._job_shown_by(), "progbox.dropbox.account"]

    def _job_on_error(self):
        if self.state == "failed":
            self._job_write({"failed_on": fields.Datetime.now()})
        return super()._job_on_error()

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


def is_of_account(verdict):
    """Whether what one file is refused for is so of all: full, or busy elsewhere."""
    return verdict.action in STOPS or (
        verdict.action is Action.RETRY and verdict.reason not in OF_FILES
    )


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


def _numbered(path, name):
    """Return the domain of the keys, in a field, that have a number in addition."""
    stem, _extension = split_extension(path)
    prefix = escape_psql(path_key(f"{stem} ("))
    return Domain(name, "=like", f"{prefix}%")
