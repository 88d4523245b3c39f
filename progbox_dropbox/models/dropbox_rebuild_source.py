"""What an archive is made of again: the ledger and the copies that lie in Dropbox."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from time import sleep as pause
from typing import Any, NamedTuple

from odoo.exceptions import UserError

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
from ..tools.verdicts import HANDLED, STOPS, classify
from .dropbox_copies import Copies, Copy
from .dropbox_fetch import is_lookup
from .dropbox_texts import text_of

BLOCK = 1 << 20
# Files that are fetched side by side.
FETCHERS = 8
# How often, and after how many seconds, what Dropbox puts off is asked for again.
TRIES, LONGEST_WAIT = 6, 60
# In the ledger's line about what a rebuilt server does not have: no record, and no
# document, has this number.
NO_RECORD = 0
# No database counts as far. What a ledger names beyond it would use up the numbers that
# new records get.
HIGHEST = 1 << 30


class Fetched(NamedTuple):
    """The file of a document, its copy in Dropbox, or why there is none."""

    staged: StagedFile | None = None
    copy: Copy | None = None
    error: Any = None

    def discard(self):
        """Remove a file that nobody has taken over."""
        if self.staged:
            self.staged.path.unlink(missing_ok=True)


class RebuildSource:
    """A ledger of the Dropbox of an account, and the copies beside it.

    :param account: progbox.dropbox.account that holds the copies
    :param Path folder: for the files of the ledger, on this server's disk
    :param int ledger: company whose ledger it is, None for the only one there is
    :raise UserError: when there is no such ledger
    """

    def __init__(self, account, folder, ledger=None):
        self.account = account.sudo()
        self.env = account.env
        self.client = self.account._client()
        self.company_id, self.paths = self._download(Path(folder), ledger)

    def _download(self, target, ledger):
        """Return the company of the ledger, and the files of it by their kind."""
        folder = self.account._ledger_folder()
        names = [entry.name for entry in self.client.entries(folder)]
        companies = companies_of(names)
        company = ledger or (companies[0] if len(companies) == 1 else None)
        if company not in companies:
            raise UserError(
                self.env._(
                    "The folder %(folder)s of this Dropbox has ledgers of these "
                    "companies: %(companies)s. Say which one.",
                    folder=folder,
                    companies=", ".join(map(str, companies)) or "-",
                )
            )
        paths = {}
        for kind in (LINES, ROWS):
            paths[kind] = [target / name for name in files_of(names, kind, company)]
            for path in paths[kind]:
                self._staged(f"{folder}/{path.name}", target).move_to(path)
        return company, paths

    # ------------------------------------------------------------------
    # The ledger
    # ------------------------------------------------------------------

    def lines(self):
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

    def row_reader(self):
        """Return the function that gives what a line leaves out, by its number."""
        return read_rows(self.paths[ROWS])

    def check(self, anchor=None):
        """Look at all of the ledger before anything is written.

        Its chain has no key: who may write in the Dropbox can make another one. What
        they cannot change is a line and its hash that were printed before.

        :param anchor: (line, hash) that it must have, None to believe it unseen
        :raise UserError: when it is not the ledger of the anchor, or names impossible
            numbers
        """
        line, wanted = anchor or (None, None)
        hash_ = None
        for found in self.lines():
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
        if anchor and hash_ != wanted:
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

    # ------------------------------------------------------------------
    # The copies
    # ------------------------------------------------------------------

    @cached_property
    def copies(self):
        contents = (line.content for line in self.lines())
        return Copies(self.account, {content.get("size") for content in contents})

    def fetch(self, lines):
        """Fetch the files of some documents, several at a time.

        :param lines: of the ledger, about the documents
        :rtype: {number of the line: Fetched}
        """
        # The client refreshes its token here, and not in the threads.
        self.client = self.account._client()
        store = self.env["ir.attachment"].sudo()._progbox_staging_folder()
        plans = [self.copies.take_of_content(line.content) for line in lines]
        with ThreadPoolExecutor(FETCHERS) as threads:
            tasks = [
                threads.submit(self._fetch_one, line.content, copies, store)
                for line, copies in zip(lines, plans, strict=True)
            ]
        if failed := next((t for t in tasks if t.exception()), None):
            # What the others have got is nobody's.
            for task in tasks:
                if not task.exception():
                    task.result().discard()
            raise failed.exception()
        return {
            line.sequence: task.result()
            for line, task in zip(lines, tasks, strict=True)
        }

    def _fetch_one(self, content, copies, store):
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
                return Fetched(staged, copy)
            staged.path.unlink(missing_ok=True)
        return Fetched(error=error)

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

    def problem_text(self, content, error):
        """Return what to say about a document whose file is not there.

        :param dict content: of its line
        :param error: of Dropbox, None when no file has its bytes
        """
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
