"""The length of a zip of stored files, from the format's description."""

from zipfile import ZIP64_LIMIT, ZIP_FILECOUNT_LIMIT

LOCAL_HEADER = 30
CENTRAL_HEADER = 46
END = 22
# What a large file, or a large zip, has besides.
LARGE_LOCAL_HEADER = 20
LARGE_FIELDS = 4
LARGE_FIELD = 8
LARGE_END = 76


def plain_zip_size(count, names, sizes):
    """Return how long a zip will be, None when it is large: see :func:`zip_size`.

    :param int count: of the files
    :param int names: length of all their names in bytes
    :param int sizes: length of all their contents
    """
    whole = count * (LOCAL_HEADER + CENTRAL_HEADER) + 2 * names + sizes + END
    is_plain = count <= ZIP_FILECOUNT_LIMIT and whole <= ZIP64_LIMIT
    return whole if is_plain else None


def zip_size(files):
    """Return how long the zip of these files will be.

    :param files: iterable of (length of the name in bytes, length of the content)
    """
    offset = directory = count = 0
    for name, size in files:
        count += 1
        fields = 2 * (size > ZIP64_LIMIT) + (offset > ZIP64_LIMIT)
        directory += CENTRAL_HEADER + name
        if fields:
            directory += LARGE_FIELDS + LARGE_FIELD * fields
        offset += LOCAL_HEADER + name + size
        if size > ZIP64_LIMIT:
            offset += LARGE_LOCAL_HEADER
    large = (
        count > ZIP_FILECOUNT_LIMIT or offset > ZIP64_LIMIT or directory > ZIP64_LIMIT
    )
    return offset + directory + END + LARGE_END * large
