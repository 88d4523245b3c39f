"""How a verification reads the archive: page by page, with plain SQL.

The ORM takes as long for a document as its file takes to be digested, and asks for
nothing that a check of raw rows may trust. Pages go on behind the last key, so a run
may commit between two of them and be taken up again at any.
"""

from datetime import timedelta
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from ..tools.ledger.sealed_columns import SEALED_COLUMNS
from ..tools.ledger.verify import COMPARED, is_as_sealed, read_payload
from ..tools.ledger.walk import Line
from .progbox_job_mixin import OPEN_STATES

# Lines, documents or invoices that are in memory at a time.
PAGE_SIZE = 1000
# Renumbered invoices that a report shows; wkhtmltopdf has a minute for all of it.
LISTED = 500
# Bytes that are digested between two moments at which a run may stop.
PORTION_SIZE = 1 << 26
# A deletion that is noted gets its line of the ledger within minutes.
NOTE_PATIENCE = timedelta(days=1)
UNKNOWN_TYPE = "application/octet-stream"

# What a row has of its line, and of its document beside what is sealed.
LINE_COLUMNS = (
    "seal.id",
    "seal.sequence",
    "seal.kind",
    "seal.document_id",
    "seal.payload",
    "seal.previous_hash",
    "seal.hash",
    "seal.sealed_on",
)
DOCUMENT_COLUMNS = ("document.id", "document.seal_id", "document.mimetype")
# A row is cut in three, which is sooner than to take it apart by name.
COLUMNS = (
    *LINE_COLUMNS,
    *DOCUMENT_COLUMNS,
    *(SEALED_COLUMNS[key] for key in COMPARED),
)
OF_LINE = slice(len(LINE_COLUMNS))
OF_DOCUMENT = slice(len(LINE_COLUMNS), len(COLUMNS) - len(COMPARED))
OF_SEALED = slice(len(COLUMNS) - len(COMPARED), None)
DOCUMENT = OF_DOCUMENT.start
FOLDER = OF_SEALED.start + COMPARED.index("folder")
SIZE = COMPARED.index("size")


class File(NamedTuple):
    """An attachment that holds the bytes of a document, or seems to."""

    id: int
    name: str | None
    mimetype: str | None


class Entry(NamedTuple):
    """A line of the ledger with what it vouches for.

    :param dict content: the sealed values
    :param document: id of the document's row, None without one
    :param seal: id of the line that the row names
    :param str mimetype: of the row
    :param tuple values: of the row, in the order of ``COMPARED``
    :param str folder: path of the folder that the row names
    :param list files: of File, the oldest first
    :param list others: ids of attachments that belong to no field the document has
    """

    line: Line
    content: dict
    document: int | None
    seal: int | None
    mimetype: str | None
    values: tuple
    folder: str | None
    files: list
    others: list

    @property
    def row(self):
        """The row's values under the keys of ``SEALED``."""
        values = dict(zip(COMPARED, self.values, strict=True))
        return {**values, "folder": self.folder}

    def is_in_order(self):
        """Whether nothing needs a closer look, the bytes of the file aside."""
        return (
            self.seal == self.line.id
            and len(self.files) == 1
            and not self.others
            and is_as_sealed(self.content, self.values, self.folder)
            and not self.is_of_another_type()
        )

    def is_of_another_type(self):
        """Whether the file is served as something else than the document is.

        Odoo writes types in lower case, and looks for a better one than "bytes".
        """
        type_ = (self.mimetype or UNKNOWN_TYPE).lower()
        return type_ not in (UNKNOWN_TYPE, self.files[0].mimetype)


def entries(env, company, after):
    """Yield portions of the ledger of a company, in the order of its numbers.

    :param tuple after: sequence and id of the line before the first
    :return: iterator of lists of Entry
    """
    paths = {}
    while rows := env.execute_query(_entries_sql(company, after)):
        lines = [Line._make(row[OF_LINE]) for row in rows]
        after = (lines[-1].sequence, lines[-1].id)
        _learn_paths(env, {row[FOLDER] for row in rows}, paths)
        files = _files(env, [row[DOCUMENT] for row in rows if row[DOCUMENT]])
        yield from _portions(
            _entry(line, row, paths, files)
            for line, row in zip(lines, rows, strict=True)
        )


def _portions(entries):
    """Yield lists of entries whose files are digested in less than a second."""
    portion, volume = [], 0
    for entry in entries:
        portion.append(entry)
        volume += entry.values[SIZE] or 0
        if volume >= PORTION_SIZE:
            yield portion
            portion, volume = [], 0
    if portion:
        yield portion


def _entries_sql(company, after):
    return SQL(
        """SELECT %(columns)s
        FROM progbox_seal seal
        LEFT JOIN progbox_document document
            ON document.id = seal.document_id AND seal.kind = 'deposit'
        LEFT JOIN progbox_document_type type ON type.id = document.type_id
        WHERE seal.company_id = %(company)s
        AND (seal.sequence, seal.id) > (%(sequence)s, %(id)s)
        ORDER BY seal.sequence, seal.id
        LIMIT %(limit)s""",
        # Constants of this add-on.
        columns=SQL(", ".join(COLUMNS)),
        company=company.id,
        sequence=after[0],
        id=after[1],
        limit=PAGE_SIZE,
    )


