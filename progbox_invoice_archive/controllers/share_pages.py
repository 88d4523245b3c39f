from odoo import fields
from odoo.fields import Domain
from odoo.http import Controller, request
from odoo.tools import format_date

from odoo.addons.portal.controllers.portal import pager

from ..exceptions import NotShared
from ..models.share_parts import part_of
from .share_overview import years_of
from .share_routes import render_page, share_route

PAGE_SIZE = 50
# Hundreds of words would keep the database busy for a minute.
LONGEST_SEARCH = 200
# A text that is longer is read after downloading it.
SHOWN_TEXT = 256 * 1024
PICTURES = ("image/gif", "image/jpeg", "image/png", "image/webp")
PDF = "application/pdf"


class SharePages(Controller):
    """The pages of a share: its months, their documents, one document."""

    @share_route("")
    def overview(self, share, /, **_query):
        share._log_visit("view")
        taken_on, taken_count = share._last_delivery()
        years = years_of(share)
        return render_page(
            share,
            "portal_archive_share",
            years=years,
            new_count=sum(year.new for year in years),
            taken_count=taken_count,
            taken_on=taken_on and format_date(share.env, taken_on),
        )

    @share_route("/month/<string:month>", "/month/<string:month>/page/<int:page>")
    def month(self, share, /, month, page=1, **_query):
        domain, name = part_of(share, month)
        return self._render_list(
            share, domain, page, f"/month/{month}", title=name, part=month
        )

    @share_route("/search", "/search/page/<int:page>")
    def search(self, share, /, search="", date_from="", date_to="", page=1, **_query):
        query = {
            # A NUL is nothing that PostgreSQL could look for.
            "search": search.replace("\0", "").strip()[:LONGEST_SEARCH],
            "date_from": self._date(date_from),
            "date_to": self._date(date_to),
        }
        return self._render_list(
            share,
            _found(**query),
            page,
            "/search",
            url_args={name: value for name, value in query.items() if value},
            title=request.env._("Search"),
            **query,
        )

    @share_route("/document/<int:document_id>")
    def document(self, share, /, document_id, **_query):
        document = share._document(document_id)
        share._log_opening()
        kind = self._preview_kind(document)
        text, is_cut = self._text(share, document) if kind == "text" else ("", False)
        part = f"{document.document_date or document.create_date:%Y-%m}"
        _domain, month = part_of(share, part)
        return render_page(
            share,
            "portal_archive_document",
            document=document,
            kind=kind,
            text=text,
            is_cut=is_cut,
            crumbs=[(month, f"/month/{part}"), (document.display_name, None)],
        )

    @share_route("/<path:rest>")
    def nothing(self, share, /, rest, **_query):
        """Answer below a share what no page is: Odoo's own would tell its address."""
        raise NotShared(share, "part")

    # ------------------------------------------------------------------
    # Rendering
    # ------------------------------------------------------------------

    def _render_list(
        self, share, domain, page, path, title, url_args=None, part=None, **values
    ):
        total = share._document_count(domain)
        if part and not total:
            raise NotShared(share, "part")
        share._log_opening()
        url = f"{share.env.context['progbox_root']}{path}"
        pages = pager(url, total, page, PAGE_SIZE, url_args=url_args)
        documents = share._documents(domain, offset=pages["offset"], limit=PAGE_SIZE)
        return render_page(
            share,
            "portal_archive_documents",
            documents=documents,
            total=total,
            pager=pages,
            part=part,
            title=title,
            crumbs=[(title, None)],
            **values,
        )

    def _date(self, text):
        try:
            return fields.Date.to_date(text) or None
        except ValueError:
            return None

    # ------------------------------------------------------------------
    # Preview
    # ------------------------------------------------------------------

    def _preview_kind(self, document):
        mimetype = document.mimetype or ""
        if mimetype == PDF:
            return "pdf"
        if mimetype in PICTURES:
            return "picture"
        if mimetype.startswith("text/") or mimetype.endswith(("/xml", "+xml", "/json")):
            return "text"
        return None

    def _text(self, share, document):
        """Return the beginning of a file as text, and whether there is more of it."""
        attachment = document._content_attachment()
        if not attachment:
            raise NotShared(share, "document", document.id)
        blocks = attachment._progbox_blocks(SHOWN_TEXT)
        text = next(blocks, b"")
        share._log_file(document, "view")
        return text.decode("utf-8", "replace"), document.size > len(text)


def _found(search="", date_from=None, date_to=None):
    """Return which documents a visitor looks for.

    :param str search: what stands in the search box
    :param date date_from: first day, or None
    :param date date_to: last day, or None
    """
    domain = Domain("words", "ilike", search) if search else Domain.TRUE
    if date_from:
        domain &= Domain("document_date", ">=", date_from)
    if date_to:
        domain &= Domain("document_date", "<=", date_to)
    return domain
