"""Prices of the orders we send: a market order becomes a marketable limit order on the tick grid, inside the band."""

from core.market import Instrument, Side, Tick
from core.price_grid import down_to_grid, up_to_grid


def marketable_limit(side: Side, tick: Tick, buffer: float, instrument: Instrument) -> int:
    """Return a limit price beyond the touch by a share of price, so that the order trades at once or shows why not.

    The touch is the best price of the other side, or the last price where the book shows none. Rounds away from the
    market, so that the buffer is never smaller than asked for.
    """
    touch = (tick.ask if side is Side.BUY else tick.bid) or tick.ltp
    price = max(touch, tick.ltp) if side is Side.BUY else min(touch, tick.ltp)
    return instrument.clamp(limit_beyond(side.sign, price, buffer, instrument.tick))


def limit_beyond(side: int, price: int, buffer: float, tick: int) -> int:
    """Return a limit beyond a price by a share of it, in plain numbers, so that numba can compile this same function.

    `side` is 1 for buy and -1 for sell. Rounds away from the price; a sale's limit is one tick or more.
    """
    if side > 0:
        return up_to_grid(price * (1 + buffer), tick)
    return max(down_to_grid(price * (1 - buffer), tick), tick)


def stop_trigger(side: Side, trigger: int, instrument: Instrument) -> int:
    """Return the trigger of a protective stop as near as the band allows, with room for its limit one tick beyond."""
    if side is Side.BUY:
        return trigger if instrument.upper_band is None else min(trigger, instrument.upper_band - instrument.tick)
    lowest = (instrument.lower_band or instrument.tick) + instrument.tick
    return max(trigger, lowest)


def stop_limit(side: Side, trigger: int, offset: float, instrument: Instrument) -> int:
    """Return the limit price of a protective stop: beyond its trigger by a share of price, at least one tick."""
    return instrument.clamp(stop_limit_beyond(side.sign, trigger, offset, instrument.tick))


def stop_limit_beyond(side: int, trigger: int, offset: float, tick: int) -> int:
    """Return the same in plain numbers and without a band; `side` is 1 for buy and -1 for sell."""
    if side > 0:
        return max(up_to_grid(trigger * (1 + offset), tick), trigger + tick)
    return min(down_to_grid(trigger * (1 - offset), tick), trigger - tick)
