import functools
import json
import os
from pathlib import Path

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import get_lang

from ..tools.filenames import LONGEST_NAME, clean_filename
from ..tools.package.entry import CHECK, CLOSINGS, LEDGER, STAMPS
from ..tools.package.index import Index, harmless, no_formula
from ..tools.package.package import Package, Words
from ..tools.staging import BLOCK_SIZE, read_blocks
from .document_sql import outdated_sql, renumbered_sql
from .ir_attachment import is_object, read_with_own_cursor
from .stamp_authorities import authority_file

FETCH = 2000

# Where the path stands in a line of the index.
FILE_CELL = 7

READABLE_BY_ALL = 0o444


class Reader:
    """Reads files of documents without the ORM: a download outlives its request.

    :param Registry registry: of the database
    :param str store: path of the file store
    """

    def __init__(self, registry, store):
        self.registry = registry
        self.store = store

    def __call__(self, source):
        """Yield the bytes of a file.

        :param source: name in the file store, or id of the attachment
        """
        if isinstance(source, str):
            return read_blocks(f"{self.store}/{source}", BLOCK_SIZE)
        return read_with_own_cursor(self.registry, source)

    def size(self, source):
        """Return the length of a file in the store.

        :raise OSError: when it is not there, or not readable
        """
        path = f"{self.store}/{source}"
        found = os.stat(path)
        # Asked only where the answer is open: it would double the time.
        if found.st_mode & READABLE_BY_ALL != READABLE_BY_ALL:
            os.close(os.open(path, os.O_RDONLY))
        return found.st_size


# The check of the ledger, as it stands in CHECK.txt; the readme has a longer one.
CHECK_LEDGER = """\
python3 - <<'END'
import hashlib, json
previous, known, number = "", set(), 0
ENDS = (".tsr", ".txt", ".pem")
for number, text in enumerate(open("ledger.jsonl", encoding="utf-8"), 1):
    line = json.loads(text)
    digest = hashlib.sha256((previous + line["payload"]).encode()).hexdigest()
    assert line["sequence"] == number, f"line {number} is missing"
    assert line["previous_hash"] == previous, f"line {number}: broken chain"
    assert line["hash"] == "$1$" + digest, f"line {number} has been changed"
    previous = line["hash"]
    known.add(json.loads(line["payload"]).get("sha256"))
for text in open("MANIFEST.sha256", encoding="utf-8"):
    digest, name = text.rstrip("\\n").split("  ", 1)
    own = "/" not in name or name.startswith("stamps/") and name[-4:] in ENDS
    assert own or digest in known, f"{name} is not in the ledger"
print(number, "lines are intact; the last one is", previous)
END"""


# Beside its text, each stamp; openssl is the one judge of it.
CHECK_STAMPS = """\
(for stamp in stamps/*.tsr; do
  text=${stamp%.tsr}.txt; line=$(head -n 1 "$text")
  number=${line%%:*}; hash=${line#*:}
  openssl ts -verify -in "$stamp" -data "$text" -CAfile stamps/authority.pem 2>&1 |
    grep -q "Verification: OK" ||
    { echo "$stamp: the authority did not sign this"; exit 1; }
  grep -F '"sequence": '"$number, " ledger.jsonl | grep -qF '"hash": "'"$hash"'"' ||
    { echo "$stamp: the ledger has another line"; exit 1; }
  openssl ts -reply -in "$stamp" -text 2>&1 | grep "Time stamp:" |
    sed "s|^|line $number: |"
done && echo "The time stamps are genuine.")
"""


def _indented(command):
    return f"    {command}"


