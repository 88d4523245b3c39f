"""A zip that is made while it is sent.

Its length is known before its first byte, so that a browser can show how far it is,
though no file has been looked at by then: to look at ten thousands of them would take
longer than somebody waits. What turns out to be missing leaves room, and PROBLEMS.txt,
which comes after the files, fills it.
"""

from collections import deque

from .entry import MANIFEST, PROBLEMS, Entry, FileChanged, manifest_line, text_entry
from .zip_size import zip_size
from .zip_writer import ZipWriter

# Small pieces would each cost a call of the system on their way to the client.
PIECE = 1 << 18


class ZipStream:
    """A package on its way to somebody.

    The package is used up, so that its memory is free for the directory. Before the
    last piece, everything that was found to be wrong is in its ``problems``, and the
    keys of all that was handed over are in its ``sent_keys``.

    :param Package package: finished
    """

    def __init__(self, package):
        self.package = package
        self.size = package.zip_size
        self.writer = ZipWriter()
        # As bytes, which take less room than as many lines.
        self.manifest = bytearray()

    def pieces(self):
        yield from in_pieces(self._files(), PIECE)
        yield from in_pieces(self._own_files(), PIECE)
        yield from self.writer.end()

    def _files(self):
        """Yield what is there of the files; what is not becomes a problem."""
        package = self.package
        files, package.files = deque(package.files), []
        while files:
            entry = files.popleft()
            if found := self._found(entry):
                yield self.writer.begin(entry.name, found.size, found.crc)
                yield from found.blocks
                entry.sha256 = found.sha256
                self.manifest += manifest_line(entry).encode()
                package.sent_keys.append(entry.key)
            elif package.index and entry.line is not None:
                package.index.replace(entry.line, package.words.in_index)

    def _found(self, entry):
        """Return a file as it is, None when it cannot be in the zip."""
        add_problem = self.package.add_problem
        try:
            found = entry.find(self.package.read)
        except FileNotFoundError:
            add_problem("missing", entry.label)
            return None
        except OSError as error:
            reason = error.strerror or error.__cause__ or error
            add_problem("unreadable", entry.label, reason=reason)
            return None
        if found.size == entry.size:
            return found
        if not found.size:
            add_problem("missing", entry.label)
            return None
        # There is room for what is shorter.
        kind = "changed" if found.size < entry.size else "left_out"
        add_problem(kind, entry.label, size=found.size, recorded=entry.size)
        return found if kind == "changed" else None

    def _own_files(self):
        """Yield what is written when all that is wrong is known."""
        package = self.package
        if not package.texts:
            if package.problems:
                raise FileChanged(package.problems[-1])
            return
        manifest, self.manifest = self.manifest.decode(), None
        for text in package.own_files(manifest, self._problems):
            found = text.find(package.read)
            yield self.writer.begin(text.name, found.size, found.crc)
            yield from found.blocks

    def _problems(self, own, manifest):
        """Return the list of problems, as long as what is missing leaves room for it.

        See :meth:`Package.own_files`.

        :raise FileChanged: when there is no room, which takes files of a few bytes
        """
        package = self.package
        if not package.problems:
            return None
        room = self.size - self._size_with(own, manifest, 0)
        if room < 0 or self._size_with(own, manifest, room) != self.size:
            raise FileChanged(package.problems[-1])
        text = package.problems_text().encode()[:room]
        # Cut off, a character of several bytes is none any more.
        text = text.decode(errors="ignore").encode()
        return text_entry(PROBLEMS, text.ljust(room))

    def _size_with(self, own, manifest, room):
        """Return how long the zip is with a list of problems of a certain length."""
        problems = Entry(PROBLEMS, b"", room, None)
        size = len(manifest.encode()) + len(manifest_line(problems))
        last = [*own, problems, Entry(MANIFEST, b"", size, None)]
        return zip_size([*self.writer.sizes, *sizes_of(last)])


def sizes_of(entries):
    """Return files as :func:`zip_size` takes them."""
    return [(len(entry.name.encode()), entry.size) for entry in entries]


def in_pieces(blocks, size):
    """Join blocks of bytes until they are at least so long together."""
    waiting, length = [], 0
    for block in blocks:
        waiting.append(block)
        length += len(block)
        if length >= size:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)
