import json

from dropbox import files

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, file_open

# Beside the copies, under the base folder.
FOLDER = "Ledger"
CHECKER = "check_copy.py"
# Lines of one file: some 15 MB.
LINES = 20_000


class ProgboxDropboxAnchor(models.Model):
    """The ledger up to one closing, copied to where nobody in Odoo can change it.

    The closing says what the last line was; the lines since the closing before prove
    the copies, file by file, without Odoo: see tools/check_copy.py, which lies beside
    them.
    """

    _name = "progbox.dropbox.anchor"
    _inherit = ["progbox.dropbox.job.mixin", "progbox.job.mixin"]
    _description = "Closing in Dropbox"
    _rec_name = "closing_id"
    _job_cron = "progbox_dropbox.ir_cron_anchor"

    closing_id = fields.Many2one(
        "progbox.closing", required=True, readonly=True, ondelete="cascade"
    )
    first_line = fields.Integer(required=True, readonly=True, aggregator=None)
    last_line = fields.Integer(required=True, readonly=True, aggregator=None)

    _closing_unique = models.UniqueIndex(
        "(account_id, closing_id)", "A closing is copied once."
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
        known = anchors.search(Domain("account_id", "=", account.id))
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

    # ------------------------------------------------------------------
    # Execution
    # ------------------------------------------------------------------

    def _job_execute(self, prepared):
        client = self.account_id.sudo()._client()
        base = self.account_id.sudo().base_folder
        folder = f"/{base}/{FOLDER}" if base else f"/{FOLDER}"
        for name, content in self._files():
            self._put(client, f"{folder}/{name}", content)
        with file_open(f"progbox_dropbox/tools/{CHECKER}", "rb") as file:
            self._put(client, f"{folder}/{CHECKER}", file.read(), is_replaced=True)

    def _put(self, client, path, content, is_replaced=False):
        """Write one file; the same content at the same place is no change."""
        mode = files.WriteMode.overwrite if is_replaced else files.WriteMode.add
        client.files_upload(content, path, mode=mode, mute=True)

    def _files(self):
        """Yield names and contents: the same ones whenever they are asked for."""
        closing = self.closing_id.sudo()
        for first in range(self.first_line, self.last_line + 1, LINES):
            last = min(first + LINES - 1, self.last_line)
            yield (
                f"ledger_{closing.company_id.id}_{first:08}-{last:08}.jsonl",
                self._lines(first, last),
            )
        seal = closing.seal_id
        content = {
            **closing._sealed_content(),
            "company": closing.company_id.id,
            "company_name": closing.company_id.name,
            "sealed_on": fields.Datetime.to_string(closing.closed_on),
            "line": seal.sequence,
            "line_hash": seal.hash,
        }
        yield (
            f"closing_{closing.company_id.id}_{closing.month:%Y-%m}_"
            f"{closing.number}.json",
            json.dumps(content, indent=1, sort_keys=True).encode(),
        )

    def _lines(self, first, last):
        """Return lines of the ledger, as an export of the archive has them."""
        self.env["progbox.seal"].flush_model()
        lines = self.env.execute_query_dict(
            SQL(
                """SELECT sequence, coalesce(previous_hash, '') AS previous_hash,
                    payload, hash
                FROM progbox_seal
                WHERE company_id = %s AND sequence BETWEEN %s AND %s
                ORDER BY sequence""",
                self.company_id.id,
                first,
                last,
            )
        )
        return "".join(f"{json.dumps(line)}\n" for line in lines).encode("ascii")
