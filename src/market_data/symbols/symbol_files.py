"""One row out of FYERS' symbol master, without parsing the other hundred thousand.

The master comes as JSON (ticker to attributes, with freeze quantity and price bands) or as CSV (21 columns, no
header, neither). Both are searched as bytes for the ticker; only its own row is parsed, and every field is checked.
"""

import csv
import difflib
import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from itertools import islice
from mmap import mmap
from typing import Any

from core.errors import ConfigurationError, DataError
from core.market import Instrument, is_index
from market_data.symbols.contract import INDEX_TICK

_LONGEST_ROW = 8_192
_COLUMNS = 21
_TOKEN, _LOT, _TICK, _TICKER = 0, 3, 4, 9
_LARGEST = 10**12
_MOST_NEIGHBOURS = 3
_MOST_COMPARED = 20_000
"""Tickers that an unknown one is compared with: likeness is slow work, and a file may hold a million."""
_TOKEN_PATTERN = re.compile(r"\d{11,20}", re.ASCII)
_JSON_TICKER = re.compile(rb'"((?:NSE|BSE|MCX):[^"]{1,80})"\s{0,4}:\s{0,4}\{')
_CSV_TICKER = re.compile(rb",((?:NSE|BSE|MCX):[^,\n]{1,80}),")
_JSON_END = re.compile(rb"[{}]\s*\}\s*$")
"""The last entry's brace and the document's own; the latter alone also ends many a half document."""
_LONGEST_END = 64


