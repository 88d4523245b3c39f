"""`README.rst` of an add-on, from its `readme/` fragments, in the OCA's layout.

The OCA's own generator is on no Python index, and needs pandoc. This one knows the
Markdown that the fragments use: headings, paragraphs, lists, code and tables.
"""

import ast
import re

from . import paths

SECTIONS = [
    ("INSTALL", "Installation"),
    ("CONFIGURE", "Configuration"),
    ("USAGE", "Usage"),
    ("ROADMAP", "Known issues / Roadmap"),
    ("HISTORY", "Changelog"),
]
TEMPLATE = """\
{line}
{name}
{line}

..
   This file is made by setup/lint --fix from the fragments in readme/.
   Changes to it are lost.

{summary}. Licence: {license}.

{description}

**Table of contents**

.. contents::
   :local:

{sections}Credits
=======

Authors
-------

* {author}

Contributors
------------

{contributors}
"""
ITEM = re.compile(r"(-|\d+\.) +(.*)")


def make(addon):
    root = paths.ROOT / addon
    manifest = ast.literal_eval((root / "__manifest__.py").read_text())
    texts = {
        path.stem: to_rst(path.read_text()) for path in (root / "readme").glob("*.md")
    }
    sections = "".join(
        f"{title}\n{'=' * len(title)}\n\n{texts[name]}\n\n"
        for name, title in SECTIONS
        if name in texts
    )
    return TEMPLATE.format(
        line="=" * len(manifest["name"]),
        description=texts["DESCRIPTION"],
        contributors=texts.get("CONTRIBUTORS", ""),
        sections=sections,
        **{key: manifest[key] for key in ("name", "summary", "license", "author")},
    )


def to_rst(text):
    """The same text as reStructuredText."""
    return "\n\n".join(map(_block, _blocks(text)))


def _blocks(text):
    """What blank lines separate; code and its blank lines in one piece."""
    pieces = re.split(r"(?ms)^(```.*?^```)$", text)
    for piece in pieces:
        if piece.startswith("```"):
            yield piece
        else:
            yield from re.findall(r"(?:.+\n?)+", piece)


def _block(block):
    block = block.rstrip()
    if block.startswith("```"):
        first, *lines = block.splitlines()[:-1]
        return _code(lines, first[3:])
    if block.startswith("    "):
        return _code([line[4:] for line in block.splitlines()])
    if heading := re.fullmatch(r"(#+) +(.*)", block):
        sign = "-" if len(heading[1]) < 3 else "~"
        return f"{heading[2]}\n{sign * len(heading[2])}"
    if block.startswith("|"):
        return _table(block.splitlines())
    if ITEM.match(block):
        return _list(block.splitlines())
    return _inline(block)


def _code(lines, language=""):
    head = f".. code:: {language}".rstrip()
    return f"{head}\n\n" + "\n".join(f"   {line}".rstrip() for line in lines)


def _list(lines):
    items = []
    for line in lines:
        if found := ITEM.match(line):
            items.append([found[1], found[2]])
        else:
            items[-1][1] += f"\n{line.strip()}"
    result = []
    for sign, text in items:
        sign = "*" if sign == "-" else sign
        indent = " " * (len(sign) + 1)
        result.append(f"{sign} " + _inline(text).replace("\n", f"\n{indent}"))
    return "\n".join(result)


def _table(lines):
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    result = [".. list-table::", "   :header-rows: 1", ""]
    for row in (rows[0], *rows[2:]):
        for number, cell in enumerate(row):
            result.append(f"   {' ' if number else '*'} - {_inline(cell)}")
    return "\n".join(result)


def _inline(text):
    text = re.sub(r"`([^`]+)`", r"``\1``", text)
    return re.sub(r"!?\[([^\]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", text)
