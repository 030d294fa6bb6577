"""The symbol master as FYERS publishes it: a CSV without header, a JSON with the freeze quantity, the index names."""

from collections.abc import Iterable, Mapping
from datetime import date, time

from core.instants import SECOND, instant_at
from core.market import Instrument
from simulator.derivatives import Derivative, Terms, currency_contracts, equity_futures
from simulator.rows import Json, codes, rupees, stem

SEGMENT_FILES = {
    "NSE_CM": (10, 10),
    "NSE_FO": (10, 11),
    "NSE_CD": (10, 12),
    "NSE_COM": (10, 20),
    "BSE_CM": (12, 10),
    "BSE_FO": (12, 11),
    "MCX_COM": (11, 20),
}
"""File stem to exchange and segment number."""

DATA_SEGMENTS = {"1010": "nse_cm", "1011": "nse_fo", "1012": "cde_fo", "1020": "nse_com", "1120": "mcx_fo"}
DATA_SEGMENTS |= {"1210": "bse_cm", "1211": "bse_fo", "1212": "bcs_fo"}
"""Start of the fyToken to the data socket's segment."""

INDEX_NAMES = {
    "NSE:NIFTY50-INDEX": "Nifty 50",
    "NSE:NIFTYBANK-INDEX": "Nifty Bank",
    "NSE:FINNIFTY-INDEX": "Nifty Fin Service",
    "NSE:MIDCPNIFTY-INDEX": "NIFTY MID SELECT",
    "NSE:NIFTYNXT50-INDEX": "Nifty Next 50",
    "NSE:NIFTY100-INDEX": "Nifty 100",
    "NSE:NIFTY500-INDEX": "Nifty 500",
    "NSE:NIFTYIT-INDEX": "Nifty IT",
    "NSE:INDIAVIX-INDEX": "India VIX",
    "BSE:SENSEX-INDEX": "SENSEX",
}
"""Ticker to the name the data socket knows an index by."""

_SESSION = "0915-1530|1815-1915:"
_INDEX_TYPE = 10


def topic_of(instrument: Instrument, kind: str) -> str:
    """The data socket's topic of a contract: `sf|nse_cm|3045`, `if|nse_cm|Nifty 50`, `dp|nse_cm|3045`."""
    name = INDEX_NAMES.get(instrument.symbol, stem(instrument.symbol)) if kind == "if" else instrument.token[10:]
    return f"{kind}|{DATA_SEGMENTS[instrument.token[:4]]}|{name}"


def of_segment(instruments: Iterable[Instrument], segment: tuple[int, int]) -> list[Instrument]:
    """The contracts of one exchange and segment."""
    return [instrument for instrument in instruments if codes(instrument) == segment]


def derivatives_of(listed: Iterable[Instrument], segment: tuple[int, int], today: date) -> list[Derivative]:
    """The contracts of a segment that stand in its file and are not traded here."""
    if segment == SEGMENT_FILES["NSE_FO"]:
        return list(equity_futures(of_segment(listed, SEGMENT_FILES["NSE_CM"]), today))
    return list(currency_contracts(today)) if segment == SEGMENT_FILES["NSE_CD"] else []


def csv_of(instruments: Iterable[Instrument], today: date, derivatives: Iterable[Derivative] = ()) -> str:
    """The 21-column file of one segment."""
    rows = [*((instrument, None) for instrument in instruments), *derivatives]
    return "".join(_csv_row(instrument, terms, today) + "\n" for instrument, terms in rows)


def _csv_row(instrument: Instrument, terms: Terms | None, today: date) -> str:
    exchange, segment = codes(instrument)
    cells = (
        instrument.token,
        _description(instrument),
        _type_code(instrument, terms),
        _lot(instrument),
        instrument.rupees(instrument.tick),
        "",
        _SESSION,
        today.isoformat(),
        _expiry(terms),
        instrument.symbol,
        exchange,
        segment,
        instrument.token[10:],
        terms.underlying if terms else stem(instrument.symbol),
        instrument.token[10:],
        _strike(instrument, terms),
        terms.option if terms else "XX",
        terms.underlying_token if terms else instrument.token,
        None,
        0,
        0.0,
    )
    return ",".join(map(str, cells))


def json_of(
    instruments: Iterable[Instrument],
    previous_closes: Mapping[str, int],
    today: date,
    derivatives: Iterable[Derivative] = (),
) -> Json:
    """The JSON file of one segment: ticker to attributes; bands in rupees, 0 where there are none."""
    rows = [*((instrument, None) for instrument in instruments), *derivatives]
    return {
        instrument.symbol: _json_row(instrument, terms, previous_closes.get(instrument.symbol, 0), today)
        for instrument, terms in rows
    }


def _json_row(instrument: Instrument, terms: Terms | None, previous_close: int, today: date) -> Json:
    exchange, segment = codes(instrument)
    return {
        "fyToken": instrument.token,
        "symTicker": instrument.symbol,
        "symDetails": _description(instrument),
        "symbolDesc": _description(instrument),
        "exSymbol": terms.underlying if terms else stem(instrument.symbol),
        "exSymName": _description(instrument),
        "exToken": int(instrument.token[10:]),
        "exchange": exchange,
        "exchangeName": instrument.symbol.split(":", 1)[0],
        "segment": segment,
        "exInstType": _type_code(instrument, terms),
        "exSeries": "" if instrument.is_index or terms else "EQ",
        "isin": "",
        "minLotSize": _lot(instrument),
        "tickSize": instrument.rupees(instrument.tick),
        "qtyFreeze": "" if instrument.freeze is None else str(instrument.freeze),
        "qtyMultiplier": 1.0,
        "tradingSession": _SESSION,
        "lastUpdate": today.isoformat(),
        "tradeStatus": 1,
        "expiryDate": str(_expiry(terms)),
        "strikePrice": _strike(instrument, terms),
        "optType": terms.option if terms else "XX",
        "underSym": terms.underlying if terms else stem(instrument.symbol),
        "underFyTok": terms.underlying_token if terms else instrument.token,
        "upperPrice": instrument.rupees(instrument.upper_band or 0),
        "lowerPrice": instrument.rupees(instrument.lower_band or 0),
        "previousClose": rupees(previous_close),
        "stream": "",
        "is_mtf_tradable": 0,
    }


def _expiry(terms: Terms | None) -> int | str:
    """Seconds since 1970 of the close on the last day; nothing in the cash market."""
    return instant_at(terms.expiry, time(15, 30)) // SECOND if terms else ""


def _strike(instrument: Instrument, terms: Terms | None) -> float:
    return -1.0 if terms is None or terms.strike is None else instrument.rupees(terms.strike)


def _description(instrument: Instrument) -> str:
    return instrument.symbol.split(":", 1)[1] if instrument.is_index else stem(instrument.symbol)


def _type_code(instrument: Instrument, terms: Terms | None) -> int:
    if terms is not None:
        return terms.kind
    return _INDEX_TYPE if instrument.is_index else 0


def _lot(instrument: Instrument) -> int:
    # The published master gives an index, which cannot be traded, a lot of 0.
    return 0 if instrument.is_index else instrument.lot
