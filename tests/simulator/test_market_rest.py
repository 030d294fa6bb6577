"""The market's calls, over HTTP."""

from datetime import date, time

import pytest

from core.instants import instant_at
from simulator.faults import FaultKind
from simulator.options import SimulatorOptions
from simulator.server import running_simulator

SBIN = "NSE:SBIN-EQ"
NIFTY = "NSE:NIFTY50-INDEX"


def test_history_tells_the_day_before_and_the_day_so_far(program) -> None:
    asked = {"symbol": SBIN, "resolution": "5", "date_format": "1", "cont_flag": "1"}
    body = program.call("GET", "/data/history", **asked, range_from="2026-01-05", range_to="2026-01-06").body
    assert body["s"] == "ok"
    stamps = [row[0] for row in body["candles"]]
    assert stamps == sorted(set(stamps))
    assert 75 + 9 <= len(stamps) < 2 * 75
    assert all(low <= min(open_, close) for _, open_, _, low, close, _ in body["candles"])


def test_a_holiday_has_no_data_and_a_hint(program) -> None:
    asked = {"symbol": SBIN, "resolution": "1", "date_format": "1", "range_from": "2026-01-04"}
    body = program.call("GET", "/data/history", **asked, range_to="2026-01-04").body
    assert body == {"s": "no_data", "candles": [], "nextTime": body["nextTime"]}


