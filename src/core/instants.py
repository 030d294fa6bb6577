"""Time inside the bot: whole nanoseconds since 1970-01-01 UTC, shown in Indian Standard Time at the edges.

India has had no daylight saving time since 1945, so IST is a constant offset and needs no time-zone database.
Nothing here knows what time it *is*; only `runtime.clock` does.
"""

from datetime import date, datetime, time, timedelta, timezone
from typing import TypeAlias

Instant: TypeAlias = int
"""Nanoseconds since 1970-01-01T00:00:00 UTC."""

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

IST = timezone(timedelta(hours=5, minutes=30), "IST")
_IST_OFFSET = 5 * HOUR + 30 * MINUTE
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc).astimezone(IST)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def instant_of(moment: datetime) -> Instant:
    """Convert an aware datetime to an instant. Raises `ValueError` for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"naive time {moment.isoformat()}: give it a zone, for example +05:30")
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000


def instant_at(day: date, at: time) -> Instant:
    """Return the instant of a wall time in India on a date."""
    midnight = (day.toordinal() - _EPOCH_ORDINAL) * DAY - _IST_OFFSET
    return midnight + ((at.hour * 60 + at.minute) * 60 + at.second) * SECOND + at.microsecond * 1_000


def from_epoch_seconds(seconds: int) -> Instant:
    """Return the instant of whole seconds since the epoch, FYERS' unit on the wire."""
    return seconds * SECOND


def ist_date(instant: Instant) -> date:
    """Return the calendar date in India at an instant."""
    return date.fromordinal((instant + _IST_OFFSET) // DAY + _EPOCH_ORDINAL)


def minute_of_day(instant: Instant) -> int:
    """Return minutes since midnight in India, 0 to 1439."""
    return (instant + _IST_OFFSET) % DAY // MINUTE


def ist_datetime(instant: Instant) -> datetime:
    """Return an aware datetime in IST, to the microsecond below."""
    return _EPOCH + timedelta(microseconds=instant // 1_000)


def ist_text(instant: Instant) -> str:
    """Return `YYYY-MM-DD HH:MM:SS` in IST, for people."""
    return ist_datetime(instant).strftime("%Y-%m-%d %H:%M:%S")
