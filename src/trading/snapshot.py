"""One moment of the bot as the live view shows it: plain facts, taken by the writer thread, read by another."""

from dataclasses import dataclass

from core.events import FeedState, SafetyLevel
from core.instants import Instant
from core.market import Side
from core.sessions import TradingDay
from core.signals import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """An open position. Prices and money in units."""

    side: Side
    quantity: int
    entry_price: float
    """Average of the fills, for showing."""
    stop: int
    target: int
    """0 means none."""
    profit: int
    """Unrealised, before charges, at the last price."""
    is_protected: bool = True
    """Whether a stop that covers all of it rests at the broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolView:
    """One symbol's row."""

    symbol: str
    last_price: int = 0
    """In units; 0 before the first tick."""
    age_seconds: float = 0.0
    """Market seconds since the exchange's time of the last tick."""
    direction: Direction = Direction.NONE
    """What the strategy last wanted."""
    probability: float = 0.0
    decided_at: Instant = 0
    """When it said so, shortly after the close of the candle it spoke on; 0 before it has."""
    position: PositionView | None = None
    note: str = ""
    """Why this symbol is not traded, if it is not."""
    scale: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSnapshot:
    """Everything the live view shows, at one instant."""

    at: Instant
    day: TradingDay | None
    mode: str
    account: str
    strategy: str
    level: SafetyLevel
    level_why: str = ""
    is_rehearsal: bool = False
    """Whether every endpoint is this machine, so that no real money is at stake."""
    feeds: tuple[tuple[str, FeedState], ...] = ()
    """Name and state of each feed."""
    symbols: tuple[SymbolView, ...] = ()
    realised: int = 0
    """Net profit of the closed trades, in units."""
    max_loss: int = 0
    """Loss of the day that closes everything, in units; 0 hides the gauge."""
    loss_if_left: int = 0
    """What the open positions would lose from their entries if this machine died now, in units."""
    protected: float | None = None
    """Share of the day's position time with a stop at the broker; None while nothing was held."""
    trades: int = 0
    wins: int = 0
    signals: int = 0
    log: tuple[str, ...] = ()
    """The last lines of the log, oldest first."""

    @property
    def unrealised(self) -> int:
        """Profit of the open positions before charges, in units."""
        return sum(view.position.profit for view in self.symbols if view.position is not None)

    @property
    def net(self) -> int:
        """Realised and unrealised together: what the loss limit watches."""
        return self.realised + self.unrealised
