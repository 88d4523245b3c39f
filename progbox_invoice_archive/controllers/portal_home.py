from urllib.parse import urlencode

from odoo.http import request, route

from odoo.addons.auth_signup.controllers.main import AuthSignupHome
from odoo.addons.portal.controllers.portal import CustomerPortal

from ..tools.sentinels import INVITATION
from .share_routes import ARCHIVE, kept_private


def invited(token):
    """Return the contact that a token still lets choose a password: once, soon.

    :rtype: res.partner, False for what is made up, or was cut by a mail program
    """
    try:
        return request.env["res.partner"].sudo()._get_partner_from_token(token)
    except ValueError:
        return False


class ArchivePortal(CustomerPortal):
    """What a contact with a login finds in the portal."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        shares = request.env["progbox.share"]
        if not counters:
            # The page itself; the counters are fetched by its script.
            values["archive_is_shared"] = bool(shares._own())
        if "archive_count" in counters:
            values["archive_count"] = shares._own()._count_all()
        return values

    @route(ARCHIVE, type="http", auth="user", website=True, multilang=False)
    @kept_private
    def archive(self, **_query):
        shares = request.env["progbox.share"]._own()
        return request.render(
            "progbox_invoice_archive.portal_archive_home",
            {
                "companies": shares.grouped("company_id"),
                "counts": {
                    share.id: (share._document_count(), share._new_count())
                    for share in shares
                },
            },
        )

    @route(
        f"{ARCHIVE}/<int:share_id>/activate",
        type="http",
        auth="public",
        website=True,
        multilang=False,
        sitemap=False,
    )
    @kept_private
    def activate(self, share_id, token=""):
        """Lead an invited contact to what is shared, at first by way of a password."""
        page = f"{ARCHIVE}/{share_id}"
        if invited(token) and request.env.user._is_public():
            query = urlencode({"token": token, "redirect": page})
            return request.redirect(f"/web/signup?{query}")
        return request.redirect(page)


class ArchiveSignup(AuthSignupHome):
    """Whoever follows the invitation of a share gets no second e-mail from Odoo."""

    def do_signup(self, qcontext, do_login=True):
        is_invited = do_login and self._is_invited(qcontext)
        invitation = {"progbox_share_invitation": INVITATION} if is_invited else {}
        request.update_context(**invitation)
        result = super().do_signup(qcontext, do_login=do_login)
        # Whoever logs in meanwhile gets a context of his own.
        request.update_context(**invitation)
        return result

    def _is_invited(self, qcontext):
        """Whether a token belongs to the contact of the share that it leads to."""
        if not (contact := qcontext.get("token") and invited(qcontext["token"])):
            return False
        shares = request.env["progbox.share"].sudo()
        shared = shares.search([("partner_id", "=", contact.id)])
        return qcontext.get("redirect") in {f"{ARCHIVE}/{id_}" for id_ in shared.ids}
