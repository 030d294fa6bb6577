"""The calendar as a person reads it: a month at a glance, what is special in it, and until when all that is known."""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.errors import ConfigurationError, DataError
from core.instants import Instant, ist_text
from core.orders import Product
from core.sessions import TradingDay
from market_data.calendar import CalendarDay, DayKind, NseCalendar
from market_data.commodity_hours import CommodityHours
from market_data.days import Days
from market_data.session_rules import Market
from runtime.settings import Settings

COMMODITY = "commodity"
_WIDTH = 100
_STYLES = {
    DayKind.REGULAR: "",
    DayKind.SPECIAL: "bold green",
    DayKind.HOURS_UNKNOWN: "bold yellow",
    DayKind.WEEKEND: "dim",
    DayKind.HOLIDAY: "red",
    DayKind.CLOSURE: "red",
}
_MARKS = {DayKind.SPECIAL: "+", DayKind.HOURS_UNKNOWN: "?", DayKind.HOLIDAY: "-", DayKind.CLOSURE: "-"}
_LEGEND = "- closed   + special session   ? session whose hours are not known, not traded"


def range_of(first: date | None, last: date | None, month: date | None, today: date) -> Days:
    """Return the days that were asked for; without any, today's month.

    Raises `ConfigurationError` for a month beside days, an end without a beginning, and days in the wrong order.
    """
    if month is not None and (first is not None or last is not None):
        raise ConfigurationError("--month stands alone; give a month, or --from and --to")
    if first is None and last is not None:
        raise ConfigurationError(f"--to {last} needs --from")
    if first is not None:
        end = first if last is None else last
        if end < first:
            raise ConfigurationError(f"--to {end} lies before --from {first}; exchange the two")
        return Days(first, end)
    start = (month or today).replace(day=1)
    return Days(start, _month_end(start))


def market_of(name: str) -> Market | None:
    """Return the market of a name; None for commodities. Raises `ConfigurationError` for one without known hours."""
    if name == COMMODITY:
        return None
    if name == "currency":
        raise ConfigurationError("currency: its hours are not known here, and FYERS does not offer it")
    names = [market.value for market in Market]
    if name not in names:
        raise ConfigurationError(f"market {name!r} is unknown; there are {', '.join(names)}, {COMMODITY}")
    return Market(name)


