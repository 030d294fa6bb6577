"""Each sentence of docs/backtest-assumptions.md on recorded ticks, on a session made by hand.

As in test_assumptions.py: ten shares, a stop of 100 and a target of 200 paise around the entry, a limit 0.2 % beyond
the close, no costs; bars of 5 minutes from 09:15, square-off at 10:05 (row 10). A tick comes every ten seconds.
"""

from collections.abc import Mapping, Sequence
from datetime import date, time

import numpy as np
import pytest

from backtest.assumptions import FillAssumptions, Mode
from backtest.bar_ticks import BarTicks, notes_on_ticks, ticks_of
from backtest.bars import SymbolBars
from core.errors import DataError
from core.instants import MINUTE, SECOND, instant_at, ist_date
from core.positions import Trade
from core.signals import Direction
from market_data.ticks.tick_files import TickColumns

from .conftest import MONDAY, SYMBOL, bars_of, traded
from .test_event_engine import CAPITAL, CHARGES, FILLS, random_bars, random_signals

LONG, SHORT = Direction.LONG, Direction.SHORT
FLAT = (10_000, 10_010, 9_990, 10_000)
WIDE = (10_000, 10_300, 9_800, 10_000)
"""A bar that by its four prices alone has hit the stop first, of a long as of a short."""
Prices = Mapping[int, Sequence[int]]
"""What was traded in each row."""


class Recorded:
    """Ticks of some days, as an archive has them."""

    def __init__(self, ticks: Mapping[date, Sequence[tuple[int, int]]], scale: int = 2) -> None:
        self._ticks = ticks
        self._scale = scale

    def days(self, symbol: str) -> list[date]:
        return list(self._ticks) if symbol == SYMBOL else []

    def read_ticks(self, symbol: str, day: date) -> TickColumns:
        at, ltp = np.array(self._ticks[day], dtype=np.int64).T
        return TickColumns(self._scale, at, at, ltp, ltp, ltp, np.zeros_like(ltp))


def start(row: int) -> int:
    return instant_at(MONDAY, time(9, 15)) + row * 5 * MINUTE


def tick_at(row: int, number: int) -> int:
    return start(row) + number * 10 * SECOND


def session(**bars: tuple[int, int, int, int]) -> SymbolBars:
    """Twelve flat bars but for those given as `row_4=(open, high, low, close)`."""
    return bars_of([[bars.get(f"row_{row}", FLAT) for row in range(12)]])


def ticks_in(bars: SymbolBars, prices: Prices) -> BarTicks:
    seen = [(tick_at(row, number), price) for row, each in prices.items() for number, price in enumerate(each)]
    return ticks_of(bars, Recorded({MONDAY: seen}))


def only_trade(bars: SymbolBars, prices: Prices, direction: Direction = LONG, **changes: object) -> Trade:
    """Trade one signal after row 2 on a session with ticks in some rows."""
    [trade] = traded(bars, {2: direction}, ticks=[ticks_in(bars, prices)], **changes).trades
    return trade


@pytest.mark.parametrize(
    ("direction", "prices", "reason", "price"),
    [
        (LONG, (10_000, 10_150, 10_210, 9_890), "target", 10_210),
        (LONG, (10_000, 9_950, 9_890, 10_210), "stop_loss", 9_890),
        (SHORT, (10_000, 9_850, 9_790, 10_110), "target", 9_790),
        (SHORT, (10_000, 10_050, 10_110, 9_790), "stop_loss", 10_110),
    ],
)
def test_of_stop_and_target_in_one_candle_the_one_that_its_ticks_touch_first_counts(
    direction: Direction, prices: Sequence[int], reason: str, price: int
) -> None:
    bars = session(row_4=WIDE)
    trade = only_trade(bars, {4: prices}, direction)

    assert (trade.exit_reason, trade.exit_value, trade.exit_at) == (reason, 10 * price, tick_at(4, 2))
    [by_candle] = traded(bars, {2: direction}).trades
    assert by_candle.exit_reason == "stop_loss"


def test_an_entry_takes_the_first_tick_after_its_decision_made_worse_by_the_cost() -> None:
    trade = only_trade(session(), {3: (10_005, 9_995)}, fills=FillAssumptions(spread_ticks=1, volume_share=0))

    assert (trade.entry_value, trade.entry_at) == (10 * 10_010, start(3))
    assert (trade.stop, trade.target) == (10_010 - 100, 10_010 + 200)


def test_one_whose_limit_is_passed_waits_for_the_tick_that_comes_to_it_and_what_follows_may_close_it() -> None:
    bars = session(row_3=(10_300, 10_300, 10_010, 10_240))  # the limit is 10,020
    trade = only_trade(bars, {3: (10_300, 10_015, 10_240)})

    assert (trade.entry_value, trade.entry_at) == (10 * 10_020, tick_at(3, 1))
    assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("target", 10 * 10_240, tick_at(3, 2))


def test_an_entry_that_no_tick_comes_to_lapses() -> None:
    bars = session(row_3=(10_300, 10_300, 10_010, 10_240))
    result = traded(bars, {2: LONG}, ticks=[ticks_in(bars, {3: (10_300, 10_240)})])

    assert (result.trades, result.refusals) == ((), {"NOT_FILLED": 1})


