"""The dated session rules of `config/sessions.yaml`, checked and ready to be asked "as of that day"."""

import re
from collections.abc import Sequence
from datetime import date, time
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from core.errors import ConfigurationError
from core.orders import Product
from runtime.settings import Section
from runtime.strict_yaml import read_yaml

INSTALLED_RULES = Path(__file__).parents[2] / "config" / "sessions.yaml"

_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_SPAN = re.compile(rf"{_TIME}-{_TIME}")


def _clock_time(value: Any) -> time:
    found = re.fullmatch(_TIME, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write a time as "HH:MM"')
    return time(int(found[1]), int(found[2]))


def _day(value: Any) -> date:
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise ValueError("write a date as YYYY-MM-DD")
    return date.fromisoformat(value)


def _spans(value: Any) -> Any:
    if value in {"regular", "unknown"}:
        return value
    found = [_SPAN.fullmatch(part) for part in value.split(" and ")] if isinstance(value, str) else []
    if not 1 <= len(found) <= 2 or None in found:
        raise ValueError('write hours as "HH:MM-HH:MM", two of them joined by " and ", regular or unknown')
    return [(f"{span[1]}:{span[2]}", f"{span[3]}:{span[4]}") for span in found if span]


def _month_day(value: Any) -> tuple[int, int]:
    found = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write a day of every year as "MM-DD"')
    return int(found[1]), int(found[2])


ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Day = Annotated[date, BeforeValidator(_day)]
MonthDay = Annotated[tuple[int, int], BeforeValidator(_month_day)]
Spans = tuple[tuple[ClockTime, ClockTime], ...]


class Market(Enum):
    """Whose hours: they differ since the closing auction of 2026-08-03."""

    SHARES = "shares"
    """Shares without derivatives."""
    SHARES_WITH_DERIVATIVES = "shares_with_derivatives"
    DERIVATIVES = "derivatives"


class HoursRule(Section):
    """Continuous trading from a date on."""

    starts: Day = Field(alias="from")
    open: ClockTime
    close: dict[Market, ClockTime]
    closing_price: dict[Market, ClockTime] = Field(default_factory=dict)
    """When an auction after the close has set the day's last price, where there is one."""
    source: str = ""

    @model_validator(mode="after")
    def _complete(self) -> "HoursRule":
        missing = [market.value for market in Market if market not in self.close]
        if missing:
            raise ValueError(f"close: {', '.join(missing)} is missing")
        return self


class IntradayRule(Section):
    """The bot's own limits of a regular day, from a date on."""

    starts: Day = Field(alias="from")
    no_entry_after: ClockTime
    square_off: ClockTime
    flat_by: ClockTime


class SquareOffRule(Section):
    """When the broker itself begins to close the positions of a product, from a date on."""

    starts: Day = Field(alias="from")
    product: Product
    at: dict[Market, ClockTime] = Field(min_length=1)
    source: str = ""


class CommodityRule(Section):
    """Trading in commodities from a date on: into the evening, and with New York's summer time."""

    starts: Day = Field(alias="from")
    open: ClockTime
    close: ClockTime
    """While New York has summer time."""
    close_in_us_winter: ClockTime
    source: str = ""


Dated = TypeVar("Dated", HoursRule, IntradayRule, SquareOffRule, CommodityRule)


class ShortSessionMinutes(Section):
    """The same limits in a short session, in minutes before its end."""

    no_entry_after: int = Field(gt=0, le=120)
    square_off: int = Field(gt=0, le=120)
    flat_by: int = Field(ge=0, le=120)


class SpecialSession(Section):
    """A session on a day that would otherwise be closed."""

    date: Day
    kind: str
    hours: Annotated[Literal["regular", "unknown"] | Spans, BeforeValidator(_spans)]
    source: str = ""


class Closure(Section):
    """A weekday without trading."""

    date: Day
    reason: str
    source: str = ""


class HolidayName(Section):
    """What a holiday of one year is called; it does not make the day one."""

    date: Day
    name: str
    source: str = ""


class SessionRules(Section):
    """The whole file."""

    hours: Annotated[tuple[HoursRule, ...], Field(min_length=1)]
    intraday: Annotated[tuple[IntradayRule, ...], Field(min_length=1)]
    short_session_minutes: ShortSessionMinutes
    broker_square_off: tuple[SquareOffRule, ...] = ()
    commodity_hours: tuple[CommodityRule, ...] = ()
    special_sessions: tuple[SpecialSession, ...] = ()
    closures: tuple[Closure, ...] = ()
    yearly_holidays: dict[MonthDay, str] = Field(default_factory=dict)
    """Names by month and day of holidays that fall on the same date every year."""
    holiday_names: tuple[HolidayName, ...] = ()
    years: dict[int, frozenset[Day]] = Field(default_factory=dict)
    """Complete weekday holidays of a year, in place of the library's."""

    @model_validator(mode="after")
    def _consistent(self) -> "SessionRules":
        _check_order("hours", self.hours)
        _check_order("intraday", self.intraday)
        _check_order("commodity_hours", self.commodity_hours)
        for product in Product:
            _check_order(f"broker_square_off of {product.value}", self.square_offs(product))
        _check_days(self)
        _check_flat_by(self)
        return self

    def holiday_name(self, day: date) -> tuple[str, str]:
        """Return what a holiday is called and where that is from; empty where nobody has written it down."""
        for each in self.holiday_names:
            if each.date == day:
                return each.name, each.source
        return self.yearly_holidays.get((day.month, day.day), ""), ""

    def square_offs(self, product: Product) -> tuple[SquareOffRule, ...]:
        """Return the rules of one product, oldest first."""
        return tuple(rule for rule in self.broker_square_off if rule.product is product)


def _check_order(name: str, rules: Sequence[Dated]) -> None:
    for earlier, later in pairwise(rules):
        if later.starts == earlier.starts:
            raise ValueError(f"{name}: {later.starts} is listed twice; keep one of the two")
        if later.starts < earlier.starts:
            raise ValueError(f"{name}: {later.starts} stands after {earlier.starts}; list them oldest first")


def _check_days(rules: SessionRules) -> None:
    lists = (("special_sessions", rules.special_sessions), ("closures", rules.closures))
    seen: dict[date, str] = {}
    for name, days in lists:
        for each in days:
            if each.date in seen:
                raise ValueError(f"{name}: {each.date} is listed twice, first under {seen[each.date]}")
            seen[each.date] = name
    named = [each.date for each in rules.holiday_names]
    twice = next((day for place, day in enumerate(named) if day in named[:place]), None)
    if twice is not None:
        raise ValueError(f"holiday_names: {twice} is listed twice; keep one of the two")
    strangers = [day for year, closed in rules.years.items() for day in closed if day.year != year]
    if strangers:
        raise ValueError(f"years: {min(strangers)} is listed under another year")


def _check_flat_by(rules: SessionRules) -> None:
    """Refuse a flat check that comes when the broker has begun to close by itself."""
    own, brokers = rules.intraday, rules.square_offs(Product.INTRADAY)
    for day in sorted({*(rule.starts for rule in own), *(rule.starts for rule in brokers)}):
        ours, theirs = rule_as_of(own, day), rule_as_of(brokers, day)
        if ours is not None and theirs is not None and ours.flat_by >= min(theirs.at.values()):
            raise ValueError(
                f"intraday: flat_by {ours.flat_by:%H:%M} of {ours.starts} is not before the broker's square-off "
                f"{min(theirs.at.values()):%H:%M} of {theirs.starts}; the bot must be flat first"
            )


def rule_as_of(rules: Sequence[Dated], day: date) -> Dated | None:
    """Return the rule in force on a day, or None before the first."""
    return next((rule for rule in reversed(rules) if rule.starts <= day), None)


def read_rules(path: Path) -> SessionRules:
    """Read the file. Raises `ConfigurationError` that names the entry and what is wrong with it."""
    try:
        return SessionRules.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        raise ConfigurationError(f"{path}: {where or 'the file'}: {reason}") from None
