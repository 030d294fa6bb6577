"""What a set of trades came to, whatever set it is: a whole run, one symbol, one hour of the day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

import numpy as np

from core.market import Side
from core.positions import Trade
from reporting.metrics import ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeStatistics:
    """Figures of some trades. Money is paise after charges unless it says otherwise, durations are nanoseconds."""

    trades: int
    wins: int
    losses: int
    """Trades without profit or loss are neither."""
    longs: int
    net: int
    gross: int
    """Before charges."""
    charges: int
    profit: int
    """Sum of the winners."""
    loss: int
    """Sum of the losers, negative or 0."""
    best: int | None
    worst: int | None
    traded_value: int
    """What was bought and what was sold, together."""
    consecutive_wins: int
    consecutive_losses: int
    holding: int | None
    """Mean time from the first opening to the last closing fill."""
    holding_winners: int | None
    holding_losers: int | None
    system_quality: float | None
    """SQN: sqrt(n) times mean over sample deviation of the net profits (Tharp 2008, in money as freqtrade does)."""

    @property
    def win_rate(self) -> float | None:
        """Winners over all trades."""
        return self.wins / self.trades if self.trades else None

    @property
    def profit_factor(self) -> float | None:
        """What the winners made over what the losers lost; None without a loser."""
        return ratio(self.profit, -self.loss)

    @property
    def expectancy(self) -> float | None:
        """Mean net profit of a trade, in paise."""
        return self.net / self.trades if self.trades else None

    @property
    def expectancy_ratio(self) -> float | None:
        """Expectancy over the mean loss: what a trade brings for each rupee that a loser costs."""
        return self.expectancy / -self.mean_loss if self.expectancy is not None and self.mean_loss else None

    @property
    def mean_win(self) -> float | None:
        """Mean of the winners, in paise."""
        return self.profit / self.wins if self.wins else None

    @property
    def mean_loss(self) -> float | None:
        """Mean of the losers, in paise; negative."""
        return self.loss / self.losses if self.losses else None

    @property
    def payoff_ratio(self) -> float | None:
        """Mean winner over mean loser; None without one of them."""
        return self.mean_win / -self.mean_loss if self.mean_win is not None and self.mean_loss else None


def trade_statistics(trades: Sequence[Trade]) -> TradeStatistics:
    """Return the figures of trades, given in the order of their ends."""
    nets = [trade.net for trade in trades]
    winners = [trade for trade in trades if trade.net > 0]
    losers = [trade for trade in trades if trade.net < 0]
    return TradeStatistics(
        trades=len(trades),
        wins=len(winners),
        losses=len(losers),
        longs=sum(trade.side is Side.BUY for trade in trades),
        net=sum(nets),
        gross=sum(trade.gross for trade in trades),
        charges=sum(trade.charges for trade in trades),
        profit=sum(trade.net for trade in winners),
        loss=sum(trade.net for trade in losers),
        best=max(nets, default=None),
        worst=min(nets, default=None),
        traded_value=sum(trade.entry_value + trade.exit_value for trade in trades),
        consecutive_wins=_longest_run(net > 0 for net in nets),
        consecutive_losses=_longest_run(net < 0 for net in nets),
        holding=_mean_holding(trades),
        holding_winners=_mean_holding(winners),
        holding_losers=_mean_holding(losers),
        system_quality=_system_quality(nets),
    )


def _longest_run(signs: Iterable[bool]) -> int:
    return max((sum(1 for _ in run) for sign, run in groupby(signs) if sign), default=0)


def _mean_holding(trades: Sequence[Trade]) -> int | None:
    return sum(trade.exit_at - trade.entry_at for trade in trades) // len(trades) if trades else None


def _system_quality(nets: Sequence[int]) -> float | None:
    if len(nets) < 2:
        return None
    values = np.array(nets, dtype=np.float64)
    return ratio(sqrt(len(nets)) * float(values.mean()), float(values.std(ddof=1)))