def _entry(line, row, paths, files):
    id_, seal, mimetype = row[OF_DOCUMENT]
    content, folder = read_payload(line.payload), paths.get(row[FOLDER])
    found = files.get(id_) or ([], [])
    return Entry(line, content, id_, seal, mimetype, row[OF_SEALED], folder, *found)


def _learn_paths(env, folders, paths):
    """Add the paths of folders to those that are known, by id."""
    unknown = folders - paths.keys() - {None}
    if unknown:
        query = SQL(
            """SELECT folder.id, string_agg(
                parent.name, '/' ORDER BY length(parent.parent_path)
            )
            FROM progbox_folder folder
            CROSS JOIN LATERAL unnest(
                string_to_array(trim('/' FROM folder.parent_path), '/')
            ) step
            -- Whatever somebody has written there.
            JOIN progbox_folder parent ON parent.id = CASE
                WHEN step ~ '^[0-9]{1,9}$' THEN step::int END
            WHERE folder.id = ANY(%s) GROUP BY folder.id""",
            list(unknown),
        )
        paths.update(env.execute_query(query))


def _files(env, document_ids):
    """Return what holds the bytes of documents, and what stands beside it.

    :return: dictionary of (list of File, list of attachment ids) by document id
    """
    query = SQL(
        """SELECT res_id, res_field, id, store_fname, mimetype FROM ir_attachment
        WHERE res_model = 'progbox.document' AND res_id = ANY(%s) ORDER BY id""",
        document_ids,
    )
    found = {}
    for row in env.execute_query(query):
        files, others = found.setdefault(row[0], ([], []))
        file = File._make(row[2:])
        if row[1] == "content":
            files.append(file)
        else:
            others.append(file.id)
    return found


def kept(env, run, listed):
    """Return what the database has of the findings of a run.

    :param progbox.verification run: past the cache of the ORM
    :param listed: findings that nobody can have acknowledged yet
    :return: the counts of the run; its findings by kind; and how many of those listed
    """
    [[counts]] = env.execute_query(
        SQL("SELECT finding_counts FROM progbox_verification WHERE id = %s", run.id)
    )
    rows = env.execute_query(
        SQL(
            """SELECT kind, count(*), count(*) FILTER (
                WHERE id = ANY(%s) AND acknowledged_on IS NULL
            ) FROM progbox_verification_finding
            WHERE verification_id = %s GROUP BY kind""",
            listed.ids,
            run.id,
        )
    )
    by_kind = {kind: count for kind, count, _listed in rows}
    return counts or {}, by_kind, sum(count for _kind, _count, count in rows)


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
    """Return a page of posted invoices that have no archived document.

    An invoice that is still to be archived is not missing yet. What else has been filed
    on an invoice does not count: see progbox.document._archived_sql().

    :param int after: id of the invoice before the first
    :param since: date from which invoices were created, or None
    :return: list of (id, number)
    """
    return env.execute_query(
        SQL(
            """SELECT move.id, move.name FROM %(without_document)s
            AND move.id > %(after)s AND NOT %(under_way)s
            ORDER BY move.id LIMIT %(limit)s""",
            without_document=_without_document_sql(env, company, since),
            after=after,
            under_way=_under_way_sql(env),
            limit=PAGE_SIZE,
        )
    )


def still_to_archive(env, company, since):
    """Return how many posted invoices the archiver has not come to yet.

    :param since: date from which invoices were created, or None
    """
    query = SQL(
        "SELECT count(*) FROM %s AND %s",
        _without_document_sql(env, company, since),
        _under_way_sql(env),
    )
    return env.execute_query(query)[0][0]


def renumbered(env, company):
    """Return the invoices that have another number today than a document of theirs.

    :return: how many; and a list of (number on the document, number now), by the
        number, of not too many for a report
    """
    found = SQL(
        """FROM progbox_document document
        JOIN account_move move ON move.id = document.res_id
        AND move.state = 'posted' AND move.name != document.number
        WHERE document.res_model = 'account.move'
        AND document.seal_id IS NOT NULL AND document.company_id = %s""",
        company.id,
        to_flush=[
            *(env["account.move"]._fields[name] for name in ("name", "state")),
            *(
                env["progbox.document"]._fields[name]
                for name in ("number", "res_id", "seal_id")
            ),
        ],
    )
    [[count]] = env.execute_query(SQL("SELECT count(DISTINCT move.id) %s", found))
    rows = env.execute_query(
        SQL(
            """SELECT DISTINCT document.number, move.name %s
            ORDER BY document.number, move.name LIMIT %s""",
            found,
            LISTED,
        )
    )
    return count, rows


