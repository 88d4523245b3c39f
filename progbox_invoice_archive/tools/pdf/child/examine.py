"""Looks into one file; runs in a child process."""

import contextlib
import hashlib
import re
import stat
import tempfile
from dataclasses import fields
from pathlib import Path

import pikepdf
from pikepdf import Dictionary

from . import blank_pages, other_readers, wrappers
from .check import check_with_second_reader
from .content import is_bomb
from .embedded import Room, read_embedded, read_members
from .messages import Embedded, Failure, Inspection, Limits, is_disk_full
from .sanitize import sanitize
from .signing import is_signed
from .structure import branch, elements

HEAD_SIZE, TAIL_SIZE = 1024, 2048
BLOCK_SIZE = 1 << 20
# Objects of a file, and annotations of a page, from which a second reader tries it.
HEAVY_FILE, HEAVY_PAGE = 2_000, 500
# With these changes the file is ready, without another copy.
AS_THEY_ARE = {"image", "icons", "scripts", "players", "by_pdfium", "by_poppler"}
# What QPDF says of what neither it nor a password opens.
ENCRYPTED_OTHERWISE = re.compile("unsupported encryption|unsupported /R", re.IGNORECASE)
FILTERS = re.compile(rb"/(\w{2,20}Decode)\b")
KNOWN_FILTERS = {
    *(b"ASCIIHexDecode", b"ASCII85Decode", b"LZWDecode", b"FlateDecode"),
    *(b"RunLengthDecode", b"CCITTFaxDecode", b"JBIG2Decode", b"DCTDecode"),
    b"JPXDecode",
}
# What another reader may make pages of all the same.
RESCUED = {"crashed", "damaged", "no_pages", "recursive", "truncated"}
# What is known of a file that stays out, too.
KINDS = {"cover", "image"}
LENGTH = re.compile(rb"/Linearized\s[^<>]{0,200}?/L\s+(\d{1,10})\b", re.DOTALL)
# What reading a file tells of it.
READ = ("ready", "changes", "embedded", "pages", "width", "height")
MOST_PAGES = 20_000  # more are not believed of a damaged file
MAX_DEPTH = 3  # portfolios in portfolios


def inspect_file(_report, path, name, folder, limits, extract, has_died=False):
    """The Inspection of a file, as a dictionary.

    :param limits: fields of Limits, in order
    :param has_died: a process has, when it was asked of this file: others than QPDF
        read it
    """
    limits = Limits(*limits)
    room = Room(limits.embedded)
    task = (Path(path), name, Path(folder), limits, extract, room)
    return _values(examine(*task, has_died=has_died))


def _values(inspection):
    # Not asdict(), which copies all that is in it: a tenth of an inspection.
    values = {each.name: getattr(inspection, each.name) for each in fields(Inspection)}
    values["members"] = [_values(member) for member in inspection.members]
    return values


def examine(path, name, folder, limits, extract, room, depth=0, has_died=False):
    inspection = Inspection(path, name)
    examiner = Examiner(inspection, folder, limits, extract, room, depth, has_died)
    try:
        examiner.examine()
    except Failure as error:
        if not examiner.is_rescued(error):
            inspection.refusal = examiner.refusal(error)
            inspection.ready, inspection.detail = None, error.detail
            inspection.changes = [each for each in examiner.changes if each in KINDS]
            inspection.pages = 0
    return inspection


def normalise(_report, path, target):
    """Write a file anew, with all that QPDF can mend mended."""
    with pikepdf.open(path) as pdf:
        _save(pdf, target)


