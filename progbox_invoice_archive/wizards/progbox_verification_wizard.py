from odoo import fields, models
from odoo.exceptions import UserError


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
        if not self.anchor and not self.ledger:
            raise UserError(
                self.env._("Enter a line with its hash, or choose an exported ledger.")
            )
        runs = self.env["progbox.verification"].sudo()
        anchors = self.anchor and [runs._parse_anchor(self.anchor)]
        if runs.search_count(runs._open_domain(self.company_id), limit=1):
            raise UserError(
                self.env._(
                    "This archive is being verified already. Wait for the end of that "
                    "verification, then start this one."
                )
            )
        run = runs._enqueue_runs(
            self.company_id, "button", anchors=anchors, ledger=self.ledger
        )
        return run.sudo(False)._action()
