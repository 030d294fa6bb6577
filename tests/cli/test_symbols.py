"""`fyersbot symbols` against the simulator, and what it says when something is wrong."""

import errno
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from .conftest import Run

ROW = (
    "10100000003045,{name},0,1,{tick},INE062A01020,0915-1530|1815-1915:,2025-11-10,,NSE:SBIN-EQ,10,10,3045,SBIN,3045,"
    "-1.0,XX,10100000003045,None,1,3.3\n"
)


def master(path: Path, tick: str = "0.05", name: str = "STATE BANK OF INDIA") -> Path:
    path.write_text(ROW.format(tick=tick, name=name))
    return path


@pytest.fixture
def kept(home: Path, run: Run) -> Path:
    """A folder that keeps one old master; returns its file in the archive."""
    assert run("symbols", "import", master(home / "old.csv"), "--date", "2025-11-10").code == 0
    return home / "data" / "archive" / "symbol_master" / "segment=NSE_CM" / "2025.parquet"


@pytest.mark.parametrize("verb", ["download", "import", "list", "search", "show", "changes"])
def test_every_verb_of_symbols_takes_help_and_json(verb: str, run: Run):
    answer = run("symbols", verb, "--help")
    assert answer.code == 0
    assert "--json" in answer.out


@pytest.mark.usefixtures("signed_in")
def test_todays_masters_of_the_simulator_are_kept_once_and_can_be_asked(run: Run, home: Path):
    first = json.loads(run("symbols", "download", "--json").out)
    counts = {each["segment"]: each["contracts"] for each in first["masters"]}
    assert counts == {"NSE_CM": 4, "NSE_FO": 12, "NSE_CD": 15}
    again = json.loads(run("symbols", "download", "--segments", "NSE_FO,nse_cm", "--json").out)
    assert [each["contracts"] for each in again["masters"]] == [None, None]
    found = json.loads(run("symbols", "search", "nifty fut", "--limit", "1", "--json").out)
    assert (found["found"], found["contracts"][0]["symbol"]) == (3, "NSE:NIFTY26JANFUT")
    shown = json.loads(run("symbols", "show", "NSE:USDINR26JAN88.25CE", "--json").out)
    assert (shown["tick"], shown["strike"], shown["expiry"]) == ("0.0025", "88.2500", "2026-01-27")


def test_an_old_file_tells_what_was_and_when_it_changed(run: Run, home: Path, kept: Path):
    new = master(home / "new.csv", tick="0.10")
    assert run("symbols", "import", new, "--date", "2025-11-12", "--segment", "NSE_CM").code == 0
    assert "0.05" in run("symbols", "show", "NSE:SBIN-EQ", "--as-of", "2025-11-11").out
    assert "0.10" in run("symbols", "show", "NSE:SBIN-EQ").out
    [change] = json.loads(run("symbols", "changes", "--json").out)["changes"]
    assert (change["fact"], change["before"], change["after"]) == ("tick", "0.05", "0.10")
    assert (change["last_seen"], change["seen"]) == ("2025-11-10", "2025-11-12")
    assert "no change" in run("symbols", "changes", "--from", "2025-11-13").out


def test_what_the_archive_holds_is_listed_with_its_bytes(run: Run, home: Path, kept: Path):
    run("symbols", "import", master(home / "new.csv", tick="0.10"), "--date", "2025-11-12")
    size = kept.stat().st_size
    listed = json.loads(run("symbols", "list", "--json").out)
    assert listed == {
        "archive": "data/archive",
        "bytes": size,
        "segments": [
            {
                "segment": "NSE_CM",
                "masters": 2,
                "first": "2025-11-10",
                "last": "2025-11-12",
                "bytes": size,
                "bytes_per_master": round(size / 2),
            }
        ],
    }
    heading, row, total = run("symbols", "list").out.splitlines()
    assert heading.split()[:5] == ["segment", "masters", "first", "last", "bytes"]
    assert row.split() == ["NSE_CM", "2", "2025-11-10", "2025-11-12", f"{size:,}", f"{round(size / 2):,}"]
    assert total == f"{size:,} bytes in all"


def test_an_archive_without_masters_is_no_error(run: Run, home: Path):
    assert "`fyersbot symbols download` brings some in" in run("symbols", "list").out
    assert json.loads(run("symbols", "list", "--json").out)["segments"] == []
    assert not (home / "data" / "archive").exists()


