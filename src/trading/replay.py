"""A recorded day decided again: does the same input still give the same decisions?

The inputs of the log and the ticks of the tape go into a fresh kernel, and what it decides is compared with what stands
in the log, byte for byte.

A kernel is fresh at every start of the bot, so a day is replayed start by start: the state is the fold of everything
before it. Ticks are given at the positions that the rows of the log carry; `TickActed` is not given but must come of
its tick. Timers are recorded inputs like any other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import get_args

from core import events
from core.errors import StorageError
from core.event_codec import encode
from core.instants import Instant
from trading.event_log import Row
from trading.kernel import Kernel
from trading.tick_tape import Seen

_INPUTS = frozenset(kind.__name__ for kind in get_args(events.Input))
_FROM_ELSEWHERE = frozenset(
    kind.__name__ for kind in (events.Booted, events.DeskSet, events.DayBegan, events.CommandGiven)
)
"""Inputs that do not come through the inbox."""
_NOTHING = "nothing"
_DESK_STANDS_WITHIN = 2_000
"""Rows; `DeskSet` follows `Booted` and what that asked for, which is one row for each symbol."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where a day decided again is not the recorded one."""

    row: int
    """Number of the log's row; for what was not recorded at all, the number it would have had."""
    at: Instant
    recorded: str
    decided: str


@dataclass(slots=True)
class Tally:
    """What a replay has been through."""

    starts: int = 0
    inputs: int = 0
    ticks: int = 0
    decisions: int = 0
    unrecorded: int = 0
    """Decisions on a last tick that a crash kept out of the log; nothing was sent on them."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the bot: its rows in the log, and where the next one found the tape."""

    day: date
    rows: Sequence[Row]
    tape_end: int | None
    """Position at which the next start of the day began; None for the last."""

    @property
    def version(self) -> str:
        """The program that recorded it."""
        booted = self.rows[0].event
        return booted.version if isinstance(booted, events.Booted) else ""

    @property
    def is_rehearsal(self) -> bool:
        """Whether its market was this machine's."""
        booted = self.rows[0].event
        return isinstance(booted, events.Booted) and booted.is_rehearsal

    @property
    def desk(self) -> events.DeskSet:
        """What its kernel was built from. Raises `StorageError` for a start that did not record it."""
        for row in self.rows[:_DESK_STANDS_WITHIN]:
            if row.kind == events.DeskSet.__name__ and isinstance(event := row.event, events.DeskSet):
                return event
        raise StorageError(
            f"row {self.rows[0].number} of the event log: this start of version {self.version} did not record what its "
            "kernel was built from, so it cannot be replayed"
        )


def starts_of(rows: Iterable[Row], day: date | None) -> list[Start]:
    """Return the starts of a day, or of the newest one, in order. A start that never got to its session is none.

    No more rows are kept than those of one start and of the starts that are returned.
    """
    found, chosen = day, list[list[Row]]()
    for run in _runs(rows):
        began = _day_of(run)
        if day is None and began is not None and began != found:
            found, chosen = began, []
        if began is not None and began == found:
            chosen.append(run)
    ends = [run[0].tape for run in chosen[1:]]
    return [Start(found, run, end) for run, end in zip_longest(chosen, ends)] if found is not None else []


