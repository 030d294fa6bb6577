"""A master comes from outside: find out which layout it has and take its columns as text, or refuse it by name.

FYERS has written three CSV layouts without a header (14 columns in 2021, 17 in 2022, 21 since) and a JSON; a dump of
Kite's instruments has one. A file is never believed to be small: what is read is limited, a JSON goes by entry by
entry, and one that ends in the middle is refused whole.
"""

import gzip
import json
import re
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import DataError

LARGEST_FILE = 256_000_000
LARGEST_CSV = 64_000_000
"""A CSV is held whole while it is read; one of 100,000 contracts has 15 MB."""
MOST_ROWS = 1_000_000
_LONGEST_ENTRY = 16_384
_CHUNK = 1 << 20
_BATCH = 10_000
_GZIP = b"\x1f\x8b"
_NARROW = (
    "token", "description", "kind", "lot", "tick", "isin", "session", "updated", "expiry", "symbol", "exchange",
    "segment", "scrip", "underlying",
)  # fmt: skip
_MIDDLE = (*_NARROW, "underlying_scrip", "strike", "option")
_WIDE = (*_MIDDLE, "underlying_token", "reserved", "margin", "multiple")
_LAYOUTS = {len(layout): layout for layout in (_NARROW, _MIDDLE, _WIDE)}
_KITE = (
    "instrument_token", "exchange_token", "tradingsymbol", "name", "last_price", "expiry", "strike", "tick_size",
    "lot_size", "instrument_type", "segment", "exchange",
)  # fmt: skip
_LOOKS = {
    "token": re.compile(r"\d{11,20}", re.ASCII),
    "kind": re.compile(r"\d{1,3}", re.ASCII),
    "session": re.compile(r"\d{4}-\d{4}[|:\d-]{0,80}", re.ASCII),
    "symbol": re.compile(r"(?:NSE|BSE|MCX):.{1,80}"),
    "scrip": re.compile(r"\d{1,12}", re.ASCII),
    "option": re.compile(r"XX|CE|PE"),
    "underlying_token": re.compile(r"\d{11,20}", re.ASCII),
}
_JSON_NAMES = {
    "token": "fyToken",
    "description": "symDetails",
    "kind": "exInstType",
    "lot": "minLotSize",
    "tick": "tickSize",
    "freeze": "qtyFreeze",
    "isin": "isin",
    "session": "tradingSession",
    "updated": "lastUpdate",
    "expiry": "expiryDate",
    "strike": "strikePrice",
    "option": "optType",
    "underlying": "underSym",
    "underlying_token": "underFyTok",
    "lower": "lowerPrice",
    "upper": "upperPrice",
}
_REQUIRED = ("token", "lot", "tick")
_SPACE = re.compile(r"[ \t\r\n]*")
_WRONG_WIDTH = re.compile(r"Expected (\d+) columns, got (\d+)")

Columns = dict[str, Any]
"""Name of a fact to its column of text (`pyarrow.ChunkedArray`), null where a row does not give it."""


