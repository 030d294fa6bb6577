"""Prices of the orders we send: a market order becomes a marketable limit order on the tick grid, inside the band."""

from core.market import Instrument, Rounding, Side, Tick


def marketable_limit(side: Side, tick: Tick, buffer: float, instrument: Instrument) -> int:
    """Return a limit price beyond the touch by a share of price, so that the order trades at once or shows why not.

    The touch is the best price of the other side, or the last price where the book shows none. Rounds away from the
    market, so that the buffer is never smaller than asked for.
    """
    touch = (tick.ask if side is Side.BUY else tick.bid) or tick.ltp
    if side is Side.BUY:
        return instrument.clamp(instrument.round_price(max(touch, tick.ltp) * (1 + buffer), Rounding.UP))
    price = instrument.round_price(min(touch, tick.ltp) * (1 - buffer), Rounding.DOWN)
    return instrument.clamp(max(price, instrument.tick))


def stop_trigger(side: Side, trigger: int, instrument: Instrument) -> int:
    """Return the trigger of a protective stop as near as the band allows, with room for its limit one tick beyond."""
    if side is Side.BUY:
        return trigger if instrument.upper_band is None else min(trigger, instrument.upper_band - instrument.tick)
    lowest = (instrument.lower_band or instrument.tick) + instrument.tick
    return max(trigger, lowest)


def stop_limit(side: Side, trigger: int, offset: float, instrument: Instrument) -> int:
    """Return the limit price of a protective stop: beyond its trigger by a share of price, at least one tick."""
    if side is Side.BUY:
        price = instrument.round_price(trigger * (1 + offset), Rounding.UP)
        return instrument.clamp(max(price, trigger + instrument.tick))
    price = instrument.round_price(trigger * (1 - offset), Rounding.DOWN)
    return instrument.clamp(min(price, trigger - instrument.tick))
