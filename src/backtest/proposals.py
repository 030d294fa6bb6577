"""From a signal to an entry that waits: priced, sized and put to the gate by the same functions as live."""

from dataclasses import replace

from backtest.account import Account, WaitingEntry
from backtest.bars import SymbolBars
from core.entry_pricing import TOO_SMALL, priced_entry
from core.gatekeeper import refuse_entry
from core.instants import Instant
from core.market import Tick
from core.sessions import TradingDay
from core.signals import Signal

_ANY_PRICE = 2**53
"""Stands for the upper price band, which the data does not have."""


class Proposals:
    """Takes the signals of one symbol."""

    def __init__(self, place: int, bars: SymbolBars, account: Account, *, is_intraday: bool) -> None:
        """`place` is the symbol's in the run, by which the account knows it."""
        sessions = bars.sessions
        self._place = place
        self._account = account
        self._is_intraday = is_intraday
        # Bands of one day say nothing of another: in the past every price on the grid is inside.
        self._instrument = replace(bars.instrument, lower_band=bars.instrument.tick, upper_band=_ANY_PRICE)
        self._closes, self._atr = bars.candles.closes, bars.features.atr
        self._closed_at, self._days, self._calendar = sessions.closed_at, sessions.days, sessions.calendar

    def take(self, row: int, signal: Signal) -> None:
        """Size a signal of a closed bar and ask the gate; what passes waits for the next bar."""
        account, rules, instrument = self._account, self._account.rules, self._instrument
        atr = float(self._atr[row])
        day = self._calendar[int(self._days[row])]
        now = self._asked_at(row, day)
        tick = Tick(instrument.symbol, now, int(self._closes[row]), 0, 0, 0)
        entry = priced_entry(signal.direction.side, atr, tick, instrument, rules)
        if entry.quantity == 0:
            account.refusals[TOO_SMALL] += 1
            return
        intent = entry.intent("", account.product, signal.reason)
        facts = account.facts(self._place, instrument, day, tick, entry.stop, entry.target)
        refused = refuse_entry(intent, facts, rules)
        if refused is not None:
            account.refusals[refused.code.value] += 1
            return
        account.orders_today += 1
        account.waiting[self._place] = WaitingEntry(entry.side, entry.quantity, entry.limit, atr, signal.probability)

    def _asked_at(self, row: int, day: TradingDay) -> Instant:
        """Return when the gate is asked: at the close, or, for delivery after the session, as at an opening."""
        now = int(self._closed_at[row])
        return now if self._is_intraday or now < day.close else day.open
