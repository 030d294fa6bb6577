"""Metrics by hand, at their sharp edges, and against empyrical."""

import math
from dataclasses import fields
from datetime import date, time

import empyrical
import numpy as np
import pytest

from core.instants import DAY, HOUR, instant_at
from reporting.metrics import (
    CurveMetrics,
    cagr,
    curve_metrics,
    daily_closes,
    daily_returns,
    deepest_fall,
    drawdown,
    monthly_returns,
    ratio,
    sharpe,
    sortino,
    volatility,
)

CLOSE = instant_at(date(2023, 9, 4), time(15, 30))


def daily(*equity: int) -> tuple[np.ndarray, np.ndarray]:
    """A curve of one point a day, at the close."""
    return CLOSE + DAY * np.arange(len(equity), dtype=np.int64), np.array(equity, dtype=np.int64)


def metrics_of(capital: int, *equity: int) -> CurveMetrics:
    at, values = daily(*equity)
    return curve_metrics(capital, at, values, np.zeros_like(values))


@pytest.mark.parametrize("seed", range(5))
def test_ratios_are_those_of_empyrical(seed: int) -> None:
    chance = np.random.default_rng(seed)
    returns = chance.normal(0.0005 * (seed - 2), 0.01, 400)
    assert sharpe(returns) == pytest.approx(empyrical.sharpe_ratio(returns))
    assert sortino(returns) == pytest.approx(empyrical.sortino_ratio(returns))
    assert volatility(returns) == pytest.approx(empyrical.annual_volatility(returns))
    assert cagr(returns) == pytest.approx(empyrical.cagr(returns))


@pytest.mark.parametrize("seed", range(5))
def test_drawdown_and_calmar_of_a_curve_of_daily_closes_are_those_of_empyrical(seed: int) -> None:
    capital = 10_000_000_000  # large, so that whole paise do not round the returns
    chance = np.random.default_rng(seed)
    at, equity = daily(*(capital * np.cumprod(1 + chance.normal(0.0003, 0.01, 300))).astype(np.int64).tolist())
    returns = daily_returns(capital, equity)
    found = curve_metrics(capital, at, equity, np.zeros_like(equity))
    assert found.drawdown.share == pytest.approx(-empyrical.max_drawdown(returns))
    assert found.calmar == pytest.approx(empyrical.calmar_ratio(returns))
    assert found.total_return == pytest.approx(empyrical.cum_returns_final(returns))


def test_the_returns_of_a_day_end_at_its_last_step_in_india() -> None:
    at = np.array([CLOSE - HOUR, CLOSE, CLOSE + DAY - HOUR, CLOSE + DAY])
    days, closes = daily_closes(at, np.array([90, 110, 1, 121]))
    assert (np.diff(days).tolist(), closes.tolist()) == ([1], [110, 121])
    assert daily_returns(100, closes) == pytest.approx([0.1, 0.1])


def test_a_fall_inside_a_day_counts_as_a_drawdown() -> None:
    at = np.array([CLOSE - 2 * HOUR, CLOSE - HOUR, CLOSE, CLOSE + DAY])
    fall = drawdown(1000, at, np.array([1200, 900, 1150, 1250]))
    assert (fall.share, fall.money) == (0.25, 300)
    assert (fall.peak_at, fall.trough_at, fall.recovered_at) == (CLOSE - 2 * HOUR, CLOSE - HOUR, CLOSE + DAY)
    assert fall.longest == DAY + 2 * HOUR


def test_a_fall_from_the_capital_itself_is_one() -> None:
    fall = drawdown(1000, *daily(900, 950))
    assert (fall.share, fall.money, fall.peak_at, fall.recovered_at) == (0.1, 100, CLOSE, None)


@pytest.mark.parametrize("points", [0, 1, 8_191, 8_192, 8_193, 30_000])
def test_the_deepest_fall_alone_is_that_of_the_whole_curve_however_long(points: int) -> None:
    equity = 1_000_000 + np.random.default_rng(points).integers(-900, 900, points).cumsum()

    values = np.concatenate(([1_000_000], equity))
    peaks = np.maximum.accumulate(values)
    assert deepest_fall(1_000_000, equity) == ((peaks - values) / peaks).max()


