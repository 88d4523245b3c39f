"""How large the drawing of a page becomes when it is unfolded."""

import zlib

from pikepdf import Array, Name, Stream

MAX_UNFOLDED = 256 << 20  # bytes; a page of a large drawing has some 30 MB
HARMLESS = 64 << 10  # so few bytes unfold into 66 MB at most, once
BLOCK_SIZE = 1 << 20


def is_bomb(page):
    """Whether a few bytes of a page unfold into gigabytes, which stops any reader."""
    contents = page.obj.get("/Contents")
    streams = list(contents) if isinstance(contents, Array) else [contents]
    left = MAX_UNFOLDED
    for stream in streams:
        if isinstance(stream, Stream):
            left -= _unfolded(stream, left)
            if left <= 0:
                return True
    return False


def _unfolded(stream, limit):
    """How many bytes a stream unfolds into; it stops at the limit."""
    filters = stream.stream_dict.get("/Filter")
    filters = list(filters) if isinstance(filters, Array) else [filters]
    folds = 0
    while folds < len(filters) and filters[folds] in (Name.FlateDecode, Name.Fl):
        folds += 1
    if not folds:
        return 0
    data = memoryview(stream.get_raw_stream_buffer())
    if folds == 1 and len(data) < HARMLESS:
        return 0
    blocks = [data]
    for _fold in range(folds):
        blocks = _inflate(blocks, limit)
    return sum(map(len, blocks))


def _inflate(blocks, limit):
    """Yield what blocks unfold into, in pieces and up to the limit."""
    inflater, left = zlib.decompressobj(), limit
    try:
        for block in blocks:
            while block and left > 0:
                piece = inflater.decompress(block, min(BLOCK_SIZE, left))
                yield piece
                left -= len(piece)
                block = inflater.unconsumed_tail
    except zlib.error:
        return  # a reader shows as much of it as it could read
