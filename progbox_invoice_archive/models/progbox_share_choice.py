from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class ProgboxShareChoice(models.Model):
    """Which documents a share opens that holds what was there on its day.

    One line per document. A mark such as "up to number 120" would open what is moved
    into the folder later, and what another worker finishes after the mark was set.
    """

    _name = "progbox.share.choice"
    _inherit = "progbox.append.only"
    _description = "Document of a Share"
    _log_access = False

    share_id = fields.Many2one(
        "progbox.share", required=True, readonly=True, ondelete="cascade"
    )
    # No foreign key: its check would lock each row of the archive.
    document_ref = fields.Integer(
        string="Document ID", required=True, readonly=True, aggregator=None
    )

    _document_unique = models.UniqueIndex("(share_id, document_ref)")

    def _refusal(self):
        return self.env._("What a share holds is written by the server alone.")


class ProgboxShare(models.Model):
    """Only what is there today."""

    _inherit = "progbox.share"

    def _keep_choice(self):
        """Write down which documents are there now; the others stay closed."""
        documents = self.env["progbox.document"].sudo()
        documents.flush_model()
        self.env.cr.execute(
            SQL(
                """INSERT INTO progbox_share_choice (share_id, document_ref)
                SELECT %s, id FROM progbox_document WHERE id IN %s""",
                self.id,
                documents._search(self._inside()).subselect(),
            )
        )
        self.env["progbox.share.choice"].invalidate_model()

    def _chosen_domain(self):
        chosen = SQL(
            "SELECT document_ref FROM progbox_share_choice WHERE share_id = %s", self.id
        )
        return Domain("id", "in", SQL("(%s)", chosen))
