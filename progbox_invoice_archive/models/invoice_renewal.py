"""New versions of archived invoices, made while somebody waits for them."""

import logging
from contextlib import contextmanager

from odoo import SUPERUSER_ID
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain

from ..exceptions import JobCancelled, JobWaiting
from .progbox_job_mixin import CONCURRENCY_ERRORS, UNFINISHED_STATES

_logger = logging.getLogger(__name__)


class Renewal:
    """Archives invoices as they are now, in the transaction of who asks for them.

    From the first one that is sealed until the end of the transaction, the ledger is
    locked and others wait. So whatever takes long comes before: all pages are made
    first, and then all are sealed or none, after which nobody waits. What cannot be
    archived now stays in the queue, which says why.

    For ``contextlib.closing``.

    :param account.move moves: with archived documents that say something else today
    """

    def __init__(self, moves):
        self.env = moves.env(user=SUPERUSER_ID, su=True, context={})
        self.moves = moves.with_env(self.env)
        # The error of a concurrent transaction that has archived or changed them first.
        self.overtaken = None
        self._prepared = {}

    def prepare(self):
        """Make the pages.

        :return: the invoices that can be sealed
        """
        for move, job in self._queued().items():
            with self._left_to_queue(move):
                self._prepared[move] = job._job_prepare()
        return self.moves.filtered(self._has_page)

    def seal(self):
        """Put the pages into the archive, all of them or none.

        :return: the invoices that are archived; none when others have archived since
            the transaction began, see :attr:`overtaken`
        """
        ready = self.moves.filtered(self._has_page)
        jobs = self._open_jobs(ready)
        with self._left_to_queue(ready):
            for move in ready:
                jobs[move]._job_carry_out_at_door(self._prepared[move])
            return ready
        return ready.browse()

    def close(self):
        """Remove the files that are not in the archive."""
        jobs = self.env["progbox.archive.job"]
        for prepared in self._prepared.values():
            jobs._job_discard(prepared)

    def _has_page(self, move):
        prepared = self._prepared.get(move)
        # Without a file, what is archived stands only where nothing was to be made.
        return prepared and (not prepared.deposit or prepared.deposit.files)

    def _queued(self):
        """Return the open job of each invoice; what has none gets one.

        Not one for each visitor: each would be listed when it fails.
        """
        queued = self.moves.browse(move.id for move in self._open_jobs(self.moves))
        (self.moves - queued)._progbox_enqueue("changed")
        return self._open_jobs(self.moves)

    def _open_jobs(self, moves):
        jobs = self.env["progbox.archive.job"].search(
            Domain("move_id", "in", moves.ids)
            & Domain("state", "in", UNFINISHED_STATES)
            # That one looks for what the customer got before the archive.
            & Domain("reason", "!=", "history"),
            order="id",
        )
        return {
            job.move_id: job.with_context(allowed_company_ids=job.company_id.ids)
            for job in jobs
        }

    @contextmanager
    def _left_to_queue(self, moves):
        """Undo what was done when it fails, and let the queue try it again."""
        try:
            with self.env.cr.savepoint():
                yield
        except (JobWaiting, JobCancelled, LockError) as reason:
            _logger.info("%s cannot be archived anew now: %s", moves, reason)
        except CONCURRENCY_ERRORS as error:
            self.overtaken = error
            _logger.info("%s are being archived by others: %s", moves, error)
        except UserError:
            _logger.warning("%s cannot be archived anew", moves, exc_info=True)
