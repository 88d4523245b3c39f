"""Optional content: what its author switched off stays off."""

import pikepdf


class Layers:
    """The layers of all parts, together."""

    def __init__(self):
        self._all, self._off, self._automatic = [], [], []

    def collect(self, pdf, copier):
        """Take over the layers of a source whose pages are being copied."""
        properties = pdf.Root.get("/OCProperties")
        if not isinstance(properties, pikepdf.Dictionary):
            return
        groups = _list(properties, "/OCGs")
        default = properties.get("/D", pikepdf.Dictionary())
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

    def finish(self, writer):
        """Write them.

        :return: number of the object; None if there are none
        """
        if not self._all:
            return None
        lists = [b" ".join(part) for part in (self._all, self._off, self._automatic)]
        content = b"<< /OCGs [ %s ] /D << /Order [] /OFF [ %s ] /AS [ %s ] >> >>"
        return writer.add(content % tuple(lists))


def _list(dictionary, key):
    value = dictionary.get(key)
    values = value if isinstance(value, pikepdf.Array) else []
    return [each for each in values if isinstance(each, pikepdf.Dictionary)]


def _copied(value, copier):
    if value.is_indirect:
        return copier.copy_reference(value.objgen)
    return copier.copy_value(value)
