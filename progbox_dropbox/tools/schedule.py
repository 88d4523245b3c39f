"""When copies are sent: on a timetable, outside of the hours that are kept free."""

from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc


def to_local(moment, zone):
    """Return a naive UTC datetime as an aware one of a time zone."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC"))


def to_utc(local):
    return local.astimezone(UTC).replace(tzinfo=None)


def clock(hours):
    """Return hours of the day, as Odoo keeps them, as a time.

    >>> clock(22.5)
    datetime.time(22, 30)
    """
    minutes = round(hours * 60) % (24 * 60)
    return time(minutes // 60, minutes % 60)


def is_quiet(moment, zone, begin, end):
    """Whether a moment is in the hours to keep free, which may go over midnight.

    :param moment: naive UTC datetime
    :param float begin: hours of the day; none are kept free when it equals the end

    >>> is_quiet(datetime(2026, 11, 2, 23), "UTC", 22, 6)
    True
    >>> is_quiet(datetime(2026, 11, 2, 6), "UTC", 22, 6)
    False
    """
    begin, end, now = clock(begin), clock(end), to_local(moment, zone).time()
    if begin <= end:
        return begin <= now < end
    return now >= begin or now < end


def next_time(moment, zone, hours, weekday=None):
    """Return the next moment at an hour of the day, of one weekday if given.

    :param moment: naive UTC datetime
    :param int weekday: 0 for Monday
    :return: naive UTC datetime, later than the moment

    >>> next_time(datetime(2026, 11, 2, 12), "UTC", 6.5)
    datetime.datetime(2026, 11, 3, 6, 30)
    >>> next_time(datetime(2026, 11, 2, 12), "Europe/Paris", 20, 0)
    datetime.datetime(2026, 11, 2, 19, 0)
    """
    local = to_local(moment, zone)
    for days in range(9):
        day = local.date() + timedelta(days=days)
        found = datetime.combine(day, clock(hours), local.tzinfo)
        if found > local and weekday in (None, day.weekday()):
            return to_utc(found)
    raise ValueError(f"no weekday {weekday}")


def next_run(moment, zone, frequency, hours, weekday):
    """Return when a timetable lets copies be sent next: a naive UTC datetime.

    :param str frequency: "hourly", "daily" or "weekly"

    >>> next_run(datetime(2026, 11, 2, 12, 20), "UTC", "hourly", 0, 0)
    datetime.datetime(2026, 11, 2, 13, 0)
    """
    if frequency == "hourly":
        return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return next_time(moment, zone, hours, weekday if frequency == "weekly" else None)
