"""What is done when a zip has been sent, or its download was broken off.

By then the request is over, and its cursor closed. What a client has taken is known
only here: a zip that is asked for has not arrived yet.
"""

import logging
from contextlib import contextmanager

from odoo import api

from ..tools.web_request import current_request

_logger = logging.getLogger(__name__)


class ZipHandover:
    """Sends something piece by piece, and writes down how far it came.

    :param zips: ``progbox.zip``, in the environment of whoever gets it
    :param res.company companies: whose documents are in it
    :param whole: function that is called with ``progbox.zip`` in an environment of its
        own, just before the last piece is handed over
    """

    def __init__(self, zips, companies, whole):
        env = zips.env
        self.share = env["progbox.share"]._visited()
        self.registry = env.registry
        # The visited share is a record of the cursor that will be closed.
        context = {k: v for k, v in env.context.items() if k != "progbox_share"}
        self.facts = (env.uid, context, env.su)
        self.company_ids = companies.ids
        self.asked = current_request()
        self.whole = whole
        # A browser that goes on asks for parts, and breaks some of them off.
        self.tells_break = True

    def watch(self, pieces, size):
        """Yield pieces as they are.

        :param pieces: iterable of bytes
        :param int size: of all of them together
        """
        sent, is_whole = 0, False
        try:
            for piece in pieces:
                if sent + len(piece) == size:
                    # Not afterwards: by then the client may be asking for more.
                    is_whole = True
                    self._write(self.whole)
                yield piece
                sent += len(piece)
        finally:
            if self.tells_break and not is_whole:
                self._write(lambda zips: self._broken_off(zips, 100 * sent // size))
            if close := getattr(pieces, "close", None):
                close()

    def _broken_off(self, zips, percent):
        companies = zips.env["res.company"].browse(self.company_ids)
        zips._broken_off(companies, percent, self.asked)

    def _write(self, function):
        try:
            with self._zips() as zips:
                function(zips)
        except Exception:
            # Whoever waits for the zip has done nothing wrong.
            _logger.exception("It was not written down that a zip has been sent")

    @contextmanager
    def _zips(self):
        uid, context, su = self.facts
        with self.registry.cursor() as cr:
            env = api.Environment(cr, uid, context, su)
            if self.share:
                share = self.share.with_env(env)
                env = env(context={**context, "progbox_share": share})
            yield env["progbox.zip"]
