"""The walk over the bars as one compiled state machine: the inside of the fast engine.

It follows `docs/backtest-assumptions.md` step by step. The rules in it are the core's own functions, compiled from the
same source; importing this module imports numba.
"""

from types import ModuleType

import backtest.compiled
from backtest import assumptions, fast_tables, kernel_book, kernel_entries, kernel_exits
from backtest.assumptions import MOST_NIGHTS
from backtest.compiled import compiled, rule
from backtest.fast_tables import Reason, Run, Sum
from backtest.kernel_book import lapse, lapse_all, mark
from backtest.kernel_entries import enter, propose
from backtest.kernel_exits import (
    close_before_corporate_action,
    close_with_the_data,
    follows_corporate_action,
    look_for_exit,
    takes_all,
    trail_stop,
)
from core import bar_fills, charges, exits, matching, price_grid, pricing, sizing

_SOURCES: tuple[ModuleType, ...] = (
    *(bar_fills, charges, exits, matching, price_grid, pricing, sizing),
    *(backtest.compiled, assumptions, fast_tables, kernel_book, kernel_entries, kernel_exits),
)

for _each in (
    *(bar_fills.available, bar_fills.entry_fill, bar_fills.fill_cost, bar_fills.is_corporate_action),
    *(bar_fills.is_locked, bar_fills.worsened, charges.bill, exits.decide, exits.levels, exits.reach_of),
    *(exits.trail, matching.limit_fill, price_grid.down_to_grid, price_grid.up_to_grid),
    *(pricing.limit_beyond, pricing.stop_limit_beyond, sizing.sized),
):
    rule(_each)


def _walk(run: Run) -> None:
    bars, steps, signals, terms, book, outcome = run.bars, run.steps, run.signals, run.terms, run.book, run.outcome
    sums, draws = outcome.sums, len(outcome.equity) > 0
    passes_quiet_bars = len(run.contracts.ticks) == 1 and terms.trail_atr == 0
    step, signal, count = 0, 0, len(steps.ends)
    while step < count:
        is_empty = sums[Sum.HELD] + sums[Sum.WAITING] == 0
        if is_empty:
            step = _after_idle_steps(step, min(signals.steps[signal], count), run)
            if step == count:
                break
        elif passes_quiet_bars and book.entered[0] > 0 and book.leaving[0] == 0:
            step = _after_quiet_bars(step, signals.steps[signal], run)
        first, last = (steps.ends[step - 1] if step else 0), steps.ends[step]
        day = bars.candles[steps.order[first]].day
        if day != sums[Sum.DAY]:
            _begin_day(day, run)
        if not is_empty:
            _meet_all(first, last, run)
        if draws:
            profit = sums[Sum.REALISED] + sums[Sum.PROFIT] - sums[Sum.ENTRY_CHARGES]
            outcome.equity[step], outcome.exposure[step] = terms.capital + profit, sums[Sum.VALUE]
        while signals.steps[signal] == step:
            code = propose(signal, run)
            outcome.refusals[code] += 1
            signal += 1
        step += 1
    lapse_all(run)


walk = compiled(_walk, _SOURCES)
"""Walk all steps: `book` and `outcome` come empty and are filled in."""


@rule
def _after_idle_steps(step: int, wanted: int, run: Run) -> int:
    """Return the step `wanted`: nothing happens to an empty book before somebody wants something."""
    outcome = run.outcome
    if len(outcome.equity) > 0:
        for each in range(step, wanted):
            outcome.equity[each], outcome.exposure[each] = run.terms.capital + outcome.sums[Sum.REALISED], 0
    return wanted


@rule
def _after_quiet_bars(row: int, wanted: int, run: Run) -> int:
    """Return the first row, from one on, in which something happens to the only position of the only symbol.

    In the row `wanted` something does, and so in the data's last one, which is special.
    """
    bars, terms, book, outcome = run.bars, run.terms, run.book, run.outcome
    sums, draws = outcome.sums, len(outcome.equity) > 0
    side, stop, target, held = book.side[0], book.stop[0], book.target[0], book.held[0]
    booked = side * (book.exit_value[0] - book.entry_value[0])
    today, capital = sums[Sum.REALISED_TODAY] + booked, terms.capital + sums[Sum.REALISED] - sums[Sum.ENTRY_CHARGES]
    limit = -min(terms.soft_loss, terms.max_loss)
    while row < wanted and not bars.candles[row].is_special:
        candle = bars.candles[row]
        code, _ = exits.decide(side, stop, target, candle.open, candle.high, candle.low, False)
        value = held * candle.close
        if code != exits.HOLD or today + side * value <= limit:
            break
        if draws:
            outcome.equity[row], outcome.exposure[row] = capital + booked + side * value, value
        row += 1
    return row


@rule
def _begin_day(day: int, run: Run) -> None:
    """Forget the day before; a position that was carried gets its stop anew, an entry that waits goes on once."""
    book, outcome = run.book, run.outcome
    sums = outcome.sums
    sums[Sum.DAY] = day
    sums[Sum.REALISED_TODAY] = sums[Sum.TURNOVER] = sums[Sum.LEVEL] = 0
    sums[Sum.ORDERS] = sums[Sum.HELD]
    for place in range(len(book.waiting)):
        if book.waiting[place] > 0:
            if book.nights[place] == MOST_NIGHTS:
                lapse(place, run)
            book.nights[place] += 1


@rule
def _meet_all(first: int, last: int, run: Run) -> None:
    """Let the bars of a step meet what is held or waits, then look at the loss of the day."""
    bars, steps, terms, book, outcome = run.bars, run.steps, run.terms, run.book, run.outcome
    was_busy = False
    for number in range(first, last):
        row = steps.order[number]
        place = bars.candles[row].place
        if book.entered[place] > 0 or book.waiting[place] > 0:
            _meet(row, place, run)
            was_busy = True
    if terms.is_intraday and outcome.sums[Sum.WAITING] > 0:
        lapse_all(run)  # their bar would have been in this step
    if was_busy:
        _watch_loss(run)


@rule
def _meet(row: int, place: int, run: Run) -> None:
    """Let a bar meet a position that leaves, an entry, then stop and target; mark what is left to its close."""
    bars, terms, book = run.bars, run.terms, run.book
    sees_target = True
    if follows_corporate_action(row, place, run):
        if book.entered[place] > 0:
            close_before_corporate_action(row, place, run)
        else:
            lapse(place, run)
        return
    if book.waiting[place] > 0:
        sees_target = enter(row, place, run)
        if book.entered[place] == 0:
            return
    look_for_exit(row, place, sees_target, run)
    if book.entered[place] > 0 and takes_all(row, place, run):
        close_with_the_data(row, place, run)
    if book.entered[place] > 0:
        if sees_target and terms.trail_atr > 0 and book.leaving[place] == 0:
            trail_stop(row, place, run)
        mark(place, bars.candles[row].close, run)


@rule
def _watch_loss(run: Run) -> None:
    """Answer the loss of the day: no more entries at the soft limit, everything out at the hard one."""
    terms, book, outcome = run.terms, run.book, run.outcome
    sums = outcome.sums
    profit = sums[Sum.REALISED_TODAY] + sums[Sum.PROFIT]
    if profit > -terms.soft_loss and profit > -terms.max_loss:
        return
    level = 2 if profit <= -terms.max_loss else 1
    if level > sums[Sum.LEVEL]:
        sums[Sum.LEVEL] = level
        lapse_all(run)
    if level == 2:
        for place in range(len(book.leaving)):
            if book.entered[place] > 0 and book.leaving[place] == 0:
                book.leaving[place] = Reason.FORCE_EXIT
