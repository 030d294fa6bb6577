"""Does a strategy answer from what it is given, and from nothing else?

The same question is asked again, in another order, after other questions, and of a strategy made anew; what it is
given to read is compared afterwards; the years are changed; both faces are held against each other. Before all that:
are its answers signals at all?
"""

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from backtest.strategy_check.disturbances import YEARS_MOVED, MovedCalendar, of_another_year
from backtest.strategy_check.faces import (
    Columns,
    RowFace,
    all_answers,
    answers_if_any,
    asked,
    batch_columns,
    faces_of,
    feature_columns,
    same,
)
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject, head
from core.errors import NoSignalError
from core.signals import FeatureRow, SignalProvider
from features.batch import FeatureTable
from features.columns import CandleColumns
from strategies.base_strategy import BatchSignals


def repeated(subject: Subject) -> list[Finding]:
    """Ask the same again: of the same strategy, backwards, of a new one, and of one whose modules are loaded anew."""
    rows = _row_reader(subject)
    first, again = _asked(subject, rows), _asked(subject, rows)
    chance = _difference(subject, Kind.REPEAT, Cause.CHANCE, "a strategy made anew answers otherwise", first, again)
    if chance:
        return chance
    used = subject.make()
    asked(used, rows, subject.asked, len(subject.candles))
    words = "the answer depends on what was asked before"
    subject.forget()
    alone = subject.make()
    for order, strategy in ((subject.asked, used), (subject.asked, alone), (subject.asked[::-1], subject.make())):
        other = asked(strategy, rows, order, len(subject.candles))
        found = _difference(subject, Kind.REPEAT, Cause.STATE, words, first, other)
        if found:
            return found
    return _after_the_other_face(subject, rows, first) if isinstance(used, BatchSignals) else []


def disagreements(subject: Subject) -> list[Finding]:
    """Hold `signals` against `on_data`, candle by candle."""
    if not isinstance(subject.make(), BatchSignals):
        return []
    rows = RowFace(subject)
    slow = {name.split(".")[1]: np.nan_to_num(column) for name, column in all_answers(rows).items()}
    fast = batch_columns(subject.make(), _copy(subject.table), subject.candles, subject.symbol)
    expected = {name: slow[name.split(".")[1]] for name in fast}
    words = "signals() answers otherwise than on_data()"
    return _difference(subject, Kind.FACES, Cause.TWO_ANSWERS, words, expected, fast)[:1]


def writings(subject: Subject) -> list[Finding]:
    """Compare what a strategy is given to read before and after."""
    table, candles = _own_copies(subject)
    before = _contents(table, candles)
    asked(subject.make(), lambda row: subject.row_of(table, candles, row), subject.asked, len(candles))
    strategy = subject.make()
    if isinstance(strategy, BatchSignals):
        batch_columns(strategy, table, candles, subject.symbol)
    words = "a column that it was given to read has changed"
    return _difference(subject, Kind.MUTATION, Cause.WRITES, words, before, _contents(table, candles))


def unfit_answers(subject: Subject) -> list[Finding]:
    """Ask about every candle: is each answer a signal, with a direction and a probability that there are?"""

    def rows(table: FeatureTable, candles: CandleColumns) -> Columns:
        return asked(
            subject.make(), lambda row: subject.row_of(table, candles, row), subject.asked, len(subject.candles)
        )

    def batch(table: FeatureTable, candles: CandleColumns) -> Columns:
        return batch_columns(subject.make(), table, candles, subject.symbol)

    faces = {"on_data": rows} | ({"signals": batch} if isinstance(subject.make(), BatchSignals) else {})
    found = []
    for face, ask in faces.items():
        try:
            ask(*_own_copies(subject))
        except NoSignalError as error:
            row = None if error.at is None else int(np.searchsorted(subject.candles.starts, error.at))
            column, cause = f"{face}.answer", Cause.NO_SIGNAL
            found.append(Finding(kind=Kind.ANSWER, column=column, row=row, at=error.at, cause=cause, detail=str(error)))
    return found


def known_dates(subject: Subject) -> list[Finding]:
    """Ask about the same candles of another year: weekday, month and hour are the same."""
    candles = of_another_year(subject.candles)
    other = Subject(
        make=subject.make,
        specification=subject.specification,
        symbol=subject.symbol,
        timeframe=subject.timeframe,
        calendar=MovedCalendar(subject.calendar),
        candles=candles,
        history_candles=subject.history_candles,
        effort=subject.effort,
    )
    words = f"changes when the same candles lie {YEARS_MOVED} years earlier: it knows particular dates"
    found = []
    for here, there in zip(faces_of(subject), faces_of(other), strict=True):
        expected, given = all_answers(here), all_answers(there)
        found += _difference(subject, Kind.DATES, Cause.KNOWS_DATES, words, expected, given)
    return found


