"""When do commodities trade on a date? Into the evening, and by New York's summer time, which India does not have.

Hours only. Which days are sessions is not known here: the commodity exchange has its own holidays, on some of which
only its morning is closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from core.errors import DataError
from market_data.session_rules import CommodityRule, rule_as_of

_SUNDAY = 6
_RULE_SINCE = 2007
"""Year from which New York's summer time runs from the second Sunday of March to the first of November."""


@dataclass(frozen=True, slots=True)
class CommodityHours:
    """Wall times in India of a full day's trading."""

    open: time
    close: time
    source: str


def commodity_hours_on(rules: Sequence[CommodityRule], day: date) -> CommodityHours:
    """Return the hours of a date. Raises `DataError` before the first rule."""
    rule = rule_as_of(rules, day)
    if rule is None:
        first = rules[0].starts if rules else "nothing is listed"
        raise DataError(f"commodity hours of {day} are not known ({first}); add them under commodity_hours")
    close = rule.close if _is_us_summer(day) else rule.close_in_us_winter
    return CommodityHours(rule.open, close, rule.source)


def _is_us_summer(day: date) -> bool:
    """Whether New York has summer time in India's trading hours of a date.

    The clocks change on a Sunday, when the exchange is closed, so the date alone decides.
    """
    if day.year < _RULE_SINCE:
        raise DataError(f"New York's summer time of {day.year} is not known here; it is from {_RULE_SINCE} on")
    return _sunday(day.year, 3, 2) <= day < _sunday(day.year, 11, 1)


def _sunday(year: int, month: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(_SUNDAY - first.weekday()) % 7 + 7 * (number - 1))
