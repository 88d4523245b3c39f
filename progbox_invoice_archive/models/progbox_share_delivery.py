from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class ProgboxShareDelivery(models.Model):
    """Which documents a recipient has taken along, so that the next are "new".

    One line per document. A mark such as "up to number 120" would lose a document
    that another worker began before the mark was set and finished after it.
    """

    _name = "progbox.share.delivery"
    _inherit = "progbox.append.only"
    _description = "Document Taken Along"
    _log_access = False

    share_id = fields.Many2one(
        "progbox.share", required=True, readonly=True, ondelete="cascade"
    )
    # No foreign key: its check would lock each row of the archive.
    document_ref = fields.Integer(
        string="Document ID", required=True, readonly=True, aggregator=None
    )
    taken_on = fields.Datetime(required=True, readonly=True)

    _document_unique = models.UniqueIndex("(share_id, document_ref)")
    _taken_idx = models.Index("(share_id, taken_on)")

    def _refusal(self):
        return self.env._("What was taken along is written by the server alone.")


class ProgboxShare(models.Model):
    """What is new since the last download."""

    _inherit = "progbox.share"

    @api.model
    def _not_delivered_sql(self, document):
        return SQL(
            "NOT EXISTS (SELECT FROM progbox_share_delivery WHERE share_id = %s"
            " AND document_ref = %s.id)",
            self.id,
            document,
        )

    def _new_count(self):
        return self._document_count(self._new_domain())

    def _taken_domain(self, moment):
        """Return what was taken along at a moment, as it stands in the delivery."""
        taken = SQL(
            """SELECT document_ref FROM progbox_share_delivery
            WHERE share_id = %s AND taken_on = %s""",
            self.id,
            fields.Datetime.to_datetime(moment) or None,
        )
        return Domain("id", "in", SQL("(%s)", taken))

    def _new_domain(self):
        """Return what was not taken along yet."""
        return Domain.custom(
            to_sql=lambda _model, alias, _query: self._not_delivered_sql(
                SQL.identifier(alias)
            ),
        )

    def _last_delivery(self):
        """Return when documents were last taken along, and how many new ones."""
        last = self.env.execute_query(
            SQL(
                """SELECT taken_on, count(*) FROM progbox_share_delivery
                WHERE share_id = %s GROUP BY taken_on
                ORDER BY taken_on DESC LIMIT 1""",
                self.id,
            )
        )
        return last[0] if last else (False, 0)

    def _deliver(self, domain):
        """Remember that these documents are being taken along.

        :param domain: which documents of the share
        :return: the moment that stands for them
        """
        now = fields.Datetime.now()
        documents = self.env["progbox.document"].sudo()
        documents.flush_model()
        found = documents._search(self._documents_domain() & Domain(domain))
        self.env.cr.execute(
            SQL(
                """INSERT INTO progbox_share_delivery (share_id, document_ref, taken_on)
                SELECT %s, id, %s FROM progbox_document WHERE id IN %s
                ON CONFLICT DO NOTHING""",
                self.id,
                now,
                found.subselect(),
            )
        )
        self.env["progbox.share.delivery"].invalidate_model()
        return now