class CalendarPage:
    """Some days of one market, for a person or a program."""

    def __init__(self, calendar: NseCalendar, market: Market | None, span: Days, today: date) -> None:
        """`market` None shows the hours of commodities, whose holidays are not known.

        Raises `DataError` for days outside what is known.
        """
        self._calendar = calendar
        self._market = market
        self._span = span
        self._today = today
        self._days = tuple(calendar.days(span.first, span.last)) if market is not None else ()
        self._hours = tuple(_changes(calendar, span)) if market is None else ()

    @classmethod
    def of(cls, settings: Settings, market: Market | None, span: Days, today: date) -> "CalendarPage":
        """Return the page of the calendar that the settings name."""
        paths = settings.paths
        calendar = NseCalendar(paths.sessions, paths.cache, market or Market.SHARES_WITH_DERIVATIVES)
        return cls(calendar, market, span, today)

    def data(self) -> dict[str, Any]:
        """Return the page for a program: dates as `YYYY-MM-DD`, times as `HH:MM` in India."""
        content: dict[str, Any] = {"from": str(self._span.first), "to": str(self._span.last)}
        if self._market is None:
            hours = [
                {"from": str(day), "open": f"{each.open:%H:%M}", "close": f"{each.close:%H:%M}", "source": each.source}
                for day, each in self._hours
            ]
            return content | {"market": COMMODITY, "hours": hours, "sessions": None}
        ahead = {name: None if day is None else str(day) for name, day in self._ahead().items()}
        return content | {
            "market": self._market.value,
            **ahead,
            "sessions": [self._session(day, day.session) for day in self._days if day.session is not None],
            "closed": [
                {"date": str(day.date), "kind": day.kind.value, "note": day.note, "source": day.source}
                for day in self._days
                if day.session is None
            ],
        }

    def print(self) -> None:
        """Write the page to standard output."""
        console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
        if self._market is None:
            for day, hours in self._hours:
                console.print(f"{day}  {hours.open:%H:%M}-{hours.close:%H:%M}  {hours.source}", soft_wrap=True)
            console.print("Hours of a full day; the holidays of the commodity exchange are not known here.")
            return
        for start in _months(self._span):
            console.print(self._grid(start))
        for line in self._notes():
            console.print(line, soft_wrap=True)

    def _ahead(self) -> dict[str, date | None]:
        """What comes after today; None for what is not known."""
        try:
            until = self._calendar.known_until(self._today)
        except DataError:
            return {"next_session": None, "next_holiday": None, "known_until": None}
        later = tuple(self._calendar.days(self._today + timedelta(days=1), until))
        closed = (day for day in later if day.session is None and day.kind is not DayKind.WEEKEND)
        return {
            "next_session": next((day.date for day in later if day.session is not None), None),
            "next_holiday": next((day.date for day in closed), None),
            "known_until": until,
        }

    def _session(self, day: CalendarDay, session: TradingDay) -> dict[str, Any]:
        square_off = self._calendar.broker_square_off(Product.INTRADAY, day.date)
        price = session.closing_price_at
        return {
            "date": str(day.date),
            "kind": day.kind.value,
            "note": day.note,
            "source": day.source,
            "open": _clock(session.open),
            "breaks": [[_clock(start), _clock(end)] for start, end in session.breaks],
            "no_entry_after": _clock(session.no_entry_after),
            "square_off": _clock(session.square_off),
            "flat_by": _clock(session.flat_by),
            "broker_square_off": None if square_off is None else _clock(square_off),
            "close": _clock(session.close),
            "closing_price_at": None if price is None else _clock(price),
        }

    def _grid(self, start: date) -> Table:
        table = Table(title=f"{start:%B %Y}", title_justify="left", box=None, padding=(0, 1, 0, 0))
        for name in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"):
            table.add_column(name, min_width=3)
        shown = {day.date: day for day in self._days}
        week = [Text("")] * start.weekday()
        for number in range((_month_end(start) - start).days + 1):
            week.append(_cell(start + timedelta(days=number), shown, self._today))
            if len(week) == 7:
                table.add_row(*week)
                week = []
        if week:
            table.add_row(*week)
        return table

    def _notes(self) -> Iterator[str]:
        yield _LEGEND
        sessions = [day for day in self._days if day.session is not None]
        yield f"{len(sessions)} session{'' if len(sessions) == 1 else 's'}"
        before = ""
        for day in self._days:
            if day.kind is DayKind.REGULAR:
                words = _words(day)
                if words != before:
                    yield f"{day.date} {day.date:%a}  {words}"
                before = words
            elif day.kind is not DayKind.WEEKEND:
                yield f"{day.date} {day.date:%a}  {_words(day)}"
        for name, found in self._ahead().items():
            yield f"{name.replace('_', ' ').capitalize()}: {found or 'not known'}"


def _words(day: CalendarDay) -> str:
    if day.session is None:
        kind = "session, hours unknown" if day.kind is DayKind.HOURS_UNKNOWN else day.kind.value
        return ": ".join(part for part in (kind, day.note) if part)
    hours = " and ".join(f"{_clock(begin)}-{_clock(end)}" for begin, end in day.hours)
    return f"{hours}, flat by {_clock(day.session.flat_by)}" + (f": {day.note}" if day.note else "")


def _cell(day: date, shown: dict[date, CalendarDay], today: date) -> Text:
    found = shown.get(day)
    if found is None:
        return Text("")
    style = _STYLES[found.kind] + (" reverse" if day == today else "")
    return Text(f"{day.day:>2}{_MARKS.get(found.kind, '')}", style=style.strip())


def _changes(calendar: NseCalendar, span: Days) -> Iterator[tuple[date, CommodityHours]]:
    """Yield the hours of commodities as they are at the beginning, and each time they change."""
    before: CommodityHours | None = None
    for day in span:
        hours = calendar.commodity_hours(day)
        if hours != before:
            yield day, hours
        before = hours


def _months(span: Days) -> Iterator[date]:
    start = span.first.replace(day=1)
    while start <= span.last:
        yield start
        start = _month_end(start) + timedelta(days=1)


def _month_end(start: date) -> date:
    return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _clock(at: Instant) -> str:
    return ist_text(at)[11:16]
