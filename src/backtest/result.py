"""What a run came to: trades, an equity curve, and what was refused and why. Both engines return it."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.charges import Charges
from core.instants import Instant
from core.positions import Trade
from features.columns import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class EquityCurve:
    """One point a step: the candles that start together. Money in units."""

    at: IntArray
    """When the step's candles were known."""
    equity: IntArray
    """Capital, what was realised, and open positions marked to the close."""
    exposure: IntArray
    """Value of the open positions at the close, long and short alike."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestResult:
    """A finished run."""

    trades: tuple[Trade, ...]
    """In order of their end."""
    charges: Charges
    curve: EquityCurve
    candles: int
    """How many candles were walked, over all symbols."""
    refusals: Mapping[str, int]
    """How often an entry was refused or lapsed, by code."""
    corporate_actions: tuple[tuple[str, Instant], ...] = ()
    """Symbol and start of the candle at which a split or bonus was suspected while a position was held."""

    @property
    def net(self) -> int:
        """Profit after charges, in units."""
        return sum(trade.net for trade in self.trades)
