"""Links to places that have a name: they lead there without it."""

from functools import cached_property

from pikepdf import Array, Dictionary, Name, String

from .structure import branch, elements, name_tree


class Destinations:
    """The named places of one source, whose names do not go into the result."""

    def __init__(self, pdf):
        self._pdf = pdf

    def resolve(self, page):
        """Have the links of a page lead to the places themselves."""
        for annotation in elements(page.obj, "/Annots"):
            if isinstance(annotation, Dictionary):
                self._resolve(annotation, "/Dest")
                action = branch(annotation, "/A")
                if action.get("/S") == Name.GoTo:
                    self._resolve(action, "/D")

    def _resolve(self, holder, key):
        name = holder.get(key)
        if isinstance(name, Name | String):
            if place := self._places.get(_key(name)):
                holder[key] = place

    @cached_property
    def _places(self):
        """Each place by its name; read once a link asks for one."""
        root, places = self._pdf.Root, {}
        names = name_tree(branch(root, "/Names").get("/Dests"))
        for name, place in (*branch(root, "/Dests").items(), *names):
            if isinstance(place, Dictionary):
                place = place.get("/D")
            if isinstance(place, Array):
                places[_key(name)] = place
        return places


def _key(name):
    """Return what tells names apart; a name and a string are two."""
    return bytes(name) if isinstance(name, String) else str(name)
