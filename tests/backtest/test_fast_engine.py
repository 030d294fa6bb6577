"""What the fast engine promises by itself: compiled or not it is one source, and a sweep is a row of single runs."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from backtest import event_engine
from backtest.assumptions import FillAssumptions, Mode
from backtest.bars import prepared
from backtest.fast_engine import result_of, run, walked
from backtest.fast_tables import Book, Outcome, Run, Sum
from backtest.layout import laid_out, rates_of, signals_of, terms_of
from core.errors import ConfigurationError, StrategyError
from core.market import Instrument, Timeframe
from core.signals import Needs
from features.specification import FeatureSpecification
from strategies.base_strategy import SignalColumns
from strategies.simple_ma_crossover import SimpleMaCrossover

from .fast_market import CHARGES, EveryDay, account, random_candles

STRATEGY = SimpleMaCrossover(fast=3, slow=8)


def bars_of(*seeds, days=6):
    specification = FeatureSpecification.of(STRATEGY.needs.features)
    return [
        prepared(
            Instrument(symbol=f"NSE:SHARE{place}-EQ", token="10100000000001", tick=5),
            random_candles(days, 6, seed),
            Timeframe.M5,
            specification,
            EveryDay(),
        )
        for place, seed in enumerate(seeds)
    ]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("seeds", [(1,), (2, 3)])
def test_compiled_code_does_what_its_source_does(seeds, mode):
    from backtest import kernel  # noqa: PLC0415 - brings numba

    bars = bars_of(*seeds, days=4)
    market, rules = laid_out(bars, mode), account(trail_atr=1.0, max_loss=100_000, soft_loss=50_000)
    signals, rates = signals_of(market, bars, STRATEGY), rates_of(CHARGES, mode)
    terms = terms_of(rules, FillAssumptions(), mode)

    compiled = walked(market, signals, terms, rates, with_curve=True)
    plain = Outcome(*(np.zeros_like(each) for each in compiled))
    book = Book.empty(len(bars))
    kernel._walk(Run(market.bars, market.steps, market.contracts, signals, terms, rates, book, plain))

    assert compiled.sums[Sum.TRADES] > 0
    for name, mine, other in zip(Outcome._fields, compiled, plain, strict=True):
        assert mine.tolist() == other.tolist(), name


@pytest.mark.parametrize("mode", list(Mode))
def test_a_walk_that_passes_over_quiet_bars_trades_like_one_that_draws_a_curve(mode):
    for seed in range(6):
        bars = bars_of(seed, days=8)
        market, rules = laid_out(bars, mode), account(max_loss=60_000, soft_loss=20_000, stop_atr=6.0, target_atr=9.0)
        terms, rates = terms_of(rules, FillAssumptions(), mode), rates_of(CHARGES, mode)
        signals = signals_of(market, bars, STRATEGY)

        quick, drawn = (walked(market, signals, terms, rates, with_curve=curve) for curve in (False, True))

        for name in ("trades", "probabilities", "charges", "refusals", "actions"):
            assert getattr(quick, name).tolist() == getattr(drawn, name).tolist(), name


def test_many_walks_over_one_market_are_the_runs_one_by_one():
    bars = bars_of(4, days=8)
    market = laid_out(bars, Mode.INTRADAY)
    signals, rates = signals_of(market, bars, STRATEGY), rates_of(CHARGES, Mode.INTRADAY)

    for stop, target in ((1.0, 2.0), (2.0, 1.0), (3.0, 6.0)):
        rules = account(stop_atr=stop, target_atr=target)
        outcome = walked(market, signals, terms_of(rules, FillAssumptions(), Mode.INTRADAY), rates, with_curve=True)
        alone = run(bars, STRATEGY, rules, FillAssumptions(), Mode.INTRADAY, CHARGES)
        assert result_of(market, outcome).trades == alone.trades
        assert len(alone.trades) > 0


def test_the_curve_ends_where_the_trades_do():
    result = run(bars_of(5, 6), STRATEGY, account(), FillAssumptions(), Mode.POSITIONAL, CHARGES)

    assert result.trades
    assert result.curve.equity[-1] == account().capital + result.net
    assert result.curve.exposure[-1] == 0
    assert result.charges.total == sum(trade.charges for trade in result.trades)


def test_a_market_in_which_nothing_is_wanted_makes_no_trade():
    silent = SimpleNamespace(
        name="silent",
        needs=Needs(features=STRATEGY.needs.features),
        on_data=lambda now, before: None,
    )

    result = run(bars_of(1), silent, account(), FillAssumptions(), Mode.INTRADAY, CHARGES)

    assert result.trades == ()
    assert set(result.curve.equity.tolist()) == {account().capital}


def test_a_fast_face_that_fails_or_answers_too_little_is_named():
    failing = SimpleNamespace(
        name="leaky", needs=STRATEGY.needs, on_data=None, signals=lambda table, candles, symbol: 1 / 0
    )
    short = SimpleNamespace(
        name="short",
        needs=STRATEGY.needs,
        on_data=None,
        signals=lambda table, candles, symbol: SignalColumns(np.zeros(3, dtype=np.int8), np.zeros(3)),
    )

    with pytest.raises(StrategyError, match="strategy leaky on NSE:SHARE0-EQ, all candles at once: ZeroDivisionError"):
        run(bars_of(1), failing, account(), FillAssumptions(), Mode.INTRADAY, CHARGES)
    with pytest.raises(StrategyError, match=r"directions of shape \(3,\) and .* for \d+ candles; return one of each"):
        run(bars_of(1), short, account(), FillAssumptions(), Mode.INTRADAY, CHARGES)


def dear_bars(factor):
    candles = random_candles(4, 6, seed=1)
    prices = {name: getattr(candles, name) * factor for name in ("opens", "highs", "lows", "closes")}
    specification = FeatureSpecification.of(STRATEGY.needs.features)
    instrument = Instrument(symbol="NSE:DEAR-EQ", token="10100000000001", tick=5)
    return [prepared(instrument, replace(candles, **prices), Timeframe.M5, specification, EveryDay())]


def test_prices_are_counted_up_to_32_bits_and_refused_beyond():
    bars, much = dear_bars(15_000), 10**13
    rules = account(
        capital=much, max_order_value=much, max_symbol_value=much, max_exposure=much, max_open_value=much,
        max_turnover=much, max_loss=much, soft_loss=much, sizing=replace(account().sizing, max_order_value=much),
    )  # fmt: skip

    fast, event = (
        engine(bars, STRATEGY, rules, FillAssumptions(), Mode.POSITIONAL, CHARGES) for engine in (run, event_engine.run)
    )

    assert max(trade.entry_value // trade.quantity for trade in fast.trades) > 2**29
    assert fast.trades == event.trades
    with pytest.raises(ConfigurationError, match=r"a price of \d+ units; .* use --engine event"):
        laid_out(dear_bars(150_000), Mode.POSITIONAL)


def test_capital_beyond_64_bits_is_refused():
    with pytest.raises(ConfigurationError, match="use --engine event"):
        terms_of(account(capital=10**14), FillAssumptions(), Mode.INTRADAY)


def test_compiled_code_is_kept_where_it_can_be_and_made_anew_where_not(tmp_path: Path, monkeypatch):
    from backtest import compiled  # noqa: PLC0415 - brings numba
    from core import exits  # noqa: PLC0415

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    assert compiled.compiled(exits.decide, [exits])(1, 90, 120, 100, 110, 95, False) == (exits.HOLD, 0)
    assert list((tmp_path / "kept").rglob("*.nbi"))

    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert compiled.compiled(exits.decide, [exits])(1, 90, 120, 85, 110, 80, False) == (exits.STOP, 85)
