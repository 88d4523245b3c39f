"""What an account copies, what it still lacks, and how fast it goes."""

from datetime import timedelta
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from odoo.addons.progbox_invoice_archive.models.compilation_texts import size_text

# The rate is that of the last moments.
LATELY = timedelta(seconds=60)


def wanted_sql(account):
    """Return which documents go to an account that is connected, as a condition."""
    return SQL("%s AND account.state != 'disconnected'", chosen_sql(account))


def chosen_sql(account):
    """Return which documents an account copies, as a condition on both rows.

    The archive, as long as no types are chosen. What people keep on records beside
    it, contracts of employees for example, goes when its type is. A document without
    a company is everybody's: one account may copy those of the chosen types.
    """
    return SQL(
        """(account.company_id = document.company_id
            OR document.company_id IS NULL AND account.without_company)
        AND ((document.seal_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM %(types)s chosen
                WHERE chosen.progbox_dropbox_account_id = account.id))
             OR document.type_id IN (
                SELECT chosen.progbox_document_type_id FROM %(types)s chosen
                WHERE chosen.progbox_dropbox_account_id = account.id))""",
        types=SQL.identifier(account._fields["type_ids"].relation),
    )


def missing_count(account, limit=100_000):
    """Count the documents that nothing has been queued for."""
    account.env.flush_all()
    [[count]] = account.env.execute_query(
        SQL(
            """SELECT count(*) FROM (
                SELECT FROM progbox_document document, %(accounts)s account
                WHERE account.id = %(account)s AND %(wanted)s AND NOT EXISTS (
                    SELECT FROM progbox_dropbox_transfer transfer
                    WHERE transfer.account_id = account.id
                    AND transfer.document_id = document.id
                    AND transfer.state != 'cancelled')
                LIMIT %(limit)s) missing""",
            accounts=SQL.identifier(account._table),
            account=account.id,
            wanted=wanted_sql(account),
            limit=limit,
        )
    )
    return count


class Progress(NamedTuple):
    """How far a synchronization is: files, bytes, bytes a second, seconds left."""

    done: int
    done_bytes: float
    open: int
    open_bytes: float
    rate: float

    @property
    def percent(self):
        """By bytes; by files as long as nothing has a size."""
        total = self.done_bytes + self.open_bytes
        if total:
            return 100 * self.done_bytes / total
        return 100 * self.done / ((self.done + self.open) or 1)

    @property
    def seconds_left(self):
        return self.open_bytes / self.rate if self.rate else None


def progress_of(account):
    """Return how far the synchronization is that was begun last.

    :rtype: Progress
    """
    now = fields.Datetime.now()
    begun = account.sync_begun or now
    lately = max(begun, now - LATELY)
    account.env["progbox.dropbox.transfer"].flush_model()
    [row] = account.env.execute_query(
        SQL(
            """SELECT count(*) FILTER (WHERE state = 'done'),
                coalesce(sum(size) FILTER (WHERE state = 'done'), 0),
                count(*) FILTER (WHERE state != 'done'),
                coalesce(sum(size) FILTER (WHERE state != 'done'), 0),
                coalesce(sum(size) FILTER (
                    WHERE state = 'done' AND done_on >= %(lately)s), 0)
            FROM progbox_dropbox_transfer
            WHERE account_id = %(account)s AND (
                state IN ('pending', 'running', 'waiting')
                OR state = 'done' AND done_on >= %(begun)s)""",
            account=account.id,
            begun=begun,
            lately=lately,
        )
    )
    *counts, recent = row
    seconds = max((now - lately).total_seconds(), 1)
    return Progress(*counts, recent / seconds)


def progress_text(env, progress):
    """Return a progress in words."""
    total = progress.done + progress.open
    text = env._(
        "Files: %(done)s of %(total)s (%(done_size)s of %(total_size)s).",
        done=progress.done,
        total=total,
        done_size=size_text(env, progress.done_bytes),
        total_size=size_text(env, progress.done_bytes + progress.open_bytes),
    )
    if progress.rate and progress.open:
        minutes, seconds = divmod(round(progress.seconds_left), 60)
        hours, minutes = divmod(minutes, 60)
        text += " " + env._(
            "%(rate)s a second, time left: %(left)s",
            rate=size_text(env, progress.rate),
            left=f"{hours}:{minutes:02}:{seconds:02}",
        )
    return text
