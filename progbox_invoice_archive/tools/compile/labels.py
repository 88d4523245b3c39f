"""Page labels: what a reader shows in place of the bare number of a page."""

from .writer import text


def write(writer, parts):
    """Write the labels of all pages.

    :return: number of the number tree
    """
    entries, page, plain = [], 0, False
    for part in parts:
        if part.label:
            label = b"<< /P %s /S /D >>" % text(f"{part.label} - ")
            entries.append(b"%d %s" % (page, label))
        elif not plain:
            entries.append(b"%d << /S /D /St %d >>" % (page, page + 1))
        plain, page = not part.label, page + part.pages
    return writer.add(b"<< /Nums [ %s ] >>" % b" ".join(entries))
