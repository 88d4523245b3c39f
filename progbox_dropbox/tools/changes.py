"""Moving and deleting many files in Dropbox, without sending them again."""

import time
from dataclasses import dataclass
from typing import Any

from dropbox import exceptions, files

from .verdicts import Action, Verdict, classify, classify_entry

FIRST_LOOK, LONGEST_LOOK = 0.2, 5


@dataclass
class Change:
    """A file that is to be elsewhere, or not to be any more.

    :param key: the caller's
    :param str ref: Dropbox's id of the file
    :param str path: where it is to be; None to delete it
    :param str rev: what is to be deleted, and nothing newer
    :param int position: among all changes of one job
    """

    key: Any
    ref: str
    path: str = None
    rev: str = None
    position: int = 0
    # What has come of it: one of these.
    metadata: Any = None
    gone: bool = False
    verdict: Verdict = None


class Move:
    """Dropbox's own move: nothing is sent, identity and revisions stay."""

    def __init__(self, client):
        self.client = client

    def start(self, changes):
        entries = [files.RelocationPath(change.ref, change.path) for change in changes]
        return self.client.files_move_batch_v2(entries)

    def look(self, job):
        return self.client.files_move_batch_check_v2(job)

    def note_success(self, change, entry):
        change.metadata = entry.get_success()

    def note_failure(self, change, failure):
        try:
            found = self.client.files_get_metadata(change.ref)
        except exceptions.ApiError as error:
            change.verdict = classify(error)
            # Somebody has deleted it there.
            change.gone = change.verdict.reason == "not_found"
            return
        if found.path_display == change.path:
            # It was moved before, and the answer was lost.
            change.metadata = found
            return
        change.verdict = classify_entry(failure)


class Delete:
    """Deleted files stay with Dropbox for a while: a person can bring them back."""

    def __init__(self, client):
        self.client = client

    def start(self, changes):
        entries = [files.DeleteArg(change.ref, change.rev) for change in changes]
        return self.client.files_delete_batch(entries)

    def look(self, job):
        return self.client.files_delete_batch_check(job)

    def note_success(self, change, _entry):
        change.gone = True

    def note_failure(self, change, failure):
        change.verdict = classify_entry(failure)
        change.gone = change.verdict.reason == "not_found"


def carry_out(kind, changes, until, job=None):
    """Let Dropbox change all of them, and note what has come of each.

    :param kind: a Move or a Delete
    :param list changes: of Change; as they were given to the job, if it has begun
    :param float until: of ``time.monotonic()``
    :param str job: one that an earlier call has begun
    :return: the job that Dropbox is still at, None when it has come to its end
    :raise: one of HANDLED
    """
    answer, pause = None, FIRST_LOOK
    if not job:
        answer = kind.start(changes)
        if answer.is_async_job_id():
            job, answer = answer.get_async_job_id(), None
    while answer is None:
        status = kind.look(job)
        if not status.is_in_progress():
            answer = status
        elif time.monotonic() > until:
            return job
        else:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK)
    _note(kind, changes, answer)
    return None


def _note(kind, changes, answer):
    if not answer.is_complete():
        again = Verdict(Action.RETRY, "too_many_write_operations", None, str(answer))
        for change in changes:
            change.verdict = again
        return
    entries = answer.get_complete().entries
    for change in changes:
        entry = entries[change.position]
        if entry.is_success():
            kind.note_success(change, entry)
        else:
            kind.note_failure(change, entry.get_failure())
