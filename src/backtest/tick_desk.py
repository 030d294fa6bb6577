"""A desk that watches recorded ticks where a bar has them, so that nothing has to be assumed of what came first."""

from collections.abc import Iterable, Sequence

from backtest.account import Account, Holding, WaitingEntry
from backtest.assumptions import EntryFill, FillAssumptions, Mode
from backtest.bar_ticks import BarTicks
from backtest.bars import SymbolBars
from backtest.desk import Desk, Exit
from core import exits
from core.bar_fills import available, entry_fill, is_locked
from core.instants import Instant

Moment = tuple[Instant, int]
"""Time and price of a tick."""


class TickDesk(Desk):
    """Meets each tick of a bar as the live bot does; a bar without ticks is met by its four prices."""

    def __init__(
        self, place: int, bars: SymbolBars, account: Account, fills: FillAssumptions, mode: Mode, ticks: BarTicks
    ) -> None:
        super().__init__(place, bars, account, fills, mode)
        self._ticks = ticks

    def meet(self, row: int) -> None:
        """Let the ticks of a bar meet an entry and a position, one by one, and mark what is open to its close."""
        moments = self._ticks.of(row)
        if not moments:
            return super().meet(row)
        holding = self._account.holdings.get(self._place)
        if not self._is_intraday and self._follows_corporate_action(row):
            return self._take_corporate_action(holding, row)
        if holding is None:
            holding, seen = self._enter_at_tick(self._account.waiting.pop(self._place), row, moments)
            if holding is None:
                return self._account.lapse(self._place)
            self._watch(holding, row, moments[seen:])
        else:
            stop = holding.stop
            self._watch(holding, row, moments)
            self._look_for_unseen_stop(holding, row, stop)
        return self._end_bar(holding, row)

    def _enter_at_tick(self, entry: WaitingEntry, row: int, moments: Sequence[Moment]) -> tuple[Holding | None, int]:
        """Return the position that an entry becomes, and how many of the ticks had been by then."""
        side, tick, fills = entry.side.sign, self._instrument.tick, self._fills
        bar = self._opens[row], self._highs[row], self._lows[row]
        quantity = available(entry.quantity, self._volumes[row], fills.volume_share, self._instrument.lot)
        if quantity == 0 or not self._may_enter[row] or is_locked(side, *bar, self._closes_before[row], tick):
            return None, 0
        limit, opening = entry.limit if fills.entry is EntryFill.LIMIT else 0, moments[0][1]
        for seen, (at, now) in enumerate(moments, start=1):
            price, _ = entry_fill(side, limit, opening, max(opening, now), min(opening, now), self._cost(opening), tick)
            if price:
                return self._opened(entry, row, price, quantity, at), seen
        return None, 0

    def _watch(self, holding: Holding, row: int, moments: Iterable[Moment]) -> None:
        """Ask the exit rule at each tick, and let the stop trail behind it, until the position leaves."""
        side, squares_off = holding.side.sign, self._squares_off[row] > 0
        for at, price in moments:
            reason = holding.leaving
            if not reason:
                code, _ = exits.decide(side, holding.stop, holding.target, price, price, price, squares_off)
                if code == exits.HOLD:
                    if self._trail_atr:
                        holding.trail(self._trail_atr, price, price)
                    continue
                reason = exits.REASONS[code]
            self._leave_as_far_as_possible(holding, Exit(row, price, reason, at, self._days[row]))
            return

    def _look_for_unseen_stop(self, holding: Holding, row: int, stop: int) -> None:
        """Take a stop that the candle reached between two ticks: it rests at the exchange, which saw every price.

        `stop` is where it was when the bar began.
        """
        if not holding.quantity or holding.leaving:
            return
        is_long = holding.side.sign > 0
        if self._lows[row] <= stop if is_long else self._highs[row] >= stop:
            exit_ = Exit(row, stop, exits.REASONS[exits.STOP], self._closed_at[row], self._days[row])
            self._leave_as_far_as_possible(holding, exit_)
