"""What it costs if this machine dies now and nobody comes: the loss that the stops at the broker leave open."""

from collections.abc import Mapping

from core.market import Instrument
from core.state import BotState
from core.tracking import OpenPosition

GAP_PERCENT = 10
"""How far an unprotected position is thought to run against us where the exchange names no band for the day."""


def loss_if_left_alone(state: BotState, instruments: Mapping[str, Instrument]) -> int:
    """Return what open positions lose from their entries if we do nothing from now on, in units; never below 0.

    Shares that a confirmed stop covers are sold at its limit price, the worst it allows. All others run to the end of
    the day's price band, or `GAP_PERCENT` from their entry where no band is known. A gain of one position does not
    make up for another's loss.
    """
    return sum(max(0, -_outcome(state, position, instruments)) for position in state.positions.values())


def _outcome(state: BotState, position: OpenPosition, instruments: Mapping[str, Instrument]) -> int:
    """Profit of a position that is left to its stop, in units."""
    if position.quantity <= 0:
        return 0
    order = state.exit_order(position.symbol)
    covered = min(order.remaining, position.quantity) if order is not None and order.is_confirmed_for(position) else 0
    limit = order.limit_price if order is not None else 0
    worst = _worst_price(position, instruments.get(position.symbol))
    left = (position.quantity - covered) * worst + covered * (limit or worst)
    return position.side.value * (position.exit_value + left - position.entry_value)


def _worst_price(position: OpenPosition, instrument: Instrument | None) -> int:
    entry = position.entry_value // position.entry_filled
    gap = entry - position.side.value * (entry * GAP_PERCENT // 100)
    if instrument is None:
        return gap
    return (instrument.lower_band if position.side.value > 0 else instrument.upper_band) or gap
