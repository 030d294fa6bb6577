"""Candles of one's own through the program: into the store, listed, or refused with the store as it was."""

import json
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

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
    assert json.loads(run("list-data", "--json").out) == {"archive": "data/archive", "series": []}


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


def test_an_archive_that_cannot_be_written_is_named(
    run: Run, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("FYERSBOT__PATHS__ARCHIVE", str(home / "file" / "archive"))
    assert "cannot be written: Not a directory" in run("import-data", file, "--yes").complaint
