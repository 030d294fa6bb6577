"""How a download went, as a table for people and as one object for programs."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from rich.table import Table

from market_data.days import Days
from market_data.history.download import Outcome, SeriesReport

_MOST_DATES = 5


def table_of(outcome: Outcome) -> Table:
    """Return one row a series."""
    table = Table(box=None, pad_edge=False)
    table.add_column("series", no_wrap=True)
    for heading in ("calls", "new", "changed", "sessions", "known", "empty", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in outcome.reports:
        counts = (each.calls, each.new, each.changed, each.sessions, each.known, each.empty)
        table.add_row(str(each.series), *(f"{count:,}" for count in counts), f"{each.seconds:.1f}")
    return table


def notes_of(outcome: Outcome, days: Days) -> list[str]:
    """Return what a person should know beyond the counts."""
    notes = []
    if not any(each.sessions or each.error for each in outcome.reports):
        notes.append(f"no session from {days.first} to {days.last} is over: there is nothing to ask for")
    elif not any(each.calls or each.error for each in outcome.reports):
        notes.append("everything is there: nothing was asked for")
    for each in outcome.reports:
        if each.absent:
            notes.append(
                f"{each.series}: the broker has no candles of {_dates(each.absent)}; that is remembered "
                "(--with-empty asks again)"
            )
        if each.kept:
            notes.append(
                f"{each.series}: the broker sent fewer candles than are stored of {_dates(each.kept)}; "
                "the stored ones stay"
            )
        if each.dropped:
            notes.append(f"{each.series}: {each.dropped} rows left out: no closed candles of a session, or repeated")
        if each.error:
            notes.append(f"{each.series}: {each.error}")
    return notes


def json_of(outcome: Outcome, days: Days, seconds: float) -> dict[str, Any]:
    """Return the same for programs; dates are ISO text."""
    return {
        "from": days.first.isoformat(),
        "to": days.last.isoformat(),
        "complete": outcome.stopped_by is None and not any(each.error for each in outcome.reports),
        "requests": sum(each.calls for each in outcome.reports),
        "seconds": round(seconds, 3),
        "series": [_series_json(each) for each in outcome.reports],
    }


def _series_json(report: SeriesReport) -> dict[str, Any]:
    return {
        "symbol": report.series.symbol,
        "timeframe": report.series.timeframe.value,
        "requests": report.calls,
        "new": report.new,
        "changed": report.changed,
        "dropped": report.dropped,
        "sessions": report.sessions,
        "known": report.known,
        "missing": report.sessions - report.known,
        "empty": report.empty,
        "absent": [day.isoformat() for day in report.absent],
        "kept": [day.isoformat() for day in report.kept],
        "seconds": round(report.seconds, 3),
        "error": report.error or None,
    }


def _dates(days: Sequence[date]) -> str:
    if len(days) <= _MOST_DATES:
        return ", ".join(day.isoformat() for day in days)
    return f"{len(days)} sessions from {days[0]} to {days[-1]}"
