"""Our own ceiling on calls, below the broker's: whoever breaks FYERS' minute limit four times is shut out for the day.

A sliding window admits a call or says how long to wait. Part of every window is kept for exits, stops and cancels,
and a small part for entries, so that polling can never stand in the way of leaving a position. The time is always
given, never asked: the date decides which day a call counts for, and windows run on a time that nobody can set, because
the broker counts true seconds whatever our clock shows. Every call is in the journal before it may go out, and a new
budget counts on from there, because the broker's counters survive a restart of ours. What other processes note there
counts as our own calls do: the broker knows one account.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum

from core.instants import MINUTE, SECOND, Instant, instant_at, ist_date
from runtime.settings import RateSettings
from trading.call_journal import Call, CallJournal

ENTRY_SHARE = 0.1
"""Part of what entries may use that reads leave to them."""
DOWNLOAD_SHARE = 0.5
"""Part of what reads may use that downloads may: a bot on the same account finds the rest free."""

_TURN_SECONDS, _EXIT_TURN_SECONDS = 1.0, 0.02
"""Wall seconds to wait until no other process looks at the same windows. An exit rather goes one call above our own
ceiling, which lies two below the broker's."""


class Lane(Enum):
    """How much a call matters."""

    __hash__ = object.__hash__

    EXIT = "exit"
    """Exits, stops, cancels, modifications: may use everything."""
    ENTRY = "entry"
    """New positions: leave the reserve to exits."""
    READ = "read"
    """Everything else: leaves a little to entries as well."""
    DOWNLOAD = "download"
    """History in bulk, which nobody waits for: leaves half of what reads may use."""


@dataclass(frozen=True, slots=True)
class _Ceilings:
    per_second: int
    per_minute: int
    orders_per_day: int
    calls_per_day: int


