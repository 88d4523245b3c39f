"""Which parts of an e-mail are papers, and which only came with it.

Imported by the parent, too: pure Python, without any library.
"""

import re

PICTURE_HEADS = re.compile(
    rb"\xff\xd8\xff|\x89PNG|II\*\0|MM\0\*|GIF8|RIFF.{4}WEBP|BM.{4}\0\0\0\0", re.DOTALL
)
# A photo of a paper takes more, a logo or the picture of a signature takes less.
LARGEST_LOGO = 100_000
LARGEST_PIXEL = 3_000
# What programs call the pictures of a signature.
LOGO_NAMES = re.compile(
    r"(image|img|outlook-|logo|signature|banner|icon|facebook|linkedin|twitter|pixel)"
    r"[\w .()@-]*\.\w+",
    re.IGNORECASE,
)
# Business cards, signatures, and how Outlook wraps what others cannot read.
NEVER_PAPERS = re.compile(r".*\.(vcf|ics|p7s|p7m|asc|sig)|winmail\.dat", re.IGNORECASE)


def is_decoration(name, size, is_inline):
    """Whether a picture of an e-mail is a logo, or a pixel that tells who has read it.

    >>> is_decoration("image001.png", 8_000, True), is_decoration("a.gif", 43, False)
    (True, True)
    >>> is_decoration("IMG_2041.jpg", 900_000, True)
    False

    :param is_inline: the text of the e-mail shows it
    """
    if size <= LARGEST_PIXEL:
        return True
    named = is_inline or LOGO_NAMES.fullmatch(name or "")
    return bool(named) and size < LARGEST_LOGO


def is_never_a_paper(name):
    return NEVER_PAPERS.fullmatch(name or "") is not None
