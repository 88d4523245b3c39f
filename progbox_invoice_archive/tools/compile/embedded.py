"""Files inside of a PDF: the XML of an e-invoice, the documents of a portfolio."""

import tempfile
from pathlib import Path

from .failure import Failure
from .inspection import Embedded

MAX_FILES = 1000


def read_embedded(pdf, folder, limit, extract):
    """List the files inside of a PDF, and put copies into a folder if asked.

    :param limit: bytes of all of them together
    :raise Failure: 'too_large'
    """
    files, total = [], 0
    if len(pdf.attachments) > MAX_FILES:
        raise Failure("too_large", f"{len(pdf.attachments)} files inside")
    for key, specification in pdf.attachments.items():
        attached = specification.get_file()
        size, path = attached.size, None
        if extract:
            content = attached.read_bytes()
            size = len(content)
            total += size
            if total > limit:
                raise Failure("too_large", f"files inside of more than {limit} bytes")
            path = _write(content, folder)
        name = specification.filename or key
        files.append(Embedded(name, max(size, 0), attached.mime_type, path))
    return files


def _write(content, folder):
    with tempfile.NamedTemporaryFile(
        dir=folder, prefix="embedded-", delete=False
    ) as file:
        file.write(content)
    return Path(file.name)
