"""A block at a time gives what all rows at once give."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from core.errors import DataError
from training import row_blocks
from training.estimators import Boosting, Forest, fit, require_learnable
from training.row_blocks import blocks, fitted_scaler, scaled

from .invented_rows import rows_of_market

ROWS = rows_of_market(3, sessions=30)
PLACES = np.flatnonzero(np.arange(len(ROWS)) % 3)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_blocks, "BLOCK", 64)


def test_blocks_hold_each_row_once(small_blocks: None) -> None:
    assert np.array_equal(np.concatenate([np.arange(200)[each] for each in blocks(200)]), np.arange(200))
    assert [each.stop - each.start for each in blocks(130)] == [64, 64, 2]
    assert list(blocks(0)) == [slice(0, 0)]


def test_a_scaler_of_one_block_is_scikit_learns_to_the_bit() -> None:
    whole, ours = StandardScaler().fit(ROWS.features[PLACES]), fitted_scaler(ROWS.features, PLACES)

    assert np.array_equal(ours.mean_, whole.mean_)
    assert np.array_equal(ours.scale_, whole.scale_)


def test_a_scaler_of_many_blocks_is_the_same_but_for_its_last_bits(small_blocks: None) -> None:
    whole, ours = StandardScaler().fit(ROWS.features[PLACES]), fitted_scaler(ROWS.features, PLACES)

    assert np.allclose(ours.mean_, whole.mean_, rtol=1e-12, atol=1e-14)
    assert np.allclose(ours.scale_, whole.scale_, rtol=1e-12)


def test_rows_are_scaled_in_64_bits_and_rounded_last(small_blocks: None) -> None:
    scaler = StandardScaler().fit(ROWS.features)
    expected = scaler.transform(ROWS.features[PLACES])

    assert np.array_equal(scaled(scaler, ROWS.features, PLACES, np.float64), expected)
    assert np.array_equal(scaled(scaler, ROWS.features, PLACES, np.float32), expected.astype(np.float32))


@pytest.mark.parametrize("estimator", [Forest(trees=5, depth=4), Boosting(rounds=5, leaf=10)])
def test_a_model_is_asked_a_block_at_a_time_and_answers_the_same(
    monkeypatch: pytest.MonkeyPatch, estimator: Forest | Boosting
) -> None:
    classifier = fit(estimator, ROWS.features, ROWS.directions, np.ones(len(ROWS)), seed=1)
    at_once = classifier.probabilities(ROWS.features), classifier.scores(ROWS.features)
    monkeypatch.setattr(row_blocks, "BLOCK", 64)

    assert np.array_equal(classifier.probabilities(ROWS.features), at_once[0])
    assert np.array_equal(classifier.scores(ROWS.features), at_once[1])
    assert all(map(np.array_equal, classifier.answers(ROWS.features), at_once[::-1]))


def test_a_model_of_rows_at_places_is_the_model_of_a_copy_of_them() -> None:
    labels, weights = ROWS.directions[PLACES], np.ones(len(PLACES))
    by_place = fit(Forest(trees=5, depth=4), ROWS.features, labels, weights, seed=1, places=PLACES)
    by_copy = fit(Forest(trees=5, depth=4), ROWS.features[PLACES], labels, weights, seed=1)

    assert np.array_equal(by_place.probabilities(ROWS.features), by_copy.probabilities(ROWS.features))


def test_what_cannot_be_learned_from_is_found_in_any_block(small_blocks: None) -> None:
    features = ROWS.features.copy()
    features[PLACES[100], 2] = np.nan
    with pytest.raises(DataError, match="row 100, feature c is nan"):
        require_learnable(features, ROWS.directions[PLACES], "abcd", PLACES)
    features[:, 2] = 1.0
    with pytest.raises(DataError, match=f"feature c is the same in all {len(PLACES)} rows"):
        require_learnable(features, ROWS.directions[PLACES], "abcd", PLACES)
    features[PLACES[-1], 2] = 2.0
    require_learnable(features, ROWS.directions[PLACES], "abcd", PLACES)
