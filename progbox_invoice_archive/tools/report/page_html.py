"""Turn the HTML of an Odoo report into one that needs nothing from outside."""

import re

import lxml.html

from . import style_sheets

# HTML has no namespaces: "xlink:href" is the plain name of an attribute there.
XLINK = ("xlink:href", "{http://www.w3.org/1999/xlink}href")
FETCHING = ("src", "background", "poster", *XLINK)
READY = re.compile(r"data:(?!image/webp)|#|$")  # wkhtmltopdf knows no WebP
IMAGE_TAGS = ("image", "use")


def parse(html):
    """The root element of a page given as text or UTF-8 bytes."""
    parser = lxml.html.HTMLParser(encoding="utf-8")
    if isinstance(html, str):
        html = html.encode()
    return lxml.html.document_fromstring(html, parser=parser)


def to_text(root):
    """The page as text again."""
    return lxml.html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")


def style(css):
    """A style element."""
    element = lxml.html.Element("style", type="text/css")
    element.text = css
    return element


def names(root):
    """All tags, `.classes` and `#ids` of a page: what style rules can ask for."""
    found = set()
    for element in root.iter(lxml.etree.Element):
        found.add(element.tag)
        found.update(f".{name}" for name in element.get("class", "").split())
        if element.get("id"):
            found.add(f"#{element.get('id')}")
    return found


def make_self_contained(root, rules_of, picture_uri, css_uri):
    """Replace all that a page would fetch by the thing itself.

    :param root: a whole page; it is changed
    :param rules_of: gives the style rules of the sheet at an address
    :param picture_uri: gives the data URI of the picture at an address
    :param css_uri: the same for what a style sheet asks for; '' leaves it out
    """
    used = names(root)
    for element in list(root.iter("link", "base", "script")):
        if element.tag == "link" and "stylesheet" in element.get("rel", ""):
            css = style_sheets.select(rules_of(element.get("href")), used)
            _replace(element, style(css))
        elif element.tag != "script" or element.get("src"):
            element.drop_tree()
    for element in root.iter("style"):
        css = style_sheets.replace_urls(element.text or "", _unless_inline(css_uri))
        element.text = css
    _inline_pictures(root, _unless_inline(picture_uri))


def _replace(element, other):
    other.tail = element.tail
    element.getparent().replace(element, other)


def _unless_inline(uri):
    return lambda url: url if READY.match(url) else uri(url)


def _inline_pictures(root, inline):
    for element in root.iter(lxml.etree.Element):
        attributes = FETCHING
        if element.tag in IMAGE_TAGS:
            attributes = (*FETCHING, "href")
        for name in attributes:
            if element.get(name):
                element.set(name, inline(element.get(name).strip()))
        element.attrib.pop("srcset", None)
        if "url(" in element.get("style", "").lower():
            element.set(
                "style", style_sheets.replace_urls(element.get("style"), inline)
            )
