"""Goes through a finished PDF; runs in a child process."""

import os
import re
import selectors
import shutil
import subprocess
import time
from functools import partial

import pikepdf

from . import pausing
from .limits import die_with
from .messages import Failure

# Objects that QPDF may hold in memory at a time
SLICE = 10_000
PAGE = pikepdf.Name.Page
POPPLER = "pdfinfo"
POPPLER_SLICE = 5_000  # pages that it loads at a time: less than a second
POPPLER_SECONDS = 25  # it hangs on some files
BLOCK_SIZE = 1 << 16
MOST_SAID = 4 << 20
TAIL_SIZE = 100
PAGES_LINE = re.compile(rb"^Pages: +(\d+)", re.MULTILINE)
BAD_PAGE = re.compile(rb"Failed to create page \(page (\d+)\)")
PAGE_LINE = re.compile(rb"^Page +(\d+) size:", re.MULTILINE)


def check_with_qpdf(_report, path, pages, start=1, end=None):
    """Read the objects of a PDF, or some of them, in slices.

    :param start, end: numbers of the objects, the last one not included
    :return: [pages among them, where to go on after a pause; None at the end]
    """
    try:
        return _check_with_qpdf(path, pages, start, end)
    except (MemoryError, Failure):
        raise
    except Exception as error:  # QPDF and pikepdf raise what they like
        raise Failure("check_failed", f"QPDF: {error!r}") from error


def _check_with_qpdf(path, pages, start, end):
    # Read by steps, a window of the file at a time: a map of it would count as memory,
    # and QPDF remembers each object that it has read until the file is closed.
    found = 0
    while True:
        with pikepdf.open(
            path,
            access_mode=pikepdf.AccessMode.stream,
            attempt_recovery=False,
            inherit_page_attributes=False,
        ) as pdf:
            end = int(pdf.trailer.Size) if end is None else end
            numbers = range(start, min(end, start + SLICE))
            found += sum(_is_page(pdf.get_object(number, 0)) for number in numbers)
            announced = int(pdf.Root.Pages.Count)
            if warnings := pdf.get_warnings():
                raise Failure("check_failed", "QPDF: " + "; ".join(warnings))
        start += SLICE
        if start >= end:
            _compare(announced, pages, "QPDF")
            return found, None
        if pausing.is_asked():
            return found, start


def count_objects(_report, path):
    """Return the number after that of the last object."""
    try:
        with pikepdf.open(
            path,
            access_mode=pikepdf.AccessMode.stream,
            attempt_recovery=False,
            inherit_page_attributes=False,
        ) as pdf:
            return int(pdf.trailer.Size)
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise Failure("check_failed", f"QPDF: {error!r}") from error


def _is_page(value):
    return isinstance(value, pikepdf.Dictionary) and value.get("/Type") == PAGE


def check_with_second_reader(_report, path, pages, start=0):
    """Have Poppler load all pages, or pypdf where there is no Poppler.

    :param start: pages that it has loaded before a pause
    :return: where to go on after a pause; None at the end
    """
    program = shutil.which(POPPLER)
    if not program:
        return check_with_pypdf(path, pages, start)
    while True:
        end = start + POPPLER_SLICE
        _check_with_poppler(program, path, pages, start, end)
        if end >= pages:
            return None
        start = end
        if pausing.is_asked():
            return start


def _check_with_poppler(program, path, pages, start, end):
    """Have Poppler load the pages from one index up to another."""
    # One more than there are: there must be none.
    numbers = ["-f", str(start + 1), "-l", str(end if end < pages else pages + 1)]
    said, complaints = _ask_poppler([program, *numbers, path])
    announced = PAGES_LINE.search(said)
    if not announced:
        raise Failure("check_failed", f"Poppler: {complaints}")
    _compare(int(announced[1]), pages, "Poppler")
    _compare(start + len(PAGE_LINE.findall(said)), min(end, pages), "Poppler")


def _ask_poppler(command):
    """Listen to Poppler until its end, or until it could not load a page.

    It would try that page again for each later one.

    :return: what it says, and what it complains of
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=partial(die_with, os.getpid()),
    ) as process:
        try:
            said, complaints = _listen(process)
            status = process.wait()
        except BaseException:
            process.kill()
            raise
    complaints = complaints.decode(errors="replace").strip()
    if status:
        raise Failure("check_failed", f"Poppler: {status}: {complaints}")
    return said, complaints


def _listen(process):
    """Return what a process says on its two channels."""
    said, complaints, tail = bytearray(), bytearray(), b""
    end = time.monotonic() + POPPLER_SECONDS
    with selectors.DefaultSelector() as channels:
        channels.register(process.stdout, selectors.EVENT_READ, said)
        channels.register(process.stderr, selectors.EVENT_READ, complaints)
        while channels.get_map():
            if time.monotonic() > end:
                raise Failure("check_failed", "Poppler: it does not come to an end")
            for key, _event in channels.select(timeout=1):
                block = os.read(key.fd, BLOCK_SIZE)
                if not block:
                    channels.unregister(key.fileobj)
                elif len(key.data) < MOST_SAID:
                    key.data.extend(block)
                if key.data is complaints:
                    if page := BAD_PAGE.search(tail + block):
                        text = f"Poppler: {page[0].decode()}"
                        raise Failure("check_failed", text, int(page[1]) - 1)
                    tail = block[-TAIL_SIZE:]
    return bytes(said), bytes(complaints)


def check_with_pypdf(path, pages, start=0):
    """As check_with_second_reader."""
    import pypdf

    found = start
    with open(path, "rb") as file:
        try:
            for page in pypdf.PdfReader(file).pages[start:]:
                if found > start and pausing.is_asked():
                    return found
                found += page.mediabox is not None
        except MemoryError:
            raise
        except Exception as error:  # so does pypdf
            raise Failure("check_failed", f"pypdf: {error!r}", found) from error
    _compare(found, pages, "pypdf")
    return None


def _compare(found, wanted, reader):
    if found != wanted:
        raise Failure("check_failed", f"{reader}: {found} pages, not {wanted}")
