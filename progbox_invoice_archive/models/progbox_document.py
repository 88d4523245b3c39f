import logging
import uuid

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql, format_date
from odoo.tools.misc import clean_context

from ..exceptions import FileMissing, FileUnreadable
from ..tools.search_words import plain_text, typed_domain
from ..tools.sentinels import SERVER
from ..tools.ticked import ticked
from .compilation_texts import size_text
from .document_sql import invoices_sql, renumbered_sql
from .res_users import ARCHIVE_MANAGER

_logger = logging.getLogger(__name__)

SEAL_BATCH = 1000
# Documents that one e-mail takes, and bytes of them: few servers take larger ones.
MOST_OF_AN_EMAIL, LARGEST_EMAIL = 50, 25_000_000


class ProgboxDocument(models.Model):
    """A file in a folder.

    What stands in a locked folder is evidence. It keeps copies of the number,
    the client and the amount instead of links, so that nothing that happens to
    the record it comes from reaches it.
    """

    _name = "progbox.document"
    _description = "Document"
    _inherit = "progbox.words.mixin"
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
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.company,
        help="Empty for documents of a record that all companies share.",
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
    series = fields.Char(
        readonly=True,
        copy=False,
        help="Whose versions this file is one of. Empty for the archived files of a "
        "record; a file that was dropped on it has a series of its own.",
    )
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
    before_answer = fields.Boolean(
        string="Before the Authority's Answer",
        readonly=True,
        help="Archived while the authority's answer to the invoice was still to come. "
        "The document with the answer is the next version.",
    )
    made_with = fields.Json(
        readonly=True,
        help="Report, format, language and renderer that made the file.",
    )
    said = fields.Json(
        readonly=True,
        copy=False,
        help="Digests of what the document says: it is handed over while Odoo would "
        "still say the same.",
    )
    document_date = fields.Date(string="Date", readonly=True)
    number = fields.Char(readonly=True, index="trigram")
    partner_name = fields.Char(string="Client", readonly=True, index="trigram")
    search_text = fields.Char(
        compute="_compute_search_text",
        store=True,
        index="trigram",
        # It has words of the invoice, which not every reader of a document may read.
        groups=fields.NO_ACCESS,
        help="What the document is found by, in plain letters.",
    )
    amount_total = fields.Monetary(string="Amount", readonly=True)
    currency_name = fields.Char(string="Currency Code", readonly=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    locked = fields.Boolean(related="folder_id.locked", string="Archived")
    seal_id = fields.Many2one(
        "progbox.seal",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The line of the ledger that vouches for this document.",
    )
    retention_until = fields.Date(
        string="Kept Until",
        compute="_compute_retention_until",
        help="Until then the document must be kept. Nothing is removed by itself.",
    )
    notice = fields.Char(
        compute="_compute_notice",
        help="What to know before relying on this document.",
    )
    renderer = fields.Char(compute="_compute_renderer")
    version_ids = fields.Many2many(
        "progbox.document",
        compute="_compute_version_ids",
        string="All Versions",
        help="Every version of this document, this one included.",
    )

    _company_of_sealed = models.Constraint(
        "CHECK (seal_id IS NULL OR company_id IS NOT NULL)",
        "A document of the archive belongs to a company.",
    )
    # What a record's page shows, newest first.
    _record_idx = models.Index("(res_model, res_id, document_date DESC, id DESC)")
    # Whoever asks for versions writes the series as it stands here.
    _res_idx = models.Index("(res_model, res_id, COALESCE(series, ''), version)")
    # The order of the lists: without it, the first page sorts the whole archive.
    _order_idx = models.Index(
        "(document_date DESC, number DESC, version DESC, id DESC)"
    )

    @api.depends("res_model", "res_id", "series", "version")
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
            document.superseded = latest.get(document._origin.id, False)

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

    @api.depends("name", "number", "partner_name", "res_model", "res_id")
    def _compute_search_text(self):
        words = self._words_of_records()
        for document in self:
            document.search_text = plain_text(
                " ".join(
                    filter(
                        None,
                        (
                            document.number,
                            document.partner_name,
                            *words.get((document.res_model, document.res_id), ()),
                            document.name,
                        ),
                    )
                )
            )

    @api.depends("currency_name")
    def _compute_currency_id(self):
        ids = self.env["res.currency"]._progbox_ids()
        for document in self:
            document.currency_id = ids.get(document.currency_name)

    @api.depends("document_date", "type_id.retention_years")
    def _compute_retention_until(self):
        """The end of the year in which the years of the type are over."""
        for document in self:
            years = document.type_id.retention_years
            document.retention_until = (
                document.document_date
                and years
                and document.document_date
                + relativedelta(years=years, month=12, day=31)
            )

    @api.depends("number", "name", "res_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        renumbered = self._renumbered()
        for document in self:
            document.display_name = self._number_text(
                document.number or document.name, renumbered.get(document.id)
            )

    @api.depends(
        "superseded", "before_answer", "origin", "create_date", "number", "res_id"
    )
    @api.depends_context("lang", "tz")
    def _compute_notice(self):
        renumbered = self._renumbered()
        for document in self:
            notices = []
            if number := renumbered.get(document.id):
                notices.append(self.env._("Renumbered, now %(number)s", number=number))
            if document.superseded:
                notices.append(self.env._("Superseded"))
            if document.before_answer:
                notices.append(self.env._("Before the authority's answer"))
            if document.origin == "rebuilt":
                notices.append(
                    self.env._(
                        "Rebuilt on %(date)s",
                        date=format_date(self.env, document.create_date),
                    )
                )
            document.notice = " · ".join(notices)

    @api.depends("made_with")
    def _compute_renderer(self):
        for document in self:
            document.renderer = (document.made_with or {}).get("renderer")

    @api.depends("res_model", "res_id", "series")
    def _compute_version_ids(self):
        for document in self:
            document.version_ids = document
            if document.res_id:
                document.version_ids = self.search(
                    Domain("res_model", "=", document.res_model)
                    & Domain("res_id", "=", document.res_id)
                    & Domain("series", "=", document.series)
                )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        # A default of the context names the folder as well as the values do.
        default = self.default_get(["folder_id"]).get("folder_id")
        vals_list = [{"folder_id": default, **vals} for vals in vals_list]
        folders = self.env["progbox.folder"].browse(
            {vals["folder_id"] for vals in vals_list} - {None, False}
        )
        locked = folders.sudo().filtered("locked")
        if locked or any(vals.get("seal_id") for vals in vals_list):
            folders._check_archiver(
                self.env._("Nobody adds documents to the archive by hand.")
            )
        for vals in vals_list:
            # The archived files of a record have no series. Whatever else is dropped
            # on it has one, so that it never supersedes them.
            if not vals.get("series"):
                outside = vals["folder_id"] not in locked.ids
                vals["series"] = outside and self._new_series()
        return super().create(vals_list)

    def write(self, vals):
        target = self.env["progbox.folder"].browse(vals.get("folder_id") or [])
        if (
            target.sudo().locked
            or vals.get("seal_id")
            or ("series" in vals and not vals["series"])
            or self.sudo()._progbox_in_archive()
        ):
            target._check_archiver(
                self.env._("Documents of the archive are neither changed nor moved.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_except_archived(self):
        if archived := self.sudo()._progbox_in_archive():
            archived.folder_id._check_archiver(
                self.env._("Documents of the archive are not deleted.")
            )

    def _progbox_in_archive(self):
        """Return those among these documents that are evidence."""
        return self.filtered(lambda document: document.seal_id or document.locked)

    def _progbox_logged(self):
        """Return those among these documents whose openings are written down."""
        backups = self.filtered(lambda d: d.res_model == "progbox.compilation")
        return self._progbox_in_archive() | backups

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

    def action_download(self):
        """Hand over the file of this document.

        :raise UserError: when it cannot be read
        """
        self.ensure_one()
        if problem := self.file_problem():
            raise UserError(problem["text"])
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/content?download=1",
            "target": "download",
        }

    def action_send(self):
        """Open an e-mail with the files of these documents.

        It stands in the messages of the record that they are of, if it is one. Who
        opens it has taken the files, whether it is sent or not.

        :raise UserError: when they are too many for an e-mail
        """
        documents = ticked(self)
        documents.check_access("read")
        size = sum(documents.mapped("size"))
        if len(documents) > MOST_OF_AN_EMAIL or size > LARGEST_EMAIL:
            raise UserError(
                self.env._(
                    "An e-mail takes up to %(most)s documents of %(size)s together. "
                    "Share their folder instead, or download them.",
                    most=MOST_OF_AN_EMAIL,
                    size=size_text(self.env, LARGEST_EMAIL),
                )
            )
        contents = self.env["ir.attachment"].sudo()
        for document in documents:
            if problem := document.file_problem():
                raise UserError(problem["text"])
            contents += document.sudo()._content_attachment()
        self.env["progbox.access.log"]._log_taken(
            documents._progbox_logged(), self.env._("Sent by e-mail")
        )
        composer = self.env["mail.compose.message"]
        record = documents._record_to_write_about()
        defaults = {
            "composition_mode": "comment",
            "subject": ", ".join(d.number or d.name for d in documents[:3]),
            "attachment_ids": contents._progbox_given_to(composer).ids,
        }
        if record:
            defaults["model"], defaults["res_ids"] = record._name, record.ids
            defaults["partner_ids"] = documents._recipients(record).ids
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send by E-mail"),
            "res_model": composer._name,
            "view_mode": "form",
            "target": "new",
            "context": {f"default_{name}": value for name, value in defaults.items()},
        }

    def _record_to_write_about(self):
        """Return the one record of these documents that may be read and written to."""
        places = {(d.res_model, d.res_id) for d in self}
        record = self[:1]._source_record() if len(places) == 1 else None
        can_write = record and hasattr(record, "message_post")
        return record if can_write and record.has_access("read") else None

    def _recipients(self, record):
        """Return whom an e-mail about a record is proposed to go to."""
        if "partner_id" in record._fields:
            return record.partner_id
        return self.env["res.partner"]

    def action_compile(self):
        """Open the wizard for the invoices that these documents are of.

        Of all documents that match the list, when all are ticked.
        """
        return ticked(self)._compile()

    def _compile(self):
        self.check_access("read")
        pdfs = self.filtered(
            lambda document: (
                document.mimetype == "application/pdf"
                and document.res_model in (False, "account.move")
            )
        )
        moves = (
            self.env["account.move"].browse(list(dict.fromkeys(pdfs.mapped("res_id"))))
        ).exists()
        alone = pdfs.filtered(
            lambda document: (
                document.res_id not in moves._ids and not document.superseded
            )
        )
        if not moves and not alone:
            raise UserError(
                self.env._("There is no invoice among these documents to compile.")
            )
        return self.env["progbox.compile.wizard"]._open(moves, alone)

    def _source_record(self):
        """Return the record the document comes from, empty when it is gone."""
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env:
            return self.browse()
        return self.env[self.res_model].browse(self.res_id).exists()

    def action_access_log(self):
        """Show who has been at these documents, or took a folder with them along."""
        ancestors = {int(id_) for f in self.folder_id for id_ in f._ancestor_ids()}
        return self.env["progbox.access.log"]._action(
            Domain("document_ref", "in", self.ids)
            | (
                Domain("document_ref", "=", False)
                & Domain("folder_ref", "in", sorted(ancestors))
            )
        )

    def file_problem(self):
        """Return why the file of one document cannot be shown, or False.

        A client asks it while it shows a page that would stay grey.

        :return: dictionary of ``text``, and of ``verify``: whether the user may have
            the archive verified
        """
        self.ensure_one()
        self.check_access("read")
        attachment = self._content_attachment()
        text = False
        if not attachment:
            text = self._gone_text()
        try:
            next(iter(attachment._progbox_blocks(1) if attachment else ()), None)
        except FileMissing as error:
            text = str(error)
        except FileUnreadable as error:
            # What the storage says may name a path of the server.
            _logger.warning("%s: %s", self, error)
            text = self.env._(
                "The file of %(name)s cannot be read at the moment. The server's log "
                "says why.",
                name=self.name,
            )
        if not text:
            return False
        may_verify = self.env.user.has_group(ARCHIVE_MANAGER)
        return {"text": text, "verify": self.sudo().locked and may_verify}

    def _gone_text(self):
        return self.env._(
            "The file of %(name)s is gone from the database. Restore it from a backup.",
            name=self.name,
        )

    @api.model
    def _of_companies(self, companies):
        """Return the domain of the documents of companies, those they share included.

        :param res.company companies: of the user, whose rights decide on the rest
        """
        shared = [] if self.env.su else [False]
        return Domain("company_id", "in", [*companies.ids, *shared])

    # ------------------------------------------------------------------
    # Search
    # ------------------------------------------------------------------

    def _words_of_records(self):
        """Return what else the documents of each record are found by.

        :return: dictionary of lists of texts by model and id
        """
        words = {}
        for model, documents in self.grouped("res_model").items():
            if model and hasattr(self.env.get(model), "_progbox_search_words"):
                records = self.env[model].browse(set(documents.mapped("res_id")))
                for record in records.exists():
                    words[model, record.id] = record._progbox_search_words()
        return words

    @api.model
    def _search_words(self, operator, value):
        domain = super()._search_words(operator, value)
        if domain is NotImplemented or not (value or "").strip():
            return domain
        # "6 605,14" and "November 2026" are several words, and one amount or month.
        return domain | typed_domain(self.env, value)

    @api.model
    def _word_domain(self, word):
        found = Domain.custom(
            to_sql=lambda model, alias, _query: SQL(
                "%s LIKE %s",
                SQL.identifier(alias, "search_text"),
                f"%{escape_psql(plain_text(word))}%",
                to_flush=model._fields["search_text"],
            )
        )
        return found | typed_domain(self.env, word)

    # ------------------------------------------------------------------
    # What is archived, and versions
    # ------------------------------------------------------------------

    @api.model
    def _superseded_sql(self, alias):
        return SQL(
            "EXISTS (SELECT FROM progbox_document newer"
            " WHERE newer.res_model = %(older)s.res_model"
            " AND newer.res_id = %(older)s.res_id"
            " AND COALESCE(newer.series, '') = COALESCE(%(older)s.series, '')"
            " AND newer.version > %(older)s.version)",
            older=alias,
            to_flush=[
                self._fields[name]
                for name in ("res_model", "res_id", "series", "version")
            ],
        )

    @api.model
    def _archived_sql(self, alias):
        """Return whether a row of documents is one of its record's archived ones.

        The one definition of "this record is archived": sealed, of the record's own
        set (no series), and of a type that the record asks for. The same as
        :meth:`_archived_domain`. A closing testifies to more, whatever its type: to all
        that was sealed and is of no series.

        :param SQL alias: of the row of ``progbox_document``
        :rtype: SQL
        """
        wanted = [
            SQL(
                "(%s.res_model = %s AND %s.type_id IN %s)",
                alias,
                model,
                alias,
                tuple(types.ids) or (0,),
            )
            for model, types in self._archived_types().items()
        ]
        return SQL(
            "(%s.seal_id IS NOT NULL AND %s.series IS NULL AND (%s))",
            alias,
            alias,
            SQL(" OR ").join(wanted),
            to_flush=[
                self._fields[name]
                for name in ("res_model", "res_id", "series", "type_id", "seal_id")
            ],
        )

    @api.model
    def _archived_domain(self, records):
        """Return the domain of the archived documents of records of one model.

        :param records: recordset of a model that has archived documents
        """
        return (
            Domain("res_model", "=", records._name)
            & Domain("res_id", "in", records.ids)
            & Domain("seal_id", "!=", False)
            & Domain("series", "=", False)
            & Domain("type_id", "in", records._progbox_archived_types().ids)
        )

    @api.model
    def _archived_types(self):
        """Return the types of the archived documents, by model of their record.

        Every model that has the method ``_progbox_archived_types`` is asked.

        :return: dictionary of progbox.document.type by name of the model
        """
        return {
            name: self.env[name]._progbox_archived_types()
            for name, model in self.env.registry.items()
            if not model._abstract and hasattr(model, "_progbox_archived_types")
        }

    @api.model
    def amount_totals(self, domains):
        """Return what the invoices among some documents come to, for the browser.

        :param list domains: of documents; those that the user may read count
        :return: list of str, one for each domain: "€ 1,200.00 · $ 300.00"
        """
        totals = [self._amounts(Domain(domain)) for domain in domains]
        currencies = {currency for amounts in totals for currency in amounts}
        write = self.env["res.currency"]._progbox_totals_writer(currencies)
        return [write(amounts) for amounts in totals]

    @api.model
    def _amounts(self, domain):
        """Return the amounts of the invoices among documents, by currency."""
        found = self._search(domain)
        self.flush_model()
        return dict(
            self.env.execute_query(
                SQL(
                    """SELECT currency_name, sum(amount_total)
                    FROM %s AS document GROUP BY currency_name""",
                    invoices_sql(self.env, SQL("document.id IN %s", found.subselect())),
                )
            )
        )

    def _renumbered(self):
        """Return the numbers that the invoices have now that were renumbered.

        :return: dictionary of numbers by id of the document
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT document.id, %s FROM progbox_document document"
                " WHERE document.id = ANY(%s)",
                renumbered_sql(self.env, SQL("document")),
                self.ids,
            )
        )
        return {id_: number for id_, number in rows if number}

    @api.model
    def _number_text(self, text, now):
        """Return what names a document, and the number that its invoice has now.

        :param str text: its number, or the path of its file
        :param now: see :meth:`_renumbered`
        """
        if not now:
            return text
        return self.env._("%(number)s (renumbered, now %(now)s)", number=text, now=now)

    @api.model
    def _new_series(self):
        """Return the series of a document that is not a version of another one.

        A later version of it is created with the same series and the next number.
        """
        return uuid.uuid4().hex

    @api.model
    def _last_version(self, record):
        """Return the number of the last version of a record's archived files, or 0."""
        [[version]] = self._read_group(
            Domain("res_model", "=", record._name)
            & Domain("res_id", "=", record.id)
            & Domain("series", "=", False),
            [],
            ["version:max"],
        )
        return version or 0

    # ------------------------------------------------------------------
    # Files and seals
    # ------------------------------------------------------------------

    def _content_attachment(self):
        """Return the attachment that holds the bytes."""
        self.ensure_one()
        attachments = self.env["ir.attachment"].sudo()
        return attachments.search(self._content_domain(), order="id", limit=1)

    def _content_attachments(self):
        """Return the attachments that hold the bytes, by id of the document."""
        attachments = self.env["ir.attachment"].sudo()
        found = attachments.search(self._content_domain(), order="id")
        return {id_: ours[0] for id_, ours in found.grouped("res_id").items()}

    def _content_domain(self):
        """Return the domain of the attachments that hold these documents' bytes."""
        return (
            Domain("res_model", "=", self._name)
            & Domain("res_id", "in", self.ids)
            & Domain("res_field", "=", "content")
        )

    def _made_with(self, settings):
        """Whether all these files were generated with the given settings.

        :param dict settings: report name, format and language
        """
        return all(
            document.made_with and settings.items() <= document.made_with.items()
            for document in self
        )

    def _attachment_values(self, contents=None):
        """Return what Odoo needs to attach these files to their invoice.

        :param dict contents: see :meth:`_content_attachments`, where many are asked for
        :return: values of ir.attachment, by the key under which Odoo collects
            them while it sends an invoice
        :raise FileMissing: when the file store has lost one
        """
        if contents is None:
            contents = self._content_attachments()
        return {
            (document.made_with or {}).get("key", document.name): {
                "name": document.name,
                "mimetype": document.mimetype,
                **(document.made_with or {}).get("values", {}),
                "raw": document._content_of(contents),
            }
            for document in self
        }

    def _content_of(self, contents):
        """Return the bytes of this document.

        :param dict contents: see :meth:`_content_attachments`
        :raise FileMissing: when the file store has lost them, or the database has
        """
        if self.id not in contents:
            raise FileMissing(self._gone_text())
        return b"".join(contents[self.id]._progbox_blocks())

    def _note_answered(self):
        """Note that the authority's document is none but these files."""
        early = self.sudo().filtered("before_answer")
        early.with_context(progbox_server=SERVER).write({"before_answer": False})

    @api.model
    def _deposit(self, vals, staged):
        """Create a document of the archive from a file, and seal it.

        :param dict vals: field values of the document, without the content
        :param StagedFile staged: its file; taken over
        :rtype: progbox.document
        """
        archive = self.sudo().with_context(progbox_server=SERVER)
        document = archive._create_with_file(vals, staged)
        self.env["progbox.access.log"]._log("deposit", documents=document)
        return document.with_env(self.env)

    @api.model
    def _create_with_file(self, vals, staged):
        """Create a document of a file: the one way in for every kind of file.

        Deposits, backups and uploads come through here; a restore gives a document its
        file back, and makes none. What is created in a locked folder, which the server
        alone may do, is sealed. One thing goes its own way and calls the hook itself:
        the rebuild of a lost archive from its copies, whose documents have ids and
        lines of the ledger already, and some no file. For example, an upload that
        becomes a document of a project::

            with self.env["ir.attachment"]._progbox_stage(blocks) as staged:
                self.env["progbox.document"]._create_with_file(
                    {
                        "name": "plan.pdf",
                        "mimetype": "application/pdf",
                        "folder_id": folder.id,
                        "company_id": folder.company_id.id,
                        "type_id": plan_type.id,
                        "res_model": project._name,
                        "res_id": project.id,
                    },
                    staged,
                )

        :param dict vals: field values of the document, without the content
        :param StagedFile staged: its file on disk. It is taken over as soon as the
            document has been created: when that is refused, the file is the caller's
            to remove
        :rtype: progbox.document
        """
        # Whoever drops a file chooses the context: its defaults say nothing here.
        # pylint: disable-next=context-overridden
        documents = self.with_context(clean_context(self.env.context))
        document = documents.create(
            {**vals, "sha256": staged.sha256, "size": staged.size}
        ).with_env(self.env)
        document.env["ir.attachment"].sudo()._progbox_adopt(
            staged,
            {
                "name": document.name,
                "mimetype": document.mimetype,
                "res_model": document._name,
                "res_id": document.id,
                "res_field": "content",
                "company_id": document.company_id.id,
            },
        )
        if document.sudo().locked:
            document._seal()
        # What another add-on does there, it does without our key to the archive.
        document.with_context(progbox_server=None)._file_stored()
        return document

    def _file_stored(self):
        """Hook: these documents have their file, in this very transaction.

        Add-ons extend it to queue what must happen with every new file, so that no
        file can be without its job, and no job without its file::

            def _file_stored(self):
                result = super()._file_stored()
                self.env["my.transfer"].sudo().create(
                    [{"document_id": document.id} for document in self]
                )
                return result
        """

    def _marks(self):
        """Hook: what add-ons say of each of these documents on its card.

        A mark is a small icon with a sentence, and what it adds to the card's menu: a
        method of the document that returns an action, or nothing. The caller may read
        these documents; the method asks again::

            def _marks(self):
                marks = super()._marks()
                for document in self:
                    marks[document.id].append(
                        {
                            "name": "my_service",
                            "icon": "fa-cloud text-success",
                            "text": self.env._("Copied"),
                            "menu": [["action_view_there", self.env._("View There")]],
                        }
                    )
                return marks

        :return: dictionary of lists by id
        """
        return {id_: [] for id_ in self.ids}

    def _seal(self):
        """Enter these documents into the ledger."""
        documents = self.sudo().with_context(progbox_server=SERVER)
        for document in documents:
            document.seal_id = self.env["progbox.seal"]._append(
                document.company_id, "deposit", document._sealed_content(), document
            )
        # With all that is computed: the guards look at each change of a sealed row.
        documents.flush_recordset()

    @api.model
    def _seal_unsealed(self):
        """Seal the archived documents that are in no ledger yet, oldest first.

        Only documents of an archive from before the ledger are; everything since
        is sealed as it is deposited.
        """
        domain = Domain("locked", "=", True) & Domain("seal_id", "=", False)
        documents = self.sudo()
        while unsealed := documents.search(domain, order="id", limit=SEAL_BATCH):
            unsealed._seal()
            # An archive of years does not fit into memory.
            self.env.flush_all()
            self.env.invalidate_all()

    def _sealed_content(self):
        """Return what the ledger vouches for, as JSON has it.

        The verification compares every one of these values with the row.
        """
        self.ensure_one()
        decimals = self.currency_id.decimal_places if self.currency_id else 2
        return {
            "amount": f"{self.amount_total:.{decimals}f}",
            "currency": self.currency_name or None,
            "date": self.document_date and self.document_date.isoformat(),
            "document": self.id,
            "folder": "/".join(self.folder_id._path()),
            "made_with": self.made_with and self.made_with.get("renderer"),
            "model": self.res_model or None,
            "name": self.name,
            "number": self.number or None,
            "origin": self.origin or None,
            "partner": self.partner_name or None,
            "record": self.res_id or None,
            "sha256": self.sha256,
            "size": self.size,
            "type": self.type_id.code,
            "version": self.version,
            # Lines from before there were series are those of archived sets.
            **({"series": self.series} if self.series else {}),
        }