@pytest.mark.usefixtures("kept")
def test_the_newest_master_is_told_because_an_old_one_may_be_out_of_date(run: Run):
    assert json.loads(run("symbols", "show", "NSE:SBIN-EQ", "--json").out)["newest_master"] == "2025-11-10"
    assert "newest master  2025-11-10" in run("symbols", "show", "NSE:SBIN-EQ").out


def test_a_hostile_name_reaches_no_terminal(run: Run, home: Path):
    file = master(home / "old.csv", name="\x1b]0;owned\x07\u202eSTATE")
    run("symbols", "import", file, "--date", "2025-11-10")
    for answer in (run("symbols", "search", "state"), run("symbols", "show", "NSE:SBIN-EQ")):
        assert answer.code == 0
        assert answer.out.replace("\n", "").isprintable()
    assert run("symbols", "show", "NSE:\x1b[2J").complaint.isprintable()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("show", "NSE:SBEN-EQ"), "did you mean NSE:SBIN-EQ?"),
        (("show", "NSE:sbin-eq"), "did you mean NSE:SBIN-EQ?"),
        (("show", "NSE:SBIN-EQ", "--as-of", "2025-11-09"), "the first master kept of NSE_CM is of 2025-11-10"),
        (("show", "NSE:SBIN-EQ", "--as-of", "2999-01-01"), "; name a day up to it"),
        (("search", "SBIN", "--as-of", "2999-01-01"), "--as-of 2999-01-01 lies in the future: today is"),
        (("show", "SBIN"), "names no known exchange"),
        (("search", "SBNI"), "did you mean SBIN?"),
        (("search", "SBIN", "--segment", "NFO"), "segment 'NFO' is unknown; choose from NSE_CM"),
        (("download", "--segments", "NSE_CM,X"), "segment 'X' is unknown"),
        (("changes", "--from", "2026-02-02", "--to", "2026-02-01"), "the last comes before the first"),
        (("import", "none.csv", "--date", "2025-11-10"), "none.csv: no such file"),
        (("import", "old.csv", "--date", "2999-01-01"), "--date 2999-01-01 is after today"),
        (("import", "old.csv", "--date", "2025-11-09"), "has rows of 2025-11-10"),
        (("import", "old.csv", "--date", "2025-11-10", "--segment", "MCX_COM"), "is the master of NSE_CM"),
        (("import", "narrow.csv", "--date", "2025-11-11"), "has 13 columns (column underlying is missing)"),
        (("import", "page.html", "--date", "2025-11-11"), "is a web page and no symbol master"),
    ],
)
def test_bad_input_is_one_line_and_leaves_the_archive_alone(
    run: Run, home: Path, kept: Path, arguments: tuple[str, ...], why: str
):
    (home / "narrow.csv").write_text(",".join(ROW.split(",")[:13]) + "\n")
    (home / "page.html").write_text("<html>maintenance</html>")
    before = kept.read_bytes()
    assert why in run("symbols", *arguments).complaint
    assert kept.read_bytes() == before


def test_a_damaged_archive_is_named(run: Run, home: Path, kept: Path):
    kept.write_bytes(kept.read_bytes()[:-50])
    for arguments in (
        ("show", "NSE:SBIN-EQ"),
        ("list",),
        ("search", "SBIN"),
        ("import", home / "old.csv", "--date", "2025-11-11"),
    ):
        assert "2025.parquet: cannot be read" in run("symbols", *arguments).complaint


def test_a_full_disk_is_one_line(run: Run, home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = kept.read_bytes()
    monkeypatch.setattr(pq, "write_table", full)
    assert "No space left" in run("symbols", "import", home / "old.csv", "--date", "2025-11-11").complaint
    assert kept.read_bytes() == before


def test_no_network_is_one_line(run: Run, kept: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FYERSBOT__BROKER__ENDPOINTS__SYMBOL_MASTER", "http://127.0.0.1:9/sym_details")
    complaint = run("symbols", "download", "--segments", "NSE_CM").complaint
    assert complaint.startswith("1 of 1 masters could not be kept (NSE_CM): 127.0.0.1 gave no answer")


def test_without_masters_it_says_how_to_get_them(run: Run, home: Path):
    for arguments in (("show", "NSE:SBIN-EQ"), ("search", "SBIN"), ("changes",)):
        assert "run `fyersbot symbols download`" in run("symbols", *arguments).complaint
    assert not (home / "data" / "archive").exists()
