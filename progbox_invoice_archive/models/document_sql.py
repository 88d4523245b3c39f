"""SQL about documents and folders that others put into their queries.

Nobody extends it.
What another add-on extends is a method of progbox.document: which documents are
archived, and which are superseded.
"""

from odoo.tools import SQL


def invoices_sql(env, condition):
    """Return the documents that make a total, as a sub-query of SQL.

    An invoice counts once: with the current version of its archived files, and of
    these with the file that is the invoice, not with the electronic one beside it.
    What was dropped on it, a signed copy for example, counts only where nothing of it
    is archived. An invoice that the ledger says was deleted in Odoo does not count any
    more.

    :param SQL condition: which rows of ``document`` to add up; flushed before
    """
    return SQL(
        """(
            SELECT DISTINCT ON (res_model, COALESCE(res_id, -document.id))
                document_date, create_date, currency_name, amount_total
            FROM progbox_document document
            WHERE %s AND currency_name IS NOT NULL AND NOT %s AND NOT %s
            ORDER BY res_model, COALESCE(res_id, -document.id),
                series NULLS FIRST, document.id
        )""",
        condition,
        env["progbox.document"]._superseded_sql(SQL("document")),
        _source_deleted_sql(SQL("document")),
    )


def _source_deleted_sql(alias):
    """Return whether the ledger says that the source of a document was deleted."""
    return SQL(
        "%s.id IN (SELECT jsonb_array_elements(line.payload::jsonb -> 'documents')"
        "::int FROM progbox_seal line WHERE line.kind = 'source_deleted')",
        alias,
    )


def renumbered_sql(env, alias):
    """Return the number that the invoice of a sealed document has now, as SQL.

    NULL where it is the same, or the invoice is gone: the invoice is what a document
    belongs to, whatever number stands on it.

    :param SQL alias: of the row of ``progbox_document``
    """
    return SQL(
        """(SELECT move.name FROM account_move move
        WHERE %(document)s.res_model = 'account.move'
        AND %(document)s.seal_id IS NOT NULL
        AND move.id = %(document)s.res_id AND move.state = 'posted'
        AND move.name IS NOT NULL AND move.name != %(document)s.number)""",
        document=alias,
        to_flush=[
            *_fields(env["account.move"], "name", "state"),
            *_fields(env["progbox.document"], "res_id", "number", "seal_id"),
        ],
    )


def outdated_sql(env, alias):
    """Return whether a newer version of a document is still to be archived.

    What Odoo would say today is not asked for, which takes a look at each page: the
    queue knows which invoices somebody has changed.

    :param SQL alias: of the row of ``progbox_document``
    """
    documents = env["progbox.document"]
    return SQL(
        """CASE WHEN %(document)s.res_model = 'account.move'
        AND %(document)s.seal_id IS NOT NULL
        AND COALESCE(%(document)s.series, '') = ''
        AND %(document)s.res_id IN (
            SELECT job.move_id FROM progbox_archive_job job
            WHERE job.state IN ('pending', 'running', 'waiting', 'failed')
            AND job.reason IN ('posting', 'legal', 'changed')
            AND job.pdf_archived IS NOT TRUE
        ) THEN NOT %(superseded)s ELSE FALSE END""",
        document=alias,
        superseded=documents._superseded_sql(alias),
        to_flush=[
            *_fields(env["progbox.archive.job"], "state", "reason", "pdf_archived"),
            *_fields(documents, "res_id", "series", "seal_id"),
        ],
    )


def path_sql(alias):
    """Return the names from the root to a folder, as an array of SQL.

    A folder without a name has the title of a record, which SQL does not know: there
    stands which record it is. What people read comes from progbox.folder._paths().

    :param SQL alias: of the row of ``progbox_folder``
    """
    return SQL(
        "(SELECT array_agg(COALESCE(ancestor.name,"
        " concat_ws(' ', ancestor.res_model, ancestor.res_id))"
        " ORDER BY length(ancestor.parent_path))"
        " FROM progbox_folder ancestor WHERE ancestor.id = ANY("
        "string_to_array(trim(trailing '/' FROM %s.parent_path), '/')::int[]))",
        alias,
    )


def _fields(model, *names):
    return [model._fields[name] for name in names]
