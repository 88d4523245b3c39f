from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..tools.ledger.verify import SEALED, read_payload
from ..tools.ledger.walk import Line

# Lines, documents or invoices that are in memory at a time.
PAGE_SIZE = 1000
# Bytes that are digested between two moments at which a run may stop.
PORTION_SIZE = 1 << 26
UNKNOWN_TYPE = "application/octet-stream"
# Where the rows of the page's query have the id of the folder.
FOLDER = 11 + SEALED.index("folder")


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
    :param dict row: the row's values under the keys of ``SEALED``
    :param list files: of File, the oldest first
    :param list others: ids of attachments that belong to no field the document has
    """

    line: Line
    content: dict
    document: int | None
    seal: int | None
    mimetype: str | None
    row: dict | None
    files: list
    others: list

    def is_of_another_type(self):
        """Whether the file is served as something else than the document is.

        Odoo writes types in lower case, and looks for a better one than "bytes".
        """
        type_ = (self.mimetype or UNKNOWN_TYPE).lower()
        return type_ not in (UNKNOWN_TYPE, self.files[0].mimetype)


class ProgboxVerificationReader(models.AbstractModel):
    """Reads the archive for the verification, page by page, with plain SQL.

    The ORM takes as long for a document as its file takes to be digested, and asks
    for nothing that a check of raw rows may trust. Pages go on behind the last key,
    so a run may commit between two of them and be taken up again at any.
    """

    _name = "progbox.verification.reader"
    _description = "Reader of the Verification"

    @api.model
    def _entries(self, company, after):
        """Yield portions of the ledger of a company, in the order of its numbers.

        :param tuple after: sequence and id of the line before the first
        :return: iterator of lists of Entry
        """
        paths = {}
        while rows := self.env.execute_query(self._entries_sql(company, after)):
            after = (rows[-1][1], rows[-1][0])
            self._learn_paths(rows, paths)
            files = self._files([row[8] for row in rows if row[8]])
            yield from self._portions(self._entry(row, paths, files) for row in rows)

    @api.model
    def _portions(self, entries):
        """Yield lists of entries whose files are digested in less than a second."""
        portion, volume = [], 0
        for entry in entries:
            portion.append(entry)
            volume += entry.row["size"] or 0 if entry.row else 0
            if volume >= PORTION_SIZE:
                yield portion
                portion, volume = [], 0
        if portion:
            yield portion

    @api.model
    def _entries_sql(self, company, after):
        return SQL(
            """SELECT seal.id, seal.sequence, seal.kind, seal.document_id,
                seal.payload, seal.previous_hash, seal.hash, seal.sealed_on,
                document.id, document.seal_id, document.mimetype,
                document.amount_total::float8, document.company_id,
                document.currency_name, document.document_date::text,
                document.folder_id, document.made_with->>'renderer',
                document.res_model, document.name, document.number,
                document.origin, document.partner_name, document.res_id,
                document.sha256, document.size, type.code, document.version
            FROM progbox_seal seal
            LEFT JOIN progbox_document document
                ON document.id = seal.document_id AND seal.kind = 'deposit'
            LEFT JOIN progbox_document_type type ON type.id = document.type_id
            WHERE seal.company_id = %(company)s
            AND (seal.sequence, seal.id) > (%(sequence)s, %(id)s)
            ORDER BY seal.sequence, seal.id
            LIMIT %(limit)s""",
            company=company.id,
            sequence=after[0],
            id=after[1],
            limit=PAGE_SIZE,
        )

    @api.model
    def _entry(self, row, paths, files):
        line = Line(*row[:8])
        content = read_payload(line.payload)
        if not row[8]:
            return Entry(line, content, None, None, None, None, [], [])
        values = dict(zip(SEALED, row[11:], strict=True))
        values["folder"] = paths.get(values["folder"])
        found = files.get(row[8], ([], []))
        return Entry(line, content, *row[8:11], values, *found)

    @api.model
    def _learn_paths(self, rows, paths):
        """Add the paths of the rows' folders to those that are known, by id."""
        unknown = {row[FOLDER] for row in rows if row[FOLDER]} - paths.keys()
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
            paths.update(self.env.execute_query(query))

    @api.model
    def _files(self, document_ids):
        """Return what holds the bytes of documents, and what stands beside it.

        :return: dictionary of (list of File, list of attachment ids) by document id
        """
        query = SQL(
            """SELECT res_id, res_field, id, store_fname, mimetype FROM ir_attachment
            WHERE res_model = 'progbox.document' AND res_id = ANY(%s) ORDER BY id""",
            document_ids,
        )
        found = {}
        for document_id, field, *file in self.env.execute_query(query):
            files, others = found.setdefault(document_id, ([], []))
            if field == "content":
                files.append(File(*file))
            else:
                others.append(file[0])
        return found

    # ------------------------------------------------------------------
    # What no line leads to
    # ------------------------------------------------------------------

    @api.model
    def _unsealed(self, company, after, since):
        """Return a page of archived documents that the ledger does not know.

        :param int after: id of the document before the first
        :param since: date from which documents were archived, or None
        :return: list of (id, file name, number, model, id of the record)
        """
        return self.env.execute_query(
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

    @api.model
    def _unarchived(self, company, after, since):
        """Return a page of posted invoices that have no document and no hope of one.

        One whose job is still at work is not missing yet.

        :param int after: id of the invoice before the first
        :param since: date from which invoices were created, or None
        :return: list of (id, number)
        """
        return self.env.execute_query(
            SQL(
                """SELECT move.id, move.name
                FROM account_move move
                JOIN res_company company ON company.id = move.company_id
                WHERE move.company_id = %(company)s AND move.id > %(after)s
                AND move.state = 'posted' AND move.move_type IN %(types)s
                AND (%(since)s::date IS NULL OR move.create_date >= %(since)s)
                AND (%(expected)s OR company.progbox_archive_history)
                AND NOT EXISTS (
                    SELECT FROM progbox_document document
                    WHERE document.res_model = 'account.move'
                    AND document.res_id = move.id
                )
                AND NOT EXISTS (
                    SELECT FROM progbox_archive_job job WHERE job.move_id = move.id
                    AND job.state IN ('pending', 'running', 'waiting')
                )
                ORDER BY move.id LIMIT %(limit)s""",
                company=company.id,
                after=after,
                since=since,
                expected=self.env["progbox.archive.catchup"]._expected_sql(),
                types=tuple(
                    self.env["account.move"].get_sale_types(include_receipts=True)
                ),
                limit=PAGE_SIZE,
            )
        )

    # ------------------------------------------------------------------
    # Single lines
    # ------------------------------------------------------------------

    @api.model
    def _before(self, company, since):
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
        return next(iter(self.env.execute_query(query)), None)

    @api.model
    def _count(self, company, after):
        query = SQL(
            "SELECT count(*) FROM progbox_seal WHERE company_id = %s AND sequence > %s",
            company.id,
            after,
        )
        return self.env.execute_query(query)[0][0]

    @api.model
    def _hashes(self, company, sequences):
        """Return the hashes of lines by their numbers, and the last number."""
        self.env.cr.execute(
            "SELECT max(sequence) FROM progbox_seal WHERE company_id = %s", [company.id]
        )
        [last] = self.env.cr.fetchone()
        query = SQL(
            "SELECT sequence, hash FROM progbox_seal"
            " WHERE company_id = %s AND sequence = ANY(%s)",
            company.id,
            sequences,
        )
        return dict(self.env.execute_query(query)), last or 0
