"""Whether this machine's clock can be believed, and whether the process stood still: a matter of two clocks.

One is the wall's, which anybody may set; the other is steady, runs on while the machine sleeps, and says nothing about
the time of day. Pure: both are read by whoever asks, in nanoseconds.
"""

from core.instants import SECOND

LONGEST_TURN = 5 * SECOND
"""A loop that takes longer from one turn to the next was stopped, suspended or blocked."""
LARGEST_STEP = SECOND
"""The two clocks may drift apart by so much within `STABLE` before it is called a step."""
STABLE = 60 * SECOND
"""How long a clock must run true after a step before it is believed again."""


class ClockWatch:
    """Compares two clocks from turn to turn. For one thread."""

    def __init__(self, wall: int, steady: int) -> None:
        self._last_turn = steady
        self._offset = wall - steady
        self._offset_since = steady
        self._doubt = ""

    def turn(self, steady: int) -> int:
        """Note a turn of the loop; return how long the process stood still before it, 0 for an ordinary pause."""
        passed, self._last_turn = steady - self._last_turn, steady
        return passed if passed > LONGEST_TURN else 0

    def look(self, wall: int, steady: int) -> str:
        """Return why the wall's clock cannot be believed now; empty when it can."""
        offset = wall - steady
        step = offset - self._offset
        is_old = steady - self._offset_since >= STABLE
        if abs(step) > LARGEST_STEP:
            self._doubt = f"the machine's clock was set by {step / SECOND:+.1f} s"
        elif is_old:
            self._doubt = ""
        if is_old or abs(step) > LARGEST_STEP:
            self._offset, self._offset_since = offset, steady  # a slow drift is no step
        return self._doubt