def live_differences(subject: Subject) -> list[Finding]:
    """Hold the features of the whole history against those made candle by candle, to the bit."""
    table, names = subject.table, (*subject.specification.names, "atr")
    live = np.full((len(subject.candles), len(names)), np.nan)
    for row, features in enumerate(subject.live_rows()):
        if features is not None:
            live[row] = (*features.values, features.atr)
    batch = np.where(table.valid[:, None], np.column_stack([table.values, table.atr]), np.nan)
    exists = {"row": table.valid.astype(float)}, {"row": (~np.isnan(live[:, -1])).astype(float)}
    words = "live trading, candle by candle, computes other numbers"
    missing = _difference(subject, Kind.LIVE, Cause.TWO_FORMULAS, words, *exists)
    both = ~np.isnan(batch[:, -1]) & ~np.isnan(live[:, -1])
    columns = [dict(zip(names, np.where(both[:, None], each, 0.0).T, strict=True)) for each in (batch, live)]
    return missing + _difference(subject, Kind.LIVE, Cause.TWO_FORMULAS, words, *columns)


_CANDLES = ("starts", "opens", "highs", "lows", "closes", "volumes")


def _after_the_other_face(subject: Subject, rows: "_RowAt", first: Columns) -> list[Finding]:
    """Ask one face after the other, and shorter histories after a longer one."""
    used = subject.make()
    table, length = subject.table, len(subject.candles)

    def batch(strategy: SignalProvider, rows: int) -> Columns:
        return batch_columns(strategy, head(table, rows), subject.candles.slice(0, rows), subject.symbol)

    def alone(rows: int) -> Columns | None:
        subject.forget()
        return answers_if_any(lambda: batch(subject.make(), rows))

    whole, again = batch(used, length), batch(subject.make(), length)
    parts = {rows: alone(rows) for rows in (length * eighths // 8 for eighths in range(1, 8))}
    words = "the answer depends on what was asked before"
    pairs: Iterator[tuple[Cause, Columns, Columns]] = itertools.chain(
        [(Cause.CHANCE, whole, again)],
        [(Cause.STATE, first, asked(used, rows, subject.asked, length))],
        ((Cause.STATE, whole, batch(each, length)) for each in (used, subject.make())),
        ((Cause.STATE, part, batch(used, short)) for short, part in parts.items() if part is not None),
    )
    for cause, expected, given in pairs:
        found = _difference(subject, Kind.REPEAT, cause, words, expected, given)
        if found:
            return found
    return []


_RowAt = Callable[[int], FeatureRow | None]


def _row_reader(subject: Subject) -> _RowAt:
    """Return rows of the whole history as live trading makes them: plain numbers, nothing behind them."""
    rows = subject.live_rows()
    return lambda row: rows[row]


def _asked(subject: Subject, rows: _RowAt) -> Columns:
    return asked(subject.make(), rows, subject.asked, len(subject.candles))


def _own_copies(subject: Subject) -> tuple[FeatureTable, CandleColumns]:
    """Return what a strategy may even write to."""
    candles = CandleColumns(*(getattr(subject.candles, name).copy() for name in _CANDLES))
    return _copy(subject.table), candles


def _copy(table: FeatureTable) -> FeatureTable:
    return head(table, len(table.valid))


def _contents(table: FeatureTable, candles: CandleColumns) -> Columns:
    prices = {f"candles.{name}": getattr(candles, name).astype(np.float64) for name in _CANDLES}
    return {**{name: column.copy() for name, column in feature_columns(table).items()}, **prices}


def _difference(
    subject: Subject, kind: Kind, cause: Cause, detail: str, expected: Columns, given: Columns
) -> list[Finding]:
    """Return a finding for each column that is not the same everywhere."""
    found: list[Finding] = []
    for name, column in expected.items():
        wrong: Sequence[int] = np.flatnonzero(~same(column, given[name], name)).tolist()
        if wrong:
            at = int(subject.candles.starts[wrong[0]])
            found.append(Finding(kind=kind, column=name, row=wrong[0], at=at, cause=cause, detail=detail))
    return found
