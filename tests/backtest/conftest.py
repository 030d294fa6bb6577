"""Bars made by hand and by chance, and what the engine needs besides them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time, timedelta

import numpy as np

from backtest.assumptions import FillAssumptions, Mode
from backtest.bar_ticks import BarTicks
from backtest.bars import SymbolBars, session_rows
from backtest.event_engine import run
from backtest.result import BacktestResult
from backtest.signal_rows import GivenSignals
from core.charges import ChargeRates
from core.instants import MINUTE, instant_at
from core.market import Instrument, Timeframe
from core.orders import Product
from core.rules import TradingRules
from core.segments import Segment
from core.sessions import TradingDay
from core.signals import Direction, FeatureRow, Needs, Signal
from core.sizing import SizingMethod, SizingRule
from features.batch import FeatureTable
from features.columns import CandleColumns
from features.specification import FeatureSpecification
from runtime.charge_rates import ChargeTable

MONDAY = date(2024, 1, 1)
SYMBOL = "NSE:SBIN-EQ"
NO_CHARGES = ChargeRates(
    brokerage=0,
    brokerage_cap=0,
    stt_buy=0,
    stt_sell=0,
    exchange=0,
    sebi=0,
    ipft=0,
    stamp_buy=0,
    gst_percent=0,
)
FREE = ChargeTable({(Segment.EQUITY, product): ((date(2020, 1, 1), NO_CHARGES),) for product in Product}, "tests")
EXACT = FillAssumptions(spread_ticks=0, volume_share=0)
"""Fills at the price of the bar, whatever its volume."""
Bar = tuple[int, int, int, int] | tuple[int, int, int, int, int]


class ShortDays:
    """Weekdays from 09:15 to 10:15: no entries from 09:55 on, square-off at 10:05."""

    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(10, 15)),
            no_entry_after=instant_at(day, time(9, 55)),
            square_off=instant_at(day, time(10, 5)),
            flat_by=instant_at(day, time(10, 10)),
        )

    def next_trading_day(self, after: date) -> TradingDay:
        day = after + timedelta(days=1)
        while (session := self.trading_day(day)) is None:
            day += timedelta(days=1)
        return session


class Silent:
    """A strategy without an opinion, for runs whose signals are given."""

    name = "silent"
    needs = Needs(features=("return_1",))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return None


def rules(**changes: object) -> TradingRules:
    """Ten shares an order, a stop of 100 and a target of 200 paise at an average true range of 100."""
    plain = TradingRules(
        timeframe=Timeframe.M5,
        product=Product.INTRADAY,
        sizing=SizingRule(
            method=SizingMethod.FIXED,
            quantity=10,
            capital_ppm=1_000_000,
            risk_ppm=10_000,
            max_order_value=100_000_000,
        ),
        charges=NO_CHARGES,
        stop_atr=1.0,
        target_atr=2.0,
        limit_offset=0.005,
        price_buffer=0.002,
        capital=10_000_000,
        max_loss=1_000_000,
        max_positions=3,
        max_order_value=100_000_000,
        max_orders_per_day=1_000,
        max_price_age=5 * MINUTE,
        entry_timeout=1,
        stop_patience=1,
        verify_after=1,
        protect_within=1,
        books_busy=1,
        books_idle=1,
        transit=1,
        soft_loss=500_000,
        max_exposure=100_000_000,
        max_symbol_value=100_000_000,
        margin=1.0,
    )
    return replace(plain, **changes)


def signal(direction: Direction = Direction.LONG, symbol: str = SYMBOL) -> Signal:
    return Signal(symbol=symbol, at=0, direction=direction, probability=0.75, source="tests", reason="by hand")


def bars_of(
    days: Sequence[Sequence[Bar]], *, symbol: str = SYMBOL, tick: int = 5, lot: int = 1, first: date = MONDAY
) -> SymbolBars:
    """Make 5m bars of consecutive sessions: open, high, low, close in paise, and a volume of 1,000 unless given."""
    starts, rows = [], []
    day = ShortDays().next_trading_day(first - timedelta(days=1))
    for session in days:
        starts += [day.open + number * 5 * MINUTE for number in range(len(session))]
        rows += [each if len(each) == 5 else (*each, 1_000) for each in session]
        day = ShortDays().next_trading_day(day.date)
    return bars_at(starts, rows, Instrument(symbol=symbol, token="1", tick=tick, lot=lot))


def bars_at(starts: Sequence[int], rows: Sequence[tuple[int, ...]], instrument: Instrument) -> SymbolBars:
    """Make bars at given times, with an average true range of 100 paise throughout."""
    table = np.array(rows, dtype=np.int64).T
    candles = CandleColumns(np.array(starts, dtype=np.int64), *np.ascontiguousarray(table))
    count = len(starts)
    features = FeatureTable(
        FeatureSpecification.of(("return_1",)), np.zeros((count, 1)), np.ones(count, bool), np.full(count, 100.0)
    )
    sessions = session_rows(instrument.symbol, candles, Timeframe.M5, ShortDays())
    return SymbolBars(instrument, candles, sessions, features)


def traded(
    bars: SymbolBars | Sequence[SymbolBars],
    signals: Mapping[int, Direction] | Mapping[str, Mapping[int, Direction]],
    *,
    mode: Mode = Mode.INTRADAY,
    fills: FillAssumptions = EXACT,
    charges: ChargeTable = FREE,
    ticks: Sequence[BarTicks] | None = None,
    **changes: object,
) -> BacktestResult:
    """Run the engine on bars with signals given by row, or by symbol and row."""
    symbols = [bars] if isinstance(bars, SymbolBars) else list(bars)
    by_symbol = signals if all(isinstance(each, str) for each in signals) else {symbols[0].instrument.symbol: signals}
    given = {
        symbol: {row: signal(direction, symbol) for row, direction in rows.items()}
        for symbol, rows in by_symbol.items()
    }
    return run(symbols, Silent(), rules(**changes), fills, mode, charges, signals=GivenSignals(given), ticks=ticks)


class Weekdays(ShortDays):
    """Regular NSE sessions from Monday to Friday."""

    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )
