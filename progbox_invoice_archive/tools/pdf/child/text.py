"""What the first page of a PDF says; runs in a child process."""

import os
import shutil
import subprocess
import tempfile
from functools import partial

from .limits import die_with
from .messages import Failure

POPPLER = "pdftotext"
POPPLER_SECONDS = 20
LONGEST = 20_000  # what a document is stands at its beginning


def first_page_text(_report, path):
    """Return the text of the first page, line by line; of a scan there is none.

    Poppler reads it, or pypdf where there is no Poppler.
    """
    if program := shutil.which(POPPLER):
        return _with_poppler(program, path)[:LONGEST]
    return _with_pypdf(path)[:LONGEST]


def _with_poppler(program, path):
    # It may say and complain without end: a file has a limit.
    with tempfile.TemporaryFile() as said:
        try:
            subprocess.run(
                [program, "-f", "1", "-l", "1", "-layout", "-enc", "UTF-8", path, "-"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.DEVNULL,
                timeout=POPPLER_SECONDS,
                preexec_fn=partial(die_with, os.getpid()),
            )
        except subprocess.TimeoutExpired as error:
            raise Failure("timeout", f"Poppler: {error}") from error
        said.seek(0)
        return said.read(4 * LONGEST).decode(errors="replace")


def _with_pypdf(path):
    import pypdf

    with open(path, "rb") as file:
        return pypdf.PdfReader(file).pages[0].extract_text()
