import logging
from contextlib import contextmanager
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.http import Response, content_disposition, request

from ..tools.filenames import clean_filename
from .progbox_job_mixin import OPEN_STATES

_logger = logging.getLogger(__name__)

LIMIT_PARAMETER = "progbox_invoice_archive.zip_limit"
DEFAULT_LIMIT = 200
MEGABYTE = 10**6
# Documents that are named one by one in the access log; of more, the folders are.
LOGGED_ONE_BY_ONE = 500
# Out of caches, frames and search engines.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


class Measure(NamedTuple):
    """What a zip would hold.

    :param int documents: how many
    :param int size: their bytes
    :param res.company companies: whose they are
    """

    documents: int
    size: int
    companies: models.BaseModel


class ProgboxZip(models.AbstractModel):
    """Zips of documents: sent at once, or built in the background when they are large.

    Whoever calls these methods decides with his environment what is inside: its user
    and its companies, or the superuser with a domain that is narrow enough. What can
    be extended: :meth:`_log_zip` and :meth:`_tell_problems`.
    """

    _name = "progbox.zip"
    _description = "Zip of Documents"

    # ------------------------------------------------------------------
    # What others ask for
    # ------------------------------------------------------------------

    @api.model
    def _measure(self, companies, domain):
        """Return how much a zip would hold.

        :param res.company companies: documents of others do not count
        :param domain: which of their documents
        :rtype: Measure
        """
        groups = self.env["progbox.document"]._read_group(
            Domain(domain) & Domain("company_id", "in", companies.ids),
            ["company_id"],
            ["__count", "size:sum"],
        )
        return Measure(
            sum(count for _company, count, _size in groups),
            sum(size or 0 for _company, _count, size in groups),
            companies.browse(company.id for company, _count, _size in groups),
        )

    @api.model
    def _is_direct(self, measure):
        """Whether a zip is small enough to be sent while it is made.

        :param Measure measure: what it would hold
        """
        parameters = self.env["ir.config_parameter"].sudo()
        limit = parameters.get_param(LIMIT_PARAMETER) or DEFAULT_LIMIT
        return measure.size <= float(limit) * MEGABYTE

    @api.model
    def _serve(self, companies, domain, stem, folder=None):
        """Return the response that streams a zip while it is made.

        :param res.company companies: documents of others are never inside; with
            several, each has a folder of its own at the top
        :param domain: which of their documents
        :param str stem: name of the zip, as people write it, without extension
        :param progbox.folder folder: when it is all that is in and under one folder
        :rtype: odoo.http.Response
        :raise UserError: when there is no document
        """
        packages = self.env["progbox.package"]
        package = packages._package(companies, domain)
        if not package.files and not package.problems:
            raise UserError(self._nothing_text())
        packages._finish(package)
        head = request.httprequest.method == "HEAD"
        if not head:
            self._log_zip(companies, domain, len(package.files), folder)
            if package.problems:
                self._tell_problems(package)
        return Response(
            [] if head else package.zip_stream(),
            headers={
                **HEADERS,
                "Content-Type": "application/zip",
                "Content-Disposition": content_disposition(
                    f"{clean_filename(stem)}.zip"
                ),
                "Content-Length": package.zip_size,
            },
            direct_passthrough=True,
        )

    @api.model
    def _request(self, companies, domain, stem, folder=None, **values):
        """Queue a zip that is built in the background, unless the same one is already.

        :param res.company companies: documents of others are never inside
        :param domain: which of their documents, as it can be kept as JSON
        :param str stem: name of the zip, as people write it, without extension
        :param progbox.folder folder: when it is all that is in and under one folder
        :param values: further field values of the export
        :rtype: progbox.export
        """
        queued = self._queued(companies, domain, folder, **values)
        return queued or self.env["progbox.export"]._enqueue(
            {
                "kind": "zip",
                "target": "zip",
                "name": stem,
                "company_ids": companies.ids,
                "folder_id": folder and folder.id,
                "domain": list(Domain(domain)),
                **values,
            }
        )

    @api.model
    def _queued(self, companies, domain, folder=None, **values):
        """Return the zip that the user has asked for and waits for, or an empty one."""
        exports = self.env["progbox.export"].sudo()
        values = {
            "kind": "zip",
            "create_uid": self.env.uid,
            "folder_id": bool(folder) and folder.id,
            **values,
        }
        queued = exports.search(
            Domain("state", "in", OPEN_STATES)
            & Domain.AND(Domain(name, "=", value) for name, value in values.items())
        ).filtered(
            lambda export: (
                export.company_ids == companies
                and Domain(export.domain) == Domain(domain)
            )
        )
        return queued[:1].with_env(self.env)

    @contextmanager
    def _refusals_logged(self, record):
        """Write down who is refused a zip; the refusal goes its way.

        :param record: folder, ticket or export that is asked for
        """
        try:
            yield
        except AccessError:
            # Nothing of this transaction stays; in the tests it holds a lock, too.
            self.env.cr.rollback()
            with self.env.registry.cursor() as cr:
                asked = record.with_env(self.env(cr=cr)).sudo().exists()
                asked.env["progbox.zip"]._log_refusal(asked)
            raise

    @api.model
    def _log_refusal(self, asked):
        if asked:
            is_folder = asked._name == "progbox.folder"
            place = {"folder": asked} if is_folder else {"company": asked.company_ids}
            note = self.env._("Zip: %(name)s", name=asked.display_name)
            self.env["progbox.access.log"]._log_refusal(note, **place)

    @api.model
    def _nothing_text(self):
        return self.env._("There is no document here that you could download.")

    # ------------------------------------------------------------------
    # To extend
    # ------------------------------------------------------------------

    @api.model
    def _log_zip(self, companies, domain, count, folder=None, note=None):
        """Write down that somebody takes a zip along, before its first byte.

        :param int count: how many documents are in it
        :param progbox.folder folder: when it is all of it
        :param str note: what else to know, in words
        """
        log = self.env["progbox.access.log"]
        note = note or self.env._("%(count)s in a zip", count=count)
        if folder:
            log._log("download", folder=folder, note=note)
            return
        documents = self.env["progbox.document"]
        domain = Domain(domain) & Domain("company_id", "in", companies.ids)
        if count <= LOGGED_ONE_BY_ONE:
            log._log("download", documents=documents.search(domain), note=note)
        else:
            [[folders]] = documents._read_group(domain, [], ["folder_id:recordset"])
            log._log("download", folder=folders, note=note)

    @api.model
    def _tell_problems(self, package):
        """Tell the person on screen what PROBLEMS.txt names; the log has it all.

        :param Package package: with problems
        """
        _logger.warning(
            "A zip for %s lacks files:\n%s",
            self.env.user.login,
            "\n".join(package.problems),
        )
        self.env.user._bus_send(
            "simple_notification",
            {
                "type": "warning",
                "sticky": True,
                "message": self._problems_text(len(package.problems)),
            },
        )

    @api.model
    def _problems_text(self, count):
        return self.env._(
            "Something is wrong with %(count)s of the files. PROBLEMS.txt in the zip "
            "names them.",
            count=count,
        )

    # ------------------------------------------------------------------
    # For the browser
    # ------------------------------------------------------------------

    @api.model
    def start(self, domain, folder_id=False):
        """Say how the user gets the zip of what he has chosen.

        :param list domain: which documents
        :param int folder_id: instead of a domain: all in and under this folder
        :return: dictionary of ``documents`` and ``size``, and either ``url``, where
            the download is, or ``export``, the action that opens what is being built
        :raise UserError: when there is no document
        """
        folder = self.env["progbox.folder"].browse(folder_id or ())
        companies = self.env.companies
        if folder:
            folder.check_access("read")
            domain = Domain("folder_id", "child_of", folder.id)
        measure = self._measure(companies, domain)
        if not measure.documents:
            raise UserError(self._nothing_text())
        answer = {"documents": measure.documents, "size": measure.size}
        stem = folder._zip_stem() if folder else self.env._("Archive")
        if not self._is_direct(measure):
            export = self._request(measure.companies, domain, stem, folder)
            return {**answer, "export": export._get_records_action()}
        if folder:
            return {**answer, "url": f"/progbox/zip/folder/{folder.id}"}
        ticket = self.env["progbox.zip.ticket"]._issue(measure.companies, domain, stem)
        return {**answer, "url": f"/progbox/zip/{ticket.id}"}
