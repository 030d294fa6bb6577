"""The symbol master as FYERS publishes it: a CSV without header, a JSON with the freeze quantity, the index names."""

from collections.abc import Iterable, Mapping
from datetime import date

from core.market import Instrument
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


def csv_of(instruments: Iterable[Instrument], today: date) -> str:
    """The 21-column file of one segment."""
    return "".join(_csv_row(instrument, today) + "\n" for instrument in instruments)


def _csv_row(instrument: Instrument, today: date) -> str:
    exchange, segment = codes(instrument)
    cells = (
        instrument.token,
        _description(instrument),
        _type_code(instrument),
        _lot(instrument),
        rupees(instrument.tick),
        "",
        _SESSION,
        today.isoformat(),
        "",
        instrument.symbol,
        exchange,
        segment,
        instrument.token[10:],
        stem(instrument.symbol),
        instrument.token[10:],
        -1.0,
        "XX",
        instrument.token,
        None,
        0,
        0.0,
    )
    return ",".join(map(str, cells))


def json_of(instruments: Iterable[Instrument], previous_closes: Mapping[str, int], today: date) -> Json:
    """The JSON file of one segment: ticker to attributes; bands in rupees, 0 where there are none."""
    return {
        instrument.symbol: _json_row(instrument, previous_closes.get(instrument.symbol, 0), today)
        for instrument in instruments
    }


def _json_row(instrument: Instrument, previous_close: int, today: date) -> Json:
    exchange, segment = codes(instrument)
    return {
        "fyToken": instrument.token,
        "symTicker": instrument.symbol,
        "symDetails": _description(instrument),
        "symbolDesc": _description(instrument),
        "exSymbol": stem(instrument.symbol),
        "exSymName": _description(instrument),
        "exToken": int(instrument.token[10:]),
        "exchange": exchange,
        "exchangeName": instrument.symbol.split(":", 1)[0],
        "segment": segment,
        "exInstType": _type_code(instrument),
        "exSeries": "" if instrument.is_index else "EQ",
        "isin": "",
        "minLotSize": _lot(instrument),
        "tickSize": rupees(instrument.tick),
        "qtyFreeze": "" if instrument.freeze is None else str(instrument.freeze),
        "qtyMultiplier": 1.0,
        "tradingSession": _SESSION,
        "lastUpdate": today.isoformat(),
        "tradeStatus": 1,
        "expiryDate": "",
        "strikePrice": -1.0,
        "optType": "XX",
        "underSym": stem(instrument.symbol),
        "underFyTok": instrument.token,
        "upperPrice": rupees(instrument.upper_band or 0),
        "lowerPrice": rupees(instrument.lower_band or 0),
        "previousClose": rupees(previous_close),
        "stream": "",
        "is_mtf_tradable": 0,
    }


def _description(instrument: Instrument) -> str:
    return instrument.symbol.split(":", 1)[1] if instrument.is_index else stem(instrument.symbol)


def _type_code(instrument: Instrument) -> int:
    return _INDEX_TYPE if instrument.is_index else 0


def _lot(instrument: Instrument) -> int:
    # The published master gives an index, which cannot be traded, a lot of 0.
    return 0 if instrument.is_index else instrument.lot
