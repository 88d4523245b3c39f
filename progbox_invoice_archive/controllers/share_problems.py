"""What the zip of a share lacks: said on the visitor's next page.

The browser gets the zip now, so the sentence waits in the visitor's session.
"""

from odoo.http import request


def keep_problems(share, problems):
    """Keep what a zip lacks for the next page.

    :param progbox.share share: that the zip is of
    :param list problems: a sentence for each file
    """
    shown = share._problems_shown(len(problems), problems)
    request.session[_key(share)] = shown


def take_problems(share):
    """Return what the last zip of this visitor lacked, once."""
    return request.session.pop(_key(share), None)


def _key(share):
    return f"progbox_zip_problems_{share.id}"
