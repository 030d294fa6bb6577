"""Time that passes only when something happens: a heap of moments, each with what is done then.

Two things at one moment happen in the order in which they were asked for, so that a session is the same each time.
"""

import heapq
from collections.abc import Callable

from core.instants import Instant

Deed = Callable[[], None]


class VirtualTime:
    """The one loop of a session; `now` is the true time, which clocks may show wrongly."""

    def __init__(self, start: Instant) -> None:
        self.now = start
        self.steps = 0
        self._heap: list[tuple[Instant, int, Deed]] = []
        self._asked = 0

    def at(self, when: Instant, deed: Deed) -> None:
        """Have something done at a moment; one that has passed means as soon as possible."""
        self._asked += 1
        heapq.heappush(self._heap, (max(when, self.now), self._asked, deed))

    def after(self, wait: int, deed: Deed) -> None:
        """Have something done after so many nanoseconds."""
        self.at(self.now + wait, deed)

    def run(self, until: Instant, look: Deed) -> None:
        """Do everything that is due until a moment, and `look` after each."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, deed = heapq.heappop(heap)
            deed()
            look()
            self.steps += 1
        self.now = until
