"""Which characters of a page no font on the server can draw.

fontconfig knows: the renderer takes its fonts from there, too. A character that no font
has leaves a gap or a box on the page, and nothing says so.
"""

import re
import subprocess
import unicodedata
from bisect import bisect_right
from functools import cache

# The renderer draws outlines: fonts of coloured pictures (emoji) are of no use to it.
COMMAND = ("fc-list", ":outline=true:color=false", "--format", "%{charset} ")
SECONDS = 30
NOT_DRAWN = {"style", "script", "title", "template"}
HIDDEN = re.compile(r"display\s*:\s*none", re.I)
# control and format characters, spaces, line ends, halves of surrogates
WITHOUT_PICTURE = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# Debian's packages by what the names of their characters begin with
EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH")
PACKAGE, EAST_ASIAN_PACKAGE = "fonts-noto-core", "fonts-noto-cjk"
PICTURE_PACKAGE = "fonts-symbola"
PICTURES = {"So", "Sk", "Cn"}  # emoji and the like


class FontsUnknown(Exception):
    """fontconfig does not answer; the message says why."""


def missing(text):
    """The characters of a text that no font has, each once, in their order.

    :raise FontsUnknown: nobody knows
    """
    characters = {c for c in set(text) if not c.isascii() and _has_picture(c)}
    absent = _not_in(characters, _covered())
    if absent:
        # perhaps a font has been installed since
        _covered.cache_clear()
        absent = _not_in(absent, _covered())
    return "".join(sorted(absent))


def are_known():
    """Whether it can be told which characters have a font."""
    try:
        return bool(_covered())
    except FontsUnknown:
        return False


def packages(characters):
    """The Debian packages whose fonts have these characters."""
    return sorted({_package(character) for character in characters})


def visible_text(root):
    """The text that a page shows, from its parsed HTML."""
    parts, waiting = [], [root]
    while waiting:
        element = waiting.pop()
        if isinstance(element.tag, str) and not _is_hidden(element):
            parts.append(element.text or "")
            waiting += element
        if element is not root:
            parts.append(element.tail or "")
    return " ".join(parts)


def _is_hidden(element):
    return element.tag in NOT_DRAWN or HIDDEN.search(element.get("style", ""))


def _has_picture(character):
    return unicodedata.category(character) not in WITHOUT_PICTURE and not any(
        ord(character) in selectors for selectors in VARIATION_SELECTORS
    )


def _not_in(characters, covered):
    starts, ends = covered
    return {
        character
        for character in characters
        if not _is_in(ord(character), starts, ends)
    }


def _is_in(code, starts, ends):
    index = bisect_right(starts, code) - 1
    return index >= 0 and code <= ends[index]


@cache
def _covered():
    """First and last characters of the ranges that some font has, in order."""
    try:
        answer = subprocess.run(
            COMMAND, capture_output=True, check=True, timeout=SECONDS, text=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise FontsUnknown(str(error)) from error
    starts, ends = [], []
    for start, end in sorted(map(_bounds, set(answer.split()))):
        if ends and start <= ends[-1] + 1:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends


def _bounds(text):
    """A range as fontconfig writes it: "41-5a", or "20ac" alone."""
    start, _dash, end = text.partition("-")
    return int(start, 16), int(end or start, 16)


def _package(character):
    if unicodedata.name(character, "").startswith(EAST_ASIAN):
        return EAST_ASIAN_PACKAGE
    if unicodedata.category(character) in PICTURES:
        return PICTURE_PACKAGE
    return PACKAGE
