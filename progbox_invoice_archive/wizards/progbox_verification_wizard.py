import base64
import tempfile
from pathlib import Path

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.pdf.certificate import read_certificate
from ..tools.pdf.child.messages import Failure

# A scan of one page.
LARGEST = 30 << 20


class ProgboxVerificationWizard(models.TransientModel):
    """Verifies an archive against what was kept of it outside of Odoo.

    An older backup that was restored is whole by itself: only what was noted after
    it was made tells that something is missing.
    """

    _name = "progbox.verification.wizard"
    _description = "Compare With a Certificate"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    certificate = fields.Binary(
        help="The PDF of a closing certificate or of a verification report, or a scan "
        "of one: its QR code is read.",
    )
    certificate_name = fields.Char()
    anchor = fields.Char(
        string="Last Line and Its Hash",
        help="As a closing certificate or a verification report prints it: 12:$1$0a…",
    )
    ledger = fields.Binary(
        string="Exported Ledger", help="The file ledger.jsonl of an export."
    )
    ledger_name = fields.Char()

    def action_verify(self):
        """Queue the verification and open it.

        :raise AccessError: for anybody but an archive manager of the company
        :raise UserError: without anything to compare with, or while a run is open
        """
        self.ensure_one()
        self.env.user._check_archive_manager(self.company_id)
        if not (self.anchor or self.ledger or self.certificate):
            raise UserError(
                self.env._(
                    "Enter a line with its hash, or choose a certificate or an "
                    "exported ledger."
                )
            )
        runs = self.env["progbox.verification"].sudo()
        anchors = [runs._parse_anchor(self.anchor)] if self.anchor else []
        anchors += self._read_certificate()
        if runs.search_count(runs._open_domain(self.company_id), limit=1):
            raise UserError(
                self.env._(
                    "This archive is being verified already. Wait for the end of that "
                    "verification, then start this one."
                )
            )
        run = runs._enqueue_runs(
            self.company_id, "button", anchors=anchors or False, ledger=self.ledger
        )
        return run.sudo(False)._action()

    def _read_certificate(self):
        """Return what the certificate says of the ledger, as the verification takes it.

        It is a file of a stranger: a child process with limits opens it.

        :return: list of (number of the line, hash)
        :raise UserError: when it says nothing of the kind
        """
        content = base64.b64decode(self.with_context(bin_size=False).certificate or b"")
        if not content:
            return []
        lines = []
        if len(content) <= LARGEST:
            with tempfile.TemporaryDirectory(prefix="progbox-") as folder:
                path = Path(folder) / "certificate"
                path.write_bytes(content)
                try:
                    lines = read_certificate(path, folder)
                except Failure:
                    # Said below: there is nothing in it that could be compared.
                    lines = []
        if not lines:
            raise UserError(
                self.env._(
                    "%(file)s names no line of the ledger that could be read. Take the "
                    "PDF of the certificate, or scan it flat and sharp with 200 dpi as "
                    "PDF, PNG or JPEG, so that the whole QR code is on it; or type the "
                    "line with its hash.",
                    file=self.certificate_name or self.env._("This file"),
                )
            )
        return lines
