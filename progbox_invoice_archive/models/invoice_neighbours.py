"""Archived invoices whose client, bank account or company is written otherwise now.

What Odoo would say today is asked when somebody wants the document. The queue has them
before, so that also what looks at the queue alone, as the zips do, tells of it.
"""

from contextlib import contextmanager
from datetime import timedelta

from odoo import SUPERUSER_ID
from odoo.tools import SQL

from .invoice_changes import InvoiceChanges, values

PARTNER_FIELDS = (
    "name",
    "street",
    "street2",
    "zip",
    "city",
    "state_id",
    "country_id",
    "parent_id",
    "vat",
    "company_registry",
    "ref",
    "lang",
    "email",
    "phone",
    "global_location_number",
    "peppol_eas",
    "peppol_endpoint",
)
# Not the holder's name: the company's own comes with its address, which makes no
# versions in bulk either.
BANK_FIELDS = ("acc_number", "bank_id", "partner_id")
# Of the company itself. What a partner has of it is written there.
COMPANY_FIELDS = ("report_header", "report_footer", "company_details")
# Whoever writes waits for this: of more, the newest. The others are looked at when
# somebody asks for them.
LIMIT = 200
# The priority of what comes last.
PUT_OFF = 20
# A letterhead is changed in several steps: one version has all of them.
SETTLING = timedelta(minutes=5)
# What is changed again within these hours waits as long: in the portal, anybody may do
# so each minute. After a day the watch would tell of it.
PUT_OFF_FOR = timedelta(hours=12)


@contextmanager
def written(records, vals, names):
    """Queue the archived invoices that print records, where a write changes these.

    :param records: partners, bank accounts or companies; written in the block
    :param vals: what is written
    :param names: of the fields that invoices print
    """
    names = [name for name in names if name in vals]
    before = _printed(records, names)
    yield
    after = _printed(records, names)
    if changed := [each.id for each in after if after[each] != before[each]]:
        _queue(records, changed)


def _printed(records, names):
    return {each: values(each, names) for each in records.sudo()} if names else {}


def _queue(records, changed):
    """Queue the archived invoices that print some of these records, by their ids."""
    server = records.env(user=SUPERUSER_ID, su=True, context={})
    written_now = server[records._name].browse(changed)
    put_off = _put_off(records.env.user, written_now)
    moves = _open_moves(written_now, put_off is not None)
    documents = moves._progbox_documents()
    archived = moves.browse(documents)
    changes = InvoiceChanges(archived, documents, many=True)
    # What has no digests cannot be compared: it would get a new version each time.
    comparable = archived.filtered(changes.said)
    if queued := comparable - changes.settled(comparable):
        jobs = server["progbox.archive.job"]
        jobs._enqueue_moves(queued, "changed", put_off=put_off)


def _put_off(user, records):
    """Return for how long what a user has written waits at least, None if not at all.

    Not each time a version: clients may write in the portal as often as they like, and
    a letterhead is on every invoice.
    """
    if _companies(records):
        return SETTLING
    return None if user._is_internal() else timedelta()


def _companies(records):
    """Return the companies whose letterhead these records are."""
    if records._name == "res.company":
        return records
    companies = records.env["res.company"]
    if records._name != "res.partner":
        return companies
    return companies.search([("partner_id", "in", records.ids)])


def _open_moves(records, put_off):
    """Return the newest invoices of records that nobody has sent, queued or closed.

    :param bool put_off: whether one that is queued for later counts as queued
    """
    moves = records.env["account.move"]
    records.env["progbox.archive.job"].flush_model(["move_id", "state", "priority"])
    records.env["res.company"].flush_model()
    moves.flush_model(["company_id", "date"])
    queued = records.env["progbox.archive.catchup"]._queued_sql(SQL("move.id"), put_off)
    rows = records.env.execute_query(
        SQL(
            """SELECT move.id FROM account_move move
            JOIN res_company company ON company.id = move.company_id
            WHERE %(printing)s AND %(to_archive)s
            AND move.date > COALESCE(
                GREATEST(
                    company.fiscalyear_lock_date,
                    company.sale_lock_date,
                    company.hard_lock_date
                ),
                '-infinity'
            )
            AND NOT EXISTS (
                SELECT FROM progbox_closing closing
                WHERE closing.company_id = move.company_id
                AND closing.month = date_trunc('month', %(day)s)
            )
            AND NOT EXISTS (
                SELECT FROM ir_attachment legal
                WHERE legal.res_model = 'account.move' AND legal.res_id = move.id
                AND legal.res_field = 'invoice_pdf_report_file'
            )
            AND NOT %(queued)s
            ORDER BY move.id DESC LIMIT %(limit)s""",
            printing=_printing(records),
            to_archive=moves._progbox_to_archive_sql(SQL("move")),
            day=moves._progbox_day_sql("move"),
            queued=queued,
            limit=LIMIT,
        )
    )
    return moves.browse(id_ for [id_] in rows)


def _printing(records):
    """Return whether a row of ``account_move`` prints one of these records."""
    ways = {"res.partner": _of_clients, "res.partner.bank": _of_banks}
    conditions = [ways[records._name](records)] if records._name in ways else []
    if companies := _companies(records):
        conditions.append(SQL("move.company_id = ANY(%s)", companies.ids))
    return SQL("(%s)", SQL(" OR ").join(conditions))


def _of_clients(partners):
    """Return whether a row of ``account_move`` prints one of these clients.

    Contacts show the address of their parent. A delivery address is looked for among
    the invoices of the same client: no index knows it.
    """
    family = partners.with_context(active_test=False).search(
        [("commercial_partner_id", "in", partners.commercial_partner_id.ids)]
    )
    shown = (partners | partners.child_ids).ids
    fields = partners.env["account.move"]._fields
    return SQL(
        """(move.partner_id = ANY(%(family)s) AND (
            move.partner_id = ANY(%(shown)s)
            OR move.partner_shipping_id = ANY(%(shown)s)
            OR move.commercial_partner_id = ANY(%(clients)s)
        ))""",
        family=family.ids,
        shown=shown,
        clients=partners.ids,
        to_flush=[
            fields[name]
            for name in ("partner_id", "partner_shipping_id", "commercial_partner_id")
        ],
    )


def _of_banks(accounts):
    return SQL(
        "move.partner_bank_id = ANY(%s)",
        accounts.ids,
        to_flush=accounts.env["account.move"]._fields["partner_bank_id"],
    )
