"""A tape is played as far as it has one honest reading, with its defects counted; else it is refused in one line."""

import json
import re
import signal
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from .conftest import DAY, Run

HEADER = "timestamp,open,high,low,close,volume"


def rows(day: date) -> list[str]:
    """A session of five-minute candles."""
    opened = datetime.fromisoformat(f"{day}T09:15:00")
    prices = [800 + number % 10 for number in range(75)]
    return [
        f"{opened + timedelta(minutes=5 * number)},{price},{price + 1},{price - 1},{price},1000"
        for number, price in enumerate(prices)
    ]


def tape(folder: Path, lines: list[str], name: str = "NSE_SBIN-EQ_5m.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def trade(run: Run, path: Path | str, day: date | str = DAY) -> str:
    """Ask for a rehearsal that is refused; nothing may have been written for it."""
    complaint = run("trade", "--tape", path, "--date", str(day), "--speed", "600").complaint
    assert not Path("data/runs").exists()
    assert not Path("models").exists()
    return complaint


def test_duplicate_unsorted_impossible_and_missing_rows_are_counted_and_the_rest_is_played(home: Path) -> None:
    lines = rows(DAY)
    lines[10], lines[11] = lines[11], lines[10]
    lines[20] = lines[20].replace(",1000", ",-5")
    lines += [lines[30], lines[31], lines[0].replace("09:15", "07:00")]
    del lines[40:45]
    path = tape(home, lines)
    command = [sys.executable, "-m", "cli", "simulator", "--tape", str(path), "--date", str(DAY)]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as playing:
        try:
            assert playing.stdout is not None
            endpoints = json.loads(playing.stdout.readline())
            playing.send_signal(signal.SIGTERM)
            _, said = playing.communicate(timeout=30)
        finally:
            playing.kill()
    assert endpoints["symbols"] == ["NSE:SBIN-EQ"]
    assert said == (
        "NSE_SBIN-EQ_5m.csv: 69 of 73 rows in 1 sessions; dropped: 2 duplicate, 1 impossible, 1 outside the session; "
        "3 put in order\n"
    )


def test_two_different_rows_of_one_time_are_a_contradiction(run: Run, home: Path) -> None:
    lines = rows(DAY)
    complaint = trade(run, tape(home, [*lines, lines[3].replace(",1000", ",1001")]))
    assert complaint.endswith(
        "NSE_SBIN-EQ_5m.csv: two different rows at 2026-01-06 09:30:00, in column 'volume'; remove the wrong one"
    )


def test_a_day_the_tape_does_not_hold_is_refused_with_those_it_holds(run: Run, home: Path) -> None:
    path = tape(home, rows(DAY))
    expected = f"{path}: has no rows on 2026-01-07, it holds 1 sessions from {DAY} to {DAY}; choose one of those"
    assert trade(run, path, "2026-01-07") == expected
    assert run("simulator", "--tape", path, "--date", "2026-01-07").complaint == expected


@pytest.mark.parametrize(
    ("day", "named"),
    [
        ("2026-01-04", r"2026-01-04 was not a trading day; choose one that was"),
        ("2026-01-26", r"2026-01-26 was not a trading day; choose one that was"),
        ("2004-01-05", r"2004-01-05 lies before the first hours in .*sessions\.yaml \(2005-01-01\)"),
        ("2039-01-04", r"the holidays of 2039 are not known: .*update exchange_calendars, or list the year's"),
    ],
)
def test_a_day_without_a_market_is_refused(day: str, named: str, run: Run, home: Path) -> None:
    assert re.match(named, trade(run, tape(home, rows(DAY)), day))


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    assert re.match(r"cannot read the tape NSE_SBIN-EQ_5m\.csv: .*No such file", trade(run, "NSE_SBIN-EQ_5m.csv"))


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("NSE_SBIN-EQ_5m.parquet", "no parquet", r"cannot read the tape .*; it must be a parquet or CSV file"),
        ("NSE_SBIN-EQ_5m.csv", "time,price\n1,2\n", r"no column 'timestamp'; it has time, price"),
        ("NSE_SBIN-EQ_5m.csv", "timestamp,open\n2026-01-06 09:15:00,2\n", r"no column 'high'"),
        ("NSE_SBIN-EQ_5m.csv", f"{HEADER}\nyesterday,1,1,1,1,1\n", r"column 'timestamp' is not readable as time"),
        ("NSE_SBIN-EQ_5m.csv", f"{HEADER}\n2026-01-06 09:15:00,1,x,1,1,1\n", r"column 'high' is not numeric"),
        ("NSE_SBIN-EQ_5m.csv", f"{HEADER}\n", r"no usable row among 0"),
        ("NSE_SBIN-EQ_5m.csv", "", r"cannot read the tape .*; it must be a parquet or CSV file"),
        (
            "mine.csv",
            f"{HEADER}\n2026-01-06 09:15:00,1,1,1,1,1\n",
            r"not tell the symbol; name it like NSE_SBIN-EQ",
        ),
    ],
)
def test_a_file_that_is_no_tape_is_refused(name: str, content: str, named: str, run: Run, home: Path) -> None:
    (home / name).write_text(content)
    complaint = trade(run, home / name)
    assert re.search(named, complaint)
    assert name in complaint


@pytest.mark.parametrize("timeframe", ["1m", "3m"])
def test_a_timeframe_that_the_tapes_candles_do_not_make_is_refused(
    timeframe: str, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FYERSBOT__TIMEFRAME", timeframe)
    path = tape(home, rows(DAY))
    assert trade(run, path) == (
        f"{path}: its 5m candles do not make the {timeframe} candles asked for; "
        "set timeframe to 5m or a multiple, or take a finer tape"
    )


def test_a_tape_and_its_day_belong_together(run: Run, home: Path) -> None:
    path = tape(home, rows(DAY))
    assert run("trade", "--tape", path).complaint == (
        "--tape needs --date, the day of the file to trade, for example 2023-06-01"
    )
    assert "--date needs --tape" in run("trade", "--date", str(DAY)).complaint


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--speed", "0"), "--speed 0: must lie above 0 and not above 900"),
        (("--speed", "nan"), "--speed nan: must lie above 0 and not above 900"),
        (("--speed", "1e9"), "--speed 1e+09: must lie above 0 and not above 900"),
        (("--mode", "paper"), "--tape trades one day in live mode at the simulator: leave out --mode and --days"),
        (("--mode", "bogus"), "--tape trades one day in live mode at the simulator: leave out --mode and --days"),
        (("--days", "2"), "--tape trades one day in live mode at the simulator: leave out --mode and --days"),
        (("--config", "bott.yaml"), "bott.yaml: there is no such file; create it, or name another"),
    ],
)
def test_wishes_that_contradict_a_rehearsal_are_refused(
    flags: tuple[str, ...], named: str, run: Run, home: Path
) -> None:
    assert run("trade", "--tape", tape(home, rows(DAY)), "--date", str(DAY), *flags).complaint == named
    assert not (home / "data" / "runs").exists()
