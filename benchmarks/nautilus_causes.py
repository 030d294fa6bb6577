"""Why a trade of nautilus_trader differs from ours, found trade by trade; what no cause is known for is counted too.

It fills an order that is sent when a bar closes in that bar's book, not in the next bar, refuses a stop that this book
is already beyond, and fills a stop or target at its own price where a bar opens beyond it.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from backtest_case import QUANTITY, Case
from trade_comparison import Trades

from backtest.result import BacktestResult
from core.positions import Trade
from features.columns import IntArray


def causes(case: Case, result: BacktestResult, other: Trades) -> dict[str, int]:
    """Count the causes over all trades that were entered at the same time on the same side."""
    place = {key: row for row, key in enumerate(zip(other.entry_at.tolist(), other.sides.tolist(), strict=True))}
    counted: Counter[str] = Counter()
    for trade in result.trades:
        found = place.get((trade.entry_at, trade.side.sign))
        if found is not None:
            counted.update(_of_entry(case, trade, int(other.entry_prices[found])))
            counted.update(_of_exit(case, trade, int(other.exit_prices[found])))
    return dict(counted)


def _of_entry(case: Case, trade: Trade, price: int) -> Iterator[str]:
    if price == trade.entry_value // QUANTITY:
        return
    candles = case.bars.candles
    signal = _row_at(candles.starts, trade.entry_at) - 1
    if price == candles.closes[signal]:
        yield "entered_at_the_close_of_the_signal"
    elif candles.lows[signal] <= price <= candles.highs[signal]:
        yield "entered_at_an_older_price_of_the_signal_candle"
    else:
        yield "entry_unexplained"


def _of_exit(case: Case, trade: Trade, price: int) -> Iterator[str]:
    if price == trade.exit_value // QUANTITY:
        return
    candles, side = case.bars.candles, trade.side.sign
    row, signal = _row_at(candles.starts, trade.exit_at), _row_at(candles.starts, trade.entry_at) - 1
    if trade.exit_reason == "square_off" and candles.lows[row - 1] <= price <= candles.highs[row - 1]:
        yield "squared_off_in_the_candle_before"
    elif price in {trade.stop, trade.target}:
        yield "filled_at_the_level_though_the_bar_opened_beyond"
    elif side * (candles.closes[signal] - trade.stop) <= 0:
        yield "stop_refused_as_the_close_of_the_signal_was_beyond"
    elif side * ((candles.lows if side > 0 else candles.highs)[signal] - trade.stop) <= 0:
        yield "stop_refused_as_an_older_price_of_the_signal_candle_was_beyond"
    else:
        yield "exit_unexplained"


def _row_at(starts: IntArray, at: int) -> int:
    return int(np.searchsorted(starts, at))
