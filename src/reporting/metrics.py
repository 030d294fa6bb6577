"""What an equity curve came to: return, risk and drawdown, by formulas that others can check.

Ratios are taken from daily returns (the close of each session against the one before, the first against the capital)
and annualised with 252 sessions, as empyrical does; `docs/reports.md` has every formula with its source. What cannot
be said, such as a Sharpe ratio of one day, is None and never NaN or infinite.
"""

from dataclasses import dataclass
from datetime import date
from math import isfinite, sqrt

import numpy as np

from core.instants import Instant
from features.columns import BoolArray, FloatArray, IntArray, ist_days
from market_data.days import date_of

SESSIONS_A_YEAR = 252
_NO_VARIATION = 1e-12
"""A deviation of daily returns below this is rounding of floats, not risk."""
_BLOCK = 8_192
"""Points of a curve that are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """The deepest fall from a peak, as a share of that peak. All of it is 0 and None where nothing fell."""

    share: float = 0.0
    money: int = 0
    """The same fall, in paise."""
    peak_at: Instant | None = None
    trough_at: Instant | None = None
    recovered_at: Instant | None = None
    """When the peak was reached again; None: not until the end."""
    longest: int = 0
    """Nanoseconds of the longest time below a peak, which need not be the deepest fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """One session's change of the equity, in paise."""

    date: date
    """In India."""
    profit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveMetrics:
    """Figures of a whole curve. Shares and ratios are plain numbers (0.1 is 10 %), money is paise."""

    sessions: int
    final: int
    lowest: int
    highest: int
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    drawdown: Drawdown
    best_day: DayResult | None
    worst_day: DayResult | None
    days_won: int
    days_lost: int
    time_in_market: float
    """Share of the steps at whose close a position was open."""
    mean_exposure: float
    """Mean of the value of open positions over the equity, over all steps."""


def curve_metrics(capital: int, at: IntArray, equity: IntArray, exposure: IntArray) -> CurveMetrics:
    """Return every figure of a curve. Arrays have one value a step, oldest first; times in nanoseconds, money in paise.

    Raises `ValueError` for arrays of different lengths and for a capital that is not above 0.
    """
    if capital <= 0 or not len(at) == len(equity) == len(exposure):
        raise ValueError(
            f"capital {capital}, {len(at)} times, {len(equity)} equities, {len(exposure)} exposures: give a capital "
            "above 0 and arrays of one length"
        )
    days, closes = daily_closes(at, equity)
    profits = np.diff(closes, prepend=capital)
    returns = daily_returns(capital, closes)
    fall = drawdown(capital, at, equity)
    growth = cagr(returns)
    return CurveMetrics(
        sessions=len(days),
        final=int(equity[-1]) if len(equity) else capital,
        lowest=min(capital, int(equity.min())) if len(equity) else capital,
        highest=max(capital, int(equity.max())) if len(equity) else capital,
        total_return=(int(equity[-1]) - capital) / capital if len(equity) else 0.0,
        cagr=growth,
        volatility=volatility(returns),
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        calmar=ratio(growth, fall.share) if growth is not None else None,
        drawdown=fall,
        best_day=_day(days, profits, int(np.argmax(profits))) if len(days) else None,
        worst_day=_day(days, profits, int(np.argmin(profits))) if len(days) else None,
        days_won=int((profits > 0).sum()),
        days_lost=int((profits < 0).sum()),
        time_in_market=float((exposure > 0).mean()) if len(at) else 0.0,
        mean_exposure=_mean_exposure(equity, exposure),
    )


def daily_closes(at: IntArray, values: IntArray) -> tuple[IntArray, IntArray]:
    """Return the dates in India (days since 1970-01-01) of a curve and its last value of each."""
    last = last_of_days(at)
    return ist_days(at[last]), values[last]


def last_of_days(at: IntArray) -> IntArray:
    """Return the places of the last point of each date in India; `at` is in order of time."""
    if not len(at):
        return np.empty(0, dtype=np.int64)
    return np.append(np.flatnonzero(np.diff(ist_days(at))), len(at) - 1)


def daily_returns(capital: int, closes: IntArray) -> FloatArray:
    """Return each session's relative change; the first is against the capital.

    They end with the session in which the equity was used up: from nothing there is no return.
    """
    before = np.concatenate(([capital], closes[:-1])).astype(np.float64)
    gone = np.flatnonzero(before <= 0)
    rows = int(gone[0]) if len(gone) else len(closes)
    returns: FloatArray = closes[:rows] / before[:rows] - 1.0
    return returns