def text_columns(path: Path) -> tuple[Columns, bool]:
    """Return the columns of a file, and whether they are Kite's.

    Raises `DataError` for an unknown layout, naming the column, and for a file that is empty, cut off or too large.
    """
    try:
        with _opened(path) as file:
            first = file.read(1)
            if not first:
                raise DataError(f"{path} is empty")
            return (_from_json(file, path), False) if first == b"{" else _from_csv(first + _rest(file, path), path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: the compressed file is damaged ({error}); fetch it again") from None


def _opened(path: Path) -> BinaryIO:
    file = path.open("rb")
    if file.peek(2)[:2] != _GZIP:
        return file
    file.close()
    return gzip.open(path, "rb")  # type: ignore[return-value] # a file of bytes, which typeshed does not say


def _rest(file: BinaryIO, path: Path) -> bytes:
    content = file.read(LARGEST_CSV)
    if file.read(1):
        raise DataError(f"{path}: unpacked it is larger than the limit of {LARGEST_CSV} bytes")
    return content


def _from_csv(content: bytes, path: Path) -> tuple[Columns, bool]:
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only those who read whole masters pay for
    from pyarrow import csv  # noqa: PLC0415

    head = content[:_LONGEST_ENTRY].partition(b"\n")[0].decode(errors="replace").rstrip("\r")
    names, is_kite = _layout(head, path)
    try:
        table = csv.read_csv(
            pa.BufferReader(content),
            csv.ReadOptions(column_names=names, skip_rows=int(is_kite), block_size=_CHUNK, use_threads=False),
            csv.ParseOptions(newlines_in_values=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.binary()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        width = _WRONG_WIDTH.search(str(error))
        what = f"a row has {width[2]} columns, the first has {width[1]}" if width else "it is not readable as CSV"
        raise DataError(f"{path}: {what}; it is cut off (fetch it again) or its layout has changed") from None
    _limit(table.num_rows, path)
    return {name: _decoded(table[name]) for name in names}, is_kite


def _layout(head: str, path: Path) -> tuple[tuple[str, ...], bool]:
    """Return the names of the columns by the first line, and whether that line is a header of Kite's."""
    if not head.strip():
        raise DataError(f"{path}: its first line is empty, so it is no symbol master; fetch it again")
    if head.lstrip().startswith("<"):
        raise DataError(f"{path}: is a web page and no symbol master; fetch it again later")
    cells = tuple(head.split(","))
    if {"instrument_token", "tradingsymbol"} & set(cells):
        for name in _KITE:
            if name not in cells:
                raise DataError(f"{path}: has no column {name}; an instruments file of Kite has {len(_KITE)} columns")
        return cells, True
    if len(cells) not in _LAYOUTS:
        known = ", ".join(map(str, _LAYOUTS))
        raise DataError(
            f"{path}: has {len(cells)} columns{_missing(cells)}, known layouts have {known}; is it a symbol master?"
        )
    return _LAYOUTS[len(cells)], False


def _missing(cells: tuple[str, ...]) -> str:
    """Name the first column that is not where it should be, as far as its look tells."""
    for place, name in enumerate(_WIDE):
        if place >= len(cells):
            return f" (column {name} is missing)"
        if name in _LOOKS and _LOOKS[name].fullmatch(cells[place].strip()) is None:
            return f" (column {name}, number {place + 1}, is {cells[place][:30]!a})"
    return ""


def _decoded(column: Any) -> Any:
    """Return bytes as text; what is no UTF-8 is replaced, as the names of some bonds need."""
    import pyarrow as pa  # noqa: PLC0415 - see _from_csv

    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.chunked_array([pa.array([value.decode(errors="replace") for value in column.to_pylist()])])


def _from_json(file: BinaryIO, path: Path) -> Columns:
    import pyarrow as pa  # noqa: PLC0415 - see _from_csv

    batches: dict[str, list[Any]] = {name: [] for name in ("symbol", *_JSON_NAMES)}
    entries, count = _entries(file, path), 0
    while batch := list(islice(entries, _BATCH)):
        _limit(count := count + len(batch), path)
        batches["symbol"].append(pa.array([_plain(symbol) for symbol, _ in batch], pa.string()))
        for name, theirs in _JSON_NAMES.items():
            batches[name].append(_column(batch, name, theirs, path))
    return {name: pa.chunked_array(arrays, pa.string()) for name, arrays in batches.items()}


def _column(batch: list[tuple[str, dict[str, Any]]], name: str, theirs: str, path: Path) -> Any:
    """Return one attribute of some entries as text; each is looked at closely only where something is wrong."""
    import pyarrow as pa  # noqa: PLC0415 - see _from_csv

    values = [row.get(theirs) for _, row in batch]
    if name not in _REQUIRED or None not in values:
        with suppress(pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
            return pa.array(values, pa.string())
    return pa.array([_field(row, name, theirs, symbol, path) for symbol, row in batch], pa.string())


def _field(row: dict[str, Any], name: str, theirs: str, symbol: str, path: Path) -> str | None:
    value = row.get(theirs)
    match value:
        case None if name in _REQUIRED and theirs not in row:
            raise DataError(f"{path}: the entry of {_shown(symbol)} has no {theirs}; its layout has changed")
        case None:
            return None
        case str():
            return _plain(value)
        case bool() | int():
            return str(int(value))
        case _:
            raise DataError(f"{path}: {theirs} of {_shown(symbol)} is no text or number; its layout has changed")


def _plain(text: str) -> str:
    """Return text without halves of characters, which JSON can spell and nothing can write."""
    return text.encode(errors="replace").decode()


def _shown(symbol: str) -> str:
    return ascii(symbol[:60])[1:-1]


def _entries(file: BinaryIO, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read ticker and attributes one after the other; the opening brace is behind us. Numbers come as their text."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    window = _Window(file, path)
    window.skip_space()
    while not window.takes("}"):
        symbol = window.decode(decoder)
        if not isinstance(symbol, str) or not window.takes(":"):
            raise DataError(f"{path}: is no object of contracts by ticker; is it a symbol master?")
        row = window.decode(decoder)
        if not isinstance(row, dict):
            raise DataError(f"{path}: the entry of {_shown(symbol)} is no object; is it a symbol master?")
        yield symbol, row
        if not window.takes(",") and not window.is_at("}"):
            raise DataError(f"{path}: the JSON ends in the middle; fetch it again")
    if not window.is_over():
        raise DataError(f"{path}: goes on after the end of its JSON; fetch it again")


class _Window:
    """The part of a text that is being read: a piece of the file, never all of it."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._decoder = getincrementaldecoder("utf-8")(errors="replace")
        self._text, self._at, self._size = "", 0, 0
        self._has_more = True

    def decode(self, decoder: json.JSONDecoder) -> Any:
        """Return the JSON value that stands here; one that is longer than a piece of the file is refused."""
        self._fill()
        try:
            value, self._at = decoder.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            raise DataError(f"{self._path}: not readable as JSON, or cut off in the middle; fetch it again") from None
        self.skip_space()
        return value

    def is_at(self, character: str) -> bool:
        """Say whether a character comes next."""
        self._fill()
        return self._text.startswith(character, self._at)

    def takes(self, character: str) -> bool:
        """Step over a character, if it comes next."""
        if not self.is_at(character):
            return False
        self._at += 1
        self.skip_space()
        return True

    def is_over(self) -> bool:
        """Say whether nothing follows."""
        self._fill()
        return self._at == len(self._text)

    def skip_space(self) -> None:
        """Step over white space."""
        self._fill()
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _fill(self) -> None:
        if not self._has_more or len(self._text) - self._at >= _LONGEST_ENTRY:
            return
        chunk = self._file.read(_CHUNK)
        self._size += len(chunk)
        if self._size > LARGEST_FILE:
            raise DataError(f"{self._path}: unpacked it is larger than the limit of {LARGEST_FILE} bytes")
        self._has_more = bool(chunk)
        self._text, self._at = self._text[self._at :] + self._decoder.decode(chunk, final=not chunk), 0


def _limit(rows: int, path: Path) -> None:
    if rows > MOST_ROWS:
        raise DataError(f"{path}: has more than {MOST_ROWS} contracts; is it a symbol master?")
