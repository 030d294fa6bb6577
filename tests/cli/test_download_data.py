"""`fyersbot download-data` as its user meets it: what it fetches, what it says, and what it refuses."""

import json
import resource
import signal
import subprocess
import sys
from datetime import date, time
from pathlib import Path

import pytest

from core.instants import instant_at, ist_date
from core.market import Timeframe
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from simulator.faults import FaultKind
from simulator.server import RunningSimulator
from trading.call_journal import CallJournal

from .conftest import DAY, Run

SBIN = Series("NSE:SBIN-EQ", Timeframe.M5)
DECEMBER = ("--from", "2025-12-01", "--to", "2025-12-31")
ONE = ("--symbols", "NSE:SBIN-EQ", "--timeframe", "5m")
SESSIONS = 22
ROOM = 60_000
"""Bytes a file may grow to: enough for the symbol master, too few for a year of candles."""


@pytest.fixture
def store(home: Path) -> ParquetCandleStore:
    return ParquetCandleStore(home / "archive")


@pytest.fixture(autouse=True)
def _calm(simulator: RunningSimulator, signed_in: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    """A market without faults, which may take its time to answer."""
    monkeypatch.setenv("FYERSBOT__BROKER__READ_SECONDS", "600")
    signed_in["FYERSBOT__BROKER__READ_SECONDS"] = "600"
    yield
    simulator.clear()


def contents(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (home / "archive").rglob("*.parquet")}


def test_many_series_come_with_one_command_and_nothing_with_the_next(run: Run, home: Path, store) -> None:
    wanted = ("--symbols", "NSE:SBIN-EQ,NSE:INFY-EQ", "--symbols", "NSE:RELIANCE-EQ", "--timeframe", "5m,D")
    first = json.loads(run("download-data", *wanted, *DECEMBER, "--json").out)
    again = json.loads(run("download-data", *wanted, *DECEMBER, "--json").out)

    assert [(each["symbol"], each["timeframe"]) for each in first["series"]][:3] == [
        ("NSE:SBIN-EQ", "5m"),
        ("NSE:SBIN-EQ", "D"),
        ("NSE:INFY-EQ", "5m"),
    ]
    assert (first["requests"], first["complete"]) == (6, True)
    assert (again["requests"], again["complete"]) == (0, True)
    assert {each["known"] for each in again["series"]} == {SESSIONS}
    assert len(store.read(SBIN, Days(date(2025, 12, 1), date(2025, 12, 31)))) == SESSIONS * 75
    assert len(list(CallJournal(home / "bot").calls(DAY))) == 6


def test_without_options_it_takes_the_settings_and_the_days_up_to_the_last_session_that_is_over(
    run: Run, store
) -> None:
    said = run("download-data", "--from", "2026-01-01")

    assert said.code == 0
    assert [row.split()[0] for row in said.out.splitlines()[1:]] == ["NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ"]
    assert store.known(SBIN) == (Days(date(2026, 1, 1), date(2026, 1, 5)),)
    newest = store.read(SBIN, Days(date(2026, 1, 1), DAY)).starts[-1]
    assert newest == instant_at(date(2026, 1, 5), time(15, 25))


def test_a_second_run_up_to_today_asks_for_the_tail_only(run: Run) -> None:
    run("download-data", *ONE, "--from", "2025-12-01")
    said = json.loads(run("download-data", *ONE, "--from", "2025-12-01", "--json").out)

    assert said["requests"] == 1
    assert (said["series"][0]["new"], said["series"][0]["changed"]) == (0, 0)


def test_a_session_that_the_broker_leaves_out_is_told_and_remembered(run: Run, simulator: RunningSimulator) -> None:
    simulator.arm(FaultKind.MISSING_SESSION, day="2025-12-10", times=None)
    first = run("download-data", *ONE, *DECEMBER)
    again = run("download-data", *ONE, *DECEMBER)

    assert "NSE:SBIN-EQ 5m: the broker has no candles of 2025-12-10; that is remembered" in first.err
    assert "everything is there: nothing was asked for" in again.err
    simulator.clear()
    mended = json.loads(run("download-data", *ONE, *DECEMBER, "--with-empty", "--json").out)
    assert (mended["requests"], mended["series"][0]["new"], mended["series"][0]["empty"]) == (1, 75, 0)


@pytest.mark.parametrize(
    ("kind", "details", "requests", "empty"),
    [
        (FaultKind.NO_DATA, {"times": None}, 1, SESSIONS),
        (FaultKind.LISTED_LATER, {"times": None, "day": "2025-12-22"}, 3, 15),
        (FaultKind.MISSING_SESSION, {"times": 1, "day": "2025-12-10"}, 2, 0),
        (FaultKind.CAPPED_HISTORY, {"times": None, "rows": 400}, None, 0),
        (FaultKind.CAPPED_HISTORY, {"times": 1, "rows": SESSIONS * 75 - 20}, 2, 0),
        (FaultKind.TRUNCATED_BODY, {"times": 2, "path": "/data/history"}, 1, 0),
        (FaultKind.HTML_BODY, {"times": 1, "path": "/data/history"}, 1, 0),
    ],
)
def test_whatever_an_answer_lacks_the_store_ends_up_whole(
    run: Run, simulator: RunningSimulator, kind, details, requests, empty
) -> None:
    simulator.arm(kind, **details)
    [series] = json.loads(run("download-data", *ONE, *DECEMBER, "--json").out)["series"]

    assert (series["known"], series["empty"], series["new"]) == (SESSIONS, empty, (SESSIONS - empty) * 75)
    assert requests is None or series["requests"] == requests
    assert series["error"] is None


def test_one_answer_without_data_leaves_no_hole_beside_sessions_with_candles(
    run: Run, simulator: RunningSimulator
) -> None:
    half_a_year = ("--from", "2025-07-01", "--to", "2025-12-31")
    simulator.arm(FaultKind.NO_DATA, times=1)
    [series] = json.loads(run("download-data", *ONE, *half_a_year, "--json").out)["series"]
    again = json.loads(run("download-data", *ONE, *half_a_year, "--json").out)

    assert (series["requests"], series["missing"], series["empty"], series["absent"]) == (4, 0, 0, [])
    assert again["requests"] == 0


def test_calls_that_were_too_many_are_made_again_a_minute_later(run: Run, simulator: RunningSimulator) -> None:
    before = simulator.clock.now()
    simulator.arm(FaultKind.HTTP_429, path="/data/history")
    said = run("download-data", *ONE, *DECEMBER, "--json")

    assert json.loads(said.out)["complete"] is True
    assert simulator.clock.now() - before > 60 * 10**9


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (FaultKind.HTTP_429, "the broker's rate limit is used up (HTTP 429); what came is stored"),
        (FaultKind.HTML_BODY, "HTTP 200 without readable JSON"),
        (FaultKind.TRUNCATED_BODY, "no whole answer from 127.0.0.1"),
        (FaultKind.HANG, "no whole answer from 127.0.0.1"),
    ],
)
def test_a_broker_that_stays_in_trouble_ends_it_in_one_line_and_leaves_the_store_as_it_was(
    run: Run, simulator: RunningSimulator, home: Path, monkeypatch: pytest.MonkeyPatch, kind, why: str
) -> None:
    run("download-data", *ONE, *DECEMBER)
    before = contents(home)
    monkeypatch.setenv("FYERSBOT__BROKER__READ_SECONDS", "1")
    simulator.arm(kind, path="/data/history", times=None)
    said = run("download-data", *ONE, "--from", "2025-11-03")

    assert said.code == 1
    last = said.err.splitlines()[-1]
    assert why in last
    assert "run it again" in last
    assert "Traceback" not in said.err
    assert contents(home) == before
    simulator.clear()
    monkeypatch.setenv("FYERSBOT__BROKER__READ_SECONDS", "600")
    assert json.loads(run("download-data", *ONE, "--from", "2025-11-03", "--json").out)["complete"] is True


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--timeframe", "7m", "--from", "2025-12-01"), "--timeframe 7m: must be one of 1m, 3m, 5m, 15m, 60m, D"),
        (("--timeframe", ",", "--from", "2025-12-01"), "--timeframe ,: must be one of"),
        (("--from", "2025-12-02", "--to", "2025-12-01"), "--from 2025-12-02 comes after --to 2025-12-01: swap them"),
        (("--from", "2026-01-07"), "--from 2026-01-07 lies in the future: today is 2026-01-06; name"),
        (("--from", "2025-12-01", "--to", "2026-01-07"), "--to 2026-01-07 lies in the future: today is 2026-01-06"),
        (("--from", "1990-01-01", "--to", "1990-02-01"), "1990-01-01 lies before the first hours"),
        (("--symbols", "NSE:NOSUCH-EQ", "--from", "2025-12-01"), "symbols: NSE:NOSUCH-EQ is not in "),
        (("--symbols", "NSE:RELIANC-EQ", "--from", "2025-12-01"), "did you mean NSE:RELIANCE-EQ?"),
        (("--symbols", "NSE:sbin-eq", "--from", "2025-12-01"), "did you mean NSE:SBIN-EQ?"),
        (("--symbols", "SBIN", "--from", "2025-12-01"), "symbols: 'SBIN' names no known exchange"),
        (("--symbols", "NSE:USDINR26JANFUT", "--from", "2025-12-01"), "NSE:USDINR26JANFUT has prices of 4 decimal"),
        (("--symbols", "NSE:NIFTY25NOVFUT", "--from", "2025-11-03"), "(if it has expired: FYERS' history answers"),
        (("--symbols", "MCX:CRUDEOIL26JANFUT", "--from", "2025-12-01"), "MCX:CRUDEOIL26JANFUT is not in "),
    ],
)
def test_a_wish_that_cannot_be_fulfilled_is_refused_in_one_line_and_writes_no_candle(
    run: Run, home: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in run("download-data", *arguments).complaint
    assert not (home / "archive").exists()


def test_one_unknown_symbol_among_known_ones_is_refused_before_anything_is_asked(run: Run, home: Path) -> None:
    assert "NSE:NOSUCH-EQ" in run("download-data", "--symbols", "NSE:SBIN-EQ,NSE:NOSUCH-EQ", *DECEMBER).complaint
    assert not (home / "bot").exists()


def test_without_a_token_it_says_how_to_sign_in_and_what_is_there_needs_none(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("download-data", *ONE, *DECEMBER)
    monkeypatch.setenv("FYERSBOT__AUTH__ACCESS_TOKEN", "")

    assert run("download-data", *ONE, "--from", "2025-11-03", "--to", "2025-11-28").complaint.endswith(
        "run `fyersbot login`"
    )
    assert run("download-data", *ONE, *DECEMBER).code == 0


def test_a_token_that_dies_on_the_way_ends_it_in_one_line_and_keeps_what_was_there(
    run: Run, simulator: RunningSimulator, home: Path, store
) -> None:
    run("download-data", *ONE, *DECEMBER)
    before = contents(home)
    simulator.arm(FaultKind.EXPIRE_TOKENS)

    assert run("download-data", *ONE, "--from", "2025-01-01").complaint.endswith("run `fyersbot login`")
    assert contents(home) == before


def test_days_without_a_session_are_no_error_and_need_no_call(run: Run) -> None:
    said = run("download-data", *ONE, "--from", "2025-12-06", "--to", "2025-12-07")

    assert said.code == 0
    assert said.err == "no session from 2025-12-06 to 2025-12-07 is over: there is nothing to ask for\n"


def test_a_damaged_file_spoils_its_own_series_only_and_is_left_alone(run: Run, home: Path, store) -> None:
    run("download-data", "--symbols", "NSE:SBIN-EQ,NSE:INFY-EQ", "--timeframe", "5m", *DECEMBER)
    [path] = (home / "archive").rglob("symbol=NSE%3ASBIN-EQ/2025.parquet")
    path.write_bytes(path.read_bytes()[:-50])
    spoiled = path.read_bytes()
    said = run("download-data", "--symbols", "NSE:SBIN-EQ,NSE:INFY-EQ", "--timeframe", "5m", "--from", "2025-11-03")

    assert said.code == 1
    assert f"fyersbot: 1 of 2 series are not whole; NSE:SBIN-EQ 5m: {path}: cannot be read" in said.err
    assert path.read_bytes() == spoiled
    infosys = store.known(Series("NSE:INFY-EQ", Timeframe.M5))
    assert infosys == (Days(date(2025, 11, 3), date(2025, 11, 28)), Days(date(2025, 12, 1), date(2026, 1, 5)))


def test_a_disk_without_room_ends_it_in_one_line_and_the_store_is_as_it_was(
    run: Run, home: Path, signed_in: dict[str, str]
) -> None:
    run("download-data", *ONE, *DECEMBER)
    before = contents(home)
    ended = subprocess.run(
        [sys.executable, "-m", "cli", "download-data", *ONE, "--from", "2025-01-01", "--to", "2025-12-31"],
        cwd=home,
        env=signed_in,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"fyersbot: {home / 'archive'}")
    assert "cannot be written" in last
    assert last.endswith("; what came is stored, make room there and run it again for the rest")
    kept = contents(home)
    assert kept.keys() == before.keys()
    assert all(len(content) < ROOM for content in kept.values())
    again = json.loads(run("download-data", *ONE, "--from", "2025-01-01", "--to", "2025-12-31", "--json").out)
    assert again["complete"] is True


def test_ctrl_c_ends_it_and_the_next_run_goes_on(
    run: Run, home: Path, signed_in: dict[str, str], simulator: RunningSimulator
) -> None:
    wanted = ("--symbols", "NSE:SBIN-EQ,NSE:INFY-EQ", "--timeframe", "5m", "--from", "2025-01-01", "--to", "2025-12-31")
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "download-data", *wanted],
        cwd=home,
        env=signed_in,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not contents(home):
        pass
    simulator.arm(FaultKind.HANG, path="/data/history", times=None)  # else it may be done before the signal comes
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    simulator.clear()
    done = json.loads(run("download-data", *wanted, "--json").out)

    assert process.returncode != 0
    assert "Traceback" not in said
    assert done["complete"] is True
    assert all(ist_date(call.at) == DAY for call in CallJournal(home / "bot").calls(DAY))
