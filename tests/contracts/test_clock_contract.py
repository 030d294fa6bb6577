"""What every clock promises, so that a rehearsal at 360 times the speed waits by the same rule as a day of trading.

The house has one adapter, `MarketClock`, at any speed. The clocks moved by hand in other tests are stand-ins and no
adapters: their deadlines are shorter than the port allows, so that a test of a silent server ends soon.
"""

from datetime import date, time
from itertools import pairwise
from time import monotonic

import pytest

from core.instants import MINUTE, SECOND, instant_at, instant_of
from core.ports import Clock
from runtime.clock import MarketClock

MORNING = instant_at(date(2026, 1, 6), time(9, 15))
HOUR_SECONDS = 3600.0


class ClockContract:
    """Subclasses provide the fixture `clock`."""

    @pytest.mark.hazard("T2")
    def test_market_time_goes_on_and_never_back(self, clock: Clock):
        moments = [clock.now() for _ in range(10_000)]

        assert all(before <= after for before, after in pairwise(moments))
        assert moments[0] < moments[-1]

    @pytest.mark.hazard("T2")
    def test_steady_time_begins_as_the_clock_does_goes_on_as_fast_and_never_back(self, clock: Clock):
        before, began = clock.now(), clock.steady()
        moments = [clock.steady() for _ in range(1_000)]

        assert before <= began <= moments[0]
        assert all(earlier <= later for earlier, later in pairwise(moments))
        assert clock.now() >= moments[-1]

    def test_after_a_sleep_at_least_so_much_market_time_has_passed(self, clock: Clock):
        before = clock.now()
        clock.sleep(0.2)

        assert clock.now() >= before + SECOND // 5

    @pytest.mark.parametrize("seconds", [0.0, 0.001])
    def test_no_sleep_is_shorter_than_50_ms_of_wall_time(self, clock: Clock, seconds: float):
        began = monotonic()
        clock.sleep(seconds)

        assert monotonic() - began >= 0.05
        assert clock.pause_seconds(seconds) == 0.05

    def test_no_deadline_is_shorter_than_half_a_second(self, clock: Clock):
        assert clock.deadline_seconds(0.0) == clock.deadline_seconds(0.001) == 0.5

    def test_a_long_wait_takes_as_long_as_the_clock_takes_to_show_its_end(self, clock: Clock):
        now = clock.now()
        wall_seconds = (clock.wall_at(now + 60 * MINUTE) - clock.wall_at(now)).total_seconds()

        assert clock.pause_seconds(HOUR_SECONDS) == pytest.approx(wall_seconds, abs=1e-5)
        assert clock.deadline_seconds(HOUR_SECONDS) == pytest.approx(wall_seconds, abs=1e-5)

    def test_a_longer_wait_is_never_shorter(self, clock: Clock):
        for waits in (clock.pause_seconds, clock.deadline_seconds):
            lengths = [waits(seconds) for seconds in (0.0, 0.1, 1.0, 10.0, 100.0, 10_000.0)]
            assert lengths == sorted(lengths)

    def test_the_wall_time_of_an_instant_is_when_the_clock_shows_it(self, clock: Clock):
        at = clock.wall_at(clock.now())
        wall = MarketClock().now()

        assert at.utcoffset() is not None
        assert abs(instant_of(at) - wall) < SECOND
        assert clock.wall_at(clock.now() + MINUTE) > at


class TestTheWallsOwnTime(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return MarketClock()


class TestTheSpeedOfTheDemonstration(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return MarketClock(MORNING, 360.0)


class TestSlowMotion(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return MarketClock(MORNING, 0.5)


class TestAClockThatAnotherProcessStarted(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        first = MarketClock(MORNING, 60.0, epoch=MarketClock().epoch - 100)
        return MarketClock(first.start, first.speed, first.epoch)

    def test_both_show_the_same_time(self, clock: Clock):
        first = MarketClock(MORNING, clock.speed, clock.epoch)

        before = first.now()
        assert before - MINUTE <= clock.now() <= first.now() + MINUTE  # each asks two clocks, one after the other
        assert before >= MORNING + 100 * MINUTE
