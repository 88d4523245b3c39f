from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import clean_context

from ..tools.ledger import chain
from ..tools.ledger.guards_sql import SHORTEST_LOG_RETENTION
from ..tools.ledger.verify import Finding, read_payload
from ..tools.sentinels import SERVER
from .stamp_authorities import noted_authorities

# Lines of requests that are still under way are not there yet: a later seal has them.
SETTLED = timedelta(hours=1)
# Lines that are sealed at a time, and seals that a verification looks at.
LINES_AT_ONCE, PAGE_SIZE = 100_000, 200
# Lines of one seal: lines are purged by whole seals, in one transaction.
LINES_OF_SEAL = 10_000
# After this time each line has a seal, or sealing stands.
SEALED_WITHIN = timedelta(days=2)
SHORTEST = timedelta(days=SHORTEST_LOG_RETENTION)


def _line_sql():
    """Return a row ``log`` as one text, whatever the settings of the session are."""
    return SQL(
        """jsonb_build_array(
            log.id, log.company_id,
            to_char(log.accessed_on, 'YYYY-MM-DD HH24:MI:SS.US'), log.kind,
            log.user_ref, log.user_name, log.user_login, log.address,
            log.document_ref, log.document_name, log.folder_ref, log.folder_name,
            log.share_ref, log.place, log.note, log.unconfirmed
        )::text"""
    )


def _digest_sql():
    return SQL(
        """encode(sha256(convert_to(
            string_agg(%s, E'\n' ORDER BY log.id), 'UTF8'
        )), 'hex')""",
        _line_sql(),
    )


