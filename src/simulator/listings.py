"""What is listed: contracts with FYERS tokens, NSE tick sizes, and a size for symbols that nobody described.

A market made for tests must take any list of symbols. What is not known of one follows from its name alone, so that
the same symbol is the same share in every run and in every list.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from core.market import Instrument, is_index
from features.columns import IntArray

_TICK_BY_PRICE = ((25_000, 1), (100_000, 5), (500_000, 10), (1_000_000, 50), (2_000_000, 100))
_LARGEST_TICK = 500
_INDEX_TICK = 5
_TICKS = (500, 100, 50, 10, 5)
"""Those above 1, the largest first."""

_KNOWN = {
    "NSE:SBIN-EQ": (3045, 80_000, 0.011),
    "NSE:RELIANCE-EQ": (2885, 140_000, 0.010),
    "NSE:INFY-EQ": (1594, 160_000, 0.010),
    "NSE:NIFTY50-INDEX": (26000, 2_500_000, 0.006),
}
"""Exchange token, price in paise and daily volatility of the symbols of the demonstration."""

DEFAULT_SYMBOLS = tuple(_KNOWN)

_CASH_PREFIX = "1010000000"
"""Exchange 10 (NSE), segment 10 (cash), no expiry: fyToken before the exchange token (fyers-api 2.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A share or index as the generator sees it."""

    instrument: Instrument
    price: int
    """Level the price wanders around, in units."""
    daily_volatility: float
    """Standard deviation of the session's noise, as a share of price."""
    turnover: int = 5_000_000_000_00
    """Value traded in an ordinary day, in units."""


def nse_tick(price: int) -> int:
    """Tick size in paise of an NSE share by its price in paise, as valid since 2025-04-15 (fyers-api 8.1)."""
    return next((tick for below, tick in _TICK_BY_PRICE if price < below), _LARGEST_TICK)


def tick_kept_by(*columns: IntArray) -> int | None:
    """Return the largest tick that all prices keep to, in units; None where they keep to none above 1."""
    return next((tick for tick in _TICKS if all(not (column % tick).any() for column in columns)), None)


def fy_token(symbol: str) -> str:
    """FYERS' token of a cash symbol; for one we do not know, made from its name in the range 100000 to 999999."""
    known = _KNOWN.get(symbol)
    number = known[0] if known else 100_000 + zlib.crc32(symbol.encode()) % 900_000
    return f"{_CASH_PREFIX}{number}"


def listing(symbol: str) -> Listing:
    """Describe a symbol; price (100 to 3,000 rupees) and volatility of an unknown one follow from its name."""
    known = _KNOWN.get(symbol)
    if known:
        _, price, volatility = known
    else:
        share = zlib.crc32(f"price of {symbol}".encode()) % 1_000 / 1_000
        price = round(10_000 * 30**share)
        volatility = 0.009 + 0.006 * share
    instrument = Instrument(
        symbol=symbol,
        token=fy_token(symbol),
        tick=_INDEX_TICK if is_index(symbol) else nse_tick(price),
        freeze=None if is_index(symbol) else max(1_000, 2_000_000_000 // price),
    )
    return Listing(instrument=instrument, price=price, daily_volatility=volatility)


def listings(symbols: Sequence[str]) -> dict[str, Listing]:
    """Describe a list of symbols. Raises `ValueError` for two with one token: no feed can tell them apart."""
    listed = {symbol: listing(symbol) for symbol in symbols}
    by_token: dict[str, str] = {}
    for symbol, row in listed.items():
        other = by_token.setdefault(row.instrument.token, symbol)
        if other != symbol:
            raise ValueError(f"{symbol} and {other} get the same token {row.instrument.token}: rename one of them")
    return listed
