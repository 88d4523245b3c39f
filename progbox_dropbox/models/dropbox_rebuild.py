"""Makes an archive again from its copies and the ledger that lies beside them.

On a server that has neither its database nor its files. No guard of the ledger is
lifted or gone around for it: each line is the next one of the chain, each document is
sealed by the line that was made for it, and the database looks at both. What is gone
for good, the invoices themselves, the ledger says in a line of its own.
"""

import hashlib
import mimetypes
import re
import tempfile
from itertools import islice
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.progbox_invoice_archive.tools.sentinels import SERVER
from odoo.addons.progbox_invoice_archive.tools.staging import StagedFile

from ..tools.naming import path_key
from ..tools.verdicts import HANDLED, classify
from .dropbox_rebuild_place import RebuildPlace
from .dropbox_rebuild_source import NO_RECORD, RebuildSource
from .dropbox_texts import text_of

# Lines that one transaction writes.
CHUNK = 100
SHA1 = re.compile("[0-9a-f]{40}")


class Rebuild:
    """One archive, from the Dropbox of an account, line by line.

    It goes on where it was interrupted: what is there must be the begin of the copy.

    :param source: :class:`RebuildSource`, which was checked
    """

    def __init__(self, source):
        self.account, self.env = source.account, source.account.env
        self.server = self.env(su=True, context={"progbox_server": SERVER})
        self.source = source
        self.place = RebuildPlace(self.server, source)
        self.place.prepare()
        self.company, self.total = self.place.company, self.place.total
        self.position = 0
        # Texts about what could not be done, and copies that have a document.
        self.problems, self.used = [], set()

    def run(self, end_transaction=lambda: None):
        """Write all lines that are not there yet.

        :param end_transaction: called after each hundred of them
        """
        self.position = self.place.there
        lines = islice(self.source.lines(), self.position, None)
        row_of = self.source.row_reader()
        while chunk := list(islice(lines, CHUNK)):
            found = self.source.fetch([line for line in chunk if _is_deposit(line)])
            self.server["progbox.seal"]._lock()
            try:
                for line in chunk:
                    self._write(line, row_of(line.sequence), found.get(line.sequence))
            finally:
                for fetched in found.values():
                    fetched.discard()
            self.position = chunk[-1].sequence
            if self.position == self.total:
                self._say_what_is_gone()
            self.env.flush_all()
            end_transaction()
            self.env.invalidate_all()

    def _write(self, line, row, found):
        kind = line.content["kind"]
        if kind == "deposit":
            self._write_deposit(line, row, found)
        elif kind == "closing":
            self._write_closing(line)
        elif kind == "source_deleted":
            self._write_deletion(line)
        else:
            # About the ledger itself: there is no record beside the line.
            self.server["progbox.seal"]._append_copied(self.company, line)

    def _write_deposit(self, line, row, found):
        content = line.content
        if not found.staged:
            self.problems.append(self.source.problem_text(content, found.error))
        documents = self.server["progbox.document"]
        folders = self.server["progbox.folder"]
        folder = folders._locked_folder(self.company, content["folder"].split("/"))
        name = content["name"]
        mimetype = row.get("mimetype") or mimetypes.guess_type(name)[0]
        renderer = content["made_with"]
        with self.place.next_id("progbox_document", content["document"]):
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
        self._give_file(document, found.staged, row.get("sha1"))
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
        if found.copy:
            self._note_copy(document, found.copy)

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

    def _note_copy(self, document, copy):
        """Note where the copy is: it is not sent again.

        A file elsewhere in this Dropbox may be a person's own: it gets a copy.
        """
        base = path_key(f"{self.account._base_path()}/")
        if not path_key(copy.path).startswith(base):
            return
        transfers = self.server["progbox.dropbox.transfer"]
        transfer = transfers.search(
            Domain("document_id", "=", document.id)
            & Domain("account_id", "=", self.account.id)
        )
        # Two documents with the same bytes may have had one copy each, or lost one.
        if transfer and copy.id not in self.used:
            self.used.add(copy.id)
            transfer._job_write(
                {
                    "path": copy.path,
                    "path_key": path_key(copy.path),
                    "copied_path": copy.path,
                    "file_ref": copy.id,
                    "rev": copy.rev,
                    "content_hash": copy.content_hash,
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
        for model in self.place.lost_models():
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


def _is_deposit(line):
    return line.content["kind"] == "deposit"


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
            source = RebuildSource(account, folder, ledger)
            source.check(anchor)
            work = Rebuild(source)

            def end():
                end_transaction()
                tell(work)

            end()
            work.run(end)
            return work
    except HANDLED as error:
        raise UserError(text_of(account.env, classify(error))) from error
