"""A whole symbol master as a table of checked columns: prices in units, dates as dates, what is missing as null.

For the archive and for searching. The live start does not come here: it looks its few tickers up in the bytes of the
file (`symbol_files`), which costs no memory.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import DataError
from market_data.symbols.contract import FACTS, SEGMENTS, scale_of
from market_data.symbols.master_rows import Columns, text_columns

_LARGEST = 1e12
_LONGEST_NAME = 200
_NONE = ("", "None", "null", "XX", "-1", "-1.0")
_NUMBERED = r"^\d{11,20}$"
_TICKER = "^{exchange}:[!-~][ -~]{{0,79}}$"
_IST_SECONDS = 19_800
_DAY_SECONDS = 86_400
_KITE_SEGMENTS = {"NFO": "NSE_FO"}
"""Exchanges of Kite whose tickers are those of FYERS, letter for letter."""


@dataclass(frozen=True, slots=True)
class MasterFile:
    """The contracts of one segment on one day, as somebody published them."""

    segment: str
    table: Any
    """`pyarrow.Table` by ticker: the columns of `contract.FACTS`, then `lower` and `upper`, the day's price band."""
    updated: date | None
    """The newest date that a row says it was changed on."""


def read_master(path: Path, segment: str | None = None) -> MasterFile:
    """Read a master in any layout known; `segment` is what it must be of, None: whatever its tokens say.

    Of a ticker that stands there twice the first row counts, as in the live lookup. A JSON may hold nothing where the
    segment is given. Raises `DataError` that names the
    file, the column and the value for anything else than a whole master of one segment.
    """
    columns, is_kite = text_columns(path)
    reader = _Reader(path, columns)
    if is_kite:
        reader.columns = _from_kite(reader)
    if not reader.rows and segment is None:
        raise DataError(f"{path}: holds no contracts")
    reader.require("token", _NUMBERED)
    found = _segment(reader) if reader.rows else segment or ""
    if segment is not None and found != segment:
        raise DataError(f"{path}: is the master of {found}, not of {segment}")
    reader.require("symbol", _TICKER.format(exchange=found[:3]))
    return MasterFile(found, _table(reader, scale_of(found)), reader.newest("updated"))


