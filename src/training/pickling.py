"""The bytes of an estimator, the same for the same estimator whatever the process did before.

A pickle writes a word once and refers back to it, but only where the very same object comes again. Whether the names of
two attributes are one object depends on history: those of an estimator that came back from another process are not.
"""

import io
import sys
from typing import Any

from joblib.numpy_pickle import NumpyPickler


class _Pickler(NumpyPickler):  # type: ignore[misc]  # joblib comes without types
    """joblib's pickler, which writes equal strings as one string."""

    def save(self, obj: Any) -> None:
        """Write an object, in memory under the address of the first that is equal if it is a word."""
        super().save(sys.intern(obj) if type(obj) is str else obj)


def pickled(estimator: Any) -> bytes:
    """Return what `joblib.load` reads, not compressed."""
    buffer = io.BytesIO()
    _Pickler(buffer).dump(estimator)
    return buffer.getvalue()
