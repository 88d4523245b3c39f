"""Text whose letters depend on their neighbours, drawn as a picture.

Arabic, Hebrew, Devanagari and their kin need more than a font: an order, and shapes.
What reportlab's fonts cannot do, Pillow does with HarfBuzz and FriBidi, from any file
that FreeType reads.
"""

import re
import unicodedata

from PIL import Image, ImageDraw, ImageFont, features
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics

FINE = 6  # pixels a point: 432 dots an inch
MOST_PIXELS = 4_000  # of one side of a picture
UNIT = 100  # pixels a letter: at this size a text is measured
RIGHT_TO_LEFT = {"R", "AL", "AN"}
# By the first word of their letters' Unicode names: what a font has to know of them.
SCRIPTS = {
    "ARABIC": {"arab"},
    "BENGALI": {"beng", "bng2"},
    "DEVANAGARI": {"deva", "dev2"},
    "GUJARATI": {"gujr", "gjr2"},
    "GURMUKHI": {"guru", "gur2"},
    "HEBREW": set(),
    "KANNADA": {"knda", "knd2"},
    "KHMER": {"khmr"},
    "LAO": {"lao"},
    "MALAYALAM": {"mlym", "mlm2"},
    "MONGOLIAN": {"mong"},
    "MYANMAR": {"mymr", "mym2"},
    "ORIYA": {"orya", "ory2"},
    "SINHALA": {"sinh"},
    "SYRIAC": {"syrc"},
    "TAMIL": {"taml", "tml2"},
    "TELUGU": {"telu", "tel2"},
    "THAI": {"thai"},
    "TIBETAN": {"tibt"},
}
JOINERS = "\u200c\u200d"


def is_shaped(letter):
    """Whether how a letter looks, or where it stands, is up to its neighbours."""
    return letter in JOINERS or is_right_to_left(letter) or _script(letter) in SCRIPTS


def is_right_to_left(text):
    """Whether any letter of a text is."""
    return not RIGHT_TO_LEFT.isdisjoint(map(unicodedata.bidirectional, text))


def direction_of(text):
    """Return where a text begins, as Pillow calls it: its first letter says so."""
    for letter in text:
        if (kind := unicodedata.bidirectional(letter)) in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def needs_of(text):
    """Return of each script of a text what a font has to know: list of set.

    :return: None if nobody can draw the text
    """
    scripts = {_script(letter) for letter in text if is_shaped(letter)} - {""}
    if not scripts:
        return []
    if not (features.check("raqm") and features.check("fribidi")):
        return None
    if scripts - SCRIPTS.keys():
        return None
    return [SCRIPTS[script] for script in scripts if SCRIPTS[script]]


def _script(letter):
    if letter in JOINERS:
        return ""
    return re.split("[ -]", unicodedata.name(letter, ""))[0]


class ShapedRun:
    """A piece of a line that becomes a picture.

    :param font: the FontFile that has its letters
    :param direction: where it begins, see `direction_of`
    :raise OSError: the font cannot be read
    """

    def __init__(self, text, font, direction):
        self.text, self._font = text, font
        # Pillow takes no direction from who cannot shape, nor is it needed then.
        self._way = {"direction": direction} if any(map(is_shaped, text)) else {}
        self._length = self._sized(UNIT).getlength(text, **self._way)

    def width(self, size):
        return self._length * size / UNIT

    def draw(self, sheet, left, baseline, size, colour):
        """Draw it, and lay its text over it, which is not seen."""
        fine = min(FINE, MOST_PIXELS / max(self.width(size), size, 1))
        font = self._sized(max(1, size * fine))
        options = {"anchor": "ls", **self._way}
        west, north, east, south = font.getbbox(self.text, **options)
        box = max(1, east - west), max(1, south - north)
        letters = Image.new("L", box)
        place = -west, -north
        pen = ImageDraw.Draw(letters)
        pen.text(place, self.text, fill=255, font=font, **options)
        picture = Image.new("RGB", box, colour)
        picture.putalpha(letters)
        corner = left + west / fine, baseline - south / fine
        sizes = (length / fine for length in box)
        sheet.drawImage(ImageReader(picture), *corner, *sizes, mask="auto")
        self._say(sheet, left, baseline, size)

    def _say(self, sheet, left, baseline, size):
        """Let who searches the page find the text."""
        said = ("\ufeff" + self.text).encode("utf-16-be").hex()
        sheet.saveState()
        place = sheet.beginText(left, baseline)
        place.setFont("Helvetica", size)
        place.setTextRenderMode(3)
        one = pdfmetrics.stringWidth("x", "Helvetica", size)
        place.setHorizScale(100 * self.width(size) / one)
        place.textOut("x")
        sheet.addLiteral(f"/Span <</ActualText <{said}>>> BDC")
        sheet.drawText(place)
        sheet.addLiteral("EMC")
        sheet.restoreState()

    def _sized(self, size):
        return ImageFont.truetype(self._font.path, size, index=self._font.number)
