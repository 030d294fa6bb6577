"""Is today a session, and from when to when? A wrong answer trades into a closed market or sleeps through an open one.

Holidays come from a maintained library, hours and exceptions from `config/sessions.yaml`; nobody guesses past the
last day both know. Importing this module does not import pandas.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from enum import Enum
from itertools import pairwise
from pathlib import Path

from core.errors import ConfigurationError, DataError
from core.instants import MINUTE, Instant, instant_at
from core.orders import Product
from core.sessions import TradingDay
from market_data.commodity_hours import CommodityHours, commodity_hours_on
from market_data.days import is_weekend
from market_data.holidays import YearOfHolidays, holidays_of
from market_data.session_rules import (
    INSTALLED_RULES,
    Market,
    ShortSessionMinutes,
    Spans,
    SpecialSession,
    read_rules,
    rule_as_of,
)
from market_data.trading_hours import next_session
from runtime.settings import Settings


class DayKind(Enum):
    """Why a date is a session, or is none."""

    REGULAR = "regular"
    SPECIAL = "special"
    """A session on a day that would otherwise be closed."""
    HOURS_UNKNOWN = "hours_unknown"
    """The exchange opens, nobody here knows when: the bot does not trade it."""
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    """A weekday that the library, or a year given by hand, has as closed."""
    CLOSURE = "closure"
    """A weekday closed by an entry of the rules file."""


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """Everything the calendar knows about one date."""

    date: date
    kind: DayKind
    session: TradingDay | None
    note: str = ""
    """What the rules file calls a special session, a closure or, where it has a name, a holiday."""
    source: str = ""
    """Where the rules file has it from."""

    @property
    def hours(self) -> tuple[tuple[Instant, Instant], ...]:
        """From when to when it trades, breaks left out; nothing without a session, or when its hours are unknown."""
        return () if self.session is None else self.session.hours


class NseCalendar:
    """The sessions of NSE for one kind of instrument."""

    def __init__(
        self,
        rules_file: Path | None = None,
        cache: Path | None = None,
        market: Market = Market.SHARES_WITH_DERIVATIVES,
    ) -> None:
        """`rules_file` None means the installation's own; `cache` is a folder that saves opening the library.

        Raises `ConfigurationError` for a file that cannot be understood.
        """
        self._file = rules_file or INSTALLED_RULES
        self._rules = read_rules(self._file)
        self._cache = cache
        self._market = market
        self._special = {session.date: session for session in self._rules.special_sessions}
        self._closures = {closure.date: closure for closure in self._rules.closures}
        self._years: dict[int, YearOfHolidays] = {}
        self._days: dict[date, CalendarDay] = {}

    @classmethod
    def of(cls, settings: Settings) -> "NseCalendar":
        """Return the calendar that the settings name. Raises `ConfigurationError` for a rules file it cannot read."""
        return cls(settings.paths.sessions, settings.paths.cache)

    def trading_day(self, day: date) -> TradingDay | None:
        """Return the session of a date, or None when the market is closed or the session's hours are unknown.

        Raises `DataError` outside the known years.
        """
        return self.day(day).session

    def day(self, day: date) -> CalendarDay:
        """Return what is known of a date. Raises `DataError` outside the known years."""
        if day not in self._days:
            self._days[day] = self._find(day)
        return self._days[day]

    def trading_hours(self, day: date) -> tuple[tuple[Instant, Instant], ...] | None:
        """Return from when to when a date trades, breaks left out; nothing when closed, None for unknown hours.

        Raises `DataError` outside the known years.
        """
        found = self.day(day)
        return None if found.kind is DayKind.HOURS_UNKNOWN else found.hours

    def days(self, first: date, last: date) -> Iterator[CalendarDay]:
        """Yield every date from `first` to `last`, both included. Raises `DataError` outside the known years."""
        for ordinal in range(first.toordinal(), last.toordinal() + 1):  # none where the last comes before the first
            yield self.day(date.fromordinal(ordinal))

    def next_trading_day(self, after: date) -> TradingDay:
        """Return the first session after a date. Raises `DataError` outside the known years."""
        return next_session(self, after)

    def known_until(self, day: date) -> date:
        """Return the last date that can be asked for, as seen from a day.

        Raises `DataError` when not even that day's year is known.
        """
        listed = self._rules.years
        end = date(day.year, 12, 31) if day.year in listed else self._holidays(day.year).known_until
        while end.year + 1 in listed:
            end = date(end.year + 1, 12, 31)
        return end

    def commodity_hours(self, day: date) -> CommodityHours:
        """Return when commodities trade on a full day of a date. Raises `DataError` before the first rule."""
        return commodity_hours_on(self._rules.commodity_hours, day)

    def broker_square_off(self, product: Product, day: date) -> Instant | None:
        """Return when the broker begins to close a product's positions by itself on a regular day.

        None: it does not, or nobody knows, as in a special session with hours of its own.
        """
        special = self._special.get(day)
        rule = rule_as_of(self._rules.square_offs(product), day)
        if rule is None or self._market not in rule.at or (special is not None and special.hours != "regular"):
            return None
        return instant_at(day, rule.at[self._market])

    def _find(self, day: date) -> CalendarDay:
        if day < self._rules.hours[0].starts:
            first = self._rules.hours[0].starts
            raise DataError(f"{day} lies before the first hours in {self._file} ({first}); name a later day")
        closed = self._holidays_on(day)
        special, closure = self._special.get(day), self._closures.get(day)
        if special is not None:
            return self._special_day(special)
        if closure is not None:
            return CalendarDay(day, DayKind.CLOSURE, None, closure.reason, closure.source)
        if is_weekend(day):
            return CalendarDay(day, DayKind.WEEKEND, None)
        if day in closed:
            return CalendarDay(day, DayKind.HOLIDAY, None, *self._rules.holiday_name(day))
        return CalendarDay(day, DayKind.REGULAR, self._session(day, "regular"))

    def _special_day(self, special: SpecialSession) -> CalendarDay:
        day, hours = special.date, special.hours
        if hours == "unknown":
            return CalendarDay(day, DayKind.HOURS_UNKNOWN, None, special.kind, special.source)
        return CalendarDay(day, DayKind.SPECIAL, self._session(day, hours), special.kind, special.source)

    def _session(self, day: date, hours: str | Spans) -> TradingDay:
        try:
            if isinstance(hours, str):
                return self.regular_session(day)
            return _short(day, hours, self._rules.short_session_minutes)
        except ValueError as error:
            raise ConfigurationError(f"{self._file}: {error}") from None

    def _holidays_on(self, day: date) -> frozenset[date]:
        listed = self._rules.years.get(day.year)
        return self._holidays(day.year).closed if listed is None else listed

    def _holidays(self, year: int) -> YearOfHolidays:
        if year not in self._years:
            self._years[year] = holidays_of(year, self._cache)
        return self._years[year]

    def regular_session(self, day: date) -> TradingDay:
        """Return a session with the ordinary hours of a date, whether or not there is one.

        Raises `DataError` before the first rule.
        """
        hours, intraday = rule_as_of(self._rules.hours, day), rule_as_of(self._rules.intraday, day)
        if hours is None or intraday is None:
            raise DataError(f"{self._file} has no rule for {day}")

        def at(wall: time) -> Instant:
            return instant_at(day, wall)

        closing_price = hours.closing_price.get(self._market)
        return TradingDay(
            date=day,
            open=at(hours.open),
            close=at(hours.close[self._market]),
            no_entry_after=at(intraday.no_entry_after),
            square_off=at(intraday.square_off),
            flat_by=at(intraday.flat_by),
            closing_price_at=None if closing_price is None else at(closing_price),
        )


def _short(day: date, hours: Spans, before_end: ShortSessionMinutes) -> TradingDay:
    first_end = instant_at(day, hours[0][1])
    return TradingDay(
        date=day,
        open=instant_at(day, hours[0][0]),
        close=instant_at(day, hours[-1][1]),
        no_entry_after=first_end - before_end.no_entry_after * MINUTE,
        square_off=first_end - before_end.square_off * MINUTE,
        flat_by=first_end - before_end.flat_by * MINUTE,
        breaks=tuple((instant_at(day, before[1]), instant_at(day, after[0])) for before, after in pairwise(hours)),
    )
