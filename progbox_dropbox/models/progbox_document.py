from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools.verdicts import HANDLED, classify
from .dropbox_fetch import Fetch, is_whole
from .dropbox_texts import text_of

# Whether, and to which Dropbox, a document is copied.
DECIDING = {"company_id", "type_id"}
ICONS = {
    "copied": "fa-dropbox text-success",
    "waiting": "fa-dropbox text-info",
    "failed": "fa-dropbox text-danger",
}


class ProgboxDocument(models.Model):
    """A document knows what has become of its copy in Dropbox."""

    _inherit = "progbox.document"

    dropbox_state = fields.Selection(
        [("waiting", "Waiting"), ("copied", "Copied"), ("failed", "Failed")],
        string="Dropbox",
        compute="_compute_dropbox_state",
        compute_sudo=True,
    )
    dropbox_text = fields.Char(
        string="Copy in Dropbox", compute="_compute_dropbox_state", compute_sudo=True
    )

    @api.depends_context("lang", "tz")
    def _compute_dropbox_state(self):
        transfers = self._dropbox_transfers().grouped("document_id")
        for document in self:
            found = transfers.get(document._origin)
            transfer = found and document._dropbox_first(found)
            state, text = transfer and transfer._shown() or (False, False)
            document.dropbox_state = state
            document.dropbox_text = text

    def _marks(self):
        marks = super()._marks()
        menu = [["action_view_in_dropbox", self.env._("View in Dropbox")]]
        if self.env.user.has_group("progbox_invoice_archive.group_archive_manager"):
            menu += [["action_dropbox_versions", self.env._("Versions in Dropbox")]]
        for document in self.filtered("dropbox_state"):
            marks[document.id].append(
                {
                    "name": "dropbox",
                    "icon": ICONS[document.dropbox_state],
                    "text": self.env._(
                        "Dropbox: %(state)s", state=document.dropbox_text
                    ),
                    "menu": menu if document.dropbox_state == "copied" else [],
                }
            )
        return marks

    def _dropbox_transfers(self):
        return (
            self.env["progbox.dropbox.transfer"]
            .sudo()
            .search(Domain("document_id", "in", self.ids))
        )

    def _dropbox_first(self, transfers):
        """Return the copy that counts: a document that has changed its company has two.

        :param transfers: those of this document
        """
        if len(transfers) < 2:
            return transfers
        return transfers.sorted(
            lambda transfer: (
                transfer.state == "cancelled",
                transfer.company_id != self.company_id,
            )
        )[:1]

    def _file_stored(self):
        result = super()._file_stored()
        self.env["progbox.dropbox.transfer"]._queue(self)
        return result

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & DECIDING:
            self.env["progbox.dropbox.transfer"]._queue_again(self)
        return result

    def unlink(self):
        transfers = self._dropbox_transfers()
        result = super().unlink()
        transfers._queue_deletes()
        return result

    def action_view_in_dropbox(self):
        """Open the copy in the company's Dropbox."""
        return self._dropbox_copy().action_view_in_dropbox()

    def action_fetch_from_dropbox(self):
        """Put a lost or damaged file back from its copy, if it is what was sealed."""
        transfer = self._dropbox_copy(manager=True)
        message = self.env._("The file of %(name)s is whole.", name=self.name)
        if not is_whole(self.sudo()):
            try:
                Fetch(transfer.account_id).fetch(transfer)
            except HANDLED as error:
                raise UserError(text_of(self.env, classify(error))) from error
            except OSError as error:
                raise UserError(
                    self.env._(
                        "The server could not write the file of %(name)s: %(reason)s. "
                        "Make room or correct the rights on the server, then try "
                        "again.",
                        name=self.name,
                        reason=error.strerror,
                    )
                ) from error
            message = self.env._(
                "The file of %(name)s is back, and it is what was sealed.",
                name=self.name,
            )
            log = self.env["progbox.access.log"]
            log._log("verification", documents=self, note=message)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": message},
        }

    def action_dropbox_versions(self):
        """List the versions that Dropbox keeps of the copy."""
        self._dropbox_copy(manager=True)
        return self.env["progbox.dropbox.versions"]._open(self)

    def _dropbox_copy(self, manager=False):
        """Return the copy of one document that the user may read.

        :param bool manager: whether only an archive manager of its company may
        :raise AccessError:
        :raise UserError: when it has not been copied
        """
        self.ensure_one()
        self.check_access("read")
        copied = self._dropbox_first(self._dropbox_transfers().filtered("copied_path"))
        if manager and not self.env.su:
            # A document without a company is in the Dropbox of another one's company.
            company = copied.company_id or self.company_id
            self.env.user._check_archive_manager(company)
        if not copied:
            raise UserError(
                self.env._("%(name)s is not in Dropbox yet.", name=self.name)
            )
        return copied
