"""The check that a run of progbox.verification makes, piece by piece."""

import logging
from contextlib import contextmanager
from functools import partial

import psycopg2

from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain

from ..exceptions import JobCancelled, JobError, JobWaiting
from ..tools.ledger.copy import BadCopy, compare_copy, read_copy
from ..tools.ledger.digests import Digest, digest_blocks, read_ahead
from ..tools.ledger.verify import (
    Finding,
    compare_anchors,
    compare_document,
    judge_file,
    listed,
    read_payload,
    storable,
)
from ..tools.ledger.walk import Walk
from . import guards_lines, guards_proof, verification_sql
from .ir_attachment import is_object

# The parts of a run, in their order; a run that is taken up again knows its part.
COPY, LEDGER, UNSEALED, UNARCHIVED = "copy", "ledger", "unsealed", "unarchived"
DELETED, GONE = "deleted", "gone"
CLOSINGS, GUARDS = "closings", "guards"
# What the ledger says of the guards, and whether the work of the archive goes on.
LIFTED, NOTED, WORK = "guards lifted", "guards noted", "work"

_logger = logging.getLogger(__name__)
# The run itself is to be tried again, or at its end.
PASSED_ON = (
    JobError,
    JobWaiting,
    JobCancelled,
    ConcurrencyError,
    MemoryError,
    psycopg2.InterfaceError,
    psycopg2.errors.InFailedSqlTransaction,
)
# Whoever archives holds a table for a moment; nobody holds one for so long.
PATIENCE = "60s"
# Once a table was held for so long: all parts together do not wait for a minute each.
LITTLE_PATIENCE = "1s"
# Class of the errors of PostgreSQL about its own files.
UNREADABLE_TABLE = "58"


