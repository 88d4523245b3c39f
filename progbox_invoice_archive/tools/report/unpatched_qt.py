"""What wkhtmltopdf without patched Qt paints wrongly, and how it does not."""

import re

import lxml.etree

from . import page_html

# letters and marks from right to left, without their digits
RTL = "[\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]"
RTL_RUN = re.compile(rf"{RTL}+(?:\W+{RTL}+)*")
NOT_PAINTED = {"style", "script", "title"}


def repair(root, css=""):
    """Change a whole page so that this build paints it rightly.

    :param css: style rules to add at the end
    """
    root.find("head").append(page_html.style(css))
    separate_scripts(root)


def separate_scripts(root):
    """Give Arabic words beside anything else in one text an element of their own.

    Such a text is painted beside its place, over its neighbours. A plain `<span>`
    prevents it and changes neither order nor shape.
    """
    for element in list(root.iter(lxml.etree.Element)):
        if element.tag not in NOT_PAINTED and _is_mixed(element.text):
            element.text, spans = _spans(element, element.text)
            for index, span in enumerate(spans):
                element.insert(index, span)
        if _is_mixed(element.tail):
            element.tail, spans = _spans(element, element.tail)
            for span in reversed(spans):
                _add_after(element, span)


def _is_mixed(text):
    # spaces around the run are enough for the fault
    return bool(text and RTL_RUN.search(text) and not RTL_RUN.fullmatch(text))


def _spans(element, text):
    """The text before the first run, and a span with its tail for each run."""
    runs = list(RTL_RUN.finditer(text))
    ends = [run.start() for run in runs[1:]] + [len(text)]
    spans = []
    for run, end in zip(runs, ends, strict=True):
        span = element.makeelement("span")
        span.text, span.tail = run[0], text[run.end() : end] or None
        spans.append(span)
    return text[: runs[0].start()] or None, spans


def _add_after(element, span):
    # addnext() would move the tail of the element behind the span
    parent = element.getparent()
    parent.insert(parent.index(element) + 1, span)