def test_a_stop_that_only_the_candle_reached_is_taken_at_its_price_and_a_target_is_not() -> None:
    stopped = only_trade(session(row_4=(10_000, 10_010, 9_890, 10_000)), {4: (10_000, 9_950)})
    missed = only_trade(session(row_4=(10_000, 10_300, 9_990, 10_000)), {4: (10_000, 10_150)})

    assert (stopped.exit_reason, stopped.exit_value, stopped.exit_at) == ("stop_loss", 10 * 9_900, start(5))
    assert missed.exit_reason == "square_off"


def test_the_lowest_price_before_an_entry_is_none_of_its_business() -> None:
    bars = session(row_3=(10_300, 10_300, 9_890, 10_000))
    trade = only_trade(bars, {3: (10_300, 10_020, 10_000)})

    assert trade.exit_reason == "square_off"


def test_a_stop_trails_behind_each_tick() -> None:
    bars = session(row_4=(10_000, 10_150, 10_000, 10_040))
    trade = only_trade(bars, {4: (10_000, 10_150, 10_060, 10_045)}, trail_atr=1.0)  # the stop came to 10,050
    [by_candle] = traded(bars, {2: LONG}, trail_atr=1.0).trades

    assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("stop_loss", 10 * 10_045, tick_at(4, 3))
    assert by_candle.exit_at == start(5)


def test_the_square_off_takes_the_first_tick() -> None:
    trade = only_trade(session(), {10: (10_005, 9_995)})

    assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("square_off", 10 * 10_005, start(10))


def test_what_a_bar_does_not_take_leaves_at_the_first_tick_of_the_next() -> None:
    bars = bars_of(
        [[(*FLAT, 1_000)] * 4 + [(10_000, 10_000, 9_800, 9_890, 6), (9_890, 9_890, 9_890, 9_890, 50), *[FLAT] * 6]]
    )
    trade = only_trade(bars, {4: (10_000, 9_890), 5: (9_880,)}, fills=FillAssumptions(spread_ticks=0, volume_share=0.5))

    assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("stop_loss", 3 * 9_890 + 7 * 9_880, start(5))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("seed", range(5))
def test_sessions_without_ticks_are_walked_by_candles(seed: int, mode: Mode) -> None:
    symbols = [random_bars(seed + place, f"NSE:{name}-EQ") for place, name in enumerate("AB")]
    signals, given = random_signals(seed, symbols), {"fills": FILLS, "charges": CHARGES, "capital": CAPITAL}
    none = [ticks_of(each, Recorded({})) for each in symbols]

    assert traded(symbols, signals, mode=mode, ticks=none, **given).trades == (
        traded(symbols, signals, mode=mode, **given).trades
    )


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_ticks_every_signal_is_accounted_for_and_the_curve_ends_at_the_profit(
    seed: int, mode: Mode
) -> None:
    bars, chance = random_bars(seed, SYMBOL), np.random.default_rng(seed)
    candles, days = bars.candles, {}
    columns = candles.starts, candles.opens, candles.highs, candles.lows, candles.closes
    for begin, *prices in zip(*map(np.ndarray.tolist, columns), strict=True):
        if chance.random() < 0.8:
            seen = days.setdefault(ist_date(begin), [])
            seen += [(begin + number * MINUTE, price) for number, price in enumerate(prices)]
    signals = random_signals(seed, [bars])
    limits = {"max_loss": 1_000, "soft_loss": 700, "trail_atr": 0.8, "stop_atr": 0.6}
    given = {"fills": FILLS, "charges": CHARGES, "capital": CAPITAL, **limits}
    result = traded(bars, signals, mode=mode, ticks=[ticks_of(bars, Recorded(days))], **given)

    assert len(signals[SYMBOL]) == len(result.trades) + sum(result.refusals.values())
    assert result.curve.equity[-1] == CAPITAL + result.net
    assert result.trades != traded(bars, signals, mode=mode, **given).trades


def test_ticks_are_laid_by_the_time_of_the_exchange_and_counted_by_session() -> None:
    bars = bars_of([[FLAT] * 12, [FLAT] * 12])
    seen = [
        (start(0) - SECOND, 9_000),
        (start(1), 10_000),
        (start(0) + SECOND, 9_995),
        (start(1), 10_005),
        (start(2), 0),
    ]
    found = ticks_of(bars, Recorded({MONDAY: seen, date(2024, 3, 1): seen}))

    assert [found.of(row) for row in range(3)] == [
        ((start(0) + SECOND, 9_995),),
        ((start(1), 10_000), (start(1), 10_005)),
        (),
    ]
    assert list(notes_on_ticks([bars], [found])) == ["NSE:SBIN-EQ: ticks in 1 of 2 sessions, candles alone in 1"]


def test_ticks_in_another_unit_are_refused() -> None:
    with pytest.raises(DataError, match="its ticks have 4 digits behind the point, its candles 2"):
        ticks_of(session(), Recorded({MONDAY: [(start(0), 100_000)]}, scale=4))
