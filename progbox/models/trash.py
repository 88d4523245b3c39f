"""How long the trash keeps documents, and how it is emptied."""

import logging
from contextlib import suppress
from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Domain

from .gone_records import remove_empty_folders

_logger = logging.getLogger(__name__)

DAYS = 30
DAYS_PARAMETER = "progbox.trash_days"
BATCH = 100
# The archive is never deleted, whatever may have got into the trash.
UNSEALED = Domain("seal_id", "=", False) & Domain("locked", "=", False)


def days(env):
    """Return how many days a document stays in the trash."""
    # Nonsense in the parameter deletes nothing early.
    with suppress(ValueError):
        parameters = env["ir.config_parameter"].sudo()
        return max(int(parameters.get_param(DAYS_PARAMETER, DAYS)), 1)
    return DAYS


def kept_until(documents):
    """Return the last day of what goes to the trash now, where the user is."""
    return fields.Date.context_today(documents) + timedelta(days=days(documents.env))


def empty(env):
    """Delete for good what has been in the trash long enough.

    :param env: of the server
    """
    limit = fields.Datetime.now() - timedelta(days=days(env))
    over = Domain("trashed_on", "<", limit) & UNSEALED
    last = 0
    while documents := env["progbox.document"].search(
        over & Domain("id", ">", last), order="id", limit=BATCH
    ):
        last = documents[-1].id
        folders = documents.folder_id
        for document in documents:
            _delete(document)
        remove_empty_folders(folders)
        # Whether there is more, so that Odoo comes back soon.
        more = int(len(documents) == BATCH)
        if not env["ir.cron"]._commit_progress(len(documents), remaining=more):
            return


def _delete(document):
    """Delete one document; what fails is tried again by the next run."""
    try:
        with document.env.cr.savepoint():
            document.unlink()
    except (UserError, psycopg2.IntegrityError):
        _logger.exception("cannot delete %s, which is in the trash", document)
