from odoo.http import request, route

from odoo.addons.portal.controllers.portal import CustomerPortal

from .share_routes import kept_private


class ArchivePortal(CustomerPortal):
    """What a contact with a login finds in his portal."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "archive_count" in counters:
            shares = request.env["progbox.share"]._own()
            values["archive_count"] = sum(share._document_count() for share in shares)
        return values

    @route("/my/archive", type="http", auth="user", website=True, multilang=False)
    @kept_private
    def archive(self, **_query):
        shares = request.env["progbox.share"]._own()
        return request.render(
            "progbox_invoice_archive.portal_archive_home",
            {
                "page_name": "archive",
                "companies": shares.grouped("company_id"),
                "counts": {
                    share.id: (share._document_count(), share._new_count())
                    for share in shares
                },
            },
        )
