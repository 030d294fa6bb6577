"""One symbol at the exchange of the past: what waits for a bar meets it, by the fill rules of the core."""

from typing import NamedTuple

from backtest.account import Account, BarFill, Holding, WaitingEntry
from backtest.assumptions import EntryFill, FillAssumptions, Mode
from backtest.bars import SymbolBars, packed
from core import exits
from core.bar_fills import available, entry_fill, fill_cost, is_corporate_action, is_locked, worsened
from core.instants import Instant

CORPORATE_ACTION = "corporate_action"
END_OF_DATA = "end_of_data"


class Exit(NamedTuple):
    """How a position leaves: at what price of the market, why, and when."""

    row: int
    price: int
    reason: str
    at: Instant
    day: int


class Desk:
    """Meets bars of one symbol on behalf of the account."""

    def __init__(self, place: int, bars: SymbolBars, account: Account, fills: FillAssumptions, mode: Mode) -> None:
        """`place` is the symbol's in the run, by which the account knows it."""
        candles, sessions = bars.candles, bars.sessions
        self._place = place
        self._instrument = bars.instrument
        self._account = account
        self._fills = fills
        self._is_intraday = mode is Mode.INTRADAY
        self._trail_atr = account.rules.trail_atr
        self._starts, self._closed_at, self._days = map(packed, (candles.starts, sessions.closed_at, sessions.days))
        prices = candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes
        self._opens, self._highs, self._lows, self._closes, self._volumes = map(packed, prices)
        self._closes_before = packed(sessions.close_before)
        self._squares_off = (sessions.squares_off & self._is_intraday).tobytes()
        self._takes_all = self._leaves_none(bars)
        self._may_enter = (sessions.follows & sessions.may_enter | (not self._is_intraday)).tobytes()

    def meet(self, row: int) -> None:
        """Let a bar meet a position that leaves, an entry, then stop and target, and mark what is open to its close."""
        account, place = self._account, self._place
        holding = account.holdings.get(place)
        sees_target = True
        if not self._is_intraday and self._follows_corporate_action(row):
            return self._take_corporate_action(holding, row)
        if holding is None:
            entry = account.waiting.pop(place)
            holding, sees_target = self._enter(entry, row)
            if holding is None:
                return account.lapse(place)
        exit_ = self._exit_in(holding, row, sees_target)
        if exit_ is not None:
            self._leave_as_far_as_possible(holding, exit_)
        elif self._trail_atr and sees_target:
            holding.trail(self._trail_atr, self._highs[row], self._lows[row])
        return self._end_bar(holding, row)

    def _end_bar(self, holding: Holding, row: int) -> None:
        """Close what has no later bar to leave in, and mark what stays open to the close."""
        if self._takes_all[row] and holding.quantity:
            reason = exits.REASONS[exits.SQUARE_OFF] if self._is_intraday else END_OF_DATA
            exit_ = Exit(row, self._closes[row], reason, self._closed_at[row], self._days[row])
            self._leave(holding, holding.quantity, exit_)
        if holding.quantity:
            self._account.open_profit.mark(self._instrument.symbol, holding.profit_at(self._closes[row]))

    def _enter(self, entry: WaitingEntry, row: int) -> tuple[Holding | None, bool]:
        """Return the position that an entry becomes in a bar, and whether the bar may also hit its target."""
        side, tick, fills, open_ = entry.side.sign, self._instrument.tick, self._fills, self._opens[row]
        high, low = self._highs[row], self._lows[row]
        if not self._may_enter[row] or is_locked(side, open_, high, low, self._closes_before[row], tick):
            return None, False
        limit = entry.limit if fills.entry is EntryFill.LIMIT else 0
        price, is_inside = entry_fill(side, limit, open_, high, low, self._cost(open_), tick)
        quantity = available(entry.quantity, self._volumes[row], fills.volume_share, self._instrument.lot)
        if price == 0 or quantity == 0:
            return None, False
        at = self._closed_at[row] if is_inside else self._starts[row]
        return self._opened(entry, row, price, quantity, at), not is_inside

    def _opened(self, entry: WaitingEntry, row: int, price: int, quantity: int, at: Instant) -> Holding:
        """Book the fill of an entry and return the position that it makes."""
        account, rules, side, tick = self._account, self._account.rules, entry.side.sign, self._instrument.tick
        stop, target = exits.levels(side, price, entry.atr, rules.stop_atr, rules.target_atr, tick)
        charges = account.bill(entry.side, quantity * price, self._days[row])
        account.book(BarFill(self._place, row, side * quantity, price, charges))
        account.orders_today += 1  # its stop
        holding = account.holdings[self._place] = Holding(
            instrument=self._instrument,
            side=entry.side,
            filled=quantity,
            quantity=quantity,
            entry_at=at,
            entry_day=self._days[row],
            entry_value=quantity * price,
            entry_charges=charges,
            first_stop=stop,
            stop=stop,
            target=target,
            atr=entry.atr,
            probability=entry.probability,
        )
        return holding

    def _exit_in(self, holding: Holding, row: int, sees_target: bool) -> Exit | None:
        """Return how a position leaves in a bar; None while it stays."""
        open_ = self._opens[row]
        if holding.leaving:
            reason, price = holding.leaving, open_
        else:
            target = holding.target if sees_target else 0
            code, price = exits.decide(
                holding.side.sign,
                holding.stop,
                target,
                open_,
                self._highs[row],
                self._lows[row],
                self._squares_off[row] > 0,
            )
            if code == exits.HOLD:
                return None
            reason = exits.REASONS[code]
        at = self._starts[row] if price == open_ else self._closed_at[row]
        return Exit(row, price, reason, at, self._days[row])

    def _leave_as_far_as_possible(self, holding: Holding, exit_: Exit) -> None:
        """Let go what the bar takes; the rest leaves at the open of the next."""
        quantity = self._available_to_leave(holding, exit_.row)
        if quantity < holding.quantity:
            holding.leaving = exit_.reason
        if quantity:
            self._leave(holding, quantity, exit_)

    def _available_to_leave(self, holding: Holding, row: int) -> int:
        if self._takes_all[row]:
            return holding.quantity
        prices = self._opens[row], self._highs[row], self._lows[row]
        if is_locked(-holding.side.sign, *prices, self._closes_before[row], self._instrument.tick):
            return 0
        return available(holding.quantity, self._volumes[row], self._fills.volume_share, self._instrument.lot)

    def _leaves_none(self, bars: SymbolBars) -> bytes:
        """Return of each bar whether what leaves in it has no later one to leave in."""
        if self._is_intraday:
            return bars.sessions.is_last.tobytes()
        return bytes(len(bars) - 1) + bytes([True])

    def _leave(self, holding: Holding, quantity: int, exit_: Exit) -> None:
        """Let some of a position go at the market; the last of it makes the trade."""
        account, side = self._account, holding.side
        price = worsened(-side.sign, exit_.price, self._cost(exit_.price), 0, self._instrument.tick)
        holding.quantity -= quantity
        holding.exit_value += quantity * price
        if holding.quantity:
            account.book(BarFill(self._place, exit_.row, -side.sign * quantity, price, 0))
            return
        is_later = exit_.day > holding.entry_day
        charges = account.bill(side.opposite, holding.exit_value, exit_.day, was_held_over_night=is_later)
        account.book(BarFill(self._place, exit_.row, -side.sign * quantity, price, charges))
        account.close(self._place, holding.trade(exit_.at, holding.exit_value, exit_.reason, charges))

    def _follows_corporate_action(self, row: int) -> bool:
        opens_session = row > 0 and self._days[row] != self._days[row - 1]
        return opens_session and is_corporate_action(self._opens[row], self._closes_before[row])

    def _take_corporate_action(self, holding: Holding | None, row: int) -> None:
        """Close at the last price of the old shares; an entry that was sized by them lapses."""
        if holding is None:
            self._account.lapse(self._place)
            return
        self._account.corporate_actions.append((self._instrument.symbol, self._starts[row]))
        before = row - 1
        exit_ = Exit(row, self._closes[before], CORPORATE_ACTION, self._closed_at[before], self._days[before])
        self._leave(holding, holding.quantity, exit_)

    def _cost(self, price: int) -> int:
        fills = self._fills
        return fill_cost(price, fills.spread_ticks, fills.slippage_ticks, fills.slippage_share, self._instrument.tick)
