"""Dates as everything here counts them: ranges with both ends, and days since 1970 beside arrays of instants.

A date is one in India. Files and arrays have it as a whole number, so that a million rows are told apart at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from core.errors import DataError
from core.instants import Instant, instant_at, ist_date
from features.columns import BoolArray, IntArray, ist_days

LONGEST_CLOSURE = 30
"""Days; the exchange has never been closed for so long."""
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """Dates from one to another, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a range that ends before it begins. Raises `DataError`."""
        if self.last < self.first:
            raise DataError(f"days from {self.first} to {self.last}: the last comes before the first; swap them")

    def __iter__(self) -> Iterator[date]:
        """Every date, oldest first."""
        return (self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def joined(ranges: Sequence[Days]) -> tuple[Days, ...]:
    """Return the same days as ranges that neither overlap nor touch, oldest first."""
    result: list[Days] = []
    for days in sorted(ranges):
        if result and days.first <= result[-1].last + _ONE_DAY:
            result[-1] = replace(result[-1], last=max(result[-1].last, days.last))
        else:
            result.append(days)
    return tuple(result)


def is_weekend(day: date) -> bool:
    """Whether a date is a Saturday or a Sunday."""
    return day.weekday() >= _SATURDAY


def midnight(day: date) -> Instant:
    """Return the instant at which a date begins in India."""
    return instant_at(day, time())


def number_of(day: date) -> int:
    """Return a date as days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of(number: int) -> date:
    """Return the date that is so many days after 1970-01-01."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


def days_of(starts: IntArray) -> Days:
    """Return the dates from the earliest row to the latest. Raises `ValueError` when there is no row."""
    return Days(ist_date(int(starts.min())), ist_date(int(starts.max())))


def are_on(times: IntArray, days: Days) -> BoolArray:
    """Return for each instant whether its date in India is one of some days."""
    numbers = ist_days(times)
    found: BoolArray = (numbers >= number_of(days.first)) & (numbers <= number_of(days.last))
    return found
