import logging

from odoo import api, models
from odoo.fields import Domain
from odoo.http import request

from ..exceptions import NotShared
from ..tools.share_token import matches, split
from .ir_binary import ONE_OPENING

_logger = logging.getLogger(__name__)


class ProgboxShare(models.Model):
    """Who gets in, and what is written down about it."""

    _inherit = "progbox.share"

    @api.model
    def _open_link(self, token):
        """Return the open share that a token belongs to.

        :rtype: progbox.share, as the superuser
        :raise NotShared: for every other token
        """
        number, secret = split(token) or (0, "")
        share = self.sudo().search(
            Domain("id", "=", number) & Domain("kind", "=", "link"), limit=1
        )
        if not matches(secret, share.token_hash):
            raise NotShared(share, "token")
        share._check_open()
        return share

    @api.model
    def _open_own(self, share_id):
        """Return a share of the contact who is logged in.

        :rtype: progbox.share, as the superuser
        :raise NotShared: when it is not his, or not open any more
        """
        share = self.sudo().search(
            Domain("id", "=", share_id)
            & Domain("kind", "=", "portal")
            & Domain("partner_id", "=", self.env.user.partner_id.id),
            limit=1,
        )
        if not share:
            raise NotShared(self.sudo().browse(share_id).exists(), "contact")
        share._check_open()
        return share

    def _check_open(self):
        self.invalidate_recordset(["state"])
        if self.state != "active":
            raise NotShared(self, self.state)

    @api.model
    def _own(self):
        """Return the open shares of the contact who is logged in."""
        return self.sudo().search(
            Domain("kind", "=", "portal")
            & Domain("partner_id", "=", self.env.user.partner_id.id)
            & Domain("state", "=", "active"),
            order="company_id, id desc",
        )

    @api.model
    def _visited(self):
        """Return the share that the request came through, or an empty one."""
        share = self.env.context.get("progbox_share")
        # A record: nothing that comes over RPC can be one.
        return share if isinstance(share, models.BaseModel) else self.browse()

    # ------------------------------------------------------------------
    # Log
    # ------------------------------------------------------------------

    def _log_visit(self, kind, note=None):
        """Write down that the folder was opened, or downloaded."""
        if request.httprequest.method != "HEAD":
            self.env["progbox.access.log"]._log(
                kind, folder=self.folder_id, note=note, share=self
            )

    def _log_opening(self):
        """Write down that the folder was opened, once for all pages that are read.

        Not everybody begins with the first page: the monthly e-mail leads to a month.
        """
        if not self.env["progbox.access.log"]._has_recent(
            ("view",), ONE_OPENING, self, document_ref=False
        ):
            self._log_visit("view")

    def _log_file(self, document, kind):
        """Write down that a document was seen or downloaded, once per opening."""
        log = self.env["progbox.access.log"]
        if request.httprequest.method != "HEAD" and not log._is_continued(
            kind, document, self
        ):
            log._log(kind, documents=document, share=self)

    @api.model
    def _log_refusal(self, refused):
        """Write down who was turned away.

        :param NotShared refused: why
        """
        share = refused.share
        if not share:
            # No share, no company: there is no access log to write it into.
            address = request.httprequest.remote_addr
            _logger.info("Refused: a share that does not exist, from %s", address)
            return
        note = share._as_sharer_reads()._refusal_reason(refused.reason)
        if refused.number:
            note = f"{note} ({refused.number})"
        folder = share.folder_id
        place = {"folder": folder} if folder else {"company": share.company_id}
        self.env["progbox.access.log"]._log_refusal(note, share=share, **place)

    def _refusal_reason(self, reason):
        return {
            "token": self.env._("A wrong link"),
            "contact": self.env._("Shared with somebody else"),
            "expired": self.env._("The share has expired"),
            "revoked": self.env._("The share was revoked"),
            "document": self.env._("A document that is not in the shared folder"),
            "zip": self.env._("A zip of another share"),
            "part": self.env._("Something that is not in the shared folder"),
        }[reason]
