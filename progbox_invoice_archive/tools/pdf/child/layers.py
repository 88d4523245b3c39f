"""Optional content: what its author switched off stays off."""

import pikepdf

from .structure import branch, elements

MAX_DEPTH = 8  # of lists in lists, in the panel of the layers


class Layers:
    """The layers of all parts, together."""

    def __init__(self):
        self._all, self._off, self._automatic, self._order = [], [], [], []

    def collect(self, pdf, copier):
        """Take over the layers of a source whose pages are being copied."""
        properties = branch(pdf.Root, "/OCProperties")
        groups = _list(properties, "/OCGs")
        default = branch(properties, "/D")
        off = _list(default, "/OFF")
        if default.get("/BaseState") == pikepdf.Name.OFF:
            on = {group.objgen for group in _list(default, "/ON")}
            off = [group for group in groups if group.objgen not in on]
        for collected, values in (
            (self._all, groups),
            (self._off, off),
            (self._automatic, _list(default, "/AS")),
        ):
            collected += [_copied(value, copier) for value in values]
        panel = elements(default, "/Order") or groups
        known = {group.objgen for group in groups if group.is_indirect}
        self._order += _listed(panel, known, copier, set())

    def state(self):
        lists = (self._all, self._off, self._automatic, self._order)
        return [[each.decode("latin-1") for each in some] for some in lists]

    def restore(self, state):
        lists = ([each.encode("latin-1") for each in some] for some in state)
        self._all, self._off, self._automatic, self._order = lists

    def finish(self, writer):
        """Write them.

        :return: number of the object; None if there are none
        """
        if not self._all:
            return None
        lists = (self._all, self._order, self._off, self._automatic)
        content = b"<< /OCGs [ %s ] /D << /Order [ %s ] /OFF [ %s ] /AS [ %s ] >> >>"
        return writer.add(content % tuple(map(b" ".join, lists)))


def _list(dictionary, key):
    values = elements(dictionary, key)
    return [each for each in values if isinstance(each, pikepdf.Dictionary)]


def _listed(values, known, copier, seen, depth=0):
    """Serialise what the panel shows: titles, lists and, each of them once, layers."""
    listed = []
    for value in values:
        if isinstance(value, pikepdf.Object) and value.is_indirect:
            if value.objgen in seen:
                continue
            seen.add(value.objgen)
        if isinstance(value, pikepdf.Array) and depth < MAX_DEPTH:
            inside = _listed(value, known, copier, seen, depth + 1)
            listed.append(b"[ %s ]" % b" ".join(inside))
        elif isinstance(value, pikepdf.String):
            listed.append(value.unparse())
        elif isinstance(value, pikepdf.Dictionary) and value.objgen in known:
            listed.append(copier.copy_reference(value.objgen))
    return listed


def _copied(value, copier):
    if value.is_indirect:
        return copier.copy_reference(value.objgen)
    return copier.copy_value(value)
