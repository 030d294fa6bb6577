"""The strategies on the real features: their word on raw candles is checked against plain arithmetic on the closes."""

import math
from collections.abc import Sequence
from datetime import date, time, timedelta
from itertools import pairwise

import pytest

from core.instants import MINUTE, Instant, instant_at
from core.market import Candle, Timeframe
from core.sessions import TradingDay
from core.signals import Direction, SignalProvider
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from strategies.catalogue import strategy_named

Signals = dict[Instant, Direction]


class EveryDay:
    """A calendar on which each date is a regular NSE session."""

    def trading_day(self, day: date) -> TradingDay:
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )


@pytest.fixture(scope="module")
def candles() -> tuple[Candle, ...]:
    """Four days of 75 five-minute candles whose closes swing slowly around a share price, with a gap each morning."""
    made, close = [], 80_000
    for day in range(4):
        start = instant_at(date(2026, 1, 6) + timedelta(days=day), time(9, 15))
        open_ = close + 300 * (-1) ** day
        for number in range(75):
            angle = (day * 75 + number) / 9.0
            close = 80_000 + round(900 * math.sin(angle) + 350 * math.sin(3.7 * angle))
            made.append(
                Candle(start + number * 5 * MINUTE, open_, max(open_, close) + 40, min(open_, close) - 40, close, 1_000)
            )
            open_ = close
    return tuple(made)


def signals_of(strategy: SignalProvider, candles: Sequence[Candle]) -> tuple[Signals, set[Instant]]:
    """Return the signals by candle start, and the starts that the strategy was asked about."""
    stream = FeatureStream(FeatureSpecification.of(strategy.needs.features), "NSE:SBIN-EQ", Timeframe.M5, EveryDay())
    rows = [row for row in map(stream.update, candles) if row is not None]
    asked = {row.candle.start for row in rows[1:]}
    given = [(row, strategy.on_data(row, before)) for before, row in pairwise(rows)]
    return {row.candle.start: signal.direction for row, signal in given if signal is not None}, asked


def crossings(spreads: dict[Instant, tuple[int, int]]) -> Signals:
    """Return where a pair (before, now) of whole numbers changes its sign."""
    found = {}
    for start, (before, now) in spreads.items():
        if before <= 0 < now:
            found[start] = Direction.LONG
        elif now < 0 <= before:
            found[start] = Direction.SHORT
    return found


def test_the_moving_averages_cross_where_plain_sums_say(candles: tuple[Candle, ...]) -> None:
    signals, asked = signals_of(strategy_named("simple_ma_crossover", {"fast": 5, "slow": 20}), candles)

    def spread(end: int) -> int:
        closes = [candle.close for candle in candles[: end + 1]]
        return 20 * sum(closes[-5:]) - 5 * sum(closes[-20:])

    plain = crossings(
        {
            candle.start: (spread(place - 1), spread(place))
            for place, candle in enumerate(candles)
            if candle.start in asked
        }
    )
    assert signals == plain
    assert set(signals.values()) == {Direction.LONG, Direction.SHORT}


def test_the_opening_price_is_crossed_where_the_closes_say(candles: tuple[Candle, ...]) -> None:
    signals, asked = signals_of(strategy_named("opening_price_crossover", {"band": 0.0}), candles)

    distances: dict[Instant, tuple[int, int]] = {}
    for place, candle in enumerate(candles):
        first = candles[place // 75 * 75].open
        before = candles[place - 1].close - first if place % 75 else 0
        if candle.start in asked:
            distances[candle.start] = before, candle.close - first
    assert signals == crossings(distances)
    assert set(signals.values()) == {Direction.LONG, Direction.SHORT}
