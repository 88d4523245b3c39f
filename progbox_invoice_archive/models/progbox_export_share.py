from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.http import request

from ..exceptions import JobCancelled, NotShared
from .progbox_job_mixin import OPEN_STATES
from .progbox_share_documents import TAKEN
from .progbox_share_mail import ZIP

# Of a share at a time: the months of a year, the year, all, and what was new.
MOST_ZIPS = 20
# A page names this many of the files that a zip lacks, PROBLEMS.txt all of them.
NAMED = 3


class ProgboxExport(models.Model):
    """Large zips for those with whom a folder is shared.

    The share is asked again when the zip is built and at each request for it.
    """

    _inherit = "progbox.export"

    share_id = fields.Many2one(
        "progbox.share", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    share_part = fields.Char(readonly=True)

    def _wanted(self):
        share = self.sudo().share_id
        if not share:
            return super()._wanted()
        return share._documents_domain() & share._part(self.sudo().share_part)[0]

    def _as_requester(self):
        share = self.sudo().share_id
        if not share:
            return super()._as_requester()
        return (
            self.with_user(self.create_uid)
            .sudo()
            .with_context(
                lang=share._language(),
                allowed_company_ids=share.company_id.ids,
                progbox_share=share,
            )
        )

    def _check_requester(self):
        share = self.sudo().share_id
        if not share:
            return super()._check_requester()
        try:
            return share._check_open()
        except NotShared as error:
            raise JobCancelled(self.env._("The share is closed.")) from error

    def _check_download(self):
        share = self.sudo().share_id
        if not share:
            return super()._check_download()
        if share._visited() != share:
            raise AccessError(self.env._("This zip belongs to a share."))
        return share._check_open()

    def _notify_ready(self):
        share = self.sudo().share_id
        if not share:
            return super()._notify_ready()
        if share.email:
            # Of a link nothing is kept that could be sent.
            is_portal = share.kind == "portal"
            url = is_portal and f"{share._portal_url()}/prepared/{self.id}"
            share._mail(ZIP, url, name=self.name)
        return None

    def _job_language(self):
        # What goes wrong is told to whoever shares.
        share = self.sudo().share_id
        return share.create_uid.lang if share else super()._job_language()

    def _notify(self, message, kind):
        if share := self.sudo().share_id:
            # Who shares can do something about it; who receives cannot.
            self = self.with_user(share.create_uid)
        return super()._notify(message, kind)

    def _job_finish(self, state, reason=False):
        result = super()._job_finish(state, reason)
        self.sudo().share_id._discard_old_zips()
        return result

    def _log_download(self, requested_range):
        if share := self.sudo().share_id:
            self = self.with_context(lang=share._as_sharer_reads().env.lang)
        return super()._log_download(requested_range)

    def _first_problems(self):
        """Return what a page says of the files that this zip lacks, or None."""
        return self.env["progbox.share"]._problems_shown(
            self.has_content and self.problem_count,
            (self.problems or "").splitlines(),
        )


class ProgboxShare(models.Model):
    _inherit = "progbox.share"

    def _request_zip(self, part, name):
        """Queue a zip, or return the one that holds the same already.

        :param str part: see :meth:`_part`
        :param str name: of the zip, without extension
        :rtype: progbox.export
        """
        domain, _name = self._part(part)
        count = self._document_count(domain)
        moment = self._deliver(domain)
        if part in ("new", "again"):
            part = f"{TAKEN}{self._last_delivery()[0] if part == 'again' else moment}"
        exports = self.env["progbox.export"]
        there = exports.search(
            Domain("share_id", "=", self.id) & Domain("share_part", "=", part)
        ).filtered(
            lambda export: (
                export.state in OPEN_STATES
                or (export.has_content and export.found_count == count)
            )
        )
        return there[:1] or self.env["progbox.zip"]._request(
            self.company_id, Domain.FALSE, name, share_id=self.id, share_part=part
        )

    def _discard_old_zips(self):
        """Keep the newest zips only: whoever asks for more does not fill the disk."""
        exports = self.env["progbox.export"].search(Domain("share_id", "in", self.ids))
        for export in exports.filtered("has_content")[MOST_ZIPS:]:
            export._discard()

    # ------------------------------------------------------------------
    # What a zip lacks
    # ------------------------------------------------------------------

    @api.model
    def _problems_shown(self, count, problems):
        """Return what a page says of the files that a zip lacks.

        :param int count: of all of them
        :param list problems: a sentence for each, or for the first ones
        :return: dictionary of ``text``, ``first`` and ``more``, or None
        """
        return count and {
            "text": self.env["progbox.zip"]._problems_text(count),
            "first": problems[:NAMED],
            "more": count > NAMED,
        }

    def _keep_problems(self, problems):
        """Keep them for the next page: the visitor's browser gets a zip now."""
        shown = self._problems_shown(len(problems), problems)
        request.session[self._problems_key()] = shown

    def _take_problems(self):
        """Return what the last zip of this visitor lacked, once."""
        return request.session.pop(self._problems_key(), None)

    def _problems_key(self):
        return f"progbox_zip_problems_{self.id}"


class ProgboxPackage(models.AbstractModel):
    _inherit = "progbox.package"

    def _levels_above(self):
        folder = self.env["progbox.share"]._visited().folder_id
        # Nobody outside reads where a folder is. What is above a month of the archive
        # is its year.
        if not folder or folder.locked:
            return super()._levels_above()
        return len(folder._ancestor_ids()) - 1


class ProgboxZip(models.AbstractModel):
    _inherit = "progbox.zip"

    def _log_zip(self, companies, domain, count, folder=None, note=None):
        share = self.env["progbox.share"]._visited()
        if not share:
            return super()._log_zip(companies, domain, count, folder, note)
        told = share._as_sharer_reads()
        note = note or told.env._("%(count)s in a zip", count=count)
        return share._log_visit("download", note)

    def _tell_problems(self, package):
        if share := self.env["progbox.share"]._visited():
            share._keep_problems(package.problems)
            told = share._as_sharer_reads()
            self = told.env["progbox.zip"].with_user(share.create_uid)
        return super()._tell_problems(package)
