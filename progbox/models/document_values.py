"""What a client shows of documents that its user may read."""

from collections import namedtuple

from odoo import fields
from odoo.tools import SQL

from ..tools import access

FLUSHED = {
    "progbox.document": (
        "name", "type_id", "mimetype", "size", "sha256", "document_date",
        "res_model", "res_id", "folder_id", "version", "series", "seal_id",
        "trashed_on",
    ),
    "progbox.folder": ("name", "res_id", "locked"),
    "res.users": ("partner_id",),
    "res.partner": ("name",),
}  # fmt: skip
Row = namedtuple(
    "Row",
    "id name type_id mimetype size sha256 document_date create_date author"
    " res_model res_id folder_id folder_name own_folder in_archive trashed_on version"
    " versions",
)


def listed(documents):
    """Return what a client shows of each of these documents.

    :param documents: which the user may read
    :return: dictionary of dictionaries by id
    """
    env = documents.env
    rows = [Row(*row) for row in env.execute_query(_rows_sql(documents))]
    types = env["progbox.document.type"].sudo().browse({row.type_id for row in rows})
    types.fetch(["name"])
    type_names = {type_.id: type_.name for type_ in types}
    names = record_names(env, {(row.res_model, row.res_id) for row in rows})
    writable = _writable(documents, rows)
    open_models = _open_models(env, {row.res_model for row in rows})
    marks = documents._marks()
    values = {}
    for row in rows:
        record_name = names.get((row.res_model, row.res_id), "")
        named = row.own_folder and row.res_model in open_models
        values[row.id] = {
            "id": row.id,
            "name": row.name,
            "typeId": row.type_id,
            "typeName": type_names[row.type_id],
            "mimetype": row.mimetype or "",
            "size": row.size,
            "digest": row.sha256 or "",
            "date": fields.Date.to_string(row.document_date),
            "createdOn": fields.Datetime.to_string(row.create_date),
            "createdBy": row.author,
            "resModel": row.res_model or False,
            "resId": row.res_id,
            "recordName": record_name,
            "folderId": row.folder_id,
            "folderName": row.folder_name if named else record_name,
            "version": row.version,
            "versions": row.versions,
            "locked": row.in_archive,
            "writable": row.id in writable,
            "marks": marks[row.id],
        }
    return values


def record_names(env, places):
    """Return the names of those records that are still there.

    :param places: models and ids of records
    :return: dictionary by model and id
    """
    ids = {}
    for model, id_ in places:
        if model in env and id_:
            ids.setdefault(model, set()).add(id_)
    names = {}
    for model, wanted in ids.items():
        # Without all other fields of the records, which Odoo would read with them.
        records = env[model].sudo()
        records = records.with_context(active_test=False, prefetch_fields=False)
        domain = [("id", "in", list(wanted))]
        needed = ["display_name", *getattr(records, "_progbox_named_by", ())]
        for record in records.search_fetch(domain, needed, order="id"):
            names[model, record.id] = record.display_name
    return names


def _open_models(env, models):
    """Return the models whose folders' names the user may read.

    Who reads the record reads the names of its folders. An employee reads some of their
    own documents only.
    """
    return {
        name
        for name in access.known(env, models)
        if env[name]._progbox_may_at_all("read")
    }


def _writable(documents, rows):
    """Return the ids of those that the user may change, of readable documents.

    Mostly a user may write all records of a model that they read, or none: the rules
    say so without asking the database for each document.
    """
    env, by_model, others = documents.env, {}, []
    models = access.known(env, {row.res_model for row in rows})
    for row in rows:
        if row.res_model not in models or row.trashed_on:
            # In a general folder, or in the trash: each for itself.
            others.append(row.id)
        elif not row.in_archive:
            by_model.setdefault(row.res_model, []).append(row.id)
    others = documents.browse(others)
    others.invalidate_recordset(["writable"], flush=False)
    found = set(others.filtered("writable").ids)
    for model, ids in by_model.items():
        condition = env[model]._progbox_write_rules_sql(SQL("place"))
        if condition is access.TRUE:
            found.update(ids)
        elif condition is not access.FALSE:
            found |= access.allowed(documents.browse(ids), condition)
    return found


def _rows_sql(documents):
    """Return the query of the rows of documents, with the number of their versions."""
    return SQL(
        """SELECT document.id, document.name, document.type_id, document.mimetype,
            document.size, document.sha256, document.document_date,
            document.create_date, author.name, document.res_model, document.res_id,
            folder.id, folder.name,
            folder.res_id IS NULL AND folder.locked IS NOT TRUE,
            folder.locked IS TRUE OR document.seal_id IS NOT NULL,
            document.trashed_on, document.version,
            CASE WHEN document.res_model IS NULL THEN (
                SELECT count(*) FROM progbox_document other
                WHERE other.series = document.series AND other.res_model IS NULL
                AND other.seal_id IS NULL
            ) ELSE (
                SELECT count(DISTINCT other.version) FROM progbox_document other
                WHERE other.res_model = document.res_model
                AND other.res_id = document.res_id
                AND COALESCE(other.series, '') = COALESCE(document.series, '')
            ) END
        FROM progbox_document document
        JOIN progbox_folder folder ON folder.id = document.folder_id
        LEFT JOIN res_users creator ON creator.id = document.create_uid
        LEFT JOIN res_partner author ON author.id = creator.partner_id
        WHERE document.id = ANY(%s)""",
        documents.ids,
        to_flush=[
            documents.env[model]._fields[name]
            for model, names in FLUSHED.items()
            for name in names
        ],
    )
