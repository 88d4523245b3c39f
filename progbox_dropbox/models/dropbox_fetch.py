"""Fetches files of the archive back from their copies in Dropbox."""

import contextlib
import hashlib
import json
from http.client import PARTIAL_CONTENT

from dropbox import exceptions, files

from odoo.exceptions import UserError

from odoo.addons.progbox_invoice_archive.exceptions import FileMissing, FileUnreadable
from odoo.addons.progbox_invoice_archive.tools.staging import PREFIX, staged

from ..tools.verdicts import HANDLED, Action, classify
from .dropbox_texts import text_of

BLOCK = 1 << 20
# Revisions of a copy among which the one that was sent is looked for.
MOST_REVISIONS = 100
# Verdicts that are about one file, and not about the connection.
OF_ONE_FILE = {Action.RESTART, Action.PERMANENT}


class NotFetched(UserError):
    """Why one file was not fetched back, in the user's words."""


class Fetch:
    """Puts lost and damaged files back to where Odoo keeps them, one by one.

    What arrives is compared with the seal before it takes its place, and takes it in
    one step. A file that is whole is never touched.
    """

    def __init__(self, account):
        self.account = account.sudo()
        self.env = account.env
        self.client = self.account._client()

    def fetch(self, transfer):
        """Fetch the file of one copy.

        :raise NotFetched: for reasons of this file alone
        :raise: one of verdicts.HANDLED, when no file can be fetched at the moment
        """
        target = self._target(transfer.document_id)
        with self._refusals(transfer):
            blocks = self._blocks(transfer)
            arrived = self.env["ir.attachment"].sudo()._progbox_stage(blocks)
        self._put_back(transfer, target, arrived)

    def pieces(self, transfer, name):
        """Fetch the file of one copy, and yield each piece of it after it is written.

        The first one is empty: what is on the disk is that of before.

        Whoever stops in between goes on later, where it was.

        :param str name: of what has arrived, which nobody else gives at the time
        :return: generator
        :raise: as :meth:`fetch`
        """
        target = self._target(transfer.document_id)
        folder = self.env["ir.attachment"].sudo()._progbox_staging_folder()
        folder.mkdir(parents=True, exist_ok=True)
        partial, anew = (folder / f"{PREFIX}{name}{end}" for end in ("", "-anew"))
        if anew.exists() or (yield from self._is_spoilt(transfer, partial)):
            partial.unlink(missing_ok=True)
            partial = anew
            yield from self._append(transfer, partial)
        self._put_back(transfer, target, staged(partial))

    def _is_spoilt(self, transfer, partial):
        """Fetch what a file lacks, and return whether it has to be fetched anew.

        Two workers may have written to it, or a power cut may have spoilt its end.
        """
        resumed = partial.exists()
        yield from self._append(transfer, partial)
        sealed = sealed_digest(transfer.document_id.sudo())
        return resumed and staged(partial).sha256 != sealed

    def _append(self, transfer, partial):
        """Write what a file still lacks behind what has arrived."""
        with self._refusals(transfer), partial.open("ab") as file:
            after = file.tell()
            if not after or after < transfer.document_id.sudo().size:
                blocks = self._blocks(transfer, after)
                for number, block in enumerate(blocks):
                    if not number:
                        # To ask may have taken long: this may be another's by now.
                        yield b""
                    file.write(block)
                    yield block

    @contextlib.contextmanager
    def _refusals(self, transfer):
        """Raise NotFetched in the place of what Dropbox says about one file."""
        try:
            yield
        except HANDLED as error:
            verdict = classify(error)
            if verdict.action not in OF_ONE_FILE and not is_lookup(error):
                raise
            raise NotFetched(self._refused_text(transfer, error, verdict)) from error

    def _put_back(self, transfer, target, arrived):
        """Put what has arrived to its place, if it is what was sealed."""
        document = transfer.document_id.sudo()
        with arrived:
            if arrived.sha256 != sealed_digest(document):
                raise NotFetched(
                    self.env._(
                        "What Dropbox holds for %(name)s, at %(path)s, is not what was "
                        "sealed. Restore it from a backup.",
                        name=document.name,
                        path=transfer.copied_path,
                    )
                )
            try:
                target._progbox_put_back(arrived)
            except FileUnreadable as error:
                raise NotFetched(str(error)) from error

    def _target(self, document):
        """Return the attachment that a document's file belongs to.

        :raise NotFetched: when it is gone as well
        """
        if attachment := document.sudo()._content_attachment():
            return attachment
        raise NotFetched(
            self.env._(
                "The database has no place for the file of %(name)s any more. Restore "
                "the database from a backup.",
                name=document.name,
            )
        )

    def _blocks(self, transfer, after=0):
        """Yield the bytes of what was sent.

        :param int after: how many of them are here already
        """
        with contextlib.closing(self._response(transfer, after)) as response:
            # Whoever does not know ranges gives all of it.
            skip = 0 if response.status_code == PARTIAL_CONTENT else after
            for block in response.iter_content(BLOCK):
                yield block[skip:]
                skip = max(skip - len(block), 0)

    def _response(self, transfer, after):
        """Return what was sent, also when something else lies there now."""
        if transfer.file_ref:
            try:
                metadata = self.client.files_get_metadata(transfer.file_ref)
                if metadata.content_hash == transfer.content_hash:
                    return self._download(transfer.file_ref, after)
            except exceptions.ApiError as error:
                if not is_lookup(error):
                    raise
        return self._download(self._revision(transfer), after)

    def _download(self, path, after):
        headers = {"Range": f"bytes={after}-"} if after else None
        _metadata, response = self.client.files_download(path, extra_headers=headers)
        return response

    def _revision(self, transfer):
        """Return the revision that was sent, of a copy that was changed or deleted.

        :raise NotFetched: when Dropbox does not have it any more
        :raise ApiError: when Dropbox holds it back, whichever way it is asked for
        """
        held_back, modes = None, files.ListRevisionsMode
        tries = [(transfer.copied_path, modes.path)]
        if transfer.file_ref:
            tries.insert(0, (transfer.file_ref, modes.id))
        for path, mode in tries:
            try:
                found = self.client.files_list_revisions(path, mode, MOST_REVISIONS)
            except exceptions.ApiError as error:
                if not is_lookup(error):
                    raise
                if not is_unknown_there(error):
                    held_back = error
                continue
            for revision in found.entries:
                if revision.content_hash == transfer.content_hash:
                    return f"rev:{revision.rev}"
        if held_back:
            raise held_back
        raise NotFetched(
            self.env._(
                "Dropbox does not have %(path)s any more, nor an earlier version of "
                "it. Restore the file from a backup.",
                path=transfer.copied_path,
            )
        )

    def _refused_text(self, transfer, error, verdict):
        reason = text_of(self.env, verdict)
        if is_lookup(error):
            reason = self.env._("it answers: %(error)s", error=error.error)
        return self.env._(
            "Dropbox does not give %(path)s: %(reason)s",
            path=transfer.copied_path,
            reason=reason,
        )


def sealed_digest(document):
    """Return the digest that a file must have: the ledger's, if the document is sealed.

    Without a ledger line it is that of the document's row.
    """
    if seal := document.seal_id.sudo():
        return json.loads(seal.payload).get("sha256")
    return document.sha256


def is_whole(document):
    """Whether Odoo still holds what a document was sealed with."""
    attachment = document.sudo()._content_attachment()
    if not attachment:
        return False
    digest = hashlib.sha256()
    try:
        for block in attachment._progbox_blocks():
            digest.update(block)
    except (FileMissing, FileUnreadable, OSError):
        return False
    return digest.hexdigest() == sealed_digest(document)


def is_lookup(error):
    """Whether Dropbox refuses to give one file, or its versions."""
    union = getattr(error, "error", None)
    if isinstance(union, files.ListRevisionsError):
        return union.is_path()
    return isinstance(union, (files.DownloadError, files.GetMetadataError))


def is_unknown_there(error):
    """Whether Dropbox does not know the file whose versions it is asked for."""
    path = error.error.get_path()
    return path.is_not_found() or path.is_not_file()
