"""An instant in a row of the trading log: nanoseconds to compute with, and a text for people."""

from typing import Any

import numpy as np

from core.instants import MILLISECOND, Instant, ist_datetime
from features.columns import IST_OFFSET, IntArray

_ZONE = "+05:30"


def times(name: str, at: Instant) -> dict[str, Any]:
    """Return an instant and the same for people; nothing for 0."""
    text = ist_datetime(at).isoformat(timespec="milliseconds") if at else None
    return {f"{name}_at": at or None, f"{name}_time": text}


def time_texts(instants: IntArray) -> list[str]:
    """Return the texts of many instants, in a tenth of the time."""
    walls = ((instants + IST_OFFSET) // MILLISECOND).astype("datetime64[ms]")
    return [text + _ZONE for text in np.datetime_as_string(walls).tolist()]
