import logging

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import email_normalize, escape_psql

from ..models.dropbox_sharing import FolderSharing
from ..tools.naming import path_key

_logger = logging.getLogger(__name__)

# Folders of Dropbox to choose from.
MOST_PLACES = 30
# What people may do, by Dropbox's levels of access.
ACCESS = {"owner": "owner", "editor": "editor"}


class ProgboxDropboxShareWizard(models.TransientModel):
    """Invites people to look at a folder of Dropbox, and shows who may."""

    _name = "progbox.dropbox.share.wizard"
    _description = "Share a Folder in Dropbox"
    _rec_name = "folder_id"

    folder_id = fields.Many2one(
        "progbox.folder", required=True, readonly=True, ondelete="cascade"
    )
    place_ids = fields.One2many(
        "progbox.dropbox.share.place", "wizard_id", readonly=True
    )
    place_id = fields.Many2one(
        "progbox.dropbox.share.place",
        string="Folder in Dropbox",
        domain="[('wizard_id', '=', id)]",
        ondelete="cascade",
    )
    shown_place_id = fields.Many2one(
        "progbox.dropbox.share.place", readonly=True, ondelete="cascade"
    )
    place_count = fields.Integer(compute="_compute_place_count")
    document_count = fields.Integer(related="place_id.document_count")
    other_text = fields.Char(compute="_compute_other_text")
    email = fields.Char(string="E-mail")
    message = fields.Text()
    member_ids = fields.One2many(
        "progbox.dropbox.share.member",
        "wizard_id",
        string="Who Has Access",
        readonly=True,
    )

    @api.depends("place_ids")
    def _compute_place_count(self):
        for wizard in self:
            wizard.place_count = len(wizard.place_ids)

    @api.depends("place_id")
    @api.depends_context("lang")
    def _compute_other_text(self):
        for wizard in self:
            count = wizard.place_id.other_count
            wizard.other_text = bool(count) and self.env._(
                "This folder of Dropbox also holds copies of documents that are not in "
                "%(folder)s (%(count)s). Whoever you invite sees them, too.",
                folder=wizard.folder_id.display_name,
                count=count,
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    @api.model
    def _open(self, folder, account, places):
        """Return the action that opens the wizard.

        :param dict places: {folder of Dropbox: number of documents}
        :raise AccessError: when none of them may be shared
        """
        offered = list(places.items())[:MOST_PLACES]
        open_ones = [
            place for place in offered if self._shows_readable_only(account, place[0])
        ]
        if not open_ones:
            self._check_readable_only(account, offered[0][0])
        wizard = self.create(
            {
                "folder_id": folder.id,
                "place_ids": [
                    Command.create(
                        {
                            "path": path,
                            "document_count": count,
                            "other_count": self._count_others(account, path, count),
                        }
                    )
                    for path, count in open_ones
                ],
            }
        )
        wizard.place_id = wizard.place_ids[:1]
        wizard._show_members(wizard._sharing())
        return wizard._action()

    @api.model
    def _count_others(self, account, path, count):
        """Count the copies that a shared folder would show besides these."""
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        inside = transfers.search_count(
            Domain("account_id", "=", account.id)
            & Domain("copied_path", "=like", f"{escape_psql(path)}/%")
        )
        return max(inside - count, 0)

    def action_show(self):
        """Show who has access to the folder that was chosen."""
        self._show_members(self._sharing())
        return self._action()

    def action_invite(self):
        """Invite somebody to look."""
        email = email_normalize(self.email or "")
        if not email:
            raise UserError(self.env._("Fill in the e-mail address of one person."))
        folder = self._sharing()
        folder.invite(email, self.message)
        self.env["progbox.access.log"]._log(
            "share",
            folder=self.folder_id,
            note=self.env._(
                "%(path)s in Dropbox, to %(email)s", path=folder.path, email=email
            ),
        )
        self.write({"email": False, "message": False})
        self._show_members_now(folder)
        return self._action()

    def _revoke(self, email):
        folder = self._sharing()
        folder.revoke(email)
        self.env["progbox.access.log"]._log(
            "share",
            folder=self.folder_id,
            note=self.env._(
                "%(path)s in Dropbox, taken from %(email)s",
                path=folder.path,
                email=email,
            ),
        )
        self._show_members_now(folder)
        return self._action()

    def _sharing(self):
        """Return the folder of Dropbox, for whoever may share the one of the archive.

        :rtype: FolderSharing
        :raise AccessError:
        """
        self.ensure_one()
        self.check_access("read")
        account, places = self.folder_id._dropbox_places(manager=True)
        path = self.place_id.path
        if path not in places:
            raise UserError(
                self.env._("This folder of Dropbox holds no copy of these documents.")
            )
        self._check_readable_only(account, path)
        return FolderSharing(account, path)

    @api.model
    def _shows_readable_only(self, account, path):
        """Whether a shared folder shows no more than its user may see.

        The base folder has all that is copied, the ledger included.
        """
        if path_key(path) == path_key(account.sudo()._base_path()):
            return False
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        readable = self.env["progbox.document"]._search(Domain.TRUE)
        return not transfers.search_count(
            Domain("account_id", "=", account.id)
            & Domain("copied_path", "=like", f"{escape_psql(path)}/%")
            & ~Domain("document_id", "in", readable),
            limit=1,
        )

    @api.model
    def _check_readable_only(self, account, path):
        if not self._shows_readable_only(account, path):
            raise AccessError(
                self.env._(
                    "%(path)s also holds copies of documents that you may not read, or "
                    "everything that is copied. It cannot be shared by you.",
                    path=path,
                )
            )

    def _show_members_now(self, folder):
        """Show who has access, after a change that Dropbox has already made.

        It is done, and stands in the log, also when Dropbox does not answer now.
        """
        try:
            self._show_members(folder)
        except UserError as error:
            _logger.info("%s: who has access is not known: %s", self, error)
            self.member_ids.unlink()

    def _show_members(self, folder):
        self.shown_place_id = self.place_id
        self.member_ids.unlink()
        self.member_ids = [
            Command.create(
                {
                    "name": member.name or member.email,
                    "email": member.email,
                    "access": ACCESS.get(member.access, "viewer"),
                    "is_pending": member.is_pending,
                    "can_revoke": bool(member.email)
                    and member.access != "owner"
                    and not member.is_inherited,
                }
            )
            for member in folder.members()
        ]

    def _action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Share in Dropbox"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
