import subprocess
from unittest.mock import patch
from urllib.parse import unquote

import pikepdf
from PIL import ImageChops

from ..tools.pdf.child import fonts, shaping
from . import pdf_collection as collection
from .pdf_common import PdfCase, poppler_image, poppler_texts

RADIO = 1 << 15


class TestPdfForms(PdfCase):
    """What was filled in stays visible, without the form."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "form.pdf"

    def painted(self, value, **options):
        collection.form(self.path, value, **options)
        inspection = self.assertReady(self.path, 1, ["forms"])
        with pikepdf.open(inspection.ready) as pdf:
            self.assertNotIn("/AcroForm", pdf.Root)
            self.assertNotIn("/Annots", pdf.pages[0])
        return poppler_texts(inspection.ready)[0]

    def test_values_without_appearance_are_painted(self):
        self.assertEqual(self.painted("1 240,00"), "Form 1 240,00")

    def test_accents_and_the_euro_are_painted(self):
        self.assertEqual(self.painted("Lefèvre 24 €"), "Form Lefèvre 24 €")

    def test_a_long_text_is_wrapped(self):
        value = "Removal of the old façade and disposal of the rubble " * 3
        self.assertEqual(self.painted(value, Ff=1 << 12), f"Form {value.strip()}")

    def test_nobody_needs_to_say_that_appearances_are_missing(self):
        self.assertEqual(self.painted("42", anew=False), "Form 42")

    def test_fields_without_a_font_are_painted(self):
        self.assertEqual(self.painted("42", DA=pikepdf.String("0 g")), "Form 42")

    def inspect_forms(self, *forms):
        """Return the inspections of forms: (value, options) each."""
        paths = []
        for number, (value, options) in enumerate(forms):
            path = self.folder / f"form-{number}.pdf"
            paths.append(collection.form(path, value, **options))
        return self.inspect(*paths)

    def test_nothing_old_stays_of_an_empty_field(self):
        """The program that has emptied it leaves its drawing to the reader."""
        old = {"AP": b"(old value) Tj"}
        anew, kept = self.inspect_forms(("", old), ("", old | {"anew": False}))
        self.assertEqual(poppler_texts(anew.ready), ["Form"])
        self.assertEqual(poppler_texts(kept.ready), ["Form old value"])

    def test_a_field_has_the_frame_that_it_asks_for(self):
        look = pikepdf.Dictionary(BG=[], BC=[1, 0, 0])
        widths = {0: False, 3: True}
        forms = [
            ("x", {"MK": look, "BS": pikepdf.Dictionary(W=width)}) for width in widths
        ]
        for each, has_frame in zip(
            self.inspect_forms(*forms), widths.values(), strict=True
        ):
            page = poppler_image(each.ready).convert("RGB")
            colour = page.getpixel((200, page.height - 619))
            self.assertEqual(colour == (255, 0, 0), has_frame)

    def test_letters_of_all_countries_are_painted(self):
        values = ["Ștefan Țepeș", "Łódź", "東京", "Жуков Ω €"]
        old, empty = {"AP": b"(old) Tj"}, {"AP": b"0 0 50 9 re f", "anew": False}
        forms = [(value, {"Q": 2, "Ff": 1 << 12}) for value in values]
        forms += [(value, look) for value in values for look in ({}, old, empty)]
        forms += [("new", old), ("new", empty)]
        for (value, _options), each in zip(
            forms, self.inspect_forms(*forms), strict=True
        ):
            self.assertEqual(each.changes, ["forms"], each.detail)
            self.assertEqual(poppler_texts(each.ready), [f"Form {value}"])

    def test_letters_that_depend_on_their_neighbours_are_painted(self):
        """As a picture of what Pillow draws of them, in the colour of the field."""
        values = ["שלום 12 Łódź", "فاتورة رقم", "नमस्ते 7 Łódź", "ภาษาไทย"]
        look = {"DA": pikepdf.String("/Helv 12 Tf 0 0 1 rg"), "Ff": 1 << 12}
        forms = [(value, look) for value in values]
        for (value, _look), each in zip(forms, self.inspect_forms(*forms), strict=True):
            self.assertEqual(each.changes, ["forms"], value)
            page = poppler_image(each.ready).convert("RGB")
            field = page.crop((72, page.height - 621, 400, page.height - 599))
            colours = [colour for _count, colour in field.getcolors(9999)]
            self.assertTrue([one for one in colours if one[2] > one[0] + 150], value)
            left, _top, right, _bottom = ImageChops.invert(field).getbbox()
            runs = fonts.Fonts().runs(value, "Helvetica")
            width = sum(run.width(12) for run in runs)
            self.assertAlmostEqual(right - left, width, delta=4, msg=value)

    def test_a_reader_may_find_letters_in_another_order(self):
        # Not above: the lowest versions of packages have no FormFieldFlag.
        from ..tools.pdf.child import field_values

        for shown, word, is_seen in (
            ("םולש", "שלום", True),
            ("עולם שלום", "שלום עולם", True),
            ("שלו", "שלום", False),
        ):
            self.assertEqual(field_values._shows(shown, word), is_seen)

    def test_letters_are_joined_and_in_their_order(self):
        """The picture of a word is not that of its letters side by side."""
        found = fonts.Fonts()
        for word in ("فاتورة", "क्षत्रिय"):
            (run,) = found.runs(word, "Helvetica")
            alone = [found.runs(letter, "Helvetica")[0] for letter in word]
            self.assertLess(run.width(12), 0.9 * sum(each.width(12) for each in alone))

    def test_without_what_joins_letters_nothing_is_painted(self):
        with patch.object(shaping.features, "check", return_value=False):
            self.assertEqual(fonts.Fonts().runs("فاتورة", "Helvetica"), [])
            self.assertTrue(fonts.Fonts().runs("Łódź", "Helvetica"))

    def test_letters_that_only_a_picture_shows_are_painted(self):
        """Reportlab reads no font with curves of PostScript, FreeType does."""
        with patch.object(fonts, "_loaded", return_value=None):
            (run,) = fonts.Fonts().runs("東京", "Helvetica")
        self.assertIsInstance(run, shaping.ShapedRun)

    def test_what_the_page_does_not_show_is_told(self):
        old = {"AP": b"(1 240,50 old) Tj", "anew": False}
        formatted = old | {"AA": pikepdf.Dictionary(F=pikepdf.Dictionary())}
        cases = [
            ("Ștefan Țepeș", old, True),
            ("OLD", old, False),
            ("1240.5", old, False),
            ("1240.6", old, True),
            ("Ștefan", formatted, False),
            ("secret", old | {"Ff": 1 << 13}, False),
            ("hidden", old | {"F": 2}, False),
            # There is no font for it, or nobody knows how its letters are joined, or
            # they do not fit.
            ("\U0010ffee", {}, True),
            ("\U0001e900\U0001e923", {}, True),
            ("שלום", {"Rect": [72, 600, 80, 620]}, True),
            # They stand one by one, in frames that the page has.
            ("فاتورة", {"Ff": 1 << 24, "MaxLen": 9}, True),
        ]
        found = self.inspect_forms(*(case[:2] for case in cases))
        for (value, _options, is_told), each in zip(cases, found, strict=True):
            said = [change for change in each.changes if change[:6] == "unseen"]
            expected = [f"unseen/client: {value}"] if is_told else []
            self.assertEqual([unquote(change) for change in said], expected)

    def test_a_giant_letter_is_brought_down_to_its_field(self):
        for size in (b"99999999999999999", b"9" * 400, b"150"):
            look = pikepdf.String(b"/Helv %b Tf 0 g" % size)
            self.assertEqual(self.painted("giant", DA=look), "Form giant")

    def test_the_system_is_asked_about_few_letters_of_a_form(self):
        """Thousands of letters that no font has cost no more than twenty."""
        text = "".join(map(chr, range(0x10F000, 0x10F800)))
        with patch.object(fonts.subprocess, "run") as asked:
            asked.return_value.stdout = b""
            self.assertEqual(fonts.Fonts().runs(text, "Helvetica"), [])
            self.assertEqual(asked.call_count, fonts.MOST_QUESTIONS)
        late = subprocess.TimeoutExpired("fc-list", fonts.SECONDS)
        with patch.object(fonts.subprocess, "run", side_effect=late) as asked:
            self.assertEqual(fonts.Fonts().runs(text, "Helvetica"), [])
            self.assertEqual(asked.call_count, 1)

    def test_broken_arrays_lose_no_value(self):
        paths = []
        for name, spoil in collection.BROKEN_FIELDS.items():
            paths.append(self.folder / f"{name}.pdf")
            collection.form(paths[-1], "Ștefan", "client", kid=True)
            with pikepdf.open(paths[-1], allow_overwriting_input=True) as pdf:
                spoil(pdf, pdf.pages[0].Annots[0])
                pdf.save()
        for each in self.inspect(*paths):
            self.assertTrue(each.ready, each.detail)
            self.assertEqual(poppler_texts(each.ready)[0], "Form Ștefan", each.name)

    def test_a_dynamic_form_is_refused(self):
        self.assertRefused(collection.xfa(self.path), "form_unreadable")

    def test_namesakes_keep_their_own_values(self):
        other = self.folder / "other.pdf"
        collection.form(self.path, "first", "total")
        collection.form(other, "second", "total")
        self.assertEqual(self.compile(self.path, other), ["Form first", "Form second"])


class TestPdfBoxes(PdfCase):
    """What was ticked looks ticked."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "form.pdf"

    def ticked(self, value, *boxes, flags=0):
        """Which boxes of a form are dark in the middle once it is flat."""
        collection.boxes(self.path, value, boxes, flags)
        inspection = self.assertReady(self.path, 1, ["forms"])
        image = poppler_image(inspection.ready).convert("L")
        foot = image.size[1] - 100
        middles = [
            image.crop((left + 6, foot - 14, left + 14, foot - 6))
            for left in range(100, 100 + 50 * len(boxes), 50)
        ]
        return [middle.getextrema()[0] < 128 for middle in middles]

    def test_the_value_counts_and_not_what_was_painted_last(self):
        stale = {"states": ["Yes", "Off"], "AS": "Off"}
        self.assertEqual(self.ticked("Yes", stale), [True])
        stale = {"states": ["Yes", "Off"], "AS": "Yes"}
        self.assertEqual(self.ticked("Off", stale), [False])

    def test_of_several_buttons_the_chosen_one_is_ticked(self):
        boxes = [
            {"states": ["A", "Off"], "AS": "A"},
            {"states": ["B"], "AS": "Off"},
        ]
        for flags in (0, RADIO):
            self.assertEqual(self.ticked("B", *boxes, flags=flags), [False, True])

    def test_a_tick_without_any_value_stays(self):
        box = {"states": ["Yes", "Off"], "AS": "Yes"}
        self.assertEqual(self.ticked(None, box), [True])
        self.assertEqual(self.ticked("Unheard", box), [True])

    def test_a_box_that_nobody_has_painted_is_drawn(self):
        self.assertEqual(self.ticked("Yes", {}), [True])
        self.assertEqual(self.ticked("Off", {}), [False])
        boxes = [{"AS": "A"}, {"AS": "Off"}]
        self.assertEqual(self.ticked("A", *boxes, flags=RADIO), [True, False])

    def test_the_outline_of_an_empty_box_stays(self):
        """Programs paint the tick alone, and readers the rest."""
        look = {"BC": [0, 0, 1], "BG": [1, 1, 0]}
        for flags in (0, RADIO):
            boxes = [{"states": ["A"], "AS": "Off", "MK": look}, {"states": ["A"]}]
            self.assertEqual(self.ticked("Off", *boxes, flags=flags), [False, False])
            image = poppler_image(self.inspect_one(self.path).ready).convert("RGB")
            foot = image.size[1] - 100
            box = image.crop((95, foot - 25, 125, foot + 5))
            colours = {colour for _count, colour in box.getcolors(900)}
            self.assertIn((255, 255, 0), colours)
            self.assertTrue([each for each in colours if each[2] > each[0] + 90])
            # It is round where the other buttons are.
            self.assertEqual(image.getpixel((101, foot - 2))[2] > 250, bool(flags))
            other = image.crop((145, foot - 25, 175, foot + 5))
            self.assertEqual(other.getcolors(), [(900, (255, 255, 255))])

    def test_unpainted_buttons_that_could_all_be_meant_are_refused(self):
        collection.boxes(self.path, "A", [{}, {}], RADIO)
        self.assertRefused(self.path, "form_unreadable")
