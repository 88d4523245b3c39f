"""Boxes and round buttons of forms: what was ticked looks ticked."""

from itertools import pairwise

from pikepdf import Dictionary, Name, Stream, String

from .field_values import box_of, edge_of
from .messages import Failure
from .structure import branch, elements

OFF = "/Off"
# How colours of one, three and four values are chosen, and how far a curve bends that
# is a quarter of a circle.
FILLS = {1: b"%b g", 3: b"%b rg", 4: b"%b k"}
STROKES = {1: b"%b G", 3: b"%b RG", 4: b"%b K"}
CURVE = 0.5523


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
        if isinstance(painted, Dictionary) and _is_off(box):
            _frame(pdf, box, is_round=field.is_radio_button)


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


def _is_off(box):
    """Whether a box shows a state that nobody has painted."""
    state = _name(box.get("/AS")) or OFF
    return state == OFF and OFF not in _states(box)


def _frame(pdf, box, is_round):
    """Draw the outline of an empty box, where it has one.

    Programs paint what is ticked, and leave the rest to the reader.
    """
    corners, look, edge = box_of(box), branch(box, "/MK"), edge_of(box)
    paints = [
        operator % b" ".join(b"%.3f" % float(value) for value in look[key])
        for key, operators in (("/BG", FILLS), ("/BC", STROKES))
        if (operator := operators.get(len(elements(look, key))))
        and (key == "/BG" or edge)
    ]
    if not corners or not paints:
        return
    width, height = corners[2] - corners[0], corners[3] - corners[1]
    outline = (
        _ellipse(width, height)
        if is_round
        else b"0.5 0.5 %.2f %.2f re"
        % (
            width - 1,
            height - 1,
        )
    )
    has_ground, has_edge = elements(look, "/BG"), edge and elements(look, "/BC")
    paint = b"B" if has_ground and has_edge else b"S" if has_edge else b"f"
    content = b" ".join([b"q", *paints, outline, paint, b"Q"])
    box.AP.N[OFF] = _drawing(pdf, content, width, height)
    box.AS = Name.Off


def _ellipse(width, height):
    """The path of an ellipse that fills a box, half a point from its edge."""
    across, up = width / 2 - 0.5, height / 2 - 0.5
    turns = ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 0))
    points = []
    for (x, y), (next_x, next_y) in pairwise(turns):
        points += [(x + CURVE * next_x, y + CURVE * next_y)]
        points += [(next_x + CURVE * x, next_y + CURVE * y), (next_x, next_y)]
    places = [
        b"%.2f %.2f" % (width / 2 + across * x, height / 2 + up * y) for x, y in points
    ]
    curves = [
        b" ".join([*three, b"c"])
        for three in zip(places[::3], places[1::3], places[2::3], strict=True)
    ]
    return b" ".join([b"%.2f %.2f m" % (width - 0.5, height / 2), *curves, b"h"])


def _draw(pdf, box, ticked):
    """Draw a box, with a cross in it if it is ticked."""
    if not (corners := box_of(box)):
        return  # nobody sees it anyway
    width, height = corners[2] - corners[0], corners[3] - corners[1]
    content = b"q 0.5 0.5 %.2f %.2f re S" % (width - 1, height - 1)
    if ticked:
        content += b" 2 2 m %.2f %.2f l" % (width - 2, height - 2)
        content += b" 2 %.2f m %.2f 2 l S" % (height - 2, width - 2)
    box.AP = Dictionary(N=_drawing(pdf, content + b" Q", width, height))


def _drawing(pdf, content, width, height):
    return pdf.make_stream(
        content, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, width, height]
    )
