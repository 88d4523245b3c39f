"""What the zip of a share lacks: said on the visitor's next page.

The browser gets the zip now, so the sentence waits in the visitor's session.
"""

from odoo.http import request, root


def keep_problems(session, share, problems):
    """Keep what a zip lacks for the next page.

    :param session: of the visitor, whose request is over
    :param progbox.share share: that the zip is of
    :param list problems: a sentence for each file
    """
    session[_key(share)] = share._problems_shown(len(problems), problems)
    root.session_store.save(session)


def take_problems(share):
    """Return what the last zip of this visitor lacked, once."""
    return request.session.pop(_key(share), None)


def _key(share):
    return f"progbox_zip_problems_{share.id}"
