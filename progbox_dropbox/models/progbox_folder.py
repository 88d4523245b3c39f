from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# Copies of a folder that are looked at to say where in Dropbox they are.
MOST_COPIES = 20_000


class ProgboxFolder(models.Model):
    """A folder knows where in Dropbox the copies of its documents are."""

    _inherit = "progbox.folder"

    dropbox_copied = fields.Integer(string="Copied", compute="_compute_dropbox_counts")
    dropbox_waiting = fields.Integer(
        string="Waiting", compute="_compute_dropbox_counts"
    )
    dropbox_failed = fields.Integer(string="Failed", compute="_compute_dropbox_counts")
    dropbox_text = fields.Char(
        string="Copies in Dropbox",
        compute="_compute_dropbox_counts",
        help="Of the documents in this folder and in the folders under it.",
    )

    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_dropbox_counts(self):
        for folder in self:
            counts = dict.fromkeys(("copied", "waiting", "failed"), 0)
            for state, count in folder._dropbox_states():
                if state == "done":
                    counts["copied"] += count
                elif state == "failed":
                    counts["failed"] += count
                elif state != "cancelled":
                    counts["waiting"] += count
            folder.dropbox_copied = counts["copied"]
            folder.dropbox_waiting = counts["waiting"]
            folder.dropbox_failed = counts["failed"]
            texts = {
                "copied": self.env._("Copied: %(count)s", count=counts["copied"]),
                "waiting": self.env._("Waiting: %(count)s", count=counts["waiting"]),
                "failed": self.env._("Failed: %(count)s", count=counts["failed"]),
            }
            folder.dropbox_text = " · ".join(
                text for kind, text in texts.items() if counts[kind]
            )

    def _dropbox_states(self):
        """Return the states of the copies in and under this folder, each counted.

        Of the documents that the user may read: their number says something, too.
        """
        copies = self.env["progbox.dropbox.transfer"].sudo()
        return copies._read_group(self._dropbox_domain(), ["state"], ["__count"])

    def _dropbox_domain(self):
        documents = self.env["progbox.document"]._search(
            Domain("folder_id", "child_of", self.ids)
        )
        return Domain("document_id", "in", documents)

    def action_dropbox_copies(self):
        """Show the copies of the documents in and under this folder."""
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "progbox_dropbox.progbox_dropbox_transfer_action"
        )
        domain = Domain("document_id.folder_id", "child_of", self.ids)
        return {**action, "domain": list(domain), "context": {}}

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
        transfers = self.env["progbox.dropbox.transfer"].sudo()
        copies = transfers.search_fetch(
            self._dropbox_domain() & Domain("copied_path", "!=", False),
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
