"""Forms become part of their pages: what was filled in stays visible."""

from pikepdf import Array, Dictionary

from .failure import Failure


def has_fields(pdf):
    form = pdf.Root.get("/AcroForm")
    return isinstance(form, Dictionary) and (
        "/XFA" in form or bool(len(form.get("/Fields", Array())))
    )


def flatten(pdf):
    """Paint all fields into the pages and remove the form.

    :return: what was changed, as in Inspection.changes
    :raise Failure: 'form_unreadable'
    """
    form = pdf.Root.AcroForm
    if pdf.Root.get("/NeedsRendering"):
        raise Failure("form_unreadable", "XFA form with NeedsRendering")
    changes = ["forms", "xfa"] if "/XFA" in form else ["forms"]
    pdf.generate_appearance_streams()
    pdf.flatten_annotations("screen")
    if "/AcroForm" in pdf.Root:
        del pdf.Root["/AcroForm"]
    return changes
