"""The order in which people expect names and numbers."""

import re
import unicodedata

NUMBER = re.compile("([0-9]+)")


def natural_key(text):
    """Return what a text is sorted by: without accents, and numbers by their value.

    >>> sorted(["PO-10", "Zinguerie", "PO-9", "Étanchéité"], key=natural_key)
    ['Étanchéité', 'PO-9', 'PO-10', 'Zinguerie']
    >>> natural_key("po-009") == natural_key("PO-9")
    True
    """
    letters = unicodedata.normalize("NFKD", (text or "").casefold())
    plain = "".join(sign for sign in letters if not unicodedata.combining(sign))
    words = NUMBER.split(plain.strip())
    # Every other one is a number. Its digits, not its value: it may be very long.
    words[1::2] = [
        (len(digits), digits) for digits in (word.lstrip("0") for word in words[1::2])
    ]
    return words
