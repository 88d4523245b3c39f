"""The line at the foot of each page of a long document, as pages of its own."""

from markupsafe import Markup

from . import page_html, unpatched_qt

PAGE = Markup(
    """<!DOCTYPE html><html><head><meta charset="utf-8"/><style>
body {{ margin: 0 {side}mm; font: 13px {font}, sans-serif; color: #6c757d; }}
table {{ width: 100%; border-top: 1px solid #dee2e6; border-collapse: collapse;
  page-break-inside: avoid; }}
table + table {{ page-break-before: always; }}
td {{ padding: 6px 0 0; white-space: nowrap; }}
td.name {{ max-width: 0; overflow: hidden; text-overflow: ellipsis; }}
td.name + td.name {{ text-align: end; padding: 6px 16px 0; }}
</style></head><body dir="{direction}">{pages}</body></html>"""
)
LINE = Markup(
    '<table><tr><td class="name" style="width: 60%"><bdi>{seller}</bdi></td>'
    '<td class="name" style="width: 40%"><bdi>{document}</bdi></td>'
    '<td dir="ltr">{page} / {total}</td></tr></table>'
)


def html(total, seller, document, direction="ltr", font="Lato", side=0):
    """A document of `total` pages that say who, what and which page.

    :param direction: 'ltr' or 'rtl'
    :param side: millimetres to keep free left and right
    """
    pages = Markup().join(
        LINE.format(seller=seller, document=document, page=page, total=total)
        for page in range(1, total + 1)
    )
    root = page_html.parse(
        PAGE.format(pages=pages, direction=direction, font=font, side=side)
    )
    unpatched_qt.separate_scripts(root)
    return page_html.to_text(root)
