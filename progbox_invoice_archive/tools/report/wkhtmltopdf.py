"""Run wkhtmltopdf so that it ends, leaves nothing behind and fails clearly."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import lxml.html

from ..process import ChildProcess

# What a shell says of a program that it cannot start, or that lacks a library.
NOT_STARTED = (126, 127)
NETWORK_ERROR = re.compile(r"network error|Blocked access to file", re.I)
# wkhtmltopdf needs exponential time for tables with many rows (as in Odoo's own call)
LARGE_PAGE = 4 * 1024 * 1024
ROWS_PER_TABLE = 500
DETAIL_LENGTH = 2000


class RendererFailure(Exception):
    """wkhtmltopdf made no usable PDF.

    :param reason: 'missing', 'timeout', 'crash', 'network', 'output' or 'disk'
    :param detail: what it or the system said
    """

    def __init__(self, reason, detail=""):
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail[-DETAIL_LENGTH:]


def to_pdf(binary, args, body, timeout, header=None, footer=None):
    """The PDF of one self-contained page, as bytes.

    :param binary: path of wkhtmltopdf
    :param args: its switches
    :param body: HTML text; so are `header` and `footer`, which need patched Qt
    :param timeout: seconds after which it is killed with all its children
    :raise RendererFailure: there is no complete PDF
    """
    try:
        with tempfile.TemporaryDirectory(prefix="progbox.render.") as folder:
            folder = Path(folder)
            parts = []
            for name, html in (("header", header), ("footer", footer)):
                if html:
                    parts += [f"--{name}-html", _write(folder, name, html)]
            parts.append(_write(folder, "body", _with_short_tables(body)))
            output = folder / "page.pdf"
            _run([binary, *args, *parts, str(output)], folder, timeout)
            return _read_pdf(output)
    except OSError as error:
        raise RendererFailure("disk", str(error)) from error


def _write(folder, name, html):
    path = folder / f"{name}.html"
    path.write_bytes(html.encode())
    return str(path)


def _run(command, folder, timeout):
    # its own files go where we clean up, also when it is killed
    environment = {**os.environ, "TMPDIR": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    try:
        process = ChildProcess(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )
    except OSError as error:
        raise RendererFailure("missing", str(error)) from error
    with process:
        try:
            said = process.communicate(timeout=timeout)[1]
        except subprocess.TimeoutExpired as error:
            raise RendererFailure("timeout", f"{timeout} s") from error
    _check_exit(process.returncode, said.decode(errors="replace").strip())


def _check_exit(code, said):
    if not code:
        return
    if code == 1 and NETWORK_ERROR.search(said):
        raise RendererFailure("network", said)
    if code in NOT_STARTED:
        raise RendererFailure("missing", said)
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    raise RendererFailure("crash", f"{how}: {said}")


def _read_pdf(path):
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-1024:]:
        raise RendererFailure("output", f"{len(content)} bytes: {content[:80]!r}")
    return content


def _with_short_tables(html):
    if len(html) < LARGE_PAGE:
        return html
    root = lxml.html.document_fromstring(html)
    for body in list(root.iter("tbody")):
        _split(body)
    return lxml.html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")


def _split(body):
    """Move the rows after the first 500 into further tables of the same look."""
    table, rows = body.getparent(), list(body)
    for start in range(ROWS_PER_TABLE, len(rows), ROWS_PER_TABLE):
        further = lxml.html.Element("table", table.attrib)
        more = lxml.html.Element("tbody", body.attrib)
        more.extend(rows[start : start + ROWS_PER_TABLE])
        further.append(more)
        table.addnext(further)
        table = further
