import contextlib
import json

from dropbox import exceptions, files
from dropbox.content_hash import DropboxContentHasher

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, file_open

from odoo.addons.progbox_invoice_archive.exceptions import JobError

from ..tools.ledger_copy import LINES, ROWS, file_name
from ..tools.verdicts import Action, Verdict, classify
from .dropbox_texts import text_of

CHECKER = "check_copy.py"
# Bytes that the name of a company takes in the file of a closing, at most.
LONGEST_NAME = 10_000
# Lines of one file: some 15 MB.
MOST_LINES = 20_000


class ProgboxDropboxAnchor(models.Model):
    """The ledger up to one closing, copied to where nobody in Odoo can change it.

    The closing says what the last line was; the lines since the closing before prove
    the copies, file by file, without Odoo: see tools/check_copy.py, which lies beside
    them. One record without a closing stands for the lines since the last one. From
    all of it an archive can be rebuilt: see dropbox_rebuild.py.
    """

    _name = "progbox.dropbox.anchor"
    _inherit = ["progbox.dropbox.job.mixin", "progbox.job.mixin"]
    _description = "Closing in Dropbox"
    _rec_name = "closing_id"
    _job_cron = "progbox_dropbox.ir_cron_anchor"

    closing_id = fields.Many2one(
        "progbox.closing",
        readonly=True,
        ondelete="cascade",
        help="Empty for the lines of the ledger since the last closing.",
    )
    first_line = fields.Integer(required=True, readonly=True, aggregator=None)
    last_line = fields.Integer(required=True, readonly=True, aggregator=None)
    sent = fields.Json(
        readonly=True, help="Dropbox's hash of each file that was sent, by its name."
    )
    replaced = fields.Json(
        readonly=True, help="The revisions that are to be replaced, by their names."
    )
    failed_on = fields.Datetime(readonly=True, help="When it was given up.")

    _closing_unique = models.UniqueIndex(
        "(account_id, closing_id)", "A closing is copied once."
    )
    _open_unique = models.UniqueIndex("(account_id) WHERE closing_id IS NULL")

    @api.depends("closing_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for anchor in self:
            anchor.display_name = anchor.closing_id.display_name or self.env._(
                "The ledger since the last closing"
            )

    @api.model
    def _queue_company(self, companies):
        """Queue the closings of companies that are not copied yet."""
        accounts = self.env["progbox.dropbox.account"].sudo()
        for account in accounts.search(
            Domain("company_id", "in", companies.ids)
            & Domain("state", "!=", "disconnected")
        ):
            self._queue_account(account)

    @api.model
    def _queue_account(self, account):
        anchors = self.sudo()
        known = anchors.search(
            Domain("account_id", "=", account.id) & Domain("closing_id", "!=", False)
        )
        closings = self.env["progbox.closing"].sudo()
        closings = closings.search(
            Domain("company_id", "=", account.company_id.id)
            & Domain("id", "not in", known.closing_id.ids)
        ).sorted(lambda closing: closing.seal_id.sequence)
        last = max(known.mapped("last_line"), default=0)
        for closing in closings:
            line = closing.seal_id.sequence
            self._job_new(
                account,
                closing_id=closing.id,
                first_line=last + 1,
                last_line=line,
            )
            last = max(last, line)
        if closings:
            self._job_trigger()
        self._queue_open(account, last)

    @api.model
    def _queue_open(self, account, closed):
        """Queue the lines since the last closing, if others are copied than there are.

        :param int closed: number of the last line that a closing takes along
        """
        is_open = Domain("account_id", "=", account.id) & Domain(
            "closing_id", "=", False
        )
        anchor = self.sudo().search(is_open)
        ledger = self.env["progbox.seal"].sudo()
        lines = {
            "first_line": closed + 1,
            "last_line": ledger._last(account.company_id).sequence,
        }
        if not anchor and lines["last_line"] > closed:
            self._job_new(account, **lines)
            self._job_trigger()
        elif anchor and any(anchor[name] != line for name, line in lines.items()):
            anchor._send_again({**lines, "replaced": False})

    def _send_again(self, values=None):
        """Queue the same part of the ledger anew.

        :param dict values: to be written as well
        """
        self._job_write(
            {
                **(values or {}),
                "state": "pending",
                "attempts": 0,
                "next_try": fields.Datetime.now(),
            }
        )
        if self:
            self._job_trigger()

    def _replace(self, name, rev):
        """Send a file again in the place of one that is not it.

        :param str rev: of what is there: anything newer is left alone
        """
        self._send_again({"replaced": {**(self.replaced or {}), name: rev}})

    @api.model
    def _send_all_again(self, account):
        """Send the whole ledger of an account, to wherever its folder is now."""
        self.sudo().search(Domain("account_id", "=", account.id))._send_again(
            {"replaced": False}
        )

    # ------------------------------------------------------------------
    # Execution
    # ------------------------------------------------------------------

    @api.model
    def _job_ready_domain(self, now):
        # It is sent: a pause is for it, too. The timetable is not.
        accounts = self.env["progbox.dropbox.account"]._answering(now)
        resting = accounts.filtered(lambda account: account._rests(now))
        awake = Domain("account_id", "not in", resting.ids)
        return super()._job_ready_domain(now) & awake

    def _job_execute(self, prepared):
        account = self.account_id.sudo()
        client = account._client()
        self.env["progbox.dropbox.transfer"]._lock_committers(account)
        folder = account._ledger_folder()
        sent, wrong, replaced = {}, {}, self.replaced or {}
        for name, content, is_final in self._files():
            mode = files.WriteMode.add if is_final else files.WriteMode.overwrite
            if name in replaced:
                mode = files.WriteMode.update(replaced[name])
            there, content = self._put(client, f"{folder}/{name}", content, mode)
            sent[name] = hash_of(content)
            if there.content_hash != sent[name]:
                wrong[name] = there.rev
        with file_open(f"progbox_dropbox/tools/{CHECKER}", "rb") as file:
            path = f"{folder}/{CHECKER}"
            self._put(client, path, file.read(), files.WriteMode.overwrite)
        self._job_write({"sent": sent, "replaced": wrong or False})
        if not wrong:
            return None
        # What is there is wrong, and ours: the next try replaces it.
        verdict = Verdict(Action.RESTART, "hash_mismatch")
        return JobError(text_of(self.env, verdict), ", ".join(wrong))

    def _put(self, client, path, content, mode):
        """Write one file; the same content at the same place is no change.

        A closing that was sent under an earlier name of its company is the same.

        :return: metadata, and content, of what is there
        """
        try:
            return client.files_upload(content, path, mode=mode, mute=True), content
        except exceptions.ApiError as error:
            if classify(error).reason != "conflict" or not path.endswith(".json"):
                raise
            there, response = client.files_download(path)
            with contextlib.closing(response):
                most = len(content) + LONGEST_NAME
                found = next(response.iter_content(most), b"")
            if without_name(found) != without_name(content):
                raise
            return there, found

    def _job_on_error(self):
        if self.state == "failed":
            # What is to be replaced has changed once more: a check finds it anew.
            self._job_write({"failed_on": fields.Datetime.now(), "replaced": False})
        return super()._job_on_error()

    def _parts(self):
        """Return the first and the last line of each file of lines."""
        return [
            (first, min(first + MOST_LINES - 1, self.last_line))
            for first in range(self.first_line, self.last_line + 1, MOST_LINES)
        ]

    def _closing_file_name(self):
        closing = self.closing_id.sudo()
        month = f"{closing.month:%Y-%m}"
        return f"closing_{self.company_id.id}_{month}_{closing.number}.json"

    def _files(self):
        """Yield names and contents, and whether a file is final.

        What is final is the same whenever it is asked for, but for the company's name.
        """
        company = self.company_id.id
        if not self.closing_id:
            lines, rows = self._lines(self.first_line, self.last_line)
            yield file_name(ROWS, company), rows, False
            yield file_name(LINES, company), lines, False
            return
        for first, last in self._parts():
            lines, rows = self._lines(first, last)
            yield file_name(ROWS, company, first, last), rows, False
            yield file_name(LINES, company, first, last), lines, True
        closing = self.closing_id.sudo()
        seal = closing.seal_id
        content = {
            **closing._sealed_content(),
            "company": company,
            "company_name": closing.company_id.name,
            "sealed_on": fields.Datetime.to_string(closing.closed_on),
            "line": seal.sequence,
            "line_hash": seal.hash,
        }
        yield (
            self._closing_file_name(),
            json.dumps(content, indent=1, sort_keys=True).encode(),
            True,
        )

    def _lines(self, first, last):
        """Return lines of the ledger, as an export has them, and what they leave out.

        :return: two texts of JSON, one object a line
        """
        ledger = self.env["progbox.seal"].sudo()
        lines = ledger._exported(self.company_id, first - 1, last - first + 1)
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT seal.sequence, document.mimetype, document.made_with,
                    document.said, document.before_answer, file.checksum AS sha1
                FROM progbox_seal seal
                JOIN progbox_document document ON document.id = seal.document_id
                LEFT JOIN ir_attachment file
                    ON file.res_model = 'progbox.document'
                    AND file.res_field = 'content' AND file.res_id = document.id
                WHERE seal.company_id = %s AND seal.kind = 'deposit'
                AND seal.sequence BETWEEN %s AND %s ORDER BY seal.sequence""",
                self.company_id.id,
                first,
                last,
            )
        )
        return tuple(
            "".join(f"{json.dumps(line)}\n" for line in found).encode("ascii")
            for found in (lines, rows)
        )


def hash_of(content):
    """Return Dropbox's hash of some bytes."""
    hasher = DropboxContentHasher()
    hasher.update(content)
    return hasher.hexdigest()


def without_name(closing):
    """Return what the file of a closing says, but for the company's name.

    >>> without_name(b'{"line": 7, "company_name": "Another"}')
    {'line': 7}
    >>> without_name(b"[]"), without_name(b"forged")
    (None, None)
    """
    try:
        content = json.loads(closing)
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    return {key: value for key, value in content.items() if key != "company_name"}
