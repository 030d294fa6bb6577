"""`fyersbot list-data`: what the store holds, and from when to when."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from rich import box
from rich.table import Table

from core.instants import ist_date, ist_datetime
from market_data.candles.candle_store import Holding


def holdings_data(holdings: Sequence[Holding]) -> list[dict[str, Any]]:
    """Return what the store holds, for programs."""
    return [
        {
            "symbol": each.series.symbol,
            "timeframe": each.series.timeframe.value,
            "candles": each.candles,
            "first": ist_datetime(each.first).isoformat() if each.first is not None else None,
            "last": ist_datetime(each.last).isoformat() if each.last is not None else None,
            "known": [[days.first.isoformat(), days.last.isoformat()] for days in each.known],
        }
        for each in holdings
    ]


def holdings_table(holdings: Sequence[Holding], *, shows_time_range: bool) -> Table:
    """Return what the store holds, for people: a row for each series."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("symbol", no_wrap=True)
    table.add_column("timeframe", no_wrap=True)
    table.add_column("candles", justify="right", no_wrap=True)
    if shows_time_range:
        table.add_column("from", no_wrap=True)
        table.add_column("to", no_wrap=True)
        table.add_column("days unknown", justify="right")
    for each in holdings:
        cells = [each.series.symbol, each.series.timeframe.value, f"{each.candles:,}"]
        table.add_row(*cells, *(_time_range(each) if shows_time_range else ()))
    return table


def _time_range(holding: Holding) -> tuple[str, str, str]:
    first, last = (str(ist_date(at)) if at is not None else "-" for at in (holding.first, holding.last))
    unknown = sum((later.first - earlier.last).days - 1 for earlier, later in pairwise(holding.known))
    return first, last, str(unknown)