class Examiner:
    def __init__(self, inspection, folder, limits, extract, room, depth, has_died):
        self._inspection = inspection
        self._folder = folder
        self._limits = limits
        self._extract = extract
        self._room = room
        self._depth = depth
        self._has_died = has_died
        self._tail_is_encrypted = False
        self._lost, self._dropped = False, 0
        self.complete = True
        self.changes = inspection.changes

    def examine(self):
        inspection = self._inspection
        try:
            status = inspection.path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise Failure("missing", "no regular file")
            inspection.size = status.st_size
            if not inspection.size:
                raise Failure("empty")
            head, tail = _ends(inspection.path, inspection.size)
        except OSError as error:
            raise Failure("missing", str(error)) from error
        if inspection.size > self._limits.size:
            raise Failure("too_large", f"{inspection.size} bytes")
        if self._depth:
            inspection.checksum = _checksum(inspection.path)
        inspection.ready = inspection.path
        ended = b"%%EOF" in tail
        self._tail_is_encrypted = b"/Encrypt" in tail
        if reader := wrappers.reader_of(inspection.name, head):
            self._unwrap(reader)
            return
        if b"%PDF-" in head or ended:
            self.complete = ended and not _ends_early(head, inspection.size)
            if self._has_died:
                raise Failure("crashed", "the process died of it")
        else:
            self._convert()
        with self._open() as pdf:
            if not self._is_portfolio(pdf):
                self._read(pdf)
        if self._lost:
            self._try_for_more()

    def _try_for_more(self):
        """See whether another reader shows pages that QPDF has lost."""
        inspection, state = self._inspection, self._state()
        inks = other_readers.inks(inspection.ready)
        if not self._ask_others(sum(map(bool, inks.values())) or inspection.pages):
            self._restore(state)

    def _unwrap(self, reader):
        """Inspect the papers inside of an e-invoice or e-mail in its place."""
        inspection, room = self._inspection, self._room
        inspection.kind, inspection.ready = "wrapper", None
        if self._depth == MAX_DEPTH:
            raise Failure("recursive", "e-mails within e-mails")
        for paper in wrappers.read_papers(reader, inspection.path, room):
            if paper.content is None:
                member = Inspection(inspection.path, paper.name, refusal="mail_part")
            else:
                path = self._new_path()
                path.write_bytes(paper.content)
                options = (self._folder, self._limits, self._extract, room)
                member = examine(path, paper.name, *options, self._depth + 1)
            inspection.members.append(member)
        going_in = [leaf for leaf in inspection.leaves() if not leaf.refusal]
        if not going_in:
            raise Failure("no_paper")
        inspection.pages = sum(leaf.pages for leaf in going_in)

    def is_rescued(self, error):
        """Whether another reader has made a file of it that goes in.

        Not of one whose key is lost: that would have pages on which nothing is seen.
        """
        inspection = self._inspection
        if (
            error.code not in RESCUED
            or inspection.kind != "pdf"
            or not inspection.ready
            or self._tail_is_encrypted
        ):
            return False
        self.changes = list(inspection.changes)
        return self._ask_others(0)

    def _ask_others(self, least):
        """Have other readers write the file anew, and take what shows the most.

        :param least: on so many pages something is seen already
        :return: whether one of them shows more
        """
        inspection, embedded = self._inspection, self._inspection.embedded
        best, kept = least, None
        for change, write in other_readers.READERS:
            self._begin_anew(change)
            try:
                write(inspection.path, inspection.ready)
                with self._open() as pdf:
                    self._read(pdf, anew=True)
            except Failure:
                inspection.ready.unlink(missing_ok=True)
                continue
            inks = other_readers.inks(inspection.ready)
            seen = sum(map(bool, inks.values()))
            if seen <= best:
                continue
            blank = [number for number, ink in inks.items() if not ink]
            inspection.changes += [blank_pages.told(blank)] if blank else []
            best, kept = seen, self._state()
            if not blank:
                break
        if kept:
            self._restore(kept)
            # Other readers write the pages alone.
            inspection.embedded = (
                embedded or inspection.embedded or self._unread_files()
            )
            self._count_lost(not self.complete)
        return bool(kept)

    def _unread_files(self):
        """Say that files are inside, where QPDF has not come so far as to read them."""
        if not other_readers.has_files_inside(self._inspection.path):
            return []
        return [self._unreadable_files()]

    def _unreadable_files(self):
        return Embedded(self._inspection.name, 0, "", None, "embedded")

    def _state(self):
        values = {name: getattr(self._inspection, name) for name in READ}
        return values | {"changes": list(self._inspection.changes)}

    def _restore(self, state):
        for name, value in state.items():
            setattr(self._inspection, name, value)

    def _begin_anew(self, change):
        inspection = self._inspection
        inspection.ready = self._new_path()
        inspection.changes, inspection.embedded = [change], []
        inspection.pages, inspection.width, inspection.height = 0, 0.0, 0.0

    def refusal(self, error):
        """Return why the file stays out, as exactly as it can be told."""
        if error.code not in ("damaged", "no_pages") or not self._inspection.size:
            return error.code
        if ENCRYPTED_OTHERWISE.search(error.detail):
            return "encrypted_otherwise"
        with open(self._inspection.path, "rb") as file:
            content = file.read(self._limits.size)
        if set(FILTERS.findall(content)) - KNOWN_FILTERS:
            return "newer_compression"
        if error.code == "damaged" and not self.complete:
            return "truncated"
        pages = error.code == "no_pages" and other_readers.count_pages(
            self._inspection.path
        )
        return "damaged" if pages else error.code

    def _convert(self):
        from . import images  # few children ever need it

        self._inspection.kind = "image"
        self._inspection.changes.append("image")
        self._inspection.ready = self._new_path()
        images.to_pdf(self._inspection.path, self._inspection.ready)

    def _open(self):
        try:
            return pikepdf.open(self._inspection.ready)
        except pikepdf.PasswordError as error:
            raise Failure("encrypted", str(error)) from error
        except MemoryError:
            raise
        except Exception as error:  # as in _blamed
            if not self.complete and (pdf := self._open_with_new_tree()):
                return pdf
            raise Failure(_code_of(error), str(error)) from error

    def _open_with_new_tree(self):
        """Open a file whose end is missing, and what leads to its pages with it."""
        path = self._new_path()
        with contextlib.suppress(pikepdf.PdfError):
            if blank_pages.with_new_tree(self._inspection.ready, path):
                return pikepdf.open(path)
        return None

    def _read(self, pdf, anew=False):
        """Look into a PDF and make a copy of it where something has to be changed.

        :param anew: another reader has written it; else it is the file itself
        """
        inspection, changes = self._inspection, self._inspection.changes
        with _blamed():
            self._count(pdf)
            _walk(pdf)
            if not anew:
                inspection.signed = is_signed(pdf)
            damaged = _has_warnings(pdf) or (anew and not self.complete)
            if damaged:
                self._see_what_is_left(pdf)
            suspects = blank_pages.suspects(pdf, damaged)
            inspection.embedded = self._embedded(pdf)
            has_form = _has_fields(pdf)
            formatted = _formatted(pdf) if has_form else ()
            changes += sorted(sanitize(pdf), reverse=True)
            if pdf.is_encrypted:
                changes.append("decrypted")
            claims = []
            if has_form:
                flat, claims = _flatten(pdf, formatted)
                changes += flat
            if damaged:
                changes.append("repaired")
            if set(changes) - AS_THEY_ARE:
                self._clean(pdf)
            if suspects and not anew and not self._dropped:
                claims += self._mend_blank_pages(suspects, damaged)
            if claims:
                changes += _unseen(inspection.ready, claims)
            if damaged and not anew:
                self._count_lost(not self.complete)
            if _is_heavy(pdf):
                self._show_to_second_reader()

    def _mend_blank_pages(self, suspects, damaged):
        """Take blank pages from other readers; what their fields say: list of Claim."""
        inspection, claims, done = self._inspection, [], []

        def prepare(pdf, number):
            changes, found = self._prepared(pdf)
            done.extend(changes)
            claims.extend(claim._replace(page=number) for claim in found)

        inspection.ready, changes = blank_pages.mend(
            *(inspection.path, inspection.ready, suspects, damaged),
            *(self._new_path, prepare),
        )
        changes = [*done, *changes]
        inspection.changes += [
            each for each in dict.fromkeys(changes) if each not in inspection.changes
        ]
        return claims

    def _prepared(self, pdf):
        """Do to the page of another reader what `_read` does to the file.

        What it shows need not be what QPDF has seen in that place.

        :return: what was changed, and what its fields say: list of Claim
        """
        with _blamed():
            _refuse_bomb(pdf.pages[0])
            _walk(pdf)
            known = {each[:3] for each in self._inspection.embedded}
            self._inspection.embedded += [
                each for each in self._embedded(pdf) if each[:3] not in known
            ]
            formatted = _formatted(pdf) if (has_form := _has_fields(pdf)) else ()
            changes = sorted(sanitize(pdf), reverse=True)
            if not has_form:
                return changes, []
            flat, claims = _flatten(pdf, formatted)
            return [*changes, *flat], claims

    def _count_lost(self, ends_early):
        """Write down how many pages are not there that others know of."""
        inspection = self._inspection
        total = other_readers.count_pages(inspection.path)
        if ends_early:
            total = max(total, blank_pages.announced_pages(inspection.path))
        self._lost = inspection.pages < total <= MOST_PAGES
        if self._lost:
            inspection.changes.append(f"pages_lost/{inspection.pages}/{total}")

    def _embedded(self, pdf):
        try:
            return read_embedded(pdf, self._folder, self._room, self._extract)
        except (MemoryError, Failure):
            raise
        except Exception as error:  # the pages are good all the same
            if is_disk_full(error):
                raise
            return [self._unreadable_files()]

    def _see_what_is_left(self, pdf):
        """Leave a damaged file the pages of which everything is there."""
        if self._tail_is_encrypted and not pdf.is_encrypted:
            raise Failure("damaged", "the key to its encryption is lost")
        if self.complete:
            return
        cut = blank_pages.cut_object(self._inspection.path)
        for number in reversed(range(len(pdf.pages))):
            # QPDF warns of a drawing that ends in its middle.
            if not blank_pages.is_whole(pdf.pages[number], cut) or _has_warnings(pdf):
                del pdf.pages[number]
                self._dropped += 1
        if not len(pdf.pages):
            raise Failure("truncated", "objects are missing")
        self._inspection.pages = len(pdf.pages)

    def _count(self, pdf):
        inspection = self._inspection
        inspection.pages = len(pdf.pages)
        if not inspection.pages:
            raise Failure("no_pages")
        if inspection.pages > self._limits.pages:
            raise Failure("too_many_pages", f"{inspection.pages} pages")
        for page in pdf.pages:
            width, height = _page_size(page)
            inspection.width = max(inspection.width, width)
            inspection.height = max(inspection.height, height)
            _refuse_bomb(page)

    def _clean(self, pdf):
        """Save a copy with all that was mended, and look at that one, too."""
        ready = self._new_path()
        _save(pdf, ready)
        self._inspection.ready = ready
        with pikepdf.open(ready) as copy:
            if (pages := len(copy.pages)) != self._inspection.pages:
                raise Failure("damaged", f"{pages} pages after the repair")
            _walk(copy)
            if _has_warnings(copy):
                raise Failure("damaged", "the repair did not help")

    def _show_to_second_reader(self):
        """Find out now whether the reader that checks the result can stand it."""
        try:
            check_with_second_reader(
                None, str(self._inspection.ready), self._inspection.pages
            )
        except Failure as error:
            raise Failure("unshowable", error.detail) from error

    def _is_portfolio(self, pdf):
        """Whether it is one; then its files are inspected in its place."""
        if "/Collection" not in pdf.Root:
            return False
        inspection, room = self._inspection, self._room
        inspection.kind, inspection.ready = "portfolio", None
        inspection.changes.append("cover")
        if self._depth == MAX_DEPTH:
            raise Failure("recursive", "portfolios within portfolios")
        with _blamed():
            inspection.embedded = read_members(pdf, self._folder, room)
        for file in inspection.embedded:
            member = (file.path, file.name, self._folder, self._limits, self._extract)
            inspection.members.append(examine(*member, room, self._depth + 1))
        if not inspection.members:
            raise Failure("portfolio_empty")
        going_in = [leaf for leaf in inspection.leaves() if not leaf.refusal]
        inspection.pages = sum(leaf.pages for leaf in going_in)
        return True

    def _new_path(self):
        with tempfile.NamedTemporaryFile(
            dir=self._folder, prefix="ready-", suffix=".pdf", delete=False
        ) as file:
            return Path(file.name)


