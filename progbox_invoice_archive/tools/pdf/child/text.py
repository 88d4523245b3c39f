"""What the pages of a PDF say; runs in a child process."""

import os
import shutil
import subprocess
import tempfile
from functools import partial

from .limits import die_with
from .messages import Failure

POPPLER = "pdftotext"
POPPLER_SECONDS = 20
# Letters for each page that is read, whichever of them says so many; what a document is
# stands at its beginning.
LONGEST = 20_000
PAGE_END = "\f"


def first_page_text(_report, path):
    """Return the text of the first page, line by line; of a scan there is none."""
    return _read(path, 1)


def page_texts(_report, paths, pages):
    """Return the texts of the first so many pages of some files, page by page."""
    texts = [_read(path, pages) for path in paths]
    return [text.removesuffix(PAGE_END).split(PAGE_END) for text in texts]


def _read(path, pages):
    """Have Poppler read the first pages, or pypdf where there is no Poppler."""
    if program := shutil.which(POPPLER):
        return _with_poppler(program, path, pages)[: pages * LONGEST]
    return _with_pypdf(path, pages)[: pages * LONGEST]


def _with_poppler(program, path, pages):
    range_ = ["-f", "1", "-l", str(pages)]
    # It may say and complain without end: a file has a limit.
    with tempfile.TemporaryFile() as said:
        try:
            subprocess.run(
                [program, *range_, "-layout", "-enc", "UTF-8", path, "-"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.DEVNULL,
                timeout=POPPLER_SECONDS,
                preexec_fn=partial(die_with, os.getpid()),
            )
        except subprocess.TimeoutExpired as error:
            raise Failure("timeout", f"Poppler: {error}") from error
        said.seek(0)
        return said.read(4 * pages * LONGEST).decode(errors="replace")


def _with_pypdf(path, pages):
    import pypdf

    with open(path, "rb") as file:
        found = pypdf.PdfReader(file).pages[:pages]
        return PAGE_END.join(page.extract_text() for page in found)
