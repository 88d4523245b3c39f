"""The official SDK, for a queue, and for answers that it does not understand."""

import email.utils
import time
from contextlib import suppress

import dropbox
from dropbox import exceptions

JSON = "application/json"
TIMEOUT = 100
AGENT = "ProGBox"


class OddAnswer(Exception):
    """Something between us and Dropbox has answered, or Dropbox in another way."""


class PlanLimit(Exception):
    """The plan of the account allows no more calls this month."""


class Client(dropbox.Dropbox):
    """The SDK's client. It never waits by itself: the queue knows when to come back."""

    def __init__(self, *arguments, **options):
        options.setdefault("max_retries_on_rate_limit", 0)
        options.setdefault("max_retries_on_error", 0)
        options.setdefault("user_agent", AGENT)
        options.setdefault("timeout", TIMEOUT)
        super().__init__(*arguments, **options)

    def entries(self, folder, **options):
        """Yield all that a folder lists, page by page.

        :param options: those of ``files_list_folder``
        """
        answer = self.files_list_folder(folder, **options)
        yield from answer.entries
        while answer.has_more:
            answer = self.files_list_folder_continue(answer.cursor)
            yield from answer.entries

    def raise_dropbox_error_for_resp(self, res):
        status, kind = res.status_code, res.headers.get("content-type", "")
        if status == 429:
            request_id = res.headers.get("x-dropbox-request-id")
            raise exceptions.RateLimitError(request_id, None, retry_after(res))
        if kind.partition(";")[0].strip() == JSON:
            # A proxy may add the character set, which the SDK takes for another type.
            res.headers["content-type"] = JSON
        elif status in (401, 403, 404, 409):
            raise OddAnswer(f"HTTP {status}: {res.text[:500]}")
        if status == 403 and "invalid_account_type" in res.text:
            raise PlanLimit(res.text[:500])
        return super().raise_dropbox_error_for_resp(res)


def retry_after(response):
    """Return for how many seconds a throttled caller shall wait, None if not said."""
    said = [_seconds(response.headers.get("retry-after"))]
    with suppress(ValueError, KeyError, TypeError):
        said.append(_seconds(response.json()["error"]["retry_after"]))
    return max((seconds for seconds in said if seconds is not None), default=None)


def _seconds(value):
    with suppress(TypeError, ValueError):
        return float(value)
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError):
        return None


def refreshed(refresh_token, key, secret):
    """Return a new access token, and its end.

    :raise: one of verdicts.HANDLED
    """
    client = Client(oauth2_refresh_token=refresh_token, app_key=key, app_secret=secret)
    client.check_and_refresh_access_token()
    return client._oauth2_access_token, client._oauth2_access_token_expiration


def space_of(client):
    """Return how many bytes an account uses, and how many it has.

    :raise: one of verdicts.HANDLED
    """
    usage = client.users_get_space_usage()
    allocation = usage.allocation
    if allocation.is_team():
        team = allocation.get_team()
        return team.used, team.allocated
    if allocation.is_individual():
        return usage.used, allocation.get_individual().allocated
    return usage.used, 0
