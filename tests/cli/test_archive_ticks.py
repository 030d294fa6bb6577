"""Recorded days go to the archive by hand, too: what is over, exactly, and with a word about everything else."""

import json
from datetime import date, time
from pathlib import Path

import pytest

from core.instants import instant_at
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
from runtime.settings import Settings

from .conftest import Run

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"


@pytest.fixture
def recorded(home: Path) -> Path:
    """Two days of the past."""
    path = home / Settings().paths.live_ticks
    with LiveTicks(path) as live:
        for number, day in enumerate((MONDAY, TUESDAY), start=2):
            at = instant_at(day, time(10, 0))
            live.append(day, [(at + each, SBIN, at, 80_000, 79_995, 80_005, each) for each in range(number)], {SBIN: 2})
    return path


def test_all_days_that_are_over_are_archived(run: Run, home: Path, recorded: Path) -> None:
    ended = run("archive-ticks")
    assert ended.code == 0
    first, second = ended.out.splitlines()
    assert first.startswith("2026-01-05: 2 ticks of 1 symbols archived in ")
    assert second.startswith("2026-01-06: 3 ticks of 1 symbols archived in ")
    assert len(TickArchive(home / Settings().paths.archive).read_ticks(SBIN, TUESDAY)) == 3
    assert run("archive-ticks").out == f"no closed day waits in {Settings().paths.live_ticks}\n"


@pytest.mark.usefixtures("recorded")
def test_json_is_one_object_with_a_row_a_day(run: Run) -> None:
    content = json.loads(run("archive-ticks", "--day", "2026-01-06", "--json").out)
    [day] = content["days"]
    assert day.pop("bytes") > 0
    assert day == {"day": "2026-01-06", "symbols": 1, "ticks": 3, "lost": 0}
    assert content["archive"] == str(Settings().paths.archive)
    assert json.loads(run("archive-ticks", "--json").out)["days"][0]["day"] == "2026-01-05"


def test_where_nothing_was_recorded_there_is_nothing_to_do(run: Run, home: Path) -> None:
    assert json.loads(run("archive-ticks", "--json").out)["days"] == []
    assert not (home / Settings().paths.archive).exists()
    assert not (home / Settings().paths.live_ticks).exists()


def test_a_day_that_was_not_recorded_is_refused(run: Run, recorded: Path) -> None:
    complaint = run("archive-ticks", "--day", "2026-01-02").complaint
    assert complaint == (
        f"--day 2026-01-02: no ticks of it wait in {Settings().paths.live_ticks}; leave --day out to archive what does"
    )


@pytest.mark.usefixtures("signed_in")
def test_a_day_whose_market_is_open_is_refused_and_stays(run: Run, recorded: Path, home: Path) -> None:
    recorded.rename(home / "live_market_data.sqlite")
    complaint = run("archive-ticks", "--day", "2026-01-06").complaint
    assert complaint == "--day 2026-01-06: its market closes at 2026-01-06 15:30:00; archive it after that"
    assert run("archive-ticks").out.startswith("2026-01-05: ")  # the one before is over
    with LiveTicks(home / "live_market_data.sqlite") as live:
        assert [day.day for day in live.days()] == [TUESDAY]


def test_a_file_that_is_no_recording_is_named(run: Run, home: Path) -> None:
    path = home / Settings().paths.live_ticks
    path.write_text("notes\n" * 200)
    assert run("archive-ticks").complaint.startswith(f"live ticks {Settings().paths.live_ticks} cannot be opened: ")
    assert path.read_text() == "notes\n" * 200


def test_an_archive_that_cannot_be_written_leaves_the_recording_as_it_was(run: Run, home: Path, recorded: Path) -> None:
    (home / Settings().paths.archive).write_text("")
    assert "cannot be written: " in run("archive-ticks").complaint
    with LiveTicks(recorded) as live:
        assert [(day.day, day.ticks) for day in live.days()] == [(MONDAY, 2), (TUESDAY, 3)]
