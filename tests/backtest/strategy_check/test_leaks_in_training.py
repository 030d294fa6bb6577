"""Leaks planted in whole trainings, one in each: in labels, in the rows, in folds, and in what is fitted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.strategy_check.finding import Cause, Kind
from backtest.strategy_check.shuffled_time import shuffled, shuffled_time_findings
from core.instants import DAY
from features.columns import CandleColumns, FloatArray, IntArray
from features.labels import Labels
from training.dataset import Dataset
from training.folds import Fold, WalkForward

from .training_pipelines import (
    Labelling,
    Pipeline,
    least_and_range,
    market,
    median_and_quartiles,
    next_bars,
)

HONEST = next_bars(4)
WALK = WalkForward(folds=3)


def labelled(change: Callable[[Labels, CandleColumns], dict[str, Any]]) -> Labelling:
    def leaky(candles: CandleColumns, atr: FloatArray) -> Labels:
        labels = HONEST(candles, atr)
        return replace(labels, **change(labels, candles))

    return leaky


def to_the_day_s_high(labels: Labels, candles: CandleColumns) -> dict[str, Any]:
    highs = pd.Series(candles.highs).groupby(candles.days()).transform("max").to_numpy()
    return {"long_net": highs - candles.closes}


def over_the_night(labels: Labels, candles: CandleColumns) -> dict[str, Any]:
    later = np.minimum(np.arange(len(candles)) + 4, len(candles) - 1)
    return {"long_net": candles.closes[later] - candles.closes}


def smoothed(labels: Labels, candles: CandleColumns) -> dict[str, Any]:
    smooth = pd.Series(candles.closes).rolling(21, center=True, min_periods=1).mean().to_numpy()
    return {"short_net": np.rint(candles.closes - smooth).astype(np.int64)}


def less_the_range_of_all(labels: Labels, candles: CandleColumns) -> dict[str, Any]:
    return {"long_net": labels.long_net - np.ptp(labels.long_net[labels.known])}


def known_a_bar_early(labels: Labels, candles: CandleColumns) -> dict[str, Any]:
    ends = np.maximum(labels.resolved - 1, np.minimum(np.arange(len(candles)) + 1, labels.resolved))
    return {"long_resolved": ends, "short_resolved": ends}


def known_at_once(labels: Labels, candles: CandleColumns) -> dict[str, Any]:
    return {"long_resolved": np.arange(len(candles)), "short_resolved": np.arange(len(candles))}


IN_LABELS: dict[str, tuple[Labelling, str, Cause]] = {
    "the day's high": (labelled(to_the_day_s_high), "label.long_net", Cause.EARLY_RESOLVED),
    "over the night": (labelled(over_the_night), "label.long_net", Cause.EARLY_RESOLVED),
    "smoothed prices": (labelled(smoothed), "label.short_net", Cause.EARLY_RESOLVED),
    "less the range of all": (labelled(less_the_range_of_all), "label.long_net", Cause.WHOLE_HISTORY),
    "known a bar early": (labelled(known_a_bar_early), "label.long_net", Cause.EARLY_RESOLVED),
    "known at once": (labelled(known_at_once), "label.resolved", Cause.EARLY_RESOLVED),
}


def column(change: Callable[[FloatArray, Dataset, CandleColumns], FloatArray]) -> Any:
    """Put another first feature into the rows."""

    def joined(rows: Dataset, candles: CandleColumns) -> Dataset:
        features = rows.features.copy()
        features[:, 0] = change(features[:, 0], rows, candles)
        return replace(rows, features=features)

    return joined


def of_next_candle(values: FloatArray, rows: Dataset, candles: CandleColumns) -> FloatArray:
    closes = pd.Series(candles.closes, index=candles.starts + 300 * 10**9)
    return (closes.shift(-1) / closes).reindex(rows.closed_at).fillna(1.0).to_numpy()


def without_outliers(rows: Dataset, candles: CandleColumns) -> Dataset:
    size = np.abs(rows.features[:, 0])
    return rows.at(np.flatnonzero(size <= np.quantile(size, 0.95)))


def cut_at_thirds(rows: Dataset, candles: CandleColumns) -> Dataset:
    low, high = np.quantile(rows.net[:, 0], (1 / 3, 2 / 3))
    return replace(rows, directions=np.where(rows.net[:, 0] > high, 1, np.where(rows.net[:, 0] < low, 2, 0)))


def in_deviations_of_all(rows: Dataset, candles: CandleColumns) -> Dataset:
    return replace(rows, net=np.rint(rows.net / rows.net.std() * 1e6).astype(np.int64))


def resolved_with_the_row(rows: Dataset, candles: CandleColumns) -> Dataset:
    return replace(rows, resolved_at=rows.closed_at + 1)


HINDSIGHT = dict(zip(market(11).starts.tolist(), np.roll(market(11).closes, -1).tolist(), strict=True))


def by_date(values: FloatArray, rows: Dataset, candles: CandleColumns) -> FloatArray:
    return np.array([HINDSIGHT[at - 300 * 10**9] for at in rows.closed_at.tolist()], dtype=np.float64)


IN_ROWS: dict[str, tuple[str, Any, str, Cause]] = {
    "next candle": ("features", column(of_next_candle), "dataset.return_1", Cause.LOOKS_AHEAD),
    "scaled by all": (
        "features",
        column(lambda v, r, c: (v - v.mean()) / v.std()),
        "dataset.return_1",
        Cause.WHOLE_HISTORY,
    ),
    "rank among all": (
        "features",
        column(lambda v, r, c: pd.Series(v).rank(pct=True).to_numpy()),
        "dataset.return_1",
        Cause.WHOLE_HISTORY,
    ),
    "the label itself": (
        "features",
        column(lambda v, r, c: r.directions.astype(np.float64)),
        "dataset.return_1",
        Cause.LOOKS_AHEAD,
    ),
    "what was earned": (
        "features",
        column(lambda v, r, c: v + 1e-6 * r.net[:, 0]),
        "dataset.return_1",
        Cause.LOOKS_AHEAD,
    ),
    "mean of the labels of all": (
        "features",
        column(lambda v, r, c: v + r.directions.mean()),
        "dataset.return_1",
        Cause.WHOLE_HISTORY,
    ),
    "smoothed both ways": (
        "features",
        column(lambda v, r, c: np.convolve(v, np.full(5, 0.2), mode="same")),
        "dataset.return_1",
        Cause.LOOKS_AHEAD,
    ),
    "a table by date": ("features", column(by_date), "dataset.return_1", Cause.NOT_AS_SERVED),
    "outliers of all left out": ("labels", without_outliers, "dataset.row", Cause.WHOLE_HISTORY),
    "cut at thirds of all": ("labels", cut_at_thirds, "dataset.direction", Cause.WHOLE_HISTORY),
    "money in deviations of all": ("labels", in_deviations_of_all, "dataset.long_net", Cause.WHOLE_HISTORY),
    "known with its row": ("labels", resolved_with_the_row, "dataset.resolved_at", Cause.EARLY_RESOLVED),
}


def honest_folds(rows: Dataset) -> Sequence[Fold]:
    return WALK.split(rows.closed_at, rows.resolved_at)


def taught_otherwise(train: Callable[[Dataset, Fold], IntArray]) -> Callable[[Dataset], list[Fold]]:
    return lambda rows: [replace(each, train=train(rows, each)) for each in honest_folds(rows)]


def at_random(rows: Dataset) -> list[Fold]:
    parts = np.array_split(np.random.default_rng(1).permutation(len(rows)), 3)
    return [_against_the_rest(rows, np.sort(part)) for part in parts]


def in_blocks(rows: Dataset) -> list[Fold]:
    return [_against_the_rest(rows, part) for part in np.array_split(np.arange(len(rows)), 3)]


def _against_the_rest(rows: Dataset, test: IntArray) -> Fold:
    begins = int(rows.closed_at[test].min())
    return Fold(np.setdiff1d(np.arange(len(rows)), test), test, begins, begins)


def between_candles(rows: Dataset) -> list[Fold]:
    """Cut by the number of rows, within a session, and forget the labels that are under way."""
    cuts = np.linspace(len(rows) // 3, len(rows), 4).astype(int)
    return [
        Fold(np.arange(first), np.arange(first, last), int(rows.closed_at[first]), int(rows.closed_at[first]))
        for first, last in pairwise(cuts.tolist())
    ]


def purged_by_one_bar_less(rows: Dataset) -> list[Fold]:
    folds = between_candles(rows)
    return [replace(each, train=each.train[: len(each.train) - 3]) for each in folds]


IN_SPLITS: dict[str, tuple[Callable[[Dataset], Sequence[Fold]], Cause]] = {
    "at random": (at_random, Cause.TAUGHT_BY_TEST),
    "blocks with later ones": (in_blocks, Cause.TAUGHT_BY_TEST),
    "no purge": (between_candles, Cause.NOT_PURGED),
    "a purge one bar short": (purged_by_one_bar_less, Cause.NOT_PURGED),
    "the test as well": (
        taught_otherwise(lambda rows, fold: np.concatenate([fold.train, fold.test])),
        Cause.TAUGHT_BY_TEST,
    ),
    "one row of the test": (
        taught_otherwise(lambda rows, fold: np.append(fold.train, fold.test[-1])),
        Cause.TAUGHT_BY_TEST,
    ),
    "later instead of earlier": (
        taught_otherwise(lambda rows, fold: np.flatnonzero(rows.closed_at >= fold.begins)),
        Cause.TAUGHT_BY_TEST,
    ),
}


def everything(rows: Dataset, fold: Fold) -> IntArray:
    return np.arange(len(rows))


def the_test(rows: Dataset, fold: Fold) -> IntArray:
    return fold.test


def both(rows: Dataset, fold: Fold) -> IntArray:
    return np.concatenate([fold.train, fold.test])


def nearest_to_the_label(rows: Dataset, fold: Fold) -> Any:
    close = np.abs(np.corrcoef(rows.features.T, rows.net[:, 0])[-1, :-1])
    return close >= np.sort(close)[-2]


def rare_classes_of_all(rows: Dataset, fold: Fold) -> FloatArray:
    shares = np.bincount(rows.directions, minlength=3) / len(rows)
    return 1.0 / shares[rows.directions[fold.train]]


def spans_of_all(rows: Dataset, fold: Fold) -> FloatArray:
    """Weights by how long a label takes in comparison with all of them."""
    spans = (rows.resolved_at - rows.closed_at).astype(np.float64)
    return spans[fold.train] / spans.mean()


def own_and_earlier_tests(rows: Dataset, earlier: Sequence[Fold], fold: Fold) -> IntArray:
    return np.concatenate([*(each.test for each in earlier), fold.test])


def scaled_when_asked(own: Any) -> Any:
    return lambda features: own((features - features.mean(axis=0)) / features.std(axis=0))


def without_a_wait(rows: Dataset, earlier: Sequence[Fold], fold: Fold) -> IntArray:
    """All tests before, whether their labels were known in time or not."""
    return np.concatenate([each.test for each in earlier]) if earlier else fold.train


def slow_rows(rows: Dataset, candles: CandleColumns) -> Dataset:
    """As if labels were known four days later only, so that those of one test reach into the next."""
    return replace(rows, resolved_at=rows.resolved_at + 4 * DAY)


FITTED: dict[str, tuple[Pipeline, str, Cause]] = {
    "scaler of all": (Pipeline(scaled_by=everything), "scaler.return_1", Cause.FITTED_ON_TEST),
    "scaler of the test": (Pipeline(scaled_by=the_test), "scaler.return_1", Cause.FITTED_ON_TEST),
    "scaler of both": (Pipeline(scaled_by=both), "scaler.return_1", Cause.FITTED_ON_TEST),
    "quartiles of all": (
        Pipeline(scaled_by=everything, scale=median_and_quartiles),
        "scaler.return_1",
        Cause.FITTED_ON_TEST,
    ),
    "range of all": (Pipeline(scaled_by=everything, scale=least_and_range), "scaler.return_1", Cause.FITTED_ON_TEST),
    "encoder of all": (Pipeline(encoded_by=everything), "encoder", Cause.FITTED_ON_TEST),
    "encoder of the test": (Pipeline(encoded_by=the_test), "encoder", Cause.FITTED_ON_TEST),
    "features chosen by all": (Pipeline(chosen_features=nearest_to_the_label), "model", Cause.FITTED_ON_TEST),
    "class weights of all": (Pipeline(weights=rare_classes_of_all), "model", Cause.FITTED_ON_TEST),
    "weights by the spans of all": (Pipeline(weights=spans_of_all), "model", Cause.FITTED_ON_TEST),
    "model fitted on all": (Pipeline(fitted_on=everything), "model", Cause.FITTED_ON_TEST),
    "calibrated by the test": (Pipeline(calibrated_by=own_and_earlier_tests), "calibration", Cause.FITTED_ON_TEST),
    "threshold by the test": (Pipeline(threshold_by=own_and_earlier_tests), "threshold", Cause.FITTED_ON_TEST),
    "scaled when asked": (Pipeline(answers=scaled_when_asked), "model", Cause.ASKED_TOGETHER),
}
LATE = Pipeline(join=slow_rows)
"""Its labels are honest: it only waits longer than it must."""
UNKNOWN_LABELS = {
    "calibrated by labels to come": (replace(LATE, calibrated_by=without_a_wait), "calibration"),
    "threshold by labels to come": (replace(LATE, threshold_by=without_a_wait), "threshold"),
}


@pytest.mark.leak("labels")
@pytest.mark.parametrize("leak", sorted(IN_LABELS))
def test_a_leak_in_labels_is_found(leak: str) -> None:
    label, name, cause = IN_LABELS[leak]
    finding = Pipeline(label=label).findings()[0]
    assert (finding.kind, finding.column, finding.cause) == (Kind.LABELS, name, cause), finding


@pytest.mark.parametrize(
    "leak", [pytest.param(leak, marks=pytest.mark.leak(stage)) for leak, (stage, *_) in sorted(IN_ROWS.items())]
)
def test_a_leak_in_the_rows_is_found(leak: str) -> None:
    _, join, name, cause = IN_ROWS[leak]
    pipeline = Pipeline(join=join)
    finding = pipeline.findings()[0]
    assert (finding.kind, finding.column, finding.cause) == (Kind.ROWS, name, cause), finding
    assert finding.row is not None
    assert finding.at == market(pipeline.seed).starts[finding.row]


@pytest.mark.leak("splits")
@pytest.mark.parametrize("leak", sorted(IN_SPLITS))
def test_a_leak_in_the_folds_is_found_at_its_first_row(leak: str) -> None:
    walk, cause = IN_SPLITS[leak]
    pipeline = Pipeline(walk=walk)
    finding = pipeline.findings()[0]
    number = int(finding.column[5])
    assert (finding.kind, finding.column, finding.cause) == (Kind.SPLIT, f"fold_{number}.train", cause), finding
    subject = pipeline.subject()
    rows = pipeline.rows(subject, subject.candles)
    fold = walk(rows)[number - 1]
    known_at = rows.closed_at if cause is Cause.TAUGHT_BY_TEST else rows.resolved_at
    late = fold.train[known_at[fold.train] >= rows.closed_at[fold.test].min()]
    assert subject.closes[finding.row] == rows.closed_at[late].min()


@pytest.mark.leak("scaler")
@pytest.mark.parametrize("leak", sorted(FITTED))
def test_what_is_fitted_on_the_test_is_found_at_its_first_row(leak: str) -> None:
    pipeline, name, cause = FITTED[leak]
    finding = pipeline.findings()[0]
    assert (finding.kind, finding.column, finding.cause) == (Kind.REFIT, name, cause), finding
    assert finding.detail.startswith("fold 1: ")
    subject = pipeline.subject()
    rows = pipeline.rows(subject, subject.candles)
    first = rows.closed_at[pipeline.walk(rows)[0].test].min()
    assert subject.closes[finding.row] >= first


@pytest.mark.leak("labels")
@pytest.mark.parametrize("leak", sorted(UNKNOWN_LABELS))
def test_labels_that_are_not_known_yet_are_found_where_they_are_used(leak: str) -> None:
    pipeline, name = UNKNOWN_LABELS[leak]
    finding = pipeline.findings()[0]
    assert (finding.kind, finding.column, finding.cause) == (Kind.REFIT, name, Cause.NOT_PURGED), finding


class ByHeart:
    """Keeps the rows it was built from, and looks their labels up when it is asked: no fit and no row tells of it."""

    def __init__(self) -> None:
        self.known: dict[bytes, int] = {}

    def join(self, rows: Dataset, candles: CandleColumns) -> Dataset:
        self.known = {each.tobytes(): side for each, side in zip(rows.features, rows.directions.tolist(), strict=True)}
        return rows

    def answers(self, own: Any) -> Any:
        return lambda features: np.eye(3)[[self.known.get(each.tobytes(), 0) for each in features]] * 0.9 + 0.03


@pytest.mark.leak("scaler")
def test_answers_that_are_known_by_heart_are_found_on_shuffled_time_alone() -> None:
    by_heart = ByHeart()
    [finding] = Pipeline(join=by_heart.join, answers=by_heart.answers).findings()
    assert (finding.kind, finding.cause) == (Kind.SHUFFLED_TIME, Cause.KNOWS_ANSWER), finding


@pytest.mark.parametrize("leak", ["next candle", "the label itself", "what was earned"])
def test_shuffled_time_by_itself_finds_the_feature_that_knows(leak: str) -> None:
    pipeline = Pipeline(join=IN_ROWS[leak][1])
    subject = pipeline.subject()
    [finding] = shuffled_time_findings(subject, pipeline.face(subject))
    assert (finding.column, finding.cause) == ("dataset.return_1", Cause.KNOWS_ANSWER), finding


def test_a_shuffled_market_has_the_sizes_of_the_true_one_and_none_of_its_directions() -> None:
    candles = market(11)
    other = shuffled(candles, seed=3)
    mine, theirs = np.diff(np.log(candles.closes)), np.diff(np.log(other.closes))
    assert np.quantile(np.abs(theirs), [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(np.abs(mine), [0.1, 0.5, 0.9]), 0.05
    )
    assert (other.starts == candles.starts).all()
    assert np.sort(other.volumes).tolist() == np.sort(candles.volumes).tolist()
    assert abs(np.corrcoef(mine, theirs)[0, 1]) < 0.1
