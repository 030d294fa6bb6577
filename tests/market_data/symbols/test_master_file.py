"""Whole masters, good and bad: every layout that was ever published, and what a stranger may send instead."""

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.errors import DataError
from market_data.symbols import master_rows
from market_data.symbols.contract import FACTS
from market_data.symbols.master_file import MasterFile, read_master

SBIN = (
    "10100000003045,STATE BANK OF INDIA,0,1,0.05,INE062A01020,0915-1530|1815-1915:,2025-11-10,,NSE:SBIN-EQ,10,10,3045,"
    "SBIN"
)
INDEX = "101000000026000,NIFTY50-INDEX,10,0,0.05,,0915-1530|1815-1915:,None,,NSE:NIFTY50-INDEX,10,10,26000,NIFTY"
CALL = (
    "101225111412191,USDINR 25 Nov 14 88.375 CE,19,1,0.0025,,0900-1700|1815-1915:,2025-11-10,1763103600,"
    "NSE:USDINR25N1488.375CE,10,12,12191,USDINR,1,88.375,CE,10120000001,None,0,0.0"
)
TAIL = ",3045,-1.0,XX"
WIDE = TAIL + ",10100000003045,None,1,3.3"
ENTRY = {"fyToken": "10100000003045", "minLotSize": 1, "tickSize": 0.05, "qtyFreeze": "12345", "isin": "INE062A01020"}
KITE = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,"
    "segment,exchange\n"
    "9485826,37054,NIFTY25NOVFUT,NIFTY,0.0,2025-11-25,0.0,0.1,75,FUT,NFO-FUT,NFO\n"
    "9485827,37055,NIFTY25NOV26000CE,NIFTY,0.0,2025-11-25,26000.0,0.05,75,CE,NFO-OPT,NFO\n"
)


@pytest.fixture
def read(tmp_path: Path):
    def one(content: str | bytes | dict[str, Any], segment: str | None = None) -> MasterFile:
        path = tmp_path / "master"
        text = json.dumps(content) if isinstance(content, dict) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_master(path, segment)

    return one


@pytest.fixture
def refusal(read):
    def of(content: str | bytes | dict[str, Any], segment: str | None = None) -> str:
        with pytest.raises(DataError) as refused:
            read(content, segment)
        message = str(refused.value)
        assert message.isprintable()
        assert len(message) < 500
        return message

    return of


def rows(file: MasterFile) -> dict[str, dict[str, Any]]:
    return {row["symbol"]: row for row in file.table.to_pylist()}


@pytest.mark.parametrize("end", ["", TAIL, WIDE], ids=["14 columns", "17 columns", "21 columns"])
def test_each_layout_of_fyers_gives_the_same_share(read, end: str):
    file = read(f"{SBIN}{end}\n{INDEX}{end}\n")
    assert (file.segment, file.updated) == ("NSE_CM", date(2025, 11, 10))
    assert file.table.column_names == [*FACTS, "lower", "upper"]
    share = rows(file)["NSE:SBIN-EQ"]
    assert (share["token"], share["lot"], share["tick"], share["isin"]) == ("10100000003045", 1, 5, "INE062A01020")
    assert (share["kind"], share["expiry"], share["strike"], share["option"]) == (0, None, None, None)
    assert (rows(file)["NSE:NIFTY50-INDEX"]["lot"], rows(file)["NSE:NIFTY50-INDEX"]["kind"]) == (None, 10)


def test_a_currency_option_is_in_hundredths_of_a_paisa_and_expires_on_a_day_in_india(read):
    file = read(CALL + "\n")
    option = rows(file)["NSE:USDINR25N1488.375CE"]
    assert file.segment == "NSE_CD"
    assert (option["tick"], option["strike"], option["option"]) == (25, 883_750, "CE")
    assert (option["expiry"], option["underlying"]) == (date(2025, 11, 14), "USDINR")


def test_the_json_gives_freeze_quantity_and_bands_too(read):
    entry = {**ENTRY, "lowerPrice": 731.05, "upperPrice": 893.5, "exInstType": 0, "symDetails": "SBI"}
    share = rows(read({"NSE:SBIN-EQ": entry, "NSE:M&M-EQ": {**ENTRY, "qtyFreeze": "", "upperPrice": -1}}))
    assert share["NSE:SBIN-EQ"]["freeze"] == 12_345
    assert (share["NSE:SBIN-EQ"]["lower"], share["NSE:SBIN-EQ"]["upper"]) == (73_105, 89_350)
    assert (share["NSE:M&M-EQ"]["freeze"], share["NSE:M&M-EQ"]["upper"]) == (None, None)


