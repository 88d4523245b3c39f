"""Cut a bundle of style sheets down to the rules that one page can use.

A report bundle has 3,000 rules, an invoice needs a few hundred of them, and the
renderer reads them all again for every page that it makes.

Rules are mirrored here for pages from right to left where Odoo could not: it calls
the program ``rtlcss``, which few servers have, and leaves the rules as they are without
it. CSS alone does not do it: the WebKit in wkhtmltopdf knows neither
``margin-inline-start`` nor ``float: inline-start``, and the rules of Odoo name sides.
"""

import re
from typing import NamedTuple

import tinycss2

URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']*?))\s*\)""", re.I)
SIDES = {"left": "right", "right": "left"}
DIRECTIONS = {"ltr": "rtl", "rtl": "ltr"}
SIDED_VALUES = {"text-align", "float", "clear", "background-position"}
FOUR_SIDES = {
    "margin", "padding", "inset", "border-width", "border-style", "border-color",
}  # fmt: skip
USABLE_FONT = re.compile(r"^/[^/?#][^?#]*\.(woff|ttf|otf)(?=$|[?#])")


class Rule(NamedTuple):
    """One rule of a style sheet.

    :param selectors: per selector, the names (`tag`, `.class`, `#id`) that the page
        must have for it to match; None for a rule that is always kept
    :param text: the rule as CSS; of an at-rule with rules inside, its opening
    :param children: the rules inside an at-rule such as `@media`
    :param font: the family that a `@font-face` defines
    """

    selectors: tuple | None
    text: str
    children: tuple = ()
    font: str = ""


def parse(css, font_uri=None, mirror=False):
    """Return the rules of a style sheet, as a tuple of :class:`Rule`.

    `@import` is left out: nothing may be fetched.

    :param font_uri: gives the data URI of the font file at an address, or '' if there
        is none; without it `@font-face` is left out
    :param mirror: turn the rules from left-to-right to right-to-left, as rtlcss does
    """
    nodes = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return _rules(nodes, font_uri, mirror)


def select(rules, names):
    """The CSS text of those rules that a page with these names can use."""
    kept = [rule for rule in rules if not rule.font]
    text = "\n".join(_texts(kept, names))
    fonts = [rule.text for rule in rules if rule.font and rule.font in text]
    return "\n".join([*fonts, text])


def replace_urls(css, replace):
    """Put `replace(url)` in the place of each `url()`; an empty result is `none`."""

    def replaced(match):
        url = next((group for group in match.groups() if group), "")
        new = replace(url.strip())
        if new == url.strip():
            return match[0]
        return f'url("{new}")' if new else "none"

    return URL.sub(replaced, css)


def _rules(nodes, font_uri, mirror):
    rules = (_rule(node, font_uri, mirror) for node in nodes)
    return tuple(rule for rule in rules if rule)


def _rule(node, font_uri, mirror):
    if node.type == "qualified-rule":
        return _style_rule(node, mirror)
    if node.type != "at-rule" or node.lower_at_keyword in ("import", "charset"):
        return None
    if node.lower_at_keyword == "font-face":
        return _font_rule(node, font_uri) if font_uri else None
    if node.lower_at_keyword in ("media", "supports"):
        inside = tinycss2.parse_rule_list(
            node.content, skip_comments=True, skip_whitespace=True
        )
        opening = f"@{node.at_keyword}{tinycss2.serialize(node.prelude)}"
        return Rule(None, opening, _rules(inside, font_uri, mirror))
    return Rule(None, node.serialize())


def _style_rule(node, mirror):
    prelude = tinycss2.serialize(node.prelude)
    selectors = _required_names(node.prelude)
    body = tinycss2.serialize(node.content)
    if mirror:
        turns = any(names & {"html", "body"} for names in selectors)
        body = _mirrored(node.content, turns)
    return Rule(selectors, f"{prelude}{{{body}}}")


def _texts(rules, names):
    for rule in rules:
        if rule.children:
            inside = "\n".join(_texts(rule.children, names))
            if inside:
                yield f"{rule.text}{{{inside}}}"
        elif rule.selectors is None or any(s <= names for s in rule.selectors):
            yield rule.text


def _required_names(prelude):
    """What a page must contain, per selector; functions like `:not()` ask nothing."""
    selectors, names, before = [], set(), ""
    for token in prelude:
        if token == ",":
            selectors.append(frozenset(names))
            names = set()
        elif token.type == "ident" and before == ".":
            names.add(f".{token.value}")
        elif token.type == "ident" and before != ":":
            names.add(token.lower_value)
        elif token.type == "hash":
            names.add(f"#{token.value}")
        before = token.value if token.type == "literal" else ""
    return (*selectors, frozenset(names))


def _font_rule(node, font_uri):
    """The face with one source, which both Odoo's disk and the renderer have."""
    parts = {d.lower_name: d for d in _declarations(node.content)}
    urls = [
        next(filter(None, groups), "").strip()
        for groups in URL.findall(tinycss2.serialize(node.content))
    ]
    usable = [match[0] for match in map(USABLE_FONT.match, urls) if match]
    source = next(filter(None, map(font_uri, usable)), None)
    if not source or "font-family" not in parts:
        return None
    family = tinycss2.serialize(parts["font-family"].value).strip().strip("\"'")
    kept = "".join(part.serialize() + ";" for n, part in parts.items() if n != "src")
    return Rule(None, f'@font-face{{{kept}src:url("{source}")}}', font=family)


def _declarations(content):
    # The newer name for it is not in the version that Debian 12 has.
    nodes = tinycss2.parse_declaration_list(
        content, skip_comments=True, skip_whitespace=True
    )
    return [node for node in nodes if node.type == "declaration"]


def _mirrored(content, turns_direction):
    return ";".join(
        _mirrored_declaration(declaration, turns_direction)
        for declaration in _declarations(content)
    )


def _mirrored_declaration(declaration, turns_direction):
    name = declaration.lower_name
    value = tinycss2.serialize(declaration.value).strip()
    if name.startswith("--"):
        return f"{declaration.name}:{value}"
    if name in SIDED_VALUES:
        value = _swap_words(value, SIDES)
    elif name == "direction" and turns_direction:
        value = _swap_words(value, DIRECTIONS)
    elif name in FOUR_SIDES:
        value = _swap_four(declaration.value, (0, 3, 2, 1)) or value
    elif name == "border-radius":
        value = _swap_four(declaration.value, (1, 0, 3, 2)) or value
    important = "!important" if declaration.important else ""
    return f"{_swap_words(name, SIDES)}:{value}{important}"


def _swap_words(text, words):
    return re.sub(r"[a-z]+", lambda match: words.get(match[0], match[0]), text)


def _swap_four(tokens, order):
    parts = [token.serialize() for token in tokens if token.type != "whitespace"]
    if len(parts) != 4:
        return None
    return " ".join(parts[index] for index in order)
