"""What the features were fed, as the engine feeds them: each later candle once, and no history of a candle built."""

from datetime import date, time

import pytest

from backtest.skew.live_rows import live_rows
from core import events
from core.event_codec import encode
from core.instants import MINUTE, instant_at
from core.market import Candle, CandleSource
from core.signals import Direction
from trading.event_log import Row
from trading.replay import Start

DAY = date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"
OPEN = instant_at(DAY, time(9, 15))


def candle(number: int, close: int = 100) -> Candle:
    return Candle(OPEN + number * 5 * MINUTE, 100, 110, 90, close, 1)


def arrived(*candles: Candle, due: int | None = None) -> events.HistoryArrived:
    return events.HistoryArrived(at=OPEN, symbol=SBIN, candles=candles, due=0 if due is None else candle(due).start)


def built(number: int) -> events.CandleBuilt:
    return events.CandleBuilt(at=OPEN, symbol=SBIN, candle=candle(number), tick=5, ticks=9, late=0)


def decided(number: int) -> events.Decided:
    return events.Decided(
        at=OPEN,
        symbol=SBIN,
        candle=candle(number).start,
        direction=Direction.NONE,
        probability=0.0,
        source="tests",
        reason="",
        features=(1.0,),
        atr=2.0,
    )


@pytest.fixture
def read(make_desk):
    def call(*starts, candles: CandleSource = CandleSource.HISTORY):
        made, number = [], 0
        for happened in starts:
            rows = []
            for event in (make_desk(candles), *happened):
                number += 1
                rows.append(Row(number, OPEN, *encode(event), 0))
            made.append(Start(DAY, rows, None))
        return [each.get(SBIN) for each in live_rows(made)]

    return call


def test_candles_are_fed_once_and_in_order(read):
    [rows] = read([arrived(candle(0), candle(1)), arrived(candle(1, 105), candle(2), due=2), decided(2)])
    assert rows.candles == [candle(0), candle(1), candle(2)]
    assert list(rows.decided) == [candle(2).start]
    assert rows.silent == []


def test_a_candle_that_was_due_and_not_decided_on_is_silent(read):
    [rows] = read([arrived(candle(0)), arrived(candle(1), due=1), arrived(candle(2), due=2), decided(2)])
    assert rows.silent == [candle(1).start]


def test_a_candle_that_came_with_a_later_one_was_not_due(read):
    [rows] = read([arrived(candle(1), candle(2), due=1)])
    assert rows.silent == []


def test_each_start_feeds_anew_and_what_was_decided_before_it_is_not_due_again(read):
    first, second = read(
        [arrived(candle(0)), arrived(candle(1), due=1), decided(1)], [arrived(candle(0), candle(1), due=1)]
    )
    assert first.candles == second.candles == [candle(0), candle(1)]
    assert (second.decided, second.silent) == ({}, [])


def test_the_history_of_a_candle_that_was_built_is_only_for_comparison(read):
    [rows] = read(
        [
            arrived(candle(0)),
            built(1),
            decided(1),
            arrived(candle(1, 105), candle(2), due=1),
            arrived(candle(2), due=2),
        ],
        candles=CandleSource.TICKS,
    )
    assert rows.candles == [candle(0), candle(1), candle(2)]
    assert rows.silent == [candle(2).start]
