"""Reads the archive for the verification, page by page, with plain SQL.

The ORM takes as long for a document as its file takes to be digested, and knows
nothing that a check of raw rows may trust. Pages go on behind the last key, so a run
may commit between two of them and be taken up again at any.
"""

from collections import namedtuple
from operator import attrgetter
from typing import NamedTuple

from odoo.tools import SQL

from ..tools.ledger.sealed_columns import SEALED_COLUMNS
from ..tools.ledger.verify import read_payload
from .progbox_job_mixin import OPEN_STATES

# Lines, documents or invoices that are in memory at a time.
PAGE_SIZE = 1000
# Bytes that are digested between two moments at which a run may stop.
PORTION_SIZE = 1 << 26
UNKNOWN_TYPE = "application/octet-stream"
# What is read of each line, and of the document it vouches for.
COLUMNS = {
    "id": "seal.id",
    "sequence": "seal.sequence",
    "kind": "seal.kind",
    "document": "seal.document_id",
    "payload": "seal.payload",
    "previous_hash": "seal.previous_hash",
    "hash": "seal.hash",
    "sealed_on": "seal.sealed_on",
    "row_id": "document.id",
    "row_seal": "document.seal_id",
    "row_mimetype": "document.mimetype",
    **SEALED_COLUMNS,
}
# Has all that tools/ledger/walk.py looks at: it is a line of the ledger, too.
Row = namedtuple("Row", COLUMNS)
_sealed_values = attrgetter(*SEALED_COLUMNS)


class File(NamedTuple):
    """An attachment that holds the bytes of a document, or seems to."""

    id: int
    name: str | None
    mimetype: str | None


class Entry(NamedTuple):
    """A line of the ledger with what it vouches for.

    :param Row line: as it was read
    :param dict content: the sealed values
    :param dict row: the document's values under the sealed keys, None without one
    :param list files: of File, the oldest first
    :param list others: ids of attachments that belong to no field the document has
    """

    line: Row
    content: dict
    row: dict | None
    files: list
    others: list

    def is_of_another_type(self):
        """Whether the file is served as something else than the document is.

        Odoo writes types in lower case, and looks for a better one than "bytes".
        """
        type_ = (self.line.row_mimetype or UNKNOWN_TYPE).lower()
        return type_ not in (UNKNOWN_TYPE, self.files[0].mimetype)


# ----------------------------------------------------------------------
# The ledger, and all it leads to
# ----------------------------------------------------------------------


def entries(env, company, after):
    """Yield portions of the ledger of a company, in the order of its numbers.

    :param tuple after: sequence and id of the line before the first
    :return: iterator of lists of Entry
    """
    paths, codes = {}, _type_codes(env)
    while page := _rows(env, company, after):
        after = (page[-1].sequence, page[-1].id)
        _learn_paths(env, page, paths)
        files = _files(env, [row.row_id for row in page if row.row_id])
        yield from _portions(_entry(row, paths, codes, files) for row in page)


def _portions(entries_):
    """Yield lists of entries whose files are digested in less than a second."""
    portion, volume = [], 0
    for entry in entries_:
        portion.append(entry)
        volume += entry.row["size"] or 0 if entry.row else 0
        if volume >= PORTION_SIZE:
            yield portion
            portion, volume = [], 0
    if portion:
        yield portion


def _rows(env, company, after):
    """Return a page of lines, each with the row of its document.

    One statement: asking for the documents of a page apart costs as much again.
    """
    query = SQL(
        """SELECT %(columns)s
        FROM progbox_seal seal
        LEFT JOIN progbox_document document
            ON document.id = seal.document_id AND seal.kind = 'deposit'
        WHERE seal.company_id = %(company)s
        AND (seal.sequence, seal.id) > (%(sequence)s, %(id)s)
        ORDER BY seal.sequence, seal.id
        LIMIT %(limit)s""",
        # Constants of this add-on.
        columns=SQL(", ".join(COLUMNS.values())),
        company=company.id,
        sequence=after[0],
        id=after[1],
        limit=PAGE_SIZE,
    )
    return list(map(Row._make, env.execute_query(query)))


def _entry(row, paths, codes, files):
    content = read_payload(row.payload)
    if not row.row_id:
        return Entry(row, content, None, [], [])
    values = dict(zip(SEALED_COLUMNS, _sealed_values(row), strict=True))
    values["folder"] = paths.get(row.folder)
    values["type"] = codes.get(row.type)
    return Entry(row, content, values, *files.get(row.row_id, ([], [])))


def _type_codes(env):
    """Return the codes of the document types by id: there are a few of them."""
    query = SQL("SELECT id, code FROM progbox_document_type")
    return dict(env.execute_query(query))


