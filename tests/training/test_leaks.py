"""What each leak would have pretended on a market without any edge, and that the honest way does not fall for it.

`LEAK_SEEDS` is the number of markets, 6 unless it is set; a soak sets 200.
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from core.instants import DAY
from training import threshold
from training.calibration import CalibrationMethod
from training.estimators import Forest, Logistic
from training.evaluation import evaluate
from training.folds import Fold, WalkForward
from training.learned_calibration import learned
from training.out_of_fold import Candidate, fit_fold, fit_folds
from training.scoring import log_loss

from .invented_rows import STEP, dataset_of, rows_of_market

SEEDS = range(int(os.environ.get("LEAK_SEEDS", "6")))
PLAIN = Candidate(Logistic(), CalibrationMethod.ISOTONIC)
WALK = WalkForward(folds=3)


def walked(rows):
    return evaluate(rows, WALK.split(rows.closed_at, rows.resolved_at), [PLAIN])[0]


@pytest.fixture(scope="module")
def markets():
    """Random walks on which trading costs next to nothing, so that luck can show, and the honest evaluation of each."""
    made = [rows_of_market(seed, symbols=2, sessions=30, cost=5) for seed in SEEDS]
    return [(rows, walked(rows)) for rows in made]


def test_a_random_walk_earns_nothing_to_speak_of(markets):
    """The mean over markets is not above 0 by more than chance allows: two deviations of that mean."""
    nets = np.array([honest.net for _, honest in markets], dtype=float)
    assert nets.mean() < 2 * nets.std(ddof=1) / np.sqrt(len(nets)) + 1e-9


def test_where_trades_cost_what_they_do_a_random_walk_is_almost_never_traded():
    walks = [walked(rows_of_market(seed, symbols=2, sessions=30)) for seed in SEEDS]
    assert sum(each.trades for each in walks) < 0.01 * sum(len(each.rows) for each in walks)


def test_a_planted_edge_earns_in_every_market():
    for seed in SEEDS:
        assert walked(rows_of_market(seed, symbols=2, sessions=30, edge=2.0)).net > 0


def test_a_calibration_learned_on_the_test_would_look_better(markets):
    for _, honest in markets:
        for fold in honest.judged:
            leaky = learned(fold.fit.scores, fold.labels, CalibrationMethod.ISOTONIC)(fold.fit.scores)
            assert log_loss(leaky, fold.labels) < fold.after.log_loss


def test_a_threshold_chosen_on_the_test_would_earn_more(markets):
    gains = []
    for rows, honest in markets:
        for fold in honest.judged:
            test = rows.at(fold.fit.fold.test)
            gains.append(threshold.choose(test, fold.probabilities).net - fold.net)
    assert sum(gains) > 0
    assert sum(each.net for _, each in markets) + sum(gains) > 0


def slow_market(seed: int):
    """A random walk whose labels look half a session ahead, with a feature that tells the place in time."""
    chance = np.random.default_rng(seed)
    sessions, rows = 12, 60
    count = sessions * rows
    closed = rows_of_market(0, sessions=sessions, rows=rows).closed_at
    price = np.cumsum(50 * chance.standard_normal(count + rows))
    gained = (price[rows // 2 :] - price[: -rows // 2])[:count]
    later = np.append(closed, closed[-1] + DAY + STEP * np.arange(rows))
    place = np.arange(count) + 0.1 * chance.standard_normal(count)
    return dataset_of(
        np.column_stack([place, chance.standard_normal(count)]),
        gained,
        closed,
        later[np.arange(count) + rows // 2],
        np.zeros(count),
    )


def losses(rows, folds):
    forest = Candidate(Forest(trees=10, depth=8, leaf=3), calibration=None)
    [fits] = fit_folds(rows, folds, [forest])
    return np.array([log_loss(each.probabilities, rows.directions[each.fold.test]) for each in fits])


def test_shuffled_folds_would_know_each_row_by_its_neighbours():
    for seed in SEEDS:
        rows = slow_market(seed)
        places = np.random.default_rng(seed).permutation(len(rows))
        parts = np.array_split(places, 3)
        shuffled = [
            Fold(np.sort(np.setdiff1d(places, part)), np.sort(part), int(rows.closed_at[0]), 0) for part in parts
        ]
        honest = WALK.split(rows.closed_at, rows.resolved_at)
        assert losses(rows, shuffled).mean() < losses(rows, honest).mean() - 0.2


def test_without_purging_the_first_rows_of_a_test_would_be_told_beforehand():
    """Judged by the rows whose label ends where those of the last rows before the test do."""
    better = []
    for seed in SEEDS:
        rows = slow_market(seed)
        fold = WALK.split(rows.closed_at, rows.resolved_at)[1]
        near = replace(fold, test=fold.test[:10])
        not_purged = replace(near, train=np.flatnonzero(rows.closed_at < fold.begins))
        assert len(not_purged.train) == len(fold.train) + 30
        better.append(losses(rows, [near])[0] - losses(rows, [not_purged])[0])
    assert np.mean(better) > 0.1


def test_a_scaler_fitted_on_everything_would_know_the_level_of_the_test():
    """Where a feature moves to another level with the test, its rows lie far out; a scaler that knows hides that."""
    rows = rows_of_market(1)
    fold = WALK.split(rows.closed_at, rows.resolved_at)[1]
    moved = replace(rows, features=rows.features + 10.0 * (rows.closed_at >= fold.begins)[:, None])
    honest = fit_fold(moved, fold, PLAIN).classifier.scaler

    assert honest.mean_.tobytes() == fit_fold(rows, fold, PLAIN).classifier.scaler.mean_.tobytes()
    assert np.abs(honest.transform(moved.features[fold.test]).mean(axis=0)).min() > 5
    everything = replace(fold, train=np.arange(len(rows)))
    assert (fit_fold(moved, everything, PLAIN).classifier.scaler.mean_ > honest.mean_ + 1).all()
