"""A bot that dies and starts again without end, and calls as fast as it may: what the broker counts.

Time is virtual; the journal on the disk is the real one, because only that is left of a life in the next.
"""

from bisect import bisect_left
from datetime import date, time
from pathlib import Path

import numpy as np
import pytest

from core.instants import MINUTE, SECOND, Instant, instant_at
from runtime.settings import RateSettings
from trading.call_journal import Call, CallJournal
from trading.rate_budget import Lane, RateBudget

RATES = RateSettings()
DAY = date(2026, 11, 20)
MIDNIGHT = instant_at(DAY, time())
MORNING = instant_at(DAY, time(9, 15))
PER_MINUTE_BEFORE = 158


def calls_of_the_night(orders: int) -> list[Call]:
    """Nearly a day's worth of calls, spread from midnight to the morning, of which so many were order verbs."""
    step = MINUTE // PER_MINUTE_BEFORE
    return [Call(at, number < orders) for number, at in enumerate(range(MIDNIGHT, MORNING - MINUTE, step))]


def write_down(folder: Path, calls: list[Call]) -> None:
    """Have the journal know them, without a file operation for each."""
    CallJournal(folder).add(calls[0])
    [path] = folder.iterdir()
    records = (b"\n%d%b" % (call.at, b"o" if call.is_order_verb else b"r") for call in calls[1:])
    with path.open("ab") as journal:
        journal.write(b"".join(records))
    assert sum(1 for _ in CallJournal(folder).calls(DAY)) == len(calls)


SHORT = (SECOND // 20, SECOND // 20, SECOND // 2, 3 * SECOND, 70 * SECOND)
LONG = (SECOND // 2, 70 * SECOND, 150 * SECOND)
"""Lives for a full journal, which takes a while to read."""


def crash_loop(folder: Path, seed: int, until: Instant, lives: tuple[int, ...] = SHORT) -> list[Call]:
    """Call whenever a budget says that it may, over lives that end at any moment; return the calls that went out."""
    chance, now, made = np.random.default_rng(seed), MORNING, []
    while now < until:
        budget = RateBudget(RATES, CallJournal(folder))
        ends = min(now + int(chance.choice(lives)), until)
        while now < ends:
            lane, is_order_verb = list(Lane)[chance.integers(3)], bool(chance.random() < 0.5)
            wait = budget.reserve(lane, is_order_verb, now)
            if not wait:
                made.append(Call(now, is_order_verb))
            now += min(int(wait * SECOND), SECOND // 10) or SECOND // 1000
        now += int(chance.choice([SECOND // 100, SECOND]))  # until the supervisor has started the next
    return made


def most_within(calls: list[Call], length: int) -> int:
    """The largest number of calls in any window of a length, wherever it begins."""
    times = [call.at for call in calls]
    return max(bisect_left(times, at + length) - place for place, at in enumerate(times))


@pytest.mark.hazard("S9", "R5")
@pytest.mark.parametrize("seed", range(3))
def test_a_crash_loop_at_the_real_limits_exceeds_no_window(seed: int, tmp_path: Path) -> None:
    made = crash_loop(tmp_path, seed, MORNING + 8 * MINUTE)
    assert most_within(made, SECOND) == RATES.per_second == 8
    assert most_within(made, MINUTE) == RATES.per_minute == 160


@pytest.mark.hazard("S9", "R5")
def test_a_crash_loop_ends_with_the_calls_of_a_day(tmp_path: Path) -> None:
    night = calls_of_the_night(orders=4_000)
    write_down(tmp_path, night)
    made = crash_loop(tmp_path, 7, MORNING + 20 * MINUTE, LONG)
    assert len(night) + len(made) == RATES.calls_per_day == 90_000
    assert most_within([*night, *made], MINUTE) <= RATES.per_minute


@pytest.mark.hazard("S9", "R5")
def test_a_crash_loop_ends_with_the_order_verbs_of_a_day(tmp_path: Path) -> None:
    night = calls_of_the_night(orders=8_600)[:9_000]
    write_down(tmp_path, night)
    made = crash_loop(tmp_path, 8, MORNING + 10 * MINUTE, LONG)
    orders = sum(call.is_order_verb for call in [*night, *made])
    assert orders == RATES.orders_per_day == 9_000
    assert len(made) > 400, "calls that are no order verbs go on"


@pytest.mark.hazard("R5")
def test_a_loop_that_forgets_its_calls_would_be_found() -> None:
    made: list[Call] = []
    for number in range(3):
        budget = RateBudget(RATES)
        made += [Call(MORNING + number, False) for _ in range(20) if not budget.reserve(Lane.EXIT, False, MORNING)]
    assert most_within(made, SECOND) == 3 * RATES.per_second
