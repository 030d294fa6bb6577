"""From what the process notices to the conditions that the kernel obeys: each told once, when it begins and ends."""

from datetime import date, time
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import events
from core.events import Condition, ConditionChanged
from core.fold import apply
from core.instants import MINUTE, SECOND, instant_at
from core.market import Side
from core.orders import Product
from core.state import BotState
from core.tracking import OpenPosition
from runtime.clock import MarketClock
from runtime.settings import DiskSettings, PathSettings, Settings, StartSettings
from trading.clock_watch import ClockWatch
from trading.self_watch import SelfWatch, clock_doubt, crash_loop, self_watch_of
from trading.server_clock import ServerClock

TEN = instant_at(date(2026, 1, 6), time(10))


def booted(*minutes: float) -> BotState:
    state = BotState()
    for number, minute in enumerate(minutes, start=1):
        at = TEN + int(minute * MINUTE)
        apply(
            state,
            events.Booted(at=at, boot=number, log_id="A1", mode="paper", account="P", version="1", config_digest="d"),
        )
    return state


def test_a_condition_is_told_when_it_begins_and_when_it_ends_and_not_between() -> None:
    reasons = {"why": ""}
    watch, state = SelfWatch(doubts={Condition.DISK: lambda _state, _now: reasons["why"]}), BotState()
    told: list[ConditionChanged] = []
    for reasons["why"] in ("", "3 MB free", "2 MB free", "", ""):
        for change in watch.changes(state, TEN):
            apply(state, change)
            told.append(change)
    assert [(each.condition, each.holds, each.why) for each in told] == [
        (Condition.DISK, True, "3 MB free"),
        (Condition.DISK, False, "no longer: 3 MB free"),
    ]


def test_what_still_holds_is_told_anew_to_a_process_that_took_over() -> None:
    watch, state = SelfWatch(doubts={Condition.DISK: lambda _state, _now: "3 MB free"}), booted(0)
    for _ in range(2):
        (change,) = watch.changes(state, TEN)
        apply(state, change)
        state = booted(1)


@pytest.mark.parametrize(
    ("starts", "now", "loops"),
    [
        ((0, 1, 2, 3, 4), 4, False),
        ((0, 1, 2, 3, 4, 5), 5, True),
        ((0, 1, 2, 3, 4, 5), 9.9, True),
        ((0, 1, 2, 3, 4, 5), 10, False),
        ((0, 11, 22, 33, 44, 55), 55, False),
        ((-5, 0, 1, 2, 3, 4, 5), 5, True),
    ],
)
@pytest.mark.hazard("R5")
def test_more_starts_than_the_limit_within_ten_minutes_are_a_crash_loop(
    starts: tuple[int, ...], now: float, loops: bool
) -> None:
    why = crash_loop(5, booted(*starts), TEN + int(now * MINUTE))
    assert bool(why) is loops
    assert not loops or "start.crash_limit = 5" in why


def test_the_starts_remembered_do_not_grow_with_the_log() -> None:
    assert len(booted(*range(1_000)).starts) == 10


@pytest.mark.parametrize(("speed", "watched"), [(1.0, True), (60.0, False)])
def test_clocks_and_pauses_of_the_machine_mean_something_in_real_time_only(
    speed: float, watched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(paths=PathSettings(state=tmp_path), disk=DiskSettings(floor_mb=0))
    watch = self_watch_of(settings, MarketClock(start=TEN, speed=speed), ServerClock())
    assert (Condition.CLOCK in watch.doubts) is watched
    clock = MarketClock(start=TEN, speed=speed)
    monkeypatch.setattr("trading.self_watch.steady_ns", lambda: 10**18)
    gap = watch.gap(clock)
    assert (gap is not None) is watched
    assert gap is None or (gap.condition, gap.holds) == (Condition.GAP, True)
    assert watch.gap(clock) is None


@pytest.mark.hazard("T2", "W4")
def test_a_wall_clock_that_is_set_and_a_full_disk_reach_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        paths=PathSettings(state=tmp_path), disk=DiskSettings(floor_mb=10**6), start=StartSettings(crash_limit=1)
    )
    watch, state = self_watch_of(settings, MarketClock(), ServerClock()), booted(0, 1)
    monkeypatch.setattr("trading.self_watch.wall_ns", lambda: 0)
    for change in watch.changes(state, TEN + 2 * MINUTE):
        apply(state, change)
    assert set(state.conditions) == {Condition.CLOCK, Condition.DISK, Condition.CRASH_LOOP}


@pytest.mark.hazard("T2")
@pytest.mark.parametrize("is_flat", [True, False])
def test_a_clock_that_was_set_is_followed_when_it_runs_true_and_nothing_is_open(
    is_flat: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = SimpleNamespace(wall=10**18, steady=0)
    for place in ("runtime.clock", "trading.self_watch"):
        monkeypatch.setattr(f"{place}.wall_ns", lambda: machine.wall)
        monkeypatch.setattr(f"{place}.steady_ns", lambda: machine.steady)
    clock, watch = MarketClock(), ClockWatch(machine.wall, machine.steady)
    state = BotState()
    if not is_flat:
        state.positions["NSE:SBIN-EQ"] = OpenPosition("NSE:SBIN-EQ", Side.BUY, Product.INTRADAY, 1, None, 1, 1, 10, 100)
    machine.wall += 120 * SECOND
    told = []
    for _ in range(62):
        machine.wall += SECOND
        machine.steady += SECOND
        told.append(clock_doubt(clock, watch, ServerClock(), state, 0))
    assert told[0] == "the machine's clock was set by +120.0 s"
    assert told[-1] == ("" if is_flat else "the machine's clock was set by +120.0 s; it is followed when all is closed")
    assert clock.wall_lead() == (0 if is_flat else 120 * SECOND)
    state.positions.clear()
    assert clock_doubt(clock, watch, ServerClock(), state, 0) == ""
    assert clock.now() == machine.wall
