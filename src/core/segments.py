"""Which market a contract belongs to: shares, futures and options are charged by different rate cards."""

from enum import Enum

from core.errors import ConfigurationError
from core.market import Instrument


class Segment(Enum):
    """A market with rate cards of its own; the value is its name in `config/charges.yaml`."""

    EQUITY = "equity"
    FUTURES = "futures"
    OPTIONS = "options"
    COMMODITY_FUTURES = "commodity_futures"
    COMMODITY_OPTIONS = "commodity_options"


_FUTURES = {"1011": Segment.FUTURES, "1120": Segment.COMMODITY_FUTURES}
_OPTIONS = {"1011": Segment.OPTIONS, "1120": Segment.COMMODITY_OPTIONS}
NSE_CASH = "1010"
"""Exchange and segment, with which a fyToken begins: 1010 and 1011 are NSE, 1120 is MCX (fyers-api 2.5)."""


def segment_of(instrument: Instrument) -> Segment:
    """Return the segment of a contract. Raises `ConfigurationError` for one whose charges are not known."""
    symbol, begins = instrument.symbol, instrument.token[: len(NSE_CASH)]
    if begins == NSE_CASH and not instrument.is_index:
        return Segment.EQUITY
    if symbol.endswith("FUT") and begins in _FUTURES:
        return _FUTURES[begins]
    if symbol.endswith(("CE", "PE")) and begins in _OPTIONS:
        return _OPTIONS[begins]
    raise ConfigurationError(
        f"{symbol} has token {instrument.token}: no charges are known for it; choose a share, future or option of NSE, "
        "or a commodity of MCX"
    )
