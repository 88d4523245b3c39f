"""How a Dropbox refuses."""


class Refusal(Exception):
    """An answer that is no result.

    :param int status: of HTTP
    :param body: text, or what becomes JSON
    """

    def __init__(self, status, body, headers=None):
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers or {}


class WriteRefused(Exception):
    """A file cannot be committed: the value of a WriteError."""

    def __init__(self, tag, inner=None):
        super().__init__(tag)
        self.error = {".tag": tag, **({tag: {".tag": inner}} if inner else {})}


class MoveRefused(Exception):
    """A file or folder cannot be moved: the value of a RelocationError."""

    def __init__(self, tag, value=None):
        super().__init__(tag)
        self.error = {".tag": tag, **({tag: value} if value else {})}


class LookupRefused(Exception):
    """A session cannot be used: the value of an UploadSessionLookupError."""

    def __init__(self, tag, **values):
        super().__init__(tag)
        self.error = {".tag": tag, **values}


def bad_input(text):
    return Refusal(400, text)


def summary(error):
    """The tags of an error, joined, as Dropbox writes them."""
    tags = []
    while isinstance(error, dict) and (tag := error.get(".tag")):
        tags.append(tag)
        error = error.get(tag) or error.get("reason")
    return "/".join(tags) + "/.."


def route_error(error, status=409):
    return Refusal(status, {"error_summary": summary(error), "error": error})
