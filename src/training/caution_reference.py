"""Describe the sessions of a training, so that the live bot can hold its own against them.

Rows count as they do live: those on which a position could be entered. Answers on rows that a model has learned from
are surer than any it will give, so sureness and variety come from rows that it has not.
"""

import numpy as np

from features.columns import FloatArray, IntArray, ist_days
from features.novelty import Novelty
from trading.caution_facts import CautionFacts
from training.dataset import Dataset


def caution_of(dataset: Dataset, unseen: Dataset, probabilities: FloatArray, *, is_calibrated: bool) -> CautionFacts:
    """Return what live rows, sessions and trades are held against.

    `dataset` is all of the data, `unseen` the rows of it that the model has not learned from, and `probabilities` its
    answers to those, in the columns none, long, short. `is_calibrated`: whether they are meant as chances of winning.
    Sessions with less than half of the usual rows are left out, and so are those that are only partly unseen.
    """
    novelty = Novelty.of(dataset.features)
    days, new_days = ist_days(dataset.closed_at), ist_days(unseen.closed_at)
    most = _most_rows(days, dataset.symbols)
    usual = int(np.median(list(most.values())))
    whole = [day for day, rows in most.items() if 2 * rows >= usual]
    distances, sureness = novelty.of_rows(dataset.features), probabilities[:, 1:].max(axis=1)
    answered = [sureness[new_days == day] for day in whole if (new_days == day).sum() == (days == day).sum()]
    return CautionFacts(
        novelty_limit=novelty.limit,
        session_novelty=tuple(_written(distances[days == day].mean()) for day in whole),
        session_sureness=tuple(_written(session.mean()) for session in answered),
        session_variety=tuple(_written(session.std()) for session in answered),
        session_rows=usual,
        is_calibrated=is_calibrated,
    )


def _most_rows(days: IntArray, symbols: IntArray) -> dict[int, int]:
    """Return by date the rows of the symbol that has the most."""
    pairs, counts = np.unique(np.stack([days, symbols]), axis=1, return_counts=True)
    most: dict[int, int] = {}
    for day, count in zip(pairs[0].tolist(), counts.tolist(), strict=True):
        most[day] = max(most.get(day, 0), count)
    return most


def _written(number: np.float64) -> float:
    """Leave twelve digits: as many as a rank needs, and none that a processor rounds otherwise."""
    return float(f"{number:.12g}")
