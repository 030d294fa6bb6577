"""Scales, ticks and lines made short."""

import numpy as np
import pytest

from reporting.drawing import Scale, number, padded, thinned


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 10, (0, 2, 4, 6, 8, 10)), (3, 11, (4, 6, 8, 10)), (-1, 1, (-1, -0.5, 0, 0.5, 1)), (980, 1_010, None)],
)
def test_ticks_are_round_and_within_the_ends(low: float, high: float, ticks: tuple[float, ...] | None) -> None:
    found = Scale(low, high, 0, 100).ticks(5)
    assert all(low <= tick <= high for tick in found)
    assert 2 <= len(found) <= 6
    assert ticks is None or found == pytest.approx(ticks)


def test_a_scale_without_a_span_stays_where_it_is() -> None:
    assert Scale(5, 5, 10, 90)(5) == 10
    assert Scale(5, 5, 10, 90).ticks(5) == (5,)
    assert padded(0, 0) == (-1, 1)


def test_a_line_made_short_keeps_its_ends_and_extremes() -> None:
    values = np.zeros(100_000)
    values[[12_345, 67_890]] = (9, -9)
    rows = thinned(values, 1_000)
    assert len(rows) <= 1_002
    assert {0, 12_345, 67_890, 99_999} <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()


def test_a_short_line_is_left_alone() -> None:
    assert thinned(np.arange(5), 10).tolist() == [0, 1, 2, 3, 4]


def test_pixels_are_short() -> None:
    assert [number(each) for each in (1.0, 1.26, -0.04)] == ["1", "1.3", "-0"]