def _learn_paths(env, page, paths):
    """Add the paths of the rows' folders to those that are known, by id.

    Once for each folder: an archive has one for each month.
    """
    unknown = {row.folder for row in page if row.folder} - paths.keys()
    if unknown:
        query = SQL(
            """SELECT folder.id, string_agg(
                parent.name, '/' ORDER BY length(parent.parent_path)
            )
            FROM progbox_folder folder
            JOIN progbox_folder parent ON parent.id = ANY(
                string_to_array(trim('/' FROM folder.parent_path), '/')::int[]
            )
            WHERE folder.id = ANY(%s) GROUP BY folder.id""",
            list(unknown),
        )
        paths.update(env.execute_query(query))


def _files(env, document_ids):
    """Return what holds the bytes of documents, and what stands beside it.

    The rows themselves: the ORM shows one attachment of a field, and hides others.

    :return: dictionary of (list of File, list of attachment ids) by document id
    """
    query = SQL(
        """SELECT res_id, res_field, id, store_fname, mimetype FROM ir_attachment
        WHERE res_model = 'progbox.document' AND res_id = ANY(%s) ORDER BY id""",
        document_ids,
    )
    found = {}
    for document_id, field, *file in env.execute_query(query):
        files, others = found.setdefault(document_id, ([], []))
        if field == "content":
            files.append(File(*file))
        else:
            others.append(file[0])
    return found


# ----------------------------------------------------------------------
# What no line leads to
# ----------------------------------------------------------------------


def unsealed(env, company, after, since):
    """Return a page of archived documents that the ledger does not know.

    :param int after: id of the document before the first
    :param since: date from which documents were archived, or None
    :return: list of (id, file name, number, model, id of the record)
    """
    return env.execute_query(
        SQL(
            """SELECT document.id, document.name, document.number,
                document.res_model, document.res_id
            FROM progbox_document document
            JOIN progbox_folder folder ON folder.id = document.folder_id
            WHERE document.company_id = %(company)s AND document.id > %(after)s
            AND (folder.locked OR document.seal_id IS NOT NULL)
            AND (%(since)s::date IS NULL OR document.create_date >= %(since)s)
            AND NOT EXISTS (
                SELECT FROM progbox_seal seal
                WHERE seal.document_id = document.id AND seal.kind = 'deposit'
            )
            ORDER BY document.id LIMIT %(limit)s""",
            company=company.id,
            after=after,
            since=since,
            limit=PAGE_SIZE,
        )
    )


def unarchived(env, company, after, since):
    """Return a page of posted invoices without archived document or hope of one.

    Any other file of the invoice is none: a copy of its cheque, say. An invoice whose
    job is still at work is not missing yet. One statement, so that an archive of
    years is not read into memory to find the few.

    :param int after: id of the invoice before the first
    :param since: date from which invoices were created, or None
    :return: list of (id, number)
    """
    return env.execute_query(
        SQL(
            """SELECT move.id, move.name
            FROM account_move move
            JOIN res_company company ON company.id = move.company_id
            WHERE move.company_id = %(company)s AND move.id > %(after)s
            AND %(to_archive)s
            AND (%(since)s::date IS NULL OR move.create_date >= %(since)s)
            AND (%(expected)s OR company.progbox_archive_history)
            AND NOT EXISTS (
                SELECT FROM progbox_document document
                WHERE document.res_model = 'account.move'
                AND document.res_id = move.id AND %(archived)s
            )
            AND NOT EXISTS (
                SELECT FROM progbox_archive_job job WHERE job.move_id = move.id
                AND job.state IN %(open)s
            )
            ORDER BY move.id LIMIT %(limit)s""",
            company=company.id,
            after=after,
            since=since,
            to_archive=env["account.move"]._progbox_to_archive_sql(SQL("move")),
            expected=env["progbox.archive.catchup"]._expected_sql(),
            archived=env["progbox.document"]._archived_sql(SQL("document")),
            open=OPEN_STATES,
            limit=PAGE_SIZE,
        )
    )


# ----------------------------------------------------------------------
# Records that were deleted
# ----------------------------------------------------------------------


def deleted_lines(env, company, after, since):
    """Return a page of lines, each with its note of the deletion.

    :param int after: number of the line before the first
    :return: list of (number, payload, id of the note or None, whether the record is
        there after all)
    """
    there = SQL(" ").join(
        SQL(
            "WHEN %s THEN EXISTS (SELECT FROM %s source"
            " WHERE source.id = deletion.res_id)",
            model,
            SQL.identifier(env[model]._table),
        )
        for model in env["progbox.document"]._archived_types()
    )
    return env.execute_query(
        SQL(
            """SELECT seal.sequence, seal.payload, deletion.id,
                CASE deletion.res_model %(there)s ELSE FALSE END
            FROM progbox_seal seal
            LEFT JOIN progbox_source_deletion deletion
                ON deletion.seal_id = seal.id
                AND deletion.company_id = seal.company_id
            WHERE seal.company_id = %(company)s AND seal.sequence > %(after)s
            AND seal.kind = 'source_deleted'
            AND (%(since)s::date IS NULL OR seal.sealed_on >= %(since)s)
            ORDER BY seal.sequence, seal.id LIMIT %(limit)s""",
            there=there,
            company=company.id,
            after=after,
            since=since,
            limit=PAGE_SIZE,
        )
    )


