import pikepdf

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

    def test_letters_that_cannot_be_painted_are_not_dropped(self):
        self.assertRefused(collection.form(self.path, "Żółć"), "form_unreadable")

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

    def test_unpainted_buttons_that_could_all_be_meant_are_refused(self):
        collection.boxes(self.path, "A", [{}, {}], RADIO)
        self.assertRefused(self.path, "form_unreadable")
