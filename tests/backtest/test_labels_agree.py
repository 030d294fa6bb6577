"""One truth for labels, too: what a label says that a trade earned is what the fast engine earns with it, to the paisa.

Both begin with the same settings. A single position is entered at the open, without spread and slippage, with room for
it in every bar and in the gate: beyond that the two are meant to differ (`features.labels` says where).
"""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import numpy as np
import pytest

from backtest.assumptions import EntryFill, FillAssumptions, Mode
from backtest.bars import SymbolBars, prepared
from backtest.fast_engine import walked
from backtest.fast_tables import Code, Field, Outcome, Rates, Terms
from backtest.layout import Market, laid_out, rates_of, terms_of
from core.instants import DAY, MINUTE, instant_at
from core.market import Instrument, Timeframe
from core.orders import Product
from core.sessions import TradingDay
from features.columns import CandleColumns
from features.labels import Labels, label
from features.specification import FeatureSpecification
from runtime.clock import MarketClock
from runtime.settings import ExitSettings, RiskSettings, Settings, SizingSettings
from trading.trade_terms import TradeTerms
from trading.trading_rules import rules_of
from training.dataset import History
from training.train import TrainingOptions, label_rule

from .fast_market import CHARGES, FIRST_DAY, EveryDay, random_candles

TICK = 5
AT_THE_OPEN = FillAssumptions(entry=EntryFill.OPEN, spread_ticks=0, volume_share=0)
RATES = CHARGES.rates_on(FIRST_DAY, Product.INTRADAY).rates
LIMITS = (
    "max_loss",
    "soft_loss",
    "max_order_value",
    "max_symbol_value",
    "max_exposure",
    "max_open_value",
    "max_turnover",
)
NO_LIMIT = dict.fromkeys(LIMITS, 10**12)
EXITS = {
    "a stop that stays": ExitSettings(),
    "a stop that trails": ExitSettings(trail_atr=1.0),
    "a stop that trails closely behind a far target": ExitSettings(stop_atr=0.7, target_atr=12.0, trail_atr=0.4),
    "held to the square-off": ExitSettings(stop_atr=12.0, target_atr=12.0),
}
SIZES = {
    "as by default": (RiskSettings(), SizingSettings()),
    "a fixed quantity": (RiskSettings(), SizingSettings(method="fixed", quantity=7)),
    "a fixed quantity that is cut": (RiskSettings(), SizingSettings(method="fixed", quantity=100_000)),
    "a share of capital": (RiskSettings(), SizingSettings(method="capital", capital_fraction=0.05)),
    "a share of capital at risk": (RiskSettings(), SizingSettings(risk_fraction=0.0001)),
    "capital that buys no share at times": (RiskSettings(capital=Decimal(2_500)), SizingSettings(method="capital")),
    "a risk that is too small at times": (RiskSettings(), SizingSettings(risk_fraction=0.00001)),
}


def without_locked_bars(candles: CandleColumns) -> CandleColumns:
    """A bar of a single price may be locked, of which a label knows nothing."""
    return replace(candles, highs=np.where(candles.highs == candles.lows, candles.highs + TICK, candles.highs))


class InTwoParts(EveryDay):
    """Each session pauses from 11:00 to 13:00."""

    def trading_day(self, day: date) -> TradingDay:
        return replace(super().trading_day(day), breaks=((instant_at(day, time(11)), instant_at(day, time(13))),))


def bars_of(candles: CandleColumns, calendar: EveryDay | None = None) -> SymbolBars:
    instrument = Instrument(symbol="NSE:SHARE-EQ", token="10100000000001", tick=TICK)
    specification = FeatureSpecification.of(("return_1",))
    return prepared(instrument, candles, Timeframe.M5, specification, calendar or EveryDay())


def labelled(bars: SymbolBars, settings: Settings, calendar: EveryDay | None = None) -> Labels:
    """The labels of a training with these settings, without the spread."""
    options, history = TrainingOptions(trade=TradeTerms.of(settings)), History("NSE:SHARE-EQ", TICK, bars.candles)
    rule = replace(label_rule(options, history, RATES), spread=0)
    return label(bars.candles, bars.features.atr, Timeframe.M5, calendar or EveryDay(), rule)


