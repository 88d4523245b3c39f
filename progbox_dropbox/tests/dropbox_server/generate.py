"""Write ``routes.json``: ``python -m dropbox_server.generate``, after a new SDK.

Dropbox generates its SDK from the published specification, route by route and limit by
limit. What it says there of the routes that are played here is read from the SDK, and
kept in a file: the server itself knows nothing of the SDK, which reads where Dropbox is
when it is imported.
"""

import json
import re

import dropbox
from dropbox import stone_validators as kinds
from dropbox.stone_base import NO_DEFAULT

from .api import Api
from .table import FILE, method_of

SPACES = ("auth", "check", "files", "sharing", "users")
SCOPE = re.compile(r"^ +scope: (\S+)$", re.MULTILINE)
# What a kind says of its limits, by its attributes.
LIMITS = ("minimum", "maximum", "min_length", "max_length", "pattern", "format")
LIMITS += ("min_items", "max_items")


class Generator:
    """Collects routes, and the types of their arguments."""

    def __init__(self):
        self.types = {}

    def table(self):
        """Return what ``routes.json`` has to say."""
        routes = {}
        for space in SPACES:
            for route in getattr(dropbox, space).ROUTES.values():
                # An old version has the same name, without a number.
                version = f"_v{route.version}" if route.version > 1 else ""
                name = f"{space}/{route.name}{version}"
                if hasattr(Api, method_of(name)):
                    routes[name] = self.route(name, route)
        return {"routes": by_name(routes), "types": by_name(self.types)}

    def route(self, name, route):
        told = getattr(dropbox.Dropbox, method_of(name)).__doc__
        scope = SCOPE.search(told)
        return {
            "host": route.attrs["host"],
            "style": route.attrs["style"],
            "auth": route.attrs["auth"],
            "scope": scope and scope[1],
            "argument": self.kind(route.arg_type),
        }

    def kind(self, validator):
        """Return what is said of a value: what it is, and its limits."""
        if isinstance(validator, kinds.Nullable):
            return {**self.kind(validator.validator), "nullable": True}
        said = {"kind": type(validator).__name__}
        for limit in LIMITS:
            if (value := getattr(validator, limit, None)) is not None:
                said[limit] = value
        if isinstance(validator, kinds.List):
            said["of"] = self.kind(validator.item_validator)
        if isinstance(validator, kinds.Struct | kinds.Union):
            said["type"] = self.name_of(validator.definition)
        return said

    def name_of(self, definition):
        """Note a type with all that it consists of, and return its name."""
        space = definition.__module__.rpartition(".")[2]
        name = f"{space}.{definition.__name__}"
        if name not in self.types:
            # A type may have itself in it.
            self.types[name] = {}
            self.types[name] |= (
                self.tags(definition)
                if hasattr(definition, "_tagmap")
                else self.fields(definition)
            )
        return name

    def tags(self, union):
        return by_name({tag: self.kind(kind) for tag, kind in union._tagmap.items()})

    def fields(self, structure):
        fields = {}
        for name in structure._all_field_names_:
            attribute = getattr(structure, name)
            fields[name] = self.kind(attribute.validator)
            if attribute.default is not NO_DEFAULT:
                # A choice is sent by its tag.
                default = getattr(attribute.default, "_tag", attribute.default)
                fields[name]["default"] = default
        return by_name(fields)


def by_name(values):
    return dict(sorted(values.items()))


def written(table):
    """Return the text of ``routes.json``."""
    return json.dumps(table, indent=4) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(Generator().table()))
