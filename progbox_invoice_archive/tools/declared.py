"""What the data files of an add-on bring along, by their ids."""

import csv
import io
from functools import cache
from pathlib import Path

from lxml import etree

# What other tags than <record> make.
MODELS = {"menuitem": "ir.ui.menu", "template": "ir.ui.view"}


class NamedFile(io.BytesIO):
    """A file in memory; whoever reads it wants to call it something.

    :param str name: what to call it
    :param bytes content: what is in it
    """

    def __init__(self, name, content):
        super().__init__(content)
        self.name = name


@cache
def declared(folder, names):
    """Return the records of data files, in their order.

    :param Path folder: of the add-on
    :param tuple names: of its files
    :return: dictionary of (model, file) by id; what is another add-on's is left out
    """
    found = {}
    for name in names:
        path = Path(folder, name)
        if path.suffix == ".csv":
            with open(path, encoding="utf-8", newline="") as file:
                ids = [line["id"] for line in csv.DictReader(file)]
            found |= {id_: (path.stem, path) for id_ in ids if "." not in id_}
        elif path.suffix == ".xml":
            found |= {
                id_: (model, path) for id_, model in _records(path) if "." not in id_
            }
    return found


def only_record(path, id_):
    """Return a data file that brings along nothing but one record of another.

    Updates of the add-on reach it if they reached the one of the other file.

    :param Path path: the other one
    :rtype: NamedFile
    """
    [record] = etree.parse(path).xpath("//record[@id=$id]", id=id_)
    said = record.xpath("ancestor::*[@noupdate][1]/@noupdate")
    root = etree.Element("odoo", noupdate=said[0] if said else "0")
    root.append(record)
    return NamedFile(path.name, etree.tostring(root))


def _records(path):
    for element in etree.parse(path).iter("record", *MODELS):
        id_ = element.get("id")
        is_wanted = element.get("forcecreate", "1").lower() not in ("0", "false")
        if id_ and is_wanted:
            yield id_, MODELS.get(element.tag) or element.get("model")
