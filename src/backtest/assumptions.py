"""What a bar does not tell and a backtest has to assume: see docs/backtest-assumptions.md."""

from dataclasses import dataclass
from enum import Enum

from core.errors import ConfigurationError
from core.orders import Product

MOST_NIGHTS = 1
"""How many an entry may wait: it lapses when the session behind them is over as well."""


class Mode(Enum):
    """How long a position may be held."""

    INTRADAY = "intraday"
    """Until the day's square-off."""
    POSITIONAL = "positional"
    """Over night, as long as neither stop nor target is hit."""

    @property
    def product(self) -> Product:
        """The product that such positions are bought under."""
        return Product.INTRADAY if self is Mode.INTRADAY else Product.CNC


class EntryFill(Enum):
    """At what price an entry may fill."""

    LIMIT = "limit"
    """No farther from the close than the live bot's limit."""
    OPEN = "open"
    """At the next open, wherever it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillAssumptions:
    """The models of fill price and quantity. Raises `ConfigurationError` for a number that makes no sense."""

    entry: EntryFill = EntryFill.LIMIT
    spread_ticks: int = 1
    """Ticks between bid and ask; half of it, rounded up, is paid on each fill at the market."""
    slippage_ticks: int = 0
    """Ticks by which the market moves away on top of it."""
    slippage_share: float = 0.0
    """Share of the price by which it moves away on top of that, rounded up to the tick."""
    volume_share: float = 0.1
    """Largest share of a bar's volume that one fill takes; 0 for no limit."""

    def __post_init__(self) -> None:
        if self.spread_ticks < 0 or self.slippage_ticks < 0:
            ticks = f"spread_ticks {self.spread_ticks}, slippage_ticks {self.slippage_ticks}"
            raise ConfigurationError(f"{ticks}: a fill is never better than the price; give 0 or more")
        if not 0 <= self.slippage_share < 0.1:
            raise ConfigurationError(f"slippage_share {self.slippage_share}: give a share of the price, 0 to below 0.1")
        if not 0 <= self.volume_share <= 1:
            raise ConfigurationError(f"volume_share {self.volume_share}: give a share of a bar's volume, 0 to 1")
