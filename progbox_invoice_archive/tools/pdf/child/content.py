"""How large the drawing of a page becomes when it is unfolded."""

import zlib

import pikepdf
from pikepdf import Array, Name, Stream, StreamDecodeLevel

MAX_UNFOLDED = 256 << 20  # bytes; a page of a large drawing has some 30 MB
HARMLESS = 64 << 10  # so few bytes unfold into 90 MB at most, once
BLOCK_SIZE = 1 << 20
FLATE = {Name.FlateDecode, Name.Fl}
# Bytes as letters: nothing unfolds.
LETTERS = {Name.ASCIIHexDecode, Name.AHx, Name.ASCII85Decode, Name.A85}
OTHERS = {Name.LZWDecode, Name.LZW, Name.RunLengthDecode, Name.RL}
FOLDING, CODING = FLATE | OTHERS, LETTERS | OTHERS


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
    filters = [name for name in filters if isinstance(name, Name)]
    folds = sum(name in FOLDING for name in filters)
    if not folds:
        return 0
    data = memoryview(stream.get_raw_stream_buffer())
    if folds == 1 and len(data) < HARMLESS:
        return 0
    blocks = [data]
    for name in filters:
        if name in FLATE:
            blocks = _inflate(blocks, limit)
        elif name in CODING:
            blocks = [_decoded(b"".join(blocks), name)]
        else:  # a picture
            break
    return sum(map(len, blocks))


def _decoded(data, name):
    """What QPDF makes of bytes; more than the child's memory is a failure."""
    with pikepdf.new() as pdf:
        stream = Stream(pdf, data, Filter=name)
        try:
            return stream.read_bytes(StreamDecodeLevel.specialized)
        except pikepdf.PdfError:
            return b""  # as in _inflate


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
