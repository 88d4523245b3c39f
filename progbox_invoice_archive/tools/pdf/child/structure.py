"""Reads the structures of foreign PDFs, whose values may be of any type."""

from pikepdf import Array, Dictionary

from .words import MAX_NAME, clean


def elements(holder, key):
    """Return what an array in a dictionary holds: nothing if it is no array."""
    value = holder.get(key)
    return list(value) if isinstance(value, Array) else []


def branch(holder, key):
    """Return the dictionary in a dictionary: an empty one if it is none."""
    value = holder.get(key)
    return value if isinstance(value, Dictionary) else Dictionary()


def nodes(roots, inherited=()):
    """Yield each dictionary of a tree once, parents before their /Kids.

    :param inherited: keys that a parent hands on to its kids
    :return: iterator of (dictionary, dict of the inherited values)
    """
    seen, waiting = set(), [(root, {}) for root in reversed(roots)]
    while waiting:
        node, above = waiting.pop()
        if not isinstance(node, Dictionary) or node.objgen in seen:
            continue
        if node.is_indirect:
            seen.add(node.objgen)
        values = above | {key: node[key] for key in inherited if key in node}
        yield node, values
        waiting += [(kid, values) for kid in reversed(elements(node, "/Kids"))]


def name_tree(root):
    """Yield the keys and the values of a name tree, in whatever order they are."""
    for node, _values in nodes([root]):
        pairs = elements(node, "/Names")
        yield from zip(pairs[::2], pairs[1::2], strict=False)


def text_of(value):
    """Return what a string or a name of a PDF says."""
    try:
        text = str(value)
    except ValueError:  # it promises UTF-8, and is something else
        text = bytes(value).decode("latin-1")
    return clean(text, MAX_NAME)
