"""How many shares to buy or sell: a wish by one of three methods, cut down to what capital and exchange allow.

Whole numbers only. The answer is always rounded down; 0 means that the trade is too small, or too dear, to be made.
"""

from dataclasses import dataclass
from enum import Enum

MILLION = 1_000_000
NO_FREEZE = 1 << 62
"""Stands for a freeze quantity that nobody knows: more than any order."""
FIXED, CAPITAL, RISK = range(3)
"""Codes of the methods, for compiled code."""


class SizingMethod(Enum):
    """How the wished quantity is found, named as in the configuration."""

    FIXED = "fixed"
    """The same number of shares every time."""
    CAPITAL = "capital"
    """As many as a share of capital pays for."""
    RISK = "risk"
    """As many as lose a set share of capital when the stop is hit."""

    @property
    def code(self) -> int:
        """Its number, for compiled code."""
        return _CODES[self]


_CODES = {SizingMethod.FIXED: FIXED, SizingMethod.CAPITAL: CAPITAL, SizingMethod.RISK: RISK}


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingRule:
    """The method and its bounds. Shares of capital are parts per million, so that money stays in whole numbers."""

    method: SizingMethod
    quantity: int
    """Shares wished for by FIXED."""
    capital_ppm: int
    """Largest value of one position, in parts per million of capital; bounds every method."""
    risk_ppm: int
    """Loss at the stop that RISK aims for, in parts per million of capital, before charges."""
    max_order_value: int
    """Largest value of one order, in units."""


def quantity_for(
    rule: SizingRule, *, capital: int, price: int, stop_distance: int, lot: int, freeze: int | None
) -> int:
    """Return how many to trade: whole lots within capital share, order value and freeze quantity; 0 for none.

    `capital`, `price` and `stop_distance` (between entry and stop) are in units. At the freeze quantity the exchange
    refuses, so the answer stays below it. RISK is the fixed-fractional rule: quantity = risked money / stop distance.
    Raises `ValueError` for a price, distance or lot that is not above 0.
    """
    if price <= 0 or stop_distance <= 0 or lot <= 0:
        raise ValueError(f"price {price}, stop distance {stop_distance}, lot {lot}: all must be above 0")
    return sized(
        rule.method.code, rule.quantity, rule.capital_ppm, rule.risk_ppm, rule.max_order_value,
        capital, price, stop_distance, lot, NO_FREEZE if freeze is None else freeze,
    )  # fmt: skip


def sized(
    method: int, quantity: int, capital_ppm: int, risk_ppm: int, max_order_value: int,
    capital: int, price: int, stop_distance: int, lot: int, freeze: int,
) -> int:  # fmt: skip
    """Answer as `quantity_for` does, in plain whole numbers, so that numba can compile this same function.

    `method` is a `SizingMethod`'s code; `NO_FREEZE` stands for an unknown freeze quantity.
    """
    affordable = capital * capital_ppm // (MILLION * price)
    if method == FIXED:
        wished = quantity
    elif method == RISK:
        wished = capital * risk_ppm // (MILLION * stop_distance)
    else:
        wished = affordable
    allowed = min(wished, affordable, max_order_value // price, freeze - 1)
    return max(0, allowed // lot * lot)
