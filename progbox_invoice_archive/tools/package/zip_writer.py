"""The parts of a zip, in their order, for whoever sends it while it is made."""

import time
from array import array
from zipfile import ZIP_STORED, ZipFile, ZipInfo

# Names are UTF-8: some readers would take the code page of an old DOS.
UTF8 = 1 << 11


class ZipWriter:
    """Says what stands before each stored file of a zip, and after the last one.

    Length and checksum of a file stand before it, and nothing stands behind it: Java's
    ``ZipInputStream`` and others that read a zip from its beginning refuse a stored
    file whose length they learn afterwards, as everything that streams zips has it.
    """

    def __init__(self):
        self._now = time.localtime()[:6]
        self._names = []
        # Of each file, which takes a tenth of the room of a ZipInfo.
        self._sizes, self._crcs, self._offsets = array("Q"), array("L"), array("Q")
        self._offset = 0

    def begin(self, name, size, crc):
        """Return what stands before a file.

        :param str name: path in the zip
        :param int size: bytes of the content, all of which follow
        :param int crc: their CRC-32
        """
        header = self._info(name, size, crc).FileHeader()
        self._names.append(name)
        self._sizes.append(size)
        self._crcs.append(crc)
        self._offsets.append(self._offset)
        self._offset += len(header) + size
        return header

    def _info(self, name, size, crc):
        info = ZipInfo(name, self._now)
        info.compress_type = ZIP_STORED
        info.flag_bits |= UTF8
        info.external_attr = 0o644 << 16
        info.file_size = info.compress_size = size
        info.CRC = crc
        return info

    @property
    def sizes(self):
        """What is in it so far, as :func:`zip_size` takes it."""
        lengths = (len(name.encode()) for name in self._names)
        return list(zip(lengths, self._sizes, strict=True))

    def end(self):
        """Return the directory, which closes the zip, and its last record.

        Without that one, nobody can open the zip.
        """
        sink = _Sink(self._offset)
        with ZipFile(sink, "w", ZIP_STORED) as made:
            made.filelist = self
        return bytes(sink.written), sink.last

    # The list that the library makes the directory of.

    def __len__(self):
        return len(self._names)

    def __iter__(self):
        files = zip(self._names, self._sizes, self._crcs, self._offsets, strict=True)
        for name, size, crc, offset in files:
            info = self._info(name, size, crc)
            info.header_offset = offset
            yield info


class _Sink:
    """Where the library takes the files for written already, up to some place."""

    def __init__(self, offset):
        self.offset = offset
        self.written = bytearray()
        self.last = b""

    def tell(self):
        return self.offset

    def write(self, data):  # pylint: disable=method-required-super
        self.offset += len(data)
        if data:
            self.written += self.last
            self.last = data

    def flush(self):
        """Nothing waits here."""
