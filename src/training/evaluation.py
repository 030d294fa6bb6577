"""What a way to train would have earned from the first test on: fold by fold, with nothing known early.

The probabilities of a fold are calibrated, and the threshold chosen, by the out-of-fold answers of the folds before
it, as far as their labels were known when it began. The first has none before it: it calibrates and is not traded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import DataError
from core.instants import ist_text
from features.columns import FloatArray, IntArray, ist_days
from training.calibration import calibrated
from training.class_balance import ClassBalance
from training.classifier import Classifier
from training.dataset import Dataset
from training.estimators import fit
from training.folds import Fold
from training.learned_calibration import Calibrate, learned
from training.out_of_fold import Candidate, FoldFit, fit_folds
from training.progress import Progress, silent
from training.scoring import Scores, log_loss, score
from training.threshold import CERTAINTY, NEVER, Outcome, Taken, choose, take
from training.uniqueness import sample_weights


@dataclass(frozen=True, slots=True, eq=False)
class FoldResult:
    """One fold, judged. Money in units."""

    fit: FoldFit
    labels: IntArray
    """Of the rows of the test, which the following are of, too."""
    probabilities: FloatArray
    """Calibrated by earlier folds; of the first fold the model's own."""
    calibrate: Calibrate | None
    """From scores to `probabilities`; None where those are the model's own."""
    threshold: float
    """Chosen on earlier folds; `NEVER` for the first."""
    taken: Taken
    """The trades of the test; their rows are places in the whole dataset."""
    before: Scores
    """Of the model's own probabilities; `after` is of the calibrated ones."""
    after: Scores
    taught: ClassBalance
    """Of the training part; `tested` is that of the test."""
    tested: ClassBalance

    @property
    def net(self) -> int:
        """What the trades of the test earned after spread and charges."""
        return int(self.taken.net.sum())

    @property
    def shares_log_loss(self) -> float:
        """The log loss of who tells the shares of the training part for every row: what is above knows nothing more."""
        return log_loss(np.tile(self.taught.shares, (len(self.labels), 1)), self.labels)

    def probabilities_of(self, features: FloatArray) -> FloatArray:
        """Return the calibrated probabilities of other rows of raw features."""
        classifier = self.fit.classifier
        if self.calibrate is None:
            return classifier.probabilities(features)
        return self.calibrate(classifier.scores(features))


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One candidate over all folds."""

    candidate: Candidate
    folds: tuple[FoldResult, ...]
    days: IntArray
    """Sessions of the judged folds, as days since 1970-01-01 in India."""
    daily: IntArray
    """What the trades of each session earned, in units; 0 in one without."""

    @property
    def judged(self) -> tuple[FoldResult, ...]:
        """The folds that count: all but the first."""
        return self.folds[1:]

    @property
    def trades(self) -> int:
        """Number of trades in all judged folds."""
        return sum(len(each.taken.rows) for each in self.judged)

    @property
    def net(self) -> int:
        """What they earned after spread and charges, in units."""
        return sum(each.net for each in self.judged)

    @property
    def rows(self) -> IntArray:
        """Places in the dataset of all rows that were judged, rising."""
        return np.concatenate([each.fit.fold.test for each in self.judged])

    @property
    def labels(self) -> IntArray:
        """Of those rows; `probabilities` and `own_probabilities` are theirs, too."""
        return np.concatenate([each.labels for each in self.judged])

    @property
    def probabilities(self) -> FloatArray:
        """After calibration."""
        return np.concatenate([each.probabilities for each in self.judged])

    @property
    def own_probabilities(self) -> FloatArray:
        """Before calibration."""
        return np.concatenate([each.fit.probabilities for each in self.judged])


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """The model to trade with: fitted on every row."""

    classifier: Classifier
    """With its calibration, where the candidate has one."""
    chosen: Outcome
    """The threshold that earned most on all out-of-fold rows, and what it earned there: it was chosen by that."""


def evaluate(
    dataset: Dataset,
    folds: Sequence[Fold],
    candidates: Sequence[Candidate],
    *,
    jobs: int = 1,
    progress: Progress = silent,
) -> tuple[Evaluation, ...]:
    """Walk every candidate through the folds.

    `dataset` is in order of time, as `training.dataset.build` makes it; `folds` are of its rows. Raises `DataError`
    for rows that cannot be learned from, and for a fold before which no label of a test is known.
    """
    return tuple(evaluations(dataset, folds, candidates, jobs=jobs, progress=progress))


def evaluations(
    dataset: Dataset,
    folds: Sequence[Fold],
    candidates: Sequence[Candidate],
    *,
    jobs: int = 1,
    progress: Progress = silent,
) -> Iterator[Evaluation]:
    """Yield what `evaluate` returns, one after the other: each is as large as its rows, and not all are kept."""
    fitted = fit_folds(dataset, folds, candidates, jobs=jobs, progress=progress)
    return (judge(dataset, candidate, fits) for candidate, fits in zip(candidates, fitted, strict=True))


def judge(dataset: Dataset, candidate: Candidate, fits: Sequence[FoldFit]) -> Evaluation:
    """Calibrate, choose and trade, fold by fold, with what the folds before say."""
    results = tuple(_judge_fold(dataset, candidate, fits[:place], each) for place, each in enumerate(fits))
    days, daily = _daily(dataset, results[1:])
    return Evaluation(candidate, results, days, daily)


def finish(dataset: Dataset, evaluation: Evaluation, jobs: int = 1) -> Finished:
    """Fit on every row; calibrate, and choose the threshold, by every out-of-fold answer."""
    candidate = evaluation.candidate
    classifier = fit(
        candidate.estimator,
        dataset.features,
        dataset.directions,
        sample_weights(dataset),
        seed=candidate.seed,
        jobs=jobs,
    )
    fits = [each.fit for each in evaluation.folds]
    asked = dataset.outcomes_at(np.concatenate([each.fold.test for each in fits]))
    scores = np.concatenate([each.scores for each in fits])
    if candidate.calibration is None:
        return Finished(classifier, choose(asked, np.concatenate([each.probabilities for each in fits]), CERTAINTY))
    whole = calibrated(classifier.model, scores, asked.directions, candidate.calibration)
    probabilities = learned(scores, asked.directions, candidate.calibration)(scores)
    return Finished(Classifier(whole, classifier.scaler, classifier.encoder), choose(asked, probabilities, CERTAINTY))


def best_of(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Return the candidate that earned most out of fold; of equals the one with the lower log loss, then the first."""
    return min(evaluations, key=lambda each: (-each.net, sum(fold.after.log_loss for fold in each.judged)))


