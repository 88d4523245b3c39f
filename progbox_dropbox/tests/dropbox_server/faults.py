"""What may go wrong at Dropbox, or on the way, when a test wants it to."""

import threading
from dataclasses import dataclass, field

from .errors import Refusal, route_error

HTML = "<html><body>Bad gateway</body></html>"
JSON = "application/json"


def too_many(reason="too_many_requests", retry_after=None):
    error = {"reason": {".tag": reason}}
    if retry_after is not None:
        error["retry_after"] = retry_after
    return {"error_summary": f"{reason}/..", "error": error}


# Answers that come instead of the route's own, by the name of the fault.
ANSWERS = {
    "429_json": lambda: Refusal(429, too_many(retry_after=15)),
    "429_header": lambda: Refusal(429, too_many(), {"Retry-After": "15"}),
    "429_text": lambda: Refusal(429, "too many requests", {"Retry-After": "15"}),
    "429_bare": lambda: Refusal(429, "too many requests"),
    "429_date": lambda: Refusal(
        429, "wait", {"Retry-After": "Sat, 28 Nov 2026 12:00:00 GMT"}
    ),
    "401_expired": lambda: route_error({".tag": "expired_access_token"}, 401),
    "401_revoked": lambda: route_error({".tag": "invalid_access_token"}, 401),
    "401_suspended": lambda: route_error({".tag": "user_suspended"}, 401),
    "401_scope": lambda: route_error(
        {".tag": "missing_scope", "required_scope": "files.content.write"}, 401
    ),
    "401_html": lambda: Refusal(401, HTML, {"Content-Type": "text/html"}),
    "403_plan": lambda: route_error(
        {".tag": "invalid_account_type", "invalid_account_type": {".tag": "feature"}},
        403,
    ),
    "400_scope": lambda: Refusal(
        400,
        "Your app is not permitted to access this endpoint because it does not have "
        "the required scope 'files.content.write'.",
    ),
    "500_html": lambda: Refusal(500, HTML, {"Content-Type": "text/html"}),
    "502_html": lambda: Refusal(502, HTML, {"Content-Type": "text/html"}),
    "503_empty": lambda: Refusal(503, "", {"Retry-After": "30"}),
    "200_html": lambda: Refusal(200, HTML, {"Content-Type": "text/html"}),
    "200_not_json": lambda: Refusal(200, HTML, {"Content-Type": JSON}),
    "200_charset": lambda: Refusal(
        200, "{}", {"Content-Type": f"{JSON}; charset=utf-8"}
    ),
    "409_html": lambda: Refusal(409, HTML, {"Content-Type": "text/html"}),
    "409_other": lambda: route_error({".tag": "other"}),
    "409_unknown": lambda: route_error({".tag": "something_new"}),
    "409_busy": lambda: route_error({".tag": "too_many_write_operations"}),
}
# Faults of a single file, at its commit.
COMMITS = {
    "insufficient_space",
    "disallowed_name",
    "malformed_path",
    "no_write_permission",
    "operation_suppressed",
    "something_new",
    "too_many_write_operations",
    "team_folder",
}
# Faults of a single file, when it is read.
LOOKUPS = {"restricted_content", "not_found", "unsupported_file"}
# Faults of an invitation.
MEMBERS = {
    "cant_share_outside_team",
    "email_unverified",
    "insufficient_plan",
    "no_permission",
    "rate_limit",
    "team_folder",
    "too_many_members",
}
OTHERS = {"drop_before", "drop_after", "truncate", "corrupt", "async", "reset"}


@dataclass
class Fault:
    """Something that goes wrong.

    :param str kind: a key of ANSWERS, COMMITS, LOOKUPS or MEMBERS, or ``drop_before``
        (the call never arrives), ``drop_after`` (it does, and its answer is lost),
        ``truncate`` (half of its answer arrives), ``corrupt`` (the bytes are stored
        wrongly, or arrive wrongly),
        ``reset`` (of a cursor), ``async`` (the work is done, and its result is there
        after a few questions for it)
    :param int times: how often
    :param int skip: calls that go well before
    :param str name: part of the path, for faults of a single file
    """

    kind: str
    times: int = 1
    skip: int = 0
    name: str = ""
    hit: int = field(default=0, compare=False)

    def __post_init__(self):
        if self.kind not in {*ANSWERS, *COMMITS, *LOOKUPS, *MEMBERS, *OTHERS}:
            raise ValueError(self.kind)


class Faults:
    """The faults that are to come, by route."""

    def __init__(self):
        self._lock = threading.Lock()
        self._plans = {}

    def add(self, route, kind, **how):
        fault = Fault(kind, **how)
        with self._lock:
            self._plans.setdefault(route, []).append(fault)
        return fault

    def clear(self):
        with self._lock:
            self._plans.clear()

    def take(self, route, kinds, path=None):
        """Return the fault that happens now at a route, None if all goes well."""
        with self._lock:
            for fault in self._plans.get(route, ()):
                if fault.kind not in kinds or not fault.times:
                    continue
                if fault.name and fault.name not in (path or ""):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                fault.hit += 1
                return fault
        return None
