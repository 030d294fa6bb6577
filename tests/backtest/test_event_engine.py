"""What holds on any bars, made by chance; and what a run is asked and gives back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.assumptions import FillAssumptions, Mode
from backtest.bars import SymbolBars
from backtest.event_engine import run
from backtest.result import BacktestResult
from core.charges import ChargeRates
from core.errors import StrategyError
from core.instants import ist_date
from core.market import Side
from core.orders import Product
from core.segments import Segment
from core.signals import Direction, FeatureRow, Needs, Signal
from runtime.charge_rates import ChargeTable
from strategies.guarded import Guarded

from .conftest import EXACT, FREE, bars_of, rules, signal, traded

CAPITAL = 10_000_000
RATES = ChargeRates(
    brokerage=3_000,
    brokerage_cap=2_000,
    stt_buy=0,
    stt_sell=2_500,
    exchange=297,
    sebi=10,
    ipft=1,
    stamp_buy=300,
    gst_percent=18,
    dp_charge=1_250,
)
CHARGES = ChargeTable({(Segment.EQUITY, product): ((date(2020, 1, 1), RATES),) for product in Product}, "tests")
FILLS = FillAssumptions(spread_ticks=2, slippage_ticks=1, volume_share=0.2)
COST = 2 * 5


def random_bars(seed: int, symbol: str, sessions: int = 6) -> SymbolBars:
    """A random walk with gaps, thin bars, locked bars and sessions that are cut short."""
    chance = np.random.default_rng(seed)
    price, days = 10_000, []
    for _ in range(sessions):
        price = max(2_000, price + 5 * int(chance.integers(-60, 60)))
        day = []
        for _ in range(int(chance.integers(5, 13))):
            path = np.maximum(1_000, price + 5 * np.cumsum(chance.integers(-9, 10, 6)))
            bar = (
                int(path[0]),
                int(path.max()),
                int(path.min()),
                int(path[-1]),
                int(chance.choice([0, 20, 200, 5_000])),
            )
            if chance.random() < 0.05:
                bar = (bar[0],) * 4 + bar[4:]
            day.append(bar)
            price = bar[3]
        days.append(day)
    return bars_of(days, symbol=symbol)


def random_signals(seed: int, symbols: list[SymbolBars]) -> dict[str, dict[int, Direction]]:
    chance = np.random.default_rng(seed)
    return {
        each.instrument.symbol: {
            row: Direction(int(chance.integers(1, 3))) for row in range(len(each)) if chance.random() < 0.3
        }
        for each in symbols
    }


def any_run(seed: int, mode: Mode) -> tuple[list[SymbolBars], Mapping[str, Mapping[int, Direction]], BacktestResult]:
    symbols = [random_bars(seed + place, f"NSE:{name}-EQ") for place, name in enumerate("ABC")]
    signals = random_signals(seed, symbols)
    limits = {"max_loss": 1_000, "soft_loss": 700, "max_positions": 2, "trail_atr": 0.8, "stop_atr": 0.6}
    result = traded(symbols, signals, mode=mode, fills=FILLS, charges=CHARGES, capital=CAPITAL, **limits)
    return symbols, signals, result


seeds = st.integers(min_value=0, max_value=10_000)
modes = st.sampled_from(Mode)
some = settings(max_examples=15, deadline=None)


@some
@given(seeds, modes)
def test_the_curve_ends_where_capital_and_trades_lead(seed: int, mode: Mode) -> None:
    _, _, result = any_run(seed, mode)

    assert result.curve.equity[-1] == CAPITAL + result.net
    assert result.curve.exposure[-1] == 0
    assert result.charges.total == sum(trade.charges for trade in result.trades)


@some
@given(seeds, modes)
def test_every_signal_becomes_a_trade_or_is_counted_with_a_reason(seed: int, mode: Mode) -> None:
    _, signals, result = any_run(seed, mode)

    assert sum(map(len, signals.values())) == len(result.trades) + sum(result.refusals.values())


@some
@given(seeds)
def test_no_intraday_position_lives_over_a_night(seed: int) -> None:
    _, _, result = any_run(seed, Mode.INTRADAY)

    assert all(ist_date(trade.entry_at) == ist_date(trade.exit_at) for trade in result.trades)


@some
@given(seeds)
def test_delivery_is_never_sold_short(seed: int) -> None:
    _, _, result = any_run(seed, Mode.POSITIONAL)

    assert {trade.side for trade in result.trades} <= {Side.BUY}


@some
@given(seeds, modes)
def test_every_price_lies_in_a_bar_of_its_time_widened_by_the_cost(seed: int, mode: Mode) -> None:
    symbols, _, result = any_run(seed, mode)
    of = {each.instrument.symbol: each for each in symbols}
    for trade in result.trades:
        bars = of[trade.symbol]
        held = (bars.sessions.closed_at >= trade.entry_at) & (bars.candles.starts <= trade.exit_at)
        low, high = bars.candles.lows[held].min() - COST, bars.candles.highs[held].max() + COST
        assert low <= trade.entry_price <= high
        assert low <= trade.exit_price <= high


@some
@given(seeds, modes)
def test_the_same_bars_and_signals_give_the_same_run(seed: int, mode: Mode) -> None:
    (_, _, once), (_, _, again) = any_run(seed, mode), any_run(seed, mode)

    assert once.trades == again.trades
    assert once.refusals == again.refusals
    assert once.curve.equity.tolist() == again.curve.equity.tolist()


@some
@given(seeds, modes, st.integers(min_value=1, max_value=5))
def test_what_comes_later_does_not_change_what_was(seed: int, mode: Mode, sessions: int) -> None:
    bars = random_bars(seed, "NSE:A-EQ")
    days = sorted(set(bars.sessions.days.tolist()))[:sessions]
    cut = int(np.searchsorted(bars.sessions.days, days[-1], side="right"))
    prefix = SymbolBars(
        bars.instrument,
        bars.candles.slice(0, cut),
        replace(
            bars.sessions,
            **{
                name: getattr(bars.sessions, name)[:cut]
                for name in ("days", "closed_at", "may_enter", "squares_off", "is_last", "follows", "close_before")
            },
        ),
        replace(bars.features, **{name: getattr(bars.features, name)[:cut] for name in ("values", "valid", "atr")}),
    )
    [signals] = random_signals(seed, [bars]).values()
    whole = traded(bars, signals, mode=mode, fills=FILLS, charges=CHARGES).trades
    part = traded(
        prefix, {row: each for row, each in signals.items() if row < cut}, mode=mode, fills=FILLS, charges=CHARGES
    )

    end = int(bars.sessions.closed_at[cut - 1])
    before = [trade for trade in whole if trade.exit_at < end]
    assert list(part.trades)[: len(before)] == before


class Buys:
    """Says long after every bar, and remembers what it was asked."""

    name = "buys"

    def __init__(self, warm_up: int = 0) -> None:
        self.needs = Needs(features=("return_1",), warm_up=warm_up)
        self.asked: list[tuple[FeatureRow, FeatureRow]] = []

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        self.asked.append((now, before))
        return signal(Direction.LONG, now.symbol)


def asked_in(provider: Buys, bars: SymbolBars) -> BacktestResult:
    return run([bars], Guarded(provider), rules(), EXACT, Mode.INTRADAY, FREE)


FLAT = (10_000, 10_010, 9_990, 10_000)


def test_a_strategy_is_asked_about_each_bar_with_the_one_before_it() -> None:
    provider, bars = Buys(), bars_of([[FLAT] * 4])
    result = asked_in(provider, bars)

    starts = bars.candles.starts.tolist()
    assert [(now.candle.start, before.candle.start) for now, before in provider.asked] == list(
        zip(starts[1:], starts, strict=False)
    )
    assert len(result.trades) == 1
    assert result.candles == 4


def test_it_is_not_asked_where_one_of_the_two_has_no_complete_row() -> None:
    provider, bars = Buys(), bars_of([[FLAT] * 6])
    bars.features.valid[2] = False
    asked_in(provider, bars)

    starts = bars.candles.starts.tolist()
    assert [now.candle.start for now, _ in provider.asked] == [starts[1], starts[4], starts[5]]


def test_its_own_warm_up_comes_first() -> None:
    provider, bars = Buys(warm_up=2), bars_of([[FLAT] * 6])
    asked_in(provider, bars)

    assert provider.asked[0][0].candle.start == bars.candles.starts[3]


def test_a_strategy_that_fails_ends_the_run_with_its_name_and_the_candle() -> None:
    class Fails(Buys):
        name = "fails"

        def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
            raise ZeroDivisionError("by nothing")

    with pytest.raises(StrategyError, match="fails on NSE:SBIN-EQ, candle 2024-01-01 09:20:00: ZeroDivisionError"):
        asked_in(Fails(), bars_of([[FLAT] * 4]))


def test_progress_is_told_to_the_end() -> None:
    told: list[float] = []
    run([bars_of([[FLAT] * 4])], Buys(), rules(), EXACT, Mode.INTRADAY, FREE, progress=told.append)

    assert told[-1] == 1.0
    assert told == sorted(told)


def test_the_random_runs_reach_what_they_are_to_prove() -> None:
    reasons: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for seed in range(0, 600, 20):
        for mode in Mode:
            result = any_run(seed, mode)[2]
            reasons.update(trade.exit_reason for trade in result.trades)
            codes.update(result.refusals)

    assert set(reasons) >= {"stop_loss", "target", "square_off", "end_of_data", "force_exit"}
    assert set(codes) >= {
        "NOT_FILLED",
        "SYMBOL_BUSY",
        "MAX_POSITIONS",
        "SAFETY_LEVEL",
        "ENTRIES_CLOSED",
        "SHORT_DELIVERY",
    }


def test_steps_follow_time_over_symbols_with_holes() -> None:
    first, second = bars_of([[FLAT] * 6], symbol="NSE:A-EQ"), bars_of([[FLAT] * 3, [FLAT] * 2], symbol="NSE:B-EQ")
    curve = traded([first, second], {"NSE:A-EQ": {1: Direction.LONG}}).curve

    assert len(curve.at) == 6 + 2
    assert (np.diff(curve.at) > 0).all()
    assert curve.exposure.tolist() == [0, 0, 100_000, 100_000, 100_000, 0, 0, 0]


def test_days_are_consecutive_weekdays_in_the_bars_of_these_tests() -> None:
    bars = bars_of([[FLAT]] * 6)
    days = [ist_date(start) for start in bars.candles.starts.tolist()]

    assert days[4] + timedelta(days=3) == days[5]
