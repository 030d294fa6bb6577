"""How a position leaves, in compiled code: stop, target, square-off, the rest that a bar has no room for."""

from backtest.compiled import rule
from backtest.fast_tables import Reason, Run, Sum
from backtest.kernel_book import charged, delivery_charged, finish, room_for
from core import exits
from core.bar_fills import fill_cost, is_corporate_action, is_locked, worsened


@rule
def look_for_exit(row: int, place: int, sees_target: bool, run: Run) -> None:
    """Let a position go that has to, or whose stop or target the bar hits, as far as the bar has room for it."""
    bars, contracts, book = run.bars, run.contracts, run.book
    candle = bars.candles[row]
    open_, high, low = candle.open, candle.high, candle.low
    reason, price = book.leaving[place], open_
    if reason == 0:
        target = book.target[place] if sees_target else 0
        reason, price = exits.decide(book.side[place], book.stop[place], target, open_, high, low, candle.squares_off)
        if reason == exits.HOLD:
            return
    held = book.held[place]
    quantity = held
    if not takes_all(row, place, run):
        if is_locked(-book.side[place], open_, high, low, candle.close_before, contracts.ticks[place]):
            quantity = 0
        else:
            quantity = room_for(held, row, place, run)
    if quantity < held:
        book.leaving[place] = reason
    if quantity > 0:
        moment = 2 * row + (price != open_)
        leave(place, quantity, price, reason, moment, candle.day, run)


@rule
def takes_all(row: int, place: int, run: Run) -> bool:
    """Whether what leaves in a bar has no later one to leave in."""
    bars, contracts, terms = run.bars, run.contracts, run.terms
    if terms.is_intraday:
        return bool(bars.candles[row].is_last)
    return bool(row == contracts.ends[place] - 1)


@rule
def close_with_the_data(row: int, place: int, run: Run) -> None:
    """Close what is left where there is no later bar to leave in."""
    bars, terms, book = run.bars, run.terms, run.book
    reason = Reason.SQUARE_OFF if terms.is_intraday else Reason.END_OF_DATA
    candle, moment = bars.candles[row], 2 * row + 1
    leave(place, book.held[place], candle.close, reason, moment, candle.day, run)


@rule
def follows_corporate_action(row: int, place: int, run: Run) -> bool:
    """Whether a session begins with this bar whose open no night of trading explains."""
    bars, terms = run.bars, run.terms
    if terms.is_intraday or row == 0:
        return False
    before, candle = bars.candles[row - 1], bars.candles[row]
    if before.place != place or before.day == candle.day:
        return False
    return is_corporate_action(candle.open, candle.close_before)


@rule
def close_before_corporate_action(row: int, place: int, run: Run) -> None:
    """Close a position at the last price of the old shares."""
    bars, book, outcome = run.bars, run.book, run.outcome
    outcome.actions[outcome.sums[Sum.ACTIONS]] = row
    outcome.sums[Sum.ACTIONS] += 1
    before, moment, reason = bars.candles[row - 1], 2 * row - 1, Reason.CORPORATE_ACTION
    leave(place, book.held[place], before.close, reason, moment, before.day, run)


@rule
def leave(place: int, quantity: int, price: int, reason: int, moment: int, day: int, run: Run) -> None:
    """Let some of a position go at the market; the last of it makes the trade."""
    contracts, terms, book, outcome = run.contracts, run.terms, run.book, run.outcome
    side, tick = book.side[place], contracts.ticks[place]
    cost = fill_cost(price, terms.spread_ticks, terms.slippage_ticks, terms.slippage_share, tick)
    value = quantity * worsened(-side, price, cost, 0, tick)
    book.held[place] -= quantity
    book.exit_value[place] += value
    outcome.sums[Sum.TURNOVER] += value
    if book.held[place] == 0:
        charges = charged(side < 0, book.exit_value[place], day, run)
        if side > 0 and day > book.entry_day[place]:
            charges += delivery_charged(day, run)
        finish(place, moment, reason, charges, run)


@rule
def trail_stop(row: int, place: int, run: Run) -> None:
    """Let the stop follow a bar that is over."""
    bars, contracts, terms, book = run.bars, run.contracts, run.terms, run.book
    if book.changes[place] >= exits.MOST_CHANGES:
        return
    risk = abs(book.entry_value[place] // book.entered[place] - book.first_stop[place])
    reach, tick = exits.reach_of(terms.trail_atr, book.atr[place]), contracts.ticks[place]
    candle, first, stop = bars.candles[row], book.first_stop[place], book.stop[place]
    moved = exits.trail(book.side[place], first, stop, risk, reach, tick, candle.high, candle.low)
    if moved != stop:
        book.stop[place] = moved
        book.changes[place] += 1
