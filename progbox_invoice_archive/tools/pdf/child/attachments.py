"""Files embedded in a result, byte for byte."""

from pathlib import Path, PurePath

import pikepdf

from .byte_copies import Piece
from .writer import reference, references, text


def write(writer, attached):
    """Embed files.

    :param attached: list of Attached
    :return: (serialised name tree, serialised list of the file specifications)
    """
    names = unique([each.name for each in attached])
    specifications = {
        name: _specification(writer, each, name)
        for name, each in zip(names, attached, strict=True)
    }
    pairs = [
        text(name) + b" " + reference(specifications[name])
        for name in sorted(specifications, key=lambda name: bytes(pikepdf.String(name)))
    ]
    return b"<< /Names [ %s ] >>" % b" ".join(pairs), references(
        specifications.values()
    )


def unique(names):
    """Tell namesakes apart: the second "a.pdf" becomes "a (2).pdf".

    >>> unique(["a.pdf", "b", "a.pdf", "a (2).pdf"])
    ['a.pdf', 'b', 'a (2).pdf', 'a (2) (2).pdf']
    """
    taken, result = set(), []
    for name in names:
        path, candidate, count = PurePath(name), name, 1
        while candidate in taken:
            count += 1
            candidate = f"{path.stem} ({count}){path.suffix}"
        taken.add(candidate)
        result.append(candidate)
    return result


def _specification(writer, each, name):
    content = writer.allocate()
    size = Path(each.path).stat().st_size
    kind = pikepdf.Name("/" + each.mimetype).unparse()
    writer.put_stream(
        content,
        b"/Type /EmbeddedFile /Subtype %s /Params << /Size %d >>" % (kind, size),
        Piece(each.path, 0, size),
    )
    return writer.add(
        b"<< /Type /Filespec /F %s /UF %s /Desc %s /AFRelationship /Source"
        b" /EF << /F %s /UF %s >> >>"
        % (text(name), text(name), text(each.description), *[reference(content)] * 2)
    )