def test_a_json_of_many_pieces_is_the_same_as_one_of_one(read, monkeypatch: pytest.MonkeyPatch):
    content = {f"NSE:S{number}-EQ": {**ENTRY, "symDetails": "é" * 30} for number in range(2_500)}
    whole = read(content).table
    monkeypatch.setattr(master_rows, "_CHUNK", 997)
    monkeypatch.setattr(master_rows, "_LONGEST_ENTRY", 600)
    monkeypatch.setattr(master_rows, "_BATCH", 333)
    assert read(content).table.equals(whole)


def test_kites_dump_becomes_what_fyers_would_write(read):
    found = rows(read(KITE))
    assert found["NSE:NIFTY25NOVFUT"]["token"] == "101125112537054"
    assert (found["NSE:NIFTY25NOVFUT"]["lot"], found["NSE:NIFTY25NOVFUT"]["strike"]) == (75, None)
    option = found["NSE:NIFTY25NOV26000CE"]
    assert (option["strike"], option["option"], option["expiry"]) == (2_600_000, "CE", date(2025, 11, 25))


def test_a_compressed_file_is_read_and_half_of_one_is_refused(read, refusal):
    packed = gzip.compress(f"{SBIN}\n".encode() * 500)
    assert read(packed).table.num_rows == 1
    assert "damaged" in refusal(packed[:-20])


def test_the_first_of_two_rows_of_a_ticker_counts(read):
    assert rows(read(f"{SBIN}\n{SBIN.replace(',0.05,', ',0.10,')}\n"))["NSE:SBIN-EQ"]["tick"] == 5