def _runs(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut the log before each start."""
    run: list[Row] = []
    for row in rows:
        if row.kind == events.Booted.__name__:
            if run:
                yield run
            run = [row]
        elif run:
            run.append(row)
    if run:
        yield run


def _day_of(run: Sequence[Row]) -> date | None:
    """Return the session that a start came to."""
    for row in run:
        if row.kind == events.DayBegan.__name__ and isinstance(event := row.event, events.DayBegan):
            return event.day.date
    return None


class Replay:
    """One start of the bot, decided again by a kernel that has folded everything before it."""

    def __init__(
        self, start: Start, kernel: Kernel, ticks: Iterator[Seen], tally: Tally, *, has_other_rules: bool = False
    ) -> None:
        """`ticks` are those of the day behind the start's position; `tally` counts what the replay goes through.

        A kernel that `has_other_rules` may set itself deadlines that were not recorded: one that passes is a
        difference.
        """
        self.kernel = kernel
        self._start = start
        self._ticks = ticks
        self._tally = tally
        self._position = start.rows[0].tape
        self._waiting: Seen | None = None
        self._has_other_rules = has_other_rules
        self._heard_at: Instant = 0
        """Time of the newest item from the inbox; the deadlines up to it fire before the next one is taken."""

    def run(self, until: Instant | None = None) -> Difference | None:
        """Decide until the end, or an instant, and return the first difference.

        Raises `StorageError` for a tape that is damaged or lacks what the log saw.
        """
        self._tally.starts += 1
        for step in _steps(self._start.rows):
            if until is not None and step[0].at > until:
                return self._feed(step[0].tape, step[0].number, until)
            difference = self._take(step)
            if difference is not None:
                return difference
        return self._finish(until)

    def _take(self, step: Sequence[Row]) -> Difference | None:
        """Let the kernel decide one recorded step."""
        first = step[0]
        acts_on_tick = first.kind == events.TickActed.__name__
        difference = self._feed(first.tape - acts_on_tick, first.number)
        if difference is not None:
            return difference
        acting = self._next(first.tape) if acts_on_tick else None
        if self._position != first.tape:
            raise self._too_short(first)
        if (surprise := self._surprise(first)) is not None:
            return surprise
        if acting is not None:
            decided = self._decide(acting)
        else:
            decided = self.kernel.handle(_input(first)).events
            self._tally.inputs += 1
        self._tally.decisions += len(step) - 1
        return _compared(step, decided)

    def _surprise(self, row: Row) -> Difference | None:
        """Return how the deadlines contradict the next item: one that fired was not due, or one due did not fire."""
        timers = self.kernel.orders.timers
        if row.kind == events.TimerFired.__name__:
            timer = row.event
            if isinstance(timer, events.TimerFired) and timers.is_due(timer):
                return None
            return Difference(row.number, row.at, _text(row.kind, row.body), _NOTHING)
        if row.kind in _FROM_ELSEWHERE:
            return None
        overdue, self._heard_at = self._overdue(row.number), row.at
        return overdue

    def _overdue(self, row: int) -> Difference | None:
        due = self.kernel.orders.timers.due(self._heard_at) if self._has_other_rules else []
        return Difference(row, self._heard_at, _NOTHING, _text(*encode(due[0]))) if due else None

    def _feed(self, position: int, row: int, until: Instant | None = None) -> Difference | None:
        """Give the ticks up to a position, on none of which anything was decided."""
        while (seen := self._next(position)) is not None:
            if until is not None and seen.now > until:
                return None
            if (overdue := self._overdue(row)) is not None:
                return overdue
            self._heard_at = seen.now
            decided = self._decide(seen)
            if decided:
                return Difference(row, seen.now, _NOTHING, _text(*encode(decided[1])))
        return None

    def _finish(self, until: Instant | None) -> Difference | None:
        """Give the ticks after the last row. Only the very last may decide something: a crash came before its row."""
        row, end = self._start.rows[-1].number + 1, self._start.tape_end
        while (seen := self._next(end)) is not None and (until is None or seen.now <= until):
            decided = self._decide(seen)
            if not decided:
                continue
            if self._next(end) is not None:
                return Difference(row, seen.now, _NOTHING, _text(*encode(decided[1])))
            self._tally.unrecorded += len(decided) - 1
        return None

    def _decide(self, seen: Seen) -> Sequence[events.Event]:
        self._tally.ticks += 1
        step = self.kernel.on_tick(seen.tick, seen.now)
        return step.events if step is not None else ()

    def _next(self, position: int | None) -> Seen | None:
        """Return the next tick up to a position, or up to the tape's end."""
        seen = self._waiting or next(self._ticks, None)
        if seen is not None and position is not None and seen.position > position:
            self._waiting = seen
            return None
        self._waiting = None
        if seen is not None:
            self._position = seen.position
        return seen

    def _too_short(self, row: Row) -> StorageError:
        return StorageError(
            f"the tick tape ends at record {self._position}, row {row.number} of the event log was written at record "
            f"{row.tape}: a power cut took the rest, or the tape is another day's"
        )


def _steps(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Split rows into steps: an input, and what was decided on it."""
    heads = [place for place, row in enumerate(rows) if row.kind in _INPUTS]
    for head, end in zip_longest(heads, heads[1:], fillvalue=len(rows)):
        yield rows[head:end]


def _input(row: Row) -> events.Input:
    event = row.event
    if not isinstance(event, events.Input):
        raise StorageError(f"row {row.number} of the event log holds no input")
    return event


def _compared(step: Sequence[Row], decided: Sequence[events.Event]) -> Difference | None:
    recorded = [(row.kind, row.body) for row in step]
    anew = [encode(event) for event in decided]
    for place, (before, now) in enumerate(zip_longest(recorded, anew)):
        if before != now:
            shown = [_text(*each) if each else _NOTHING for each in (before, now)]
            return Difference(step[0].number + place, step[0].at, shown[0], shown[1])
    return None


def _text(kind: str, body: str) -> str:
    return f"{kind} {body}"
