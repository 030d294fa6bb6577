"""The faces a strategy shows, each as columns of numbers over the candles: its features, `on_data` and `signals`.

Seen so, every question is the same one: does an entry of a column change when it must not?
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from backtest.strategy_check.subject import Subject, asked_rows, head, spliced
from core.errors import StrategyError
from core.signals import Direction, FeatureRow, SignalProvider
from features.batch import FeatureTable, compute
from features.columns import BoolArray, CandleColumns, FloatArray
from strategies.base_strategy import BatchSignals
from strategies.guarded import Guarded, signals_at_once

Columns: TypeAlias = Mapping[str, FloatArray]
"""One entry a candle; NaN where a column has none."""

EXISTS = "row"
"""The column that says whether a candle has a row of features at all."""

SAME_PROBABILITY = 1e-9
"""Probabilities closer than this are equal: a sum may be taken in another order."""


class Face(Protocol):
    """One thing to ask; it is given the candles, and the features as they would have been known."""

    @property
    def name(self) -> str:
        """For the report."""
        ...

    @property
    def subject(self) -> Subject:
        """Whose face it is."""
        ...

    def answers(self, table: FeatureTable, candles: CandleColumns, rows: Sequence[int]) -> Columns:
        """Return its columns; only `rows` need be filled."""
        ...


@dataclass(frozen=True, slots=True)
class FeatureFace:
    """The features themselves."""

    subject: Subject
    name: str = "features"

    def answers(self, table: FeatureTable, candles: CandleColumns, rows: Sequence[int]) -> Columns:  # noqa: ARG002
        """Compute them anew, whatever the table says."""
        return feature_columns(compute(self.subject.specification, candles))


@dataclass(frozen=True, slots=True)
class RowFace:
    """A strategy made anew, asked candle by candle."""

    subject: Subject
    name: str = "on_data"

    def answers(self, table: FeatureTable, candles: CandleColumns, rows: Sequence[int]) -> Columns:
        """Ask for the rows, in their order."""
        subject = self.subject

        def row(place: int) -> FeatureRow | None:
            return subject.row_of(table, candles, place) if place >= 0 else None

        return asked(subject.make(), row, rows, len(candles))


@dataclass(frozen=True, slots=True)
class BatchFace:
    """A strategy made anew, asked for all candles at once."""

    subject: Subject
    name: str = "signals"

    def answers(self, table: FeatureTable, candles: CandleColumns, rows: Sequence[int]) -> Columns:  # noqa: ARG002
        """Ask once."""
        return batch_columns(self.subject.make(), table, candles, self.subject.symbol)


def faces_of(subject: Subject) -> tuple[Face, ...]:
    """Return the faces that a strategy has; `signals` is optional."""
    has_both = isinstance(subject.make(), BatchSignals)
    return (FeatureFace(subject), RowFace(subject), *([BatchFace(subject)] if has_both else []))


def feature_columns(table: FeatureTable) -> Columns:
    """Return each feature by name, the average true range, and whether the row exists."""
    columns = {name: table.values[:, place] for name, place in table.specification.columns.items()}
    return {**columns, "atr": table.atr, EXISTS: table.valid.astype(np.float64)}


def asked(
    strategy: SignalProvider, row_at: Callable[[int], FeatureRow | None], rows: Sequence[int], length: int
) -> Columns:
    """Ask `on_data` for some rows, in the order given. Raises `StrategyError` where it raises or gives no signal."""
    ask = Guarded(strategy).on_data
    directions, probabilities = np.full(length, np.nan), np.full(length, np.nan)
    for row in rows:
        now, before = row_at(row), row_at(row - 1)
        if now is None or before is None:
            continue
        signal = ask(now, before)
        is_wish = signal is not None and signal.direction is not Direction.NONE
        directions[row] = signal.direction.value if signal is not None and is_wish else 0.0
        probabilities[row] = signal.probability if signal is not None and is_wish else 0.0
    return {"on_data.direction": directions, "on_data.probability": probabilities}


def batch_columns(strategy: SignalProvider, table: FeatureTable, candles: CandleColumns, symbol: str) -> Columns:
    """Ask `signals` for all rows. Raises `StrategyError` where it raises or gives no signals."""
    answers = signals_at_once(strategy, table, candles, symbol)
    if answers is None:
        raise StrategyError(f"strategy {strategy.name}: has no method signals(table, candles, symbol)")
    wishes = answers.directions.astype(np.float64)
    return {"signals.direction": wishes, "signals.probability": np.where(wishes > 0, answers.probabilities, 0.0)}


def same(first: FloatArray, second: FloatArray, column: str) -> BoolArray:
    """Return where two columns agree: to the bit, but for probabilities."""
    agree: BoolArray = (first == second) | (np.isnan(first) & np.isnan(second))
    if column.endswith(".probability"):
        agree |= np.abs(first - second) <= SAME_PROBABILITY
    return agree


def answers_if_any(ask: Callable[[], Columns]) -> Columns | None:
    """Return answers; None where a strategy raises: on a history too short for it, on prices that never were."""
    try:
        return ask()
    except StrategyError:
        return None


def cut(face: Face, full: FeatureTable, row: int) -> Columns:
    """Return a face's answers as if the candle `row` were the newest there is."""
    subject = face.subject
    return face.answers(head(full, row + 1), subject.candles.slice(0, row + 1), [row])


def disturbed(face: Face, full: FeatureTable, candles: CandleColumns, first: int, rows: Sequence[int]) -> Columns:
    """Return a face's answers on candles that differ from row `first` on, all features before it as they were."""
    later = compute(face.subject.specification, candles)
    return face.answers(spliced(full, later, first), candles, rows)


def all_answers(face: Face) -> Columns:
    """Return a face's answers for the whole history."""
    table = face.subject.table
    return face.answers(head(table, len(table.valid)), face.subject.candles, asked_rows(table))
