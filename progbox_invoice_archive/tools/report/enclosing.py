"""Files that a PDF carries with it."""

import io

import pikepdf


def enclose(content, files):
    """Return a PDF with files attached to it; its pages stay as they are.

    :param bytes content: the PDF
    :param files: iterable of (name, content)
    """
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for name, data in files:
            pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, data, filename=name)
        pdf.save(out)
    return out.getvalue()
