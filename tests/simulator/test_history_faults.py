"""What the simulated broker leaves out of its history, seen over the wire."""

from simulator.faults import FaultKind
from simulator.server import RunningSimulator

from .conftest import SBIN, Program

WEEK = {"symbol": SBIN, "resolution": "60", "date_format": "1", "range_from": "2025-12-29", "range_to": "2026-01-02"}
BARS = 7
DAY = 86_400


def rows(program: Program, **changes: object) -> list[list[float]]:
    return program.call("GET", "/data/history", **{**WEEK, **changes}).body["candles"]


def days(found: list[list[float]]) -> list[int]:
    return [int(row[0]) // DAY for row in found]


def test_a_missing_session_is_left_out_without_a_word(program: Program, simulator: RunningSimulator) -> None:
    whole = rows(program)
    simulator.arm(FaultKind.MISSING_SESSION, day="2025-12-31")
    answer = program.call("GET", "/data/history", **WEEK)

    assert answer.body["s"] == "ok"
    lost = days(whole)[2 * BARS]
    assert answer.body["candles"] == [row for row in whole if int(row[0]) // DAY != lost]
    assert rows(program) == whole


def test_a_missing_session_waits_for_a_range_that_holds_it(program: Program, simulator: RunningSimulator) -> None:
    simulator.arm(FaultKind.MISSING_SESSION, day="2025-12-24")
    assert len(rows(program)) == 5 * BARS
    assert len(rows(program, range_from="2025-12-22", range_to="2025-12-24")) == 2 * BARS


def test_no_data_says_where_the_last_candle_before_is(program: Program, simulator: RunningSimulator) -> None:
    simulator.arm(FaultKind.NO_DATA)
    body = program.call("GET", "/data/history", **WEEK).body

    assert (body["s"], body["candles"]) == ("no_data", [])
    assert body["nextTime"] < rows(program)[0][0]


def test_a_share_that_was_listed_later_has_nothing_before(program: Program, simulator: RunningSimulator) -> None:
    simulator.arm(FaultKind.LISTED_LATER, day="2025-12-31", symbol=SBIN, times=None)
    assert len(rows(program)) == 3 * BARS
    assert rows(program, range_from="2025-12-22", range_to="2025-12-26") == []


def test_a_capped_answer_holds_the_newest_rows(program: Program, simulator: RunningSimulator) -> None:
    whole = rows(program)
    simulator.arm(FaultKind.CAPPED_HISTORY, rows=10)
    assert rows(program) == whole[-10:]


def test_other_symbols_are_spared(program: Program, simulator: RunningSimulator) -> None:
    simulator.arm(FaultKind.NO_DATA, symbol="NSE:INFY-EQ", times=None)
    assert len(rows(program)) == 5 * BARS
    assert rows(program, symbol="NSE:INFY-EQ") == []
