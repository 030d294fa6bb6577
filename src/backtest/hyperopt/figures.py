"""What a combination came to: the few figures that a search judges by, from columns and without a trade as an object.

They are those of `fyersbot report`, by the same formulas: docs/reports.md.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from backtest.fast_tables import Field, Outcome
from backtest.layout import Market
from features.columns import FloatArray, IntArray
from reporting.metrics import cagr, daily_returns, deepest_fall, ratio, sharpe, sortino


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """A run in figures. What cannot be said, such as a Sharpe ratio without a trade, is None."""

    trades: int
    net: int
    """Profit after charges, in paise."""
    charges: int
    """In paise."""
    win_rate: float | None
    total_return: float
    """Profit as a share of the capital, open positions marked to the last close."""
    drawdown: float
    """Deepest fall from a peak, as a share of the peak."""
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    longest_holding: int
    """Nanoseconds of the longest trade."""
    returns: FloatArray
    """Of each session; 0 after one in which everything was lost."""


class Objective(Enum):
    """What is searched for; more is better for each."""

    SHARPE = "sharpe"
    SORTINO = "sortino"
    CALMAR = "calmar"
    PROFIT = "profit"
    """Net profit as a share of the capital."""
    DRAWDOWN = "drawdown"
    """The deepest fall, negated; for use beside another."""
    PROFIT_LESS_DRAWDOWN = "profit_less_drawdown"
    """Net profit less the deepest fall, both as shares of the capital."""

    def of(self, figures: Figures) -> float | None:
        """Return what a run is worth by this; None where it cannot be said."""
        match self:
            case Objective.SHARPE:
                return figures.sharpe
            case Objective.SORTINO:
                return figures.sortino
            case Objective.CALMAR:
                return figures.calmar
            case Objective.PROFIT:
                return figures.total_return
            case Objective.DRAWDOWN:
                return -figures.drawdown
            case Objective.PROFIT_LESS_DRAWDOWN:
                return figures.total_return - figures.drawdown


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a combination has to keep to, however good it is."""

    min_trades: int = 1
    max_drawdown: float = 1.0
    """As a share of the peak."""

    def excess(self, figures: Figures) -> dict[str, float]:
        """Return by how much each condition is missed; 0 or less: it is kept."""
        return {
            "min_trades": float(self.min_trades - figures.trades),
            "max_drawdown": figures.drawdown - self.max_drawdown,
        }

    def are_kept(self, figures: Figures) -> bool:
        """Whether all are."""
        return all(each <= 0 for each in self.excess(figures).values())


def figures_of(capital: int, market: Market, last_steps: IntArray, outcome: Outcome) -> Figures:
    """Return the figures of a walk with a curve; `last_steps` are the steps that end a session."""
    trades = outcome.trades
    entries, exits = (market.instants(trades[:, each]) for each in (Field.ENTRY_MOMENT, Field.EXIT_MOMENT))
    gains = trades[:, Field.SIDE] * (trades[:, Field.EXIT_VALUE] - trades[:, Field.ENTRY_VALUE])
    nets = gains - trades[:, Field.CHARGES]
    closes = outcome.equity[last_steps]
    returns = daily_returns(capital, closes)
    fall, growth = deepest_fall(capital, outcome.equity), cagr(returns)
    every = np.zeros(len(closes))
    every[: len(returns)] = returns
    return Figures(
        trades=len(trades),
        net=int(nets.sum()),
        charges=int(trades[:, Field.CHARGES].sum()),
        win_rate=float((nets > 0).mean()) if len(nets) else None,
        total_return=(int(closes[-1]) - capital) / capital,
        drawdown=fall,
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        calmar=ratio(growth, fall) if growth is not None else None,
        longest_holding=int((exits - entries).max(initial=0)),
        returns=every,
    )