def monthly_returns(capital: int, at: IntArray, equity: IntArray) -> dict[tuple[int, int], float]:
    """Return the change of each year and month, the first against the capital; it ends where nothing is left."""
    days, closes = daily_closes(at, equity)
    returns: dict[tuple[int, int], float] = {}
    before = capital
    dates = [date_of(day) for day in days.tolist()]
    for place, (day, close) in enumerate(zip(dates, closes.tolist(), strict=True)):
        month = (day.year, day.month)
        if place + 1 < len(dates) and (dates[place + 1].year, dates[place + 1].month) == month:
            continue
        if before <= 0:
            break
        returns[month] = close / before - 1.0
        before = close
    return returns


def cagr(returns: FloatArray) -> float | None:
    """Return the compound growth a year: (product of 1 + r) ** (252 / n) - 1 (empyrical: `cagr`).

    None for fewer than two sessions, and where nothing was left.
    """
    growth = float(np.prod(1.0 + returns))
    if len(returns) < 2 or growth <= 0:
        return None
    try:
        return float(growth ** (SESSIONS_A_YEAR / len(returns))) - 1.0
    except OverflowError:  # a few sessions of wild gains, annualised
        return None


def volatility(returns: FloatArray) -> float | None:
    """Return the sample deviation of daily returns times sqrt(252) (empyrical: `annual_volatility`)."""
    return float(np.std(returns, ddof=1)) * sqrt(SESSIONS_A_YEAR) if len(returns) > 1 else None


def sharpe(returns: FloatArray) -> float | None:
    """Return mean over sample deviation times sqrt(252), without a risk-free rate (Sharpe 1994)."""
    if len(returns) < 2:
        return None
    return ratio(float(np.mean(returns)) * sqrt(SESSIONS_A_YEAR), float(np.std(returns, ddof=1)))


def sortino(returns: FloatArray) -> float | None:
    """Return mean over downside deviation times sqrt(252).

    The downside deviation is the root of the mean square of all returns with the gains set to 0 (Sortino and Price
    1994, target 0). None where no session lost.
    """
    if len(returns) < 2:
        return None
    downside = sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    return ratio(float(np.mean(returns)) * sqrt(SESSIONS_A_YEAR), downside)


def drawdown(capital: int, at: IntArray, equity: IntArray) -> Drawdown:
    """Return the deepest fall of a curve that begins with the capital, step by step and not only at closes of days."""
    if not len(at):
        return Drawdown()
    times, values = np.concatenate((at[:1], at)), np.concatenate(([capital], equity))
    peaks = np.maximum.accumulate(values)
    shares = (peaks - values) / peaks
    trough = int(np.argmax(shares))
    if shares[trough] <= 0:
        return Drawdown()
    peak = int(np.flatnonzero(values[:trough] == peaks[trough])[-1])
    again = np.flatnonzero(values[trough:] >= peaks[trough])
    return Drawdown(
        share=float(shares[trough]),
        money=int(peaks[trough] - values[trough]),
        peak_at=int(times[peak]),
        trough_at=int(times[trough]),
        recovered_at=int(times[trough + again[0]]) if len(again) else None,
        longest=_longest_below(times, values < peaks),
    )


def deepest_fall(capital: int, equity: IntArray) -> float:
    """Return the share of the deepest fall alone: `drawdown` for a sweep of thousands of curves."""
    peak, deepest = capital, 0.0
    for first in range(0, len(equity), _BLOCK):  # what fits in a cache: of a long curve most time went on fresh memory
        values = equity[first : first + _BLOCK]
        peaks = np.maximum(np.maximum.accumulate(values), peak)
        deepest = max(deepest, float(((peaks - values) / peaks).max()))
        peak = peaks[-1]
    return deepest


def ratio(above: float, below: float) -> float | None:
    """Divide; None where that says nothing: by (nearly) nothing, or beyond the range of floats."""
    if abs(below) < _NO_VARIATION:
        return None
    quotient = above / below
    return quotient if isfinite(quotient) else None


def _longest_below(times: IntArray, is_below: BoolArray) -> int:
    """Return the longest time from a peak to where it was reached again, or to the end."""
    rows = np.arange(len(times))
    newest_peak = np.maximum.accumulate(np.where(is_below, 0, rows))
    ends = is_below.copy()
    ends[1:] |= is_below[:-1]  # the step that reaches the peak again ends the time below it
    since = newest_peak.copy()
    since[1:] = newest_peak[:-1]
    return int((times - times[since])[ends].max())


def _day(days: IntArray, profits: IntArray, row: int) -> DayResult:
    return DayResult(date=date_of(int(days[row])), profit=int(profits[row]))


def _mean_exposure(equity: IntArray, exposure: IntArray) -> float:
    has_money = equity > 0
    return float((exposure[has_money] / equity[has_money]).mean()) if has_money.any() else 0.0
