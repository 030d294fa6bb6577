"""No false alarm: thirty trainings without a leak, each of other features, labels, folds, scalers and candles."""

import numpy as np
import pytest

from core.instants import HOUR
from training.dataset import Dataset
from training.folds import Fold, Scheme, WalkForward

from .training_pipelines import (
    Pipeline,
    Scale,
    Walk,
    honest,
    least_and_range,
    mean_and_deviation,
    median_and_quartiles,
    next_bars,
)

FEATURES = [
    ("return_1", "return_3", "time_of_day"),
    ("rsi_14", "ema_gap_9", "zscore_20", "volatility_20"),
    ("vwap_gap", "open_gap", "overnight_gap", "volume_zscore_20"),
    ("atr_ratio_14", "body_14", "stochastic_14"),
    ("return_1", "macd_histogram_12_26_9", "adx_14", "slope_14", "cci_20"),
]
LABELS = [next_bars(1), next_bars(4), next_bars(12, 20_000), next_bars(40, 5_000), next_bars(75)]
SCALES: list[Scale] = [mean_and_deviation, median_and_quartiles, least_and_range]


def walked(walk: WalkForward) -> Walk:
    return lambda rows: walk.split(rows.closed_at, rows.resolved_at)


WALKS = [
    walked(WalkForward(folds=3)),
    walked(WalkForward(folds=2, first_share=0.5)),
    walked(WalkForward(folds=4, scheme=Scheme.ROLLING)),
    walked(WalkForward(folds=3, embargo=HOUR)),
]


def known_rows(rows: Dataset, fold: Fold) -> np.ndarray:
    """A scaler may know rows whose labels are under way: it reads features alone."""
    return np.flatnonzero(rows.closed_at < fold.begins)


def pipelines() -> list[Pipeline]:
    """Thirty of them, in which each part meets most others."""
    made = [
        Pipeline(
            seed=100 + number,
            features=FEATURES[number % 5],
            label=LABELS[(number + number // 5) % 5],
            walk=WALKS[number % 4],
            scale=SCALES[number % 3],
        )
        for number in range(27)
    ]
    exits = [Pipeline(seed=200, label=honest), Pipeline(seed=201, label=honest, walk=WALKS[2], features=FEATURES[1])]
    return [*made, *exits, Pipeline(seed=202, scaled_by=known_rows)]


PIPELINES = pipelines()


@pytest.mark.clean
@pytest.mark.parametrize("number", range(len(PIPELINES)))
def test_a_clean_training_is_not_blamed(number: int) -> None:
    assert PIPELINES[number].findings() == []
