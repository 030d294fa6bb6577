"""The event engine: candles of the past walked one by one through the rules that trade live.

`docs/backtest-assumptions.md` states what it takes for granted. The fast engine answers to this one.
"""

from collections.abc import Callable, Sequence

import numpy as np

from backtest.account import Account
from backtest.assumptions import FillAssumptions, Mode
from backtest.bar_ticks import BarTicks
from backtest.bars import SymbolBars, in_order_of_time
from backtest.desk import Desk
from backtest.equity import equity_curve
from backtest.proposals import Proposals
from backtest.result import BacktestResult
from backtest.signal_rows import Ask, EveryBar, SignalSource
from backtest.tick_desk import TickDesk
from core.rules import TradingRules
from core.signals import Direction, SignalProvider
from features.columns import BoolArray, IntArray
from runtime.charge_rates import ChargeTable

Progress = Callable[[float], None]
"""Told the share of the candles that is behind us, 0 to 1."""

_BLOCK = 8192
"""Steps between two words about progress."""


def run(
    symbols: Sequence[SymbolBars],
    provider: SignalProvider,
    rules: TradingRules,
    assumptions: FillAssumptions,
    mode: Mode,
    charges: ChargeTable,
    *,
    signals: SignalSource | None = None,
    ticks: Sequence[BarTicks] | None = None,
    progress: Progress | None = None,
) -> BacktestResult:
    """Trade a strategy on candles of the past; `signals` given beforehand stand in for asking it bar by bar.

    `ticks`, those of each symbol, tell what happened inside the bars that have any.

    Raises `StrategyError` when the strategy fails, `ConfigurationError` for a product without charges.
    """
    source = signals or EveryBar(provider)
    account = Account(rules, mode.product, charges)
    is_intraday = mode is Mode.INTRADAY
    given = [(place, each, account, assumptions, mode) for place, each in enumerate(symbols)]
    if ticks is None:
        desks = [Desk(*each) for each in given]
    else:
        desks = [TickDesk(*each, own) for each, own in zip(given, ticks, strict=True)]
    takers = [Proposals(place, each, account, is_intraday=is_intraday) for place, each in enumerate(symbols)]
    walk = _Walk(account, desks, [source.of(each) for each in symbols], takers, is_intraday=is_intraday)
    walk.go(symbols, progress)
    return BacktestResult(
        trades=tuple(account.trades),
        charges=account.charges,
        curve=equity_curve(symbols, account.fills, rules.capital),
        candles=sum(map(len, symbols)),
        refusals=dict(account.refusals),
        corporate_actions=tuple(account.corporate_actions),
    )


class _Walk:
    """Takes the candles step by step: those that start together."""

    def __init__(
        self,
        account: Account,
        desks: Sequence[Desk],
        asks: Sequence[Ask],
        takers: Sequence[Proposals],
        *,
        is_intraday: bool,
    ) -> None:
        self._account = account
        self._is_intraday = is_intraday
        self._desks = desks
        self._asks = asks
        self._takers = takers

    def go(self, symbols: Sequence[SymbolBars], progress: Progress | None) -> None:
        """Take all candles."""
        columns = _order_of_steps(symbols)
        total = len(columns[0])
        first = 0
        for last in (*(np.flatnonzero(columns[-1]) + 1)[_BLOCK - 1 :: _BLOCK].tolist(), total):
            self._take(*(each[first:last].tolist() for each in columns))
            first = last
            if progress is not None:
                progress(last / total)
        self._account.lapse_all()

    def _take(self, places: list[int], rows: list[int], begins_day: list[bool], ends_step: list[bool]) -> None:
        """Take the candles of some steps."""
        account, asks, desks = self._account, self._asks, self._desks
        holdings, waiting, is_intraday = account.holdings, account.waiting, self._is_intraday
        step: list[tuple[int, int]] = []
        is_touched = False
        for place, row, is_new_day, is_step_over in zip(places, rows, begins_day, ends_step, strict=True):
            if is_new_day:
                account.begin_day()
            if place in holdings or place in waiting:
                desks[place].meet(row)
                is_touched = True
            step.append((place, row))
            if not is_step_over:
                continue
            if waiting and is_intraday:
                account.lapse_all()  # their bar would have been in this step
            if is_touched:
                account.watch_loss()
                is_touched = False
            for each, at in step:
                signal = asks[each](at)
                if signal is not None and signal.direction is not Direction.NONE:
                    self._takers[each].take(at, signal)
            step.clear()


def _order_of_steps(symbols: Sequence[SymbolBars]) -> tuple[IntArray, IntArray, BoolArray, BoolArray]:
    """Return place and row of every candle in order, whether it is a day's first, and whether it is its step's last."""
    places, rows = in_order_of_time(symbols)
    offsets = np.cumsum([0, *map(len, symbols)])[places]
    starts = np.concatenate([each.candles.starts for each in symbols])[offsets + rows]
    days = np.concatenate([each.sessions.days for each in symbols])[offsets + rows]
    begins_day = np.diff(days, prepend=days[0] - 1) != 0
    ends_step = np.diff(starts, append=starts[-1] + 1) != 0
    return places, rows, begins_day, ends_step
