"""Makes an archive again from its copies and the ledger that lies beside them.

On a server that has neither its database nor its files. No guard of the ledger is
lifted or gone around for it: each line is the next one of the chain, each document is
sealed by the line that was made for it, and the database looks at both. What is gone
for good, the invoices themselves, the ledger says in a line of its own.
"""

import contextlib
import hashlib
import mimetypes
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from time import sleep as pause

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.progbox_invoice_archive.tools.ledger.chain import (
    GUARDS_LIFTED,
    GUARDS_RESTORED,
)
from odoo.addons.progbox_invoice_archive.tools.sentinels import SERVER
from odoo.addons.progbox_invoice_archive.tools.staging import StagedFile, stage

from ..tools.ledger_copy import (
    LINES,
    ROWS,
    Damaged,
    companies_of,
    files_of,
    read_lines,
    read_rows,
)
from ..tools.naming import path_key
from ..tools.verdicts import HANDLED, STOPS, classify
from .dropbox_copies import Copies
from .dropbox_fetch import is_lookup
from .dropbox_texts import text_of

BLOCK = 1 << 20
# Lines that one transaction writes, and files that are fetched for it side by side.
CHUNK = 100
FETCHERS = 8
# How often, and after how many seconds, what Dropbox puts off is asked for again.
TRIES, LONGEST_WAIT = 6, 60
# In the ledger's line about what a rebuilt server does not have: no record, and no
# document, has this number.
NO_RECORD = 0
SHA1 = re.compile("[0-9a-f]{40}")
# No database counts as far. What a ledger names beyond it would use up the numbers that
# new records get.
HIGHEST = 1 << 30


