"""Words that come out of foreign files, as databases and pages can hold them."""

import re

MAX_NAME, MAX_DETAIL = 255, 500
# Control characters, ends of lines, halves of characters, what is no character.
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


def clean(text, longest=None):
    r"""Return a text as one line, without what is no text.

    >>> clean("a\0b.txt"), clean("\ud800\n é"), clean("x" * 9, 5)
    ('a b.txt', 'é', 'xxxxx')
    """
    return UNFIT.sub(" ", text[:longest]).strip()
