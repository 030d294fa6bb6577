"""The trading that all backtesters are given on the same candles.

Entries when the averages of 9 and 21 closes cross, at the next open, 100 shares; stop 1.5 and target 3 average true
ranges from there, on the tick grid; all out at the open of 15:15; 0.03 % a side. No spread, no slippage, no limit of
volume: peers have no such assumptions, or others.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from backtest_market import TICK, TIMEFRAME
from trade_comparison import Trades

from backtest.assumptions import EntryFill, FillAssumptions, Mode
from backtest.bars import SymbolBars, prepared
from core.charges import CRORE, ChargeRates
from core.exits import levels
from core.instants import MINUTE, SECOND
from core.market import Instrument
from core.orders import Product
from core.ports import Calendar
from core.rules import TradingRules
from core.segments import Segment
from core.signals import Direction, Signal
from core.sizing import MILLION, SizingMethod, SizingRule
from features.columns import CandleColumns, IntArray
from features.specification import FeatureSpecification
from runtime.charge_rates import ChargeTable
from strategies.simple_ma_crossover import SimpleMaCrossover

QUANTITY = 100
STOP_ATR = 1.5
TARGET_ATR = 3.0
SHARE_A_SIDE = 0.0003
MODE = Mode.INTRADAY
ASSUMPTIONS = FillAssumptions(entry=EntryFill.OPEN, spread_ticks=0, volume_share=0.0)
STRATEGY = SimpleMaCrossover()
SPECIFICATION = FeatureSpecification.of(STRATEGY.needs.features)
_CAPITAL = 5_000_000_000
"""In paise: five crore of rupees, so that no limit of ours is in the way of what a peer has no limit for."""
_RATES = ChargeRates(
    brokerage=round(SHARE_A_SIDE * CRORE),
    brokerage_cap=10_000_000,
    stt_buy=0,
    stt_sell=0,
    exchange=0,
    sebi=0,
    ipft=0,
    stamp_buy=0,
    gst_percent=0,
)
CHARGES = ChargeTable({(Segment.EQUITY, MODE.product): ((date(2000, 1, 1), _RATES),)}, "0.03 % a side")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One symbol's candles, and where to enter: 1 long, -1 short, after the candle of the row."""

    bars: SymbolBars
    sides: IntArray
    signals: dict[int, Signal]
    """The same as our event engine takes them, by row."""


def made_case(candles: CandleColumns, calendar: Calendar, symbol: str = "NSE:SBIN-EQ") -> Case:
    """Prepare candles for our engines and find the entries."""
    bars = prepared(instrument(symbol), candles, TIMEFRAME, SPECIFICATION, calendar)
    sides = entries(bars)
    return Case(bars, sides, signals_of(bars, sides))


def instrument(symbol: str) -> Instrument:
    return Instrument(symbol=symbol, token="101000000003045", tick=TICK)


def entries(bars: SymbolBars) -> IntArray:
    """Return where averages have crossed and the next candle may be entered in."""
    spread = bars.features.values[:, 0]
    before = np.concatenate(([0.0], spread[:-1]))
    sides = ((before <= 0) & (spread > 0)).astype(np.int64) - ((before >= 0) & (spread < 0))
    has_rows = bars.features.valid.copy()
    has_rows[1:] &= bars.features.valid[:-1]
    has_rows[0] = False
    may_follow = np.zeros(len(bars), dtype=np.bool_)
    may_follow[:-1] = (bars.sessions.follows & bars.sessions.may_enter)[1:]
    sides[~(has_rows & may_follow)] = 0
    return sides


def signals_of(bars: SymbolBars, sides: IntArray) -> dict[int, Signal]:
    closed_at = bars.sessions.closed_at
    return {
        row: Signal(
            symbol=bars.instrument.symbol,
            at=int(closed_at[row]),
            direction=Direction.LONG if sides[row] > 0 else Direction.SHORT,
            probability=1.0,
            source=STRATEGY.name,
            reason="averages crossed",
        )
        for row in np.flatnonzero(sides).tolist()
    }


def rules(stop_atr: float = STOP_ATR, target_atr: float = TARGET_ATR) -> TradingRules:
    """Return our rules with every limit out of the way."""
    boundless = 10**15
    return TradingRules(
        timeframe=TIMEFRAME,
        product=Product.INTRADAY,
        sizing=SizingRule(
            method=SizingMethod.FIXED,
            quantity=QUANTITY,
            capital_ppm=MILLION,
            risk_ppm=MILLION,
            max_order_value=boundless,
        ),
        charges=_RATES,
        stop_atr=stop_atr,
        target_atr=target_atr,
        limit_offset=0.001,
        price_buffer=0.002,
        capital=_CAPITAL,
        max_loss=boundless,
        soft_loss=boundless,
        max_positions=100,
        max_order_value=boundless,
        max_orders_per_day=boundless,
        max_symbol_value=boundless,
        max_exposure=boundless,
        max_open_value=boundless,
        max_turnover=boundless,
        max_price_age=MINUTE,
        entry_timeout=20 * SECOND,
        stop_patience=3 * SECOND,
        verify_after=2 * SECOND,
        protect_within=30 * SECOND,
        books_busy=5 * SECOND,
        books_idle=MINUTE,
        transit=MINUTE,
        margin=0.2,
    )


def save_plan(path: Path, case: Case) -> None:
    """Write for the peers: candles and levels in rupees, entries, and the last minute of each session that trades.

    Every level is that of the row's own entry, which fills at the open of the next.
    """
    bars, candles = case.bars, case.bars.candles
    stops, targets = np.zeros((2, len(bars)), dtype=np.int64)
    for row in np.flatnonzero(case.sides).tolist():
        side, entry, atr = int(case.sides[row]), int(candles.opens[row + 1]), float(bars.features.atr[row])
        stops[row], targets[row] = levels(side, entry, atr, STOP_ATR, TARGET_ATR, TICK)
    leaves_next = np.zeros(len(bars), dtype=np.bool_)
    leaves_next[:-1] = bars.sessions.squares_off[1:] & ~bars.sessions.squares_off[:-1]
    np.savez(
        path,
        starts=candles.starts,
        closed_at=bars.sessions.closed_at,
        open=candles.opens / 100,
        high=candles.highs / 100,
        low=candles.lows / 100,
        close=candles.closes / 100,
        volume=candles.volumes,
        side=case.sides,
        stop=stops / 100,
        target=targets / 100,
        atr=bars.features.atr / 100,
        leaves_next=leaves_next,
    )


def net_of(trades: Trades) -> float:
    """Profit after charges in rupees, charges not rounded as peers have it: ours round an order's to the paisa."""
    gross = (trades.sides * (trades.exit_prices - trades.entry_prices)).sum()
    turnover = (trades.entry_prices + trades.exit_prices).sum()
    return round(float(QUANTITY * (gross - turnover * SHARE_A_SIDE)) / 100, 2)
