"""Many files to Dropbox, in as few calls as it allows."""

import hashlib
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from dropbox import exceptions, files
from dropbox.content_hash import DropboxContentHasher

from .verdicts import Action, Verdict, classify, classify_entry

MEGABYTE = 1 << 20
# A larger file has a session of its own, and arrives in pieces of this size.
LARGE = 8 * MEGABYTE
# What is in memory at a time: of small files one such piece that is on its way, and
# one that is read meanwhile.
PIECE = 8 * MEGABYTE
# More files than this Dropbox does not take in one such call.
MOST_OF_A_PIECE = 500
# Large files that are on their way at a time, with one such piece of each.
SIDE_BY_SIDE = 4

# Dropbox hashes pieces of this size, and then their hashes.
HASHED_PIECE = DropboxContentHasher.BLOCK_SIZE


class Unreadable(Exception):
    """A storage does not give the bytes of a file, or gives other ones.

    :param error: why, None for other bytes than those that were archived
    """

    def __init__(self, error=None):
        super().__init__(error)
        self.error = error


@dataclass
class File:
    """A file on its way, and what has become of it.

    :param key: the caller's
    :param str path: where it goes
    :param read: function that returns its blocks
    :param str rev: of what lies there and is to be replaced
    :param str session: of a large file that was begun before
    """

    key: Any
    path: str
    size: int
    sha256: str
    read: Any
    rev: str = None
    session: str = None
    offset: int = 0
    content_hash: str = None
    arrived: bool = False
    # What has come of it is one of these, or nothing yet.
    metadata: Any = None
    verdict: Verdict = None
    unreadable: Unreadable = None

    @property
    def is_large(self):
        return self.size > LARGE

    def blocks(self):
        """Yield its bytes.

        :raise Unreadable:
        """
        try:
            yield from self.read()
        except OSError as error:
            raise Unreadable(error) from error

    def hash(self, blocks, size):
        """Compute the hash that Dropbox must come to, and check the bytes.

        :param int size: of all of them
        :raise Unreadable:
        """
        sha256 = hashlib.sha256()
        # Of one piece, the hash follows from the digest.
        hasher = DropboxContentHasher() if size > HASHED_PIECE else None
        for block in blocks:
            sha256.update(block)
            if hasher:
                hasher.update(block)
        if self.sha256 and sha256.hexdigest() != self.sha256:
            raise Unreadable()
        self.content_hash = (
            hasher.hexdigest()
            if hasher
            else content_hash_of_piece(sha256.hexdigest(), size)
        )

    def judge(self, metadata):
        """Note what Dropbox says it has stored. Its hash alone is believed."""
        if metadata.content_hash == self.content_hash:
            self.metadata = metadata
            return
        # What is there is wrong, and ours: the next commit replaces it.
        self.rev = metadata.rev
        detail = f"{metadata.content_hash} instead of {self.content_hash}"
        self.verdict = Verdict(Action.RESTART, "hash_mismatch", None, detail)
        self.begin_anew()

    def begin_anew(self):
        self.session, self.offset, self.arrived = None, 0, False


def content_hash_of_piece(sha256, size):
    """Return Dropbox's hash of a file of one piece at most, by its digest.

    >>> content_hash_of_piece(hashlib.sha256(b"").hexdigest(), 0)[:8]
    'e3b0c442'
    >>> content_hash_of_piece(hashlib.sha256(b"a").hexdigest(), 1)[:8]
    'bf5d3aff'
    """
    pieces = bytes.fromhex(sha256) if size else b""
    return hashlib.sha256(pieces).hexdigest()


class Upload:
    """Sends files, and commits them together."""

    def __init__(self, client):
        self.client = client

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    def send(self, all_files, until):
        """Put files into upload sessions.

        :param list all_files: of File
        :param float until: of ``time.monotonic()``: the rest goes another time
        :raise: one of HANDLED, when a call fails as a whole
        """
        self._send_small([file for file in all_files if not file.is_large], until)
        self._send_large([file for file in all_files if file.is_large], until)

    def _send_small(self, small, until):
        """Send many small files with few calls.

        While one call is on its way, the files of the next one are read.
        """
        sessions, call = None, None
        with ThreadPoolExecutor(1) as background:
            starting = small and background.submit(self._sessions, len(small))
            for piece, contents in self._pieces_of_many(small):
                if call:
                    self._note_arrived(*call)
                    if time.monotonic() > until:
                        return
                else:
                    sessions = iter(starting.result())
                entries = []
                for file, content in zip(piece, contents, strict=True):
                    file.session, file.offset = next(sessions), len(content)
                    cursor = files.UploadSessionCursor(file.session, 0)
                    entries.append(
                        files.UploadSessionAppendBatchArgEntry(
                            cursor, len(content), True
                        )
                    )
                append = self.client.files_upload_session_append_batch
                body = b"".join(contents)
                call = piece, background.submit(append, body, entries)
            if call:
                self._note_arrived(*call)

    def _note_arrived(self, piece, answer):
        """Note which of the files of a call have arrived.

        :param answer: a future
        :raise: one of HANDLED, when the call fails as a whole
        """
        for file, entry in zip(piece, answer.result().entries, strict=True):
            if entry.is_failure():
                file.verdict = classify_entry(entry.get_failure())
            else:
                file.arrived = True

    def _sessions(self, number):
        return self.client.files_upload_session_start_batch(number).session_ids

    def _pieces_of_many(self, small):
        """Yield as many files, with their contents, as fit into one call."""
        piece, contents, size = [], [], 0
        for file in small:
            content = self._content(file)
            if content is None:
                continue
            is_full = size + len(content) > PIECE or len(piece) == MOST_OF_A_PIECE
            if contents and is_full:
                yield piece, contents
                piece, contents, size = [], [], 0
            piece.append(file)
            contents.append(content)
            size += len(content)
        if contents:
            yield piece, contents

    def _content(self, file):
        """Return the bytes of a small file, None when they cannot be read."""
        try:
            content = b"".join(file.blocks())
            file.hash([content], len(content))
        except Unreadable as error:
            file.unreadable = error
            return None
        return content

    def _send_large(self, large, until):
        """Send large files side by side, each from where it stands.

        They are read in this thread: some are in the database.
        """
        waiting, under_way = iter(large), {}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as background:

            def send_next(file, pieces):
                if piece := self._next_piece(file, pieces, until):
                    sent = background.submit(self._send_piece, file, *piece)
                    under_way[sent] = file, pieces

            while True:
                # To hash a file alone takes seconds: what is too late is not read.
                while len(under_way) < SIDE_BY_SIDE and time.monotonic() <= until:
                    if not (file := next(waiting, None)):
                        break
                    send_next(file, self._pieces_from(file))
                if not under_way:
                    return
                for sent in wait(under_way, return_when=FIRST_COMPLETED).done:
                    file, pieces = under_way.pop(sent)
                    if self._has_gone_well(file, sent):
                        send_next(file, pieces)

    def _next_piece(self, file, pieces, until):
        """Return what is to be sent next of a file, None when nothing is any more."""
        try:
            piece = next(pieces, None)
        except Unreadable as error:
            file.unreadable = error
            return None
        file.arrived = not piece
        return piece if time.monotonic() <= until else None

    def _has_gone_well(self, file, sent):
        """Return whether a piece has arrived, and note what Dropbox says of the file.

        :param sent: a future
        :raise: one of HANDLED, when it is not about this file
        """
        try:
            sent.result()
        except exceptions.ApiError as error:
            file.verdict = classify(error)
            if file.verdict.action is Action.RESTART:
                file.begin_anew()
            return False
        return True

    def _pieces_from(self, file):
        """Yield what is still to be sent, and whether it is the last piece."""
        if not file.content_hash:
            file.hash(file.blocks(), file.size)
        if file.offset >= file.size and file.session:
            return
        end, pending = 0, bytearray()
        for block in file.blocks():
            pending += block
            end += len(block)
            drop_arrived(pending, end - file.offset)
            while len(pending) > PIECE:
                yield bytes(pending[:PIECE]), False
                drop_arrived(pending, end - file.offset)
        if pending or not file.session:
            yield bytes(pending), True

    def _send_piece(self, file, content, is_last):
        if not file.session:
            started = self.client.files_upload_session_start(content, is_last)
            file.session, file.offset = started.session_id, len(content)
            return
        cursor = files.UploadSessionCursor(file.session, file.offset)
        try:
            self.client.files_upload_session_append_v2(content, cursor, is_last)
        except exceptions.ApiError as error:
            file.offset = self._offset_there(file, error)
            return
        file.offset += len(content)

    def _offset_there(self, file, error):
        """Return how much of a file Dropbox has, if that is more than we knew.

        An answer was lost, or the run that sent it was killed.

        :raise ApiError: when it was refused for something else
        """
        lookup = error.error
        if lookup.is_closed():
            return file.size
        if lookup.is_incorrect_offset():
            offset = lookup.get_incorrect_offset().correct_offset
            if file.offset < offset <= file.size:
                return offset
        raise error

    # ------------------------------------------------------------------
    # Committing
    # ------------------------------------------------------------------

    def commit(self, all_files):
        """Give the files that have arrived their places, in one call.

        A file that is there already with the same content is left as it is, so that
        nothing happens twice when an answer was lost.

        :raise: one of HANDLED, when the call fails as a whole
        """
        arrived = waiting_for_commit(all_files)
        entries = [
            files.UploadSessionFinishArg(
                files.UploadSessionCursor(file.session, file.offset),
                files.CommitInfo(file.path, mode_of(file), mute=True),
            )
            for file in arrived
        ]
        answer = self.client.files_upload_session_finish_batch_v2(entries)
        for file, entry in zip(arrived, answer.entries, strict=True):
            if entry.is_success():
                file.judge(entry.get_success())
                continue
            file.verdict = classify_entry(entry.get_failure())
            if file.verdict.action is Action.RESTART:
                file.begin_anew()


def drop_arrived(pending, number):
    """Leave the last bytes of what was read, so many as have not arrived yet."""
    del pending[: len(pending) - min(max(number, 0), len(pending))]


def waiting_for_commit(all_files):
    return [file for file in all_files if file.arrived and not file.verdict]


def mode_of(file):
    return files.WriteMode.update(file.rev) if file.rev else files.WriteMode.add
