"""The secret of a link that opens a share.

Kept as a plain SHA-256: with 256 random bits there is nothing to guess, so a slow
hash, made for passwords, would only slow down every picture of every page.
"""

import hashlib
import hmac
import logging
import re
import secrets

SECRET_BYTES = 32
# As it stands in an address: the number of the share, then the secret.
TOKEN = re.compile(r"([1-9]\d{0,9})-([\w-]{43})", re.ASCII)
# Of an invitation to the portal: who has it chooses the password.
INVITATION = re.compile(r"([?&]token=)[^&\s]+")


def new_secret():
    """Return a secret, and the digest to keep of it."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return secret, digest(secret)


def digest(secret):
    """Return what is kept of a secret.

    >>> len(digest("x"))
    64
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def split(token):
    """Return the number of the share and the secret, or None for anything else.

    >>> split("12-" + "a" * 43) == (12, "a" * 43)
    True
    >>> split("12-short") is split("") is split("1-" + "é" * 43) is None
    True
    """
    match = TOKEN.fullmatch(token or "")
    return match and (int(match[1]), match[2])


def matches(secret, kept):
    """Whether a secret is the one whose digest was kept; takes the same time always."""
    return hmac.compare_digest(digest(secret), kept or "")


def masked(text):
    """Return a text without the secrets of the tokens in it.

    >>> masked("GET /archive/12-" + "a" * 43 + "/zip/all HTTP/1.1")
    'GET /archive/12-***/zip/all HTTP/1.1'
    >>> masked("GET /web/signup?token=ab.c-d&redirect=%2Fmy HTTP/1.1")
    'GET /web/signup?token=***&redirect=%2Fmy HTTP/1.1'
    """
    return INVITATION.sub(r"\1***", TOKEN.sub(r"\1-***", text))


class MaskTokens(logging.Filter):
    """Keeps tokens out of the server's log: a line of it is as good as the link."""

    def filter(self, record):
        message = record.getMessage()
        if (clean := masked(message)) != message:
            record.msg, record.args = clean, ()
        return True
