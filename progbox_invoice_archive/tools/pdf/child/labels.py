"""Page labels: what a reader shows in place of the bare number of a page."""

from .writer import text


def write(writer, parts):
    """Write the labels of all pages; neighbours of one label are counted as one.

    :return: number of the number tree
    """
    entries, page, label = [], 0, None
    for part in parts:
        if part.label != label:
            label = part.label
            prefix = b"/P %s" % text(f"{label} - ") if label else b"/St %d" % (page + 1)
            entries.append(b"%d << %s /S /D >>" % (page, prefix))
        page += part.pages
    return writer.add(b"<< /Nums [ %s ] >>" % b" ".join(entries))
