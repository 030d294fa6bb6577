"""From candles to what a classifier learns from: rows, labels, and when each label was known."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from core.errors import DataError
from core.instants import ist_date
from core.market import Timeframe
from core.ports import Calendar
from features.batch import FeatureTable, compute
from features.columns import CandleColumns, FloatArray, IntArray
from features.labels import LabelRule, label
from features.specification import FeatureSpecification
from training.feature_rows import FeatureRows

FEWEST_ROWS = 500
"""Fewer rows than this teach nothing that would hold tomorrow."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Closed candles of one symbol."""

    symbol: str
    tick: int
    """Price step, in units."""
    candles: CandleColumns
    first: int = 0
    """The first candle that teaches; those before it warm up the features."""
    notes: tuple[str, ...] = ()
    """What is to be said of the candles beside what they show."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """One entry per usable candle of any symbol, in order of time. Money in units, times in nanoseconds."""

    features: FloatArray
    directions: IntArray
    """Labels: 0 none, 1 long, 2 short."""
    symbols: IntArray
    """Place of the row's symbol in the list of histories."""
    closed_at: IntArray
    """When the row became known."""
    resolved_at: IntArray
    """When its label became known."""
    net: IntArray
    """Two columns: what a long and what a short position earned after spread and charges."""
    free_at: IntArray
    """Two columns: when the long and when the short position ended."""

    def __len__(self) -> int:
        return len(self.directions)

    def at(self, places: IntArray) -> "Dataset":
        """Return the rows at some places, in that order."""
        return replace(self.outcomes_at(places), features=self.features[places])

    def outcomes_at(self, places: IntArray) -> "Dataset":
        """Return the rows at some places without a feature: what became of them takes a fraction of the memory."""
        return Dataset(
            np.empty((len(places), 0)),
            self.directions[places],
            self.symbols[places],
            self.closed_at[places],
            self.resolved_at[places],
            self.net[places],
            self.free_at[places],
        )

    def fingerprint(self) -> str:
        """Return the SHA-256 of rows and labels."""
        digest = hashlib.sha256()
        for each in (self.features, self.directions, self.closed_at, self.net):
            digest.update(np.ascontiguousarray(each).reshape(-1).data)
        return digest.hexdigest()


def build(
    histories: Iterable[History],
    specification: FeatureSpecification,
    timeframe: Timeframe,
    calendar: Calendar,
    rule_for: Callable[[History], LabelRule],
    folder: Path | None = None,
) -> Dataset:
    """Compute features and labels symbol by symbol; of the candles nothing is kept.

    With a `folder` the features lie in a file there and not in memory: it must stay as long as the rows are used.
    Raises `DataError` when there are too few rows, or a label that never occurs, and `StorageError` when the disk
    refuses.
    """
    columns: list[list[IntArray]] = []
    with FeatureRows(len(specification.names), folder) as rows:
        for place, history in enumerate(histories):
            features, *others = _of_symbol(place, history, specification, timeframe, calendar, rule_for(history))
            rows.add(features)
            columns.append(others)
        if len(rows) < FEWEST_ROWS:
            raise DataError(
                f"{len(rows)} usable rows for training, at least {FEWEST_ROWS} are needed: give more candles"
            )
        directions, symbols, closed_at, *rest = ([*parts] for parts in zip(*columns, strict=True))
        columns.clear()
        order = np.argsort(np.concatenate(closed_at), kind="stable")
        in_order = [_joined(parts)[order] for parts in (directions, symbols, closed_at, *rest)]
        dataset = Dataset(rows.in_order(order), *in_order)
    for value, name in enumerate(("none", "long", "short")):
        if not (dataset.directions == value).any():
            raise DataError(f"no row is labelled {name}: give more candles, or other exits or sizing")
    return dataset


def _joined(parts: list[IntArray]) -> IntArray:
    """Put parts one behind the other, and empty the list of them to free their memory."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def closes(candles: CandleColumns, timeframe: Timeframe, calendar: Calendar) -> IntArray:
    """Return when each candle was known; 0 on a date without trading, of which no row is usable."""
    starts = candles.starts.tolist()
    sessions = map(cache(calendar.trading_day), map(ist_date, starts))
    closes = [
        session.candle_close(start, timeframe) if session else 0
        for start, session in zip(starts, sessions, strict=True)
    ]
    return np.array(closes, dtype=np.int64)


def _require_values(history: History, table: FeatureTable, timeframe: Timeframe) -> None:
    """Raise `DataError` for features that long enough a history never gives a value."""
    if len(history.candles) < table.specification.warm_up(timeframe):
        return
    names = table.specification.names
    missing = [name for place, name in enumerate(names) if not np.isfinite(table.values[:, place]).any()]
    if missing:
        raise DataError(
            f"{history.symbol}: no candle has a value of {', '.join(missing)}, as where price or volume never changes; "
            "leave the symbol out"
        )


def _of_symbol(
    place: int,
    history: History,
    specification: FeatureSpecification,
    timeframe: Timeframe,
    calendar: Calendar,
    rule: LabelRule,
) -> tuple[np.ndarray, ...]:
    candles = history.candles
    table = compute(specification, candles)
    _require_values(history, table, timeframe)
    labels = label(candles, table.atr, timeframe, calendar, rule)
    usable = table.valid & labels.known
    usable[: history.first] = False
    ends = closes(candles, timeframe, calendar)
    return (
        table.values[usable],
        labels.directions[usable],
        np.full(int(usable.sum()), place),
        ends[usable],
        ends[labels.resolved[usable]],
        np.stack([labels.long_net[usable], labels.short_net[usable]], axis=1),
        np.stack([ends[labels.long_resolved[usable]], ends[labels.short_resolved[usable]]], axis=1),
    )
