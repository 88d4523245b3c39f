"""What has been written already: fonts and logos that many files share, once."""

import hashlib
import os

DIGEST_SIZE = 16
# Of less than this, looking costs more than writing it again.
SMALLEST = 128
# Entries that are remembered: some megabytes. Later ones are written as they come.
MOST = 50_000
# Large streams that begin and end alike are compared with so many of them.
MOST_ALIKE = 4
SAMPLE = 4096
BLOCK_SIZE = 1 << 20


class Known:
    """Finds the number of an object that says the same as one that is there.

    Small ones are told by a digest. Of large streams, which are copied from file to
    file, the first and the last bytes are; the rest is compared only with those that
    are alike in this.
    """

    def __init__(self):
        self._numbers = {}
        self._alike = {}

    def find(self, content, data=None):
        """Return the number of an equal object, and the key to remember this one by.

        :param content: serialised, with the numbers of the result
        :param data: of a stream: bytes, or a Piece
        :return: (number or None, key or None)
        """
        if data is not None and len(data) < SMALLEST:
            return None, None
        if not hasattr(data, "path"):
            key = _digest(content, b"" if data is None else b"stream", data or b"")
            return self._numbers.get(key), key
        try:
            key = _digest(content, b"%d" % data.size, *_samples(data))
            for number, path, offset in self._alike.get(key, ()):
                if _are_equal(data, path, offset):
                    return number, key
        except OSError:  # who copies it says so
            return None, None
        return None, key

    def remember(self, number, key, data=None):
        if len(self._numbers) + len(self._alike) >= MOST:
            return
        if not hasattr(data, "path"):
            self._numbers[key] = number
        elif len(alike := self._alike.setdefault(key, [])) < MOST_ALIKE:
            alike.append((number, str(data.path), data.offset))

    def state(self):
        """Return what there is to keep of it, for JSON."""
        return {
            "numbers": {key.hex(): number for key, number in self._numbers.items()},
            "alike": {key.hex(): alike for key, alike in self._alike.items()},
        }

    def restore(self, state):
        for name in ("numbers", "alike"):
            values = state[name].items()
            getattr(self, f"_{name}").update(
                (bytes.fromhex(key), value) for key, value in values
            )


def _digest(*values):
    digest = hashlib.sha256(b"%d " % len(values[0]))
    for value in values:
        digest.update(value)
    return digest.digest()[:DIGEST_SIZE]


def _samples(piece):
    with open(piece.path, "rb", buffering=0) as file:
        yield os.pread(file.fileno(), SAMPLE, piece.offset)
        end = piece.offset + max(0, piece.size - SAMPLE)
        yield os.pread(file.fileno(), SAMPLE, end)


def _are_equal(piece, path, offset):
    left = piece.size
    with open(piece.path, "rb", buffering=0) as one, open(path, "rb", 0) as other:
        one.seek(piece.offset)
        other.seek(offset)
        while left:
            block = one.read(min(left, BLOCK_SIZE))
            if not block or block != other.read(len(block)):
                return False
            left -= len(block)
    return True
