"""Live rows against batch rows, and what the strategy says of both.

A batch of the official candles is where live and training should meet. Two more batches tell why they do not: one of
the very candles that the live features were fed, and one of the official candles from the same first candle on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from backtest.parity.opinions import Key
from backtest.skew.batch_rows import ATR, BatchRows, deviations_of, with_history
from backtest.skew.live_rows import LiveRows
from backtest.skew.skew import LIMIT, Cause, DaySkew, DecisionChange, Difference, FeatureSkew, Revision, Unmatched
from core.errors import DataError
from core.events import Decided
from core.instants import Instant, ist_date, ist_text
from core.market import Candle, Timeframe
from core.ports import Calendar
from core.signals import Direction, FeatureRow, SignalProvider
from features.columns import CandleColumns, FloatArray, IntArray
from features.specification import FeatureSpecification

_STEPS = (Cause.CODE, Cause.CANDLES, Cause.WARM_UP)
_NAMED = 3
"""Features that are named for a decision that changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What the two sides share on one start of the bot, and where the batch has its candles from."""

    specification: FeatureSpecification
    provider: SignalProvider
    timeframe: Timeframe
    calendar: Calendar
    reference: Mapping[str, float]
    """Deviations of the features in the model's training; empty without a model."""
    official: Callable[[str], CandleColumns | None]
    """Candles of a symbol up to the end of the day; None where there are none of the day."""
    source: str
    """Where they are from, in words."""


class _Batches(NamedTuple):
    """Rows of one symbol after each step on the way from what live was fed to the whole official history."""

    fed: BatchRows
    official: BatchRows
    whole: BatchRows

    def have(self, start: Instant) -> bool:
        return all(each.has(start) for each in self)


def compare(rows: Mapping[str, LiveRows], sides: Sides, found: DaySkew) -> None:
    """Compare what one start of the bot decided on, and add it to what is found.

    Raises `DataError` when the official candles lack one that was decided on, `StrategyError` from the strategy.
    """
    fed = {
        symbol: BatchRows(sides.specification, CandleColumns.of(each.candles))
        for symbol, each in rows.items()
        if each.candles
    }
    if not fed:
        return
    units = deviations_of(fed.values(), sides.specification, sides.reference)
    for symbol, batch in fed.items():
        if rows[symbol].decided or rows[symbol].silent:
            _Comparison(symbol, rows[symbol], batch, sides, units, found).run()