def gone(env, company, after, since):
    """Return a page of archived records that are gone, while no line says so nor will.

    One statement for each model, whose table PostgreSQL then joins.

    :param tuple after: model and id of the record before the first
    :return: list of (model, id, id of its newest document, file name, number)
    """
    after_model, after_id = after
    for model in sorted(env["progbox.document"]._archived_types()):
        if model >= after_model:
            first = after_id if model == after_model else 0
            if rows := _gone_of(env, model, company, first, since):
                return [(model, *row) for row in rows]
    return []


def _gone_of(env, model, company, after, since):
    return env.execute_query(
        SQL(
            """SELECT DISTINCT ON (document.res_id) document.res_id, document.id,
                document.name, document.number
            FROM progbox_document document
            WHERE document.company_id = %(company)s
            AND document.res_model = %(model)s
            AND document.res_id > %(after)s AND %(archived)s
            AND (%(since)s::date IS NULL OR document.create_date >= %(since)s)
            AND NOT EXISTS (
                SELECT FROM %(table)s source WHERE source.id = document.res_id
            )
            AND NOT EXISTS (
                SELECT FROM progbox_source_deletion deletion
                LEFT JOIN progbox_seal seal ON seal.id = deletion.seal_id
                    AND seal.kind = 'source_deleted'
                WHERE deletion.res_model = %(model)s
                AND deletion.res_id = document.res_id
                AND (seal.id IS NOT NULL OR deletion.state IN %(open)s)
            )
            ORDER BY document.res_id, document.id DESC LIMIT %(limit)s""",
            table=SQL.identifier(env[model]._table),
            model=model,
            company=company.id,
            after=after,
            archived=env["progbox.document"]._archived_sql(SQL("document")),
            since=since,
            open=OPEN_STATES,
            limit=PAGE_SIZE,
        )
    )


# ----------------------------------------------------------------------
# Single lines
# ----------------------------------------------------------------------


def before(env, company, since):
    """Return the last line that was sealed before a day.

    The clock may have been set back: it is the line before the first number of then.

    :param since: date, or False for the whole ledger
    :return: (id, sequence, hash), or None
    """
    if not since:
        return None
    query = SQL(
        """SELECT id, sequence, hash FROM progbox_seal
        WHERE company_id = %(company)s AND sequence < coalesce((
            SELECT min(sequence) FROM progbox_seal
            WHERE company_id = %(company)s AND sealed_on >= %(since)s
        ), 2147483647) ORDER BY sequence DESC, id DESC LIMIT 1""",
        company=company.id,
        since=since,
    )
    return next(iter(env.execute_query(query)), None)


def count(env, company, after):
    """Return how many lines follow a number, for the progress."""
    query = SQL(
        "SELECT count(*) FROM progbox_seal WHERE company_id = %s AND sequence > %s",
        company.id,
        after,
    )
    return env.execute_query(query)[0][0]


def hashes(env, company, sequences):
    """Return the hashes of lines by their numbers, and the last number."""
    query = SQL(
        "SELECT max(sequence) FROM progbox_seal WHERE company_id = %s", company.id
    )
    [[last]] = env.execute_query(query)
    query = SQL(
        "SELECT sequence, hash FROM progbox_seal"
        " WHERE company_id = %s AND sequence = ANY(%s)",
        company.id,
        sequences,
    )
    return dict(env.execute_query(query)), last or 0


def closings_gone(env, company, since):
    """Return the texts of the ledger that say a month was closed, and no row does."""
    return env.execute_query(
        SQL(
            """SELECT seal.payload FROM progbox_seal seal
            WHERE seal.company_id = %(company)s AND seal.kind = 'closing'
            AND (%(since)s::date IS NULL OR seal.sealed_on >= %(since)s)
            AND NOT EXISTS (
                SELECT FROM progbox_closing WHERE seal_id = seal.id
            ) ORDER BY seal.sequence""",
            company=company.id,
            since=since,
        )
    )


# ----------------------------------------------------------------------
# Companies
# ----------------------------------------------------------------------


def company_ids(env):
    """Return the ids of the companies that have an archive, or once had one.

    A ledger that was emptied is found by what else there is, or was.
    """
    query = SQL(
        """SELECT company_id FROM progbox_seal
        UNION SELECT company_id FROM progbox_folder WHERE locked
        UNION SELECT company_id FROM progbox_verification
        ORDER BY company_id"""
    )
    return [id_ for [id_] in env.execute_query(query)]
