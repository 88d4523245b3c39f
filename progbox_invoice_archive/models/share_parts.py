"""Parts of a share: what one of its pages shows, or one of its zips holds."""

import re
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.fields import Domain
from odoo.tools import format_date

from ..exceptions import NotShared

# What was taken along at that moment.
TAKEN = "taken@"
# One way to write each part: a large zip is kept by it, and is not built twice.
PART = re.compile(rf"\d{{4}}(-\d\d)?|{TAKEN}\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


def part_of(share, part):
    """Return which documents a part of a share has.

    :param progbox.share share: one
    :param str part: "all", "new", "again" (what was taken along the last time),
        "taken@" and a moment, "2026" or "2026-11"
    :return: domain, and the name of the part
    :raise NotShared: when there is no such part
    """
    if part == "all":
        return Domain.TRUE, share._label()
    new = share.env._("New documents")
    if part == "new":
        return share._new_domain(), new
    if part == "again":
        return share._taken_domain(share._last_delivery()[0]), new
    if not PART.fullmatch(part):
        raise NotShared(share, "part")
    try:
        if part.startswith(TAKEN):
            return share._taken_domain(part.removeprefix(TAKEN)), new
        if len(part) == 4:
            return dated(date(int(part), 1, 1), years=1), part
        first = fields.Date.to_date(f"{part}-01")
        return dated(first, months=1), month_name(share.env, first)
    except ValueError as error:
        raise NotShared(share, "part") from error


def month_name(env, first):
    """Return how a page names a month, in the language of its reader.

    :param date first: its first day
    """
    return format_date(env, first, date_format="LLLL y").capitalize()


def dated(first, **length):
    """Return the documents of a time; without a date, they count when they came.

    :param date first: the first day
    :param length: of the time, as relativedelta takes it
    :rtype: Domain
    """
    after = first + relativedelta(**length)
    on_paper = Domain("document_date", ">=", first)
    on_paper &= Domain("document_date", "<", after)
    arrived = Domain("document_date", "=", False)
    arrived &= Domain("create_date", ">=", first) & Domain("create_date", "<", after)
    return on_paper | arrived
