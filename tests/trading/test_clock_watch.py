"""A clock that is set, one that drifts, a process that stands still: told apart by two readings each."""

import pytest

from core.instants import MINUTE, SECOND
from trading.clock_watch import ClockWatch

WALL = 1_767_600_000 * SECOND
LOOK = SECOND // 4


class Machine:
    """Two clocks, looked at four times a second."""

    def __init__(self) -> None:
        self.wall, self.steady = WALL, 5 * SECOND
        self.watch = ClockWatch(self.wall, self.steady)

    def live(self, duration: int, drift_ppm: int = 0) -> set[str]:
        """Let time pass; return every doubt that was told meanwhile."""
        told = set()
        for _ in range(duration // LOOK):
            self.steady += LOOK
            self.wall += LOOK + LOOK * drift_ppm // 10**6
            told.add(self.watch.look(self.wall, self.steady))
        return told


@pytest.mark.parametrize("step", [-120 * SECOND, 120 * SECOND, 2 * SECOND, -(SECOND + 1)])
@pytest.mark.hazard("T2")
def test_a_step_is_doubted_until_the_clock_has_run_true_for_a_minute(step: int) -> None:
    machine = Machine()
    assert machine.live(5 * MINUTE) == {""}
    machine.wall += step
    assert machine.live(MINUTE - SECOND) == {f"the machine's clock was set by {step / SECOND:+.1f} s"}
    assert machine.live(2 * SECOND) >= {""}
    assert machine.live(5 * MINUTE) == {""}


def test_a_second_step_begins_the_minute_anew() -> None:
    machine = Machine()
    machine.wall += 10 * SECOND
    machine.live(50 * SECOND)
    machine.wall -= 10 * SECOND
    assert machine.live(59 * SECOND) == {"the machine's clock was set by -10.0 s"}
    assert "" in machine.live(2 * SECOND)


def test_many_small_steps_in_a_minute_are_a_step() -> None:
    machine = Machine()
    told: set[str] = set()
    for _ in range(3):
        machine.wall += SECOND * 6 // 10
        told |= machine.live(10 * SECOND)
    assert told == {"", "the machine's clock was set by +1.2 s"}


def test_the_slow_correction_of_a_time_daemon_is_no_step_however_far_it_goes() -> None:
    machine = Machine()
    assert machine.live(120 * MINUTE, drift_ppm=500) == {""}
    assert machine.wall - WALL - (machine.steady - 5 * SECOND) > 3 * SECOND


@pytest.mark.hazard("T3")
def test_a_machine_that_sleeps_keeps_both_clocks_and_only_stands_still() -> None:
    machine = Machine()
    machine.wall += 300 * SECOND
    machine.steady += 300 * SECOND
    assert machine.watch.turn(machine.steady) == 300 * SECOND
    assert machine.live(SECOND) == {""}


def test_a_pause_is_told_once_and_an_ordinary_one_not_at_all() -> None:
    watch = ClockWatch(WALL, 0)
    assert watch.turn(5 * SECOND) == 0
    assert watch.turn(10 * SECOND + 1) == 5 * SECOND + 1
    assert watch.turn(10 * SECOND + 2) == 0
