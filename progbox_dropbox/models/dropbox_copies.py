"""Which files of a Dropbox are the copies of which documents, by their hashes alone."""

import hashlib
from typing import NamedTuple

from dropbox.files import FileMetadata

# Dropbox hashes pieces of this size, and then their hashes.
PIECE = 4 << 20
PAGE = 2000


class Copy(NamedTuple):
    """A file of Dropbox."""

    id: str
    path: str
    rev: str
    content_hash: str


class Copies:
    """The files under the base folder of an account.

    People may have moved and renamed them: what counts is what is in them.
    """

    def __init__(self, account):
        self._by_hash, self._by_size = {}, {}
        client = account._client()
        base = f"/{account.base_folder}" if account.base_folder else ""
        answer = client.files_list_folder(base, recursive=True, limit=PAGE)
        self._add(answer.entries)
        while answer.has_more:
            answer = client.files_list_folder_continue(answer.cursor)
            self._add(answer.entries)

    def _add(self, entries):
        for entry in entries:
            if isinstance(entry, FileMetadata):
                copy = Copy(entry.id, entry.path_display, entry.rev, entry.content_hash)
                if entry.size <= PIECE:
                    self._by_hash.setdefault(entry.content_hash, []).append(copy)
                else:
                    self._by_size.setdefault(entry.size, []).append(copy)

    def of_content(self, content):
        """Return the files that may be the copy of a document, the likeliest first.

        The hash of a small file follows from its digest in the ledger; large ones are
        known by their size, and have to be fetched to be sure.

        :param dict content: of the document's line in the ledger
        """
        if content["size"] > PIECE:
            return self._by_size.get(content["size"], [])
        found = self._by_hash.get(content_hash(content["sha256"], content["size"]), [])
        # Of several with the same bytes, each document gets its own.
        if len(found) > 1:
            return [found.pop(0)]
        return found


def content_hash(sha256, size):
    """Return Dropbox's hash of a file of one piece at most.

    >>> content_hash(hashlib.sha256(b"").hexdigest(), 0)[:8]
    'e3b0c442'
    """
    pieces = bytes.fromhex(sha256) if size else b""
    return hashlib.sha256(pieces).hexdigest()