def test_history_of_an_unknown_symbol_is_refused_as_seen_on_the_wire(program) -> None:
    asked = {"resolution": "1", "date_format": "1", "range_from": "2026-01-06", "range_to": "2026-01-06"}
    answer = program.call("GET", "/data/history", symbol="NSE:NOPE-EQ", **asked)
    assert answer.status == 422
    assert answer.body == {"s": "error", "code": -300, "message": "Invalid symbol provided"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_quotes_answer_good_symbols_and_name_the_bad_one(program, method) -> None:
    symbols = [SBIN, "NSE:NOPE-EQ", NIFTY]
    if method == "GET":
        rows = program.call("GET", "/data/quotes", symbols=",".join(symbols)).body["d"]
    else:
        rows = program.call("POST", "/data/quotes", {"symbols": symbols}).body["d"]
    assert [(row["n"], row["s"]) for row in rows] == list(zip(symbols, ["ok", "error", "ok"], strict=True))
    share, bad, index = (row["v"] for row in rows)
    assert share["low_price"] <= share["lp"] <= share["high_price"]
    assert 0 < share["bid"] < share["ask"]
    assert share["spread"] == pytest.approx(share["ask"] - share["bid"])
    assert bad["code"] == -300
    assert (index["bid"], index["ask"], index["volume"]) == (0, 0, 0)


@pytest.mark.parametrize("symbols", ["", ",".join([SBIN] * 51)])
def test_no_symbol_and_more_than_fifty_are_refused(program, symbols) -> None:
    answer = program.call("GET", "/data/quotes", symbols=symbols)
    assert (answer.status, answer.body["code"]) == (422, -50)
    assert answer.body["message"].startswith("symbols: ")


@pytest.mark.parametrize("body", [{}, [], {"symbols": SBIN}, {"symbols": [3]}, {"symbols": [""]}])
@pytest.mark.parametrize("path", ["/data/quotes", "/data/symbol-token"])
def test_a_list_of_symbols_must_be_one(program, path, body) -> None:
    answer = program.call("POST", path, body)
    assert (answer.status, answer.body["code"]) == (422, -50)


def test_depth_has_five_levels_each_side_and_the_bands_of_the_day(program) -> None:
    book = program.call("GET", "/data/depth", symbol=SBIN, ohlcv_flag="1").body["d"][SBIN]
    bids = [level["price"] for level in book["bids"]]
    asks = [level["price"] for level in book["ask"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert book["lower_ckt"] < book["l"] <= book["ltp"] <= book["h"] < book["upper_ckt"]
    assert book["ch"] == pytest.approx(book["ltp"] - book["c"])
    assert "ltp" not in program.call("GET", "/data/depth", symbol=SBIN).body["d"][SBIN]


def test_the_market_is_open_in_its_normal_part_only(program) -> None:
    rows = program.call("GET", "/data/marketStatus").body["marketStatus"]
    assert {row["status"] for row in rows if row["market_type"] == "NORMAL"} == {"OPEN"}
    assert {row["status"] for row in rows if row["market_type"] != "NORMAL"} == {"CLOSE"}


@pytest.mark.parametrize(
    ("day", "at", "status"),
    [
        (date(2026, 1, 6), time(8, 0), "CLOSE"),
        (date(2026, 1, 6), time(9, 2), "PREOPEN"),
        (date(2026, 1, 6), time(9, 12), "PREOPEN_CLOSED"),
        (date(2026, 1, 6), time(15, 29), "OPEN"),
        (date(2026, 1, 6), time(15, 31), "CLOSE"),
        (date(2026, 1, 4), time(10, 0), "CLOSE"),
        (date(2026, 1, 31), time(18, 30), "OPEN"),
    ],
)
def test_the_market_status_goes_by_the_session_of_the_day(connect, calendar, day, at, status) -> None:
    options = SimulatorOptions(clock_start=instant_at(day, at), clock_speed=0.001)
    with running_simulator(options, calendar) as running:
        rows = connect(running.endpoints).call("GET", "/data/marketStatus").body["marketStatus"]
    assert {row["status"] for row in rows if row["market_type"] == "NORMAL"} == {status}


@pytest.mark.parametrize(("at", "status"), [(time(9, 59), "OPEN"), (time(10, 30), "CLOSE"), (time(11, 31), "OPEN")])
def test_the_market_is_closed_in_a_pause(connect, drill_calendar, at, status) -> None:
    options = SimulatorOptions(clock_start=instant_at(date(2026, 1, 6), at), clock_speed=0.001)
    with running_simulator(options, drill_calendar) as running:
        rows = connect(running.endpoints).call("GET", "/data/marketStatus").body["marketStatus"]
    assert {row["status"] for row in rows if row["market_type"] == "NORMAL"} == {status}


@pytest.mark.parametrize(
    ("day", "word"), [(date(2026, 1, 6), "CLOSE"), (date(2026, 1, 4), "OPEN")], ids=["in a session", "on a Sunday"]
)
def test_the_market_status_can_contradict_the_day(connect, calendar, day, word) -> None:
    options = SimulatorOptions(clock_start=instant_at(day, time(11, 0)), clock_speed=0.001)
    with running_simulator(options, calendar) as running:
        program = connect(running.endpoints)

        def said() -> set[str]:
            rows = program.call("GET", "/data/marketStatus").body["marketStatus"]
            return {row["status"] for row in rows if row["market_type"] == "NORMAL"}

        truth = said()
        running.arm(FaultKind.MARKET_STATUS, message=word)
        assert [said(), said()] == [{word}, truth]
    assert truth != {word}


def test_symbol_tokens_are_given_for_the_bare_token_too(program) -> None:
    body = {"symbols": [SBIN, "NSE:NOPE-EQ"]}
    for token in (program.endpoints.access_token, program.authorization):
        answer = program.call("POST", "/data/symbol-token", body, token=token).body
        assert answer["validSymbol"] == {SBIN: "10100000003045"}
        assert answer["invalidSymbol"] == ["NSE:NOPE-EQ"]


def test_symbol_files_need_no_token(program) -> None:
    rows = program.call("GET", "/sym_details/NSE_CM.csv", token="").body.splitlines()
    sbin = next(row.split(",") for row in rows if SBIN in row)
    assert len(sbin) == 21
    assert (sbin[0], sbin[3], sbin[4], sbin[9]) == ("10100000003045", "1", "0.05", SBIN)
    master = program.call("GET", "/sym_details/NSE_CM_sym_master.json", token="").body
    assert master[SBIN]["qtyFreeze"] == "25000"
    assert master[SBIN]["lowerPrice"] < master[SBIN]["previousClose"] < master[SBIN]["upperPrice"]
    names = program.call("GET", "/sym_details/index_hsm_mapping.json", token="").body
    assert names[NIFTY] == "Nifty 50"


def test_a_segment_without_contracts_is_empty_and_an_unknown_file_is_missing(program) -> None:
    assert program.call("GET", "/sym_details/BSE_FO.csv", token="").body == ""
    assert program.call("GET", "/sym_details/NSE_XX.csv", token="").status == 404
    assert program.call("GET", "/sym_details/NSE_CM.txt", token="").status == 404