def _without_document_sql(env, company, since):
    """Return what follows FROM: the rows ``move`` that the archive owes a document."""
    return SQL(
        """account_move move
        JOIN res_company company ON company.id = move.company_id
        WHERE move.company_id = %(company)s AND %(to_archive)s
        AND (%(since)s::date IS NULL OR move.create_date >= %(since)s)
        AND (%(expected)s OR company.progbox_archive_history)
        AND NOT EXISTS (
            SELECT FROM progbox_document document
            WHERE document.res_id = move.id
            AND document.res_model = 'account.move' AND %(archived)s
        )""",
        company=company.id,
        since=since,
        expected=env["progbox.archive.catchup"]._expected_sql(),
        to_archive=env["account.move"]._progbox_to_archive_sql(SQL("move")),
        archived=env["progbox.document"]._archived_sql(SQL("document")),
    )


def _under_way_sql(env):
    """Return whether a row ``move`` is in the queue, or the history is to come to it.

    The catch-up takes the history in portions: most of it has no job for a while.
    """
    return SQL(
        """(EXISTS (
            SELECT FROM progbox_archive_job job WHERE job.move_id = move.id
            AND job.state IN %(open)s
        ) OR (NOT %(expected)s AND NOT EXISTS (
            SELECT FROM progbox_archive_job job WHERE job.move_id = move.id
            AND job.state != 'cancelled'
        )))""",
        open=OPEN_STATES,
        expected=env["progbox.archive.catchup"]._expected_sql(),
    )


def line_before(env, company, since):
    """Return the last line that was sealed before a day.

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


def line_count(env, company, after):
    """Return how many lines the ledger of a company has behind a number."""
    query = SQL(
        "SELECT count(*) FROM progbox_seal WHERE company_id = %s AND sequence > %s",
        company.id,
        after,
    )
    return env.execute_query(query)[0][0]


def hashes_of(env, company, sequences):
    """Return the hashes of lines by their numbers, and the last number."""
    env.cr.execute(
        "SELECT max(sequence) FROM progbox_seal WHERE company_id = %s", [company.id]
    )
    [last] = env.cr.fetchone()
    query = SQL(
        "SELECT sequence, hash FROM progbox_seal"
        " WHERE company_id = %s AND sequence = ANY(%s)",
        company.id,
        sequences,
    )
    return dict(env.execute_query(query)), last or 0


def deleted_lines(env, company, after, since):
    """Return a page of lines that say a record was deleted, each with its note.

    :param int after: number of the line before the first
    :param since: date from which lines were sealed, or None
    :return: list of (number, payload, id of the note, model and id of the record it
        names); the last three are None without a note
    """
    return env.execute_query(
        SQL(
            """SELECT seal.sequence, seal.payload, deletion.id,
                deletion.res_model, deletion.res_id
            FROM progbox_seal seal
            LEFT JOIN progbox_source_deletion deletion
                ON deletion.seal_id = seal.id
                AND deletion.company_id = seal.company_id
            WHERE seal.company_id = %(company)s AND seal.sequence > %(after)s
            AND seal.kind = 'source_deleted'
            AND (%(since)s::date IS NULL OR seal.sealed_on >= %(since)s)
            ORDER BY seal.sequence, seal.id LIMIT %(limit)s""",
            company=company.id,
            after=after,
            since=since,
            limit=PAGE_SIZE,
        )
    )


def sources_gone(env, model, company, after, since):
    """Return a page of records that are gone, while no line says so nor will.

    :param str model: of the records; one that has archived documents
    :param int after: id of the record before the first
    :param since: date from which documents were archived, or None
    :return: list of (id, id of its newest document, file name, number)
    """
    return env.execute_query(
        SQL(
            """SELECT DISTINCT ON (document.res_id) document.res_id, document.id,
                document.name, document.number
            FROM progbox_document document
            WHERE document.company_id = %(company)s
            AND document.res_model = %(model)s
            AND document.res_id > %(after)s AND document.seal_id IS NOT NULL
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
                AND (seal.id IS NOT NULL OR (
                    deletion.state IN %(open)s
                    AND deletion.deleted_on BETWEEN %(late)s AND %(now)s
                ))
            )
            -- A server rebuilt from a copy has none of the records of before: the
            -- ledger says so in one line, about the record 0.
            AND NOT EXISTS (
                SELECT FROM progbox_source_deletion rebuilt
                JOIN progbox_seal line ON line.id = rebuilt.seal_id
                    AND line.kind = 'source_deleted'
                    AND line.company_id = document.company_id
                JOIN progbox_seal deposit ON deposit.id = document.seal_id
                    AND deposit.sequence < line.sequence
                WHERE rebuilt.company_id = document.company_id
                AND rebuilt.res_model = %(model)s AND rebuilt.res_id = 0
            )
            ORDER BY document.res_id, document.id DESC LIMIT %(limit)s""",
            company=company.id,
            model=model,
            table=SQL.identifier(env[model]._table),
            after=after,
            since=since,
            open=OPEN_STATES,
            late=fields.Datetime.now() - NOTE_PATIENCE,
            now=fields.Datetime.now(),
            limit=PAGE_SIZE,
        )
    )


def closings_gone(env, company, since):
    """Return the payloads of lines that say a month was closed, and have no closing.

    :param since: date from which lines were sealed, or None
    """
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
