"""Work whose traces in the database are not to stay."""


class Discarded:
    """A savepoint that is always rolled back, for ``contextlib.closing``.

    :param cr: a cursor of Odoo; what its transaction has pending is written before
    """

    def __init__(self, cr):
        self._savepoint = cr.savepoint()

    def close(self):
        self._savepoint.close(rollback=True)