class SingleTrades:
    """The fast engine with these settings, asked for one trade at a time."""

    def __init__(self, bars: SymbolBars, settings: Settings) -> None:
        rules = replace(rules_of(settings, RATES, MarketClock()), **NO_LIMIT)
        self.bars = bars
        self.market: Market = laid_out([bars], Mode.INTRADAY)
        self.terms: Terms = terms_of(rules, AT_THE_OPEN, Mode.INTRADAY)
        self.rates: Rates = rates_of(CHARGES, Mode.INTRADAY)

    def earned(self, row: int, direction: int) -> tuple[int, int, int]:
        """Return net profit, row of the end and shares of a trade that is decided at a row; no shares if none is."""
        count = len(self.bars)
        directions = np.zeros(count, dtype=np.int8)
        directions[row] = direction
        signals = self.market.signals(directions, np.ones(count), self.bars.features.atr)
        outcome: Outcome = walked(self.market, signals, self.terms, self.rates)
        if not len(outcome.trades):
            assert {code.name: 1 for code in Code if outcome.refusals[code]} == {"TOO_SMALL": 1}
            return 0, row + 1, 0
        [trade] = outcome.trades.tolist()
        gross = trade[Field.SIDE] * (trade[Field.EXIT_VALUE] - trade[Field.ENTRY_VALUE])
        return gross - trade[Field.CHARGES], trade[Field.EXIT_MOMENT] >> 1, trade[Field.QUANTITY]


def assert_both_agree(bars: SymbolBars, settings: Settings, calendar: EveryDay | None = None) -> list[int]:
    """Compare every label that is known, and return the shares of each trade."""
    labels, engine, shares = labelled(bars, settings, calendar), SingleTrades(bars, settings), []
    for row in np.flatnonzero(labels.known).tolist():
        for direction, net, resolved in (
            (1, labels.long_net, labels.long_resolved),
            (2, labels.short_net, labels.short_resolved),
        ):
            profit, end, quantity = engine.earned(row, direction)
            assert (int(net[row]), int(resolved[row])) == (profit, end), f"row {row}, direction {direction}"
            shares.append(quantity)
    return shares


@pytest.mark.parametrize("exits", EXITS.values(), ids=EXITS)
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_label_earns_what_the_engine_earns(exits: ExitSettings, size: tuple[RiskSettings, SizingSettings]) -> None:
    risk, sizing = size
    for seed, reach in ((1, 4), (2, 12)):
        bars = bars_of(without_locked_bars(random_candles(3, reach, seed)))
        shares = assert_both_agree(bars, Settings(timeframe=Timeframe.M5, exits=exits, risk=risk, sizing=sizing))
        assert len(shares) > 200


def test_both_enter_nothing_right_after_a_hole_or_a_pause() -> None:
    candles = without_locked_bars(random_candles(3, 12, 4))
    minute = candles.starts % DAY // MINUTE + 330  # of the day in India
    for first, last, calendar in ((10 * 60, 12 * 60, EveryDay()), (11 * 60, 13 * 60, InTwoParts())):
        left = (minute < first) | (minute >= last)
        bars = bars_of(CandleColumns(*(each[left] for each in columns_of(candles))), calendar)
        labels = labelled(bars, Settings(timeframe=Timeframe.M5), calendar)
        assert not (labels.known[:-1] & ~bars.sessions.follows[1:]).any()
        assert len(assert_both_agree(bars, Settings(timeframe=Timeframe.M5), calendar)) > 150


def columns_of(candles: CandleColumns) -> tuple[np.ndarray, ...]:
    return candles.starts, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes


@pytest.mark.parametrize("name", ["capital that buys no share at times", "a risk that is too small at times"])
def test_among_the_trades_are_some_that_are_too_small_to_be_made(name: str) -> None:
    risk, sizing = SIZES[name]
    found: set[bool] = set()
    for seed in (1, 2):
        bars = bars_of(without_locked_bars(random_candles(5, 12, seed)))
        shares = assert_both_agree(bars, Settings(timeframe=Timeframe.M5, risk=risk, sizing=sizing))
        found |= {each > 0 for each in shares}
    assert found == {True, False}


def test_a_stop_trails_no_more_often_than_a_broker_takes_changes() -> None:
    closes = 60_000 + np.cumsum([60] * 50 + [-400] * 12)
    opens = np.array([60_000, *closes[:-1]])
    starts = instant_at(FIRST_DAY, time(9, 15)) + np.arange(len(closes)) * 5 * MINUTE
    highs, lows = np.maximum(opens, closes) + TICK, np.minimum(opens, closes) - TICK
    bars = bars_of(CandleColumns(starts, opens, highs, lows, closes, np.full(len(closes), 1_000)))
    settings = Settings(timeframe=Timeframe.M5, exits=ExitSettings(target_atr=100.0, trail_atr=1.0))

    labels = labelled(bars, settings)
    assert assert_both_agree(bars, settings)
    assert (labels.long_resolved[14], labels.long_resolved[35]) == (52, 50)  # the earlier stop was left behind
