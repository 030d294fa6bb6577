"""One truth: on the same candles, strategy and rules both engines make the same run, to the paisa."""

import os
from dataclasses import replace
from datetime import date, time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backtest import fast_engine
from backtest.assumptions import EntryFill, FillAssumptions, Mode
from backtest.bars import SymbolBars, prepared
from core.instants import DAY, MINUTE, instant_at, ist_date
from core.market import Instrument, Timeframe
from core.rules import TradingRules
from core.sessions import TradingDay
from core.signals import FeatureRow, Needs, Signal, SignalProvider
from core.sizing import SizingMethod, SizingRule
from features.columns import IST_OFFSET, CandleColumns
from features.specification import FeatureSpecification
from strategies.opening_price_crossover import OpeningPriceCrossover
from strategies.simple_ma_crossover import SimpleMaCrossover

from .conftest import signal
from .fast_market import CHARGES, EveryDay, account, random_candles

event_engine = pytest.importorskip("backtest.event_engine")

FAST_AND_SLOW = SimpleMaCrossover(fast=3, slow=8)
STRATEGIES = (
    FAST_AND_SLOW,
    SimpleMaCrossover(fast=2, slow=5),
    OpeningPriceCrossover(),
    OpeningPriceCrossover(band=0.0),
)
USUAL = FillAssumptions()
PRICES = ("open", "high", "low", "close")


class OneByOne:
    """The same strategy without its fast face."""

    def __init__(self, provider: SignalProvider) -> None:
        self._provider = provider
        self.name = provider.name

    @property
    def needs(self) -> Needs:
        return self._provider.needs

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return self._provider.on_data(now, before)


def assert_both_agree(
    bars: list[SymbolBars],
    provider: SignalProvider,
    mode: Mode,
    rules: TradingRules,
    fills: FillAssumptions = USUAL,
) -> int:
    """Run both engines, compare all that they return, and tell how many trades there were."""
    fast = fast_engine.run(bars, provider, rules, fills, mode, CHARGES)
    event = event_engine.run(bars, provider, rules, fills, mode, CHARGES)
    for mine, other in zip(fast.trades, event.trades, strict=False):
        assert mine == other
    assert len(fast.trades) == len(event.trades)
    assert fast.charges == event.charges
    assert fast.refusals == event.refusals
    assert fast.corporate_actions == event.corporate_actions
    assert fast.candles == event.candles
    for name in ("at", "equity", "exposure"):
        assert np.array_equal(getattr(fast.curve, name), getattr(event.curve, name)), name
    return len(fast.trades)


def bars_of(
    provider: SignalProvider, seeds: list[int], days: int, reach: int, first: int = 0, **contract: int | None
) -> list[SymbolBars]:
    """Prepare random candles, of which those before the row `first` only warm up."""
    specification = FeatureSpecification.of(provider.needs.features)
    return [
        prepared(
            Instrument(symbol=f"NSE:SHARE{place}-EQ", token="10100000000001", **{"tick": 5, **contract}),
            random_candles(days, reach, seed),
            Timeframe.M5,
            specification,
            EveryDay(),
            first,
        )
        for place, seed in enumerate(seeds)
    ]


@st.composite
def runs(draw):
    """Rules and fills from harmless to absurd, so that each rule of the gate has its turn."""
    choose = lambda *values: draw(st.sampled_from(values))  # noqa: E731
    sizing = SizingRule(
        method=choose(*SizingMethod),
        quantity=choose(10, 100, 2_000),
        capital_ppm=choose(200_000, 1_000_000, 3_000_000),
        risk_ppm=choose(2_500, 25_000),
        max_order_value=choose(25_000_000, 10**9),
    )
    rules = account(
        sizing=sizing,
        stop_atr=choose(0.2, 1.5, 3.0, 400.0),
        target_atr=choose(0.5, 3.0, 10.0, 500.0),
        trail_atr=choose(0.0, 0.0, 1.0, 2.5),
        price_buffer=choose(0.0, 0.0005, 0.002),
        capital=choose(50_000_000, 10_000_000, 400_000_000),
        max_loss=choose(10_000, 300_000, 10_000_000),
        soft_loss=choose(5_000, 100_000, 5_000_000),
        max_positions=choose(1, 2, 5),
        max_orders_per_day=choose(3, 200),
        max_order_value=choose(5_000_000, 10**9),
        max_symbol_value=choose(6_000_000, 10**9),
        max_exposure=choose(10_000_000, 10**9),
        max_open_value=choose(10_000_000, 10**10),
        max_turnover=choose(30_000_000, 10**10),
        margin=choose(0.2, 1.05),
    )
    fills = FillAssumptions(
        entry=choose(*EntryFill),
        spread_ticks=choose(0, 1, 3),
        slippage_ticks=choose(0, 2),
        slippage_share=choose(0.0, 0.0003),
        volume_share=choose(0.0, 0.01, 0.1, 1.0),
    )
    return rules, fills


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    case=runs(),
    provider=st.sampled_from(STRATEGIES),
    mode=st.sampled_from(Mode),
    seeds=st.lists(st.integers(0, 10**6), min_size=1, max_size=3),
    days=st.integers(2, 18),
    reach=st.sampled_from((1, 3, 6, 20)),
    lot=st.sampled_from((1, 1, 7, 25)),
    freeze=st.sampled_from((None, None, 60, 150)),
    first=st.sampled_from((0, 0, 1, 90)),
)
def test_both_engines_make_the_same_run_whatever_the_market_and_the_rules(
    case, provider, mode, seeds, days, reach, lot, freeze, first
):
    rules, fills = case
    bars = bars_of(provider, seeds, days, reach, first, lot=lot, freeze=freeze)
    assert_both_agree(bars, provider, mode, rules, fills)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_strategy_without_a_fast_face_makes_the_same_run(mode):
    bars = bars_of(FAST_AND_SLOW, [1, 2], 5, 6)

    assert assert_both_agree(bars, OneByOne(FAST_AND_SLOW), mode, account()) > 0
    slow = fast_engine.run(bars, OneByOne(FAST_AND_SLOW), account(), FillAssumptions(), mode, CHARGES)
    quick = fast_engine.run(bars, FAST_AND_SLOW, account(), FillAssumptions(), mode, CHARGES)
    assert slow.trades == quick.trades


