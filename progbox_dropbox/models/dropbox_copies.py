"""Which files of a Dropbox are the copies of which documents, by their hashes alone."""

from typing import NamedTuple

from dropbox.files import FileMetadata

from ..tools.upload import HASHED_PIECE, content_hash_of_piece

PAGE = 2000


class Copy(NamedTuple):
    """A file of Dropbox."""

    id: str
    path: str
    rev: str
    content_hash: str


class Copies:
    """The files under the base folder of an account.

    People may have moved and renamed them: what counts is what is in them. What is not
    there may have stayed under another base folder: it is looked for everywhere.

    :param account: progbox.dropbox.account that holds them
    :param set sizes: of the documents: nothing else is kept in memory
    """

    def __init__(self, account, sizes):
        self._by_hash, self._by_size, self._known = {}, {}, set()
        self._client, self._base = account._client(), account._base_path()
        self._sizes = sizes
        self._list(self._base)

    def _list(self, folder):
        for entry in self._client.entries(folder, recursive=True, limit=PAGE):
            if not isinstance(entry, FileMetadata) or entry.size not in self._sizes:
                continue
            if entry.id not in self._known:
                self._known.add(entry.id)
                self._add(entry)

    def _add(self, entry):
        copy = Copy(entry.id, entry.path_display, entry.rev, entry.content_hash)
        if entry.size <= HASHED_PIECE:
            self._by_hash.setdefault(entry.content_hash, []).append(copy)
        else:
            self._by_size.setdefault(entry.size, []).append(copy)

    def take_of_content(self, content):
        """Return the files that may be the copy of a document, the likeliest first.

        :param dict content: of the document's line in the ledger
        :raise: one of verdicts.HANDLED
        """
        if not (found := self._take(content)) and self._base:
            self._base = ""
            self._list(self._base)
            found = self._take(content)
        return found

    def _take(self, content):
        """Return the listed ones.

        The hash of a small file follows from its digest in the ledger; large ones are
        known by their size, and have to be fetched to be sure.
        """
        if content["size"] > HASHED_PIECE:
            return self._by_size.get(content["size"], [])
        hash_ = content_hash_of_piece(content["sha256"], content["size"])
        found = self._by_hash.get(hash_, [])
        # Of several with the same bytes, each document gets its own.
        if len(found) > 1:
            return [found.pop(0)]
        return found
