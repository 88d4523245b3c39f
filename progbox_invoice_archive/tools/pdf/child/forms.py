"""Forms become part of their pages: what was filled in stays visible."""

from pikepdf import Array, Dictionary, FormFieldFlag, Name, Stream, parse_content_stream

from .field_painter import FieldPainter
from .field_values import claims, shown_texts
from .messages import Failure
from .structure import branch, elements, nodes
from .ticking import show_value

MAX_DEPTH = 20  # of fields in fields
# What draws something that may be the value: letters, pictures, letters as curves.
SHOWING = {"Tj", "TJ", "'", '"', "Do", "INLINE IMAGE", "c", "v", "y"}


def has_fields(pdf):
    """Whether there is a form, or what is left of one."""
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, Dictionary) and ("/XFA" in form or elements(form, "/Fields")):
        return True
    return any(
        form is not None or ("/AP" not in widget and _has_value(widget))
        for widget in _widgets(pdf)
    )


def _has_value(widget):
    """Whether a widget has a value, or one of those that it hangs on."""
    for _level in range(MAX_DEPTH):
        if not isinstance(widget, Dictionary) or "/V" in widget:
            break
        widget = widget.get("/Parent")
    return isinstance(widget, Dictionary) and "/V" in widget


def flatten(pdf, formatted=()):
    """Paint all fields into the pages and remove the form.

    :param formatted: see field_values.formatted_fields
    :return: what was changed, as in Inspection.changes, and what has to be seen on
        the pages now: list of Claim
    :raise Failure: 'form_unreadable'
    """
    if pdf.Root.get("/NeedsRendering"):
        raise Failure("form_unreadable", "XFA form with NeedsRendering")
    form = _mend(pdf)
    changes = ["forms", "xfa"] if "/XFA" in form else ["forms"]
    pictured = _paint(pdf, form.get("/NeedAppearances") is True)
    form.NeedAppearances = False
    found = claims(pdf, formatted, pictured)
    pdf.flatten_annotations("screen")
    if "/AcroForm" in pdf.Root:
        del pdf.Root["/AcroForm"]
    return changes, found


def _widgets(pdf):
    for page in pdf.pages:
        for annotation in elements(page.obj, "/Annots"):
            if isinstance(annotation, Dictionary):
                if annotation.get("/Subtype") == Name.Widget:
                    yield annotation


def _mend(pdf):
    """Give the form its fields back: every widget of a page hangs on one of them.

    :return: the form
    """
    if not isinstance(pdf.Root.get("/AcroForm"), Dictionary):
        pdf.Root.AcroForm = Dictionary()
    form, roots, kids = pdf.Root.AcroForm, {}, {}
    for field, _values in nodes(elements(form, "/Fields")):
        for kid in elements(field, "/Kids"):
            if isinstance(kid, Dictionary) and not _has_parent(kid):
                kid.Parent = field
    for page in pdf.pages:
        annotations = elements(page.obj, "/Annots")
        for place, widget in enumerate(annotations):
            if not isinstance(widget, Dictionary) or not _is_widget(widget):
                continue
            if not widget.is_indirect:
                widget = annotations[place] = pdf.make_indirect(widget)
                page.obj.Annots = Array(annotations)
            path = _path(pdf, widget)
            roots[path[-1].objgen] = path[-1]
            for kid, parent in zip(path, path[1:], strict=False):
                kids.setdefault(parent.objgen, (parent, {}))[1][kid.objgen] = kid
            _cut_off(path[-1])
    for parent, children in kids.values():
        parent.Kids = Array(children.values())
    form.Fields = Array(roots.values())
    return form


def _is_widget(annotation):
    return annotation.get("/Subtype") == Name.Widget


def _has_parent(kid):
    return isinstance(kid.get("/Parent"), Dictionary)


def _path(pdf, widget):
    """A widget, its field, and what that hangs on, up to the root."""
    path, seen = [widget], {widget.objgen}
    while _has_parent(path[-1]):
        if not path[-1].Parent.is_indirect:
            path[-1].Parent = pdf.make_indirect(path[-1].Parent)
        parent = path[-1].Parent
        if parent.objgen in seen or _is_frame(parent):
            break
        seen.add(parent.objgen)
        path.append(parent)
    return path


def _is_frame(value):
    return value.get("/Type") in (Name.Page, Name.Pages, Name.Catalog)


def _cut_off(root):
    if "/Parent" in root:
        del root["/Parent"]


def _paint(pdf, anew):
    """Give all fields that have none an appearance; all of them if `anew`.

    :return: see FieldPainter.finish
    """
    painter = FieldPainter(pdf)
    for field in pdf.acroform.fields:
        annotations = pdf.acroform.get_annotations_for_field(field)
        widgets = [annotation.obj for annotation in annotations]
        if field.is_checkbox or field.is_radio_button:
            show_value(pdf, field, widgets)
        if not (field.is_text or field.is_choice):
            continue
        is_empty = not shown_texts(field)
        if is_empty and (not anew or _is_list(field)):
            continue  # a list of choices has something to show all the same
        for widget in widgets:
            # Of an empty one, what was painted before may be an older value.
            if anew or not _is_painted(widget):
                painter.add(field, widget)
    return painter.finish()


def _is_list(field):
    return field.is_choice and not field.flags & FormFieldFlag.ch_combo


def _is_painted(widget):
    """Whether the drawing of a widget may show a value."""
    drawing = branch(widget, "/AP").get("/N")
    if not isinstance(drawing, Stream):
        return False
    try:
        operators = {str(each.operator) for each in parse_content_stream(drawing)}
    except MemoryError:
        raise
    except Exception:  # pikepdf raises what it likes
        return False
    return not SHOWING.isdisjoint(operators)
