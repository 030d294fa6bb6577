"""`fyersbot coverage`: bad wishes are one line and leave nothing behind; good ones print, draw and clean."""

import errno
import json
import os
import re
from datetime import date, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.instants import instant_at, ist_text
from core.market import Timeframe
from features.columns import CandleColumns
from market_data.calendar import NseCalendar
from market_data.candles.candle_store import Series
from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days
from training.sources import generated

from .conftest import Run

SYMBOL = "NSE:SBIN-EQ"
FIRST, LAST = date(2025, 6, 9), date(2025, 6, 13)
MONDAY = date(2025, 6, 16)


@pytest.fixture
def candles(calendar_cache: Path) -> CandleColumns:
    [history] = generated((SYMBOL,), Timeframe.M5, FIRST, MONDAY, 3, NseCalendar(cache=calendar_cache))
    return history.candles


@pytest.fixture
def archive(home: Path, candles: CandleColumns) -> Path:
    """An archive of one series in which the last day is missing, and the day before it known to be empty."""
    store = ParquetCandleStore(home / "data" / "archive")
    store.put(Series(SYMBOL, Timeframe.M5), Days(FIRST, date(2025, 6, 12)), candles.slice(0, 225))
    store.put(Series(SYMBOL, Timeframe.M5), Days(MONDAY, MONDAY), candles.slice(375, 450))
    return home / "data" / "archive"


