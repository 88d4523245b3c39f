"""Files inside of a PDF: the XML of an e-invoice, the documents of a portfolio."""

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePath

import pikepdf
from pikepdf import Dictionary, Name, Stream

from .messages import Embedded, Failure, is_disk_full
from .sanitize import sanitize
from .structure import branch, elements, name_tree, text_of

MAX_FILES = 1000
OTHER = "application/octet-stream"
PDF = ".pdf"
# What only shows something. Programs stay behind, and what may contain one: archives,
# office documents with macros or of the old kinds.
HARMLESS = {
    *(PDF, ".xml", ".txt", ".csv", ".json"),
    *(".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp"),
    *(".heic", ".heif", ".avif"),
    *(".wav", ".mp3", ".m4a", ".ogg", ".opus", ".flac", ".aac", ".aiff", ".amr"),
    # Not .wma and .wmv, which may name an address for the player to open.
    *(".mp4", ".m4v", ".mov", ".avi", ".webm", ".mkv", ".mpg", ".mpeg", ".3gp"),
    *(".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"),
}


@dataclass
class Room:
    """What all files inside of one file may take together, at any depth."""

    size: int
    files: int = MAX_FILES

    def take(self, size=0, files=0):
        if size > self.size or files > self.files:
            raise Failure("too_large", "more files inside than the limit")
        self.size -= size
        self.files -= files


def read_members(pdf, folder, room):
    """Put the files of a portfolio into a folder, whatever they are.

    :param room: Room
    :return: list of Embedded
    :raise Failure: 'too_large'
    """
    members = []
    for name, stream in _files(pdf):
        room.take(files=1)
        path, size = _extract(stream, folder, room)
        members.append(Embedded(name, size, _mimetype(stream), path))
    return members


def read_embedded(pdf, folder, room, extract):
    """List the files inside of a PDF, and put copies into a folder if asked.

    :param room: Room
    :return: list of Embedded; if asked, each has a path or a refusal
    :raise Failure: 'too_large': so many files
    """
    embedded = []
    for name, stream in _files(pdf):
        room.take(files=1)
        size = branch(stream, "/Params").get("/Size")
        size = max(0, size) if isinstance(size, int) else 0
        file = Embedded(name, size, _mimetype(stream), None)
        embedded.append(_copied(file, stream, folder, room) if extract else file)
    return embedded


def _copied(file, stream, folder, room):
    """Return an Embedded with its copy, or with what speaks against it."""
    if not _is_harmless(file.name):
        return file._replace(refusal="active")
    try:
        path, size = _extract(stream, folder, room)
        if _suffix(file.name) == PDF:
            _check_pdf(path)
    except MemoryError:
        raise
    except Failure as error:
        return file._replace(refusal=error.code)
    except pikepdf.PasswordError:
        return file._replace(refusal="encrypted")
    except Exception as error:  # the pages are good all the same
        if is_disk_full(error):
            raise
        return file._replace(refusal="embedded")
    return file._replace(path=path, size=size)


def _check_pdf(path):
    """Refuse a PDF that acts by itself, or in which something may lie that does."""
    with pikepdf.open(path) as pdf:
        names = [name for name, _stream in _files(pdf)]
        if sanitize(pdf) or any(
            _suffix(name) == PDF or not _is_harmless(name) for name in names
        ):
            raise Failure("active")


def _is_harmless(name):
    return _suffix(name) in HARMLESS


def _suffix(name):
    return PurePath(name).suffix.lower()


def _mimetype(stream):
    kind = stream.get("/Subtype")
    return text_of(kind)[1:] or OTHER if isinstance(kind, Name) else OTHER


def _extract(stream, folder, room):
    """Return the path of a copy of a file inside, and its size."""
    content = stream.read_bytes()
    room.take(len(content))
    with tempfile.NamedTemporaryFile(
        dir=folder, prefix="embedded-", delete=False
    ) as file:
        file.write(content)
    return Path(file.name), len(content)


def _files(pdf):
    """Yield the name and the stream of each file inside, each of them once."""
    seen = set()
    for key, specification in _specifications(pdf):
        if not isinstance(specification, Dictionary):
            continue
        streams = branch(specification, "/EF")
        for stream in (streams.get(key) for key in ("/UF", "/F", "/DOS", "/Unix")):
            if isinstance(stream, Stream):
                break
        else:
            continue
        if stream.objgen not in seen:
            seen.add(stream.objgen)
            name = specification.get("/UF", specification.get("/F", key))
            yield text_of(name), stream


def _specifications(pdf):
    """Yield the file specifications of a PDF, with the names it gives them."""
    root = pdf.Root
    yield from name_tree(branch(root, "/Names").get("/EmbeddedFiles"))
    for holder in (root, *_annotations(pdf)):
        for specification in (holder.get("/FS"), *elements(holder, "/AF")):
            yield "", specification


def _annotations(pdf):
    for page in pdf.pages:
        for annotation in elements(page.obj, "/Annots"):
            if isinstance(annotation, Dictionary):
                yield annotation
