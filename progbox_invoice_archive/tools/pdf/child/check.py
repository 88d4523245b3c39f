"""Goes through a finished PDF; runs in a child process."""

import os
import re
import shutil
import subprocess
from functools import partial

import pikepdf

from .limits import die_with
from .messages import Failure

# Objects that QPDF may hold in memory at a time
SLICE = 10_000
PAGE = pikepdf.Name.Page
POPPLER = "pdfinfo"
POPPLER_SECONDS = 300  # it hangs on some files; 20,000 pages take it seconds
PAGE_LINE = re.compile(rb"^Page +(\d+) size:", re.MULTILINE)


def check_with_qpdf(_report, path, pages, share):
    """Read a share of the objects of a PDF.

    :param share: (which, of how many)
    :return: the number of pages among them
    """
    try:
        return _check_with_qpdf(path, pages, *share)
    except (MemoryError, Failure):
        raise
    except Exception as error:  # QPDF and pikepdf raise what they like
        raise Failure("check_failed", f"QPDF: {error!r}") from error


def _check_with_qpdf(path, pages, which, shares):
    # Read by steps, a window of the file at a time: a map of it would count as memory,
    # and QPDF remembers each object that it has read until the file is closed.
    found, start, end = 0, None, 1
    while start is None or start < end:
        with pikepdf.open(
            path,
            access_mode=pikepdf.AccessMode.stream,
            attempt_recovery=False,
            inherit_page_attributes=False,
        ) as pdf:
            size = int(pdf.trailer.Size)
            start, end = start or size * which // shares, size * (which + 1) // shares
            numbers = range(max(1, start), min(end, start + SLICE))
            found += sum(_is_page(pdf.get_object(number, 0)) for number in numbers)
            announced = int(pdf.Root.Pages.Count)
            if warnings := pdf.get_warnings():
                raise Failure("check_failed", "QPDF: " + "; ".join(warnings))
        start += SLICE
    _compare(announced, pages, "QPDF")
    return found


def _is_page(value):
    return isinstance(value, pikepdf.Dictionary) and value.get("/Type") == PAGE


def check_with_second_reader(_report, path, pages):
    """Have Poppler load all pages, or pypdf where there is no Poppler."""
    if program := shutil.which(POPPLER):
        _check_with_poppler(program, path, pages)
    else:
        check_with_pypdf(path, pages)


def _check_with_poppler(program, path, pages):
    command = [program, "-f", "1", "-l", str(pages + 1), path]
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=POPPLER_SECONDS,
            preexec_fn=partial(die_with, os.getpid()),
        )
    except subprocess.TimeoutExpired as error:
        raise Failure("check_failed", f"Poppler: {error}") from error
    if answer.returncode:
        said = answer.stderr.decode(errors="replace").strip()
        raise Failure("check_failed", f"Poppler: {answer.returncode}: {said}")
    _compare(len(PAGE_LINE.findall(answer.stdout)), pages, "Poppler")


def check_with_pypdf(path, pages):
    import pypdf

    found = 0
    with open(path, "rb") as file:
        try:
            for page in pypdf.PdfReader(file).pages:
                found += page.mediabox is not None
        except MemoryError:
            raise
        except Exception as error:  # so does pypdf
            raise Failure("check_failed", f"pypdf: {error!r}", found) from error
    _compare(found, pages, "pypdf")


def _compare(found, wanted, reader):
    if found != wanted:
        raise Failure("check_failed", f"{reader}: {found} pages, not {wanted}")
