"""Money and prices as people in India read them: 12,34,567.80, with a sign where the direction matters."""

from math import floor


def rupees(units: float, scale: int = 2) -> str:
    """Write an amount in units as rupees with two decimals (four for scale 4), digits grouped in lakhs and crores."""
    digits = max(2, scale)
    whole, _, fraction = f"{abs(units) / 10**scale:.{digits}f}".partition(".")
    grouped = whole[-3:]
    rest = whole[:-3]
    while rest:
        grouped = f"{rest[-2:]},{grouped}"
        rest = rest[:-2]
    text = f"{grouped}.{fraction}"
    return f"-{text}" if units < 0 and float(f"{whole}.{fraction}") > 0 else text


def signed_rupees(units: float, scale: int = 2) -> str:
    """Write an amount with its sign; nothing is neither."""
    text = rupees(units, scale)
    return f"+{text}" if units > 0 and text.strip("0.") else text


def profit_style(units: float) -> str:
    """Return the colour of a profit, a loss, or neither."""
    if units > 0:
        return "green"
    return "red" if units < 0 else "dim"


def short_symbol(symbol: str) -> str:
    """Drop what is the same in every row: `NSE:SBIN-EQ` is `SBIN`."""
    return symbol.partition(":")[2].removesuffix("-EQ") or symbol


def share_text(share: float) -> str:
    """Write a share in per cent, rounded down: 100.00% means all of it."""
    return f"{floor(share * 10_000) / 100:.2f}%"
