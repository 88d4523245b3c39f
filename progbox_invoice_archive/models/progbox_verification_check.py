import os

from odoo import api, models

from ..tools.ledger.digests import Digest, digest_blocks, read_ahead
from ..tools.ledger.verify import (
    Finding,
    compare_document,
    judge_file,
    listed,
)
from ..tools.ledger.walk import Walk
from .ir_attachment import is_object

# The parts of a run, in their order.
COPY, LEDGER, UNSEALED, UNARCHIVED = "copy", "ledger", "unsealed", "unarchived"


class ProgboxVerificationCheck(models.AbstractModel):
    """The check itself: what a run of progbox.verification does, piece by piece."""

    _name = "progbox.verification.check"
    _description = "Check of the Archive"

    @api.model
    def _steps(self, run):
        """Check the archive of the run's company, from where the run stands.

        Findings are written on the way.

        :return: iterator of values to write on the run; it may be left after each,
            and taken up again by calling this method anew
        """
        # The reader sees what is in the database.
        self.env.flush_all()
        part = (run.checkpoint or {}).get("part", COPY)
        if part == COPY:
            yield from self._check_copy(run)
            yield {"checkpoint": {"part": LEDGER}}
            part = LEDGER
        if part == LEDGER:
            yield from self._check_ledger(run)
            part = UNSEALED
        beside = self._readers_beside()
        names = list(beside)
        for name in names[names.index(part) :]:
            yield from self._check_beside(run, name, beside[name])
        self._check_closings(run)
        run._add_findings(self._guard_findings())

    # ------------------------------------------------------------------
    # The ledger, and all it leads to
    # ------------------------------------------------------------------

    @api.model
    def _check_ledger(self, run):
        reader = self.env["progbox.verification.reader"]
        company = run.company_id
        walk, after = self._walk(run)
        position, files, volume = run.position, run.files, run.volume
        if "walk" not in run.checkpoint:
            run._job_write({"total": reader._count(company, walk.sequence)})
        pages = reader._entries(company, after)
        for entries, digests in read_ahead(pages, self._paths):
            digests = iter(digests)
            findings = []
            for entry in entries:
                findings += walk.step(entry.line, entry.content)
                findings += self._check_document(entry)
                for digest in self._digests(entry, digests):
                    files, volume = files + 1, volume + digest.size
                    if finding := judge_file(entry.content, digest):
                        findings.append(
                            finding._replace(
                                sequence=entry.line.sequence, document=entry.document
                            )
                        )
            run._add_findings(findings)
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
        run._add_findings(walk.finish())
        known = set(run.finding_ids.mapped("sequence"))
        run._add_findings(self._anchor_findings(run, known))
        yield {"checkpoint": {"part": UNSEALED, "after": 0}}

    @api.model
    def _walk(self, run):
        """Return the walk to go on with, and the key of the line before its first."""
        company = run.company_id
        if "walk" in run.checkpoint:
            walk = Walk(company.id, run.checkpoint["walk"])
            return walk, tuple(run.checkpoint["after"])
        before = self.env["progbox.verification.reader"]._before(company, run.since)
        if not before:
            return Walk(company.id), (0, 0)
        id_, sequence, hash_ = before
        return Walk.after(company.id, sequence, hash_), (sequence, id_)

    @api.model
    def _paths(self, entries):
        """Return where the files of a page are that the file store holds."""
        store = self.env["ir.attachment"]
        root = store._filestore()
        return [
            # As _full_path() does for the names that Odoo itself gives.
            os.path.join(root, name)
            if name.replace("/", "").isalnum()
            else store._full_path(name)
            for entry in entries
            for _id, name, _mimetype in entry.files[-1:]
            if name and not is_object(name)
        ]

    @api.model
    def _digests(self, entry, from_store):
        """Yield the digest of the file that Odoo serves for a document: the newest.

        :param from_store: iterator of the digests of the files in the file store
        """
        for attachment_id, name, _mimetype in entry.files[-1:]:
            if name and not is_object(name):
                yield next(from_store)
            else:
                yield self._digest(attachment_id)

    @api.model
    def _digest(self, attachment_id):
        """Return the digest of a file that the file store does not hold."""
        attachment = self.env["ir.attachment"].sudo().browse(attachment_id)
        try:
            return digest_blocks(attachment._progbox_blocks())
        except FileNotFoundError:
            return Digest(None, 0)
        except OSError as error:
            return Digest(None, 0, str(error.__cause__ or error))

    @api.model
    def _check_document(self, entry):
        """Return what is wrong with the document of a line, its file aside."""
        line, content, row = entry.line, entry.content, entry.row
        if line.kind != "deposit":
            return []
        about = {"sequence": line.sequence, "content": content}
        if not row:
            return [Finding("document_missing", **about)]
        about["document"] = entry.document
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

    @api.model
    def _readers_beside(self):
        """Return what finds a page of findings, by the part of the run, in order.

        To be extended: a reader gets the run and the key after which to begin, and
        returns the last key of the page with the findings, or nothing at the end.
        """
        return {
            UNSEALED: self._unsealed_findings,
            UNARCHIVED: self._unarchived_findings,
        }

    @api.model
    def _check_beside(self, run, part, read):
        checkpoint = run.checkpoint or {}
        after = checkpoint["after"] if checkpoint.get("part") == part else 0
        while page := read(run, after):
            after, findings = page
            run._add_findings(findings)
            yield {"checkpoint": {"part": part, "after": after}}

    @api.model
    def _unsealed_findings(self, run, after):
        rows = self.env["progbox.verification.reader"]._unsealed(
            run.company_id, after, run.since or None
        )
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

    @api.model
    def _unarchived_findings(self, run, after):
        rows = self.env["progbox.verification.reader"]._unarchived(
            run.company_id, after, run.since or None
        )
        # A document that has been removed says more than the invoice without it.
        named = {
            finding.res_id
            for finding in run.finding_ids
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

    @api.model
    def _guard_findings(self):
        """Return the guards of the database that are not there, or once were not."""
        guards = self.env["progbox.ledger.guards"]
        return [
            Finding("guard_missing", actual=f"{name} ({state})")
            for name, state in guards._guards_state().items()
            if state != "active"
        ] + [Finding("guard_lifted", actual=text) for text in guards._guards_repaired()]
