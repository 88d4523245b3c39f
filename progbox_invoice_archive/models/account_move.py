from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .progbox_job_mixin import UNFINISHED_STATES

# The document type of each kind of entry.
ARCHIVED_TYPES = {
    "out_invoice": "customer_invoice",
    "out_refund": "credit_note",
    "out_receipt": "receipt",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    progbox_archive_state = fields.Selection(
        [
            ("archived", "Archived"),
            ("progress", "Being Archived"),
            ("waiting", "Waiting for the Authority"),
            ("fix", "Archive: To Fix"),
            ("missing", "Not Archived"),
        ],
        string="Archive",
        compute="_compute_progbox_archive_state",
        search="_search_progbox_archive_state",
    )
    progbox_archive_version = fields.Integer(
        string="Archived Version",
        compute="_compute_progbox_archive_version",
        groups="progbox_invoice_archive.group_archive_reader",
    )

    @api.depends("state", "move_type")
    def _compute_progbox_archive_state(self):
        states = dict(
            self.env.execute_query(
                SQL(
                    "SELECT move.id, %s FROM account_move move WHERE move.id = ANY(%s)",
                    self._progbox_archive_state_sql(),
                    self.ids,
                )
            )
        )
        for move in self:
            move.progbox_archive_state = states.get(move._origin.id) or False

    def _search_progbox_archive_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        states = tuple(state or "" for state in value)
        return Domain.custom(
            to_sql=lambda moves, alias, _query: SQL(
                "%s IN %s", moves._progbox_archive_state_sql(alias), states
            ),
            predicate=lambda move: (move.progbox_archive_state or "") in states,
        )

    @api.model
    def _progbox_archive_state_sql(self, alias="move"):
        """Return the state of a row of ``account_move`` as SQL, '' where there is none.

        The same expression serves the field and its search. It reads jobs and
        documents that the accountant may see anyway, so it asks for no rights.
        """
        self.env["progbox.archive.job"].flush_model(["move_id", "state", "error"])
        self.env["progbox.document"].flush_model(["res_model", "res_id", "seal_id"])
        self.flush_model(["state", "move_type"])
        # Open jobs are few: PostgreSQL asks them all at once, and the documents too,
        # when it has to look at many invoices.
        return SQL(
            """CASE
            WHEN %(move)s.state != 'posted' OR %(move)s.move_type NOT IN %(types)s
            THEN ''
            WHEN EXISTS (
                SELECT FROM progbox_archive_job job
                WHERE job.move_id = %(move)s.id
                AND job.state IN ('pending', 'running', 'waiting', 'failed')
            ) THEN (
                SELECT CASE
                    WHEN job.state = 'waiting' THEN 'waiting'
                    WHEN job.state = 'failed' OR job.error IS NOT NULL THEN 'fix'
                    ELSE 'progress' END
                FROM progbox_archive_job job
                WHERE job.move_id = %(move)s.id
                AND job.state IN ('pending', 'running', 'waiting', 'failed')
                ORDER BY job.id DESC LIMIT 1
            )
            WHEN EXISTS (
                SELECT FROM progbox_document document
                WHERE document.res_model = 'account.move'
                AND document.res_id = %(move)s.id
                AND document.seal_id IS NOT NULL
            ) THEN 'archived'
            ELSE 'missing' END""",
            move=SQL.identifier(alias),
            types=tuple(self.get_sale_types(include_receipts=True)),
        )

    @api.depends("state")
    def _compute_progbox_archive_version(self):
        versions = dict(
            self.env["progbox.document"]._read_group(
                Domain("res_model", "=", self._name)
                & Domain("res_id", "in", self.ids)
                & Domain("seal_id", "!=", False),
                ["res_id"],
                ["version:max"],
            )
        )
        for move in self:
            move.progbox_archive_version = versions.get(move._origin.id, 0)

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    def write(self, vals):
        # Odoo posts by writing the state; modules that post past _post() do too.
        drafts = self.browse()
        if vals.get("state") == "posted":
            drafts = self.filtered(lambda move: move.state != "posted")
        result = super().write(vals)
        drafts._progbox_enqueue("posting")
        return result

    def unlink(self):
        deletions = self._progbox_deletions()
        result = super().unlink()
        self.env["progbox.source.deletion"]._note_deletions(deletions)
        return result

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_progbox_open_archive(self):
        """Open the archived documents of these invoices, or the job that is stuck."""
        jobs = self.env["progbox.archive.job"].search(
            Domain("move_id", "in", self.ids)
            & Domain("state", "in", ("pending", "waiting", "failed"))
        )
        documents = self.env["progbox.document"].search(
            Domain("res_model", "=", self._name) & Domain("res_id", "in", self.ids)
        )
        if jobs and not documents:
            xmlid = "progbox_invoice_archive.progbox_archive_job_action"
            domain = [("id", "in", jobs.ids)]
        else:
            xmlid = "progbox_invoice_archive.progbox_document_action"
            domain = [("id", "in", documents.ids)]
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        return {**action, "domain": domain, "context": {}}

    # ------------------------------------------------------------------
    # What is archived; other add-ons extend these
    # ------------------------------------------------------------------

    @api.model
    def _progbox_archived_types(self):
        """Return the types of the documents that are archived of these records.

        :rtype: progbox.document.type
        """
        return self.env["progbox.document.type"]._of_codes(
            *ARCHIVED_TYPES.values(), "einvoice_issued"
        )

    def _progbox_archive_root(self):
        """Return the name of the top folder that the record is archived under."""
        self.ensure_one()
        return self.company_id.progbox_archive_folder

    @api.model
    def _progbox_archived_move_types(self):
        """Return the kinds of entries that are archived when they are posted.

        :return: list of keys of ``move_type``
        """
        return self._progbox_customer_types()

    @api.model
    def _progbox_customer_types(self):
        """Return the kinds of entries that are issued to customers."""
        return self.get_sale_types(include_receipts=True)

    @api.model
    def _progbox_vendor_types(self):
        """Return the kinds of entries that are received from vendors."""
        return self.get_purchase_types(include_receipts=True)

    def _progbox_to_archive(self):
        """Return those among these entries that belong into the archive."""
        types = self._progbox_archived_move_types()
        return self.filtered(
            lambda move: move.state == "posted" and move.move_type in types
        )

    @api.model
    def _progbox_to_archive_sql(self, alias):
        """Return whether a row of entries belongs into the archive.

        :param SQL alias: of the row of ``account_move``
        :rtype: SQL
        """
        return SQL(
            "(%s.state = 'posted' AND %s.move_type IN %s)",
            alias,
            alias,
            tuple(self._progbox_archived_move_types()),
            to_flush=[self._fields["state"], self._fields["move_type"]],
        )

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _progbox_enqueue(self, reason):
        """Give the posted customer documents among these their archive job.

        :param str reason: why, a key of the job's field ``reason``
        """
        if moves := self._progbox_to_archive():
            self.env["progbox.archive.job"]._enqueue(moves, reason)

    def _progbox_deletions(self):
        """Return what the ledger will say of these invoices once they are gone.

        :return: list of values of progbox.source.deletion
        """
        documents = (
            self.env["progbox.document"]
            .sudo()
            .search(
                Domain("res_model", "=", self._name) & Domain("res_id", "in", self.ids),
                order="id",
            )
        )
        return [
            {
                "company_id": ours.company_id[:1].id,
                "res_model": self._name,
                "res_id": move_id,
                "number": ours[-1:].number,
                "document_ids": ours.ids,
            }
            for move_id, ours in documents.grouped("res_id").items()
        ]

    def _progbox_documents(self):
        """Return the current version of the archived documents of each invoice.

        Not what people have filed on it: that is not sealed.

        :return: dictionary of documents by id of the move
        """
        documents = (
            self.env["progbox.document"]
            .sudo()
            .search(
                Domain("res_model", "=", self._name)
                & Domain("res_id", "in", self.ids)
                & Domain("seal_id", "!=", False)
                & Domain("superseded", "=", False),
                order="id",
            )
        )
        return dict(documents.grouped("res_id"))

    def _progbox_valid_documents(self):
        """Return the archived documents that stand for the invoice as it is now.

        Not those of an invoice that has been posted again since, nor of one that
        is a draft: its archive is out of date until the job has run.
        """
        posted = self.filtered(lambda move: move.state == "posted")
        documents = posted._progbox_documents()
        if not documents:
            return {}
        outdated = (
            self.env["progbox.archive.job"]
            .sudo()
            .search(
                Domain("move_id", "in", list(documents))
                & Domain("reason", "=", "posting")
                & Domain("state", "in", UNFINISHED_STATES)
                & Domain("pdf_archived", "=", False)
            )
        )
        for move in outdated.move_id:
            documents.pop(move.id, None)
        return documents

    def _get_invoice_legal_documents_all(self, allow_fallback=False):
        """Serve the archived files where Odoo would fall back to a pro forma."""
        self.ensure_one()
        if allow_fallback and not self.invoice_pdf_report_id:
            documents = self.sudo()._progbox_valid_documents().get(self.id)
            if documents:
                archived = documents._attachment_values()
                self.env["progbox.access.log"]._log_taken(documents)
                return [
                    {
                        "filename": values["name"],
                        "filetype": values["mimetype"],
                        "content": values["raw"],
                    }
                    for values in archived.values()
                ]
        return super()._get_invoice_legal_documents_all(allow_fallback=allow_fallback)
