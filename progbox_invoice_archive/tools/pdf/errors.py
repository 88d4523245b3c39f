"""What can go wrong, by codes that the caller puts into words."""

# Why one file cannot go in.
REFUSALS = {
    "missing": "there is no such file, or it cannot be read",
    "empty": "the file has no bytes",
    "encrypted": "it opens with a password only",
    "encrypted_otherwise": "encrypted by a certificate, or by an unknown method",
    "newer_compression": "packed in a way that is newer than our readers",
    "not_a_pdf": "neither a PDF nor a picture",
    "picture_kind": "a picture of a kind that becomes no page, such as HEIC",
    "picture_damaged": "a picture that cannot be read",
    "damaged": "its structure is broken and cannot be repaired",
    "truncated": "its end is missing, and with it a part of what it shows",
    "no_pages": "it has no page",
    "recursive": "its pages contain themselves",
    "too_large": "more bytes than the limit",
    "too_many_pages": "more pages than the limit",
    "timeout": "reading it took longer than the limit",
    "out_of_memory": "reading it took more memory than the limit",
    "unshowable": "a page that a common reader cannot show",
    "crashed": "the process that read it crashed",
    "portfolio_empty": "a portfolio without any file in it",
    "form_unreadable": "a form that only Adobe's programs can show",
    "no_paper": "an e-invoice or e-mail without a PDF or picture in it",
    "mail_part": "a part of an e-mail that is no paper, such as a logo",
    "active": "a file inside that may contain programs or scripts",
    "embedded": "a file inside that cannot be read",
}

# Why there is no result at all.
ERRORS = {
    "disk_full": "there is no room for the result",
    "too_large": "the result is larger than a file may be",
    "timeout": "the assembly took longer than the limit",
    "out_of_memory": "the assembly took more memory than the limit",
    "crashed": "the assembling process died",
    "check_failed": "the finished file did not pass the checks",
    "cancelled": "somebody cancelled it",
    "paused": "it is not finished, and can be gone on with",
    "part_refused": "an input went bad between inspection and assembly",
}


class CompileError(Exception):
    """There is no result; nothing is left at the target.

    :param code: one of ERRORS
    :param detail: what an administrator needs, in English
    """

    def __init__(self, code, detail=""):
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Cancelled(CompileError):
    """The caller's function `cancelled` returned true."""

    def __init__(self):
        super().__init__("cancelled")


class Paused(CompileError):
    """The caller's function `paused` returned true: the next call goes on."""

    def __init__(self):
        super().__init__("paused")


class PartRefused(CompileError):
    """One part spoils the result: list it as left out and assemble the others.

    :param index: its place among the parts
    :param refusal: one of REFUSALS
    """

    def __init__(self, index, refusal, detail=""):
        super().__init__("part_refused", detail)
        self.index = index
        self.refusal = refusal
