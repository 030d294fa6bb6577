"""Where the threads put what the writer takes out: in order, without waiting, and never without bound.

Reports, answers and moments of the day are all kept, in their order. So are prices while the writer keeps up. When it
has fallen behind, an older price that waits makes room for a newer one of its symbol: to decide on the price of ten
seconds ago would be worse than to have missed it. Only what is taken out is recorded and decided on.
"""

import queue
from collections import deque
from threading import Lock

from core.market import Tick
from trading.writer import Item

MOST_IN_ORDER = 1_000
"""Items that may wait before prices make room; a few milliseconds of the writer's work."""


class _Slot:
    """The newest price of a symbol, while its place in the queue is waiting."""

    __slots__ = ("newest", "place")

    def __init__(self) -> None:
        self.newest: deque[Tick] = deque(maxlen=1)
        self.place = Lock()
        """Held while the slot stands in the queue; to take a lock without waiting is to ask and to set in one step."""


class Inbox:
    """Put from any thread; of one symbol's prices one at a time. Taken from by one."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Item | _Slot] = queue.SimpleQueue()
        self._slots: dict[str, _Slot] = {}
        self._was_crowded = False
        """Whether a slot may be waiting; on most days none ever is. From then on each price costs two checks more."""
        self.passed_over = 0
        """Prices that made room for newer ones, about."""

    def put(self, item: Item) -> None:
        """Add an item at the end; never waits."""
        waiting = self._queue
        if isinstance(item, Tick) and (self._was_crowded or waiting.qsize() >= MOST_IN_ORDER):
            self._put_price(item)
        else:
            waiting.put(item)

    def get(self, timeout: float) -> Item | None:
        """Return the oldest item, or None when none came within so many wall seconds."""
        try:
            item = self._queue.get(timeout=timeout)
            if not isinstance(item, _Slot):
                return item
            item.place.release()  # first: a price put from here on takes a place of its own
            return item.newest.pop()
        except (queue.Empty, IndexError):  # or it was taken with the place before
            return None

    def __len__(self) -> int:
        return self._queue.qsize()

    def _put_price(self, tick: Tick) -> None:
        """Put a price into its slot when the queue is long; also while one waits there, or it would overtake."""
        self._was_crowded = True
        slot = self._slots.setdefault(tick.symbol, _Slot())
        if self._queue.qsize() < MOST_IN_ORDER and not slot.place.locked():
            self._queue.put(tick)
            return
        self.passed_over += len(slot.newest)
        slot.newest.append(tick)
        if slot.place.acquire(blocking=False):
            self._queue.put(slot)