class _Reader:
    """Columns of text, read as what they should be; every refusal names column, ticker and value."""

    def __init__(self, path: Path, columns: Columns) -> None:
        import pyarrow.compute as pc  # noqa: PLC0415 - a tenth of a second that only readers of whole masters pay for

        self._path = path
        self._pc = pc
        self.columns = columns
        self.rows = len(columns["symbol" if "symbol" in columns else "tradingsymbol"])

    def require(self, name: str, pattern: str) -> None:
        """Refuse the file if a value of a column does not look like this."""
        good = self._pc.fill_null(self._pc.match_substring_regex(self.columns[name], pattern), False)
        self._refuse_unless(name, good.to_numpy())

    def text(self, name: str) -> Any:
        """Return a column in which control characters are gone, and null stands for none."""
        pa, pc = _arrow()
        if name not in self.columns:
            return pa.nulls(self.rows, pa.string())
        clean = pc.utf8_trim_whitespace(pc.replace_substring_regex(self.columns[name], r"[\p{C}\p{Z}]+", " "))
        clean = pc.utf8_slice_codeunits(clean, 0, _LONGEST_NAME)
        return pc.if_else(pc.is_in(clean, pa.array(_NONE)), pa.scalar(None, pa.string()), clean)

    def number(self, name: str, decimals: int = 0) -> Any:
        """Return a column of whole numbers, of 10^-decimals each; null for none, which FYERS writes as 0 or -1 too."""
        pa, pc = _arrow()
        text = self.text(name)
        try:
            values = pc.fill_null(text.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            numeric = pc.match_substring_regex(text, r"^[+-]?\d{1,15}(\.\d{0,15})?([eE][+-]?\d{1,2})?$")
            self._refuse_unless(name, pc.fill_null(numeric, True).to_numpy(zero_copy_only=False))
            raise DataError(f"{self._path}: column {name} is no number somewhere; its layout has changed") from None
        self._refuse_unless(name, np.isfinite(values) & (values < _LARGEST))
        exact = np.maximum(values, 0) * 10.0**decimals
        whole = np.rint(exact)
        self._refuse_unless(name, np.abs(exact - whole) <= np.maximum(1e-6, whole * 1e-12))
        return pa.array(whole.astype(np.int64), mask=whole <= 0)

    def day(self, name: str) -> Any:
        """Return a column of dates in India, written as seconds since 1970 or as YYYY-MM-DD."""
        pa, pc = _arrow()
        text = self.text(name)
        is_written = pc.fill_null(pc.match_substring_regex(text, r"^\d{4}-\d{2}-\d{2}$"), False)
        try:
            written = pc.if_else(is_written, text, pa.scalar(None, pa.string())).cast(pa.date32())
        except pa.ArrowInvalid as error:
            raise DataError(f"{self._path}: column {name} holds a date that is none ({str(error)[:80]!r})") from None
        rest = pc.if_else(is_written, pa.scalar(None, pa.string()), text)
        plain = pc.fill_null(pc.match_substring_regex(rest, r"^\d{1,11}(\.0)?$"), True)
        self._refuse_unless(name, plain.to_numpy(zero_copy_only=False))
        seconds = pc.fill_null(rest.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False).astype(np.int64)
        days = ((seconds + _IST_SECONDS) // _DAY_SECONDS).astype(np.int32)
        counted = pa.array(days, mask=seconds <= 0).cast(pa.date32())
        return pc.coalesce(_whole(written), counted)

    def newest(self, name: str) -> date | None:
        """Return the latest date of a column; None where it has none."""
        newest: date | None = self._pc.max(self.day(name)).as_py()
        return newest

    def _refuse_unless(self, name: str, good: Any) -> None:
        if good.all():
            return
        at = int(np.argmin(good))
        symbol = self.columns["symbol"][at].as_py() if "symbol" in self.columns else f"row {at + 1}"
        shown = ascii(symbol[:60])[1:-1]
        value = str(self.columns[name][at].as_py())[:40]
        raise DataError(f"{self._path}: column {name} of {shown} is {value!a}; its layout has changed")


def _arrow() -> tuple[Any, Any]:
    import pyarrow as pa  # noqa: PLC0415 - see _Reader
    import pyarrow.compute as pc  # noqa: PLC0415

    return pa, pc


def _whole(column: Any) -> Any:
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column


def _segment(reader: _Reader) -> str:
    _, pc = _arrow()
    prefixes = pc.unique(pc.utf8_slice_codeunits(reader.columns["token"], 0, 4)).to_pylist()
    names = {prefix: name for name, prefix in SEGMENTS.items()}
    unknown = [prefix for prefix in prefixes if prefix not in names]
    if unknown or len(prefixes) != 1:
        reader.require("token", f"^{prefixes[0] if not unknown else '(' + '|'.join(names) + ')'}")
    return names[prefixes[0]]


def _table(reader: _Reader, scale: int) -> Any:
    pa, pc = _arrow()
    options = reader.text("option")
    columns = {
        "symbol": reader.text("symbol"),
        "token": reader.text("token"),
        "description": reader.text("description"),
        "kind": _kind(reader),
        "lot": reader.number("lot"),
        "tick": reader.number("tick", scale),
        "freeze": reader.number("freeze"),
        "isin": reader.text("isin"),
        "session": reader.text("session"),
        "expiry": reader.day("expiry"),
        "strike": reader.number("strike", scale),
        "option": options,
        "underlying": reader.text("underlying"),
        "underlying_token": reader.text("underlying_token"),
        "lower": reader.number("lower", scale),
        "upper": reader.number("upper", scale),
    }
    # A strike belongs to an option: Kite writes 0 for a future, FYERS 1 as its scrip code.
    columns["strike"] = pc.if_else(pc.is_valid(options), columns["strike"], pa.scalar(None, pa.int64()))
    table = pa.table({name: _whole(column) for name, column in columns.items()})
    order = pc.sort_indices(table["symbol"]).to_numpy()
    symbols = table["symbol"].to_numpy()[order]
    first = np.ones(len(symbols), dtype=bool)
    first[1:] = symbols[1:] != symbols[:-1]
    return table.take(pa.array(order[first])).select([*FACTS, "lower", "upper"])


def _kind(reader: _Reader) -> Any:
    """Return the kind of instrument; 0, a share, is a number here and not none."""
    pa, pc = _arrow()
    if "kind" not in reader.columns:
        return pa.nulls(reader.rows, pa.int64())
    return pc.if_else(pc.is_valid(reader.text("kind")), pc.fill_null(reader.number("kind"), 0), None)


def _from_kite(reader: _Reader) -> Columns:
    """Return Kite's columns as FYERS writes them. Its tickers lack the exchange; a fyToken is made of its own parts."""
    pa, pc = _arrow()
    theirs = reader.columns
    known = "|".join(_KITE_SEGMENTS)
    reader.require("exchange", f"^({known})$")
    reader.require("exchange_token", r"^\d{1,10}$")
    reader.require("expiry", r"^\d{4}-\d{2}-\d{2}$")
    reader.require("instrument_type", "^(FUT|CE|PE)$")
    prefix = SEGMENTS[_KITE_SEGMENTS[theirs["exchange"][0].as_py()]] if reader.rows else ""
    days = pc.utf8_slice_codeunits(pc.replace_substring(theirs["expiry"], "-", ""), 2, 8)
    kinds = theirs["instrument_type"]
    return {
        "symbol": pc.binary_join_element_wise("NSE:", theirs["tradingsymbol"], ""),
        "token": pc.binary_join_element_wise(prefix, days, theirs["exchange_token"], ""),
        "lot": theirs["lot_size"],
        "tick": theirs["tick_size"],
        "expiry": theirs["expiry"],
        "strike": theirs["strike"],
        "option": pc.if_else(pc.equal(kinds, "FUT"), pa.scalar(None, pa.string()), kinds),
        "underlying": theirs["name"],
    }