class VerificationCheck:
    """The check of the archive of one company.

    :param progbox.verification run: what it is made for; holds how far it is
    """

    def __init__(self, run):
        self.run = run
        self.env = run.env
        self.company = run.company_id
        self.since = run.since or None
        # Guards of another version, and what else is wrong with them; None until they
        # have been looked at.
        self.guards = (run.checkpoint or {}).get("guards")
        self.patience = PATIENCE

    def steps(self):
        """Check the archive of the company, from where the run stands.

        Findings are written on the way.

        :return: iterator of values to write on the run; it may be left after each,
            and taken up again by calling this method anew
        """
        # The plain SQL sees what is in the database.
        self.env.flush_all()
        part = (self.run.checkpoint or {}).get("part", COPY)
        if part == COPY:
            yield from self._tried(COPY, self._check_copy())
            yield {"checkpoint": {"part": LEDGER}}
            part = LEDGER
        if part == LEDGER:
            yield from self._tried(LEDGER, self._check_ledger())
            part = UNSEALED
            yield {"checkpoint": {"part": UNSEALED, "after": 0}}
        checks = {
            name: partial(self._check_part, name, find)
            for name, find in self._parts_beside().items()
        } | self._checks_at_the_end()
        names = list(checks)
        left = names[names.index(part) :]
        for name, following in zip(left, [*left[1:], None], strict=True):
            yield from self._tried(name, checks[name]())
            # No part is in one transaction with another one: each may wait for a lock.
            if following:
                yield {
                    "checkpoint": {
                        "part": following,
                        "after": 0,
                        "guards": self.guards,
                    }
                }

    def _checks_at_the_end(self):
        """Return what is checked at once, by the name of the part."""
        return {
            "waiting": self._count_waiting,
            CLOSINGS: self._check_closings,
            GUARDS: self._check_guards,
            LIFTED: self._check_lifted,
            NOTED: self._note_guards,
            WORK: self._check_work,
        }

    def _tried(self, name, steps):
        """Yield the steps of a part; one that cannot be checked is a finding.

        A table that cannot be read, or that somebody has locked for good, or a value
        that nobody thought of must not keep the other parts from being checked.

        :param str name: of the part
        :param steps: iterator of values to write on the run
        """
        while True:
            try:
                with waiting_at_most(self.env.cr, self.patience):
                    values = next(steps, None)
            except PASSED_ON:
                raise
            except Exception as error:
                if is_of_the_moment(error):
                    raise
                if isinstance(error, psycopg2.errors.LockNotAvailable):
                    self.patience = LITTLE_PATIENCE
                _logger.exception("%s: could not check %s", self.run, name)
                self.run._add_findings([unchecked(name, error)])
                return
            if values is None:
                return
            yield values

    def _count_waiting(self):
        waiting = verification_sql.still_to_archive(self.env, self.company, self.since)
        self.run._job_write({"still_to_archive": waiting})
        yield from ()

    def _check_guards(self):
        self.guards = self._missing_guards()
        self.run._add_findings(
            [
                Finding("guard_missing", actual=text)
                for texts in self.guards
                for text in texts
            ]
        )
        yield from ()

    def _check_lifted(self):
        """Add when guards were lifted.

        By itself: the ledger may be the table that cannot be read.
        """
        lifted = guards_lines.lifted(self.env, self.company)
        self.run._add_findings(
            [Finding("guard_lifted", actual=text) for text in lifted]
        )
        yield from ()

    def _note_guards(self):
        """Let the ledger say what is found, so that nobody takes it back."""
        if self.company in guards_lines.companies(self.env):
            # Where they could not be looked at, this fails for the same reason.
            outdated, lifted = self.guards or self._missing_guards()
            if lifted:
                guards_lines.note_lifted(self.env, self.company, lifted)
            elif not outdated:
                guards_lines.note_restored(self.env, self.company)
        yield from ()

    def _check_work(self):
        self.run._add_findings(self.env["progbox.watch"]._findings(self.company))
        yield from ()

    # ------------------------------------------------------------------
    # The ledger, and all it leads to
    # ------------------------------------------------------------------

    def _check_ledger(self):
        walk, after = self._walk()
        position, files, volume = self.run.position, self.run.files, self.run.volume
        if "walk" not in self.run.checkpoint:
            self.run._job_write(
                {
                    "total": verification_sql.line_count(
                        self.env, self.company, walk.sequence
                    )
                }
            )
        pages = verification_sql.entries(self.env, self.company, after)
        for entries, from_store in read_ahead(pages, self._paths):
            findings = []
            digests = self._digests(entries, iter(from_store))
            for entry, digest in zip(entries, digests, strict=True):
                findings += walk.step(entry.line, entry.content)
                findings += self._check_document(entry)
                if not digest:
                    continue
                files, volume = files + 1, volume + digest.size
                if finding := judge_file(entry.content, digest):
                    findings.append(
                        finding._replace(
                            sequence=entry.line.sequence, document=entry.document
                        )
                    )
            self.run._add_findings(findings)
            position += len(entries)
            yield {
                "checkpoint": {
                    "part": LEDGER,
                    "walk": walk.state(),
                    "after": [walk.sequence, entries[-1].line.id],
                },
                "position": position,
                "files": files,
                "volume": volume,
                "last_sequence": walk.sequence,
                "last_hash": entries[-1].line.hash,
            }
        self.run._add_findings(walk.finish())
        known = set(self.run.finding_ids.mapped("sequence"))
        self.run._add_findings(self._anchor_findings(known))

    def _walk(self):
        """Return the walk to go on with, and the key of the line before its first."""
        company_id = self.company.id
        if "walk" in self.run.checkpoint:
            walk = Walk(company_id, self.run.checkpoint["walk"])
            return walk, tuple(self.run.checkpoint["after"])
        before = verification_sql.line_before(self.env, self.company, self.since)
        if not before:
            return Walk(company_id), (0, 0)
        id_, sequence, hash_ = before
        return Walk.after(company_id, sequence, hash_), (sequence, id_)

    def _paths(self, entries):
        """Return where the files of a page are that the file store holds."""
        store = self.env["ir.attachment"]
        root = store._filestore()
        return [
            # As _full_path() does for the names that Odoo itself gives.
            f"{root}/{name}"
            if name.replace("/", "").isalnum()
            else store._full_path(name)
            for entry in entries
            for _id, name, _mimetype in entry.files[-1:]
            if name and not is_object(name)
        ]

    def _digests(self, entries, from_store):
        """Yield for each line the digest of the file that Odoo serves: the newest.

        :param from_store: iterator of the digests of the files in the file store
        :return: iterator of Digest, or None where there is no file
        """
        for entry in entries:
            if not entry.files:
                yield None
                continue
            attachment_id, name, _mimetype = entry.files[-1]
            if name and not is_object(name):
                yield next(from_store)
            else:
                yield self._digest(attachment_id)

    def _digest(self, attachment_id):
        """Return the digest of a file that the file store does not hold."""
        attachment = self.env["ir.attachment"].sudo().browse(attachment_id)
        try:
            return digest_blocks(attachment._progbox_blocks())
        except FileNotFoundError:
            return Digest(None, 0)
        except OSError as error:
            return Digest(None, 0, str(error.__cause__ or error))

    def _check_document(self, entry):
        """Return what is wrong with the document of a line, its file aside."""
        line, content = entry.line, entry.content
        if line.kind != "deposit" or entry.document and entry.is_in_order():
            return []
        about = {"sequence": line.sequence, "content": content}
        if not entry.document:
            return [Finding("document_missing", **about)]
        about["document"] = entry.document
        row = entry.row
        findings = []
        if differing := compare_document(content, row):
            findings.append(
                Finding(
                    "document_changed",
                    **about,
                    what=", ".join(differing),
                    expected=listed(content, differing),
                    actual=listed(row, differing),
                )
            )
        elif entry.seal != line.id:
            findings.append(
                Finding(
                    "document_changed",
                    **about,
                    what="seal",
                    expected=str(line.id),
                    actual=str(entry.seal),
                )
            )
        if not entry.files:
            findings.append(Finding("file_missing", **about))
        elif entry.is_of_another_type():
            findings.append(
                Finding(
                    "document_changed",
                    **about,
                    what="mimetype",
                    expected=f"mimetype: {entry.mimetype}",
                    actual=f"mimetype: {entry.files[0].mimetype}",
                )
            )
        if len(entry.files) + len(entry.others) > 1:
            attachments = sorted([file.id for file in entry.files] + entry.others)
            findings.append(
                Finding(
                    "file_second",
                    **about,
                    expected="1",
                    actual=", ".join(map(str, attachments)),
                )
            )
        return findings

    # ------------------------------------------------------------------
    # What the ledger does not lead to
    # ------------------------------------------------------------------

    def _parts_beside(self):
        """Return what finds a page of findings, by the part of the run, in order.

        A finder gets the key after which to begin, and returns the last key of its
        page with the findings, or nothing at the end.
        """
        return {
            UNSEALED: self._unsealed_findings,
            UNARCHIVED: self._unarchived_findings,
            DELETED: self._deleted_findings,
            **{
                _gone_part(model): partial(self._gone_findings, model)
                for model in self.env["progbox.document"]._archived_types()
            },
            **self.run._parts_of_check(),
        }

    def _check_part(self, part, find):
        checkpoint = self.run.checkpoint or {}
        after = checkpoint["after"] if checkpoint.get("part") == part else 0
        while page := find(after):
            after, findings = page
            self.run._add_findings(findings)
            yield {"checkpoint": {"part": part, "after": after}}

    def _unsealed_findings(self, after):
        rows = verification_sql.unsealed(self.env, self.company, after, self.since)
        return rows and (
            rows[-1][0],
            [
                Finding(
                    "document_unsealed",
                    document=id_,
                    content={
                        "name": name,
                        "number": number,
                        "model": model,
                        "record": record,
                    },
                )
                for id_, name, number, model, record in rows
            ],
        )

    def _unarchived_findings(self, after):
        rows = verification_sql.unarchived(self.env, self.company, after, self.since)
        # A document that has been removed says more than the invoice without it.
        named = {
            finding.res_id
            for finding in self.run.finding_ids
            if finding.kind == "document_missing"
            and finding.res_model == "account.move"
        }
        return rows and (
            rows[-1][0],
            [
                Finding(
                    "invoice_missing",
                    content={"number": name, "model": "account.move", "record": id_},
                )
                for id_, name in rows
                if id_ not in named
            ],
        )

    def _missing_guards(self):
        """Return what is wrong with the guards of the database.

        A comment alone makes a guard one of another version: that proves nothing, and
        does not get into the ledger. Nor does a name, which anybody may choose.

        :return: two lists of texts: the guards of another version, and the rest
        """
        guards = self.env["progbox.ledger.guards"]
        outdated, lifted = [], []
        for name, state in guards._guards_state().items():
            if state != "active":
                texts = outdated if state == "outdated" else lifted
                texts.append(f"{name} ({state})")
        lifted += guards_proof.problems(self.env, guards._guards_wanted())
        return outdated, list(dict.fromkeys(lifted))

    # ------------------------------------------------------------------
    # A copy of the ledger
    # ------------------------------------------------------------------

    def _check_copy(self):
        """Compare the ledger with the exported one that the run was given."""
        copy = self.run._ledger_attachment()
        if not copy:
            return
        after = (self.run.checkpoint or {}).get("after", 0)
        line = None
        try:
            for lines in read_copy(copy._progbox_blocks(), self.company.id):
                line = lines[-1]
                if line.sequence <= after:
                    continue
                sequences = [line.sequence for line in lines]
                hashes, last = verification_sql.hashes_of(
                    self.env, self.company, sequences
                )
                self.run._add_findings(compare_copy(lines, hashes, last))
                yield {"checkpoint": {"part": COPY, "after": line.sequence}}
        except BadCopy as error:
            raise JobCancelled(
                self.env._(
                    "Line %(line)s of the file is not a line of the exported ledger of "
                    "%(company)s, or the file has been changed: it proves nothing. "
                    "Take the file ledger.jsonl of an export of this company.",
                    line=error.number,
                    company=self.company.display_name,
                )
            ) from error
        # That it ends where it ends is one more thing to compare with.
        self.run._job_write(
            {"anchors": [*(self.run.anchors or []), [line.sequence, line.hash]]}
        )

    # ------------------------------------------------------------------
    # Anchors
    # ------------------------------------------------------------------

    def _anchor_findings(self, known):
        """Return where the ledger is not the one that was noted earlier.

        :param set known: sequences that have a finding already
        """
        anchors = self.run._anchors(self.company) + [
            (sequence, hash_, self.env._("given for this run"))
            for sequence, hash_ in self.run.anchors or []
        ]
        hashes, last = verification_sql.hashes_of(
            self.env, self.company, [anchor[0] for anchor in anchors]
        )
        return [
            finding
            for finding in compare_anchors(anchors, hashes, last)
            if finding.kind == "ledger_cut" or finding.sequence not in known
        ]

    # ------------------------------------------------------------------
    # Closings
    # ------------------------------------------------------------------

    def _check_closings(self):
        domain = Domain("company_id", "=", self.company.id)
        if self.since:
            domain &= Domain("closed_on", ">=", self.since)
        findings = []
        for closing in self.env["progbox.closing"].sudo().search(domain, order="id"):
            differing, sealed, row = closing._compared()
            if not sealed:
                findings.append(_closing_finding("closing_unsealed", row))
            elif differing:
                findings.append(
                    _closing_finding(
                        "closing_changed",
                        sealed,
                        what=", ".join(differing),
                        expected=listed(sealed, differing),
                        actual=listed(row, differing),
                    )
                )
        findings += [
            _closing_finding("closing_missing", read_payload(payload))
            for [payload] in verification_sql.closings_gone(
                self.env, self.company, self.since
            )
        ]
        self.run._add_findings(findings)
        yield from ()

    # ------------------------------------------------------------------
    # Lines that say an invoice was deleted
    # ------------------------------------------------------------------

    def _deleted_findings(self, after):
        rows = verification_sql.deleted_lines(self.env, self.company, after, self.since)
        known = set(self.run.finding_ids.mapped("sequence"))
        there = self._records_there({(model, id_) for *_line, model, id_ in rows})
        return rows and (
            rows[-1][0],
            [
                finding
                for sequence, payload, note_id, *record in rows
                if sequence not in known
                and (
                    finding := self._judge_line(
                        sequence, payload, note_id, tuple(record) in there
                    )
                )
            ],
        )

    def _records_there(self, records):
        """Return those among records that Odoo still has.

        :param set records: of model and id
        """
        by_model = {}
        for model, id_ in records:
            if model in self.env:
                by_model.setdefault(model, []).append(id_)
        return {
            (model, id_)
            for model, ids in by_model.items()
            for id_ in self.env[model].browse(ids).exists().ids
        }

    def _judge_line(self, sequence, payload, deletion_id, there):
        """Return what is wrong with a line, or None."""
        content = read_payload(payload)
        deletion = self.env["progbox.source.deletion"].sudo().browse(deletion_id)
        noted = deletion._sealed_content() if deletion else {}
        differing = [key for key in noted if noted[key] != content.get(key)]
        if not deletion:
            what = self.env._("Odoo has noted no such deletion.")
        elif there:
            what = self.env._("The invoice is still in Odoo.")
        elif differing:
            what = self.env._("Odoo has noted the deletion otherwise.")
        else:
            return None
        return Finding(
            "line_foreign",
            sequence,
            content,
            what=what,
            expected=listed(noted, differing) or None,
            actual=listed(content, differing) or None,
        )

    # ------------------------------------------------------------------
    # Invoices that are gone
    # ------------------------------------------------------------------

    def _gone_findings(self, model, after):
        rows = verification_sql.sources_gone(
            self.env, model, self.company, after, self.since
        )
        return rows and (
            rows[-1][0],
            [
                Finding(
                    "source_gone",
                    document=document_id,
                    content={
                        "name": name,
                        "number": number,
                        "model": model,
                        "record": record,
                    },
                )
                for record, document_id, name, number in rows
            ],
        )


