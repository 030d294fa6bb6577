"""What a signal asks for before the gate is asked: limit, stop, target and quantity.

The live bot, the backtest and the re-run of a recorded day all take an entry from this one function.
"""

from dataclasses import dataclass

from core import exits
from core.drift import DriftStep
from core.market import Instrument, Side, Tick
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.pricing import marketable_limit
from core.rules import TradingRules
from core.sizing import MILLION, quantity_for

TOO_SMALL = "TOO_SMALL"
"""Code of a signal that not one lot fits for."""


@dataclass(frozen=True, slots=True)
class PricedEntry:
    """An entry that nobody has allowed yet. Prices in units."""

    symbol: str
    side: Side
    limit: int
    stop: int
    """Around the last price; the one that is set follows from the fill. So for the target."""
    target: int
    quantity: int
    """0 where not one lot fits."""

    def intent(self, tag: str, product: Product, reason: str) -> OrderIntent:
        """Return the order."""
        return OrderIntent(
            tag=tag,
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            type=OrderType.LIMIT,
            limit_price=self.limit,
            product=product,
            purpose=Purpose.ENTRY,
            reason=reason,
        )


def priced_entry(side: Side, atr: float, tick: Tick, instrument: Instrument, rules: TradingRules) -> PricedEntry:
    """Price an entry at the last price and size it; `atr` is the average true range in units."""
    limit = marketable_limit(side, tick, rules.price_buffer, instrument)
    stop, target = exits.levels(side.sign, tick.ltp, atr, rules.stop_atr, rules.target_atr, instrument.tick)
    quantity = quantity_for(
        rules.sizing,
        capital=rules.capital,
        price=limit,
        stop_distance=max(abs(limit - stop), instrument.tick),
        lot=instrument.lot,
        freeze=instrument.freeze,
    )
    return PricedEntry(instrument.symbol, side, limit, stop, target, quantity)


def less_for_drift(quantity: int, step: DriftStep, rules: TradingRules, instrument: Instrument) -> int:
    """Return what a step of drift leaves of an entry, in whole lots; at the last one the gate refuses it, by name."""
    if step is not DriftStep.SHRINK:
        return quantity
    return quantity * rules.drift_size_ppm // MILLION // instrument.lot * instrument.lot