class _Comparison:
    """One symbol of one start."""

    def __init__(
        self, symbol: str, live: LiveRows, fed: BatchRows, sides: Sides, units: FloatArray, found: DaySkew
    ) -> None:
        self._symbol = symbol
        self._live = live
        self._sides = sides
        self._units = units
        self._found = found
        self._names = (*sides.specification.names, ATR)
        self._batches = self._batches_from(fed)

    def run(self) -> None:
        """Compare every row and every decision."""
        starts = [start for start in self._live.decided if self._batches.have(start)]
        self._match()
        if starts:
            self._compare_numbers(starts)
        for start in starts:
            self._compare_decision(self._live.decided[start])

    # --- candles ------------------------------------------------------------------------------------------------

    def _batches_from(self, fed: BatchRows) -> _Batches:
        history, had = self._official_history(), {each.start: each for each in self._live.candles}
        first, last = np.searchsorted(history.starts, [self._live.candles[0].start, self._live.newest + 1]).tolist()
        official = {each.start: each for each in history.slice(first, last).candles()}
        for start, candle in official.items():
            if had.get(start) != candle:
                self._found.revisions[Key(self._symbol, start)] = Revision(had.get(start), candle)
        self._found.filled |= {Key(self._symbol, start) for start in had.keys() - official.keys()}
        merged = had | official
        columns = CandleColumns.of([merged[start] for start in sorted(merged)])
        batch = BatchRows(self._sides.specification, columns)
        whole = BatchRows(self._sides.specification, with_history(columns, history)) if first else batch
        return _Batches(fed, batch, whole)

    def _official_history(self) -> CandleColumns:
        """Return the official candles. Raises `DataError` when they lack one that was to be decided on."""
        history, due = self._sides.official(self._symbol), {*self._live.decided, *self._live.silent}
        missing = sorted(due - set(history.starts.tolist() if history is not None else ()))
        if history is None or missing:
            raise DataError(
                f"{self._sides.source} lacks {len(missing)} of {len(due)} candles of {self._symbol} that were to be "
                f"decided on, the first of {ist_text(missing[0])}; fetch them with `fyersbot download-data --from "
                f"{ist_date(missing[0])}`, or give a file with --data"
            )
        return history

    # --- rows ---------------------------------------------------------------------------------------------------

    def _match(self) -> None:
        """Note the candles of which only one side has a row."""
        for start in self._live.decided:
            for cause, batch in zip(_STEPS, self._batches, strict=True):
                if not batch.has(start):
                    self._found.unmatched.append(Unmatched(Key(self._symbol, start), True, cause))
                    break
        for start in self._live.silent:
            if self._batches.fed.has(start):
                self._found.unmatched.append(Unmatched(Key(self._symbol, start), False, Cause.CODE))

    def _compare_numbers(self, starts: list[Instant]) -> None:
        live = np.array([_numbers(self._live.decided[start]) for start in starts])
        sides = [live, *(batch.of(starts) for batch in self._batches)]
        steps = np.array([self._apart(one, other) for one, other in pairwise(sides)])
        apart, batch = self._apart(live, sides[-1]), sides[-1]
        causes: IntArray = np.where(steps[0] > LIMIT, 0, steps.argmax(axis=0))
        beyond = (apart > LIMIT) | (steps[0] > LIMIT)
        self._found.rows += len(starts)
        for place, name in enumerate(self._names):
            skew = self._found.features.setdefault(name, FeatureSkew(name))
            skew.rows += len(starts)
            skew.beyond.update(_STEPS[each] for each in causes[beyond[:, place], place].tolist())
            row = int(apart[:, place].argmax())
            distance = float(apart[row, place])
            if distance > (skew.farthest.deviations if skew.farthest else 0.0):
                key, cause = Key(self._symbol, starts[row]), _STEPS[int(causes[row, place])]
                skew.farthest = Difference(distance, key, float(live[row, place]), float(batch[row, place]), cause)

    def _apart(self, one: FloatArray, other: FloatArray) -> FloatArray:
        """Return the distances in deviations; a number that is none is infinitely far from any."""
        distances: FloatArray = np.nan_to_num(np.abs(one - other) / self._units, nan=np.inf)
        return distances

    # --- decisions ----------------------------------------------------------------------------------------------

    def _compare_decision(self, decided: Decided) -> None:
        start, fed, whole = decided.candle, self._batches.fed, self._batches.whole
        live = np.array([_numbers(decided), self._live_before(start)])
        of_live = self._said(fed, start, live)
        of_batch = self._said(whole, start, whole.at(start))
        if decided.direction is of_live is of_batch:
            return
        sides = [live, *(batch.at(start) for batch in self._batches)]
        apart = self._apart(live, sides[-1]).max(axis=0)
        names = tuple(self._names[place] for place in np.argsort(-apart)[:_NAMED].tolist() if apart[place] > 0)
        cause = Cause.STRATEGY
        if of_live is decided.direction:
            is_changed = [not np.array_equal(one, other) for one, other in pairwise(sides)]
            is_changed[1] |= fed.candle_at(start) != whole.candle_at(start)
            cause = _STEPS[is_changed.index(True)] if any(is_changed) else cause
        key = Key(self._symbol, start)
        self._found.changes.append(DecisionChange(key, decided.direction, of_live, of_batch, cause, names))

    def _live_before(self, start: Instant) -> FloatArray:
        """Return the row before a decided one, as recorded; where nothing was decided on it, the batch's."""
        before = self._live.decided.get(self._batches.fed.candle_before(start).start)
        numbers: FloatArray = np.array(_numbers(before)) if before else self._batches.fed.at(start)[1]
        return numbers

    def _said(self, batch: BatchRows, start: Instant, numbers: FloatArray) -> Direction:
        now = self._row(batch.candle_at(start), numbers[0])
        signal = self._sides.provider.on_data(now, self._row(batch.candle_before(start), numbers[1]))
        return signal.direction if signal else Direction.NONE

    def _row(self, candle: Candle, numbers: FloatArray) -> FeatureRow:
        """Make a row that a strategy can be asked about. Raises `DataError` for a candle of no trading day."""
        sides = self._sides
        session = sides.calendar.trading_day(ist_date(candle.start))
        if session is None:
            raise DataError(f"{self._symbol}: candle {ist_text(candle.start)} lies on a day without trading")
        *values, atr = numbers.tolist()
        closed_at = session.candle_close(candle.start, sides.timeframe)
        return FeatureRow(self._symbol, candle, closed_at, sides.specification.columns, tuple(values), atr)


def _numbers(decided: Decided) -> tuple[float, ...]:
    """Return what was recorded of a row, in the order of a batch's columns."""
    return (*decided.features, decided.atr)
