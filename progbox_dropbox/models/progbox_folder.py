from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

# Copies of a folder that are looked at to say where in Dropbox they are.
MOST_COPIES = 20_000


class ProgboxFolder(models.Model):
    """A folder knows where in Dropbox the copies of its documents are."""

    _inherit = "progbox.folder"

    def action_view_in_dropbox(self):
        """Open the folder of Dropbox that has most of the copies."""
        account, places = self._dropbox_places()
        return {
            "type": "ir.actions.act_url",
            "url": account.sudo()._web_folder_url(next(iter(places))),
            "target": "new",
        }

    def action_share_in_dropbox(self):
        """Open the wizard that shares a folder of Dropbox."""
        self.ensure_one()
        account, places = self._dropbox_places(manager=True)
        return self.env["progbox.dropbox.share.wizard"]._open(self, account, places)

    def _dropbox_places(self, manager=False):
        """Return where the copies of the documents in and under this folder are.

        :param bool manager: whether only an archive manager of the company may that the
            Dropbox is of: the folder may belong to several companies, or to none
        :return: the account, and {folder of Dropbox: number of documents}, most first
        :raise UserError: when there are none
        """
        self.ensure_one()
        self.check_access("read")
        documents = self.env["progbox.document"]._search(
            Domain("folder_id", "child_of", self.id)
        )
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        copies = transfers.search_fetch(
            Domain("document_id", "in", documents) & Domain("copied_path", "!=", False),
            ["account_id", "copied_path"],
            limit=MOST_COPIES,
            order="id desc",
        )
        account = copies.account_id[:1]
        places = {}
        for copy in copies.filtered(lambda copy: copy.account_id == account):
            place = copy.copied_path.rpartition("/")[0]
            places[place] = places.get(place, 0) + 1
        places.pop("", None)
        if manager:
            self.env.user._check_archive_manager(account.company_id)
        if not places:
            raise UserError(self.env._("No document of this folder is in Dropbox yet."))
        by_count = sorted(places.items(), key=lambda item: (-item[1], item[0]))
        return account.with_env(self.env), dict(by_count)
