"""Candles of one's own through the program: into the store, listed, or refused with the store as it was."""

import errno
import json
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from .conftest import Run

DAYS = tuple(date(2026, 1, 5) + timedelta(days=offset) for offset in range(3))
HEADER = "timestamp,open,high,low,close,volume"
IMPORT = (sys.executable, "-m", "cli", "import-data")


def text(close: str = "100.5", form: str = "%Y-%m-%d") -> str:
    rows = [
        f"{day.strftime(form)} {minute // 60:02}:{minute % 60:02},100,101,99,{close},10"
        for day in DAYS
        for minute in range(555, 930, 15)
    ]
    return "\n".join([HEADER, *rows]) + "\n"


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "NSE_SBIN-EQ_15m.csv"
    path.write_text(text())
    return path


def test_a_file_goes_into_the_store_and_the_store_lists_it(run: Run, file: Path) -> None:
    done = run("import-data", file, "--yes", "--json")
    assert done.code == 0, done.err
    content = json.loads(done.out)
    assert (content["candles"], content["days"]) == (75, [["2026-01-05", "2026-01-07"]])
    assert content["findings"]["zone"] == "india"
    listed = json.loads(run("list-data", "--json").out)
    assert listed["archive"] == "data/archive"
    [series] = listed["series"]
    assert (series["symbol"], series["timeframe"], series["candles"]) == ("NSE:SBIN-EQ", "15m", 75)
    assert (series["first"], series["last"]) == ("2026-01-05T09:15:00+05:30", "2026-01-07T15:15:00+05:30")
    plain, spans = run("list-data").out, run("list-data", "--show-timerange").out
    assert re.search(r"NSE:SBIN-EQ +15m +75", plain)
    assert "2026-01-05" not in plain
    assert re.search(r"NSE:SBIN-EQ +15m +75 +2026-01-05 +2026-01-07 +3 +0", spans)


def test_an_empty_store_says_how_to_fill_it(run: Run) -> None:
    assert run("list-data").out.startswith("data/archive holds no candles yet; `fyersbot download-data` or ")
    empty = {"archive": "data/archive", "series": [], "not_read": [], "skipped": []}
    assert json.loads(run("list-data", "--json").out) == empty


