"""All figures of one run, computed once: text, page, JSON and comparison only show them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.columns import IntArray
from reporting.breakdowns import Dimension, TradeGroup, breakdown
from reporting.metrics import CurveMetrics, curve_metrics, daily_closes, daily_returns
from reporting.monte_carlo import RUNS, MonteCarlo, Resampling, monte_carlo
from reporting.overfitting import moments, probabilistic_sharpe
from reporting.run_record import RunRecord
from reporting.trade_columns import TradeColumns
from reporting.trade_statistics import TradeStatistics, trade_statistics


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """A run with its figures."""

    record: RunRecord
    curve: CurveMetrics
    trades: TradeStatistics
    groups: Mapping[Dimension, tuple[TradeGroup, ...]]
    monte_carlo: tuple[MonteCarlo, ...]
    """One for each way of drawing; none of a run with fewer than two trades."""
    probabilistic_sharpe: float | None
    """Chance that the true Sharpe ratio is above 0; it does not know how many strategies were tried."""

    @property
    def market_change(self) -> float | None:
        """Mean over the symbols of last close over first close, less 1: what holding them all would have brought."""
        changes = [market.market_change for market in self.record.markets]
        return sum(changes) / len(changes) if changes else None

    @property
    def turnover(self) -> float | None:
        """What was bought and sold in a mean session, as a multiple of the capital."""
        sessions, capital = self.curve.sessions, self.record.facts.capital
        return self.trades.traded_value / capital / sessions if sessions else None

    @property
    def trades_a_day(self) -> float | None:
        """Mean number of trades a session."""
        return self.trades.trades / self.curve.sessions if self.curve.sessions else None


def analyse(record: RunRecord, runs: int = RUNS) -> Analysis:
    """Compute every figure of a run, drawing its trades again `runs` times (0: not at all).

    The same trades give the same figures: chance is seeded by what they earned.
    """
    columns = TradeColumns.of(record.trades)
    capital = record.facts.capital
    _, closes = daily_closes(record.at, record.equity)
    series = moments(daily_returns(capital, closes))
    generator = np.random.default_rng(_seed(columns.net))
    drawn = (monte_carlo(columns.net, capital, way, generator, runs) for way in Resampling)
    return Analysis(
        record=record,
        curve=curve_metrics(capital, record.at, record.equity, record.exposure),
        trades=trade_statistics(columns),
        groups={each: breakdown(record.trades, columns, each) for each in Dimension},
        monte_carlo=tuple(each for each in drawn if each is not None),
        probabilistic_sharpe=probabilistic_sharpe(series) if series else None,
    )


def _seed(nets: IntArray) -> int:
    return int.from_bytes(hashlib.sha256(nets.tobytes()).digest()[:8], "big")
