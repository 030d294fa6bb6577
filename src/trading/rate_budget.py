"""Our own ceiling on calls, below the broker's: whoever breaks FYERS' minute limit four times is shut out for the day.

A sliding window over market time admits a call or says how long to wait. Part of every window is kept for exits,
stops and cancels, and a small part for entries, so that polling can never stand in the way of leaving a position.
The time is always given, never asked; the counters can be saved and restored, because the broker's survive a restart
of ours.
"""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum

from core.instants import MINUTE, SECOND, Instant, instant_at, ist_date
from runtime.settings import RateSettings

ENTRY_SHARE = 0.1
"""Part of what entries may use that reads leave to them."""


class Lane(Enum):
    """How much a call matters."""

    EXIT = "exit"
    """Exits, stops, cancels, modifications: may use everything."""
    ENTRY = "entry"
    """New positions: leave the reserve to exits."""
    READ = "read"
    """Everything else: leaves a little to entries as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSnapshot:
    """What a restarted budget has to know."""

    day: date
    calls: int
    """Calls of the day."""
    orders: int
    """Of these, order verbs."""
    recent: tuple[Instant, ...]
    """Calls of the last minute, oldest first."""
    paused_until: Instant


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

    def __init__(self, rates: RateSettings) -> None:
        entry = 1 - rates.exit_reserve
        self._ceilings = {
            Lane.EXIT: _ceilings(rates, 1.0),
            Lane.ENTRY: _ceilings(rates, entry),
            Lane.READ: _less_entries(_ceilings(rates, entry)),
        }
        self._second = _Window(SECOND)
        self._minute = _Window(MINUTE)
        self._day = date.min
        self._calls = 0
        self._orders = 0
        self._paused_until: Instant = 0
        self._lock = threading.Lock()

    def reserve(self, lane: Lane, is_order_verb: bool, now: Instant) -> float:
        """Take one call out of the budget and return 0, or take nothing and return the market seconds to wait.

        After waiting, ask again: another thread may have been faster.
        """
        with self._lock:
            self._roll(ist_date(now))
            wait = self._wait(self._ceilings[lane], lane, is_order_verb, now)
            if wait == 0:
                self._second.add(now)
                self._minute.add(now)
                self._calls += 1
                self._orders += is_order_verb
            return wait / SECOND

    def pause(self, until: Instant) -> None:
        """Keep reads and entries back until an instant, because the broker said so. Exits are not kept back."""
        with self._lock:
            self._paused_until = max(self._paused_until, until)

    def snapshot(self) -> BudgetSnapshot:
        """Return the counters, to be kept over a restart."""
        with self._lock:
            return BudgetSnapshot(
                day=self._day,
                calls=self._calls,
                orders=self._orders,
                recent=tuple(self._minute.calls),
                paused_until=self._paused_until,
            )

    def restore(self, snapshot: BudgetSnapshot) -> None:
        """Go on from saved counters; those of another day expire by themselves."""
        with self._lock:
            self._day = snapshot.day
            self._calls = snapshot.calls
            self._orders = snapshot.orders
            self._paused_until = snapshot.paused_until
            self._second.calls = deque(snapshot.recent)
            self._minute.calls = deque(snapshot.recent)

    def _wait(self, ceilings: _Ceilings, lane: Lane, is_order_verb: bool, now: Instant) -> int:
        wait = max(
            self._second.wait(ceilings.per_second, now),
            self._minute.wait(ceilings.per_minute, now),
        )
        if lane is not Lane.EXIT:
            wait = max(wait, self._paused_until - now)
        day_is_full = self._calls >= ceilings.calls_per_day or (
            is_order_verb and self._orders >= ceilings.orders_per_day
        )
        if day_is_full:
            wait = max(wait, instant_at(self._day + timedelta(days=1), time()) - now)
        return wait

    def _roll(self, today: date) -> None:
        if today != self._day:
            self._day, self._calls, self._orders = today, 0, 0


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


def _left(ceiling: int) -> int:
    return max(1, ceiling - max(1, int(ceiling * ENTRY_SHARE)))
