"""Header and footer of a report as parts of its text."""

from . import page_html

HAS_CLASS = "contains(concat(' ', normalize-space(@class), ' '), ' {} ')"
PARTS = "//div[{} or {} or {}]".format(
    *(HAS_CLASS.format(name) for name in ("header", "article", "footer"))
)
PAGE_NUMBERS = "//span[{} or {}]".format(
    *(HAS_CLASS.format(name) for name in ("page", "topage"))
)
LONGEST_WORD_FOR_PAGE = 12  # letters of "Página de", "Pagina din"


def into_articles(html):
    """Put each header on top of its article and each footer under it.

    They become `<header>` and `<footer>`: Odoo then no longer takes them out of the
    page, and the style rules for their classes still apply. Their page numbers go:
    only a patched wkhtmltopdf fills them in.

    :return: the page as text, and the code of the first article's language, if any
    """
    root = page_html.parse(html)
    parts = root.xpath(PARTS)
    for index, part in reversed(list(enumerate(parts))):
        if _has_class(part, "article"):
            continue
        part.tag = "header" if _has_class(part, "header") else "footer"
        _drop_page_numbers(part)
        if not any(_has_class(element, "article") for element in part.iterancestors()):
            _move_into_article(part, parts[:index], parts[index:])
    langs = [part.get("data-oe-lang") for part in parts if part.get("data-oe-lang")]
    return page_html.to_text(root), next(iter(langs), None)


def _move_into_article(part, before, after):
    before = [element for element in before if _has_class(element, "article")]
    after = [element for element in after if _has_class(element, "article")]
    if part.tag == "header" and (before or after):
        article = after[0] if after else before[-1]
        part.tail, article.text = article.text, None
        article.insert(0, part)
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
