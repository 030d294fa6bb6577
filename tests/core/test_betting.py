"""Bets against a promise that is kept, by chance or by a rule, and against one that is broken."""

import os
from bisect import bisect_left
from itertools import count, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.betting import (
    MOST,
    after_bet,
    chance_of,
    factors_of_both,
    factors_of_high,
    factors_of_low,
    factors_of_promise,
    fortune,
    place_among,
)

LIVES = int(os.environ.get("FYERSBOT_DRIFT_LIVES", "300"))
"""Simulated lives of a model; 20,000 for figures to be told."""
TRAINED = 125
"""Sessions of half a year."""


@pytest.mark.parametrize("trained", [1, 7, 124])
@pytest.mark.parametrize("factors_of", [factors_of_high, factors_of_low, factors_of_both])
def test_over_all_places_each_way_makes_one_rupee_of_one_whatever_came_before(trained, factors_of):
    live = [min(trained, place) for place in (0, 0, 0, 1, 3)]
    places = range(trained + 1)
    chances = [chance_of(place, trained, live) for place in places]
    assert sum(chances) == pytest.approx(1.0)
    factors = [factors_of(place, trained, chance) for place, chance in zip(places, chances, strict=True)]
    for way in zip(*factors, strict=True):
        assert sum(chance * factor for chance, factor in zip(chances, way, strict=True)) == pytest.approx(1.0)
        assert min(way) >= 0


def test_the_place_counts_from_the_top_and_equals_count_against_the_value():
    assert [place_among(value, [1.0, 2.0, 3.0]) for value in (4.0, 3.0, 2.5, 0.0)] == [0, 1, 1, 3]


def test_high_numbers_feed_those_who_bet_on_them_and_no_others():
    high, low = factors_of_high(0, 9, 0.1), factors_of_low(0, 9, 0.1)
    assert high == tuple(sorted(high))
    assert high[1] > 3
    assert low[0] == 1.0
    assert max(low[1:]) < 0.6


@given(st.floats(0, 1))
def test_a_promise_that_is_just_kept_earns_nothing(promised):
    won, lost = factors_of_promise(promised, is_kept=True), factors_of_promise(promised, is_kept=False)
    for if_won, if_lost in zip(won, lost, strict=True):
        assert if_won >= 0
        assert if_lost >= 0
        assert promised * if_won + (1 - promised) * if_lost == pytest.approx(1.0)


def test_a_fortune_begins_with_one_never_grows_beyond_all_bounds_and_never_dies():
    rich = poor = ()
    assert fortune(rich) == 1.0
    for _ in range(3_000):
        rich = after_bet(rich, factors_of_high(0, 124, 1 / 125))
        poor = after_bet(poor, factors_of_high(124, 124, 1 / 125))
    assert fortune(rich) == pytest.approx(MOST)
    assert 0 < fortune(poor) < 1e-3


def test_over_all_orders_of_wins_the_mean_fortune_is_what_it_began_with():
    """Every history of six trades at even odds: the sum over all, which no bookkeeping of chance can blur."""
    fortunes = []
    for history in product([True, False], repeat=6):
        bets = ()
        for has_won in history:
            bets = after_bet(bets, factors_of_promise(0.5, is_kept=has_won))
        fortunes.append(fortune(bets))
    assert sum(fortunes) / len(fortunes) == pytest.approx(1.0)


class Life:
    """Live sessions after a training, told by one number each."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.trained = sorted(self.chance.normal(size=TRAINED).tolist())
        self.places: list[int] = []
        self.bets: tuple[float, ...] = ()

    def session(self, shift: float = 0.0) -> float:
        """Live one session whose number is off by some deviations; return the fortune after it."""
        place = TRAINED - bisect_left(self.trained, float(self.chance.normal(shift)))
        factors = factors_of_high(place, TRAINED, chance_of(place, TRAINED, self.places))
        self.places.append(place)
        self.bets = after_bet(self.bets, factors)
        return fortune(self.bets)


@pytest.fixture(scope="module")
def calm_lives() -> list[float]:
    """The largest fortune in each life: a year of sessions like those of the training."""
    lives = [Life(number) for number in range(LIVES)]
    return [max(life.session() for _ in range(250)) for life in lives]


@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.01])
def test_false_alarms_are_no_more_frequent_than_stated(calm_lives, alpha):
    """The limit leaves chance three deviations."""
    alarms = sum(most >= 1 / alpha for most in calm_lives)
    assert alarms <= LIVES * alpha + 3 * (LIVES * alpha * (1 - alpha)) ** 0.5, alarms / LIVES


@pytest.mark.parametrize("alpha", [0.2, 0.05])
def test_false_alarms_about_trades_keep_the_rate_whatever_they_depend_on(alpha):
    """Wins come at the promised rate, and the promise follows the last result: dependence is allowed."""
    alarms = 0
    for number in range(LIVES):
        chance, bets, promised, most = np.random.default_rng(20_000 + number), (), 0.5, 1.0
        for _ in range(300):
            has_won = bool(chance.random() < promised)
            bets = after_bet(bets, factors_of_promise(promised, is_kept=has_won))
            promised, most = (0.7 if has_won else 0.4), max(most, fortune(bets))
        alarms += most >= 1 / alpha
    assert alarms <= LIVES * alpha + 3 * (LIVES * alpha * (1 - alpha)) ** 0.5, alarms / LIVES


@pytest.mark.parametrize(("shift", "limit", "most"), [(2.0, 400.0, 15), (4.0, 4_000.0, 5)])
def test_a_shift_after_a_quiet_year_is_found_within_days_or_weeks(shift, limit, most):
    """The middle of the delays of 25 lives, in sessions. A small shift may never be found: in time it is usual."""
    delays = []
    for number in range(25):
        life = Life(10_000 + number)
        for _ in range(250):
            life.session()
        delays.append(next((day for day in range(1, 100) if life.session(shift) >= limit), 100))
    assert sorted(delays)[12] <= most, sorted(delays)


def test_trades_that_win_less_often_than_promised_are_found():
    """The middle of the delays of 20 lives, in trades: 55 % were promised, 30 % win."""
    delays = []
    for number in range(20):
        chance, bets = np.random.default_rng(30_000 + number), ()
        for trade in count(1):
            bets = after_bet(bets, factors_of_promise(0.55, is_kept=bool(chance.random() < 0.3)))
            if fortune(bets) >= 400:
                delays.append(trade)
                break
    assert sorted(delays)[10] <= 100, delays
