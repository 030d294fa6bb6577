from dataclasses import replace

import numpy as np
import pytest

from core.errors import DataError
from core.instants import DAY
from features.columns import IST_OFFSET
from training import threshold
from training.calibration import CalibrationMethod
from training.estimators import Forest, Logistic
from training.evaluation import best_of, evaluate, finish
from training.folds import WalkForward
from training.out_of_fold import Candidate, fit_folds
from training.threshold import NEVER

from .invented_rows import rows_of_market

PLAIN = Candidate(Logistic())
ROWS = rows_of_market(11, symbols=2, edge=2.0)
FOLDS = WalkForward(folds=4).split(ROWS.closed_at, ROWS.resolved_at)


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(ROWS, FOLDS, [PLAIN])[0]


def test_the_first_fold_calibrates_and_is_not_traded(evaluation):
    first, *others = evaluation.folds

    assert (first.threshold, first.calibrate, len(first.taken.rows)) == (NEVER, None, 0)
    assert (first.probabilities == first.fit.probabilities).all()
    assert all(each.calibrate is not None for each in others)
    assert evaluation.judged == tuple(others)


def test_a_planted_edge_is_found_and_earns(evaluation):
    assert evaluation.net > 0
    assert evaluation.trades > 50
    assert evaluation.net == evaluation.daily.sum() == sum(each.net for each in evaluation.folds)


def test_trades_are_those_of_the_test_at_the_threshold(evaluation):
    for each in evaluation.judged:
        test = ROWS.at(each.fit.fold.test)
        outcome = threshold.trade(test, each.probabilities, each.threshold)
        assert (outcome.trades, outcome.net) == (len(each.taken.rows), each.net)
        assert set(each.taken.rows) <= set(each.fit.fold.test)


def test_each_session_has_its_profit(evaluation):
    rows = np.concatenate([each.taken.rows for each in evaluation.judged])
    nets = np.concatenate([each.taken.net for each in evaluation.judged])
    days = (ROWS.closed_at + IST_OFFSET) // DAY

    assert evaluation.days.tolist() == np.unique(days[evaluation.rows]).tolist()
    for day, net in zip(evaluation.days.tolist(), evaluation.daily.tolist(), strict=True):
        assert nets[days[rows] == day].sum() == net


def test_what_happens_after_a_test_begins_changes_nothing_that_it_is_judged_by(evaluation):
    """Scaler, model, calibration and threshold of a fold: all to the bit, though all that follows is another market."""
    for place, fold in enumerate(FOLDS):
        changed = with_another_future(ROWS, fold.begins)
        other = evaluate(changed, FOLDS[: place + 1] if place else FOLDS[:2], [PLAIN])[0].folds[place]
        own = evaluation.folds[place]
        assert other.fit.classifier.scaler.mean_.tobytes() == own.fit.classifier.scaler.mean_.tobytes()
        asked = ROWS.features[fold.test]
        assert other.probabilities_of(asked).tobytes() == own.probabilities_of(asked).tobytes()
        assert other.threshold == own.threshold


def with_another_future(rows, begins):
    """Other features after the beginning of a test, and other labels and money of what was not known by then."""
    later, unknown = rows.closed_at >= begins, rows.resolved_at >= begins
    return replace(
        rows,
        features=np.where(later[:, None], 5 * rows.features + 3, rows.features),
        directions=np.where(unknown, (rows.directions + 1) % 3, rows.directions),
        net=np.where(unknown[:, None], -7 * rows.net, rows.net),
    )


def test_labels_not_known_when_a_test_begins_neither_calibrate_nor_choose():
    """Here a label takes two days more: those of a test's last rows are known only after the next test has begun."""
    slow = replace(ROWS, resolved_at=ROWS.resolved_at + 2 * DAY)
    folds = WalkForward(folds=4).split(slow.closed_at, slow.resolved_at)
    [one] = evaluate(slow, folds, [PLAIN])
    [other] = evaluate(with_another_future(slow, folds[1].begins), folds[:2], [PLAIN])

    assert (slow.resolved_at[folds[0].test] >= folds[1].begins).any()
    assert one.folds[1].threshold == other.folds[1].threshold
    asked = slow.features[folds[1].test]
    assert one.folds[1].probabilities_of(asked).tobytes() == other.folds[1].probabilities_of(asked).tobytes()


def test_a_fold_before_which_nothing_is_known_is_refused():
    folds = [*FOLDS[:1], replace(FOLDS[1], known_by=0)]
    with pytest.raises(DataError, match="no label of the tests before it was known in time"):
        evaluate(ROWS, folds, [PLAIN])


def test_on_many_cores_it_is_the_same_to_the_bit_and_progress_is_told():
    candidates = [PLAIN, Candidate(Forest(trees=5, depth=3), calibration=None)]
    told = []
    serial = tuple(fit_folds(ROWS, FOLDS, candidates, progress=lambda stage, done: told.append(done)))
    parallel = tuple(fit_folds(ROWS, FOLDS, candidates, jobs=2))

    taught = np.cumsum([len(fold.train) for _ in candidates for fold in FOLDS])
    assert told == (taught / taught[-1]).tolist()
    for mine, theirs in zip(serial, parallel, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert one.scores.tobytes() == other.scores.tobytes()
            assert one.probabilities.tobytes() == other.probabilities.tobytes()


@pytest.mark.parametrize("method", [None, *CalibrationMethod])
def test_the_finished_model_knows_every_row_and_is_calibrated_like_its_folds(method):
    [evaluated] = evaluate(ROWS, FOLDS, [Candidate(Logistic(), method)])
    finished = finish(ROWS, evaluated)
    probabilities = finished.classifier.probabilities(ROWS.features)

    assert finished.classifier.scaler.n_samples_seen_ == len(ROWS)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    assert finished.chosen.trades >= threshold.FEWEST_TRADES
    assert finished.chosen.net > 0


def test_a_calibrated_model_is_nearer_to_what_came():
    wild = Candidate(Forest(trees=3, depth=12, leaf=1))  # so few and deep trees are sure of everything
    [evaluated] = evaluate(ROWS, FOLDS, [wild])

    assert all(each.after.log_loss < each.before.log_loss for each in evaluated.judged)
    assert all(each.after.brier < each.before.brier for each in evaluated.judged)


def test_the_best_candidate_is_the_one_that_earned_most(evaluation):
    poorer = replace(evaluation, folds=(evaluation.folds[0], evaluation.folds[1]))
    assert best_of([poorer, evaluation]) is evaluation
    assert best_of([evaluation, evaluation]) is evaluation
