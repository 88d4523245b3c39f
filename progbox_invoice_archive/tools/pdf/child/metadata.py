"""Title, author and dates of a result, in both forms that readers look for."""

from datetime import datetime

import pikepdf
from pikepdf.models.metadata import encode_pdf_date

from .words import clean
from .writer import reference

PRODUCER = "ProGBox"
FIELDS = {"author": "/Author", "subject": "/Subject", "keywords": "/Keywords"}


def write_metadata(writer, title, metadata):
    """Write them.

    :param metadata: as in `assemble`, `created` in ISO form
    :return: (number of the information dictionary, reference to the XMP stream)
    """
    with pikepdf.new() as pdf:
        info = pdf.docinfo
        info["/Title"] = clean(title)
        info["/Producer"] = PRODUCER
        for key, name in FIELDS.items():
            if value := metadata.get(key):
                info[name] = clean(value)
        if created := metadata.get("created"):
            date = encode_pdf_date(datetime.fromisoformat(created))
            info["/CreationDate"] = info["/ModDate"] = date
        with pdf.open_metadata(set_pikepdf_as_editor=False) as xmp:
            xmp.load_from_docinfo(info, raise_failure=False)
        packet = pdf.Root.Metadata.read_bytes()
        number = writer.allocate()
        entries = b"/Type /Metadata /Subtype /XML"
        writer.put_stream(number, entries, packet)
        return writer.add(info.unparse(resolved=True)), reference(number)
