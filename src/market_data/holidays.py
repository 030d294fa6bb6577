"""Weekday holidays, from the exchange_calendars library, without paying for it every morning.

The library builds on pandas: a third of a second and some 70 MB that a trading process does not need. So the handful
of dates of a year is kept in a small file, and the library is opened only when that file is missing or older than it.
"""

import functools
import json
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from core.errors import DataError, StorageError
from market_data.days import Days, is_weekend
from market_data.lost_cache import warn_once
from runtime.atomic_files import write_text

_LIBRARY = "exchange_calendars"


@dataclass(frozen=True, slots=True)
class YearOfHolidays:
    """The weekdays of one year on which the market is closed."""

    closed: frozenset[date]
    known_until: date
    """Last day the library knows anything about."""


def holidays_of(year: int, cache: Path | None) -> YearOfHolidays:
    """Return a year's weekday holidays, from `cache` where it is up to date.

    A cache that cannot be written is done without. Raises `DataError` for a year the library does not know.
    """
    file = cache / f"holidays-{year}.json" if cache is not None else None
    library = _library()
    known = _read(file, library) if file is not None else None
    if known is None:
        known = _from_library(year)
        if file is not None:
            content = {
                "library": library,
                "known_until": known.known_until.isoformat(),
                "closed": sorted(day.isoformat() for day in known.closed),
            }
            try:
                write_text(file, json.dumps(content, indent=1))
            except StorageError:
                warn_once(file.parent)
    return known


@functools.cache
def _library() -> str:
    """Return which library and release knows the holidays: to look that up takes as long as all else here."""
    return f"{_LIBRARY} {version(_LIBRARY)}"


def _read(file: Path, library: str) -> YearOfHolidays | None:
    try:
        content = json.loads(file.read_bytes())
        if content["library"] != library:
            return None
        closed = frozenset(map(date.fromisoformat, content["closed"]))
        return YearOfHolidays(closed, date.fromisoformat(content["known_until"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _from_library(year: int) -> YearOfHolidays:
    from exchange_calendars.exchange_calendar_xbom import XBOMExchangeCalendar  # noqa: PLC0415 - it imports pandas

    first_known, last_known = XBOMExchangeCalendar.bound_min().date(), XBOMExchangeCalendar.bound_max().date()
    first, last = date(year, 1, 1), date(year, 12, 31)
    if not first_known <= first <= last <= last_known:
        raise DataError(
            f"the holidays of {year} are not known: the installed calendar ends on {last_known}; update "
            f"{_LIBRARY}, or list the year's holidays under `years` in config/sessions.yaml"
        )
    calendar = XBOMExchangeCalendar(start=first.isoformat(), end=last.isoformat())
    sessions = {stamp.date() for stamp in calendar.sessions}
    closed = frozenset(day for day in Days(first, last) if not is_weekend(day) and day not in sessions)
    return YearOfHolidays(closed, last_known)
