"""What we hold and what it came to. Values are sums of price times quantity, so that no average is ever rounded."""

from dataclasses import dataclass

from core.instants import Instant
from core.market import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One round trip, from flat to flat. Money is in units (paise for scale 2), prices too."""

    symbol: str
    side: Side
    """BUY for a long trade, SELL for a short one."""
    quantity: int
    entry_at: Instant
    """The first fill that opened it."""
    entry_value: int
    """Sum of price times quantity over the opening fills."""
    exit_at: Instant
    """The last fill that closed it."""
    exit_value: int
    """Sum of price times quantity over the closing fills."""
    exit_reason: str
    """`stop_loss`, `target`, `square_off` or another word of the exit vocabulary."""
    charges: int
    """Brokerage, taxes and fees of both sides."""
    stop: int
    """The protective stop the trade began with."""
    target: int
    """The target the trade began with; 0 means none."""
    probability: float
    """Confidence of the signal behind the entry, 0 to 1."""

    def __post_init__(self) -> None:
        """Refuse a trade that cannot have been. Raises `ValueError`."""
        if self.quantity <= 0 or self.entry_value <= 0 or self.exit_value <= 0:
            raise ValueError(
                f"impossible trade in {self.symbol}: quantity {self.quantity}, entry value {self.entry_value}, "
                f"exit value {self.exit_value}; all must be above 0"
            )
        if self.exit_at < self.entry_at:
            raise ValueError(f"impossible trade in {self.symbol}: it ends before it begins")

    @property
    def gross(self) -> int:
        """Profit before charges; negative for a loss."""
        return self.side.sign * (self.exit_value - self.entry_value)

    @property
    def net(self) -> int:
        """Profit after charges; negative for a loss."""
        return self.gross - self.charges

    @property
    def entry_price(self) -> float:
        """Average opening price, for people; money is computed from the values."""
        return self.entry_value / self.quantity

    @property
    def exit_price(self) -> float:
        """Average closing price, for people; money is computed from the values."""
        return self.exit_value / self.quantity
