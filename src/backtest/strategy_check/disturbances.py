"""Other futures: the same candles with some of them moved, still forming, or of another year."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum

import numpy as np

from core.instants import DAY, Instant
from core.ports import Calendar
from core.sessions import TradingDay
from features.columns import CandleColumns

YEARS_MOVED = 28
DAYS_MOVED = 10_227
"""After 28 years, within 1901 to 2099, dates have the same weekdays, months and leap days again."""


NO_VOLUME = 0.1
"""Share of the candles without a trade where candles are moved by chance: a row that is dropped moves others."""


class Move(Enum):
    """How candles are moved; each shows what another may hide."""

    UP = "up"
    DOWN = "down"
    NOISE = "noise"


def moved(candles: CandleColumns, first: int, last: int, move: Move, seed: int) -> CandleColumns:
    """Return the candles with prices and volumes of rows `first` up to but not including `last` changed."""
    size = last - first
    chance = np.random.default_rng((seed, first))
    match move:
        case Move.UP:
            factors, volumes = np.full(size, 1.4), np.full(size, 3.0)
        case Move.DOWN:
            factors, volumes = np.full(size, 0.45), np.full(size, 0.3)  # as after a split of one share into two
        case Move.NOISE:
            factors, volumes = np.exp(chance.normal(0.0, 0.05, size)), chance.uniform(0.2, 4.0, size)
            volumes[chance.random(size) < NO_VOLUME] = 0.0
    part = slice(first, last)
    columns = {name: getattr(candles, name).copy() for name in ("opens", "highs", "lows", "closes", "volumes")}
    for name in ("opens", "highs", "lows", "closes"):
        columns[name][part] = np.maximum(np.rint(columns[name][part] * factors), 1)
    columns["volumes"][part] = np.rint(columns["volumes"][part] * volumes)
    if move is Move.NOISE:  # mirrored bodies: what rises within the candle falls
        sums = columns["highs"][part] + columns["lows"][part]
        for name in ("opens", "closes"):
            columns[name][part] = sums - columns[name][part]
    return CandleColumns(candles.starts.copy(), **columns)


def wild(candles: CandleColumns) -> CandleColumns:
    """Return a market at the same times in which prices jump by several per cent from candle to candle.

    Volumes jump as well, to many times the usual. What a strategy does only then, it does here. Each candle that traded
    still does: to divide by it is no fault.
    """
    jumping = moved(candles, 0, len(candles), Move.NOISE, seed=0)
    factors = np.exp(np.random.default_rng(0).normal(0.0, 1.5, len(candles)))
    volumes = np.maximum(np.rint(candles.volumes * factors).astype(np.int64), np.minimum(candles.volumes, 1))
    return replace(jumping, volumes=volumes)


def forming(candles: CandleColumns, row: int) -> tuple[CandleColumns, ...]:
    """Return the candles up to `row`, that one as it looks while it is made: at its first price, on its way, wild."""
    open_, volume = int(candles.opens[row]), int(candles.volumes[row])
    far = max(open_ // 4, 1)
    shapes = (
        (open_, open_, open_, min(1, volume)),
        (int(candles.highs[row]), open_, int(candles.highs[row]), volume // 2),
        (open_ + far, open_, open_ + far, volume),
        (open_, open_ - far, max(open_ - far, 1), volume),
    )
    return tuple(_with_newest(candles, row, open_, *shape) for shape in shapes)


@dataclass(frozen=True, slots=True)
class MovedCalendar:
    """A calendar that has its sessions 28 years earlier."""

    calendar: Calendar

    def trading_day(self, day: date) -> TradingDay | None:
        """Return the session of the same date, 28 years later, moved back."""
        session = self.calendar.trading_day(day + timedelta(days=DAYS_MOVED))
        return None if session is None else _earlier(session)

    def next_trading_day(self, after: date) -> TradingDay:
        """Return the next one likewise."""
        return _earlier(self.calendar.next_trading_day(after + timedelta(days=DAYS_MOVED)))


def of_another_year(candles: CandleColumns) -> CandleColumns:
    """Return the candles as if the same had happened 28 years earlier."""
    parts = (candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes)
    return CandleColumns(candles.starts - DAYS_MOVED * DAY, *(each.copy() for each in parts))


def _with_newest(
    candles: CandleColumns, row: int, open_: int, high: int, low: int, close: int, volume: int
) -> CandleColumns:
    values = {"opens": open_, "highs": high, "lows": max(low, 1), "closes": close, "volumes": volume}
    columns = {name: getattr(candles, name)[: row + 1].copy() for name in values}
    for name, value in values.items():
        columns[name][row] = value
    return CandleColumns(candles.starts[: row + 1].copy(), **columns)


def _earlier(session: TradingDay) -> TradingDay:
    def back(at: Instant) -> Instant:
        return at - DAYS_MOVED * DAY

    closing = session.closing_price_at
    return replace(
        session,
        date=session.date - timedelta(days=DAYS_MOVED),
        open=back(session.open),
        close=back(session.close),
        no_entry_after=back(session.no_entry_after),
        square_off=back(session.square_off),
        flat_by=back(session.flat_by),
        closing_price_at=None if closing is None else back(closing),
        breaks=tuple((back(pause), back(resumed)) for pause, resumed in session.breaks),
    )
