"""Work in the database of which nothing stays."""


class Discarded:
    """A savepoint that is always rolled back, for ``contextlib.closing``.

    :param cr: Odoo's cursor; what its transaction has pending is written before
    """

    def __init__(self, cr):
        self._savepoint = cr.savepoint()

    def undo(self):
        """Undo what was written so far, and let go of the locks that it took."""
        self._savepoint.rollback()

    def close(self):
        self._savepoint.close(rollback=True)