def test_without_a_terminal_it_shows_what_it_found_and_imports_nothing(home: Path, file: Path) -> None:
    ended = subprocess.run([*IMPORT, file], cwd=home, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    said = ended.stderr.decode()
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert re.search(r"labels +start +3 days have a candle at 09:15", said)
    assert said.splitlines()[-1].endswith("nothing was imported yet; if it was understood as above, add --yes")
    assert not (home / "data" / "archive").exists()


@pytest.mark.parametrize(
    ("content", "arguments", "named"),
    [
        (text(close="102"), (), "75 rows that no market makes, the first at 2026-01-05 09:15:00"),
        (
            text() + text(close="100.25").partition("\n")[2],
            (),
            "75 rows with another of the same time and other values",
        ),
        (text(form="%d-%m-%Y"), (), r"dates .* may be either.*: --dates day-first\|month-first"),
        (text(), ("--timeframe", "2m"), "--timeframe 2m: must be one of 1m, 3m, 5m, 15m, 60m, D"),
        (text(), ("--timeframe", "5m"), "most rows are 15m apart, not 5m; leave out --timeframe"),
        (text(), ("--zone", "utc"), r"zone is india and not utc \(100% within the session .*leave out --zone"),
        (text(), ("--labels", "end"), r"labels is start and not end \(3 days have a candle at 09:15 .*leave out"),
        (text(), ("--symbol", "SBIN"), "'SBIN' is no NSE share, fund or index; give --symbol as NSE:SBIN-EQ"),
        (text(), ("--columns", "open=first"), "--columns open=first: .* has timestamp, open, high"),
        (text().replace("2026-", "2096-"), (), "has a candle of 2096-01-07 15:15:00, which is still to come"),
        (HEADER + "\n", (), "no rows"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_leaves_the_store_as_it_was(
    content: str, arguments: tuple[str, ...], named: str, run: Run, file: Path
) -> None:
    assert run("import-data", file, "--yes").code == 0
    before = run("list-data", "--json").out
    file.write_text(content)
    assert re.search(named, run("import-data", file, "--yes", *arguments).complaint)
    assert run("list-data", "--json").out == before


def test_a_store_that_cannot_be_read_is_named(run: Run, file: Path, home: Path) -> None:
    run("import-data", file, "--yes")
    [stored] = home.glob("data/archive/historical_data/*/*/2026.parquet")
    stored.write_bytes(stored.read_bytes()[:500])
    for verb in (("list-data",), ("import-data", file, "--yes")):
        assert re.search(r"2026\.parquet: cannot be read \(.*\); move it away", run(*verb).complaint)


def test_what_lies_among_the_candles_and_is_none_is_named_and_the_series_are_listed_and_judged(
    run: Run, file: Path, home: Path
) -> None:
    run("import-data", file, "--yes")
    table = home / "data" / "archive" / "historical_data"
    for place in ("timeframe=7m/symbol=NSE%3ASBIN-EQ", "a", "b", "c"):
        (table / place).mkdir(parents=True)
    listed, judged = run("list-data"), run("coverage")
    assert (listed.code, judged.code) == (0, 0)
    assert re.search(r"NSE:SBIN-EQ +15m +75", listed.out)
    lines = listed.err.splitlines()
    assert [line.partition(": ")[0] for line in lines[:3]] == [
        f"data/archive/historical_data/{name}" for name in ("a", "b", "c")
    ]
    assert lines[3:] == ["and 1 more, which --json names"]
    skipped = json.loads(run("list-data", "--json").out)["skipped"]
    assert skipped[3].startswith("data/archive/historical_data/timeframe=7m: is no folder of a timeframe (timeframe=1m")
    assert json.loads(run("coverage", "--json").out)["skipped"] == skipped
    assert "Skipped" in judged.out
    missing = run("coverage", "NSE:TCS-EQ").complaint
    assert missing.endswith(f"; skipped 4, the first: {skipped[0]}")


def contents(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (home / "data" / "archive").rglob("*.parquet")}


def of_two_years() -> str:
    return text() + text().partition("\n")[2].replace("2026-01-0", "2025-01-0").replace("2025-01-05", "2025-01-08")


@pytest.mark.parametrize("year", ["2025", "2026"])
def test_a_full_disk_is_one_line_and_the_store_is_as_it_was(
    run: Run, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch, year: str
) -> None:
    file.write_text(of_two_years())
    assert run("import-data", file, "--yes").code == 0
    before = contents(home)
    assert [path.stem for path in sorted(before)] == ["2025", "2026"]
    file.write_text(of_two_years().replace(",100.5,", ",100.25,"))
    write = pq.write_table

    def full(table: pa.Table, target: BinaryIO, **options: object) -> None:
        write(table, target, **options)
        if table["timestamp"][0].as_py().year == int(year):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("pyarrow.parquet.write_table", full)
        assert run("import-data", file, "--yes").complaint.endswith("cannot be written: No space left on device")
    assert contents(home) == before
    assert run("import-data", file, "--yes").code == 0
    assert contents(home).keys() == before.keys()


def test_an_import_beside_another_of_the_same_series_waits_and_gives_up_in_one_line(
    run: Run, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("import-data", file, "--yes").code == 0
    before = contents(home)
    [stored] = before
    monkeypatch.setattr("market_data.archive_files.LOCK_SECONDS", 0.05)
    file.write_text(text(close="100.25"))
    with FileLock(stored.parent / ".lock"):
        assert "another process has been writing here for" in run("import-data", file, "--yes").complaint
    assert contents(home) == before


def test_two_imports_at_once_lose_nothing_of_each_other(run: Run, home: Path) -> None:
    for name, year in (("a", "2026"), ("b", "2025")):
        content = of_two_years() if year == "2025" else text()
        (home / f"NSE_SBIN-EQ_15m_{name}.csv").write_text(content)
    imports = [
        subprocess.Popen([*IMPORT, path, "--yes"], cwd=home, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for path in sorted(home.glob("*.csv"))
    ]
    said = [each.communicate()[1].decode() for each in imports]
    assert [each.returncode for each in imports] == [0, 0], said
    [series] = json.loads(run("list-data", "--json").out)["series"]
    assert series["candles"] == 150


def test_volumes_that_are_no_whole_shares_are_told(run: Run, file: Path) -> None:
    file.write_text(text().replace(",10\n", ",10.4\n"))
    done = run("import-data", file, "--yes", "--json")
    assert json.loads(done.out)["rounded_volumes"] == 75
    assert "75 volumes are no whole shares; rounded" in done.err
    file.write_text(text().replace(",10\n", ",0.4\n"))
    assert "75 rows that no market makes" in run("import-data", file, "--yes").complaint


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        (
            "NSE_SBIN-EQ_15m.parquet",
            text().encode(),
            "is neither Parquet nor packed with gzip by its content; read are",
        ),
        ("NSE_SBIN-EQ_15m.parquet", b"PAR1" + bytes(100), "not readable as Parquet"),
        ("NSE_SBIN-EQ_15m.parquet", b"", "no rows: the file is empty"),
        ("NSE_SBIN-EQ_15m.json", b"[]", "read are .csv, .csv.gz, .tsv, .tsv.gz, .txt, .txt.gz, .parquet; name the"),
        ("NSE_SBIN-EQ_15m", text().encode(), "read are .csv, .csv.gz, .tsv, .tsv.gz, .txt, .txt.gz, .parquet; name"),
        ("data", None, "it is a folder; give a CSV or Parquet file of candles"),
        ("nowhere.csv", None, "there is no such file; give a CSV or Parquet file of candles"),
    ],
)
def test_a_file_that_is_none_of_candles_is_one_line(
    run: Run, home: Path, name: str, content: bytes | None, named: str
) -> None:
    if content is not None:
        (home / name).write_bytes(content)
    complaint = run("import-data", name, "--symbol", "NSE:SBIN-EQ", "--yes").complaint
    assert complaint.startswith(f"{name}: ")
    assert named in complaint
    assert not (home / "data" / "archive").exists()


def test_an_archive_that_cannot_be_written_is_named(
    run: Run, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("FYERSBOT__PATHS__ARCHIVE", str(home / "file" / "archive"))
    assert "cannot be written: Not a directory" in run("import-data", file, "--yes").complaint