class SymbolFile:
    """One downloaded master of one segment."""

    def __init__(self, content: mmap | bytes, name: str, scale: int) -> None:
        """`name` stands for the file in messages, `scale` is the number of decimals of a price unit.

        Raises `DataError` when the content is neither whole JSON nor the known CSV layout.
        """
        self._content = content
        self._name = name
        self._scale = scale
        self._is_json = content[:1] == b"{"
        if content[:1] == b"<":
            raise DataError(f"{name}: is a web page and no symbol master; fetch it again later")
        if not self._is_json:
            self._check_layout(self._row_around(0))
            self._check_layout(self._last_row())
        elif _JSON_END.search(content[-_LONGEST_END:]) is None:
            raise DataError(f"{name}: the JSON ends in the middle")

    @property
    def has_contracts(self) -> bool:
        """Whether there is anything to find at all."""
        return (_JSON_TICKER if self._is_json else _CSV_TICKER).search(self._content) is not None

    def find(self, symbol: str) -> Instrument:
        """Return a contract. Raises `ConfigurationError` for an unknown ticker, `DataError` for a changed layout."""
        found = self._find_in_json(symbol) if self._is_json else self._find_in_csv(symbol)
        if found is None:
            raise ConfigurationError(f"symbols: {symbol[:60]} is not in {self._name}{self._neighbours(symbol)}")
        return found

    def _find_in_json(self, symbol: str) -> Instrument | None:
        for written in dict.fromkeys((symbol, symbol.replace("&", "\\u0026"))):
            key = re.compile(rb'"' + re.escape(written.encode()) + rb'"\s{0,4}:\s{0,4}(?=\{)')
            found = key.search(self._content)
            if found is None:
                continue
            text = self._content[found.end() : found.end() + _LONGEST_ROW].decode("utf-8", errors="replace")
            try:
                row, _ = json.JSONDecoder(parse_float=Decimal, parse_constant=lambda _: None).raw_decode(text)
            except (ValueError, RecursionError):
                raise DataError(f"{self._name}: the entry of {symbol} is not readable as JSON") from None
            return self._from_json(symbol, row)
        return None

    def _from_json(self, symbol: str, row: Mapping[str, Any]) -> Instrument:
        missing = [name for name in ("fyToken", "tickSize", "minLotSize") if name not in row]
        if missing:
            raise DataError(f"{self._name}: the entry of {symbol} has no {missing[0]}; its layout has changed")
        return self._instrument(
            symbol=symbol,
            token=row["fyToken"],
            tick=row["tickSize"],
            lot=row["minLotSize"],
            freeze=self._whole(symbol, "qtyFreeze", row.get("qtyFreeze")) or None,
            lower_band=self._price(symbol, "lowerPrice", row.get("lowerPrice")) or None,
            upper_band=self._price(symbol, "upperPrice", row.get("upperPrice")) or None,
        )

    def _find_in_csv(self, symbol: str) -> Instrument | None:
        at = self._content.find(f",{symbol},".encode())
        if at < 0:
            return None
        row = self._row_around(at)
        self._check_layout(row)
        if row[_TICKER] != symbol:
            raise DataError(f"{self._name}: {symbol} is not in column {_TICKER + 1}; the layout has changed")
        return self._instrument(symbol=symbol, token=row[_TOKEN], tick=row[_TICK], lot=row[_LOT])

    def _row_around(self, at: int) -> list[str]:
        start = self._content.rfind(b"\n", max(0, at - _LONGEST_ROW), at) + 1 if at else 0
        end = self._content.find(b"\n", at, at + _LONGEST_ROW)
        return _cells(self._content[start : end if end >= 0 else at + _LONGEST_ROW])

    def _last_row(self) -> list[str]:
        end = self._content[-_LONGEST_ROW:].rstrip()
        return _cells(end[end.rfind(b"\n") + 1 :])

    def _check_layout(self, row: list[str]) -> None:
        if len(row) != _COLUMNS:
            raise DataError(f"{self._name}: a row has {len(row)} columns, expected {_COLUMNS}; its layout has changed")

    def _instrument(
        self,
        *,
        symbol: str,
        token: Any,
        tick: Any,
        lot: Any,
        freeze: int | None = None,
        lower_band: int | None = None,
        upper_band: int | None = None,
    ) -> Instrument:
        is_watched_only = is_index(symbol)
        step = self._price(symbol, "tick size", tick) or (INDEX_TICK if is_watched_only else 0)
        whole_lot = self._whole(symbol, "lot size", lot) or (1 if is_watched_only else 0)
        for name, value, is_good in (
            ("fyToken", token, _TOKEN_PATTERN.fullmatch(str(token)) is not None),
            ("tick size", tick, step > 0),
            ("lot size", lot, whole_lot > 0),
        ):
            if not is_good:
                raise self._wrong(symbol, name, value)
        return Instrument(
            symbol=symbol,
            token=str(token),
            tick=step,
            lot=whole_lot,
            freeze=freeze,
            scale=self._scale,
            lower_band=lower_band,
            upper_band=upper_band,
        )

    def _price(self, symbol: str, name: str, value: Any) -> int:
        """Return a price in units, exactly; 0 for none."""
        units = self._number(symbol, name, value).scaleb(self._scale)
        if units != units.to_integral_value():
            raise self._wrong(symbol, name, value)
        return int(units)

    def _whole(self, symbol: str, name: str, value: Any) -> int:
        """Return a quantity; 0 for none."""
        number = self._number(symbol, name, value)
        if number != number.to_integral_value():
            raise self._wrong(symbol, name, value)
        return int(number)

    def _number(self, symbol: str, name: str, value: Any) -> Decimal:
        """Read a number that may come as text; FYERS writes none as an empty text, null or -1."""
        try:
            number = Decimal(str(value).strip() or "0") if value is not None else Decimal(0)
        except InvalidOperation:
            raise self._wrong(symbol, name, value) from None
        if not number.is_finite() or number > _LARGEST:
            raise self._wrong(symbol, name, value)
        return max(number, Decimal(0))

    def _wrong(self, symbol: str, name: str, value: Any) -> DataError:
        return DataError(f"{self._name}: {symbol} has {name} {str(value)[:40]!r}; its layout has changed")

    def _neighbours(self, symbol: str) -> str:
        """Name the tickers that look most like the wanted one."""
        pattern = _JSON_TICKER if self._is_json else _CSV_TICKER
        symbol = symbol.upper()
        first = symbol[: symbol.find(":") + 2].encode()
        alike = (found[1] for found in pattern.finditer(self._content) if found[1].startswith(first))
        names = [name.decode("utf-8", errors="replace") for name in islice(alike, _MOST_COMPARED)]
        near = difflib.get_close_matches(symbol, names, n=_MOST_NEIGHBOURS, cutoff=0.6)
        return f"; did you mean {' or '.join(near)}?" if near else ""


def _cells(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8", errors="replace").rstrip("\r")]), [])
