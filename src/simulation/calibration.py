"""How fast is this machine? Sessions a minute say little without it; a ratio to this loop can be compared.

The loop does what a session mostly does: it makes small tuples, looks keys up and adds whole numbers. Loop and sessions
are timed by the processor time of the same processes, so that other work on the machine does not count.
"""

import time
from dataclasses import dataclass, field
from typing import Any

STEPS = 400_000
"""Turns of one loop: about a tenth of a second."""


def calibrate() -> tuple[float, float]:
    """Return the processor seconds that this process had used, and those that one loop then took."""
    began = time.process_time()
    table: dict[tuple[int, int], int] = {}
    total = 0
    for number in range(STEPS):
        key = number & 255, number & 7
        total += table.get(key, number)
        table[key] = total & 65_535
    return began, time.process_time() - began


@dataclass(slots=True)
class Speed:
    """How many sessions were played in how much time, and how fast the machine was meanwhile."""

    processes: int
    seconds: float = 0.0
    """Wall time."""
    processor_seconds: float = 0.0
    """Processor time of the playing processes, between their first and their last loop."""
    loops: list[float] = field(default_factory=list)
    """Processor seconds that the calibration loop took, in each process before and after."""

    def add(self, first: tuple[float, float], last: tuple[float, float]) -> None:
        """Take what a process said before and after its sessions."""
        self.loops += [first[1], last[1]]
        self.processor_seconds += last[0] - first[0] - first[1]

    def content(self, sessions: int) -> dict[str, Any]:
        """Return the figures for a report.

        `calibration_ratio` is the number of sessions that are played in the time of one calibration loop: it says how
        fast the code is, whatever the machine. `sessions_per_cpu_minute` is for one core that does nothing else.
        """
        loop = sum(self.loops) / len(self.loops) if self.loops else 0.0
        return {
            "sessions_per_minute": round(sessions / self.seconds * 60, 1) if self.seconds else 0.0,
            "sessions_per_cpu_minute": round(sessions / self.processor_seconds * 60, 1)
            if self.processor_seconds
            else 0.0,
            "processes": self.processes,
            "seconds": round(self.seconds, 1),
            "calibration_ratio": round(sessions / self.processor_seconds * loop, 4) if self.processor_seconds else 0.0,
            "calibration_loop_seconds": round(loop, 4),
        }
