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
