"""The arrays of an exported model: read without running anything, and checked before anything is computed with them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from core.signals import Direction
from features.columns import FloatArray
from trading.array_archive import arrays_in

CLASSES = len(Direction)
"""None, long and short, in the order of the manifest."""
_REMEDY = "restore it or train the model again"


class ModelArrays:
    """Arrays by name, taken one at a time by what the taker expects of type, shape and values."""

    def __init__(self, arrays: Mapping[str, object]) -> None:
        self._arrays = arrays
        self._taken: set[str] = set()

    @classmethod
    def read(cls, content: bytes) -> "ModelArrays":
        """Read an .npz archive. Raises `ModelError` for anything but numbers and words, each as long as it claims."""
        return cls(arrays_in(content))

    def word(self, name: str) -> str:
        """Return the one word that an array holds. Raises `ModelError`."""
        return str(self._take(name, "U", ()).item())

    def floats(self, name: str, *shape: int | None) -> FloatArray:
        """Return an array of 64-bit numbers, all finite; `None` stands for any length. Raises `ModelError`."""
        values = self._take(name, "f8", shape)
        if not np.isfinite(values).all():
            raise _unsound(name, "a number that is none or infinite")
        return values

    def thresholds(self, name: str, *shape: int | None) -> FloatArray:
        """Return the same, in which infinity is a threshold that nothing exceeds. Raises `ModelError`."""
        values = self._take(name, "f8", shape)
        if np.isnan(values).any():
            raise _unsound(name, "a number that is none")
        return values

    def places(self, name: str, *shape: int | None, end: int) -> NDArray[np.intp]:
        """Return an array of whole numbers from 0 to below `end`. Raises `ModelError`."""
        values = self._take(name, "i4", shape)
        if not ((values >= 0) & (values < end)).all():
            raise _unsound(name, f"a place outside 0 to {end - 1}")
        return values.astype(np.intp)

    def require_all_taken(self) -> None:
        """Raise `ModelError` for an array that the model has no use for: somebody changed what is computed."""
        rest = sorted(self._arrays.keys() - self._taken)
        if rest:
            raise ModelError(f"the exported model has no use for the array {rest[0]}; {_REMEDY}")

    def _take(self, name: str, kind: str, shape: tuple[int | None, ...]) -> np.ndarray:
        values = self._arrays.get(name)
        self._taken.add(name)
        if not isinstance(values, np.ndarray):
            raise ModelError(f"the exported model lacks the array {name}; {_REMEDY}")
        typed = values.dtype.kind == "U" if kind == "U" else values.dtype == np.dtype(kind)
        fits = len(values.shape) == len(shape) and all(
            expected in (None, found) for expected, found in zip(shape, values.shape, strict=True)
        )
        if not (typed and fits):
            wanted = ", ".join("any" if each is None else str(each) for each in shape)
            raise _unsound(name, f"{values.dtype} of shape {values.shape} instead of {kind} of ({wanted})")
        return np.ascontiguousarray(values) if shape else values


def _unsound(name: str, found: str) -> ModelError:
    return ModelError(f"the exported model's array {name} holds {found}; {_REMEDY}")
