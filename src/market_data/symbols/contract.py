"""What a symbol master says of one contract, and what its segments are called and numbered.

More than an order needs (`core.market.Instrument`): also what people search by and what tells an expired contract from
a listed one. Prices are whole units, as everywhere; a fact that a master does not give is None, never a guess.
"""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from core.errors import ConfigurationError, DataError
from core.market import Instrument, is_index

INDEX_TICK = 5
"""Units of an index without a tick size: it is only watched, and shown with two decimals."""
_CASH_SCALE, _CURRENCY_SCALE = 2, 4

SEGMENTS = {
    "NSE_CM": "1010",
    "NSE_FO": "1011",
    "NSE_CD": "1012",
    "NSE_COM": "1020",
    "BSE_CM": "1210",
    "BSE_FO": "1211",
    "MCX_COM": "1120",
}
"""Name of a master to the four digits of exchange and segment that its fyTokens begin with (fyers-api 2.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One row of a symbol master."""

    symbol: str
    """FYERS ticker."""
    token: str
    description: str | None
    kind: int | None
    """The exchange's number of the sort of instrument: 0 share, 10 index, 14 index option and so on."""
    lot: int | None
    """Quantities are multiples of it; None for an index."""
    tick: int | None
    """Smallest price step, in units."""
    freeze: int | None
    """Quantity at which the exchange refuses an order."""
    isin: str | None
    session: str | None
    """Hours as FYERS writes them: `0915-1530|1815-1915:`."""
    expiry: date | None
    """Last day in India; None in the cash market."""
    strike: int | None
    """In units; None for what is no option."""
    option: str | None
    """CE, PE or None."""
    underlying: str | None
    """Name of what it derives from; of a share its own."""
    underlying_token: str | None

    def instrument(self, segment: str) -> Instrument:
        """Return what an order needs. Raises `DataError` where the master gives no lot or tick to order by."""
        is_watched_only = is_index(self.symbol)
        tick = self.tick or (INDEX_TICK if is_watched_only else None)
        lot = self.lot or (1 if is_watched_only else None)
        if tick is None or lot is None:
            what = "tick size" if tick is None else "lot size"
            raise DataError(f"{self.symbol}: the master of {segment} gives no {what}; it cannot be ordered")
        return Instrument(
            symbol=self.symbol, token=self.token, tick=tick, lot=lot, freeze=self.freeze, scale=scale_of(segment)
        )


FACTS = tuple(field.name for field in fields(Contract))
"""Columns of a table of contracts, in order."""


def contract_of(row: dict[str, Any]) -> Contract:
    """Return the contract of a table's row; other columns are left out."""
    return Contract(**{name: row[name] for name in FACTS})


def scale_of(segment: str) -> int:
    """Return the decimals of a price unit: four for currencies, whose steps are quarters of a paisa."""
    return _CURRENCY_SCALE if segment.endswith("_CD") else _CASH_SCALE


def require_segment(name: str) -> str:
    """Return a segment's name as we write it. Raises `ConfigurationError` that lists them all."""
    known = name.strip().upper()
    if known not in SEGMENTS:
        raise ConfigurationError(f"segment {name[:20]!r} is unknown; choose from {', '.join(SEGMENTS)}")
    return known
