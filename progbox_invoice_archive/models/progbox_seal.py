import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.ledger import chain


class ProgboxSeal(models.Model):
    """One line of the ledger of a company: append-only, gapless, chained.

    ``payload`` holds all that is sealed, as the very text that was hashed (see
    ``tools/ledger/chain.py``). The other columns are copies of it to search by.
    """

    _name = "progbox.seal"
    _inherit = "progbox.append.only"
    _description = "Ledger Line"
    _order = "company_id, sequence"
    _rec_name = "hash"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    sequence = fields.Integer(required=True, readonly=True, aggregator=None)
    kind = fields.Selection(
        [
            ("deposit", "Deposit"),
            ("source_deleted", "Source Deleted"),
            ("closing", "Closing"),
            ("guards_lifted", "Guards Found Lifted"),
            ("guards_restored", "Guards Restored"),
        ],
        required=True,
        readonly=True,
    )
    document_id = fields.Many2one(
        "progbox.document", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    payload = fields.Text(required=True, readonly=True)
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)
    sealed_on = fields.Datetime(required=True, readonly=True)

    _sequence_unique = models.Constraint(
        "UNIQUE(company_id, sequence)", "The ledger has this line already."
    )
    _deposit_unique = models.UniqueIndex("(document_id) WHERE kind = 'deposit'")
    # So few that every total may ask for them.
    _source_deleted_idx = models.Index(
        "(company_id, sequence) WHERE kind = 'source_deleted'"
    )

    _guards_idx = models.Index(
        "(company_id, sequence) WHERE kind IN ('guards_lifted', 'guards_restored')"
    )

    def _refusal(self):
        return self.env._(
            "The ledger of the archive only grows: its lines are written by the "
            "server, and never changed or removed."
        )

    @api.model
    def _sql_error_to_message(self, exc):
        # The guards of the database raise in the name of this table.
        if exc.diag.constraint_name == "progbox_guard":
            return self.env["progbox.ledger.guards"]._refusal(exc.diag)
        return super()._sql_error_to_message(exc)

    def _anchor_text(self):
        """Return a line and its hash, as reports print it and verifications read it."""
        self.ensure_one()
        return f"{self.sequence}:{self.hash}"

    # ------------------------------------------------------------------
    # Appending
    # ------------------------------------------------------------------

    @api.model
    def _lock(self):
        """Let no other transaction append until this one ends.

        As the first statement of a transaction it also makes sure that the end of
        the chain is seen. Later it may come too late: then the number of the line
        is taken, and the work must be done again.
        """
        self.env.cr.execute(SQL("LOCK TABLE progbox_seal IN SHARE ROW EXCLUSIVE MODE"))

    @api.model
    def _append(self, company, kind, content, document=None):
        """Append one line to the ledger of a company.

        :param res.company company: whose chain
        :param str kind: a key of the field ``kind``
        :param dict content: what is sealed, values that JSON has
        :param progbox.document document: what the line is about, if it is about one
        :rtype: progbox.seal
        :raise ConcurrencyError: when another transaction has appended meanwhile
        """
        sequence, previous_hash = self._lock_end(company)
        now = fields.Datetime.now()
        payload = chain.canonical(
            {
                **content,
                "company": company.id,
                "kind": kind,
                "sealed_on": f"{now.isoformat()}Z",
                "sequence": sequence + 1,
            }
        )
        values = {
            "company_id": company.id,
            "sequence": sequence + 1,
            "kind": kind,
            "document_id": document.id if document else None,
            "payload": payload,
            "previous_hash": previous_hash,
            "hash": chain.link(previous_hash, payload),
            "sealed_on": now,
        }
        try:
            return self._insert(values)
        except psycopg2.errors.UniqueViolation as error:
            # The lock came too late: Odoo, or the job, does the work again.
            raise ConcurrencyError("the line of the ledger was taken") from error

    @api.model
    def _lock_end(self, company):
        """Lock the ledger, and return how its chain ends, at one go.

        :return: number and hash of the last line of the company
        """
        self.env.cr.execute(
            SQL(
                """LOCK TABLE progbox_seal IN SHARE ROW EXCLUSIVE MODE;
                SELECT sequence, hash FROM progbox_seal WHERE company_id = %s
                ORDER BY sequence DESC LIMIT 1""",
                company.id,
            )
        )
        return self.env.cr.fetchone() or (0, chain.GENESIS)

    @api.model
    def _insert(self, values):
        """Insert a line, as the guards of the database want it.

        By hand: the ORM takes as long for it as all the rest of a seal, and has nothing
        to compute here.

        :param dict values: of all the fields
        :rtype: progbox.seal
        """
        now = self.env.cr.now()
        values = {
            **values,
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }
        [[id_]] = self.env.execute_query(
            SQL(
                "INSERT INTO progbox_seal (%s) VALUES %s RETURNING id",
                SQL(", ").join(map(SQL.identifier, values)),
                tuple(values.values()),
            )
        )
        return self.browse(id_)

    @api.model
    def _append_copied(self, company, line, document=None):
        """Append a line of a copy of this very ledger, as it stands there.

        For a server that is rebuilt. Nothing else than the next line of the same chain
        gets in: the guards of the database compute its hash anew.

        :param line: has the sequence, hash, previous_hash, payload and content
        :param progbox.document document: what the line is about, if it is about one
        :rtype: progbox.seal
        """
        self._lock()
        return self._insert(
            {
                "company_id": company.id,
                "sequence": line.sequence,
                "kind": line.content["kind"],
                "document_id": document.id if document else None,
                "payload": line.payload,
                "previous_hash": line.previous_hash,
                "hash": line.hash,
                "sealed_on": fields.Datetime.to_datetime(
                    line.content["sealed_on"].removesuffix("Z").replace("T", " ")
                ),
            }
        )

    @api.model
    def _exported(self, company, after, limit):
        """Return lines of the ledger of a company, as an export keeps them.

        By the number of the line: a ledger of years is not read at once.

        :param int after: number of the line before the first
        :param int limit: how many at most
        :return: list of dictionaries
        """
        self.flush_model()
        return self.env.execute_query_dict(
            SQL(
                """SELECT sequence, coalesce(previous_hash, '') AS previous_hash,
                    payload, hash
                FROM progbox_seal
                WHERE company_id = %s AND sequence > %s
                ORDER BY sequence LIMIT %s""",
                company.id,
                after,
                limit,
            )
        )

    @api.model
    def _last(self, company):
        """Return the last line of the ledger of a company."""
        return self.search_fetch(
            Domain("company_id", "=", company.id),
            ["sequence", "hash"],
            order="sequence desc",
            limit=1,
        )
