"""The campaigns: many seeds, a crash at every durable write, and the proof that a session played again is the same.

What goes wrong in a session is drawn from its seed: for most a mixture of faults, for some exactly one or none. One in
a hundred keeps its event log on the disk.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from simulation.calibration import Speed
from simulation.crew import Player, play_all
from simulation.plan import Crash, Plan
from simulation.player import PLAY
from simulation.session_text import Content
from simulation.tally import Tally
from simulation.verdict import Verdict

Tell = Callable[[str], None]
"""Takes a line about how far it is."""

CRASH_MINUTES = 2
"""Market minutes of a session that is crashed everywhere: some two hundred durable writes, of entries, stops and exits,
each of which costs two whole sessions."""
_TELL_SECONDS = 5.0
_ON_DISK_EVERY, _ON_DISK_PLACE = 100, 1
_SAMPLE_EVERY, _SMALLEST_SAMPLE, _LARGEST_SAMPLE = 50, 4, 40


def plan_of(seed: int) -> Plan:
    """Return the session that a seed stands for in a campaign."""
    return Plan(seed, on_disk=seed % _ON_DISK_EVERY == _ON_DISK_PLACE)


@dataclass(frozen=True, slots=True)
class Campaign:
    """How sessions are played: on so many processes, with progress told. All methods raise `PlayerError`."""

    processes: int
    tell: Tell
    play: str = PLAY

    def seeds(self, first: int, count: int) -> tuple[Tally, Speed]:
        """Play a range of seeds."""
        total, speed = Tally(), Speed(self.processes)
        for plan, verdict in self._played((plan_of(seed) for seed in range(first, first + count)), count, speed):
            total.add(plan, verdict)
        return total, speed

    def crash_everywhere(self, first: int, sessions: int) -> tuple[Tally, Speed]:
        """Play sessions once to count their durable writes, then each with a crash before and after every write."""
        total, speed, crashes = Tally(), Speed(self.processes), []
        plans = [Plan(seed, CRASH_MINUTES) for seed in range(first, first + sessions)]
        for plan, verdict in self._played(plans, sessions, speed):
            total.add(plan, verdict)
            points = range(1, verdict.writes + 1)
            crashes += [replace(plan, crash=Crash(write, before)) for write in points for before in (True, False)]
        self.tell(f"{sessions} sessions made {total.writes:,} durable writes: {len(crashes):,} crashes to play")
        for plan, verdict in self._played(crashes, len(crashes), speed):
            total.add(plan, verdict)
        return total, speed

    def determinism(self, first: int, count: int) -> Content:
        """Play a sample of a range of seeds twice in one process, and once each under other hash seeds."""
        size = min(count, max(_SMALLEST_SAMPLE, min(count // _SAMPLE_EVERY, _LARGEST_SAMPLE)))
        plans = [plan_of(first + number * count // size) for number in range(size)]
        self.tell(f"playing {size} seeds again, in the same process and under other hash seeds")

        def marks(hash_seed: int, times: int) -> list[list[object]]:
            with Player(play=self.play, hash_seed=hash_seed) as player:
                return [[_mark(player.play(plan)) for plan in plans] for _ in range(times)]

        with ThreadPoolExecutor(self.processes) as pool:
            runs = [run for each in pool.map(marks, (0, 1, 2), (2, 1, 1)) for run in each]
        different = [
            plan.seed for plan, *seen in zip(plans, *runs, strict=True) if any(mark != seen[0] for mark in seen)
        ]
        return {"sessions": size, "plays_of_each": len(runs), "different": different}

    def _played(self, plans: Iterable[Plan], count: int, speed: Speed) -> Iterator[tuple[Plan, Verdict]]:
        began = told = time.monotonic()
        for done, (plan, verdict) in enumerate(play_all(plans, self.processes, self.play, speed), start=1):
            now = time.monotonic()
            if verdict.violations:
                first = verdict.violations[0]
                self.tell(f"seed {plan.seed} violates {first.code}: {first.message}")
            if now - told > _TELL_SECONDS or done == count:
                told = now
                self.tell(f"{done:,} of {count:,} sessions, {done / (now - began) * 60:,.0f} a minute")
            yield plan, verdict
        speed.seconds += time.monotonic() - began


def _mark(verdict: Verdict) -> object:
    """What must be the same whenever a plan is played."""
    return verdict.digest, verdict.fired, verdict.writes, verdict.steps, [each.code for each in verdict.violations]
