import unicodedata

from pathvalidate import sanitize_filename

# Windows refuses paths over 260 characters; the folders need some of them.
LONGEST_NAME = 120
# Control characters, those of C1 included, line and paragraph separators.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def clean_filename(name, extension=""):
    """Return a file name that every system can store and unpack.

    Accents and other scripts stay. Separators, control characters, reserved
    names of Windows and outer dots and blanks do not.

    :param str name: what a person would call the file, without extension
    :param str extension: with its dot; never cut off

    >>> clean_filename("INV/2026/00001", ".pdf")
    'INV_2026_00001.pdf'
    >>> clean_filename("../..\\\\Été : n° 3?", ".pdf")
    '_.._Été _ n° 3_.pdf'
    >>> clean_filename("CON", ".pdf")
    'CON_.pdf'
    >>> clean_filename("...", ".pdf")
    '_.pdf'
    >>> len(clean_filename("x" * 500, ".xml"))
    120
    """
    stem = "".join(
        "_" if unicodedata.category(character) in UNPRINTABLE else character
        for character in name or ""
    )
    for _once_more in range(2):  # what is cut off may uncover a reserved name
        stem = sanitize_filename(
            stem,
            replacement_text="_",
            platform="universal",
            max_len=LONGEST_NAME - len(extension),
        ).strip(" .")
    return f"{stem or '_'}{extension}"
