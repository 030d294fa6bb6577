"""The day's price bands where the symbol master does not tell them: an entry without a known band is refused.

FYERS' master in JSON has the bands, the one in CSV that stands in for it has not. The depth of a symbol has them too.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from core.errors import BrokerError
from core.market import Instrument

logger = logging.getLogger("trading.day_bands")

Band = tuple[int, int]
"""Lowest and highest price of the day, in units."""


def with_bands(instruments: Mapping[str, Instrument], ask: Callable[[str], Band | None]) -> dict[str, Instrument]:
    """Return the instruments with every band that is known; `ask` is asked for those of which one is missing.

    What cannot be read stays unknown, and is told: the gate then refuses entries in that symbol.
    """
    return {symbol: _with_band(instrument, ask) for symbol, instrument in instruments.items()}


def _with_band(instrument: Instrument, ask: Callable[[str], Band | None]) -> Instrument:
    is_known = instrument.lower_band is not None and instrument.upper_band is not None
    if is_known or instrument.is_index:
        return instrument
    why = "the broker does not say"
    try:
        band = ask(instrument.symbol)
    except BrokerError as error:
        band, why = None, str(error)
    if band is None:
        logger.warning("no entries in %s (PRICE_BAND): the day's price band is not known: %s", instrument.symbol, why)
        return instrument
    lower, upper = band
    return replace(instrument, lower_band=lower, upper_band=upper)
