import json
from datetime import date, time
from pathlib import Path

import pytest
from filelock import FileLock

from core import events
from core.errors import ConfigurationError
from core.instants import SECOND, Instant, instant_at
from core.market import Timeframe
from core.ports import Calendar
from core.sessions import TradingDay
from simulator.options import LOCK
from trading.event_log import SqliteEventLog
from trading.rehearsal_plan import BOT, BROKER, FASTEST, PLAN, START_UP_SECONDS, TIME_NOTE, new_run, resumed_run

DAY = date(2026, 1, 6)
TOKENS_DIE = instant_at(DAY, time(6, 0))
CLOSE = instant_at(DAY, time(15, 30))


class OneDay:
    """A calendar of one session."""

    def __init__(self, opens: time) -> None:
        self.session = TradingDay(
            date=DAY,
            open=instant_at(DAY, opens),
            no_entry_after=instant_at(DAY, time(14, 45)),
            square_off=instant_at(DAY, time(15, 5)),
            flat_by=instant_at(DAY, time(15, 10)),
            close=CLOSE,
        )

    def trading_day(self, day: date) -> TradingDay | None:
        return self.session if day == DAY else None

    def next_trading_day(self, after: date) -> TradingDay:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def start_of(calendar: Calendar, speed: float) -> Instant:
    return new_run(calendar, DAY, speed, Timeframe.M5).clock_start


@pytest.mark.parametrize("speed", [1.0, 60.0, 360.0, FASTEST])
def test_every_speed_leaves_time_to_come_up_and_a_token_that_lives_all_day(speed: float) -> None:
    start = start_of(OneDay(time(9, 15)), speed)
    assert start > TOKENS_DIE
    assert OneDay(time(9, 15)).session.open - start == START_UP_SECONDS * speed * SECOND


def test_a_clock_never_starts_before_the_tokens_of_the_day_before_are_dead() -> None:
    assert start_of(OneDay(time(7, 30)), FASTEST) > TOKENS_DIE


def test_a_higher_speed_than_can_be_kept_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--speed 901: must lie above 0 and not above 900"):
        start_of(OneDay(time(9, 15)), FASTEST + 1)
    assert list(tmp_path.iterdir()) == []


def run_that_reached(folder: Path, reached: Instant) -> Path:
    plan = {"clock_start": CLOSE - 3600 * SECOND, "market_close": CLOSE, "speed": 60.0, "seed": 7}
    (folder / BROKER).mkdir()
    (folder / PLAN).write_text(json.dumps({**plan, "tape": None, "config": None}))
    (folder / BROKER / TIME_NOTE).write_text(json.dumps({"market_time": reached}))
    return folder


def test_a_run_goes_on_where_its_market_stopped(tmp_path: Path) -> None:
    reached = CLOSE - 60 * SECOND
    assert resumed_run(run_that_reached(tmp_path, reached), as_json=False).clock_start == reached


def test_a_run_does_not_go_back_behind_what_the_bot_recorded(tmp_path: Path) -> None:
    folder, recorded = run_that_reached(tmp_path, CLOSE - 600 * SECOND), CLOSE - 60 * SECOND
    (folder / BOT).mkdir()
    with SqliteEventLog(folder / BOT / "live.sqlite") as log:
        log.append([events.FlatVerified(at=recorded - SECOND), events.FlatVerified(at=recorded)])
    assert resumed_run(folder, as_json=False).clock_start == recorded


def test_a_run_whose_market_has_closed_is_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"its market closed at 2026-01-06 15:30:00 .*; start a new one"):
        resumed_run(run_that_reached(tmp_path, CLOSE), as_json=False)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ({"clock_start": "x", "speed": "a"}, "clock_start is 'x', which is no market time"),
        ({"clock_start": 1e30}, r"clock_start is '1e\+30'"),
        ({"market_close": True}, "market_close is 'True'"),
        ({"speed": "a"}, "speed is 'a'; it must lie above 0 and not above 900"),
        ({"speed": float("nan")}, "speed is 'nan'"),
        ({"seed": -1}, "seed is '-1'"),
        ({"tape": 5}, "holds no run to go on with"),
    ],
)
def test_a_damaged_plan_is_refused_in_one_line(tmp_path: Path, damage: dict[str, object], named: str) -> None:
    folder = run_that_reached(tmp_path, CLOSE - SECOND)
    plan = json.loads((folder / PLAN).read_text())
    (folder / PLAN).write_text(json.dumps({**plan, **damage}))
    with pytest.raises(ConfigurationError, match=named):
        resumed_run(folder, as_json=False)


@pytest.mark.parametrize("note", ["[]", "5", '{"market_time": "noon"}', "{"])
def test_a_damaged_note_of_the_time_is_refused_in_one_line(tmp_path: Path, note: str) -> None:
    folder = run_that_reached(tmp_path, CLOSE - SECOND)
    (folder / BROKER / TIME_NOTE).write_text(note)
    with pytest.raises(ConfigurationError, match="holds no run to go on with"):
        resumed_run(folder, as_json=False)


def test_a_folder_that_is_not_there_or_holds_no_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"elsewhere does not exist; name the folder of a run"):
        resumed_run(tmp_path / "elsewhere", as_json=False)
    with pytest.raises(ConfigurationError, match=r"has no rehearsal\.json, so it holds no run"):
        resumed_run(tmp_path, as_json=False)


def test_a_run_that_is_running_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = run_that_reached(tmp_path, CLOSE - SECOND)
    with FileLock(folder / BROKER / LOCK), pytest.raises(ConfigurationError, match="this run is running"):
        resumed_run(folder, as_json=False)
    assert resumed_run(folder, as_json=False).clock_start == CLOSE - SECOND
