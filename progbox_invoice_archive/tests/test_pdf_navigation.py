import pikepdf
from pikepdf import Array, Dictionary, Encryption, Name, String

from ..tools.pdf import Part
from . import pdf_collection as collection
from .pdf_common import PdfCase, poppler_image


class TestPdfNavigation(PdfCase):
    """Labels, links and layers lead through a result as through its parts."""

    def test_page_labels_name_the_document(self):
        one, two = self.plain("one", "a", "b"), self.plain("two", "c")
        parts = [Part(two, 1), Part(one, 2, label="INV/é"), Part(one, 2), Part(two, 1)]
        self.assemble(parts)
        labels = ["1", "INV/é - 1", "INV/é - 2", "4", "5", "6"]
        self.assertEqual(self.reader().page_labels, labels)

    def test_page_labels_count_on_within_a_document(self):
        one, two = self.plain("one", "a", "b"), self.plain("two", "c")
        parts = [Part(one, 2, label="INV/1"), Part(two, 1, label="INV/1")]
        self.assemble([*parts, Part(two, 1, label="INV/2")])
        labels = ["INV/1 - 1", "INV/1 - 2", "INV/1 - 3", "INV/2 - 1"]
        self.assertEqual(self.reader().page_labels, labels)

    def test_links_inside_of_a_document_still_lead_there(self):
        linked = collection.linked(self.folder / "linked.pdf", "a", "b", "c")
        self.compile(self.plain("one", "x"), linked, linked)
        reader = self.reader()
        for first in (1, 4):
            [link] = reader.pages[first]["/Annots"]
            target = link.get_object()["/Dest"][0]
            self.assertEqual(reader.get_page_number(target.get_object()), first + 2)

    def named_links(self, **options):
        path = self.folder / "named.pdf"
        with collection.changed(path, "a", "b", "c", **options) as pdf:
            pages = [page.obj for page in pdf.pages]
            pdf.Root.Dests = Dictionary(Old=Dictionary(D=[pages[1], Name.Fit]))
            leaf = pdf.make_indirect(Dictionary(Names=["\xe9", [pages[2], Name.Fit]]))
            pdf.Root.Names = Dictionary(
                Dests=Dictionary(Kids=[leaf, Dictionary(Names=["loop", "no place"])])
            )
            leaf.Kids = Array([leaf])
            pages[0].Annots = Array(
                Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], **to)
                for to in (
                    {"Dest": Name.Old},
                    {"Dest": String("\xe9")},
                    {"A": Dictionary(S=Name.GoTo, D=String("\xe9"))},
                    {"Dest": String("nowhere")},
                )
            )
        return path

    def assertLinked(self, page, offsets):
        reader, found = self.reader(), []
        for link in reader.pages[page]["/Annots"][:3]:
            link = link.get_object()
            place = link["/Dest"] if "/Dest" in link else link["/A"]["/D"]
            found.append(reader.get_page_number(place[0].get_object()) - page)
        self.assertEqual(found, offsets)

    def test_links_to_named_places_lead_there(self):
        path = self.named_links()
        self.compile(self.plain("one", "x"), path, path)
        for page in (1, 4):
            self.assertLinked(page, [1, 2, 2])

    def test_links_to_named_places_survive_a_cleaned_copy(self):
        encryption = Encryption(owner="owner", user="")
        self.compile(self.named_links(encryption=encryption))
        self.assertLinked(0, [1, 2, 2])

    def test_layers_that_are_off_stay_off(self):
        path = collection.layered(self.folder / "plan.pdf", "shown", "hidden")
        wanted = poppler_image(path).tobytes()
        self.compile(self.plain("one", "a"), path, path)
        for page in (2, 3):
            self.assertEqual(poppler_image(self.target, page).tobytes(), wanted)

    def panel(self, path, ordered=False):
        """What a reader lists of the layers of a file that is compiled."""
        collection.layered(path, "shown", "hidden")
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            on, off = pdf.Root.OCProperties.OCGs
            del pdf.Root.OCProperties.D.Order
            if ordered:
                title = String("Plan")
                nested = pdf.make_indirect(Array([title, off, off]))
                nested.append(nested)
                pdf.Root.OCProperties.D.Order = Array([nested, on, nested])
            pdf.save()
        self.compile(path)
        default = self.reader().root_object["/OCProperties"]["/D"]
        self.assertEqual(list(self.listed(default["/OFF"])), ["off"])
        return list(self.listed(default["/Order"]))

    def listed(self, order):
        for each in order:
            each = each.get_object()
            if isinstance(each, list):
                yield list(self.listed(each))
            else:
                yield each["/Name"] if isinstance(each, dict) else each

    def test_layers_are_listed_as_their_author_has_it(self):
        path = self.folder / "plan.pdf"
        self.assertEqual(self.panel(path, ordered=True), [["Plan", "off"], "on"])

    def test_layers_that_nobody_has_listed_are_all_there(self):
        self.assertEqual(self.panel(self.folder / "plan.pdf"), ["on", "off"])
