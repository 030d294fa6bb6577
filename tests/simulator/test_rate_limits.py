"""Limits on calls, counted in market time."""

from datetime import date, time

from core.instants import DAY, MINUTE, SECOND, instant_at
from simulator.rate_limits import Limits, RateLimiter

START = instant_at(date(2026, 1, 6), time(10, 0))


def spend_a_minute(limiter: RateLimiter, start: int, calls: int) -> list[float]:
    """Calls spread evenly over a minute."""
    return [limiter.admit(start + number * MINUTE // calls) for number in range(calls)]


def test_the_eleventh_call_of_a_second_waits_until_the_first_is_a_second_old() -> None:
    limiter = RateLimiter(Limits())
    assert [limiter.admit(START + number) for number in range(10)] == [0] * 10
    assert 0.99 < limiter.admit(START + 100) <= 1
    assert limiter.admit(START + SECOND) == 0


def test_the_201st_call_of_a_minute_waits() -> None:
    limiter = RateLimiter(Limits())
    waits = spend_a_minute(limiter, START, 220)
    assert waits[:200] == [0] * 200
    assert all(wait > 0 for wait in waits[200:])


def test_a_fourth_broken_minute_blocks_the_account_until_the_next_day() -> None:
    limiter = RateLimiter(Limits())
    for minute in range(3):
        spend_a_minute(limiter, START + 3 * minute * MINUTE, 230)
        assert not limiter.is_blocked
    spend_a_minute(limiter, START + 20 * MINUTE, 230)
    assert limiter.is_blocked
    assert limiter.admit(START + 60 * MINUTE) > 0
    assert limiter.admit(START + DAY) == 0


def test_breaking_the_second_breaks_no_minute() -> None:
    limiter = RateLimiter(Limits(breaches=0))
    for number in range(50):
        limiter.admit(START + number)
    assert not limiter.is_blocked


def test_the_day_has_a_limit_of_its_own() -> None:
    limiter = RateLimiter(Limits(per_day=5))
    waits = [limiter.admit(START + number * MINUTE) for number in range(6)]
    assert waits[:5] == [0] * 5
    assert waits[5] > 0
    assert limiter.admit(START + DAY) == 0
