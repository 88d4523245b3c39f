"""For whom an export is built: a person in Odoo, or whoever a folder is shared with.

The two differ in what they may read, in how they are told, and in what is written down.
Everything else about an export is in progbox_export.py.
"""

from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..exceptions import JobCancelled, NotShared
from .progbox_share import ZIP
from .share_parts import part_of


class Requester:
    """A user who has asked for an export: it is built with the rights of this user.

    :param progbox.export export: one, in the environment of whoever acts
    """

    def __init__(self, export):
        self.export = export
        self.env = export.env

    def wanted(self):
        """Return which documents are wanted, as a domain."""
        return Domain(self.export.sudo().domain)

    def check_requester(self):
        """Check that the user of the environment may have these documents, still.

        :raise AccessError: when the user has left, or has lost the right or one of the
            companies
        :raise JobCancelled: when there is nobody left to build it for
        """
        user = self.env.user
        companies = self.export.sudo().company_ids
        if not user.active or companies - user.sudo().company_ids:
            raise AccessError(
                self.env._("You may not read the documents of this company any more.")
            )
        documents = self.env["progbox.document"]
        documents.check_access("read")
        documents = documents.with_context(allowed_company_ids=companies.ids)
        packed = Domain("id", "in", list(self.export.sudo()._listed("packed") or ()))
        if documents.search_count(packed) < documents.sudo().search_count(packed):
            # The zip was built while they might.
            raise AccessError(
                self.env._("You may not read all documents of this zip any more.")
            )
        if self.export.kind == "evidence":
            user._check_archive_manager()

    def check_download(self):
        """Check that whoever asks may fetch the zip, now.

        :raise AccessError: for anybody else than the person who asked for it, and for
            this person too once they may not read the documents any more
        :raise NotShared: when the share is closed
        """
        self.export.check_access("read")
        if self.env.user != self.export.create_uid:
            raise AccessError(
                self.env._(
                    "This zip holds what %(user)s may read. Ask for one of your own.",
                    user=self.export.create_uid.name,
                )
            )
        self.check_requester()

    def notify_ready(self):
        """Tell that it is there to be fetched."""
        count = self.export.problem_count
        if count:
            text = self.env["progbox.zip"]._problems_text(count)
            self.export._notify(text, "warning")
        else:
            self.export._notify(self.env._("The export is ready."), "success")

    def log_environment(self):
        """Return the export in the language in which the access log is read."""
        return self.export

    def finished(self):
        """Tidy up, once the job has come to its end."""


class ShareVisitor(Requester):
    """Whoever a folder is shared with: nothing outside of the share is in the zip."""

    def __init__(self, export):
        super().__init__(export)
        self.share = export.sudo().share_id

    def wanted(self):
        share = self.share
        domain, _name = part_of(share, self.export.sudo().share_part)
        return share._documents_domain() & domain

    def check_requester(self):
        try:
            self.share._check_open()
        except NotShared as error:
            raise JobCancelled(self.env._("The share is closed.")) from error

    def check_download(self):
        if self.share._visited() != self.share:
            raise AccessError(self.env._("This zip belongs to a share."))
        self.share._check_open()

    def notify_ready(self):
        if self.share.email:
            # Of a link nothing is kept that could be sent.
            is_portal = self.share.kind == "portal"
            path = f"/prepared/{self.export.id}"
            url = is_portal and f"{self.share._portal_url()}{path}"
            self.share._mail(ZIP, url, name=self.export.name)

    def log_environment(self):
        lang = self.share._as_sharer_reads().env.lang
        return self.export.with_context(lang=lang)

    def finished(self):
        self.share._discard_old_zips()
