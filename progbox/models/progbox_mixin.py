from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, ormcache

from ..tools import access
from ..tools.tab_order import order_of
from ..tools.tab_query import MOST, PAGE, RECORDS, TabQuery
from . import document_values, record_attachments

OWN = "own"
# Up to so many records are named in a domain.
FEW = 500


class ProgboxMixin(models.AbstractModel):
    """Records with a ProGBox tab: documents of their own and of their relatives.

    A model joins with this mixin, a line in its form view and, where it has
    relatives, the sub-queries that find them::

        class RepairOrder(models.Model):
            _name = "repair.order"
            _inherit = ["repair.order", "progbox.mixin"]

            def _progbox_relations(self):
                orders = SQL(
                    "SELECT sale_order_id FROM repair_order WHERE id = %s", self.id
                )
                title = self.env._("Quotations")
                return [
                    *super()._progbox_relations(),
                    Relation("quotations", "sale.order", title, orders),
                ]
    """

    _name = "progbox.mixin"
    _description = "Record With Documents"
    # Whether nothing leads to such records, nor from them to others.
    _progbox_alone = False
    # What a name is made of and does not depend on as Odoo has it: read with it.
    _progbox_named_by = ()

    # ------------------------------------------------------------------
    # The tab
    # ------------------------------------------------------------------

    def progbox_tab(self, text="", sorted_by=""):
        """Return the documents of this record and of its relatives, in groups.

        The record's own group comes first, and is there even when it is empty. With
        ``writable`` and ``attachments``: whether the caller may add documents, and see
        what is attached to messages.

        :param str text: only documents whose file name or type has it, accents and
            case ignored
        :param str sorted_by: column and direction: "name asc"; of name, type, record,
            person, date, size. Without it, the newest come first
        :rtype: dict
        """
        self._progbox_check_tab()
        groups = self._progbox_groups(text, sorted_by)
        documents = self._progbox_document_values(
            id_ for group in groups for id_ in group["items"]
        )
        for group in groups:
            group["items"] = [documents[id_] for id_ in group["items"]]
        return {
            "writable": self._progbox_may("write"),
            "attachments": self._progbox_may("read"),
            "groups": groups,
        }

    def progbox_tab_page(self, key, offset=0, limit=PAGE, text="", sorted_by=""):
        """Return a page of one group: of its documents, or of its records.

        :param str key: of the group
        :param str text: see :meth:`progbox_tab`, and so for `sorted_by`
        :return: dictionary of ``items`` or ``records``, and ``more``
        """
        self._progbox_check_tab()
        offset, limit = max(0, int(offset)), max(1, min(int(limit), RECORDS))
        query = self._progbox_tab_query(text, sorted_by)
        if not query.has(key):
            raise UserError(
                self.env._("There is no such group in this tab. Reload the page.")
            )
        as_records, rows = query.page(self.env, key, offset, limit)
        more = len(rows) > limit
        rows = rows[:limit]
        if not as_records:
            documents = self._progbox_document_values(id_ for id_, _count in rows)
            return {"items": [documents[id_] for id_, _count in rows], "more": more}
        model = query.model_of(key)
        places = [(model, id_) for id_, _count in rows]
        names = document_values.record_names(self.env, places)
        return {
            "records": [
                {
                    "id": id_,
                    "name": names[model, id_],
                    "documents": min(count, MOST),
                    "capped": count > MOST,
                }
                for id_, count in rows
            ],
            "more": more,
        }

    def progbox_tab_count(self):
        """Return how many documents the tab would show, counted as far as the limit.

        :return: dictionary of ``count`` and ``capped``
        """
        if not self._progbox_may_open_tab():
            # Whoever is shown the form and not the tab asks, too.
            return {"count": 0, "capped": False}
        count = self._progbox_tab_query().count(self.env)
        return {"count": min(count, MOST), "capped": count > MOST}

    @api.model
    def progbox_kinds(self):
        """Return the kinds of records that documents can be moved to.

        :return: list of dictionaries of ``model`` and ``title``, where there are
            general folders one without a model
        """
        kinds = [
            {"model": name, "title": self.env[name]._progbox_folder_title()}
            for name in self._progbox_models()
            if self.env[name]._progbox_may_at_all("write")
        ]
        general = Domain("general", "=", True) & Domain("writable", "=", True)
        if self.env["progbox.folder"].search_count(general, limit=1):
            kinds.append({"model": False, "title": self.env._("General folders")})
        return kinds

    def _progbox_document_values(self, ids):
        """Return what the tab shows of documents, by their ids."""
        return document_values.listed(self.env["progbox.document"].browse(ids))

    def _progbox_groups(self, text, sorted_by):
        """Return the groups of the tab, with ids where the documents go."""
        query = self._progbox_tab_query(text, sorted_by)
        return [
            {
                "key": group.key,
                "model": group.model,
                "title": group.title,
                # Of the relatives, those with documents.
                "records": 1 if group.key == OWN else found.records,
                "documents": min(found.documents, MOST),
                "capped": found.documents > MOST,
                "asRecords": found.as_records,
                "items": found.ids[:PAGE],
                "more": found.as_records or len(found.ids) > PAGE,
            }
            for group, found in query.groups(self.env)
            if found.documents or group.key == OWN
        ]

    def _progbox_tab_query(self, text="", sorted_by=""):
        """Return what asks the database for the tab, all groups in one statement."""
        # The statement reads columns of many tables.
        self.env.flush_all()
        documents = self.env["progbox.document"]
        document = SQL("document")
        query = TabQuery(
            documents._progbox_shown_sql(document, text),
            documents._progbox_superseded_sql(document),
            order_of(self.env, sorted_by),
        )
        own = self._progbox_own_documents_sql(document)
        query.add(OWN, self._name, self.env._("This record"), self._progbox_self(), own)
        for relation in self._progbox_relatives():
            records = self._progbox_readable_of(relation)
            if records is not None:
                query.add(relation.key, relation.model, relation.title, records)
        return query

    def _progbox_relatives(self):
        """Return the relations of this record, one for each group of the tab."""
        relatives = {}
        for relation in [] if self._progbox_alone else self._progbox_relations():
            if not self.env[relation.model]._progbox_alone:
                key = relation.key, relation.model
                known = relatives.get(key)
                relatives[key] = (
                    known._replace(ids=SQL("%s UNION %s", known.ids, relation.ids))
                    if known
                    else relation
                )
        return relatives.values()

    def _progbox_readable_of(self, relation):
        """Return the query of the relatives that the caller may read, or None."""
        query = self.env[relation.model]._progbox_readable()
        if query is None or query.is_empty():
            return None
        # The record itself has a group of its own.
        other = self.id if relation.model == self._name else 0
        return SQL(
            "SELECT %(table)s.id FROM %(tables)s"
            " WHERE %(table)s.id = ANY(ARRAY(%(ids)s))"
            " AND %(table)s.id != %(other)s AND %(where)s",
            table=SQL.identifier(query.table),
            tables=query.from_clause,
            ids=relation.ids,
            other=other,
            where=query.where_clause or SQL("TRUE"),
        )

    def _progbox_relative_ids(self, model):
        """Return the ids of the relatives of a model that the caller may read."""
        self.ensure_one()
        self.env.flush_all()
        queries = [
            query
            for relation in self._progbox_relatives()
            if relation.model == model
            if (query := self._progbox_readable_of(relation)) is not None
        ]
        if not queries:
            return []
        rows = self.env.execute_query(SQL(" UNION ").join(queries))
        return sorted(id_ for (id_,) in rows)

    def _progbox_self(self):
        return SQL("SELECT %s::int AS id", self.id)

    # ------------------------------------------------------------------
    # What other add-ons extend
    # ------------------------------------------------------------------

    def _progbox_relations(self):
        """Return the relatives of this record, in the order of the tab.

        Relations of the same key and model are one group.

        :return: list of Relation
        """
        return []

    # ------------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------------

    def _progbox_check_tab(self):
        """Check that the caller may open the tab of this record.

        :raise AccessError: the user may not
        """
        self.ensure_one()
        self._progbox_check_access("read")

    def _progbox_check_access(self, operation):
        """Check what the caller may do with the documents of these records.

        Portal users may read some records, and none of their documents.

        :param str operation: "read" or "write"
        :raise AccessError: they may not
        """
        if not (self.env.su or self.env.user._is_internal()):
            raise AccessError(
                self.env._("Documents of records are for people inside the company.")
            )
        self.check_access(operation)

    def _progbox_may_open_tab(self):
        """Return whether the caller may open the tab of this record."""
        try:
            self._progbox_check_tab()
        except AccessError:
            return False
        return True

    def _progbox_may(self, operation):
        """Return whether :meth:`_progbox_check_access` lets the caller do so.

        Without the words of a refusal, which Odoo asks the database for.
        """
        is_inside = self.env.su or self.env.user._is_internal()
        return is_inside and self.has_access(operation)

    def _progbox_own_documents_sql(self, _alias):
        """Return which of the record's own documents the caller may see, as SQL."""
        return SQL("TRUE")

    @api.model
    @ormcache()
    def _progbox_models(self):
        """Return the names of the models that have a ProGBox tab."""
        return tuple(
            name
            for name, model in sorted(self.env.registry.items())
            if not model._abstract and hasattr(model, "progbox_tab")
        )

    @api.model
    def _progbox_readable(self, mode="read"):
        """Return the query of the records that the caller may read or write.

        The superuser mode of the environment does not count: it is asked for in the
        middle of the rules of the ORM.

        :param str mode: "read" or "write"
        :rtype: odoo.tools.Query, or None when it is none at all
        """
        # Rules ask for parents of companies: without all that Odoo knows of companies.
        context = {"active_test": False, "prefetch_fields": False}
        model = self.sudo(False).with_context(**context)
        if not self._progbox_may_at_all(mode):
            return None
        if mode == "read":
            return model._search(Domain.TRUE)
        domain = model.env["ir.rule"]._compute_domain(self._name, mode)
        return model.sudo()._search(domain)

    @api.model
    def _progbox_few(self):
        """Return the domain of what belongs to records that the caller may read.

        It adds nothing to their rights, and says their records where these are few, by
        ``res_id``: a list of a million documents would ask each of them for its record
        before it finds that there is none.

        :rtype: Domain
        """
        query = self._progbox_readable()
        if query is None:
            return Domain.FALSE
        query.limit = FEW + 1
        ids = query.get_result_ids()
        return Domain("res_id", "in", ids) if len(ids) <= FEW else Domain.TRUE

    @api.model
    def _progbox_may_at_all(self, mode):
        """Return whether the caller may read or write any record of the model."""
        model = self.sudo(False).browse()
        return self.env.user._is_internal() and model.has_access(mode)

    @api.model
    def _progbox_access_sql(self, mode, alias, documents):
        """Return whether the caller may read or write the record of a row, as SQL.

        What is in the trash is read by those only who may also write the record.

        :param str mode: "read" or "write"
        :param SQL alias: of a row with ``res_id``
        :param bool documents: whether it is a row of documents, with type and trash
        """
        readable = access.exists(self._progbox_readable(), alias)
        if mode == "write":
            return SQL("(%s AND %s)", readable, self._progbox_write_rules_sql(alias))
        if not documents:
            return readable
        return SQL(
            "(%s AND (%s.trashed_on IS NULL OR %s))",
            readable,
            alias,
            self._progbox_write_rules_sql(alias),
        )

    @api.model
    def _progbox_write_rules_sql(self, alias):
        """Return whether the caller, who reads the record of a row, may write it."""
        if not self._progbox_may_at_all("write"):
            return access.FALSE
        rules = self.sudo(False).env["ir.rule"]
        if rules._compute_domain(self._name, "write") == rules._compute_domain(
            self._name
        ):
            return access.TRUE
        return access.exists(self._progbox_readable("write"), alias)

    @api.model
    def _progbox_keeps_orphans(self):
        """Return whether the caller looks after documents of records that are gone."""
        return self.env.user.has_group("base.group_system")

    def write(self, vals):
        result = super().write(vals)
        if "company_id" in vals:
            self._progbox_follow_company()
        return result

    def unlink(self):
        self.check_access("unlink")
        # Before the records are gone: their names are kept.
        self.env["progbox.document"]._progbox_before_unlink(self)
        return super().unlink()

    def _progbox_follow_company(self):
        """Give documents and folders the company of their record."""
        folders = self.env["progbox.folder"].sudo()
        documents = self.env["progbox.document"].sudo()
        for record in self.sudo():
            company = {"company_id": record.company_id.id}
            place = Domain("res_model", "=", self._name)
            place &= Domain("res_id", "=", record.id)
            inside = Domain("id", "child_of", folders.search(place).ids)
            folders.search(inside).write(company)
            documents.search(place & Domain("seal_id", "=", False)).write(company)

    # ------------------------------------------------------------------
    # Folders
    # ------------------------------------------------------------------

    @api.model
    def _progbox_folder_title(self):
        """Return what stands above the folders of these records: "Quotations"."""
        return self.env["ir.model"].sudo()._get(self._name).name

    # ------------------------------------------------------------------
    # Attachments of the chatter
    # ------------------------------------------------------------------

    def progbox_attachments(self):
        """Return what is attached to this record and to its messages, newest first.

        :return: dictionaries of ``id``, ``name``, ``mimetype``, ``size``, ``date``,
            ``createdBy``, ``url``, and ``kept``: whether it is a document already
        """
        self.ensure_one()
        self._progbox_check_access("read")
        return record_attachments.listed(self)

    def progbox_keep_attachment(self, attachment_id):
        """Make a document of this record of one of its attachments.

        :return: dictionary of ``documentId`` and ``alreadyThere``: what to say when it
            was a document before
        """
        self.ensure_one()
        self._progbox_check_access("write")
        attachment = record_attachments.found(self, attachment_id)
        document, already_there = self.env["progbox.document"]._progbox_drop(
            self,
            attachment._progbox_staged_again(),
            {"name": attachment.name, "mimetype": attachment.mimetype},
        )
        return {"documentId": document.id, "alreadyThere": already_there}
