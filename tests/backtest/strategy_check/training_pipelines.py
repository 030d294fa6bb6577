"""Trainings of milliseconds, made of parts that can each be put in the place of another: honest ones and leaky ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from backtest.strategy_check.finding import Finding
from backtest.strategy_check.pipeline import training_findings
from backtest.strategy_check.subject import Effort, Subject
from backtest.strategy_check.training_face import Learned, TrainingFace
from core.market import Timeframe
from core.signals import FeatureRow, Needs, Signal
from features.batch import compute
from features.columns import BoolArray, CandleColumns, FloatArray, IntArray
from features.labels import LabelRule, Labels, label
from features.specification import FeatureSpecification
from training.dataset import Dataset
from training.folds import Fold, WalkForward

from .conftest import Weekdays, subject_on, walk

Labelling = Callable[[CandleColumns, FloatArray], Labels]
Join = Callable[[Dataset, CandleColumns], Dataset]
Walk = Callable[[Dataset], Sequence[Fold]]
Chosen = Callable[[Dataset, Fold], IntArray]
"""Places of the rows that something is fitted on."""
Scale = Callable[[FloatArray], FloatArray]
"""Two rows: what is taken off each feature, and what it is then divided by."""
QUICK = Effort(every_label=10, label_futures=6)
SESSIONS = 20
RULE = LabelRule(
    stop_atr=2.0,
    target_atr=3.0,
    tick=5,
    spread=5,
    shares=lambda side, close, atr: 10_000_000 // close,
    cost=lambda b, s: 0,
)


@dataclass
class Silent:
    """A strategy that never trades: what is looked at is how a model is taught."""

    name: str = "silent"
    needs: Needs = field(default_factory=lambda: Needs(features=("return_1",)))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return None


def honest(candles: CandleColumns, atr: FloatArray) -> Labels:
    """The labels of the live exit rule."""
    return label(candles, atr, Timeframe.M5, Weekdays(), RULE)


def next_bars(bars: int, cost: int = 0) -> Labelling:
    """The side on which the price lies so many bars later, or at the end of the session."""

    def labelled(candles: CandleColumns, atr: FloatArray) -> Labels:
        days, rows = candles.days(), np.arange(len(candles))
        ends = np.searchsorted(days, days, side="right") - 1
        resolved = np.minimum(rows + bars, ends)
        gain = 100 * (candles.closes[resolved] - candles.closes)
        known = (resolved > rows) & ((rows + bars <= ends) | (days < days[-1]))
        sides = np.where(gain > cost, 1, np.where(-gain > cost, 2, 0))
        return Labels(known, sides, gain - cost, -gain - cost, resolved, resolved)

    return labelled


def taught(rows: Dataset, fold: Fold) -> IntArray:
    return fold.train


def earlier_tests(rows: Dataset, earlier: Sequence[Fold], fold: Fold) -> IntArray:
    places = np.concatenate([each.test for each in earlier]) if earlier else fold.train
    return places[fold.knows(rows.resolved_at[places])]


def mean_and_deviation(features: FloatArray) -> FloatArray:
    return np.stack([features.mean(axis=0), features.std(axis=0)])


def median_and_quartiles(features: FloatArray) -> FloatArray:
    low, middle, high = np.quantile(features, (0.25, 0.5, 0.75), axis=0)
    return np.stack([middle, np.where(high > low, high - low, 1.0)])


def least_and_range(features: FloatArray) -> FloatArray:
    return np.stack([features.min(axis=0), np.ptp(features, axis=0)])


def as_they_are(rows: Dataset, candles: CandleColumns) -> Dataset:
    return rows


def every_feature(rows: Dataset, fold: Fold) -> BoolArray:
    return np.ones(rows.features.shape[1], dtype=np.bool_)


def all_weigh_one(rows: Dataset, fold: Fold) -> FloatArray:
    return np.ones(len(fold.train))


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Features, labels, folds, and for each thing that is fitted the rows that it is fitted on."""

    seed: int = 11
    features: tuple[str, ...] = ("return_1", "return_3", "time_of_day")
    label: Labelling = field(default_factory=lambda: next_bars(4))
    join: Join = as_they_are
    walk: Walk = lambda rows: WalkForward(folds=3).split(rows.closed_at, rows.resolved_at)
    scale: Scale = mean_and_deviation
    scaled_by: Chosen = taught
    encoded_by: Chosen = taught
    chosen_features: Callable[[Dataset, Fold], BoolArray] = every_feature
    weights: Callable[[Dataset, Fold], FloatArray] = all_weigh_one
    fitted_on: Chosen = taught
    calibrated_by: Callable[[Dataset, Sequence[Fold], Fold], IntArray] = earlier_tests
    threshold_by: Callable[[Dataset, Sequence[Fold], Fold], IntArray] = earlier_tests
    answers: Callable[[Callable[[FloatArray], FloatArray]], Callable[[FloatArray], FloatArray]] = lambda own: own
    """Puts something else in the place of what the model says."""

    def subject(self) -> Subject:
        made = subject_on(market(self.seed), Silent)
        return replace(made, specification=FeatureSpecification.of(self.features), effort=QUICK)

    def face(self, subject: Subject) -> TrainingFace:
        return TrainingFace(
            label=self.label, build=lambda candles: self.rows(subject, candles), walk=self.walk, learn=self.learn
        )

    def rows(self, subject: Subject, candles: CandleColumns) -> Dataset:
        table, labels = compute(subject.specification, candles), None
        labels = self.label(candles, table.atr)
        usable = table.valid & labels.known
        known_at = subject.closes[labels.resolved[usable]]
        rows = Dataset(
            features=table.values[usable],
            directions=labels.directions[usable],
            symbols=np.zeros(int(usable.sum()), dtype=np.int64),
            closed_at=subject.closes[usable],
            resolved_at=known_at,
            net=np.stack([labels.long_net[usable], labels.short_net[usable]], axis=1),
            free_at=np.stack([known_at, known_at], axis=1),
        )
        return self.join(rows, candles)

    def learn(self, rows: Dataset, folds: Sequence[Fold]) -> list[Learned]:
        models = [self._model(rows, fold) for fold in folds]
        return [self._learned(rows, folds[: place + 1], models[: place + 1]) for place in range(len(folds))]

    def _model(self, rows: Dataset, fold: Fold) -> "Model":
        scaler = self.scale(rows.features[self.scaled_by(rows, fold)])
        shares = shares_of(rows, self.encoded_by(rows, fold))
        used = self.chosen_features(rows, fold)
        places = self.fitted_on(rows, fold)
        weights = self.weights(rows, fold) if len(places) == len(fold.train) else np.ones(len(places))
        known = np.column_stack([(rows.features[places] - scaler[0]) / scaler[1] * used, np.ones(len(places))])
        aims = np.eye(3)[rows.directions[places]]
        square = known.T @ (known * weights[:, None]) + np.eye(known.shape[1])
        return Model(scaler, shares, used, np.linalg.solve(square, known.T @ (aims * weights[:, None])), self.answers)

    def _learned(self, rows: Dataset, folds: Sequence[Fold], models: Sequence["Model"]) -> Learned:
        *earlier, fold = folds
        own = models[-1]
        asked = self.calibrated_by(rows, earlier, fold)
        curve = shares_of(rows, asked) / own(rows.features[asked]).mean(axis=0)
        judged = self.threshold_by(rows, earlier, fold)
        sure = own(rows.features[judged])[:, 1:].max(axis=1) + 1e-6 * rows.net[judged].max(axis=1)

        def probabilities(features: FloatArray) -> FloatArray:
            raised = own(features) * curve
            return raised / raised.sum(axis=1, keepdims=True)

        return Learned(own.scaler, own.shares, own, probabilities, float(np.quantile(sure, 0.9)))

    def findings(self) -> list[Finding]:
        subject = self.subject()
        return training_findings(subject, self.face(subject))


@dataclass(frozen=True)
class Model:
    """Least squares to one column for each class, leaning on how often each class is."""

    scaler: FloatArray
    shares: FloatArray
    used: BoolArray
    slopes: FloatArray
    answers: Callable[[Callable[[FloatArray], FloatArray]], Callable[[FloatArray], FloatArray]]

    def __call__(self, features: FloatArray) -> FloatArray:
        return self.answers(self._own)(features)

    def _own(self, features: FloatArray) -> FloatArray:
        known = np.column_stack([(features - self.scaler[0]) / self.scaler[1] * self.used, np.ones(len(features))])
        sizes = np.exp(4 * (known[:, :, None] * self.slopes).sum(axis=1)) * self.shares
        return sizes / sizes.sum(axis=1, keepdims=True)


def shares_of(rows: Dataset, places: IntArray) -> FloatArray:
    counts = np.bincount(rows.directions[places], minlength=3) + 1.0
    return counts / counts.sum()


@cache
def market(seed: int) -> CandleColumns:
    return walk(days=SESSIONS, seed=seed)
