import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError, DataError
from core.market import Instrument
from market_data.symbols.symbol_files import SymbolFile

SBIN = {
    "fyToken": "10100000003045",
    "symTicker": "NSE:SBIN-EQ",
    "exSymbol": "SBIN",
    "minLotSize": 1,
    "tickSize": 0.05,
    "qtyFreeze": "123456",
    "upperPrice": 893.5,
    "lowerPrice": 731.05,
    "previousClose": 812.25,
    "tradeStatus": 1,
}
OTHERS = {
    "NSE:SBINX-EQ": {**SBIN, "symTicker": "NSE:SBINX-EQ", "fyToken": "10100000003046", "exSymbol": "NSE:SBIN-EQ"},
    "NSE:M&M-EQ": {**SBIN, "symTicker": "NSE:M&M-EQ", "fyToken": "10100000002031", "tickSize": "0.10", "qtyFreeze": ""},
    "NSE:NIFTY50-INDEX": {"fyToken": "101000000026000", "minLotSize": 0, "tickSize": 0, "qtyFreeze": None},
}
CSV_ROW = (
    "10100000003045,STATE BANK OF INDIA,0,1,0.05,INE062A01020,0915-1530|1815-1915:,2026-11-20,,NSE:SBIN-EQ,10,10,3045,"
    "SBIN,3045,-1.0,XX,10100000003045,None,1,3.7"
)


def master(rows: dict[str, Any] | None = None, **layout: Any) -> SymbolFile:
    content = {**OTHERS, "NSE:SBIN-EQ": SBIN} if rows is None else rows
    return SymbolFile(json.dumps(content, **layout).encode(), "NSE_CM.json", 2)


def csv_master(*rows: str, scale: int = 2) -> SymbolFile:
    return SymbolFile("\n".join(rows).encode(), "NSE_CM.csv", scale)


@pytest.mark.hazard("D15")
def test_a_json_entry_gives_every_fact_in_units() -> None:
    assert master().find("NSE:SBIN-EQ") == Instrument(
        symbol="NSE:SBIN-EQ",
        token="10100000003045",
        tick=5,
        lot=1,
        freeze=123_456,
        scale=2,
        lower_band=73_105,
        upper_band=89_350,
    )


@pytest.mark.parametrize("layout", [{"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}])
def test_the_writing_of_the_json_does_not_matter(layout: dict[str, Any]) -> None:
    assert master(**layout).find("NSE:SBIN-EQ").token == "10100000003045"
    assert master(**layout).find("NSE:M&M-EQ").tick == 10


def test_an_ampersand_may_be_escaped() -> None:
    content = json.dumps({"NSE:M&M-EQ": OTHERS["NSE:M&M-EQ"]}).replace("&", "\\u0026").encode()
    found = SymbolFile(content, "NSE_CM.json", 2).find("NSE:M&M-EQ")
    assert (found.symbol, found.freeze) == ("NSE:M&M-EQ", None)


def test_an_index_is_watched_without_lot_and_tick() -> None:
    index = master().find("NSE:NIFTY50-INDEX")
    assert index.is_index
    assert (index.tick, index.lot, index.freeze, index.upper_band) == (5, 1, None, None)


def test_a_csv_row_gives_what_it_has() -> None:
    found = csv_master(CSV_ROW.replace("SBIN", "X"), CSV_ROW, "").find("NSE:SBIN-EQ")
    assert (found.token, found.tick, found.lot, found.freeze, found.upper_band) == ("10100000003045", 5, 1, None, None)


def test_windows_line_ends_and_a_missing_last_one_do_not_matter() -> None:
    assert SymbolFile(f"{CSV_ROW}\r\n{CSV_ROW.replace('SBIN', 'X')}".encode(), "x", 2).find("NSE:X-EQ").lot == 1


def test_a_currency_has_four_decimals() -> None:
    assert csv_master(CSV_ROW.replace("0.05", "0.0025"), scale=4).find("NSE:SBIN-EQ").tick == 25


@pytest.mark.parametrize("file", [master(), csv_master(CSV_ROW, CSV_ROW.replace("SBIN", "SBICARD"))])
def test_an_unknown_ticker_is_named_with_its_neighbours(file: SymbolFile) -> None:
    with pytest.raises(
        ConfigurationError, match=r"symbols: NSE:SBIM-EQ is not in NSE_CM\.\w+; did you mean NSE:SBIN-EQ"
    ):
        file.find("NSE:SBIM-EQ")
    with pytest.raises(ConfigurationError, match=r"NSE:sbin-eq is not in .*; did you mean NSE:SBIN-EQ"):
        file.find("NSE:sbin-eq")
    with pytest.raises(ConfigurationError, match=r"NSE:ZZZZZZ-XX is not in NSE_CM\.\w+$"):
        file.find("NSE:ZZZZZZ-XX")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fyToken": None}, "NSE:SBIN-EQ has fyToken 'None'"),
        ({"fyToken": "abc"}, "has fyToken 'abc'"),
        ({"tickSize": 0}, "has tick size '0'"),
        ({"tickSize": ""}, "has tick size ''"),
        ({"tickSize": 0.0025}, "has tick size '0.0025'"),
        ({"tickSize": "x"}, "has tick size 'x'"),
        ({"tickSize": "NaN"}, "has tick size 'NaN'"),
        ({"tickSize": 1e15}, "has tick size"),
        ({"minLotSize": 0}, "has lot size '0'"),
        ({"minLotSize": 1.5}, "has lot size '1.5'"),
        ({"minLotSize": -75}, "has lot size '-75'"),
        ({"qtyFreeze": "many"}, "has qtyFreeze 'many'"),
        ({"upperPrice": "x" * 90}, "has upperPrice 'xxxx"),
        ({"lowerPrice": {}}, "has lowerPrice '{}'"),
    ],
)
def test_a_field_with_another_meaning_is_named(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataError) as refusal:
        master({"NSE:SBIN-EQ": {**SBIN, **change}}).find("NSE:SBIN-EQ")
    assert reason in str(refusal.value)
    assert str(refusal.value).endswith("its layout has changed")
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("name", ["fyToken", "tickSize", "minLotSize"])
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(DataError, match=f"the entry of NSE:SBIN-EQ has no {name}"):
        master({"NSE:SBIN-EQ": {key: value for key, value in SBIN.items() if key != name}}).find("NSE:SBIN-EQ")


@pytest.mark.parametrize("value", [None, "", "0", 0, -1.0, float("nan")])
def test_no_band_and_no_freeze_quantity_are_none(value: Any) -> None:
    row = {**SBIN, "qtyFreeze": value, "upperPrice": value, "lowerPrice": value}
    found = master({"NSE:SBIN-EQ": row}).find("NSE:SBIN-EQ")
    assert (found.freeze, found.upper_band, found.lower_band) == (None, None, None)


def test_half_a_document_is_refused() -> None:
    whole = json.dumps(OTHERS).encode()
    for half in (b'{"NSE:SBIN-EQ": {"fyToken": "1', whole[:-1], whole[: whole.index(b"}") + 1]):
        with pytest.raises(DataError, match="ends in the middle"):
            SymbolFile(half, "NSE_CM.json", 2)
    with pytest.raises(DataError, match="a row has 9 columns, expected 21"):
        csv_master(CSV_ROW, CSV_ROW, ",".join(CSV_ROW.split(",")[:9]))
    with pytest.raises(DataError, match="not readable as JSON"):
        SymbolFile(b'{"NSE:SBIN-EQ": {"fyToken": }}', "NSE_CM.json", 2).find("NSE:SBIN-EQ")


def test_a_file_tells_whether_it_holds_anything() -> None:
    assert master().has_contracts
    assert csv_master(CSV_ROW).has_contracts
    assert not master({}).has_contracts
    assert not csv_master("," * 20).has_contracts


@pytest.mark.parametrize("content", [b"<html>maintenance</html>", b"[]", b"a,b,c\n", b"\xff\xfe\x00"])
def test_what_is_no_master_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match=r"columns, expected 21; its layout has changed|is a web page and no"):
        SymbolFile(content, "NSE_CM.csv", 2)


