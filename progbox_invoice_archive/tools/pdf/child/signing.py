"""Does a PDF carry a digital signature?"""

from pikepdf import Dictionary, Name

from .structure import branch, elements, nodes


def is_signed(pdf):
    """Whether a signature field of the form is signed.

    What extends a form for Adobe's reader is a signature, too, but of no person.
    """
    fields = elements(branch(pdf.Root, "/AcroForm"), "/Fields")
    return any(
        values.get("/FT") == Name.Sig
        and isinstance(signature := values.get("/V"), Dictionary)
        and "/ByteRange" in signature
        for _field, values in nodes(fields, inherited=("/FT", "/V"))
    )
