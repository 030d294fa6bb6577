"""From a signal to a position, in compiled code: sizing, the gate, and the bar that an entry meets.

The gate here is that of `core.gatekeeper` in numbers: the same rules in the same order, without those that a backtest
cannot break. Which these are, and that both refuse alike, is what the comparison of the engines proves.
"""

from backtest.compiled import rule
from backtest.fast_tables import CandleRow, Code, Run, Sum
from backtest.kernel_book import charged, lapse, room_for
from core.bar_fills import entry_fill, fill_cost, is_locked
from core.exits import levels
from core.pricing import limit_beyond, stop_limit_beyond
from core.sizing import sized

_LONG = 1


@rule
def propose(signal: int, run: Run) -> int:
    """Size a signal and ask the gate; what passes waits for the next bar. Return a `Code`."""
    contracts, signals, terms, book, sums = run.contracts, run.signals, run.terms, run.book, run.outcome.sums
    candle, atr = run.bars.candles[signals.rows[signal]], signals.ranges[signal]
    side = 1 if signals.directions[signal] == _LONG else -1
    place, close = candle.place, candle.close
    tick = contracts.ticks[place]
    price = limit_beyond(side, close, terms.price_buffer, tick)
    stop, target = levels(side, close, atr, terms.stop_atr, terms.target_atr, tick)
    distance = max(abs(price - stop), tick)
    quantity = sized(
        terms.sizing, terms.quantity, terms.capital_ppm, terms.risk_ppm, terms.sizing_max_value,
        terms.capital, price, distance, contracts.lots[place], contracts.freezes[place],
    )  # fmt: skip
    if quantity == 0:
        return Code.TOO_SMALL
    code = _refusal_by_state(candle, side, run)
    if code == Code.PASSED:
        code = _refusal_by_value(quantity * price, run)
    if code == Code.PASSED:
        code = _refusal_by_levels(side, price, close, stop, target, tick)
    if code != Code.PASSED:
        return code
    sums[Sum.ORDERS] += 1
    book.side[place], book.waiting[place], book.limit[place], book.nights[place] = side, quantity, price, 0
    book.atr[place], book.probability[place] = atr, signals.probabilities[signal]
    sums[Sum.WAITING] += 1
    return Code.PASSED


@rule
def _refusal_by_state(candle: CandleRow, side: int, run: Run) -> int:
    contracts, terms, book, sums = run.contracts, run.terms, run.book, run.outcome.sums
    place = candle.place
    if sums[Sum.LEVEL] > 0:
        return Code.SAFETY_LEVEL
    if not candle.session_open:
        return Code.SESSION_CLOSED
    if terms.is_intraday and not candle.entries_open:
        return Code.ENTRIES_CLOSED
    if book.entered[place] > 0 or book.waiting[place] > 0:
        return Code.SYMBOL_BUSY
    if contracts.is_index[place]:
        return Code.NOT_TRADABLE
    if side < 0 and not terms.is_intraday:
        return Code.SHORT_DELIVERY
    if sums[Sum.REALISED_TODAY] + sums[Sum.PROFIT] <= -terms.max_loss:
        return Code.LOSS_LIMIT
    if sums[Sum.HELD] + sums[Sum.WAITING] >= terms.max_positions:
        return Code.MAX_POSITIONS
    if sums[Sum.ORDERS] >= terms.max_orders_per_day:
        return Code.MAX_ORDERS
    return Code.PASSED


@rule
def _refusal_by_value(worth: int, run: Run) -> int:
    """Ask the rules about money; the symbol itself holds nothing and waits for nothing, or it were busy."""
    contracts, terms, book, sums = run.contracts, run.terms, run.book, run.outcome.sums
    exposure = resting = 0
    for each in range(len(book.held)):
        if book.entered[each] > 0:
            exposure += book.held[each] * book.entry_value[each] // book.entered[each]
            stop = book.stop[each]
            limit = stop_limit_beyond(-book.side[each], stop, terms.limit_offset, contracts.ticks[each])
            resting += book.held[each] * limit
        waits_for = book.waiting[each] * book.limit[each]
        exposure += waits_for
        resting += waits_for
    if worth > terms.max_order_value:
        return Code.ORDER_VALUE
    if worth > terms.max_symbol_value:
        return Code.SYMBOL_EXPOSURE
    if exposure + worth > terms.max_exposure:
        return Code.TOTAL_EXPOSURE
    if resting + worth > terms.max_open_value:
        return Code.OPEN_ORDERS
    if sums[Sum.TURNOVER] + worth > terms.max_turnover:
        return Code.TURNOVER
    free = terms.capital + sums[Sum.REALISED] - round(exposure * terms.margin)
    if round(worth * terms.margin) > free:
        return Code.MARGIN
    return Code.PASSED


@rule
def _refusal_by_levels(side: int, price: int, close: int, stop: int, target: int, tick: int) -> int:
    if stop < tick or (price - stop) * side <= 0:
        return Code.STOP_SANITY
    if target <= 0 or (target - close) * side <= 0:
        return Code.TARGET_SANITY
    return Code.PASSED


@rule
def enter(row: int, place: int, run: Run) -> bool:
    """Let the waiting entry meet a bar; return whether the bar may also hit the target. Without a fill it lapses."""
    bars, contracts, terms, book = run.bars, run.contracts, run.terms, run.book
    candle, side, tick = bars.candles[row], book.side[place], contracts.ticks[place]
    open_, high, low = candle.open, candle.high, candle.low
    comes_too_late = terms.is_intraday and not candle.may_enter
    if comes_too_late or is_locked(side, open_, high, low, candle.close_before, tick):
        lapse(place, run)
        return False
    limit = book.limit[place] if terms.entry_is_limit else 0
    cost = fill_cost(open_, terms.spread_ticks, terms.slippage_ticks, terms.slippage_share, tick)
    price, is_inside = entry_fill(side, limit, open_, high, low, cost, tick)
    quantity = room_for(book.waiting[place], row, place, run)
    if price == 0 or quantity == 0:
        lapse(place, run)
        return False
    moment = 2 * row + is_inside
    _open_position(place, quantity, price, moment, candle.day, tick, run)
    return not is_inside


@rule
def _open_position(place: int, quantity: int, price: int, moment: int, day: int, tick: int, run: Run) -> None:
    terms, book, sums = run.terms, run.book, run.outcome.sums
    side, value = book.side[place], quantity * price
    stop, target = levels(side, price, book.atr[place], terms.stop_atr, terms.target_atr, tick)
    charges = charged(side > 0, value, day, run)
    book.entered[place] = book.held[place] = quantity
    book.entry_value[place], book.exit_value[place] = value, 0
    book.entry_moment[place], book.entry_day[place], book.entry_charges[place] = moment, day, charges
    book.stop[place] = book.first_stop[place] = stop
    book.target[place], book.changes[place], book.leaving[place] = target, 0, 0
    book.waiting[place] = 0
    sums[Sum.WAITING] -= 1
    sums[Sum.HELD] += 1
    sums[Sum.ORDERS] += 1  # its stop
    sums[Sum.TURNOVER] += value
    sums[Sum.ENTRY_CHARGES] += charges