def test_a_moved_column_is_refused() -> None:
    moved = CSV_ROW.replace("NSE:SBIN-EQ,10,10", "10,NSE:SBIN-EQ,10")
    with pytest.raises(DataError, match="NSE:SBIN-EQ is not in column 10"):
        csv_master(moved).find("NSE:SBIN-EQ")


def test_a_line_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(DataError, match="columns, expected 21"):
        SymbolFile(b"x" * 10_000_000, "NSE_CM.csv", 2)


def unpacked(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes())


@pytest.mark.parametrize(
    ("name", "scale", "most"),
    [("NSE_CM_2025-11-10", 2, 9_000), ("BSE_FO_2025-11-10_SENSEX", 2, 300), ("NSE_CD_2025-11-10_USDINR", 4, 300)],
)
def test_every_row_of_a_real_master_is_found_as_it_stands(real_data: Path, name: str, scale: int, most: int) -> None:
    content = unpacked(real_data / "symbol_master" / f"fyers_{name}.csv.gz")
    file = SymbolFile(content, name, scale)
    rows = list(csv.reader(content.decode().splitlines()))
    wanted = [row for row in rows if row[9].endswith(("-EQ", "-INDEX"))] or rows[:most]
    assert len(wanted) >= 300
    for row in wanted:
        found = file.find(row[9])
        assert (found.symbol, found.token, found.lot) == (row[9], row[0], max(int(row[3]), found.is_index))
        assert Decimal(found.tick).scaleb(-scale) == Decimal(row[4])


@pytest.mark.parametrize(
    ("name", "columns"), [("NSE_CM_2021-09-23_old_layout", 14), ("NSE_CM_2022-09-23_middle_layout", 17)]
)
def test_the_layouts_of_earlier_years_are_refused_by_their_width(real_data: Path, name: str, columns: int) -> None:
    with pytest.raises(DataError, match=rf"a row has {columns} columns, expected 21"):
        SymbolFile(unpacked(real_data / "symbol_master" / f"fyers_{name}.csv.gz"), name, 2)


@pytest.mark.hazard("C7")
def test_an_entry_nested_without_end_is_refused() -> None:
    content = b'{"NSE:SBIN-EQ": {"fyToken": ' + b"[" * 8_000 + b"}}"
    with pytest.raises(DataError, match="the entry of NSE:SBIN-EQ is not readable as JSON"):
        SymbolFile(content, "master", 2).find("NSE:SBIN-EQ")