def _refuse_bomb(page):
    if is_bomb(page):
        raise Failure("too_large", "the drawing of a page unfolds without end")


class _blamed:
    """Whatever QPDF and pikepdf raise in it is the fault of the file."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _traceback):
        if not isinstance(error, Exception):
            return
        if isinstance(error, (MemoryError, Failure)) or is_disk_full(error):
            return
        raise Failure(_code_of(error), repr(error)) from error


def _ends(path, size):
    with open(path, "rb") as file:
        head = file.read(HEAD_SIZE)
        file.seek(max(0, size - TAIL_SIZE))
        return head, file.read(TAIL_SIZE)


def _checksum(path):
    digest = hashlib.sha1(usedforsecurity=False)  # as Odoo's of an attachment
    with open(path, "rb") as file:
        while block := file.read(BLOCK_SIZE):
            digest.update(block)
    return digest.hexdigest()


def _ends_early(head, size):
    """Whether a file is shorter than it says: one for the web has two ends."""
    said = LENGTH.search(head)
    return bool(said) and size < int(said[1])


def _page_size(page):
    try:
        left, bottom, right, top = map(float, page.cropbox)
        unit = float(page.obj.get("/UserUnit", 1))
    except (ValueError, TypeError, AttributeError):
        return 0.0, 0.0
    return abs(right - left) * unit, abs(top - bottom) * unit


def _walk(pdf):
    """Read every object, so that QPDF meets all that is wrong."""
    for _value in pdf.objects:
        pass


def _code_of(error):
    loops = isinstance(error, RecursionError) or "Loop detected" in str(error)
    return "recursive" if loops else "damaged"


def _has_warnings(pdf):
    """Whether QPDF had to mend anything; asking makes it forget."""
    try:
        return bool(pdf.get_warnings())
    except Exception:  # a warning about bytes that are no text
        return True


def _is_heavy(pdf):
    """Whether it could hold up who reads the result.

    Another reader is a process: it would be half of the time for a small file, at
    which none stumbles for long.
    """
    return len(pdf.objects) >= HEAVY_FILE or any(
        len(elements(page.obj, "/Annots")) >= HEAVY_PAGE for page in pdf.pages
    )


def _has_fields(pdf):
    if "/AcroForm" not in pdf.Root and not any(
        "/Annots" in page.obj for page in pdf.pages
    ):
        return False
    from .forms import has_fields  # few children ever need it

    return has_fields(pdf)


def _formatted(pdf):
    from .field_values import formatted_fields  # few children ever need it

    return formatted_fields(pdf)


def _flatten(pdf, formatted):
    from .forms import flatten  # as above

    return flatten(pdf, formatted)


def _unseen(path, claims):
    from .field_values import unseen  # as above

    return unseen(path, claims)


def _save(pdf, target):
    destinations = branch(pdf.Root, "/Names").get("/Dests")
    for key in ("/OpenAction", "/AA", "/Names", "/AF", "/StructTreeRoot"):
        if key in pdf.Root:
            del pdf.Root[key]
    if isinstance(destinations, Dictionary):
        pdf.Root.Names = Dictionary(Dests=destinations)
    if "/Size" not in pdf.trailer:
        pdf.trailer["/Size"] = 1  # QPDF puts the right number only in place of another
    pdf.save(
        target,
        encryption=False,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.preserve,
        fix_metadata_version=False,  # it would read metadata, which may be bad
    )
