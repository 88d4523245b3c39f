"""The parts of a zip, in their order, for whoever sends it while it is made."""

import time
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
        self._infos = []
        self._offset = 0
        self._now = time.localtime()[:6]

    def begin(self, name, size, crc):
        """Return what stands before a file.

        :param str name: path in the zip
        :param int size: bytes of the content, all of which follow
        :param int crc: their CRC-32
        """
        info = ZipInfo(name, self._now)
        info.compress_type = ZIP_STORED
        info.flag_bits |= UTF8
        info.external_attr = 0o644 << 16
        info.file_size = info.compress_size = size
        info.CRC = crc
        info.header_offset = self._offset
        header = info.FileHeader()
        self._infos.append(info)
        self._offset += len(header) + size
        return header

    @property
    def sizes(self):
        """What is in it so far, as :func:`zip_size` takes it."""
        return [(len(info.filename.encode()), info.file_size) for info in self._infos]

    def end(self):
        """Return the directory, which closes the zip, as a list of bytes."""
        sink = _Sink(self._offset)
        with ZipFile(sink, "w", ZIP_STORED) as made:
            made.infolist().extend(self._infos)
        return sink.written


class _Sink:
    """Where the library takes the files for written already, up to some place."""

    def __init__(self, offset):
        self.offset = offset
        self.written = []

    def tell(self):
        return self.offset

    def write(self, data):  # pylint: disable=method-required-super
        self.offset += len(data)
        self.written.append(data)

    def flush(self):
        """Nothing waits here."""
