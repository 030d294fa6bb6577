"""What every tick recorder promises."""

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest

from core.instants import MILLISECOND, SECOND, instant_at
from core.market import Tick
from market_data.ticks.live_ticks import COLUMNS, Heard, LiveTicks
from market_data.ticks.tick_recorder import MemoryTickRecorder, SqliteTickRecorder, TickRecorder

TUESDAY = date(2026, 1, 6)
OPEN = instant_at(TUESDAY, time(9, 15))
SBIN, NIFTY, M_AND_M = "NSE:SBIN-EQ", "NSE:NIFTY50-INDEX", "NSE:M&M-EQ"
SCALES = {SBIN: 2, NIFTY: 2, M_AND_M: 4}
ROOM = 7


def tick(number: int, symbol: str = SBIN) -> Tick:
    price = 80_000 + number % 40 * 5
    return Tick(symbol, OPEN + number // 3 * SECOND, price, price - 5, price + 5, number * 10)


def heard(number: int, symbol: str = SBIN) -> Heard:
    return (OPEN + number * MILLISECOND, *tick(number, symbol))


def take(recorder: TickRecorder, ticks: list[Heard]) -> None:
    for received, *values in ticks:
        recorder.take(Tick(*values), received)


def in_file(path: Path, day: date = TUESDAY) -> list[Heard]:
    """What stands in a file of live ticks, in the recorder's own terms."""
    if not path.exists():
        return []
    with LiveTicks(path) as live:
        symbols = live.symbols()
        rows = [row for each in live.days() if each.day == day for part in live.sweep(each) for row in part.tolist()]
    assert COLUMNS[:3] == ("symbol", "received", "at")
    return [(row[1] * 1_000, symbols[row[0]][0], row[2] * 1_000, *row[3:]) for row in rows]


class Bench:
    """A kind of recorder, and how to see what it has kept."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.path = folder / "live.sqlite"
        self.open: list[TickRecorder] = []

    def recorder(self, *, is_stuck: bool = False) -> TickRecorder:
        """One with room for few ticks where it `is_stuck`: a twin that is full, a file whose disk is."""
        made: TickRecorder
        if self.kind == "memory":
            made = MemoryTickRecorder(ROOM) if is_stuck else MemoryTickRecorder()
        elif is_stuck:
            made = SqliteTickRecorder(self.path, TUESDAY, SCALES, no_room=lambda: "full", most_waiting=ROOM)
        else:
            made = SqliteTickRecorder(self.path, TUESDAY, SCALES)
        self.open.append(made)
        return made

    def kept(self, recorder: TickRecorder) -> list[Heard]:
        recorder.close()
        return recorder.heard if isinstance(recorder, MemoryTickRecorder) else in_file(self.path)


@pytest.fixture(params=["memory", "sqlite"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(request.param, tmp_path)
    yield made
    for recorder in made.open:
        recorder.close()


def test_ticks_are_kept_to_the_unit_in_the_order_they_were_heard(bench: Bench) -> None:
    given = [heard(number, (SBIN, NIFTY, M_AND_M)[number % 3]) for number in range(1_234)]
    recorder = bench.recorder()
    take(recorder, given)
    assert bench.kept(recorder) == given
    counts = recorder.counts
    assert (counts.written, counts.waiting, counts.lost) == (1_234, 0, 0)


def test_prices_may_be_missing_and_volumes_large(bench: Bench) -> None:
    given = [(OPEN, NIFTY, OPEN, 2_610_005, 0, 0, 0), (OPEN, SBIN, OPEN, 2**31 - 1, 5, 10, 2**40)]
    recorder = bench.recorder()
    take(recorder, given)
    assert bench.kept(recorder) == given


def test_what_does_not_fit_is_counted_and_the_oldest_is_kept(bench: Bench) -> None:
    recorder = bench.recorder(is_stuck=True)
    take(recorder, [heard(number) for number in range(ROOM + 5)])
    counts = recorder.counts
    assert counts.lost == 5
    assert counts.written + counts.waiting == ROOM


def test_a_tick_is_taken_whatever_the_exchanges_clock_says(bench: Bench) -> None:
    given = [(OPEN, SBIN, OPEN - 60 * SECOND, 80_000, 79_995, 80_005, 1), heard(0)]
    recorder = bench.recorder()
    take(recorder, given)
    assert bench.kept(recorder) == given


def test_a_recorder_that_took_nothing_leaves_nothing(bench: Bench) -> None:
    assert bench.kept(bench.recorder()) == []


def test_a_second_close_is_harmless(bench: Bench) -> None:
    recorder = bench.recorder()
    take(recorder, [heard(0)])
    recorder.close()
    assert bench.kept(recorder) == [heard(0)]