class ProgboxAccessLogSeal(models.Model):
    """A day of the access log, under one hash that covers the one before it.

    Seals leave no gap: each begins with the number after the last line of the one
    before, whether a line has it or not.

    The log itself is written by every request, and a chain through its lines would
    make them wait for each other. So what has come since is sealed once a day, at
    closings and verifications: how many lines, which numbers they have, and their
    digest. That old lines were removed after their retention is a seal, too.
    """

    _name = "progbox.access.log.seal"
    _inherit = "progbox.append.only"
    _description = "Seal of the Access Log"
    _order = "company_id, sequence"
    _rec_name = "hash"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    sequence = fields.Integer(required=True, readonly=True, aggregator=None)
    kind = fields.Selection(
        [("lines", "Lines"), ("purged", "Lines Removed After Their Retention")],
        required=True,
        readonly=True,
    )
    first_ref = fields.Integer(string="First Line", readonly=True, aggregator=None)
    last_ref = fields.Integer(string="Last Line", readonly=True, aggregator=None)
    last_on = fields.Datetime(string="Newest Line", readonly=True)
    payload = fields.Text(required=True, readonly=True)
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)
    sealed_on = fields.Datetime(required=True, readonly=True)

    _sequence_unique = models.Constraint(
        "UNIQUE(company_id, sequence)", "The access log has this seal already."
    )

    def _refusal(self):
        return self.env._("The seals of the access log are made by the server alone.")

    # ------------------------------------------------------------------
    # Sealing
    # ------------------------------------------------------------------

    @api.model
    def _last(self, company, kind=None):
        """Return the last seal of a company.

        :param str kind: a key of the field ``kind``, for the last one of that kind
        """
        domain = Domain("company_id", "=", company.id)
        if kind:
            domain &= Domain("kind", "=", kind)
        return self.search(domain, order="sequence desc", limit=1)

    @api.model
    def _seal_lines(self, company):
        """Seal the lines of a company that have come since.

        One seal for each day, and for so many lines.
        """
        last = self.sudo()._last(company, "lines").last_ref
        for final, count, since, until, digest in self.env.execute_query(
            self._new_lines_sql(company, last)
        ):
            content = {"count": count, "digest": digest}
            # What a stamp needs to know when these lines are removed.
            if authorities := noted_authorities(company, last + 1, final):
                content["authorities"] = authorities
            self._append(
                company,
                "lines",
                last + 1,
                final,
                until,
                since=f"{since.isoformat()}Z",
                **content,
            )
            last = final

    @api.model
    def _sealed_until(self, company):
        """Return up to when each line of a company has a seal."""
        settled = fields.Datetime.now() - SETTLED
        [[oldest]] = self.env.execute_query(
            SQL(
                """SELECT min(accessed_on) FROM progbox_access_log
                WHERE company_id = %s AND id > %s""",
                company.id,
                self.sudo()._last(company, "lines").last_ref,
            )
        )
        return min(settled, oldest or settled).replace(microsecond=0)

    @api.model
    def _new_lines_sql(self, company, last):
        """Return the lines behind a number that are settled, by runs of one day.

        A line that is dated ahead, by a clock that was wrong for a moment, holds back
        none of the others: it is sealed with the next one that is settled.
        """
        return SQL(
            """WITH later AS (
                SELECT * FROM progbox_access_log
                WHERE company_id = %(company)s AND id > %(last)s
                ORDER BY id LIMIT %(limit)s
            ), log AS (
                SELECT later.*, (accessed_on::date IS DISTINCT FROM
                    lag(accessed_on::date) OVER (ORDER BY id))::int AS step
                FROM later WHERE id < COALESCE(
                    (SELECT min(id) FROM later
                        WHERE accessed_on > %(settled)s AND accessed_on <= %(ahead)s),
                    2147483647
                ) AND id <= (
                    SELECT max(id) FROM later WHERE accessed_on <= %(settled)s
                )
            ), numbered AS (
                SELECT log.*, sum(step) OVER (ORDER BY id) AS run,
                    (row_number() OVER (ORDER BY id) - 1) / %(size)s AS part
                FROM log
            )
            SELECT max(log.id), count(*), min(log.accessed_on),
                max(log.accessed_on), %(digest)s
            FROM numbered log GROUP BY run, part ORDER BY min(log.id)""",
            company=company.id,
            last=last,
            limit=LINES_AT_ONCE,
            size=LINES_OF_SEAL,
            settled=fields.Datetime.now() - SETTLED,
            ahead=fields.Datetime.now() + SETTLED,
            digest=_digest_sql(),
        )

    @api.model
    def _append(self, company, kind, first, final, until, **content):
        context = {**clean_context(self.env.context), "progbox_server": SERVER}
        server = self.sudo().with_context(context)  # pylint: disable=context-overridden
        last = server._last(company)
        now = fields.Datetime.now()
        payload = chain.canonical(
            {
                **content,
                "company": company.id,
                "first": first,
                "kind": kind,
                "last": final,
                "sealed_on": f"{now.isoformat()}Z",
                "sequence": last.sequence + 1,
                "until": f"{until.isoformat()}Z",
            }
        )
        previous = last.hash or chain.GENESIS
        return server.create(
            {
                "company_id": company.id,
                "sequence": last.sequence + 1,
                "kind": kind,
                "first_ref": first,
                "last_ref": final,
                "last_on": until,
                "payload": payload,
                "previous_hash": previous,
                "hash": chain.link(previous, payload),
                "sealed_on": now,
            }
        )

    # ------------------------------------------------------------------
    # Purge
    # ------------------------------------------------------------------

    @api.model
    def _purgeable(self, company, before, limit):
        """Return up to which line the log of a company may be purged: whole seals.

        :param datetime before: when its retention was over
        :param int limit: lines after which it is enough for one purge
        :return: number of the line, 0 for none
        """
        done = self.sudo()._last(company, "purged").last_ref
        seals = self.sudo().search(
            Domain("company_id", "=", company.id)
            & Domain("kind", "=", "lines")
            & Domain("last_ref", ">", done),
            order="sequence",
        )
        final = count = 0
        for seal in seals:
            if seal.last_on >= before or count >= limit:
                break
            final = seal.last_ref
            count += read_payload(seal.payload).get("count") or 0
        return final

    @api.model
    def _note_purge(self, company, final, before):
        """Seal that lines were removed after their retention."""
        done = self.sudo()._last(company, "purged").last_ref
        self._append(company, "purged", done + 1, final, before)

    # ------------------------------------------------------------------
    # Verification
    # ------------------------------------------------------------------

    @api.model
    def _findings(self, company, after=0):
        """Return a page of what is wrong with the log: a part of a verification.

        :param int after: sequence of the seal before the first
        :return: see progbox.verification._parts_of_check()
        """
        if not after:
            self._seal_lines(company)
        seals = self.sudo().search(
            Domain("company_id", "=", company.id) & Domain("sequence", ">", after),
            order="sequence",
            limit=PAGE_SIZE,
        )
        if not seals:
            return None
        before = self.sudo().search(
            Domain("company_id", "=", company.id) & Domain("sequence", "=", after)
        )
        found = self._lines_of(seals)
        purged = self._purged(company)
        findings, expected, hash_ = [], after, before.hash or chain.GENESIS
        for seal in seals:
            expected += 1
            findings += seal._chain_findings(expected, hash_)
            expected, hash_ = seal.sequence, seal.hash
            if seal.kind == "lines":
                findings += seal._line_findings(*found.get(seal.id, (0, None)), purged)
        return seals[-1].sequence, findings

    def _chain_findings(self, expected, previous):
        """Return whether a seal is the next one, and what its hash covers."""
        content = read_payload(self.payload)
        columns = {
            "company": self.company_id.id,
            "first": self.first_ref,
            "kind": self.kind,
            "last": self.last_ref,
            "sequence": self.sequence,
            "sealed_on": f"{self.sealed_on.isoformat()}Z",
        }
        if (
            self.sequence == expected
            and (self.previous_hash or chain.GENESIS) == previous
            and self.hash == chain.link(previous, self.payload)
            and columns.items() <= content.items()
        ):
            return []
        return [
            Finding(
                "log_chain",
                content={"name": str(expected)},
                expected=f"{expected}: {previous}",
                actual=f"{self.sequence}: {self.previous_hash or ''}",
            )
        ]

    @api.model
    def _lines_of(self, seals):
        """Return how many lines the log has of seals, and their digest, by seal id.

        A line that was put between two seals is one too many of the second.
        """
        query = SQL(
            """SELECT seal.id, count(*), %s
            FROM progbox_access_log_seal seal
            JOIN progbox_access_log log ON log.company_id = seal.company_id
                AND log.id <= seal.last_ref AND log.id > COALESCE((
                    SELECT max(before.last_ref) FROM progbox_access_log_seal before
                    WHERE before.company_id = seal.company_id
                    AND before.kind = 'lines' AND before.sequence < seal.sequence
                ), 0)
            WHERE seal.id = ANY(%s) AND seal.kind = 'lines' GROUP BY seal.id""",
            _digest_sql(),
            seals.ids,
        )
        return {id_: tuple(found) for id_, *found in self.env.execute_query(query)}

    @api.model
    def _unsealed_findings(self, company):
        """Return whether old lines have no seal: then sealing stands.

        A line that is dated back, by a clock that was wrong for a moment, waits with
        those of the last hour before it.
        """
        now = fields.Datetime.now()
        [[count, oldest]] = self.env.execute_query(
            SQL(
                """WITH later AS (
                    SELECT id, accessed_on FROM progbox_access_log
                    WHERE company_id = %(company)s AND id > %(last)s
                )
                SELECT count(*), min(accessed_on) FROM later
                WHERE accessed_on < %(due)s AND id < COALESCE(
                    (SELECT min(id) FROM later
                        WHERE accessed_on > %(settled)s AND accessed_on <= %(ahead)s),
                    2147483647
                )""",
                company=company.id,
                last=self.sudo()._last(company, "lines").last_ref,
                due=now - SEALED_WITHIN,
                settled=now - SETTLED,
                ahead=now + SETTLED,
            )
        )
        if not count:
            return []
        since = f"{oldest:%Y-%m-%d}"
        return [Finding("log_unsealed", what=since, actual=str(count))]

    @api.model
    def _purged(self, company):
        """Return which lines were removed after their retention, and when."""
        seals = self.sudo().search(
            Domain("company_id", "=", company.id) & Domain("kind", "=", "purged")
        )
        return [(seal.last_ref, seal.sealed_on) for seal in seals]

    def _line_findings(self, count, digest, purged):
        """Return whether the log still says what was sealed.

        :param int count: lines that it has
        :param str digest: of them
        :param list purged: see :meth:`_purged`
        """
        content = read_payload(self.payload)
        wanted = content.get("count") or 0
        if (count, digest) == (wanted, content.get("digest")):
            return []
        is_purged = any(
            self.last_ref <= last and self.last_on < on - SHORTEST + SETTLED
            for last, on in purged
        )
        if not count and is_purged:
            return []
        kind = "log_changed"
        if count != wanted:
            kind = "log_removed" if count < wanted else "log_added"
        return [
            Finding(
                kind,
                content={"name": f"{self.first_ref} - {self.last_ref}"},
                what=f"{content.get('since')} - {content.get('until')}",
                expected=f"{wanted}: {content.get('digest')}",
                actual=f"{count}: {digest}",
            )
        ]

    @api.model
    def _kept_since(self, company):
        """Return since when the log must have every line of a company, or None."""
        done = self.sudo()._last(company, "purged").last_ref
        first = self.sudo().search(
            Domain("company_id", "=", company.id)
            & Domain("kind", "=", "lines")
            & Domain("first_ref", ">", done),
            order="sequence",
            limit=1,
        )
        since = read_payload(first.payload).get("since") if first else None
        # Not by a line that is dated ahead: it was sealed all the same.
        return since and min(
            fields.Datetime.to_datetime(since.rstrip("Z").replace("T", " ")),
            first.sealed_on,
        )
