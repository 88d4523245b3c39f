"""Turn the HTML of an Odoo report into one that needs nothing from outside."""

from urllib.parse import urlsplit

import lxml.html

from . import mixed_scripts, style_sheets

HAS_CLASS = "contains(concat(' ', normalize-space(@class), ' '), ' {} ')"
PARTS = "//div[{} or {} or {}]".format(
    *(HAS_CLASS.format(name) for name in ("header", "article", "footer"))
)
PAGE_NUMBERS = "//span[{} or {}]".format(
    *(HAS_CLASS.format(name) for name in ("page", "topage"))
)
FETCHING = ("src", "background", "poster", "{http://www.w3.org/1999/xlink}href")
IMAGE_TAGS = ("image", "use")
LONGEST_WORD_FOR_PAGE = 12  # letters of "Página de", "Pagina din"


def parse(html):
    """The root element of a page given as text or UTF-8 bytes."""
    parser = lxml.html.HTMLParser(encoding="utf-8")
    if isinstance(html, str):
        html = html.encode()
    return lxml.html.document_fromstring(html, parser=parser)


def to_text(root):
    """The page as text again."""
    return lxml.html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")


def headers_and_footers_into_articles(html):
    """Put each header on top of its article and each footer under it.

    They become `<header>` and `<footer>`: Odoo then no longer takes them out of the
    page, and the style rules for their classes still apply. Their page numbers go:
    only a patched wkhtmltopdf fills them in.

    :return: the page as text, and the code of the first article's language, if any
    """
    root = parse(html)
    parts = root.xpath(PARTS)
    for index, part in reversed(list(enumerate(parts))):
        if _has_class(part, "article"):
            continue
        part.tag = "header" if _has_class(part, "header") else "footer"
        _drop_page_numbers(part)
        if not any(_has_class(element, "article") for element in part.iterancestors()):
            _move_into_article(part, parts[:index], parts[index:])
    langs = [part.get("data-oe-lang") for part in parts if part.get("data-oe-lang")]
    return to_text(root), next(iter(langs), None)


def names(root):
    """All tags, `.classes` and `#ids` of a page: what style rules can ask for."""
    found = set()
    for element in root.iter(lxml.etree.Element):
        found.add(element.tag)
        found.update(f".{name}" for name in element.get("class", "").split())
        if element.get("id"):
            found.add(f"#{element.get('id')}")
    return found


def make_self_contained(html, rules_of, data_uri, unpatched_css=""):
    """Replace all that a page would fetch by the thing itself.

    :param html: a whole page
    :param rules_of: gives the style rules of the sheet at an address
    :param data_uri: gives the data URI of the picture at an address, or '' to leave
        it out; called for relative and absolute addresses, never for data URIs
    :param unpatched_css: for wkhtmltopdf without patched Qt, style rules to add at
        the end; the page is then also freed of what that build paints wrongly
    :return: the page as text
    """
    root = parse(html)
    used = names(root)
    for element in list(root.iter("link", "base", "script")):
        if element.tag == "link" and "stylesheet" in element.get("rel", ""):
            css = style_sheets.select(rules_of(element.get("href")), used)
            _replace_by_style(element, css)
        elif element.tag != "script" or element.get("src"):
            element.drop_tree()
    for style in root.iter("style"):
        style.text = style_sheets.replace_urls(style.text or "", _for_css(data_uri))
    if unpatched_css:
        root.find("head").append(_style(unpatched_css))
        mixed_scripts.separate(root.find("body"))
    _inline_pictures(root, _for_pictures(data_uri))
    return to_text(root)


def _for_pictures(data_uri):
    return lambda url: url if _needs_nothing(url) else data_uri(url)


def _for_css(data_uri):
    """Decoration from another server is left out, as its fonts are."""

    def inline(url):
        if _needs_nothing(url):
            return url
        return "" if urlsplit(url).netloc else data_uri(url)

    return inline


def _needs_nothing(url):
    return not url or url.startswith(("data:", "#"))


def _style(css):
    style = lxml.html.Element("style", type="text/css")
    style.text = css
    return style


def _replace_by_style(link, css):
    style = _style(css)
    style.tail = link.tail
    link.getparent().replace(link, style)


def _inline_pictures(root, inline):
    for element in root.iter(lxml.etree.Element):
        attributes = FETCHING
        if element.tag in IMAGE_TAGS:
            attributes = (*FETCHING, "href")
        for name in attributes:
            if element.get(name):
                element.set(name, inline(element.get(name).strip()))
        element.attrib.pop("srcset", None)
        if "url(" in element.get("style", ""):
            css = style_sheets.replace_urls(element.get("style"), inline)
            element.set("style", css)


def _move_into_article(part, before, after):
    before = [element for element in before if _has_class(element, "article")]
    after = [element for element in after if _has_class(element, "article")]
    if part.tag == "header" and (before or after):
        (after[0] if after else before[-1]).insert(0, part)
    elif before or after:
        (before[-1] if before else after[0]).append(part)


def _drop_page_numbers(part):
    """Remove "Page 1 / 2": its word goes too where nothing else is beside it."""
    for number in part.xpath("." + PAGE_NUMBERS):
        box = number.getparent()
        while box is not None and box is not part and _says_only_page(box):
            number, box = box, box.getparent()
        if number.getparent() is not None:
            _drop_comma_before(number)
            number.drop_tree()


def _drop_comma_before(element):
    name = element.getprevious()
    if name is not None and name.text:
        name.text = name.text.rstrip(", ")


def _says_only_page(box):
    text = box.text_content()
    return (
        not any(char.isdigit() for char in text)
        and sum(char.isalpha() for char in text) <= LONGEST_WORD_FOR_PAGE
        and next(box.iter("img", "svg"), None) is None
        and next(box.iter("div", "p", "table"), box) is box
    )


def _has_class(element, name):
    return name in element.get("class", "").split()
