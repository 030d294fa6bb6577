from collections.abc import Callable, Mapping
from datetime import date, time

import pytest

from core.instants import MINUTE, instant_at
from core.market import Candle
from core.signals import FeatureRow

OPEN = instant_at(date(2026, 1, 6), time(9, 15))

RowBuilder = Callable[..., FeatureRow]


@pytest.fixture
def row() -> RowBuilder:
    """Build the row of a five-minute candle from its features; `minute` counts from the open of 2026-01-06."""

    def build(features: Mapping[str, float], minute: int = 0) -> FeatureRow:
        start = OPEN + minute * MINUTE
        return FeatureRow(
            symbol="NSE:SBIN-EQ",
            candle=Candle(start, 80_000, 80_100, 79_900, 80_050, 1_000),
            closed_at=start + 5 * MINUTE,
            columns={name: place for place, name in enumerate(features)},
            values=tuple(features.values()),
            atr=150.0,
        )

    return build
