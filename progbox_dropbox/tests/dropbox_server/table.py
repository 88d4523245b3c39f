"""The routes of API v2 that are played here, as Dropbox's specification has them.

``routes.json`` has them; ``generate.py`` writes it.
"""

import json
import re
from datetime import datetime
from pathlib import Path

from .errors import bad_input

FILE = Path(__file__).with_name("routes.json")
TABLE = json.loads(FILE.read_text())
ROUTES, TYPES = TABLE["routes"], TABLE["types"]
ROOT = 'Specify the root folder as an empty string rather than "/".'
NUMBERS = ("Int32", "Int64", "UInt32", "UInt64")


def method_of(route):
    """Return the method that plays a route; the SDK calls it by the same name."""
    return route.replace("/", "_")


def is_for_app_folders(route):
    """Whether an app with an App folder may use a route.

    This alone is in the specification and not in the SDK: the routes of shared folders
    lack its attribute ``allow_app_folder_app``.
    """
    return not route.startswith("sharing/")


def arguments_of(route, text):
    """Return the arguments of a call, with the specification's defaults.

    :param str text: JSON
    :raise Refusal: when they are not what the specification asks for
    """
    try:
        given = json.loads(text)
        return checked(ROUTES[route]["argument"], given, "") or {}
    except ValueError as error:
        raise bad_input(f"Error in call to API function {route!r}: {error}") from error


def checked(kind, value, where):
    """Return a value with the defaults of what is left out.

    :param dict kind: what it has to be
    :param str where: it stands, for the message
    :raise ValueError: when it is something else
    """
    if value is None and kind.get("nullable"):
        return None
    if complaint := CHECKS[kind["kind"]](kind, value):
        raise ValueError(f"{where or 'request body'}: {complaint}")
    if kind["kind"] == "List":
        return [
            checked(kind["of"], item, f"{where}[{number}]")
            for number, item in enumerate(value)
        ]
    if kind["kind"] == "Struct":
        return checked_fields(TYPES[kind["type"]], value, where)
    if kind["kind"] == "Union":
        return checked_choice(TYPES[kind["type"]], value, where)
    return value


def checked_fields(fields, value, where):
    if unknown := sorted(set(value) - set(fields) - {".tag"}):
        raise ValueError(f"{where}: unknown field {unknown[0]!r}")
    result = {}
    for name, kind in fields.items():
        if name in value:
            place = f"{where}.{name}".lstrip(".")
            result[name] = checked(kind, value[name], place)
        elif "default" in kind or "nullable" in kind:
            result[name] = kind.get("default")
        else:
            raise ValueError(f"{where}: missing field {name!r}")
    return result


def checked_choice(tags, value, where):
    """Check what is one of several: a tag alone, or a tag with what belongs to it."""
    tag = value if isinstance(value, str) else value.get(".tag")
    if tag not in tags:
        raise ValueError(f"{where}: unknown tag {tag!r}")
    kind = tags[tag]
    # A structure's fields stand beside the tag, anything else under its name.
    given = {} if isinstance(value, str) else value
    if kind["kind"] == "Struct":
        return {".tag": tag, **checked(kind, given, where)}
    if kind["kind"] != "Void":
        checked(kind, given.get(tag), f"{where}.{tag}")
    return value


# ------------------------------------------------------------------
# What is wrong with a value, in words; nothing when all is well
# ------------------------------------------------------------------


def wrong_void(_kind, value):
    return value is not None and "expected null"


def wrong_boolean(_kind, value):
    return not isinstance(value, bool) and "expected boolean"


def wrong_number(kind, value):
    if not isinstance(value, int) or isinstance(value, bool):
        return "expected integer"
    if not kind["minimum"] <= value <= kind["maximum"]:
        return f"must be between {kind['minimum']} and {kind['maximum']}"
    return None


def wrong_string(kind, value):
    if not isinstance(value, str):
        return "expected string"
    if wrong := wrong_count(len(value), kind, "length", "characters"):
        return wrong
    if not (pattern := kind.get("pattern")):
        return None
    if not re.fullmatch(pattern, value):
        return f"{value!r} did not match pattern {pattern!r}"
    # Of all that has a pattern, a path alone may be this.
    return value == "/" and ROOT


def wrong_timestamp(kind, value):
    try:
        datetime.strptime(value, kind["format"])
    except (TypeError, ValueError):
        return f"{value!r} did not match format {kind['format']!r}"
    return None


def wrong_list(kind, value):
    if not isinstance(value, list):
        return "expected list"
    return wrong_count(len(value), kind, "items", "items")


def wrong_count(number, kind, limit, unit):
    if number < kind.get(f"min_{limit}", 0):
        return f"must have at least {kind[f'min_{limit}']} {unit}"
    if number > kind.get(f"max_{limit}", number):
        return f"must have at most {kind[f'max_{limit}']} {unit}"
    return None


def wrong_struct(_kind, value):
    return not isinstance(value, dict) and "expected object"


def wrong_union(_kind, value):
    return not isinstance(value, str | dict) and "expected string or object"


CHECKS = {
    "Void": wrong_void,
    "Boolean": wrong_boolean,
    "String": wrong_string,
    "Timestamp": wrong_timestamp,
    "List": wrong_list,
    "Struct": wrong_struct,
    "Union": wrong_union,
    **dict.fromkeys(NUMBERS, wrong_number),
}