class ProgboxPackage(models.AbstractModel):
    """Puts documents together for somebody who takes them away.

    Access is checked once, by the search; from there on it is plain SQL and tuples,
    because twenty thousand records would neither fit into the memory of a worker nor
    into the time that a first byte may take. What can be extended:
    :meth:`_levels_above`.
    """

    _name = "progbox.package"
    _description = "Package of Documents"

    # ------------------------------------------------------------------
    # What others ask for
    # ------------------------------------------------------------------

    @api.model
    def _package(self, companies, domain, hides=False, look=True):
        """Return the documents of companies that the user may read, with an index.

        :param res.company companies: documents of others are never inside; with
            several, each has a folder of its own at the top
        :param domain: which of their documents
        :param bool hides: whether folders keep the dot that hides them, as evidence
            does; who downloads would see no documents
        :param bool look: whether each file is looked at now; else a stream of the zip
            finds out on its way what is missing, and its first byte comes at once
        :rtype: Package, to be closed with :meth:`_finish`
        """
        point = get_lang(self.env).decimal_point
        index = Index(point, FILE_CELL)
        index.add(self._index_header())
        package = Package(self._reader(), hides, self._words(), index)
        self._add_documents(package, companies, domain, point, look)
        return package

    @api.model
    def _finish(self, package, read=True):
        """Close a package: its index, its problems and its manifest are written.

        :param bool read: see :meth:`Package.finish`
        """
        package.finish(
            self.env._(
                "These files belong here, but something is wrong with them on the "
                "server. Run the verification of the archive, and restore what is "
                "missing from a backup."
            ),
            read,
        )

    @api.model
    def _words(self):
        """Return what is said of files that are not as they should be.

        :rtype: Words
        """
        return Words(
            missing=self.env._("%(file)s is missing in the file store."),
            unreadable=self.env._("%(file)s cannot be read: %(reason)s"),
            changed=self.env._(
                "%(file)s has been changed: it has %(size)s bytes instead of "
                "%(recorded)s. It is here as it was found."
            ),
            left_out=self.env._(
                "%(file)s has been changed: it has %(size)s bytes instead of "
                "%(recorded)s. It was left out; download it alone to look at it."
            ),
            in_index=self.env._("missing, see PROBLEMS.txt"),
        )

    @api.model
    def _reader(self):
        """Return what reads the files when the cursor of the request is closed.

        :rtype: Reader
        """
        return Reader(self.env.registry, self.env["ir.attachment"]._filestore())

    # ------------------------------------------------------------------
    # To extend
    # ------------------------------------------------------------------

    @api.model
    def _levels_above(self):
        """Return how many folders, from the root on, the paths leave out.

        Nobody outside reads where a shared folder is. What is above a month of the
        archive is its year, though.
        """
        folder = self.env["progbox.share"]._visited().folder_id
        if not folder or folder.locked:
            return 0
        return len(folder._path()) - 1

    # ------------------------------------------------------------------
    # Documents
    # ------------------------------------------------------------------

    @api.model
    def _add_documents(self, package, companies, domain, point, look):
        """Add the files, each with its line of the index."""
        documents = self.env["progbox.document"]
        documents.flush_model()
        self.env["progbox.folder"].flush_model()
        self.env["ir.attachment"].flush_model()
        found = documents._search(Domain(domain) & documents._of_companies(companies))
        folders = self._folders(found, len(companies) > 1)
        types = self._type_names()
        note = self._notes()
        # There are far fewer clients and currencies than documents.
        marked = functools.cache(harmless)
        new_path, add_file, add_line = (
            package.names.file, package.add_file, package.index.add,
        )  # fmt: skip
        for (
            document, folder, name, number, now, date, partner, type_, version, amount,
            currency, sha256, size, is_early, is_outdated, id_, stored, length,
        ) in self._rows(found, folders, point):  # fmt: skip
            if now:
                number = documents._number_text(number, now)
                if not package.hides:
                    name = self._renumbered_name(name, now)
            path = label = new_path(folders[folder], name)
            if now and package.hides:
                label = documents._number_text(path, now)
            if size and stored and not look:
                source = id_ if is_object(stored) else stored
                entry = add_file(path, source, size, sha256, label)
            else:
                place = id_, stored, length
                entry = self._look_at(package, path, label, place, size, sha256)
            line = add_line(
                (
                    harmless(number), date, marked(partner), types[type_], version,
                    amount, marked(currency),
                    no_formula(path) if entry else package.words.in_index,
                    sha256, note[is_early, is_outdated],
                )
            )  # fmt: skip
            if entry:
                entry.line, entry.key = line, document

    @api.model
    def _renumbered_name(self, name, now):
        """Return the name of a file that says which number its invoice has now.

        Else the files of two invoices that have exchanged their numbers would look
        like versions of one. Evidence keeps the names of the archive.
        """
        stem, dot, extension = name.rpartition(".")
        ending = f"{dot}{extension}"
        # Of what is too long, the number of now is not what is cut off.
        number_text = self.env["progbox.document"]._number_text
        too_long = len(number_text(stem, now)) + len(ending) - LONGEST_NAME
        stem = stem[: len(stem) - max(too_long, 0)]
        return clean_filename(number_text(stem, now), ending)

    @api.model
    def _notes(self):
        """Return what the index says of documents that are not the last word.

        :return: dictionary by (before the authority's answer, newer version to come)
        """
        early = self.env._("Before the authority's answer")
        outdated = self.env._("A newer version is still to be archived")
        return {
            (False, False): "",
            (True, False): early,
            (False, True): outdated,
            (True, True): f"{early} · {outdated}",
        }

    @api.model
    def _folders(self, found, several):
        """Return the names of the folders on the way to each one, in their order.

        :param Query found: the documents that are looked for
        :param bool several: whether they belong to several companies
        :return: dictionary by id
        """
        companies = dict(
            self.env.execute_query(
                SQL(
                    """SELECT folder.id, company.name FROM progbox_folder folder
                    LEFT JOIN res_company company ON company.id = folder.company_id
                    WHERE folder.id IN %s ORDER BY company.name, company.id""",
                    found.subselect("progbox_document.folder_id"),
                )
            )
        )
        paths = self.env["progbox.folder"].browse(companies)._zip_paths()
        above = self._levels_above()
        places = {
            id_: ((company,) if several and company else ()) + paths[id_][above:]
            for id_, company in companies.items()
        }
        return dict(sorted(places.items(), key=lambda place: place[1]))

    @api.model
    def _rows(self, found, folders, point):
        """Yield what a package needs to know of each document, as tuples."""
        # A plain join, though a document may have a second file where nothing guards
        # it: the first one counts, and the join of all is many times faster than a
        # look-up for each.
        query = SQL(
            """SELECT progbox_document.id, folder_id, progbox_document.name, number,
                %(renumbered)s,
                coalesce(document_date::text, ''), partner_name, type_id, version::text,
                replace(round(
                    coalesce(amount_total, 0),
                    greatest(2, scale(trim_scale(amount_total)))
                )::text, '.', %(point)s),
                currency_name, coalesce(sha256, ''), size,
                coalesce(before_answer, FALSE), %(outdated)s,
                file.id, file.store_fname, octet_length(file.db_datas)
            FROM %(tables)s
            JOIN unnest(%(folders)s::int[]) WITH ORDINALITY AS folder(id, rank)
                ON folder.id = progbox_document.folder_id
            LEFT JOIN ir_attachment file ON file.res_model = 'progbox.document'
                AND file.res_field = 'content' AND file.res_id = progbox_document.id
            WHERE %(found)s
            ORDER BY folder.rank, progbox_document.name COLLATE "C",
                progbox_document.id, file.id""",
            renumbered=renumbered_sql(self.env, SQL("progbox_document")),
            outdated=outdated_sql(self.env, SQL("progbox_document")),
            point=point,
            folders=list(folders),
            tables=found.from_clause,
            found=found.where_clause or SQL("TRUE"),
        )
        self.env.flush_query(query)
        cr = self.env.cr
        # Else the rows of a large archive are sorted on the disk, compiling the query
        # takes half as long as running it, and PostgreSQL takes the way to a cursor's
        # first rows, which is twice as long to the last.
        cr.execute(
            "SET LOCAL work_mem = '32MB'; SET LOCAL jit = off;"
            " SET LOCAL cursor_tuple_fraction = 1"
        )
        cr.execute(SQL("DECLARE progbox_package NO SCROLL CURSOR FOR %s", query))
        before = None
        while True:
            cr.execute(SQL("FETCH %s FROM progbox_package", FETCH))
            rows = cr.fetchall()
            if not rows:
                break
            for row in rows:
                if row[0] != before:
                    before = row[0]
                    yield row
        cr.execute(SQL("CLOSE progbox_package"))

    @api.model
    def _look_at(self, package, name, label, place, recorded, sha256):
        """Add the file of one document as it is found, unless it is not there.

        :param str label: what people are told it is
        :param place: where it is: id of the attachment, name in the store, length in
            the database
        :param int recorded: length on record
        :rtype: Entry, or None
        """
        attachment_id, store_name, size = place
        source = store_name or attachment_id
        if store_name:
            if is_object(store_name):
                source = attachment_id
            try:
                size = self._size_of(package, source)
            except FileNotFoundError:
                size = 0
            except OSError as error:
                reason = error.strerror or error.__cause__ or error
                package.add_problem("unreadable", label, reason=reason)
                return None
        if not size:
            package.add_problem("missing", label)
            return None
        if size != recorded and recorded:
            package.add_problem("changed", label, size=size, recorded=recorded)
        return package.add_file(name, source, size, sha256, label)

    @api.model
    def _size_of(self, package, source):
        """Return the length of a file outside of the database.

        :raise OSError: when it is not there, or not readable
        """
        if isinstance(source, str):
            return package.read.size(source)
        return self.env["ir.attachment"].sudo().browse(source)._progbox_size()

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
            self.env._("Note"),
        ]

    def _type_names(self):
        types = self.env["progbox.document.type"].with_context(active_test=False)
        types = types.search(Domain.TRUE)
        return {type_.id: harmless(type_.name) for type_ in types}

    # ------------------------------------------------------------------
    # What makes a package checkable by somebody who has no Odoo
    # ------------------------------------------------------------------

    @api.model
    def _add_evidence(self, package, company, folder):
        """Add the ledger, the closings, and how to check them without Odoo.

        :param Path folder: temporary, outlives the package; takes the ledger
        :raise AccessError: for the ledger of a company that is not the user's
        """
        if not self.env.su and company not in self.env.companies:
            raise AccessError(self.env._("This company is not one of yours."))
        closings = json.dumps(self._closings(company), ensure_ascii=False, indent=1)
        package.add_text(LEDGER, self._write_ledger(company, folder / LEDGER))
        package.add_text(CLOSINGS, closings)
        stamps = self._add_stamps(package, company)
        package.add_text(CHECK, self._check_text(company, stamps))

    @api.model
    def _add_stamps(self, package, company):
        """Add the time stamps of the ledger, and what they are checked with.

        :return: whether there are any
        """
        stamps = self.env["progbox.time.stamp"]._of(company)
        files = list(stamps._files())
        for name, content in files:
            package.add_text(f"{STAMPS}/{name}", content)
        if files:
            package.add_text(f"{STAMPS}/authority.pem", authority_file(company))
        return bool(files)

    @api.model
    def _write_ledger(self, company, path):
        """Write the whole ledger of a company, one JSON object a line.

        :param Path path: to be written
        :rtype: Path
        """
        seals = self.env["progbox.seal"]
        seals.check_access("read")
        last = 0
        with open(path, "w", encoding="ascii") as file:
            while True:
                lines = seals._exported(company, last, FETCH)
                if not lines:
                    return Path(path)
                for line in lines:
                    file.write(json.dumps(line) + "\n")
                last = lines[-1]["sequence"]

    @api.model
    def _closings(self, company):
        closings = self.env["progbox.closing"]
        return closings.search(Domain("company_id", "=", company.id))._export_lines()

    @api.model
    def _check_text(self, company, stamps=False):
        """Return one page that explains the check to somebody without Odoo.

        :param bool stamps: whether there are time stamps to check, too
        """
        text = self._check_text_of_files(company)
        return text + (self._check_text_of_stamps() if stamps else "")

    @api.model
    def _check_text_of_stamps(self):
        return "\n" + self.env._(
            """\
4. Check the time stamps. An authority has signed, for each closing and once a day,
where the ledger stood. Take its root certificate from the authority itself, and
compare: stamps/authority.pem is only a copy. Each stamp must be verified, and its line
must be in the ledger; the date is the authority's:

%(stamps)s

Who writes a ledger anew gets other hashes, and no authority signs them with the old
dates.
""",
            stamps=CHECK_STAMPS,
        )

    @api.model
    def _check_text_of_files(self, company):
        notice = self.env["res.company"]._progbox_copy_notice()
        return (notice and f"{notice}\n\n") + self.env._(
            """\
ARCHIVE OF %(company)s

How to check that these files are the archived ones. You need neither Odoo nor us:
the commands are those of any Linux, of macOS, and of WSL on Windows.

1. Unpack the zip into an empty folder and go there (not needed for a folder):

%(unpack)s

2. Check that every file is the one that was packed. Each line must end in "OK":

%(digests)s

3. Check that the ledger is whole, and that it knows every archived file here:

%(ledger)s

Each line of the ledger covers the line before it. Compare the last hash with the
printed closing certificates (closings.json holds what they say): a ledger whose end
was cut off does not contain the hashes they name.

index.csv lists the documents. If there is a file PROBLEMS.txt, it names what should
be here and is not. The name of the archive's folder begins with a dot: file managers
hide such folders until they are told to show hidden files (Ctrl+H; on macOS
Cmd+Shift+.).
""",
            company=company.name,
            unpack=_indented("unzip export.zip -d export && cd export"),
            digests=_indented("sha256sum -c MANIFEST.sha256"),
            ledger=CHECK_LEDGER,
        )
