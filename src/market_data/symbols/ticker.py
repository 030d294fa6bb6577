"""What a FYERS ticker says of itself: its exchange, and whether it is a share or derives from something.

The name decides which of the broker's lists may hold it and which market's hours it keeps, before any list is read.
"""

import re

from core.errors import ConfigurationError

_DERIVATIVE = re.compile(r"\d(?:(?:[A-Z]{3}|[A-Z]?\d{2,3})FUT|CE|PE)$")
_COMMODITIES = "MCX:"


def segments_of(symbol: str) -> tuple[str, ...]:
    """Return the master files that may hold a ticker. Raises `ConfigurationError` for an unknown exchange."""
    exchange = symbol.partition(":")[0]
    match exchange:
        case "NSE":
            return ("NSE_FO", "NSE_CD") if is_derivative(symbol) else ("NSE_CM",)
        case "BSE":
            return ("BSE_FO",) if is_derivative(symbol) else ("BSE_CM",)
        case "MCX":
            return ("MCX_COM",)
        case _:
            raise ConfigurationError(
                f"symbols: {symbol[:60]!r} names no known exchange (NSE, BSE, MCX), as NSE:SBIN-EQ does"
            )


def is_derivative(symbol: str) -> bool:
    """Whether a ticker names a future or an option, as everything on the commodity exchange does."""
    return is_commodity(symbol) or _DERIVATIVE.search(symbol.partition(":")[2]) is not None


def is_commodity(symbol: str) -> bool:
    """Whether a ticker is one of the commodity exchange."""
    return symbol.startswith(_COMMODITIES)