@contextmanager
def waiting_at_most(cr, patience):
    """Do something in a savepoint, and wait for no lock longer than that.

    Nor for statements to be compiled, see tools/planning.py: that is asked for along
    with the other, for there are many such steps.

    :param str patience: as PostgreSQL has it, ``60s``
    """
    with cr.savepoint():
        cr.execute(
            """SELECT current_setting('lock_timeout'),
                set_config('lock_timeout', %s, true), set_config('jit', 'off', true)""",
            [patience],
        )
        before, *_now = cr.fetchone()
        yield
        cr.execute("SELECT set_config('lock_timeout', %s, true)", [before])


def unchecked(part, error):
    """Return the finding that a part could not be checked."""
    lines = str(error).splitlines() or [""]
    what = storable(f"{type(error).__name__}: {lines[0]}")
    return Finding("unchecked", what=part, actual=what)


def is_of_the_moment(error):
    """Whether an error is about a busy or stopping server, not about the archive."""
    if isinstance(error, psycopg2.errors.LockNotAvailable):
        # It has been waited for.
        return False
    return isinstance(error, psycopg2.OperationalError) and not (
        error.pgcode or ""
    ).startswith(UNREADABLE_TABLE)


def _gone_part(model):
    """Return the part of a run that looks for the deleted records of a model."""
    return GONE if model == "account.move" else f"{GONE} {model}"


def _closing_finding(kind, content, **values):
    name = f"{content.get('month')} ({content.get('number')})"
    sequence = content.get("sequence")
    return Finding(
        kind,
        sequence if isinstance(sequence, int) else None,
        {"name": name},
        **values,
    )
