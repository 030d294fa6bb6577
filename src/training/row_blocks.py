"""Work on millions of rows a block at a time: what is needed only on the way is never as large as the rows themselves.

Up to one block the numbers are those of doing it all at once, to the last bit. Beyond, a mean is put together from
those of the blocks, so its last bits are those of this size of block.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.preprocessing import StandardScaler

from features.columns import FloatArray, IntArray

BLOCK = 2**17
"""Rows: 25 MB of 24 features."""


def blocks(rows: int) -> Iterator[slice]:
    """Cut so many rows into blocks; of no rows one empty block, so that what is made of them keeps its shape."""
    return (slice(first, min(first + BLOCK, rows)) for first in range(0, max(rows, 1), BLOCK))


def fitted_scaler(features: FloatArray, places: IntArray) -> StandardScaler:
    """Fit a scaler on the rows at some places."""
    scaler = StandardScaler()
    for block in blocks(len(places)):
        scaler.partial_fit(features[places[block]])
    return scaler


def scaled(scaler: StandardScaler, features: FloatArray, places: IntArray, kind: DTypeLike) -> NDArray[np.floating]:
    """Return the rows at some places, scaled in 64 bits and then rounded to what the model reads."""
    rows = np.empty((len(places), features.shape[1]), dtype=kind)
    for block in blocks(len(places)):
        rows[block] = scaler.transform(features[places[block]])
    return rows