def test_names_lose_what_a_terminal_would_obey(read):
    hostile = SBIN.replace("STATE BANK OF INDIA", "\x1b[2JSTATE\x07 \u202eBANK\x9b1m" + "x" * 5_000)
    name = rows(read(f"{hostile}\n"))["NSE:SBIN-EQ"]["description"]
    assert name.isprintable()
    assert len(name) == 200
    assert name.startswith("[2JSTATE BANK")
    spelled = rows(read({"NSE:SBIN-EQ": {**ENTRY, "symDetails": "a\u001b[31mb\ud800c\u0000"}}))
    assert spelled["NSE:SBIN-EQ"]["description"] == "a [31mb?c"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty"),
        ("\n", "its first line is empty"),
        (
            "<html><body>503</body></html>\n",
            "is a web page and no symbol master",
        ),
        (
            SBIN.rpartition(",")[0] + "\n",
            "has 13 columns (column underlying is missing), known layouts have 14, 17, 21",
        ),
        (f"{SBIN}{WIDE}\n".replace("NSE:SBIN-EQ,", ""), "has 20 columns (column symbol, number 10, is '10')"),
        (f"{SBIN}{WIDE}\n".replace(",-1.0", ""), "has 20 columns (column option, number 17, is '10100000003045')"),
        (SBIN + TAIL + ",a\n", "has 18 columns (column underlying_token, number 18, is 'a'), known layouts"),
        (f"{SBIN}{WIDE}\n{SBIN}\n", "a row has 14 columns, the first has 21"),
        (SBIN.replace(",0.05,", ",five,"), "column tick of NSE:SBIN-EQ is 'five'"),
        (SBIN.replace(",0.05,", ",0.055,"), "column tick of NSE:SBIN-EQ is '0.055'"),
        (SBIN.replace(",0.05,", ",nan,"), "column tick of NSE:SBIN-EQ is 'nan'"),
        (SBIN.replace(",0.05,", ",1e300,"), "column tick of NSE:SBIN-EQ is '1e300'"),
        (SBIN.replace(",0,1,", ",0,1.5,"), "column lot of NSE:SBIN-EQ is '1.5'"),
        (SBIN.replace("10100000003045", "3045"), "column token of NSE:SBIN-EQ is '3045'"),
        (SBIN.replace("10100000003045", "99990000003045"), "column token of NSE:SBIN-EQ is '99990000003045'"),
        (SBIN.replace("NSE:SBIN-EQ", "SBIN"), "column symbol of SBIN is 'SBIN'"),
        (SBIN.replace("NSE:SBIN-EQ", "BSE:SBIN"), "column symbol of BSE:SBIN is 'BSE:SBIN'"),
        (SBIN.replace("NSE:SBIN-EQ", "NSE:\x1b[2J"), "column symbol of NSE:\\x1b[2J is 'NSE:\\x1b[2J'"),
        (SBIN.replace("2025-11-10,,", "2025-11-10,soon,"), "column expiry of NSE:SBIN-EQ is 'soon'"),
        (SBIN.replace("2025-11-10,,", "2025-02-30,,"), "column updated holds a date that is none"),
        (f"{SBIN}\n{SBIN.replace('10100', '10110')}\n", "column token of NSE:SBIN-EQ is '10110000003045'"),
        (KITE.replace("tick_size", "ticks"), "has no column tick_size"),
        (KITE.replace(",NFO\n", ",MCX\n"), "column exchange of row 1 is 'MCX'"),
        (b"\x80\x81\x82", "has 1 columns"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_what_is_no_master_is_refused_with_the_column_named(refusal, content, why: str):
    assert why in refusal(content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "cut off"),
        ('{"NSE:SBIN-EQ": ', "cut off"),
        (json.dumps({"NSE:SBIN-EQ": ENTRY})[:-1], "ends in the middle"),
        (json.dumps({"NSE:SBIN-EQ": ENTRY}) + "{}", "goes on after the end"),
        ('{"s": "error", "message": "maintenance"}', "the entry of s is no object"),
        ('{"NSE:SBIN-EQ": [1]}', "is no object"),
        ('{"NSE:SBIN-EQ": ' + "[" * 100_000, "not readable as JSON"),
        ('{"NSE:SBIN-EQ": ' + '{"a":' * 3_000, "not readable as JSON"),
        ('{"a' + "x" * 3_000_000 + '": {}}', "not readable as JSON"),
        ('{"a"' + " " * 3_000_000 + ": {}}", "no object of contracts"),
        ({"NSE:SBIN-EQ": {**ENTRY, "tickSize": [1]}}, "tickSize of NSE:SBIN-EQ is no text or number"),
        ({"NSE:SBIN-EQ": {"fyToken": "10100000003045", "tickSize": 0.05}}, "NSE:SBIN-EQ has no minLotSize"),
        ({"NSE:SBIN-EQ": {"fyToken": "10100000003045", "minLotSize": 1}}, "NSE:SBIN-EQ has no tickSize"),
        ({"NSE:\u001b[2J": {}}, "NSE:\\x1b[2J has no fyToken"),
        ({}, "holds no contracts"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_json_that_is_no_master_is_refused(refusal, content, why: str):
    assert why in refusal(content)


def test_a_master_of_another_segment_is_refused(refusal, read):
    assert "is the master of NSE_CM, not of NSE_FO" in refusal(SBIN, "NSE_FO")
    assert read({}, "NSE_FO").table.num_rows == 0


def test_a_file_that_unpacks_without_end_is_refused(refusal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(master_rows, "LARGEST_FILE", 3_000_000)
    monkeypatch.setattr(master_rows, "LARGEST_CSV", 1_000_000)
    entries = b",".join(b'"NSE:S%d-EQ": %s' % (number, json.dumps(ENTRY).encode()) for number in range(40_000))
    assert "larger than the limit of 3000000" in refusal(gzip.compress(b"{" + entries + b"}"))
    assert "larger than the limit of 1000000" in refusal(gzip.compress(f"{SBIN}\n".encode() * 10_000))


def test_a_master_with_too_many_rows_is_refused(refusal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(master_rows, "MOST_ROWS", 2)
    assert "more than 2 contracts" in refusal(f"{SBIN}\n" * 3)
    assert "more than 2 contracts" in refusal({f"NSE:S{number}-EQ": ENTRY for number in range(3)})


REAL = {
    "fyers_NSE_CM_2021-09-23_old_layout.csv.gz": ("NSE_CM", 522, "NSE:SBIN-EQ", 1, 5),
    "fyers_NSE_CM_2022-09-23_middle_layout.csv.gz": ("NSE_CM", 585, "NSE:MARATHON-EQ", 1, 5),
    "fyers_NSE_CM_2025-11-10.csv.gz": ("NSE_CM", 8_730, "NSE:RELIANCE-EQ", 1, 10),
    "fyers_BSE_FO_2025-11-10_SENSEX.csv.gz": ("BSE_FO", 3_263, "BSE:SENSEX25N1374700CE", 20, 5),
    "fyers_NSE_CD_2025-11-10_USDINR.csv.gz": ("NSE_CD", 2_129, "NSE:USDINR26OCTFUT", 1, 25),
    "kite_NFO_2025-11_subset.csv.gz": ("NSE_FO", 3_776, "NSE:NIFTY26JANFUT", 65, 10),
}


@pytest.mark.parametrize("name", REAL)
def test_every_recorded_master_is_read_whole(name: str, real_data: Path):
    segment, count, symbol, lot, tick = REAL[name]
    file = read_master(real_data / "symbol_master" / name)
    assert (file.segment, file.table.num_rows) == (segment, count)
    assert (rows(file)[symbol]["lot"], rows(file)[symbol]["tick"]) == (lot, tick)
