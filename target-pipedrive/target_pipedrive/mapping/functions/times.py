"""Dates and times.

Cliniko's stamps are UTC with whole seconds (Cliniko API, "Dates and times"); Pipedrive wants an
activity's start as a UTC date and a UTC time.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from target_pipedrive.mapping.functions.account import locations
from target_pipedrive.mapping.functions.registry import function
from target_pipedrive.mapping.text import text as trimmed
from target_pipedrive.mapping.unfit import UnfitError

if TYPE_CHECKING:
    from target_pipedrive.mapping.context import Context


def _instant(stamp: Any) -> datetime | None:
    """A stamp as an aware UTC time; None for nothing.

    Raises:
        UnfitError: It is not an ISO 8601 stamp with a zone.
    """
    if isinstance(stamp, datetime):
        moment = stamp
    else:
        shown = trimmed(stamp)
        if shown is None:
            return None
        moment = datetime.fromisoformat(shown)
    if moment.tzinfo is None:
        raise UnfitError("a stamp without a time zone")
    return moment.astimezone(UTC)


def _shown(moment: datetime, between: str = "T") -> str:
    """A UTC time without its zone, whole seconds; a third of strftime's time."""
    return moment.replace(tzinfo=None).isoformat(between, "seconds")


@function
def utc(stamp: Any) -> str | None:
    """A stamp as ISO 8601 in UTC, whole seconds.

    Example:
        utc('2026-03-01T10:00:00+10:00') → '2026-03-01T00:00:00Z'
    """
    moment = _instant(stamp)
    return None if moment is None else f"{_shown(moment)}Z"


@function
def utc_stamp(stamp: Any) -> str | None:
    """A stamp as Pipedrive's notes take it: UTC with a space and no zone.

    Example:
        utc_stamp('2026-03-01T00:30:00Z') → '2026-03-01 00:30:00'
    """
    moment = _instant(stamp)
    return None if moment is None else _shown(moment, " ")


@function
def utc_date(stamp: Any) -> str | None:
    """The UTC day of a stamp.

    Example:
        utc_date('2026-03-01T08:00:00+10:00') → '2026-02-28'
    """
    moment = _instant(stamp)
    return None if moment is None else moment.date().isoformat()


@function
def utc_time(stamp: Any) -> str | None:
    """The UTC time of day of a stamp.

    Example:
        utc_time('2026-03-01T08:00:00+10:00') → '22:00:00'
    """
    moment = _instant(stamp)
    return None if moment is None else moment.time().isoformat("seconds")


@function
def duration(start: Any, end: Any) -> str | None:
    """Time from start to end; nothing when one is missing or the end is not later.

    Example:
        duration('2026-03-01T08:00:00Z', '2026-03-01T08:45:00Z') → '00:45:00'
    """
    begins, ends = _instant(start), _instant(end)
    if begins is None or ends is None or ends <= begins:
        return None
    seconds = int((ends - begins).total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@function
def past(context: Context, stamp: Any) -> bool:
    """Whether a stamp lies before the start of the run.

    Example:
        past('2020-01-01T00:00:00Z') → True
        past(None) → False
    """
    moment = _instant(stamp)
    return moment is not None and context.world.passed(moment)


def _zone(context: Context, zone: Any) -> ZoneInfo:
    name = trimmed(zone) or account_zone(context)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise UnfitError("an unknown time zone") from None


@function
def account_zone(context: Context) -> str:
    """Time zone of the account: that of its first active location, else UTC.

    Example:
        account_zone() → 'Australia/Sydney'
    """
    for location in locations(context):
        if zone := trimmed(location.get("time_zone_identifier")):
            return zone
    return "UTC"


@function
def local_date(context: Context, stamp: Any, zone: Any = None) -> str | None:
    """The day of a stamp in a time zone; without one, in the account's.

    Example:
        local_date('2026-03-01T20:00:00Z', 'Australia/Perth') → '2026-03-02'
    """
    moment = _instant(stamp)
    if moment is None:
        return None
    return moment.astimezone(_zone(context, zone)).date().isoformat()


@function
def local_time(context: Context, stamp: Any, zone: Any = None) -> str | None:
    """A stamp as a person reads it in a time zone, with the zone's name.

    Example:
        local_time('2026-03-01T20:00:00Z', 'Australia/Perth') → '2026-03-02 04:00 Australia/Perth'
    """
    moment = _instant(stamp)
    if moment is None:
        return None
    where = _zone(context, zone)
    return f"{moment.astimezone(where):%Y-%m-%d %H:%M} {where.key}"


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def day(value: Any) -> str | None:
    """A day as YYYY-MM-DD; None for nothing.

    Raises:
        UnfitError: It is no such day.
    """
    shown = trimmed(value.date() if isinstance(value, datetime) else value)
    if shown is None:
        return None
    if not _DAY.fullmatch(shown):
        raise UnfitError("a date is needed here, as YYYY-MM-DD")
    return date.fromisoformat(shown).isoformat()
