"""How a child process says that a task failed."""

import errno

from .words import MAX_DETAIL, clean

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Failure(Exception):
    """A task did not succeed, for a reason that has a code.

    :param code: one of errors.REFUSALS or errors.ERRORS
    :param detail: may quote the file
    :param index: the part that is to blame, if one is
    """

    def __init__(self, code, detail="", index=None):
        super().__init__(code, detail, index)
        self.code = code
        self.detail = clean(detail, MAX_DETAIL)
        self.index = index


def is_disk_full(error):
    return isinstance(error, OSError) and error.errno in DISK_FULL
