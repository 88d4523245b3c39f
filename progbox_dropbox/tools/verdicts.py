"""What an error of Dropbox means: the one table, by the exceptions of the SDK."""

import json
from enum import Enum
from typing import NamedTuple

import requests
from dropbox import exceptions
from dropbox.stone_validators import ValidationError

from .client import OddAnswer, PlanLimit


class Action(Enum):
    """What to do about an error."""

    RETRY = "retry"  # the same again, later
    PAUSE = "pause"  # nothing of this account for some time
    FULL = "full"  # nothing until there is room
    RECONNECT = "reconnect"  # nothing until a person connects anew
    CONFIGURATION = "configuration"  # nothing until the app is set up rightly
    RESTART = "restart"  # the file, from its begin, in a new session
    PERMANENT = "permanent"  # never this file, until a person does something


STOPS = {Action.FULL, Action.RECONNECT, Action.CONFIGURATION}


class Verdict(NamedTuple):
    """What an error means.

    :param Action action:
    :param str reason: a key of REASONS
    :param float seconds: how long Dropbox says to wait, None if it does not
    :param str detail: for the administrator
    """

    action: Action
    reason: str
    seconds: float = None
    detail: str = ""


# By tags of the routes' errors, wherever in the error they stand.
TAGS = {
    "too_many_write_operations": Action.RETRY,
    "too_many_requests": Action.RETRY,
    "internal_error": Action.RETRY,
    "content_hash_mismatch": Action.RESTART,
    "length_mismatch": Action.RESTART,
    "incorrect_offset": Action.RESTART,
    "not_found": Action.RESTART,
    "closed": Action.RESTART,
    "not_closed": Action.RESTART,
    "concurrent_session_invalid_offset": Action.RESTART,
    "concurrent_session_invalid_data_size": Action.RESTART,
    "concurrent_session_missing_data": Action.RESTART,
    "concurrent_session_data_not_allowed": Action.RESTART,
    "concurrent_session_not_closed": Action.RESTART,
    "concurrent_session_close_not_allowed": Action.RESTART,
    "too_many_shared_folder_targets": Action.RETRY,
    "insufficient_space": Action.FULL,
    "team_folder_insufficient_space": Action.FULL,
    "member_folder_insufficient_space": Action.FULL,
    "upload_traffic_limit_reached": Action.FULL,
    "conflict": Action.PERMANENT,
    "malformed_path": Action.PERMANENT,
    "disallowed_name": Action.PERMANENT,
    "no_write_permission": Action.PERMANENT,
    "team_folder": Action.PERMANENT,
    "operation_suppressed": Action.PERMANENT,
    "access_restricted": Action.PERMANENT,
    "encryption_not_supported": Action.PERMANENT,
    "payload_too_large": Action.PERMANENT,
    "too_large": Action.PERMANENT,
    # Of 401.
    "invalid_access_token": Action.RECONNECT,
    "expired_access_token": Action.RECONNECT,
    "invalid_select_user": Action.RECONNECT,
    "invalid_select_admin": Action.RECONNECT,
    "user_suspended": Action.RECONNECT,
    "route_access_denied": Action.CONFIGURATION,
    "missing_scope": Action.CONFIGURATION,
}
# By class, for exceptions without tags, or with none that is known; the first counts.
CLASSES = (
    (exceptions.RateLimitError, Action.PAUSE, "throttled"),
    (exceptions.AuthError, Action.RECONNECT, "invalid_access_token"),
    (exceptions.PathRootError, Action.RECONNECT, "path_root"),
    (exceptions.BadInputError, Action.CONFIGURATION, "bad_input"),
    (PlanLimit, Action.FULL, "plan_limit"),
    (exceptions.ApiError, Action.RETRY, "unknown"),
    (exceptions.DropboxException, Action.RETRY, "service_error"),
    (OddAnswer, Action.RETRY, "odd_answer"),
    (requests.exceptions.RequestException, Action.RETRY, "unreachable"),
    (ValidationError, Action.RETRY, "odd_answer"),
    (json.JSONDecodeError, Action.RETRY, "odd_answer"),
    (AssertionError, Action.RETRY, "odd_answer"),
    (KeyError, Action.RETRY, "odd_answer"),
)
# A refused request is the app's fault when Dropbox says so, else one of its files'.
OF_THE_APP = ("client_id", "invalid_client", "scope", "app folder", "your app", "oauth")
HANDLED = tuple(kind for kind, _action, _reason in CLASSES)
REASONS = {*TAGS, "refused", *(reason for _kind, _action, reason in CLASSES)}
SHORTEST_PAUSE = 1


def classify(error):
    """Return what an exception means that a call has raised.

    :param error: one of HANDLED
    :rtype: Verdict
    """
    detail = f"{type(error).__name__}: {error}"[:2000]
    if isinstance(error, exceptions.RateLimitError):
        seconds = max(error.backoff or SHORTEST_PAUSE, SHORTEST_PAUSE)
        return Verdict(Action.PAUSE, "throttled", seconds, detail)
    if isinstance(error, exceptions.BadInputError) and not _is_of_the_app(error):
        return Verdict(Action.RETRY, "refused", None, detail)
    if tagged := classify_tags(getattr(error, "error", None), detail):
        return tagged
    for kind, action, reason in CLASSES:
        if isinstance(error, kind):
            return Verdict(action, reason, None, detail)
    raise error


def _is_of_the_app(error):
    text = str(error.message).lower()
    return any(words in text for words in OF_THE_APP)


def classify_tags(union, detail=""):
    """Return what an error of a route means, None for an unknown one.

    :param union: a union of the SDK, as in the entries of a batch's result
    """
    for tag in tags(union):
        if action := TAGS.get(tag):
            return Verdict(action, tag, None, detail or str(union)[:2000])
    return None


def classify_entry(union):
    """Return what the failure of an entry of a batch means."""
    unknown = Verdict(Action.RETRY, "unknown", None, str(union)[:2000])
    return classify_tags(union) or unknown


def tags(union):
    """Yield the tags of a union, from the outside to the inside."""
    while (tag := getattr(union, "_tag", None)) is not None:
        yield tag
        union = getattr(union, "_value", None)
        # UploadWriteFailed is a structure around the error.
        union = getattr(union, "reason", union)
