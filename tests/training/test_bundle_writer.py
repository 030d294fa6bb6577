"""What proves a bundle and what its drift is measured against, taken from the rows of the training."""

import numpy as np
import pytest

from core.errors import ModelError
from features.novelty import Novelty
from trading.bundle import FeatureFacts, Manifest
from trading.caution_facts import CautionFacts
from trading.feature_reference import QUANTILES
from training.bundle_writer import _golden_rows, _reference

ROWS = np.random.default_rng(5).normal(size=(1_000, 2)) * [1.0, 1e-6]
ANSWERS = np.full((1_000, 3), 1 / 3)


def test_golden_rows_are_different_rows_spread_over_all():
    repeated = np.repeat(ROWS[:40], 25, axis=0)
    golden = _golden_rows(repeated, ANSWERS)
    assert len({row.features for row in golden}) == len(golden) == 32
    assert golden[0].features == tuple(ROWS[0].tolist())
    assert golden[-1].features == tuple(ROWS[39].tolist())


def test_too_few_different_rows_prove_nothing():
    with pytest.raises(ModelError, match="31 different rows of features, a bundle needs 32"):
        _golden_rows(np.repeat(ROWS[:31], 30, axis=0), ANSWERS)


def test_the_reference_has_the_values_of_rows_at_its_quantiles():
    reference = _reference(("a_1", "b_1"), ROWS)
    assert list(reference) == ["a_1", "b_1"]
    for place, each in enumerate(reference.values()):
        column = ROWS[:, place]
        assert set(each.quantiles) <= set(column.tolist())
        assert (each.quantiles[0], each.quantiles[-1]) == (column.min(), column.max())
        below = [float((column <= value).mean()) for value in each.quantiles]
        assert below == pytest.approx(QUANTILES, abs=1e-3)
        assert (each.mean, each.deviation) == pytest.approx((column.mean(), column.std()), rel=1e-11)


def test_strangeness_is_measured_by_the_reference_as_by_the_rows_themselves():
    expected = Novelty.of(ROWS)
    manifest = Manifest.model_construct(
        features=FeatureFacts.model_construct(names=("a_1", "b_1")),
        reference=_reference(("a_1", "b_1"), ROWS),
        caution=CautionFacts.model_construct(novelty_limit=expected.limit),
    )
    assert manifest.novelty == expected


def test_a_feature_that_never_changes_has_a_reference_too():
    [reference] = _reference(("a_1",), np.full((600, 1), 0.1)).values()
    assert (reference.quantiles[0], reference.quantiles[-1]) == (0.1, 0.1)
    assert reference.deviation == pytest.approx(0.0, abs=1e-15)
