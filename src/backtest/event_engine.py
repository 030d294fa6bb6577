"""The event engine: candles of the past walked one by one through the rules that trade live.

`docs/backtest-assumptions.md` states what it takes for granted. The fast engine answers to this one.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from backtest.account import Account
from backtest.assumptions import FillAssumptions, Mode
from backtest.bar_ticks import BarTicks
from backtest.bars import SymbolBars, in_order_of_time
from backtest.desk import Desk
from backtest.equity import equity_curve
from backtest.proposals import Proposals
from backtest.result import BacktestResult
from backtest.signal_rows import Answers, EveryBar, SignalSource
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


class _Steps(NamedTuple):
    """Candles in order of time, each a row of these columns; those that start together are one step."""

    places: IntArray
    """Of the symbol."""
    rows: IntArray
    """Of the candle among its symbol's."""
    begins_day: BoolArray
    ends_step: BoolArray
    is_asked: BoolArray
    """Whether the strategy may have something to say."""

    def part(self, first: int, last: int) -> "_Steps":
        """Return some of the rows."""
        part = slice(first, last)
        return _Steps(
            self.places[part], self.rows[part], self.begins_day[part], self.ends_step[part], self.is_asked[part]
        )


class _Walk:
    """Takes the candles step by step: those that start together."""

    def __init__(
        self,
        account: Account,
        desks: Sequence[Desk],
        answers: Sequence[Answers],
        takers: Sequence[Proposals],
        *,
        is_intraday: bool,
    ) -> None:
        self._account = account
        self._is_intraday = is_intraday
        self._desks = desks
        self._answers = answers
        self._takers = takers

    def go(self, symbols: Sequence[SymbolBars], progress: Progress | None) -> None:
        """Take all candles."""
        steps = _in_steps(symbols, self._answers)
        total = len(steps.rows)
        first = 0
        for last in (*(np.flatnonzero(steps.ends_step) + 1)[_BLOCK - 1 :: _BLOCK].tolist(), total):
            self._take(steps.part(first, last))
            first = last
            if progress is not None:
                progress(last / total)
        self._account.lapse_all()

    def _take(self, steps: _Steps) -> None:
        """Take the candles of some steps, past those at which nothing is held, waiting, asked or begun."""
        account, desks, asks = self._account, self._desks, [each.ask for each in self._answers]
        holdings, waiting, is_intraday = account.holdings, account.waiting, self._is_intraday
        places, rows, begins_day, ends_step, is_asked = (column.tolist() for column in steps)
        following = _following(steps.begins_day | steps.is_asked)
        asked: list[tuple[int, int]] = []
        is_touched = False
        at, end = 0, len(rows)
        while (at := at if holdings or waiting or asked or is_touched else following[at]) < end:
            place, row = places[at], rows[at]
            if begins_day[at]:
                account.begin_day()
            if place in holdings or place in waiting:
                desks[place].meet(row)
                is_touched = True
            if is_asked[at]:
                asked.append((place, row))
            if ends_step[at]:
                if waiting and is_intraday:
                    account.lapse_all()  # their bar would have been in this step
                if is_touched:
                    account.watch_loss()
                    is_touched = False
                for each, closed in asked:
                    signal = asks[each](closed)
                    if signal is not None and signal.direction is not Direction.NONE:
                        self._takers[each].take(closed, signal)
                asked.clear()
            at += 1


def _following(matters: BoolArray) -> list[int]:
    """Return for each row, and for the end, the first one from there on that matters, or the end."""
    end = len(matters)
    places = np.append(np.where(matters, np.arange(end), end), end)
    following: list[int] = np.minimum.accumulate(places[::-1])[::-1].tolist()
    return following


def _in_steps(symbols: Sequence[SymbolBars], answers: Sequence[Answers]) -> _Steps:
    places, rows = in_order_of_time(symbols)
    order = np.cumsum([0, *map(len, symbols)])[places] + rows
    starts = np.concatenate([each.candles.starts for each in symbols])[order]
    days = np.concatenate([each.sessions.days for each in symbols])[order]
    return _Steps(
        places=places,
        rows=rows,
        begins_day=np.diff(days, prepend=days[0] - 1) != 0,
        ends_step=np.diff(starts, append=starts[-1] + 1) != 0,
        is_asked=np.concatenate([each.rows for each in answers])[order],
    )
