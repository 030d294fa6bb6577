"""What a set of trades came to, whatever set it is: a whole run, one symbol, one hour of the day."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from features.columns import BoolArray, IntArray
from reporting.metrics import ratio
from reporting.trade_columns import TradeColumns


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


def trade_statistics(trades: TradeColumns) -> TradeStatistics:
    """Return the figures of trades, given in the order of their ends."""
    net, holding = trades.net, trades.holding
    won, lost = net > 0, net < 0
    return TradeStatistics(
        trades=len(trades),
        wins=int(won.sum()),
        losses=int(lost.sum()),
        longs=int(trades.is_long.sum()),
        net=int(net.sum()),
        gross=int(trades.gross.sum()),
        charges=int(trades.charges.sum()),
        profit=int(net[won].sum()),
        loss=int(net[lost].sum()),
        best=int(net.max()) if len(net) else None,
        worst=int(net.min()) if len(net) else None,
        traded_value=int(trades.traded_value.sum()),
        consecutive_wins=_longest_run(won),
        consecutive_losses=_longest_run(lost),
        holding=_mean(holding),
        holding_winners=_mean(holding[won]),
        holding_losers=_mean(holding[lost]),
        system_quality=_system_quality(net),
    )


def _longest_run(signs: BoolArray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], signs.astype(np.int64), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _mean(durations: IntArray) -> int | None:
    return int(durations.sum()) // len(durations) if len(durations) else None


def _system_quality(net: IntArray) -> float | None:
    return ratio(sqrt(len(net)) * float(net.mean()), float(net.std(ddof=1))) if len(net) > 1 else None