class _Window:
    """Instants of the calls within one length of time."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.calls: deque[Instant] = deque()

    def wait(self, ceiling: int, now: Instant) -> int:
        """Nanoseconds until fewer than `ceiling` calls lie in the window that ends then."""
        calls = self.calls
        while calls and calls[0] <= now - self.length:
            calls.popleft()
        # A call from the far future was restored under another clock: it says nothing about this one.
        while calls and calls[-1] > now + self.length:
            calls.pop()
        return max(0, calls[-ceiling] + self.length - now) if len(calls) >= ceiling else 0

    def add(self, now: Instant) -> None:
        """Record a call; a clock that stepped back a little does not shorten the window."""
        self.calls.append(max(now, self.calls[-1]) if self.calls else now)


class RateBudget:
    """Admits calls up to the ceilings of their lane. One per account, shared by everything that calls the broker."""

    def __init__(self, rates: RateSettings, journal: CallJournal | None = None) -> None:
        """Without a journal nothing is known of earlier runs; the calls in it are read at the first call."""
        entry = _ceilings(rates, 1 - rates.exit_reserve)
        read = _less_entries(entry)
        self._ceilings = {
            Lane.EXIT: _ceilings(rates, 1.0),
            Lane.ENTRY: entry,
            Lane.READ: read,
            Lane.DOWNLOAD: _shared(read),
        }
        self._second = _Window(SECOND)
        self._minute = _Window(MINUTE)
        self._day = date.min
        self._calls = 0
        self._orders = 0
        self._paused_until: Instant = 0
        self._journal = journal
        self.on_refusal: Callable[[], None] = lambda: None
        """Told each time the broker refuses a call for the number of calls; may be called from any thread."""
        self._lock = threading.Lock()

    def reserve(self, lane: Lane, is_order_verb: bool, now: Instant, steady: Instant | None = None) -> float:
        """Take one call out of the budget and return 0, or take nothing and return the market seconds to wait.

        `steady` is the same moment by a clock that is never set; left out, `now` is such a clock's. After waiting, ask
        again: another thread may have been faster.
        """
        steady = now if steady is None else steady
        with self._lock, self._turn(lane):
            self._roll(now, steady)
            wait = self._wait(self._ceilings[lane], lane, steady)
            if self._is_day_full(self._ceilings[lane], is_order_verb):
                wait = max(wait, instant_at(self._day + timedelta(days=1), time()) - now)
            if wait == 0:
                if self._journal is not None:
                    self._journal.add(Call(now, is_order_verb))
                self._second.add(steady)
                self._minute.add(steady)
                self._calls += 1
                self._orders += is_order_verb
            return wait / SECOND

    def _turn(self, lane: Lane) -> AbstractContextManager[None]:
        if self._journal is None:
            return nullcontext()
        return self._journal.turn(_EXIT_TURN_SECONDS if lane is Lane.EXIT else _TURN_SECONDS)

    def pause(self, until: Instant) -> None:
        """Keep reads and entries back until a steady instant, because the broker said so. Exits are not kept back."""
        with self._lock:
            self._paused_until = max(self._paused_until, until)
        self.on_refusal()

    def _wait(self, ceilings: _Ceilings, lane: Lane, steady: Instant) -> int:
        wait = max(
            self._second.wait(ceilings.per_second, steady),
            self._minute.wait(ceilings.per_minute, steady),
        )
        return wait if lane is Lane.EXIT else max(wait, self._paused_until - steady)

    def _is_day_full(self, ceilings: _Ceilings, is_order_verb: bool) -> bool:
        return self._calls >= ceilings.calls_per_day or (is_order_verb and self._orders >= ceilings.orders_per_day)

    def _roll(self, now: Instant, steady: Instant) -> None:
        """Begin to count for another day, which is not always a new one: a clock may be set back over midnight."""
        self._hear_others(now, steady)
        today = ist_date(now)
        if today == self._day:
            return
        is_start = self._day == date.min
        of_today = list(self._journal.calls(today)) if self._journal is not None else []
        self._day, self._calls = today, len(of_today)
        self._orders = sum(call.is_order_verb for call in of_today)
        if is_start and self._journal is not None:
            yesterday = self._journal.calls(today - timedelta(days=1))
            self._restore((call.at for call in (*yesterday, *of_today)), now, steady)
        if self._journal is not None:
            self._journal.follow(today)

    def _hear_others(self, now: Instant, steady: Instant) -> None:
        """Count what other processes have called since the last call of ours."""
        others = self._journal.others() if self._journal is not None else []
        self._calls += len(others)
        self._orders += sum(call.is_order_verb for call in others)
        self._restore((call.at for call in others), now, steady)

    def _restore(self, calls: Iterable[Instant], now: Instant, steady: Instant) -> None:
        """Count what others called within the last minute; a journal has dates, windows have lengths."""
        for called in sorted(steady - (now - at) for at in calls if now - MINUTE < at <= now + MINUTE):
            self._second.add(called)
            self._minute.add(called)


def _ceilings(rates: RateSettings, share: float) -> _Ceilings:
    return _Ceilings(
        per_second=max(1, int(rates.per_second * share)),
        per_minute=max(1, int(rates.per_minute * share)),
        orders_per_day=max(1, int(rates.orders_per_day * share)),
        calls_per_day=max(1, int(rates.calls_per_day * share)),
    )


def _less_entries(entry: _Ceilings) -> _Ceilings:
    return _Ceilings(
        per_second=_left(entry.per_second),
        per_minute=_left(entry.per_minute),
        orders_per_day=entry.orders_per_day,
        calls_per_day=_left(entry.calls_per_day),
    )


def _shared(read: _Ceilings) -> _Ceilings:
    return _Ceilings(
        per_second=max(1, int(read.per_second * DOWNLOAD_SHARE)),
        per_minute=max(1, int(read.per_minute * DOWNLOAD_SHARE)),
        orders_per_day=read.orders_per_day,
        calls_per_day=max(1, int(read.calls_per_day * DOWNLOAD_SHARE)),
    )


def _left(ceiling: int) -> int:
    return max(1, ceiling - max(1, int(ceiling * ENTRY_SHARE)))
