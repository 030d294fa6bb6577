"""What the open positions have made so far, asked for at each price: so the total is kept and never summed anew.

Profits are whole units, so a total that is changed by differences is exact.
"""


class OpenProfit:
    """Profit before charges of each open position at the last price seen for it, in units."""

    def __init__(self) -> None:
        self.total = 0
        self._of: dict[str, int] = {}

    def __contains__(self, symbol: str) -> bool:
        """Whether a price was seen for an open position in a symbol."""
        return symbol in self._of

    def mark(self, symbol: str, profit: int) -> None:
        """Take the profit of a position at a new price."""
        self.total += profit - self._of.get(symbol, 0)
        self._of[symbol] = profit

    def forget(self, symbol: str) -> None:
        """Take a position out that is closed."""
        self.total -= self._of.pop(symbol, 0)
