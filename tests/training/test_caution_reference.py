"""What a manifest says of the sessions of its training."""

from datetime import date, time

import numpy as np
import pytest

from core.instants import DAY, MINUTE, instant_at
from features.novelty import Novelty
from trading.inference_engine import InferenceEngine
from training.caution_reference import caution_of
from training.dataset import Dataset

SESSIONS, ROWS = 10, 20


def dataset_of(rows_of_session: list[int]) -> Dataset:
    """Two symbols; the number of rows of each in each session."""
    opening = instant_at(date(2026, 1, 5), time(9, 15))
    closed = [
        opening + session * DAY + (row + 1) * 5 * MINUTE
        for session, rows in enumerate(rows_of_session)
        for row in range(rows)
        for _symbol in range(2)
    ]
    count = len(closed)
    chance = np.random.default_rng(2)
    nothing = np.zeros((count, 2), dtype=np.int64)
    return Dataset(
        chance.normal(size=(count, 3)),
        np.zeros(count, dtype=np.int64),
        np.tile([0, 1], count // 2),
        np.array(closed),
        np.array(closed),
        nothing,
        nothing,
    )


@pytest.fixture
def dataset() -> Dataset:
    return dataset_of([4, *[ROWS] * (SESSIONS - 1)])


def test_each_session_has_a_number_but_for_those_with_less_than_half_of_the_usual_rows(dataset):
    caution = caution_of(dataset, dataset, np.full((len(dataset), 3), 1 / 3), is_calibrated=False)
    assert caution.session_rows == ROWS
    assert len(caution.session_novelty) == SESSIONS - 1
    novelty = Novelty.of(dataset.features)
    assert caution.session_novelty[0] == pytest.approx(novelty.of_rows(dataset.features)[8:48].mean())
    assert caution.novelty_limit == novelty.limit


def test_sureness_and_variety_are_of_sessions_that_are_unseen_as_a_whole(dataset):
    unseen = dataset.at(np.arange(8 + 40 * 5 + 10, len(dataset)))
    probabilities = np.zeros((len(unseen), 3))
    probabilities[:, 1] = np.tile([0.4, 0.6], len(unseen) // 2)
    probabilities[:, 2] = 0.1
    caution = caution_of(dataset, unseen, probabilities, is_calibrated=True)
    assert caution.session_sureness == pytest.approx([0.5] * 3)
    assert caution.session_variety == pytest.approx([0.1] * 3)
    assert caution.drift.is_calibrated


def test_a_trained_model_says_what_it_knows(bundle):
    engine = InferenceEngine.open(bundle)
    novelty, caution = engine.trained_on.novelty, engine.manifest.caution
    assert novelty is not None
    assert caution is not None
    assert engine.drift == caution.drift
    assert 1.0 < novelty.limit < 20.0
    assert len(novelty.medians) == len(engine.feature_names)
    assert 15 <= len(caution.session_novelty) <= 23
    assert 5 <= len(caution.session_sureness) <= 10
    golden = [novelty.of_row(row.features) for row in engine.manifest.golden]
    assert min(golden) > 0.2
    assert sorted(golden)[16] < novelty.limit