class Rebuild:
    """One archive, from the Dropbox of an account.

    It goes on where it was interrupted: what is there must be the begin of the copy.

    :param account: progbox.dropbox.account that holds the copies
    :param Path folder: for the files of the ledger, on this server's disk
    :param int ledger: company whose ledger it is, None for the only one there is
    :param anchor: (line, hash) that the copy must have, None to believe it unseen
    """

    def __init__(self, account, folder, ledger=None, anchor=None):
        self.account = account.sudo()
        self.env = account.env
        self.server = self.env(su=True, context={"progbox_server": SERVER})
        self.folder = Path(folder)
        self.anchor = anchor
        self.problems = []
        self.used = set()
        self.position = self.total = 0
        self._download_ledger(ledger)

    # ------------------------------------------------------------------
    # The ledger, and the place that it gets
    # ------------------------------------------------------------------

    def _download_ledger(self, ledger):
        self.client, folder = self.account._client(), self.account._ledger_folder()
        names = [entry.name for entry in self._listed(folder)]
        companies = companies_of(names)
        self.company_id = ledger or (companies[0] if len(companies) == 1 else None)
        if self.company_id not in companies:
            raise UserError(
                self.env._(
                    "The folder %(folder)s of this Dropbox has ledgers of these "
                    "companies: %(companies)s. Say which one.",
                    folder=folder,
                    companies=", ".join(map(str, companies)) or "-",
                )
            )
        self.paths = {
            kind: files_of(names, kind, self.company_id) for kind in (LINES, ROWS)
        }
        for kind, wanted in self.paths.items():
            self.paths[kind] = [self.folder / name for name in wanted]
            for path in self.paths[kind]:
                self._staged(f"{folder}/{path.name}", self.folder).move_to(path)

    def _listed(self, folder):
        answer = self.client.files_list_folder(folder)
        yield from answer.entries
        while answer.has_more:
            answer = self.client.files_list_folder_continue(answer.cursor)
            yield from answer.entries

    def _lines(self):
        """Yield the lines of the copy.

        :raise UserError: when it is no whole ledger
        """
        try:
            yield from read_lines(self.paths[LINES], self.company_id)
        except Damaged as error:
            raise UserError(
                self.env._(
                    "Line %(line)s of the ledger in Dropbox is missing or was changed: "
                    "nothing can be rebuilt from it. Restore the folder %(folder)s in "
                    "Dropbox to an earlier version, then try again.",
                    line=error.number,
                    folder=self.account._ledger_folder(),
                )
            ) from error

    def prepare(self):
        """Look at the whole copy, and make the place where it goes.

        :raise UserError: when this server is no place for it
        """
        self._check_copy()
        self.company = self._company()
        self.there = self._look_at_ledger()
        if not self.there:
            self._keep_records_apart()
            self._name_root()
        self.copies = Copies(self.account)

    def _check_copy(self):
        """Look at the copy before anything is written.

        Its chain has no key: who may write in the Dropbox can make another one. What
        they cannot change is a line and its hash that were printed before.

        :raise UserError: when it is not the ledger of the anchor, or names impossible
            numbers
        """
        line, wanted = self.anchor or (None, None)
        hash_ = None
        for found in self._lines():
            if found.sequence == line:
                hash_ = found.hash
            if self.company_id >= HIGHEST or not _has_sane_numbers(found.content):
                raise UserError(
                    self.env._(
                        "Line %(line)s of the ledger in Dropbox names a number that no "
                        "record has: nothing can be rebuilt from it.",
                        line=found.sequence,
                    )
                )
        if self.anchor and hash_ != wanted:
            raise UserError(
                self.env._(
                    "The ledger in Dropbox is not the one of line %(line)s with its "
                    "hash, which you gave: nothing was written. Compare what you typed "
                    "with the certificate. If it is right, restore the folder "
                    "%(folder)s in Dropbox to an earlier version, then try again.",
                    line=line,
                    folder=self.account._ledger_folder(),
                )
            )

    def _company(self):
        """Return the company of the ledger: its number is in each line."""
        companies = self.server["res.company"]
        company = companies.browse(self.company_id).exists()
        if not company:
            with self._next_id("res_company", self.company_id):
                name = self.env._("Company %(number)s", number=self.company_id)
                company = companies.create({"name": name})
        return company

    def _look_at_ledger(self):
        """Compare the ledger that is there with the copy, and read all of the copy.

        :return: how many lines of it are there already
        """
        self.documents, self.records, self.root = set(), {}, None
        mine = Domain("company_id", "=", self.company.id)
        ledger = self.server["progbox.seal"].search_fetch(mine, ["sequence", "hash"])
        hashes = {line.sequence: line.hash for line in ledger}
        last = max(hashes, default=0)
        ledger.invalidate_recordset()
        for line in self._lines():
            self.total = line.sequence
            if line.sequence <= last and hashes.get(line.sequence) != line.hash:
                raise UserError(
                    self.env._(
                        "%(company)s has a ledger of its own. An archive is rebuilt "
                        "where there is none, or the begin of this very one.",
                        company=self.company.display_name,
                    )
                )
            if line.content["kind"] == "deposit":
                self._note(line.content, line.sequence > last)
        self._check_ids_are_free(last)
        return last

    def _note(self, content, is_new):
        if is_new:
            self.documents.add(content["document"])
        self.root = self.root or content["folder"].partition("/")[0]
        if content["model"] and content["record"]:
            self.records.setdefault(content["model"], set()).add(content["record"])

    def _check_ids_are_free(self, last):
        """Check that nothing else has a number that the copy speaks of.

        Where the ledger has begun, the records are those that it speaks of.
        """
        wanted = {**({} if last else self.records), "progbox.document": self.documents}
        for model, ids in wanted.items():
            if model in self.env:
                found = self.server[model].browse(sorted(ids)).exists()
                if found:
                    self._refuse_place(found, found[:1])

    def _refuse_place(self, records, example):
        name = self.env["ir.model"]._get(records._name).name
        raise UserError(
            self.env._(
                "This database has a record that the archive speaks of under the same "
                "number: %(model)s %(number)s. Rebuild it in a new database.",
                model=name,
                number=example.id,
            )
        )

    def _keep_records_apart(self):
        """Let no new record have the number of one that is gone."""
        for model, ids in self.records.items():
            if self._is_taken_in(model):
                self._raise_sequence(self.env[model]._table, max(ids))
        if self.documents:
            self._raise_sequence("progbox_document", max(self.documents))

    def _is_taken_in(self, model):
        """Return whether the archive takes documents of a model: one with a chatter."""
        if model not in self.env:
            return False
        records = self.env[model]
        has_table = records._auto and not records._transient
        return has_table and hasattr(records, "message_post")

    def _name_root(self):
        """What is archived from now on goes where the rest is."""
        if self.root and self.company.progbox_archive_folder != self.root:
            self.company.progbox_archive_folder = self.root

    # ------------------------------------------------------------------
    # Line by line
    # ------------------------------------------------------------------

    def run(self, end_transaction=lambda: None):
        """Write all lines that are not there yet.

        :param end_transaction: called after each hundred of them
        """
        self.position = self.there
        lines = islice(self._lines(), self.there, None)
        row_of = read_rows(self.paths[ROWS])
        while chunk := list(islice(lines, CHUNK)):
            found = self._fetch([line for line in chunk if _is_deposit(line)])
            self.server["progbox.seal"]._lock()
            try:
                for line in chunk:
                    self._write(line, row_of(line.sequence), found.get(line.sequence))
            finally:
                for staged, _entry in found.values():
                    if staged:
                        staged.path.unlink(missing_ok=True)
            self.position = chunk[-1].sequence
            if self.position == self.total:
                self._say_what_is_gone()
            self.env.flush_all()
            end_transaction()
            self.env.invalidate_all()

    def _write(self, line, row, found):
        kind = line.content["kind"]
        if kind == "deposit":
            self._write_deposit(line, row, *found)
        elif kind == "closing":
            self._write_closing(line)
        elif kind in (GUARDS_LIFTED, GUARDS_RESTORED):
            self.server["progbox.seal"]._append_copied(self.company, line)
        else:
            self._write_deletion(line)

    def _write_deposit(self, line, row, staged, entry):
        content = line.content
        documents = self.server["progbox.document"]
        folders = self.server["progbox.folder"]
        folder = folders._locked_folder(self.company, content["folder"].split("/"))
        name = content["name"]
        mimetype = row.get("mimetype") or mimetypes.guess_type(name)[0]
        renderer = content["made_with"]
        with self._next_id("progbox_document", content["document"]):
            document = documents.create(
                {
                    "name": name,
                    "folder_id": folder.id,
                    "company_id": self.company.id,
                    "type_id": self._type(content["type"]).id,
                    "mimetype": mimetype or "application/octet-stream",
                    "sha256": content["sha256"],
                    "size": content["size"],
                    "res_model": content["model"],
                    "res_id": content["record"],
                    "version": content["version"],
                    "series": content.get("series", False),
                    "origin": content["origin"],
                    "before_answer": row.get("before_answer", False),
                    "made_with": row.get("made_with")
                    or (renderer and {"renderer": renderer}),
                    "said": row.get("said"),
                    "document_date": content["date"],
                    "number": content["number"],
                    "partner_name": content["partner"],
                    "amount_total": float(content["amount"]),
                    "currency_name": content["currency"],
                }
            )
        self._give_file(document, staged, row.get("sha1"))
        document.flush_recordset()
        sealed_on = content["sealed_on"].removesuffix("Z")
        self.env.cr.execute(
            SQL(
                "UPDATE progbox_document SET create_date = %s WHERE id = %s",
                sealed_on,
                document.id,
            )
        )
        seals = self.server["progbox.seal"]
        document.seal_id = seals._append_copied(self.company, line, document)
        document.with_context(progbox_server=None)._file_stored()
        if entry:
            self._note_copy(document, entry)

    def _type(self, code):
        types = self.server["progbox.document.type"]
        return types._of_codes(code) or types.create({"name": code, "code": code})

    def _give_file(self, document, staged, sha1):
        """Attach the file; one that Dropbox does not give has its place all the same.

        There a later restore puts it: the row of a sealed document's file is final.
        """
        values = {
            "name": document.name,
            "mimetype": document.mimetype,
            "res_model": document._name,
            "res_id": document.id,
            "res_field": "content",
            "company_id": document.company_id.id,
        }
        attachments = self.server["ir.attachment"]
        if staged:
            attachments._progbox_adopt(staged, values)
        elif sha1:
            # No hash covers what says it: it may not name the file of something else.
            name = sha1 if isinstance(sha1, str) and SHA1.fullmatch(sha1) else None
            place = {"store_fname": f"{name[:2]}/{name}"} if name else {}
            if not name or self._is_taken(place["store_fname"], document.sha256):
                self.problems.append(self._place_text(document))
                return
            empty = StagedFile(None, name, document.sha256, document.size)
            if attachments._storage() != "file":
                place = {}
            attachment = attachments.create(values)
            attachment._progbox_write_stored(empty, **place)
            attachment.flush_recordset()

    def _is_taken(self, store_fname, sha256):
        """Return whether the file store has something else at a place."""
        path = Path(self.server["ir.attachment"]._full_path(store_fname))
        if not path.exists():
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() != sha256

    def _place_text(self, document):
        return self.env._(
            "%(number)s: the copy names a place for %(name)s that is not its own. The "
            "document has no place for a file.",
            number=document.number or document.name,
            name=document.name,
        )

    def _note_copy(self, document, entry):
        """Note where the copy is: it is not sent again."""
        transfers = self.server["progbox.dropbox.transfer"]
        transfer = transfers.search(
            Domain("document_id", "=", document.id)
            & Domain("account_id", "=", self.account.id)
        )
        # Two documents with the same bytes may have had one copy each, or lost one.
        if transfer and entry.id not in self.used:
            self.used.add(entry.id)
            transfer._job_write(
                {
                    "path": entry.path,
                    "path_key": path_key(entry.path),
                    "copied_path": entry.path,
                    "file_ref": entry.id,
                    "rev": entry.rev,
                    "content_hash": entry.content_hash,
                }
            )
            transfer._job_finish("done")

    def _write_closing(self, line):
        content = line.content
        seal = self.server["progbox.seal"]._append_copied(self.company, line)
        closing = self.server["progbox.closing"].create(
            {
                "company_id": self.company.id,
                "month": fields.Date.to_date(f"{content['month']}-01"),
                "number": content["number"],
                "document_count": content["documents"],
                "new_document_count": content["new_documents"],
                "totals": content["totals"],
                "last_sequence": content["last_sequence"],
                "last_hash": content["last_hash"],
                "closed_by": content["closed_by"],
                "closed_on": seal.sealed_on,
                "seal_id": seal.id,
            }
        )
        # It is there: that is where it comes from.
        anchors = self.server["progbox.dropbox.anchor"]
        anchors.search(Domain("closing_id", "=", closing.id))._job_finish("done")

    def _write_deletion(self, line):
        content = line.content
        note = self._begin_note(
            res_model=content["model"],
            res_id=content["record"],
            number=content["number"],
            document_ids=content["documents"],
            deleted_by=content["deleted_by"],
            deleted_on=fields.Datetime.to_datetime(
                content["deleted_on"].removesuffix("Z").replace("T", " ")
            ),
        )
        seal = self.server["progbox.seal"]._append_copied(self.company, line)
        self._finish_note(note, seal)

    def _begin_note(self, **values):
        """Note a deletion, in the name of the user who is called like that, if any."""
        users = self.server["res.users"].with_context(active_test=False)
        named = users.search(Domain("name", "=", values["deleted_by"]), limit=1)
        notes = self.server["progbox.source.deletion"].with_user(named or users.env.uid)
        return notes.sudo().create(
            {
                "company_id": self.company.id,
                "state": "pending",
                "attempts": 0,
                "next_try": False,
                **values,
            }
        )

    def _finish_note(self, note, seal):
        values = {"seal_id": seal.id, "state": "done", "done_on": fields.Datetime.now()}
        note._job_write(values)

    def _say_what_is_gone(self):
        """Enter into the ledger that the records of the lines so far are not here.

        One line for all of a model, about no record: for the archive's totals nothing
        was deleted. The access log says it, too.
        """
        text = self.env._("Rebuilt from Dropbox: lines 1 to %(last)s", last=self.total)
        self.server["progbox.seal"]._lock()
        for model, ids in sorted(self.records.items()):
            if model in self.env and len(self.server[model].browse(ids).exists()) == (
                len(ids)
            ):
                continue
            note = self._begin_note(
                res_model=model,
                res_id=NO_RECORD,
                number=text,
                # Odoo keeps no empty list.
                document_ids=[NO_RECORD],
                deleted_by="odoo-bin progbox_dropbox rebuild",
                deleted_on=fields.Datetime.now(),
            )
            seal = self.server["progbox.seal"]._append(
                self.company, "source_deleted", note._sealed_content()
            )
            self._finish_note(note, seal)
        log = self.server["progbox.access.log"]
        log._log("verification", company=self.company, note=text)

    # ------------------------------------------------------------------
    # Files
    # ------------------------------------------------------------------

    def _fetch(self, lines):
        """Fetch the files of some documents, several at a time.

        :return: {number of the line: (StagedFile or None, its copy or None)}; what is
            not there is a problem, and stops nothing
        """
        # The client refreshes its token here, and not in the threads.
        self.client = self.account._client()
        store = self.server["ir.attachment"]._progbox_staging_folder()
        plans = [self.copies.of_content(line.content) for line in lines]
        with ThreadPoolExecutor(FETCHERS) as threads:
            fetched = threads.map(
                lambda line, copies: self._fetch_one(line.content, copies, store),
                lines,
                plans,
            )
            found = {}
            for line, (staged, entry, error) in zip(lines, fetched, strict=True):
                found[line.sequence] = (staged, entry)
                if not staged:
                    self.problems.append(self._problem_text(line.content, error))
        return found

    def _fetch_one(self, content, copies, store):
        """Return the staged file, its copy, and why there is none."""
        error = None
        for copy in copies:
            try:
                staged = self._staged(copy.id, store)
            except HANDLED as refusal:
                if not is_lookup(refusal):
                    raise
                error = refusal
                continue
            if staged.sha256 == content["sha256"]:
                return staged, copy, None
            staged.path.unlink(missing_ok=True)
        return None, None, error

    def _staged(self, path, folder):
        """Download a file; what Dropbox puts off is asked for again."""
        attempt = 0
        while True:
            try:
                _metadata, response = self.client.files_download(path)
                with contextlib.closing(response):
                    return stage(response.iter_content(BLOCK), folder)
            except HANDLED as error:
                verdict = classify(error)
                attempt += 1
                if verdict.action in STOPS or is_lookup(error) or attempt == TRIES:
                    raise
                pause(min(verdict.seconds or 2**attempt, LONGEST_WAIT))

    def _problem_text(self, content, error):
        names = {
            "number": content["number"] or content["name"],
            "name": content["name"],
        }
        if not error:
            return self.env._(
                "%(number)s: no file in Dropbox is what was sealed (%(name)s).", **names
            )
        return self.env._(
            "%(number)s: Dropbox does not give %(name)s: %(reason)s",
            reason=text_of(self.env, classify(error)),
            **names,
        )

    # ------------------------------------------------------------------
    # Numbers of the database
    # ------------------------------------------------------------------

    @contextlib.contextmanager
    def _next_id(self, table, wanted):
        """Let the record that is created inside have the number that it had."""
        sequence = f"{table}_id_seq"
        self.env.cr.execute(SQL("SELECT setval(%s, %s, false)", sequence, wanted))
        try:
            yield
            [[given]] = self.env.execute_query(
                SQL("SELECT currval(%s::regclass)", sequence)
            )
            if given != wanted:
                raise UserError(
                    self.env._(
                        "Somebody else is at work in this database. Stop Odoo, then "
                        "run this again: it goes on where it was."
                    )
                )
        finally:
            self._raise_sequence(table, wanted)

    def _raise_sequence(self, table, least):
        """Let the next record of a table have a number that is free."""
        self.env.cr.execute(
            SQL(
                "SELECT setval(%s, greatest(%s, (SELECT max(id) FROM %s),"
                " (SELECT last_value FROM %s)))",
                f"{table}_id_seq",
                least,
                SQL.identifier(table),
                SQL.identifier(f"{table}_id_seq"),
            )
        )


