"""From a signal to an entry that waits: priced, sized and put to the gate by the same functions as live."""

from dataclasses import replace

from backtest.account import Account, WaitingEntry
from backtest.bars import SymbolBars
from core import exits
from core.gatekeeper import refuse_entry
from core.instants import Instant
from core.market import Side, Tick
from core.orders import OrderIntent, OrderType, Purpose
from core.pricing import marketable_limit
from core.sessions import TradingDay
from core.signals import Signal
from core.sizing import quantity_for

TOO_SMALL = "TOO_SMALL"
"""Code of a signal that not one lot fits for, as live."""
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
        self._may_follow = sessions.follows & sessions.may_enter

    def take(self, row: int, signal: Signal) -> None:
        """Size a signal of a closed bar and ask the gate; what passes waits for the next bar, if there is one."""
        account, rules, instrument = self._account, self._account.rules, self._instrument
        side, atr = signal.direction.side, float(self._atr[row])
        now, day = self._asked_at(row)
        tick = Tick(instrument.symbol, now, int(self._closes[row]), 0, 0, 0)
        price = marketable_limit(side, tick, rules.price_buffer, instrument)
        stop, target = exits.levels(side.sign, tick.ltp, atr, rules.stop_atr, rules.target_atr, instrument.tick)
        quantity = quantity_for(
            rules.sizing,
            capital=rules.capital,
            price=price,
            stop_distance=max(abs(price - stop), instrument.tick),
            lot=instrument.lot,
            freeze=instrument.freeze,
        )
        if quantity == 0:
            account.refusals[TOO_SMALL] += 1
            return
        intent = self._intent(side, quantity, price, signal.reason)
        refusal = refuse_entry(intent, account.facts(self._place, instrument, day, tick, stop, target), rules)
        if refusal is not None:
            account.refusals[refusal[0].value] += 1
            return
        account.orders_today += 1
        if self._has_a_bar_to_meet(row):
            account.waiting[self._place] = WaitingEntry(side, quantity, price, atr, signal.probability)
        else:
            account.lapse(self._place)

    def _intent(self, side: Side, quantity: int, price: int, reason: str) -> OrderIntent:
        return OrderIntent(
            tag="",
            symbol=self._instrument.symbol,
            side=side,
            quantity=quantity,
            type=OrderType.LIMIT,
            limit_price=price,
            product=self._account.product,
            purpose=Purpose.ENTRY,
            reason=reason,
        )

    def _asked_at(self, row: int) -> tuple[Instant, TradingDay]:
        """Return when the gate is asked and in which session: at the close, or, for delivery, in the next session."""
        now, day = int(self._closed_at[row]), self._calendar[int(self._days[row])]
        if self._is_intraday or now < day.close or row + 1 == len(self._days):
            return now, day
        following = self._calendar[int(self._days[row + 1])]
        return following.open, following

    def _has_a_bar_to_meet(self, row: int) -> bool:
        if row + 1 == len(self._days):
            return False
        return not self._is_intraday or bool(self._may_follow[row + 1])
