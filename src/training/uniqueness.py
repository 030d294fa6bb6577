"""How much a row weighs: rows whose labels rest on the same minutes of market are not independent.

Average uniqueness and weights from it: López de Prado, Advances in Financial Machine Learning, 2018, sections 4.3 to
4.5. There time is counted in bars, here in nanoseconds; for candles of one length that is the same.
"""

import numpy as np

from core.errors import DataError
from core.instants import ist_text
from features.columns import FloatArray, IntArray
from training.dataset import Dataset


def average_uniqueness(symbols: IntArray, closed_at: IntArray, resolved_at: IntArray) -> FloatArray:
    """Return the share of its own span, above 0 and at most 1, that each label has to itself.

    A span lasts from the row's close to its label's end, in nanoseconds. At each moment every span of one symbol that
    covers it gets an equal part of it. Raises `DataError` for a label that is known no later than its row.
    """
    early = np.flatnonzero(resolved_at <= closed_at)
    if len(early):
        at = ist_text(int(closed_at[early[0]]))
        raise DataError(f"the label of the row closed at {at} was known no later than the row; label the candles again")
    uniqueness = np.empty(len(closed_at))
    for symbol in np.unique(symbols):
        rows = np.flatnonzero(symbols == symbol)
        uniqueness[rows] = _of_symbol(closed_at[rows], resolved_at[rows])
    return uniqueness


def sample_weights(dataset: Dataset) -> FloatArray:
    """Return a weight for each row, 1 on average, so that regularisation means the same with them and without."""
    uniqueness = average_uniqueness(dataset.symbols, dataset.closed_at, dataset.resolved_at)
    weights: FloatArray = uniqueness / uniqueness.mean()
    return weights


def _of_symbol(begins: IntArray, ends: IntArray) -> FloatArray:
    """Spans begin and end at moments; between two of those the number of spans under way does not change."""
    moments = np.unique(np.concatenate((begins, ends)))
    first, last = np.searchsorted(moments, begins), np.searchsorted(moments, ends)
    changes = np.bincount(first, minlength=len(moments)) - np.bincount(last, minlength=len(moments))
    under_way = np.cumsum(changes)[:-1]
    own_time = np.where(under_way > 0, np.diff(moments) / np.maximum(under_way, 1), 0.0)
    total = np.concatenate(([0.0], np.cumsum(own_time)))
    uniqueness: FloatArray = (total[last] - total[first]) / (ends - begins)
    return uniqueness
