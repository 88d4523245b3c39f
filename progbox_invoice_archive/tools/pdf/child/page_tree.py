"""The page tree of a result: nodes of a few pages, as readers like it."""

from array import array

from .writer import packed, reference, references, unpacked

WIDTH = 64


class PageTree:
    def __init__(self, writer):
        self._writer = writer
        self._numbers = array("Q")
        self._nodes = array("Q")

    def __len__(self):
        return len(self._numbers)

    def allocate(self):
        """A number for the next page."""
        if len(self._numbers) % WIDTH == 0:
            self._nodes.append(self._writer.allocate())
        self._numbers.append(self._writer.allocate())
        return self._numbers[-1]

    def parent_of(self, index):
        """The number of the node that the page of this index hangs on."""
        return self._nodes[index // WIDTH]

    def page(self, index):
        return self._numbers[index]

    def state(self):
        return {"pages": packed(self._numbers), "nodes": packed(self._nodes)}

    def restore(self, state):
        self._numbers = unpacked(state["pages"])
        self._nodes = unpacked(state["nodes"])

    def finish(self):
        """Write the nodes.

        :return: number of the root
        """
        nodes, kids = self._nodes, _batches(self._numbers)
        counts = [len(pages) for pages in kids]
        while len(nodes) != 1:
            groups = _batches(range(len(nodes)))
            above = [self._writer.allocate() for _group in groups]
            for parent, group in zip(above, groups, strict=True):
                for index in group:
                    self._put(nodes[index], kids[index], counts[index], parent)
            kids = [[nodes[index] for index in group] for group in groups]
            counts = [sum(counts[index] for index in group) for group in groups]
            nodes = above
        self._put(nodes[0], kids[0], counts[0])
        return nodes[0]

    def _put(self, number, kids, count, parent=None):
        above = b"/Parent %s " % reference(parent) if parent else b""
        content = b"<< /Type /Pages %s/Kids %s /Count %d >>"
        self._writer.put(number, content % (above, references(kids), count))


def _batches(values):
    return [values[start : start + WIDTH] for start in range(0, len(values), WIDTH)]
