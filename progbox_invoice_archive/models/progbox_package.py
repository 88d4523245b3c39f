import csv
import functools
import io

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import get_lang

from ..tools.package import INDEX, Package, harmless
from ..tools.staging import BLOCK_SIZE
from .ir_attachment import read_database_blocks

FETCH = 2000


class ProgboxPackage(models.AbstractModel):
    """Puts documents together for somebody who takes them away.

    Access is checked once, by the search; from there on it is plain SQL, because
    twenty thousand records would not fit into the memory of a worker.
    """

    _name = "progbox.package"
    _description = "Package of Documents"

    # ------------------------------------------------------------------
    # What others ask for
    # ------------------------------------------------------------------

    @api.model
    def _package(self, company, domain):
        """Return the documents of a company that the user may read, with an index.

        :param res.company company: documents of others are never inside
        :param domain: which of its documents
        :rtype: Package, to be closed with :meth:`_finish`
        """
        package = Package()
        buffer = io.BytesIO()
        # With the mark of the byte order, which Excel needs to see that it is UTF-8.
        index_file = io.TextIOWrapper(buffer, encoding="utf-8-sig", newline="")
        point = get_lang(self.env).decimal_point
        # A spreadsheet expects what the numbers of its country leave free.
        index = csv.writer(index_file, delimiter=";" if point == "," else ",")
        index.writerow(self._index_header())
        types = self._type_names()
        missing = self.env._("missing, see PROBLEMS.txt")
        for row in self._rows(company, domain):
            entry = self._add_document(package, row)
            file = harmless(entry.name) if entry else missing
            index.writerow(_index_line(row, types, point, file))
        index_file.flush()
        package.add_text(INDEX, buffer.getvalue())
        return package

    @api.model
    def _finish(self, package):
        """Close a package: its problems and its manifest are written."""
        package.finish(
            self.env._(
                "These files belong here, but something is wrong with them on the "
                "server. Run the verification of the archive, and restore what is "
                "missing from a backup."
            )
        )

    # ------------------------------------------------------------------
    # Documents
    # ------------------------------------------------------------------

    @api.model
    def _rows(self, company, domain):
        """Yield what a package needs to know of each document, as dictionaries."""
        documents = self.env["progbox.document"]
        documents.flush_model()
        self.env["progbox.folder"].flush_model()
        self.env["ir.attachment"].flush_model()
        readable = documents._search(
            Domain(domain) & Domain("company_id", "=", company.id)
        )
        query = SQL(
            """WITH folder AS MATERIALIZED (
                SELECT id, %(path)s AS path
                FROM progbox_folder folder WHERE company_id = %(company)s
            )
            SELECT document.id, folder.path, document.name, document.number,
                document.document_date AS date, document.partner_name AS partner,
                document.type_id AS type, document.version,
                document.amount_total AS amount, document.currency_name AS currency,
                document.sha256, document.size, file.id AS file, file.store_fname,
                octet_length(file.db_datas) AS database_size
            FROM progbox_document document
            JOIN folder ON folder.id = document.folder_id
            LEFT JOIN LATERAL (
                SELECT id, store_fname, db_datas FROM ir_attachment
                WHERE res_model = 'progbox.document' AND res_field = 'content'
                AND res_id = document.id ORDER BY id LIMIT 1
            ) AS file ON TRUE
            WHERE document.id IN %(readable)s
            ORDER BY folder.path, document.name, document.version, document.id""",
            path=self.env["progbox.folder"]._path_sql(SQL("folder")),
            company=company.id,
            readable=readable.subselect(),
        )
        cr = self.env.cr
        cr.execute(SQL("DECLARE progbox_package NO SCROLL CURSOR FOR %s", query))
        while True:
            cr.execute(SQL("FETCH %s FROM progbox_package", FETCH))
            rows = cr.dictfetchall()
            if not rows:
                break
            yield from rows
        cr.execute(SQL("CLOSE progbox_package"))

    @api.model
    def _add_document(self, package, row):
        """Add the file of one document, or say why it is not there.

        :return: Entry, or None
        """
        name = package.names.file(row["path"], row["name"])
        if not row["store_fname"] and not row["database_size"]:
            package.problems.append(self._missing_text(name))
            return None
        try:
            entry = package.add_file(
                name, self._source(row), row["database_size"], row["sha256"]
            )
        except FileNotFoundError:
            package.problems.append(self._missing_text(name))
            return None
        except OSError as error:
            package.problems.append(
                self.env._(
                    "%(file)s cannot be read: %(reason)s",
                    file=name,
                    reason=error.strerror or error,
                )
            )
            return None
        if row["size"] and entry.size != row["size"]:
            package.problems.append(
                self.env._(
                    "%(file)s has been changed: it has %(size)s bytes instead of "
                    "%(recorded)s. It is here as it was found.",
                    file=name,
                    size=entry.size,
                    recorded=row["size"],
                )
            )
        return entry

    @api.model
    def _source(self, row):
        """Return where the bytes of a document come from.

        :return: a path, or a function that yields blocks without the ORM: a
            download goes on when the request's cursor is closed
        """
        if row["store_fname"]:
            return self.env["ir.attachment"]._full_path(row["store_fname"])
        return functools.partial(_read_with_own_cursor, self.env.registry, row["file"])

    def _missing_text(self, name):
        return self.env._("%(file)s is missing in the file store.", file=name)

    # ------------------------------------------------------------------
    # Index
    # ------------------------------------------------------------------

    def _index_header(self):
        return [
            self.env._("Number"),
            self.env._("Date"),
            self.env._("Client"),
            self.env._("Type"),
            self.env._("Version"),
            self.env._("Amount"),
            self.env._("Currency"),
            self.env._("File"),
            self.env._("SHA-256"),
        ]

    def _type_names(self):
        types = self.env["progbox.document.type"].with_context(active_test=False)
        types = types.search(Domain.TRUE)
        return {type_.id: type_.name for type_ in types}


def _index_line(row, types, point, file):
    whole, _point, cents = f"{row['amount'] or 0:f}".rstrip("0").partition(".")
    return [
        harmless(row["number"]),
        row["date"] or "",
        harmless(row["partner"]),
        harmless(types.get(row["type"])),
        row["version"],
        f"{whole}{point}{cents:0<2}",
        harmless(row["currency"]),
        file,
        row["sha256"] or "",
    ]


def _read_with_own_cursor(registry, attachment_id):
    """Yield the bytes of an attachment that is kept in the database.

    With a cursor of its own for each file: a slow client must not hold a
    transaction open for the whole download.
    """
    with registry.cursor(readonly=True) as cr:
        yield from read_database_blocks(cr, attachment_id, BLOCK_SIZE)
