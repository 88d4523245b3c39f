"""Bookmarks: the groups of the parts, and the parts in them."""

from dataclasses import dataclass, field

from .writer import reference, text


@dataclass
class Entry:
    title: str
    page: int
    kids: list = field(default_factory=list)
    number: int = 0


def tree(parts):
    """The bookmarks of parts in order, as a list of Entry.

    >>> from .messages import Part
    >>> parts = [Part("a", 2, "Invoice", ("INV/1",)), Part("b", 1, "Site", ("INV/1",))]
    >>> [entry] = tree(parts)
    >>> entry.title, [(kid.title, kid.page) for kid in entry.kids]
    ('INV/1', [('Invoice', 0), ('Site', 2)])
    """
    root, page, above, trail = [], 0, (), []
    for part in parts:
        shared = 0
        while (
            shared < min(len(above), len(part.group))
            and above[shared] == part.group[shared]
        ):
            shared += 1
        del trail[shared:]
        for title in part.group[shared:]:
            trail.append(_add(trail, root, title, page))
        if part.title:
            _add(trail, root, part.title, page)
        above, page = part.group, page + part.pages
    return root


def _add(trail, root, title, page):
    entry = Entry(title, page)
    (trail[-1].kids if trail else root).append(entry)
    return entry


def write(writer, parts, page_number):
    """Write the bookmarks.

    :param page_number: function from the index of a page to its object's number
    :return: number of the root; None if there is no bookmark
    """
    entries = tree(parts)
    if not entries:
        return None
    root = writer.allocate()
    _allocate(writer, entries)
    _put_all(writer, entries, root, page_number)
    content = b"<< /Type /Outlines %s /Count %d >>"
    writer.put(root, content % (_ends(entries), len(entries)))
    return root


def _allocate(writer, entries):
    for entry in entries:
        entry.number = writer.allocate()
        _allocate(writer, entry.kids)


def _put_all(writer, entries, parent, page_number):
    for index, entry in enumerate(entries):
        content = [b"/Title", text(entry.title), b"/Parent", reference(parent)]
        content += [b"/Dest [", reference(page_number(entry.page)), b"/Fit ]"]
        if index:
            content += [b"/Prev", reference(entries[index - 1].number)]
        if index + 1 < len(entries):
            content += [b"/Next", reference(entries[index + 1].number)]
        if entry.kids:  # closed at first: a long list stays readable
            content += [_ends(entry.kids), b"/Count %d" % -len(entry.kids)]
            _put_all(writer, entry.kids, entry.number, page_number)
        writer.put(entry.number, b"<< %s >>" % b" ".join(content))


def _ends(entries):
    first, last = reference(entries[0].number), reference(entries[-1].number)
    return b"/First %s /Last %s" % (first, last)
