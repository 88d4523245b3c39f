from odoo.exceptions import UserError


class JobWaiting(Exception):
    """A job cannot go on yet, and that is no error.

    :param reason: what it waits for, in the user's words
    :param until: naive UTC datetime of the next look
    """

    def __init__(self, reason, until):
        super().__init__(reason)
        self.reason = reason
        self.until = until


class JobCancelled(Exception):
    """A job has lost its object; the message says why, in the user's words."""


class JobError(UserError):
    """A job failed for a reason that a person can act on.

    :param message: what happened and what to do, in the user's words
    :param detail: what the administrator needs (stderr, exception), or None
    """

    def __init__(self, message, detail=None):
        super().__init__(message)
        self.detail = detail


class NotKept(JobError):
    """The database does not keep what was written: trying again changes nothing."""


class FileUnreadable(UserError, OSError):
    """The storage does not give the bytes of an attachment."""


class FileMissing(FileUnreadable, FileNotFoundError):
    """The storage does not hold the bytes of an attachment."""


class RenderError(JobError):
    """A page could not be made; `detail` is what the renderer said."""


class CharactersWithoutFont(RenderError):
    """A page would lose characters; a person may archive it all the same."""


class NotShared(Exception):
    """A visitor asked for something that is not, or no longer, shared with them.

    :param share: the share it was asked of, empty when there is none
    :param str reason: why, for the log; the visitor does not learn it
    :param int number: id of what was asked for, for the log
    """

    def __init__(self, share, reason, number=None):
        super().__init__(reason)
        self.share = share
        self.reason = reason
        self.number = number
