import logging
from contextlib import contextmanager
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools.web_request import current_request
from .progbox_job_mixin import OPEN_STATES

_logger = logging.getLogger(__name__)

LIMIT_PARAMETER = "progbox_invoice_archive.zip_limit"

DEFAULT_LIMIT = 200

MEGABYTE = 10**6

# Documents that are named one by one in the access log; of more, the folders are.
LOGGED_ONE_BY_ONE = 500


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

    The environment of the caller decides what is inside: its user and its companies,
    or the superuser with a domain that is narrow enough. What can be extended:
    :meth:`_log_zip`, :meth:`_handed_over` and :meth:`_tell_problems`.
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
        documents = self.env["progbox.document"]
        groups = documents._read_group(
            Domain(domain) & documents._of_companies(companies),
            ["company_id"],
            ["__count", "size:sum"],
        )
        return Measure(
            sum(count for _company, count, _size in groups),
            sum(size or 0 for _company, _count, size in groups),
            # Documents that all companies share go with whichever is asked for.
            companies.browse(
                dict.fromkeys(company.id or companies[:1].id for company, *_ in groups)
            ),
        )

    @api.model
    def _found(self, companies, domain):
        """Return the documents that a zip is about, those whose files are lost too."""
        documents = self.env["progbox.document"]
        return documents.search(
            Domain(domain) & documents._of_companies(companies), order="id"
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
    def _zip_package(self, companies, domain, folder=None):
        """Return what is about to be sent as a zip, and write that down.

        What is missing is found out on the way: see :class:`ZipHandover`.

        :param res.company companies: documents of others are never inside; with
            several, each has a folder of its own at the top
        :param domain: which of their documents
        :param progbox.folder folder: when it is all that is in and under one folder
        :rtype: Package, finished
        :raise UserError: when there is no document
        """
        packages = self.env["progbox.package"]
        package = packages._package(companies, domain, look=False)
        if not package.files and not package.problems:
            raise UserError(self._nothing_text())
        packages._finish(package, read=False)
        if not current_request().is_head:
            self._log_zip(companies, domain, len(package.files), folder)
        return package

    @api.model
    def _queue_zip(self, companies, domain, stem, folder=None, **values):
        """Queue a zip that is built in the background, unless the same one is already.

        :param res.company companies: documents of others are never inside
        :param domain: which of their documents, as it can be kept as JSON
        :param str stem: name of the zip, as people write it, without extension
        :param progbox.folder folder: when it is all that is in and under one folder
        :param values: further field values of the export
        :rtype: progbox.export
        """
        queued = self._queued(companies, domain, folder, **values)
        return queued or self.env["progbox.export"]._enqueue_request(
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
        """Write down who is refused a zip, and let the refusal through.

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
        share = self.env["progbox.share"]._visited()
        told = share._as_sharer_reads() if share else self
        note = note or told.env._("%(count)s in a zip", count=count)
        if share:
            share._log_visit("download", note)
            return
        log = self.env["progbox.access.log"]
        if folder:
            log._log("download", folder=folder, note=note)
            return
        documents = self.env["progbox.document"]
        domain = Domain(domain) & documents._of_companies(companies)
        if count <= LOGGED_ONE_BY_ONE:
            log._log("download", documents=documents.search(domain), note=note)
        else:
            [[folders]] = documents._read_group(domain, [], ["folder_id:recordset"])
            log._log("download", folder=folders, note=note)

    @api.model
    def _handed_over(self, package):
        """Do what is to be done when all of a zip has arrived.

        :param Package package: sent
        """
        if package.problems:
            self._tell_problems(package)

    @api.model
    def _broken_off(self, companies, percent, asked):
        """Write down that only the beginning of a zip was taken.

        :param res.company companies: whose documents are in it
        :param int percent: how much of it
        :param WebRequest asked: the request that it was the answer to
        """
        share = self.env["progbox.share"]._visited()
        told = share._as_sharer_reads() if share else self
        place = {"folder": share.folder_id} if share else {"company": companies}
        self.env["progbox.access.log"]._log(
            "stopped",
            **place,
            note=told.env._("Zip broken off at %(percent)s %%", percent=percent),
            share=share,
            asked=asked,
        )

    @api.model
    def _tell_problems(self, package):
        """Tell the person on screen what PROBLEMS.txt names; the log has it all.

        Of a share, the person who shares is told.

        :param Package package: with problems
        """
        if share := self.env["progbox.share"]._visited():
            told = share._as_sharer_reads()
            self = told.env["progbox.zip"].with_user(share.create_uid)
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
        """Say how the user gets the zip of the chosen documents.

        :param list domain: which documents; an empty one is refused
        :param int folder_id: instead of a domain: all in and under this folder
        :return: dictionary of ``documents`` and ``size``, and either ``url``, where
            the download is, or ``export``, the action that opens what is being built
        :raise UserError: when there is no document, or when none were chosen
        """
        folder = self.env["progbox.folder"].browse(folder_id or ())
        companies = self.env.companies
        if folder:
            folder.check_access("read")
            domain = folder._documents_domain()
        elif Domain(domain).is_true():
            # The browser names at least what it lists; a call without is a mistake.
            raise UserError(
                self.env._(
                    "No documents were chosen for the zip. Choose documents or a "
                    "folder, or filter the list."
                )
            )
        measure = self._measure(companies, domain)
        if not measure.documents:
            raise UserError(self._nothing_text())
        answer = {"documents": measure.documents, "size": measure.size}
        stem = folder._zip_stem() if folder else self.env._("Archive")
        if not self._is_direct(measure):
            export = self._queue_zip(measure.companies, domain, stem, folder)
            return {**answer, "export": export._get_records_action()}
        if folder:
            return {**answer, "url": f"/progbox/zip/folder/{folder.id}"}
        ticket = self.env["progbox.zip.ticket"]._issue(measure.companies, domain, stem)
        return {**answer, "url": f"/progbox/zip/{ticket.id}"}