@pytest.fixture
def file(home: Path, candles: CandleColumns) -> Path:
    """A file in which a day is twice."""
    path = home / "NSE_SBIN-EQ_5m.parquet"
    rows = [*range(150), *range(75, 375)]
    columns = {"timestamp": pa.array(candles.starts // 1_000_000, type=pa.timestamp("ms", tz="Asia/Kolkata"))}
    columns |= {name: pa.array(getattr(candles, f"{name}s") / 100) for name in ("open", "high", "low", "close")}
    pq.write_table(pa.table({**columns, "volume": pa.array(candles.volumes)}).take(rows), path)
    return path


def test_the_archive_is_judged(run: Run, archive: Path) -> None:
    answer = run("coverage")
    assert answer.code == 0
    facts = "6 sessions: 4 whole, 0 partial, 1 absent, 1 known to be empty (80.00% of the candles)"
    assert facts in " ".join(answer.out.split())
    assert re.search(r"defect +1 of 6 sessions .*2025-06-13", answer.out)
    assert re.search(r"note +1 of 6 sessions .*2025-06-12", answer.out)
    assert "1 series: 1 defect, 0 doubts" in answer.out


def test_list_data_counts_the_same_sessions(run: Run, archive: Path) -> None:
    [series] = json.loads(run("list-data", "--json").out)["series"]
    [judged] = json.loads(run("coverage", "--json").out)["series"]
    assert (series["sessions"], series["missing"]) == (judged["sessions"], judged["absent"]) == (6, 1)
    assert judged["empty"] == 1


def test_today_is_not_missing_while_it_trades(run: Run, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = []
    for hour in (15, 16):
        now = instant_at(date(2025, 6, 17), time(hour, 0))
        monkeypatch.setattr("runtime.clock.MarketClock.now", lambda _self, now=now: now)
        [judged] = json.loads(run("coverage", "--to", "2025-06-17", "--json").out)["series"]
        sessions.append((judged["sessions"], judged["absent"]))
    assert sessions == [(6, 1), (7, 2)]


def test_series_of_the_archive_are_named_once_and_in_one_piece_when_they_are_compared(run: Run, archive: Path) -> None:
    days = CandleColumns(
        *(np.array([value]) for value in (instant_at(FIRST, time()), 60_000, 60_100, 59_900, 60_050, 9))
    )
    ParquetCandleStore(archive).put(Series(SYMBOL, Timeframe.D), Days(FIRST, FIRST), days)
    lines = run("coverage").out.splitlines()
    assert f"{SYMBOL} 5m  {FIRST} to {MONDAY}" in lines
    compared = lines[next(place for place, line in enumerate(lines) if line.startswith("Sources compared")) :]
    assert len([line for line in compared if f"{SYMBOL} 5m" in line or f"{SYMBOL} D" in line]) == 2


def test_json_is_one_object_with_every_day_and_place(run: Run, archive: Path) -> None:
    found = json.loads(run("coverage", SYMBOL, "--timeframe", "5m", "--json").out)
    (series,) = found["series"]
    assert [each["state"] for each in series["days"]] == [
        *["whole"] * 3,
        "empty",
        "absent",
        *["closed"] * 2,
        "whole",
    ]
    assert series["findings"][0]["spots"] == [{"at": "2025-06-13 00:00:00", "rows": 1, "what": ""}]
    assert (found["defects"], found["doubts"], found["cleaned"]) == (1, 0, [])


def test_a_page_is_drawn_where_asked(run: Run, archive: Path, home: Path) -> None:
    answer = run("coverage", "--html", "pages/coverage.html")
    assert answer.code == 0
    page = (home / "pages" / "coverage.html").read_text()
    assert "2025-06-13: absent" in page
    assert "2025-06-12: known to be empty<" in page


@pytest.mark.parametrize("name", ["NSE_SBIN-EQ_5m.parquet", "candles.csv", "page"])
def test_a_page_never_replaces_what_may_be_data(run: Run, archive: Path, home: Path, name: str) -> None:
    (home / name).write_text("mine")
    assert "a page is called .html; any other file might be your data" in run("coverage", "--html", name).complaint
    assert (home / name).read_text() == "mine"


def test_a_page_that_does_not_fit_the_disk_leaves_the_old_one(
    run: Run, archive: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "old.html").write_text("the old page")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    assert run("coverage", "--html", "old.html").complaint == "old.html cannot be written: No space left on device"
    assert (home / "old.html").read_text() == "the old page"
    assert [path.name for path in home.iterdir() if path.name.startswith(".old")] == []


def test_a_file_is_judged_and_cleaned_beside_it(run: Run, file: Path, home: Path, candles: CandleColumns) -> None:
    before = file.read_bytes()
    (cleaned,) = json.loads(run("coverage", "--data", file, "--fix", "clean", "--json").out)["cleaned"]
    assert (cleaned["rows"], cleaned["kept"], cleaned["left"]) == (450, 375, [])
    assert file.read_bytes() == before
    assert pq.read_table(home / "clean" / file.name)["close"].to_pylist() == (candles.closes[:375] / 100).tolist()
    changes = (home / "clean" / "NSE_SBIN-EQ_5m.changes.csv").read_text().splitlines()
    assert len(changes) == 76
    assert changes[1].startswith(f"{file.name},150,{ist_text(int(candles.starts[75]))},dropped: there already")
    assert "nothing is overwritten" in run("coverage", "--data", file, "--fix", "clean").complaint


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_one_unreadable_file_of_a_folder_is_named_the_rest_judged_and_the_end_is_a_failure(
    run: Run, file: Path, home: Path, flags: tuple[str, ...]
) -> None:
    (home / "torn").mkdir()
    torn = home / "torn" / "NSE_INFY-EQ_5m.parquet"
    torn.write_bytes(file.read_bytes()[:-100])
    answer = run("coverage", "--data", home, "--fix", "clean", *flags)
    assert answer.code == 1
    assert answer.err.startswith(f"fyersbot: 1 of 2 could not be judged and nothing cleaned; {torn}: not readable")
    assert len(answer.err.splitlines()) == 1
    assert not (home / "clean").exists()
    if flags:
        found = json.loads(answer.out)
        assert [each["symbol"] for each in found["series"]] == [SYMBOL]
        assert [each.partition(":")[0] for each in found["not_judged"]] == [str(torn)]
    else:
        assert "1 series: " in answer.out
        assert "Not judged" in answer.out


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("candles.json", b"[]", "read are .csv, .csv.gz, .tsv, .tsv.gz, .txt, .txt.gz, .parquet; name the file"),
        ("candles", b"a,b", "read are .csv, .csv.gz, .tsv, .tsv.gz, .txt, .txt.gz, .parquet; name the file"),
        ("NSE_SBIN-EQ_5m.parquet", b"timestamp,open,high,low,close,volume\n", "is neither Parquet nor packed"),
        ("NSE_SBIN-EQ_5m.parquet", b"", "no rows: the file is empty"),
        ("NSE_SBIN-EQ_5m.csv", b"", "no rows: the file is empty"),
        ("NSE_SBIN-EQ_5m.csv", b"timestamp,open,high,low,close,volume\n", "no rows"),
        ("NSE_SBIN-EQ_5m.csv", b"price,quantity,time,bid,ask\n1,2,3,4,5\n", "ticks (one price a row), not candles"),
    ],
)
def test_a_file_that_is_none_of_candles_is_one_line(
    run: Run, home: Path, name: str, content: bytes, complaint: str
) -> None:
    (home / name).write_bytes(content)
    said = run("coverage", "--data", name).complaint
    assert said.startswith(f"{name}: ")
    assert complaint in said


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        (("--timeframe", "7m"), "--timeframe 7m: must be one of 1m, 3m, 5m, 15m, 60m, D"),
        (("--from", "2025-06-10", "--to", "2025-06-01"), "--from 2025-06-10 lies after --to 2025-06-01; swap them"),
        (("--to", "2199-01-01"), "2199-01-01 lies in the future"),
        (("NSE:NOSUCH-EQ",), "no candles of NSE:NOSUCH-EQ in the archive"),
        (("--timeframe", "1d"), "no candles in D in the archive"),
        (("--data", "nowhere.parquet"), "nowhere.parquet: there is no such file"),
        (("--data", "."), "no file of the candles asked for; read are .csv, "),
        (("--fix", "clean"), "--fix cleans files: name them with --data"),
        (("--data", "x.parquet", "--fix", "clean", "--from", "2025-06-10"), "--fix cleans whole files"),
    ],
)
def test_a_wish_that_cannot_be_is_one_line(run: Run, home: Path, wish: tuple[str, ...], complaint: str) -> None:
    store = ParquetCandleStore(home / "data" / "archive")
    store.put(Series("NSE:TCS-EQ", Timeframe.M5), Days(FIRST, FIRST), CandleColumns.of(()))
    (home / "notes.txt").write_text("no candles")
    before = sorted(home.rglob("*"))
    assert complaint in run("coverage", *wish).complaint
    assert sorted(home.rglob("*")) == before


def test_an_empty_archive_says_what_to_do(run: Run, home: Path) -> None:
    assert run("coverage").complaint == (
        "no candles in the archive; `fyersbot download-data` fetches them, --data judges files of your own"
    )


def test_a_page_that_cannot_be_written_is_one_line(run: Run, archive: Path, home: Path) -> None:
    (home / "pages").write_text("a file where the folder should be")
    assert "cannot be written" in run("coverage", "--html", "pages/coverage.html").complaint