def _judge_fold(dataset: Dataset, candidate: Candidate, earlier: Sequence[FoldFit], own: FoldFit) -> FoldResult:
    test = dataset.outcomes_at(own.fold.test)
    calibrate, chosen = _by_earlier(dataset, candidate, earlier, own.fold) if earlier else (None, NEVER)
    probabilities = calibrate(own.scores) if calibrate else own.probabilities
    taken = take(test, probabilities, chosen)
    return FoldResult(
        fit=own,
        labels=test.directions,
        probabilities=probabilities,
        calibrate=calibrate,
        threshold=chosen,
        taken=Taken(own.fold.test[taken.rows], taken.net),
        before=score(own.probabilities, test.directions),
        after=score(probabilities, test.directions),
        taught=ClassBalance.of(dataset.directions[own.fold.train]),
        tested=ClassBalance.of(test.directions),
    )


def _by_earlier(
    dataset: Dataset, candidate: Candidate, earlier: Sequence[FoldFit], fold: Fold
) -> tuple[Calibrate | None, float]:
    """Return calibration and threshold by the answers of earlier folds, as far as their labels were known in time."""
    rows = np.concatenate([each.fold.test for each in earlier])
    known = fold.knows(dataset.resolved_at[rows])
    if not known.any():
        raise DataError(
            f"the test from {ist_text(fold.begins)} on: no label of the tests before it was known in time to "
            "calibrate by; take fewer folds or a shorter embargo"
        )
    asked = dataset.outcomes_at(rows[known])
    if candidate.calibration is None:
        own = np.concatenate([each.probabilities for each in earlier])[known]
        return None, choose(asked, own, CERTAINTY).threshold
    scores = np.concatenate([each.scores for each in earlier])[known]
    calibrate = learned(scores, asked.directions, candidate.calibration)
    return calibrate, choose(asked, calibrate(scores), CERTAINTY).threshold


def _daily(dataset: Dataset, judged: Sequence[FoldResult]) -> tuple[IntArray, IntArray]:
    """Return the sessions of folds and what each earned; positions never cross a session, and no fold cuts one."""
    days = np.unique(np.concatenate([ist_days(dataset.closed_at[each.fit.fold.test]) for each in judged]))
    daily = np.zeros(len(days), dtype=np.int64)
    for each in judged:
        np.add.at(daily, np.searchsorted(days, ist_days(dataset.closed_at[each.taken.rows])), each.taken.net)
    return days, daily
