"""Leaks planted in labels, and in the rows that they are joined to."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from backtest.strategy_check.finding import Cause, Kind
from backtest.strategy_check.fold_check import fold_findings
from backtest.strategy_check.label_check import MOST_ROWS, label_findings
from backtest.strategy_check.row_check import row_findings
from backtest.strategy_check.subject import Effort, Subject
from backtest.strategy_check.training_face import TrainingFace
from core.market import Timeframe
from features.columns import CandleColumns, FloatArray, IntArray
from features.labels import Labels
from training.dataset import Dataset, History, build
from training.folds import WalkForward

from .conftest import SYMBOL, Weekdays, subject_on, walk
from .training_pipelines import RULE, Labelling, Silent, honest


@pytest.fixture(scope="module")
def subject() -> Subject:
    return subject_on(walk(days=3), Silent)


@pytest.fixture(scope="module")
def long_subject() -> Subject:
    """Enough to learn from."""
    return subject_on(walk(days=11), Silent)


def dataset_of(subject: Subject) -> Callable[[CandleColumns], Dataset]:
    def made(candles: CandleColumns) -> Dataset:
        history = History(SYMBOL, 5, candles)
        return build([history], subject.specification, Timeframe.M5, Weekdays(), lambda _: RULE)

    return made


def training(subject: Subject, labelling: Labelling = honest) -> TrainingFace:
    return TrainingFace(
        label=labelling,
        build=dataset_of(subject),
        walk=lambda rows: WalkForward(folds=3).split(rows.closed_at, rows.resolved_at),
        learn=lambda rows, folds: [],
    )


def test_our_labels_are_honest(subject: Subject) -> None:
    assert label_findings(subject, training(subject)) == []


def test_our_rows_and_folds_are_honest(long_subject: Subject) -> None:
    assert row_findings(long_subject, training(long_subject)) == []
    assert fold_findings(long_subject, training(long_subject)) == []


def one_bar_early(candles: CandleColumns, atr: FloatArray) -> Labels:
    labels = honest(candles, atr)
    rows = np.arange(len(candles)) + 1
    return replace(
        labels,
        long_resolved=np.maximum(labels.long_resolved - 1, np.minimum(rows, labels.long_resolved)),
        short_resolved=np.maximum(labels.short_resolved - 1, np.minimum(rows, labels.short_resolved)),
    )


def known_at_entry(candles: CandleColumns, atr: FloatArray) -> Labels:
    labels = honest(candles, atr)
    entered = np.arange(len(candles)) + 1
    return replace(labels, long_resolved=entered, short_resolved=entered)


def with_tomorrows_close(candles: CandleColumns, atr: FloatArray) -> Labels:
    labels = honest(candles, atr)
    later = np.minimum(np.arange(len(candles)) + 75, len(candles) - 1)
    return replace(labels, long_net=candles.closes[later] - candles.closes)


def next_bars_high(candles: CandleColumns, atr: FloatArray) -> Labels:
    labels = honest(candles, atr)
    after = np.minimum(labels.resolved + 1, len(candles) - 1)
    return replace(labels, short_net=candles.highs[after] - candles.closes)


def in_deviations_of_all(candles: CandleColumns, atr: FloatArray) -> Labels:
    labels = honest(candles, atr)
    spread = np.std(labels.long_net[labels.known])
    return replace(labels, long_net=np.rint(labels.long_net / spread * 1e6).astype(np.int64))


def by_quantile_of_all(candles: CandleColumns, atr: FloatArray) -> Labels:
    labels = honest(candles, atr)
    best = np.quantile(candles.closes, 0.66)
    return replace(labels, directions=(candles.closes > best).astype(np.int64))


LEAKS: dict[str, tuple[Labelling, set[str], Cause, str]] = {
    "tomorrow's close": (with_tomorrows_close, {"label.long_net"}, Cause.EARLY_RESOLVED, "beyond row"),
    "the bar after the end": (next_bars_high, {"label.short_net"}, Cause.EARLY_RESOLVED, "reads 1 bar beyond"),
    "scaled by all": (in_deviations_of_all, {"label.long_net"}, Cause.WHOLE_HISTORY, "whole history"),
    "quantile of all": (by_quantile_of_all, {"label.direction"}, Cause.WHOLE_HISTORY, "whole history"),
}


@pytest.mark.leak("labels")
@pytest.mark.parametrize("leak", sorted(LEAKS))
def test_a_label_that_reads_beyond_its_end_is_found(subject: Subject, leak: str) -> None:
    labelling, columns, cause, words = LEAKS[leak]

    findings = label_findings(subject, training(subject, labelling))

    assert {each.column for each in findings} == columns
    [finding] = findings
    known = np.flatnonzero(honest(subject.candles, subject.table.atr).known)
    assert (finding.kind, finding.cause) == (Kind.LABELS, cause), finding.detail
    assert words in finding.detail
    assert finding.row in known[:40]


@pytest.mark.leak("labels")
@pytest.mark.parametrize("labelling", [one_bar_early, known_at_entry])
def test_an_end_that_is_told_too_early_is_found(subject: Subject, labelling: Labelling) -> None:
    findings = label_findings(subject, training(subject, labelling))

    assert {"label.long_net", "label.short_net"} <= {each.column for each in findings}
    assert {each.cause for each in findings} == {Cause.EARLY_RESOLVED}


@pytest.mark.leak("labels")
def test_a_label_that_is_known_with_its_own_candle_is_found(subject: Subject) -> None:
    def at_once(candles: CandleColumns, atr: FloatArray) -> Labels:
        rows: IntArray = np.arange(len(candles))
        return replace(honest(candles, atr), long_resolved=rows, short_resolved=rows)

    first = label_findings(subject, training(subject, at_once))[0]

    assert (first.column, first.cause) == ("label.resolved", Cause.EARLY_RESOLVED)


@pytest.mark.leak("labels")
def test_a_dataset_that_forgets_the_longer_of_both_positions_is_found(long_subject: Subject) -> None:
    made = dataset_of(long_subject)

    def shorter(candles: CandleColumns) -> Dataset:
        rows = made(candles)
        return replace(rows, resolved_at=rows.free_at.min(axis=1))

    [finding] = row_findings(long_subject, replace(training(long_subject), build=shorter))

    assert (finding.kind, finding.column, finding.cause) == (
        Kind.ROWS,
        "dataset.resolved_at",
        Cause.EARLY_RESOLVED,
    )
    labels = honest(long_subject.candles, long_subject.table.atr)
    unequal = labels.known & long_subject.table.valid & (labels.long_resolved != labels.short_resolved)
    assert finding.row == int(np.argmax(unequal))


def test_the_row_of_a_finding_counts_from_the_first_candle_though_only_the_newest_are_labelled() -> None:
    subject = subject_on(walk(days=9), Silent)

    def at_once(candles: CandleColumns, atr: FloatArray) -> Labels:
        rows: IntArray = np.arange(len(candles))
        return replace(honest(candles, atr), long_resolved=rows, short_resolved=rows)

    first = label_findings(replace(subject, effort=Effort(every_label=1, label_futures=1)), training(subject, at_once))[
        0
    ]

    assert first.row is not None
    assert first.row >= len(subject.candles) - MOST_ROWS
    assert first.at == subject.candles.starts[first.row]
