"""Boxes and round buttons of forms: what was ticked looks ticked."""

from pikepdf import Dictionary, Name, Stream, String

from .messages import Failure
from .structure import branch, elements

OFF = "/Off"


def show_value(pdf, field, boxes):
    """Have boxes show the value of their field, not what was painted before.

    :param boxes: the widgets of the field, as dictionaries
    :raise Failure: 'form_unreadable': nothing says which of the boxes is ticked
    """
    value = _name(field.value)
    for box in boxes:
        painted = branch(box, "/AP").get("/N")
        if not isinstance(painted, Dictionary | Stream):
            _draw(pdf, box, _is_ticked(box, value))
        elif value in _states(box):
            box.AS = Name(value)
        elif value == OFF or any(value in _states(twin) for twin in _twins(box)):
            box.AS = Name.Off


def _name(value):
    """Return a value as the name of a state; None if it is none."""
    if isinstance(value, Name | String):
        return "/" + str(value).removeprefix("/")
    return None


def _states(box):
    painted = branch(box, "/AP").get("/N")
    return set(painted.keys()) if isinstance(painted, Dictionary) else set()


def _twins(box):
    """Return the widgets that share a field: itself and others, or none."""
    kids = [] if "/T" in box else elements(branch(box, "/Parent"), "/Kids")
    return [kid for kid in kids if isinstance(kid, Dictionary)]


def _is_ticked(box, value):
    if value in (None, OFF):
        return False
    if state := _name(box.get("/AS")):
        return state == value
    if len(_twins(box)) > 1:
        raise Failure("form_unreadable", f"nobody painted the boxes of {value}")
    return True


def _draw(pdf, box, ticked):
    """Draw a box, with a cross in it if it is ticked."""
    try:
        left, bottom, right, top = map(float, box.Rect)
    except (AttributeError, TypeError, ValueError):
        return  # nobody sees it anyway
    width, height = abs(right - left), abs(top - bottom)
    content = b"q 0.5 0.5 %.2f %.2f re S" % (width - 1, height - 1)
    if ticked:
        content += b" 2 2 m %.2f %.2f l" % (width - 2, height - 2)
        content += b" 2 %.2f m %.2f 2 l S" % (height - 2, width - 2)
    drawing = pdf.make_stream(
        content + b" Q",
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=[0, 0, width, height],
    )
    box.AP = Dictionary(N=drawing)