def test_the_longest_time_below_a_peak_need_not_be_the_deepest_fall() -> None:
    fall = drawdown(1000, *daily(1000, 500, 1000, 999, 998, 999, 1000, 1001))
    assert (fall.share, fall.trough_at) == (0.5, CLOSE + DAY)
    assert fall.recovered_at == CLOSE + 2 * DAY
    assert fall.longest == 4 * DAY


def test_the_longest_time_below_a_peak_may_last_until_the_end() -> None:
    assert drawdown(1000, *daily(1001, 1000, 1000, 1000)).longest == 3 * DAY


def test_a_curve_that_only_rises_has_no_drawdown_and_no_calmar() -> None:
    found = metrics_of(1000, 1010, 1010, 1030)
    assert (found.drawdown.share, found.drawdown.longest, found.calmar) == (0.0, 0, None)
    assert found.sortino is None


def test_of_one_day_no_ratio_is_given() -> None:
    found = metrics_of(1000, 1010)
    assert found.sessions == 1
    assert (found.sharpe, found.sortino, found.volatility, found.cagr, found.calmar) == (None,) * 5
    assert found.total_return == pytest.approx(0.01)


def test_of_no_step_at_all_the_capital_is_left() -> None:
    found = metrics_of(1000)
    assert (found.sessions, found.final, found.total_return) == (0, 1000, 0.0)
    assert found.best_day is found.worst_day is None


def test_without_variation_there_is_no_sharpe_ratio() -> None:
    assert metrics_of(1000, 1000, 1000, 1000).sharpe is None
    assert sharpe(np.full(50, 0.1)) is None  # whose float deviation is 1e-17 and not 0


def test_a_capital_that_is_used_up_ends_the_returns() -> None:
    found = metrics_of(1000, 500, -100, -50)
    assert found.cagr is None
    assert found.drawdown.share == pytest.approx(1.1)
    assert len(daily_returns(1000, np.array([500, -100, -50]))) == 2


@pytest.mark.parametrize(
    "equity",
    [(), (1000,), (1000, 1000), (1,), (0, 0, 0), (-5, 3, 9), (2**60, 1, 2**60), (1001, 1002, 1003)],
)
def test_no_figure_is_ever_nan_or_infinite(equity: tuple[int, ...]) -> None:
    found = metrics_of(1000, *equity)
    numbers = [getattr(found, each.name) for each in fields(found)] + [found.drawdown.share]
    assert all(math.isfinite(each) for each in numbers if isinstance(each, float))


def test_months_are_compounded_from_close_to_close() -> None:
    at = np.array([instant_at(day, time(15, 30)) for day in (date(2023, 12, 28), date(2023, 12, 29), date(2024, 1, 1))])
    months = monthly_returns(1000, at, np.array([1500, 1100, 990]))
    assert months == {(2023, 12): pytest.approx(0.1), (2024, 1): pytest.approx(-0.1)}


def test_days_are_counted_by_their_profit() -> None:
    found = metrics_of(1000, 1100, 1100, 1050, 1060)
    assert (found.days_won, found.days_lost) == (2, 1)
    assert found.best_day is not None
    assert found.worst_day is not None
    assert (found.best_day.profit, found.best_day.date) == (100, date(2023, 9, 4))
    assert (found.worst_day.profit, found.worst_day.date) == (-50, date(2023, 9, 6))
    assert (found.lowest, found.highest) == (1000, 1100)


def test_exposure_is_a_share_of_steps_and_of_equity() -> None:
    at, equity = daily(1000, 1000, 2000, 2000)
    found = curve_metrics(1000, at, equity, np.array([0, 500, 500, 0]))
    assert found.time_in_market == 0.5
    assert found.mean_exposure == pytest.approx((0.5 + 0.25) / 4)


def test_a_quotient_that_says_nothing_is_none() -> None:
    assert ratio(1.0, 0.0) is None
    assert ratio(1e300, 1e-11) is None
    assert ratio(1.0, -4.0) == -0.25


def test_a_curve_without_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        curve_metrics(1000, np.array([1]), np.array([1, 2]), np.array([1]))
    with pytest.raises(ValueError, match="above 0"):
        curve_metrics(0, np.array([1]), np.array([1]), np.array([1]))
