"""Two sources of one symbol: what is equal, what is a tick, and what is an adjustment."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.instants import ist_date
from core.market import Timeframe
from market_data.days import Days
from market_data.quality.vendor_comparison import compare, compare_closes

from .conftest import Make, changed, shifted

MONTHS = Days(date(2025, 4, 1), date(2025, 7, 31))


def test_a_source_agrees_with_itself(make: Make) -> None:
    found = compare("one", make(), "other", make())
    assert found is not None
    assert (found.common, found.same_close, found.beyond_tick, found.largest, found.same_volume) == (375, 1, 0, 0, 1)
    assert (found.factor, found.changes, found.is_apart) == (1, (), False)


def test_sources_without_a_common_candle_are_not_compared(make: Make) -> None:
    assert compare("one", make(), "other", shifted(make(), 1)) is None
    assert compare_closes("one", make(timeframe=Timeframe.D), "other", make(MONTHS).rows(np.arange(75))) is None


def test_a_difference_is_measured_in_ticks_and_rupees(make: Make) -> None:
    raw = make()
    other = changed(changed(raw, "closes", 10, raw.closes[10] + 0.05), "closes", 20, raw.closes[20] - 0.30)
    found = compare("one", raw, "other", changed(other, "volumes", 3, raw.volumes[3] * 2))
    assert found is not None
    assert found.same_close == pytest.approx(373 / 375)
    assert found.beyond_tick == pytest.approx(1 / 375)
    assert found.largest == pytest.approx(0.30)
    assert found.largest_at == raw.starts[20]
    assert found.same_volume == pytest.approx(374 / 375)


def test_a_factor_is_taken_out_and_its_change_dated(make: Make) -> None:
    raw = make(MONTHS, Timeframe.D)
    closes = np.where(np.arange(len(raw)) < 40, raw.closes * 0.5, raw.closes)
    found = compare("raw", raw, "adjusted", replace(raw, closes=closes))
    assert found is not None
    ((day, ratio),) = found.changes
    assert (day, ratio) == (ist_date(int(raw.starts[40])), 0.5)
    assert found.largest < 1e-6
    assert not found.is_apart


def test_one_odd_close_is_no_change_of_factor(make: Make) -> None:
    raw = make(MONTHS, Timeframe.D)
    found = compare("one", raw, "other", changed(raw, "closes", 40, raw.closes[40] * 1.05))
    assert found is not None
    assert found.changes == ()
    assert found.largest_share == pytest.approx(0.05)


def test_a_source_on_another_level_throughout_is_apart(make: Make) -> None:
    raw = make(MONTHS, Timeframe.D)
    found = compare("one", raw, "other", replace(raw, closes=raw.closes / 2, volumes=np.zeros(len(raw))))
    assert found is not None
    assert found.is_apart
    assert found.factor == 0.5
    assert found.same_volume is None


def test_daily_closes_are_held_against_the_last_candle_of_each_day(make: Make) -> None:
    raw = make()
    last = raw.rows(np.arange(74, 375, 75))
    daily = replace(last, starts=make(timeframe=Timeframe.D).starts, closes=last.closes + 0.4)
    found = compare_closes("daily", daily, "within the day", raw)
    assert found is not None
    assert found.common == 5
    assert found.largest == pytest.approx(0.4)
    assert found.same_volume is None