class AlwaysLong:
    """A strategy that wants in after every candle, so that an entry waits wherever one may."""

    name = "always_long"
    needs = Needs(features=("return_1",))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return signal(symbol=now.symbol)


@pytest.mark.parametrize("mode", list(Mode))
def test_entries_whose_bar_never_comes_wait_equally_long_in_both(mode: Mode):
    bars, chance = [], np.random.default_rng(5)
    for place, days in enumerate((12, 5, 9)):
        candles = random_candles(days, 6, place)
        columns = (candles.starts, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes)
        is_there = chance.random(len(candles)) > 0.3
        is_there &= (candles.days() - candles.days()[0]) % 4 != place
        instrument = Instrument(symbol=f"NSE:SHARE{place}-EQ", token="10100000000001", tick=5)
        specification = FeatureSpecification.of(AlwaysLong.needs.features)
        left = CandleColumns(*(column[is_there] for column in columns))
        bars.append(prepared(instrument, left, Timeframe.M5, specification, EveryDay()))

    rules = account(max_positions=1, stop_atr=1.0, target_atr=1.0)
    assert assert_both_agree(bars, AlwaysLong(), mode, rules) > 5
    refusals = fast_engine.run(bars, AlwaysLong(), rules, USUAL, mode, CHARGES).refusals
    assert min(refusals["NOT_FILLED"], refusals["MAX_POSITIONS"]) > 0


def test_an_index_is_not_traded_by_either():
    bars = bars_of(FAST_AND_SLOW, [1], 5, 6)
    index = Instrument(symbol="NSE:NIFTY50-INDEX", token="1", tick=5)
    indices = [SymbolBars(index, each.candles, each.sessions, each.features) for each in bars]

    assert assert_both_agree(indices, FAST_AND_SLOW, Mode.INTRADAY, account()) == 0


class Paused(EveryDay):
    """The same days in two parts, with a pause from 10:00 to 11:30."""

    def trading_day(self, day: date) -> TradingDay:
        pause = instant_at(day, time(10, 0)), instant_at(day, time(11, 30))
        return replace(super().trading_day(day), breaks=(pause,))


@pytest.mark.parametrize("mode", list(Mode))
def test_a_signal_in_a_pause_is_refused_by_both(mode: Mode):
    bars = []
    for seed in (1, 2):
        candles = random_candles(12, 6, seed)
        trades = [not Paused().trading_day(ist_date(at)).resumes_at(at) for at in candles.starts.tolist()]
        columns = (candles.starts, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes)
        instrument = Instrument(symbol=f"NSE:SHARE{seed}-EQ", token="10100000000001", tick=5)
        specification = FeatureSpecification.of(FAST_AND_SLOW.needs.features)
        within = CandleColumns(*(column[trades] for column in columns))
        bars.append(prepared(instrument, within, Timeframe.M5, specification, Paused()))

    assert assert_both_agree(bars, FAST_AND_SLOW, mode, account()) > 5
    assert fast_engine.run(bars, FAST_AND_SLOW, account(), USUAL, mode, CHARGES).refusals["SESSION_CLOSED"] > 0


@cache
def recorded_bars(folder: Path, features: tuple[str, ...]) -> list[SymbolBars]:
    """Prepare the candles of all files; for both modes at once."""
    return [
        prepared(
            Instrument(symbol=path.stem, token="10100000000001", tick=5),
            recorded(path),
            Timeframe.M5,
            FeatureSpecification.of(features),
            EveryDay(),
        )
        for path in sorted(folder.glob("NSE_*-EQ_5m.parquet"))
    ]


@cache
def recorded(path: Path) -> CandleColumns:
    """Read a file of candles without those that come twice, lie outside a session or no market makes."""
    table = pytest.importorskip("pyarrow.parquet").read_table(path).to_pydict()
    starts = np.array([round(at.timestamp()) * 10**9 for at in table["timestamp"]])
    opens, highs, lows, closes = (np.rint(np.array(table[name]) * 100).astype(np.int64) for name in PRICES)
    volumes = np.array(table["volume"]).astype(np.int64)
    minutes = (starts + IST_OFFSET) % DAY // MINUTE
    is_sound = (minutes >= 9 * 60 + 15) & (minutes < 15 * 60 + 30)
    is_sound &= (lows > 0) & (np.minimum(opens, closes) >= lows) & (np.maximum(opens, closes) <= highs)
    _, firsts = np.unique(starts, return_index=True)
    kept = firsts[is_sound[firsts]]
    return CandleColumns(*(each[kept] for each in (starts, opens, highs, lows, closes, volumes)))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("provider", [SimpleMaCrossover(), OpeningPriceCrossover()], ids=lambda each: each.name)
def test_both_engines_make_the_same_run_on_recorded_candles(provider, mode):
    folder = os.environ.get("NSE_DATA_DIR")
    if folder is None:
        pytest.skip("NSE_DATA_DIR is not set: no recorded candles")
    bars = recorded_bars(Path(folder), tuple(provider.needs.features))

    trades = sum(assert_both_agree([each], provider, mode, account()) for each in bars)

    assert trades > 100
    assert assert_both_agree(bars, provider, mode, account(max_positions=4)) > 100
