"""Is every planted bug found? Each is played with the faults that can expose it, until something is violated.

A violation counts only if the build without the bug plays the same plan without it. What is never found is listed with
how far it was looked for: such a bug is either none, or the simulation lacks what would show it.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from simulation.campaign import CRASH_MINUTES, Tell
from simulation.crew import Player
from simulation.plan import Crash, Fault, Plan
from simulation.planted_bugs import PlantedBug
from simulation.player import PLAY
from simulation.session_text import Content
from simulation.verdict import Verdict

LEAST_FOUND_PERCENT = 95
_PATIENCE_SECONDS = 30.0
"""Wall seconds for one session of a mutant: many a bug makes the bot decide without end."""
_CHANCES = 12
"""A single fault strikes at one of the first so many chances of its kind."""
_CRASH_RANGE = 160
"""Such a session has more durable writes than that."""
_CRASH_STRIDE = 37
"""Has nothing in common with the range, so that neighbouring seeds die in different places."""


@dataclass(frozen=True, slots=True)
class Hunt:
    """How the search for one bug ended."""

    bug: PlantedBug
    seed: int | None
    """The first seed that shows it; None when it survived."""
    codes: tuple[str, ...]
    """What was violated."""
    sessions: int
    seconds: float
    failing_anyway: int
    """Sessions whose violation is no evidence, because the build without the bug has it too."""

    def content(self) -> Content:
        """Return it for a report."""
        return {
            "name": self.bug.name,
            "seed": self.seed,
            "codes": list(self.codes),
            "sessions": self.sessions,
            "seconds": round(self.seconds, 1),
        }

    @property
    def reason(self) -> str:
        """Why a bug counts as a survivor."""
        kinds = ", ".join(sorted(kind.value for kind in self.bug.exposed_by)) or "no fault"
        kinds = f"one fault each ({kinds})" if self.bug.by_one_fault else kinds
        kinds += " and a crash" if self.bug.by_a_crash else ""
        anyway = f"; {self.failing_anyway} of them fail without it too" if self.failing_anyway else ""
        return f"nothing was violated in {self.sessions} sessions with {kinds}{anyway}"


def hunt_all(
    bugs: Sequence[PlantedBug], first: int, seeds: int, processes: int, tell: Tell, play: str = PLAY
) -> list[Hunt]:
    """Look for each bug in at most so many seeds, several at a time; in the order given. Raises `PlayerError`."""
    with ThreadPoolExecutor(processes, thread_name_prefix="hunt") as pool:
        hunts = [pool.submit(hunt, bug, range(first, first + seeds), play) for bug in bugs]
        try:
            done = []
            for number, (bug, running) in enumerate(zip(bugs, hunts, strict=True), start=1):
                done.append(running.result())
                tell(f"{number} of {len(bugs)}: {bug.name} {_outcome(done[-1])}")
        finally:
            for running in hunts:
                running.cancel()
    return done


def hunt(bug: PlantedBug, seeds: range, play: str = PLAY) -> Hunt:
    """Look for one bug, seed after seed. Raises `PlayerError` when it does not fit any more."""
    began = time.monotonic()
    sessions = failing_anyway = 0
    with Player(play=play, bug=bug.name, patience_seconds=_PATIENCE_SECONDS) as mutant, Player(play=play) as plain:
        for seed in seeds:
            plan = plan_for(bug, seed)
            codes = _codes(mutant.play(plan))
            sessions += 1
            if not codes:
                continue
            new = tuple(sorted(codes - _codes(plain.play(plan))))
            if new:
                return Hunt(bug, seed, new, sessions, time.monotonic() - began, failing_anyway)
            failing_anyway += 1
    return Hunt(bug, None, (), sessions, time.monotonic() - began, failing_anyway)


def plan_for(bug: PlantedBug, seed: int) -> Plan:
    """Return the session of a seed in which a bug is looked for."""
    if bug.by_one_fault:
        kinds = sorted(bug.exposed_by, key=lambda kind: kind.value)
        kind, use = kinds[seed % len(kinds)], 1 + seed // len(kinds) % _CHANCES
        return Plan(seed, faults=(Fault(kind, use),))
    if bug.by_a_crash:
        crash = Crash(write=1 + seed * _CRASH_STRIDE % _CRASH_RANGE, before=seed % 3 == 0)
        return Plan(seed, CRASH_MINUTES, kinds=bug.exposed_by, often=bug.often, crash=crash)
    return Plan(seed, kinds=bug.exposed_by, often=bug.often)


def report(hunts: Sequence[Hunt]) -> Content:
    """Return the figures of a whole suite."""
    found = [each for each in hunts if each.seed is not None]
    return {
        "mutants": len(hunts),
        "found": len(found),
        "found_percent": round(100 * len(found) / len(hunts), 1) if hunts else 0.0,
        "survivors": [{"name": each.bug.name, "reason": each.reason} for each in hunts if each.seed is None],
        "hunts": [each.content() for each in hunts],
    }


def enough_found(hunts: Sequence[Hunt]) -> bool:
    """Whether so many were found that the simulation can be trusted to find the next one."""
    found = sum(each.seed is not None for each in hunts)
    return bool(hunts) and found * 100 >= LEAST_FOUND_PERCENT * len(hunts)


def _codes(verdict: Verdict) -> set[str]:
    return {violation.code for violation in verdict.violations}


def _outcome(ended: Hunt) -> str:
    if ended.seed is None:
        return f"survived: {ended.reason}"
    return f"found with seed {ended.seed} after {ended.sessions} sessions ({', '.join(ended.codes)})"
