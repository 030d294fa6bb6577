"""A wall clock that somebody sets, and a market clock that goes on."""

from datetime import date, time

import pytest

from core.instants import SECOND, instant_at
from runtime import clock as module
from runtime.clock import MarketClock

TEN = instant_at(date(2026, 1, 6), time(10))


class Wall:
    """The machine's two clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_767_600_000 * SECOND, 77 * SECOND

    def pass_time(self, seconds: float) -> None:
        self.wall += int(seconds * SECOND)
        self.steady += int(seconds * SECOND)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr(module, "wall_ns", lambda: wall.wall)
    monkeypatch.setattr(module, "steady_ns", lambda: wall.steady)
    return wall


@pytest.mark.hazard("T2")
@pytest.mark.parametrize("step", [-3_600, -120, 120, 3_600])
@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_a_wall_clock_that_is_set_moves_no_deadline(step: int, speed: float, machine: Wall) -> None:
    clock = MarketClock(TEN, speed, epoch=machine.wall / SECOND)
    machine.pass_time(10)
    machine.wall += step * SECOND
    assert clock.now() == TEN + int(10 * speed) * SECOND
    machine.pass_time(20)
    assert clock.now() == TEN + int(30 * speed) * SECOND
    assert clock.wall_lead() == step * SECOND


def test_the_walls_time_is_taken_when_it_is_followed(machine: Wall) -> None:
    clock = MarketClock(TEN, 1.0, epoch=machine.wall / SECOND)
    machine.pass_time(10)
    machine.wall -= 120 * SECOND
    clock.follow_wall()
    assert clock.now() == TEN - 110 * SECOND
    assert clock.wall_lead() == 0
    assert clock.steady() == TEN + 10 * SECOND  # a length of time is not what somebody sets


def test_a_process_that_starts_after_a_step_reads_the_new_time(machine: Wall) -> None:
    epoch = machine.wall / SECOND
    machine.wall += 120 * SECOND
    assert MarketClock(TEN, 1.0, epoch).now() == TEN + 120 * SECOND