def _is_deposit(line):
    return line.content["kind"] == "deposit"


def _has_sane_numbers(content):
    """Return whether the numbers of records in a line are some that Odoo gives."""
    if content["kind"] == "closing":
        return True
    documents = content.get("documents") or []
    if not isinstance(documents, list):
        return False
    numbers = [content.get("record") or NO_RECORD, *documents]
    if _is_number(content.get("document")):
        numbers.append(content["document"])
    elif content["kind"] == "deposit":
        return False
    model = content.get("model")
    return (model is None or isinstance(model, str)) and all(
        number == NO_RECORD or _is_number(number) for number in numbers
    )


def _is_number(value):
    return type(value) is int and 0 < value < HIGHEST


def rebuild(
    account,
    ledger=None,
    end_transaction=lambda: None,
    tell=lambda _r: None,
    anchor=None,
):
    """Rebuild an archive from the Dropbox of an account.

    :param int ledger: company whose ledger it is, None for the only one there is
    :param end_transaction: called between the pieces of the work
    :param tell: called with the rebuild, after each of them
    :param anchor: (line, hash) that the copy must have, None to believe it unseen
    :rtype: Rebuild
    :raise UserError:
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            work = Rebuild(account, folder, ledger, anchor)
            work.prepare()

            def end():
                end_transaction()
                tell(work)

            end()
            work.run(end)
            return work
    except HANDLED as error:
        raise UserError(text_of(account.env, classify(error))) from error
