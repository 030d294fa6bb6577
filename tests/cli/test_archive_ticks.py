"""Recorded days go to the archive by hand, too: what is over, exactly, and with a word about everything else."""

import json
import re
from datetime import date, time
from pathlib import Path

import pytest

from core.instants import instant_at
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
from runtime.settings import Settings
from simulator.server import RunningSimulator
from trading.rehearsal import bot_environment
from trading.rehearsal_plan import Rehearsal

from .conftest import Run

GUIDE = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
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
    assert first.startswith("2026-01-05: 2 ticks of 1 symbol archived in ")
    assert second.startswith("2026-01-06: 3 ticks of 1 symbol archived in ")
    assert len(TickArchive(home / Settings().paths.archive).read_ticks(SBIN, TUESDAY)) == 3
    assert run("archive-ticks").out == f"nothing to do: no closed day waits in {Settings().paths.live_ticks}\n"


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
    said = run("archive-ticks").out
    assert said == f"nothing to do: there is no recording {Settings().paths.live_ticks} (paths.live_ticks)\n"
    assert not (home / Settings().paths.archive).exists()
    assert not (home / Settings().paths.live_ticks).exists()


def test_ticks_of_a_rehearsal_that_was_ended_early_are_archived_by_the_lines_of_the_guide(
    run: Run, home: Path, recorded: Path, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guide names the files that a rehearsal's bot is told to use."""
    folder, line = re.findall(
        r"^run=(\S+)\n(FYERSBOT__\S+ FYERSBOT__\S+) fyersbot archive-ticks$", GUIDE, re.MULTILINE
    )[0]
    named = dict(each.split("=") for each in line.replace("$run", folder).split())
    plan = Rehearsal(folder=Path(folder), clock_start=0, market_close=0, speed=1.0)
    told = bot_environment(plan, simulator.endpoints.to_json())
    assert {name: told[name] for name in named} == named
    live_ticks, archive = (home / named[f"FYERSBOT__PATHS__{name}"] for name in ("LIVE_TICKS", "ARCHIVE"))
    live_ticks.parent.mkdir(parents=True)
    recorded.rename(live_ticks)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert run("archive-ticks", "--day", "2026-01-06").out.startswith("2026-01-06: 3 ticks of 1 symbol archived in ")
    assert len(TickArchive(archive).read_ticks(SBIN, TUESDAY)) == 3


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
