import time

from dropbox import exceptions

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql

from ..tools.changes import Change, Move, carry_out
from ..tools.naming import path_key
from ..tools.verdicts import HANDLED, classify
from .dropbox_comparison import of_folder
from .dropbox_texts import text_of

# What Dropbox moves with one call.
MANY = 1000
# Seconds for which a person waits for a move of many files.
PATIENCE = 40


class ProgboxDropboxFinding(models.Model):
    """A copy, or a folder of them, that is not in Dropbox as it was sent."""

    _name = "progbox.dropbox.finding"
    _inherit = [
        "progbox.dropbox.account.mixin",
        "progbox.dropbox.document.mixin",
        "progbox.words.mixin",
    ]
    _description = "Finding of a Dropbox Check"
    _order = "check_id desc, kind, path, id"
    _rec_name = "path"
    _words = ("path",)

    check_id = fields.Many2one(
        "progbox.dropbox.check",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    transfer_id = fields.Many2one(
        "progbox.dropbox.transfer",
        string="Copy",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    document_id = fields.Many2one(help="Empty for a folder with several documents.")
    anchor_ids = fields.Many2many(
        "progbox.dropbox.anchor",
        string="Closings",
        readonly=True,
        help="What the file is part of, if it is one of the ledger.",
    )
    document_count = fields.Integer(string="Documents", readonly=True)
    kind = fields.Selection(
        [
            ("missing", "Missing"),
            ("different", "Different"),
            ("moved", "Moved"),
        ],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            ("open", "To Decide"),
            ("repaired", "Repaired"),
            ("acknowledged", "Left as It Is"),
            ("outdated", "Outdated"),
        ],
        required=True,
        readonly=True,
    )
    path = fields.Char(readonly=True, help="Where the copy was.")
    found = fields.Char(readonly=True)
    file_ref = fields.Char(readonly=True)
    rev = fields.Char(readonly=True)
    message = fields.Char(string="What Is Wrong", compute="_compute_message")
    advice = fields.Char(string="What to Do", compute="_compute_message")

    @api.depends("kind", "path", "found", "document_count")
    @api.depends_context("lang")
    def _compute_message(self):
        for finding in self:
            finding.message, finding.advice = finding._texts()

    def _texts(self):
        if self.kind == "missing":
            return (
                self.env._("It was deleted in Dropbox."),
                self.env._("Repair sends it again, to the same place."),
            )
        if self.kind == "different":
            return (
                self.env._("Somebody has changed or replaced it in Dropbox."),
                self.env._(
                    "Repair puts the archived file back. The other one stays among the "
                    "versions of the file in Dropbox."
                ),
            )
        return (
            self.env._("It was moved in Dropbox, to %(path)s", path=self.found),
            self.env._(
                "Repair notes the new place. Put Back moves it to where it was. "
                "Neither sends anything again."
            ),
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_repair(self):
        """Put the copies right in Dropbox, or follow them to their new place."""
        self._check_manager()
        self.sudo()._repair()

    def action_put_back(self):
        """Move what a person has moved back to where it was."""
        self._check_manager()
        self.sudo()._put_back()

    def action_acknowledge(self):
        """Leave it as it is: later checks do not ask again."""
        self._check_manager()
        self.sudo()._open()._settle("acknowledged")

    def action_view_document(self):
        """Show the document."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "progbox.document",
            "res_id": self.document_id.id,
            "views": [(False, "form")],
        }

    def _check_manager(self):
        """Check that the user may decide.

        :raise AccessError:
        """
        self.check_access("read")
        if not self.env.su:
            for company in self.sudo().company_id:
                self.env.user._check_archive_manager(company)

    # ------------------------------------------------------------------
    # Deciding
    # ------------------------------------------------------------------

    def _open(self):
        return self.filtered(lambda finding: finding.state == "open")

    def _settle(self, state):
        """Write what was decided; take the alert back when nothing is left."""
        self.write({"state": state})
        for check in self.check_id.filtered(lambda check: check.state == "done"):
            check._tell()

    def _is_of_folder(self):
        """Whether it is about a folder of copies that is missing as a whole."""
        return self.kind == "missing" and not (self.transfer_id or self.anchor_ids)

    def _acknowledge_again(self):
        """Leave alone what somebody has decided to leave, as long as it is the same.

        A copy that was left with its folder is found alone when the folder is there
        again; once it has been seen again, that decision is over.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """UPDATE progbox_dropbox_finding finding SET state = 'acknowledged'
                WHERE finding.id = ANY(%s) AND EXISTS (
                    SELECT FROM progbox_dropbox_finding former
                    WHERE former.account_id = finding.account_id
                    AND former.state = 'acknowledged' AND former.id < finding.id
                    AND former.kind = finding.kind AND former.path = finding.path
                    AND former.found IS NOT DISTINCT FROM finding.found)""",
                self.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """UPDATE progbox_dropbox_finding finding SET state = 'acknowledged'
                FROM progbox_dropbox_transfer transfer
                WHERE finding.id = ANY(%s) AND finding.kind = 'missing'
                AND transfer.id = finding.transfer_id AND EXISTS (
                    SELECT FROM progbox_dropbox_finding former
                    JOIN progbox_dropbox_check checked ON checked.id = former.check_id
                    WHERE former.account_id = finding.account_id
                    AND former.state = 'acknowledged' AND former.id < finding.id
                    AND former.kind = 'missing' AND former.transfer_id IS NULL
                    AND starts_with(finding.path, former.path || '/')
                    AND transfer.done_on < checked.started_on
                    AND COALESCE(transfer.checked_on < checked.started_on, TRUE))""",
                self.ids,
            )
        )
        self.invalidate_recordset(["state"])

    def _repair(self):
        findings = self._open()
        for kind, group in findings.grouped("kind").items():
            getattr(group, f"_repair_{kind}")()
        findings._settle("repaired")

    def _repair_missing(self):
        """Send the copies, or the ledger's files, again."""
        lost = self.transfer_id
        for finding in self:
            if finding._is_of_folder():
                lost |= lost.search(
                    finding.check_id._unseen_domain() & of_folder(finding.path)
                )
        lost._send_again({"file_ref": False, "rev": False})
        self.anchor_ids._send_again()

    def _repair_different(self):
        """Replace what is there now: if it changes once more, nothing is replaced."""
        for finding in self:
            for anchor in finding.anchor_ids:
                anchor._replace(finding.path.rpartition("/")[2], finding.rev)
            transfer = finding.transfer_id
            self._follow(transfer.filtered("found_path"))
            transfer._send_again({"file_ref": finding.file_ref, "rev": finding.rev})

    def _repair_moved(self):
        for finding in self:
            self._follow(finding._moved())

    @api.model
    def _follow(self, transfers):
        """Note the new places of copies that people have moved."""
        keys = {t: path_key(t.found_path) for t in transfers}
        others = Domain("id", "not in", transfers.ids)
        taken = transfers.account_id._taken_keys(
            lambda name: Domain(name, "in", list(keys.values())) & others
        )
        # Two that have changed places: neither key is free before the other is.
        transfers._job_write({"path_key": False})
        self.env.flush_all()
        for transfer, key in keys.items():
            values = {"copied_path": transfer.found_path, "found_path": False}
            if key in taken:
                values["path_key"] = path_key(transfer.path)
            else:
                values |= {"path": transfer.found_path, "path_key": key}
                taken.add(key)
            transfer._job_write(values)

    def _moved(self):
        """Return the copies that a finding of a move is about."""
        self.ensure_one()
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        if self.transfer_id:
            return self.transfer_id.filtered("found_path")
        old, new = (self.path.rstrip("/"), self.found.rstrip("/"))
        return transfers.search(
            Domain("account_id", "=", self.account_id.id)
            & Domain("copied_path", "=like", f"{escape_psql(old)}/%")
            & Domain("found_path", "=like", f"{escape_psql(new)}/%")
        )

    # ------------------------------------------------------------------
    # Putting back
    # ------------------------------------------------------------------

    def _put_back(self):
        for finding in self._open().filtered(lambda f: f.kind == "moved"):
            try:
                finding._move_back(finding.account_id._client())
            except HANDLED as error:
                raise UserError(text_of(self.env, classify(error))) from error
            finding._settle("repaired")

    def _move_back(self, client):
        """Move a folder back as a whole, or its files if it is there again."""
        self.env["progbox.dropbox.transfer"]._lock_committers(self.account_id)
        transfers = self._moved()
        if "/" not in (self.found, self.path):
            try:
                client.files_move_v2(self.found, self.path)
                transfers._job_write({"found_path": False})
                return
            except exceptions.ApiError as error:
                # It is there again, or it was moved and the answer was lost.
                if not (is_conflict(error) or is_gone(error)):
                    raise
        for begin in range(0, len(transfers), MANY):
            self._move_files_back(client, transfers[begin : begin + MANY])

    def _move_files_back(self, client, transfers):
        changes = [
            Change(transfer, transfer.file_ref, transfer.copied_path, position=position)
            for position, transfer in enumerate(transfers)
        ]
        if carry_out(Move(client), changes, time.monotonic() + PATIENCE):
            raise UserError(
                self.env._(
                    "Dropbox is still moving the files. Check again later: what is "
                    "back is not listed any more."
                )
            )
        for change in changes:
            if change.metadata:
                change.key._job_write({"found_path": False})
        if stayed := [change for change in changes if not change.metadata]:
            raise UserError(self._stayed_text(stayed[0]))

    def _stayed_text(self, change):
        """Return why a file was not moved back."""
        return self.env._(
            "Dropbox did not move %(path)s: %(reason)s",
            path=change.key.found_path,
            reason=self.env._("It was deleted in Dropbox.")
            if change.gone
            else text_of(self.env, change.verdict),
        )


def is_conflict(error):
    union = error.error
    return union.is_to() and union.get_to().is_conflict()


def is_gone(error):
    union = error.error
    return union.is_from_lookup() and union.get_from_lookup().is_not_found()
