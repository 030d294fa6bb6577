"""`fyersbot list-data`: what the store holds, from when to when, and how many sessions it lacks in between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import DataError
from core.instants import ist_date, ist_datetime
from core.ports import Calendar
from market_data.candles.candle_store import Holding
from market_data.days import Days

_ANY_WIDTH = 1_000
_MOST_STRAYS = 3


@dataclass(frozen=True, slots=True)
class Listed:
    """A series of the store and its sessions, counted as `coverage` and `download-data` count them."""

    holding: Holding
    sessions: int
    """From the first known day to the last, by the calendar."""
    missing: int
    """Those among them that are not known."""


def listed(holdings: Sequence[Holding], calendar_of: Callable[[str], Calendar]) -> list[Listed]:
    """Count the sessions of what the store holds and can read, each symbol's by its own market's calendar."""
    found = []
    for each in holdings:
        if each.error:
            continue
        calendar = calendar_of(each.series.symbol)
        days = Days(each.known[0].first, each.known[-1].last)
        is_known = [any(day in known for known in each.known) for day in days if _is_session(calendar, day)]
        found.append(Listed(each, len(is_known), is_known.count(False)))
    return found


def require_readable(holdings: Sequence[Holding]) -> None:
    """Raise `DataError` that names the series which cannot be read, when there are any."""
    errors = [each.error for each in holdings if each.error]
    if errors:
        raise DataError(f"{len(errors)} of {len(holdings)} series cannot be read; {'; '.join(errors)}")


def stray_lines(strays: Sequence[str]) -> list[str]:
    """Return what to say of what lies among the candles and is none: a desktop may leave something in each folder."""
    more = len(strays) - _MOST_STRAYS
    return [*strays[:_MOST_STRAYS], *([f"and {more:,} more, which --json names"] if more > 0 else ())]


def holdings_data(series: Sequence[Listed]) -> list[dict[str, Any]]:
    """Return what the store holds, for programs."""
    return [
        {
            "symbol": each.holding.series.symbol,
            "timeframe": each.holding.series.timeframe.value,
            "candles": each.holding.candles,
            "first": ist_datetime(each.holding.first).isoformat() if each.holding.first is not None else None,
            "last": ist_datetime(each.holding.last).isoformat() if each.holding.last is not None else None,
            "sessions": each.sessions,
            "missing": each.missing,
            "known": [[days.first.isoformat(), days.last.isoformat()] for days in each.holding.known],
        }
        for each in series
    ]


def holdings_view(series: Sequence[Listed], console: Console, *, shows_time_range: bool) -> RenderableType:
    """Return what the store holds, for people: a row for each series, or some lines where rows would be cut."""
    table = _table(series, shows_time_range=shows_time_range)
    if console.measure(table, options=console.options.update(width=_ANY_WIDTH)).maximum <= console.width:
        return table
    return Group(*(_lines(each, shows_time_range=shows_time_range) for each in series))


def _table(series: Sequence[Listed], *, shows_time_range: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("symbol", no_wrap=True)
    table.add_column("timeframe", no_wrap=True)
    table.add_column("candles", justify="right", no_wrap=True)
    if shows_time_range:
        for heading in ("from", "to"):
            table.add_column(heading, no_wrap=True)
        for heading in ("sessions", "missing"):
            table.add_column(heading, justify="right", no_wrap=True)
    for each in series:
        of = each.holding.series
        cells = [of.symbol, of.timeframe.value, f"{each.holding.candles:,}"]
        counts = (f"{each.sessions:,}", f"{each.missing:,}")
        table.add_row(*cells, *((*_time_range(each), *counts) if shows_time_range else ()))
    return table


def _lines(each: Listed, *, shows_time_range: bool) -> Text:
    text = Text(f"{each.holding.series}: {each.holding.candles:,} candles")
    if shows_time_range:
        first, last = _time_range(each)
        text.append(f"\n  {first} to {last}\n  {each.sessions:,} sessions, {each.missing:,} missing")
    return text


def _time_range(each: Listed) -> tuple[str, str]:
    first, last = (str(ist_date(at)) if at is not None else "-" for at in (each.holding.first, each.holding.last))
    return first, last


def _is_session(calendar: Calendar, day: date) -> bool:
    try:
        return calendar.trading_day(day) is not None
    except DataError:
        return False  # before the calendar's first hours, or in a year whose holidays nobody knows
