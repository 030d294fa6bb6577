"""Deadlines the kernel sets for itself, by name and key. They hold instants, not threads: the loop asks what is due."""

from core.events import Deadline, TimerFired
from core.instants import MINUTE, SECOND, Instant

READ_AGAIN = SECOND
"""Least pause before a reading of the books is repeated: a wish that no reading fulfils must not become a storm."""
RING_AGAIN = MINUTE
"""Pause before an alarm that asks for a person rings again, for as long as its cause lasts."""


class Timers:
    """A small table of deadlines; setting one again moves it."""

    def __init__(self) -> None:
        self._due: dict[tuple[Deadline, str], Instant] = {}
        self._next: Instant | None = None
        """The earliest of them: asked for at each price, and changed seldom."""

    def set(self, name: Deadline, key: str, due: Instant) -> None:
        """Set or move a deadline."""
        self._due[name, key] = due
        self._next = min(self._due.values())

    def set_earlier(self, name: Deadline, key: str, due: Instant) -> None:
        """Set a deadline unless an earlier one stands."""
        standing = self._due.get((name, key))
        if standing is None or due < standing:
            self.set(name, key, due)

    def read_books(self, due: Instant) -> None:
        """Have the books read at an instant, or sooner if they are wanted sooner."""
        self.set_earlier(Deadline.BOOKS, "", due)

    def is_set(self, name: Deadline, key: str) -> bool:
        """Whether a deadline stands."""
        return (name, key) in self._due

    def clear(self, name: Deadline, key: str) -> None:
        """Forget a deadline, if there is one."""
        if self._due.pop((name, key), None) is not None:
            self._next = min(self._due.values(), default=None)

    def next_due(self) -> Instant | None:
        """Return the earliest deadline."""
        return self._next

    def due(self, now: Instant) -> list[TimerFired]:
        """Return what is due, earliest first, ties by name and key. It stands until it has `fired` or is set again."""
        due = [(at, name.value, key, name) for (name, key), at in self._due.items() if at <= now]
        due.sort(key=lambda entry: entry[:3])
        return [TimerFired(at=now, name=name, key=key) for _, _, key, name in due]

    def is_due(self, timer: TimerFired) -> bool:
        """Whether a deadline stands still that was due: another one may have moved it meanwhile."""
        due = self._due.get((timer.name, timer.key))
        return due is not None and due <= timer.at

    def fired(self, timer: TimerFired) -> None:
        """Forget a deadline that has been answered, be it now or in a recorded day that is played again."""
        self.clear(timer.name, timer.key)
