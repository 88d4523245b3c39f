from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.sentinels import ARCHIVER


class ProgboxDocument(models.Model):
    """A file in a folder.

    What stands in a locked folder is evidence. It keeps copies of the number,
    the client and the amount instead of links, so that nothing that happens to
    the record it comes from reaches it.
    """

    _name = "progbox.document"
    _description = "Document"
    _order = "document_date desc, number desc, version desc, id desc"
    _check_company_auto = True

    name = fields.Char(string="File Name", required=True)
    folder_id = fields.Many2one(
        "progbox.folder",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.company,
    )
    type_id = fields.Many2one(
        "progbox.document.type", required=True, index=True, ondelete="restrict"
    )
    content = fields.Binary(attachment=True)
    mimetype = fields.Char(readonly=True)
    sha256 = fields.Char(string="SHA-256", size=64, readonly=True)
    size = fields.Integer(string="Size (bytes)", readonly=True, aggregator="sum")
    res_model = fields.Char(string="Record Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True
    )
    version = fields.Integer(default=1, readonly=True, aggregator=None)
    superseded = fields.Boolean(
        compute="_compute_superseded",
        search="_search_superseded",
        help="A later version of the same document exists.",
    )
    origin = fields.Selection(
        [
            ("generated", "Made at posting"),
            ("legal", "Document that was sent"),
            ("emailed", "Document that was e-mailed"),
            ("imported", "Document that came with the import"),
            ("rebuilt", "Rebuilt for the archive"),
        ],
        readonly=True,
    )
    made_with = fields.Json(
        readonly=True,
        help="Report, format, language and renderer that made the file.",
    )
    document_date = fields.Date(string="Date", readonly=True)
    number = fields.Char(readonly=True, index="trigram")
    partner_name = fields.Char(string="Client", readonly=True, index="trigram")
    amount_total = fields.Monetary(string="Amount", readonly=True)
    currency_name = fields.Char(string="Currency Code", readonly=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    locked = fields.Boolean(related="folder_id.locked")

    _res_idx = models.Index("(res_model, res_id, version)")
    # The order of the lists: without it, the first page sorts the whole archive.
    _order_idx = models.Index(
        "(document_date DESC, number DESC, version DESC, id DESC)"
    )

    @api.depends("res_model", "res_id", "version")
    def _compute_superseded(self):
        latest = dict(
            self.env.execute_query(
                SQL(
                    "SELECT older.id, TRUE FROM progbox_document older"
                    " WHERE older.id = ANY(%s) AND %s",
                    self.ids,
                    self._superseded_sql(SQL("older")),
                )
            )
        )
        for document in self:
            document.superseded = latest.get(document.id, False)

    def _search_superseded(self, operator, value):
        if operator != "in":
            return NotImplemented
        if set(value) == {True, False}:
            return Domain.TRUE
        # Asked row by row, with the index: "id NOT IN (…)" would first make a list
        # of all that is superseded.
        wanted = SQL("") if True in value else SQL("NOT")
        return Domain.custom(
            to_sql=lambda model, alias, _query: SQL(
                "%s %s", wanted, self._superseded_sql(SQL.identifier(alias))
            ),
            predicate=lambda document: document.superseded in value,
        )

    @api.model
    def _superseded_sql(self, alias):
        return SQL(
            "EXISTS (SELECT FROM progbox_document newer"
            " WHERE newer.res_model = %(older)s.res_model"
            " AND newer.res_id = %(older)s.res_id"
            " AND newer.version > %(older)s.version)",
            older=alias,
        )

    @api.depends("currency_name")
    def _compute_currency_id(self):
        currencies = self.env["res.currency"].with_context(active_test=False)
        by_name = {
            currency.name: currency
            for currency in currencies.search(
                Domain("name", "in", list(set(self.mapped("currency_name"))))
            )
        }
        for document in self:
            document.currency_id = by_name.get(document.currency_name)

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        folders = self.env["progbox.folder"].browse(
            vals["folder_id"] for vals in vals_list if vals.get("folder_id")
        )
        if folders.sudo().filtered("locked"):
            folders._check_archiver(
                self.env._("Nobody adds documents to the archive by hand.")
            )
        return super().create(vals_list)

    def write(self, vals):
        target = self.env["progbox.folder"].browse(vals.get("folder_id") or [])
        if (self.sudo().folder_id | target.sudo()).filtered("locked"):
            target._check_archiver(
                self.env._("Documents of the archive are neither changed nor moved.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_except_locked(self):
        folders = self.sudo().folder_id
        if folders.filtered("locked"):
            folders._check_archiver(
                self.env._("Documents of the archive are not deleted.")
            )

    def copy_data(self, default=None):
        raise UserError(
            self.env._("A document exists once. Download it to have a copy of it.")
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_open_record(self):
        """Open the record the document comes from."""
        self.ensure_one()
        record = self._source_record()
        if not record:
            raise UserError(
                self.env._(
                    "%(number)s has been deleted in Odoo. Its archived document stays.",
                    number=self.number or self.name,
                )
            )
        return record._get_records_action()

    def _source_record(self):
        """Return the record the document comes from, empty when it is gone."""
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env:
            return self.browse()
        return self.env[self.res_model].browse(self.res_id).exists()

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _content_attachment(self):
        """Return the attachment that holds the bytes."""
        self.ensure_one()
        return (
            self.env["ir.attachment"]
            .sudo()
            .search(
                Domain("res_model", "=", self._name)
                & Domain("res_id", "=", self.id)
                & Domain("res_field", "=", "content"),
                order="id",
                limit=1,
            )
        )

    def _made_with(self, settings):
        """Whether all these files were generated with the given settings.

        :param dict settings: report name, format and language
        """
        return all(
            document.made_with and settings.items() <= document.made_with.items()
            for document in self
        )

    def _attachment_values(self):
        """Return what Odoo needs to attach these files to their invoice.

        :return: values of ir.attachment, by the key under which Odoo collects
            them while it sends an invoice
        :raise FileMissing: when the file store has lost one
        """
        return {
            (document.made_with or {}).get("key", document.name): {
                "name": document.name,
                "mimetype": document.mimetype,
                **(document.made_with or {}).get("values", {}),
                "raw": b"".join(document._content_attachment()._progbox_blocks()),
            }
            for document in self
        }

    @api.model
    def _deposit(self, vals, blocks):
        """Create a document of the archive from its bytes.

        :param dict vals: field values of the document, without the content
        :param blocks: iterable of bytes
        :rtype: progbox.document
        """
        archive = self.sudo().with_context(progbox_archiver=ARCHIVER)
        attachments = self.env["ir.attachment"]
        with attachments._progbox_stage(blocks) as staged:
            document = archive.create(
                {**vals, "sha256": staged.sha256, "size": staged.size}
            )
            attachments._progbox_adopt(
                staged,
                {
                    "name": document.name,
                    "mimetype": document.mimetype,
                    "res_model": self._name,
                    "res_id": document.id,
                    "res_field": "content",
                    "company_id": document.company_id.id,
                },
            )
        return document.with_env(self.env)
