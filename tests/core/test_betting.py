"""Bets against a promise that is kept, by chance or by a rule, and against one that is broken."""

import os
from itertools import count, product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.betting import (
    MOST,
    START,
    after_bet,
    factors_of_promise,
    factors_of_rank,
    fortune,
    rank,
    two_sided_rank,
)

LIVES = int(os.environ.get("FYERSBOT_DRIFT_LIVES", "400"))
"""Simulated lives of a model; 20,000 for figures to be told."""


def test_the_fortune_is_one_to_begin_with():
    assert fortune(START) == 1.0


@pytest.mark.parametrize("known", [1, 7, 124])
def test_ranks_that_are_evenly_spread_earn_nothing(known):
    """On the grid that a rank can fall on, each way to bet makes less than one rupee of one."""
    ranks = [(place + 1) / (known + 1) for place in range(known + 1)]
    means = [sum(column) / len(ranks) for column in zip(*map(factors_of_rank, ranks), strict=True)]
    assert means[0] == 1.0
    assert all(0 < mean <= 1.0 for mean in means), means


@given(st.floats(0, 1))
def test_a_promise_that_is_just_kept_earns_nothing(promised):
    won, lost = factors_of_promise(promised, is_kept=True), factors_of_promise(promised, is_kept=False)
    for if_won, if_lost in zip(won, lost, strict=True):
        assert if_won >= 0
        assert if_lost >= 0
        assert promised * if_won + (1 - promised) * if_lost == pytest.approx(1.0)


def test_a_rank_counts_equals_against_the_value():
    assert rank(5.0, [1.0, 2.0, 3.0]) == 0.25
    assert rank(3.0, [1.0, 3.0, 3.0]) == 0.75
    assert rank(0.0, [1.0, 2.0, 3.0]) == 1.0
    assert two_sided_rank(0.0, [1.0, 2.0, 3.0]) == 0.5
    assert two_sided_rank(2.0, [1.0, 2.0, 3.0]) == 1.0


def test_a_fortune_never_grows_beyond_all_bounds_nor_dies():
    rich = poor = START
    for _ in range(3_000):
        rich = after_bet(rich, factors_of_rank(0.001))
        poor = after_bet(poor, factors_of_rank(1.0))
    assert fortune(rich) == pytest.approx(MOST)
    assert 0 < fortune(poor) < 1e-3


def test_one_that_lost_for_a_year_is_back_within_two_weeks():
    bets = START
    for _ in range(250):
        bets = after_bet(bets, factors_of_rank(0.6))
    assert fortune(bets) < 1
    days = 0
    while fortune(bets) < 4_000:
        bets, days = after_bet(bets, factors_of_rank(0.01)), days + 1
    assert days <= 10, days


def test_over_all_orders_of_wins_the_mean_fortune_is_what_it_began_with():
    """Every history of six trades at even odds: the sum over all, which no bookkeeping of chance can blur."""
    fortunes = []
    for history in product([True, False], repeat=6):
        bets = START
        for has_won in history:
            bets = after_bet(bets, factors_of_promise(0.5, is_kept=has_won))
        fortunes.append(fortune(bets))
    assert sum(fortunes) / len(fortunes) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def calm_lives() -> list[float]:
    """The largest fortune in each life: a year of sessions like the 125 of the training, ranked among all before."""
    largest = []
    for number in range(LIVES):
        chance, bets, most = Random(f"calm-{number}"), START, 1.0
        known = [chance.lognormvariate(0, 0.3) for _ in range(125)]
        for _ in range(250):
            value = chance.lognormvariate(0, 0.3)
            bets = after_bet(bets, factors_of_rank(rank(value, known)))
            known.append(value)
            most = max(most, fortune(bets))
        largest.append(most)
    return largest


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
        chance, bets, promised, largest = Random(f"fair-{number}"), START, 0.5, 1.0
        for _ in range(400):
            has_won = chance.random() < promised
            bets = after_bet(bets, factors_of_promise(promised, is_kept=has_won))
            promised, largest = (0.7 if has_won else 0.4), max(largest, fortune(bets))
        alarms += largest >= 1 / alpha
    assert alarms <= LIVES * alpha + 3 * (LIVES * alpha * (1 - alpha)) ** 0.5, alarms / LIVES


def delays_of_sessions(shift: float, limit: float, lives: int) -> list[int]:
    """Sessions from a shift, by deviations of a session's number, until the fortune reaches a limit."""
    delays = []
    for number in range(lives):
        chance = Random(f"shift-{number}")
        known = [chance.gauss(0, 1) for _ in range(125)]
        bets = START
        for place in count():
            value = chance.gauss(0, 1) + (shift if place >= 60 else 0.0)
            bets = after_bet(bets, factors_of_rank(rank(value, known)))
            known.append(value)
            if place >= 60 and fortune(bets) >= limit:
                delays.append(place - 59)
                break
    return sorted(delays)


@pytest.mark.parametrize(("shift", "most"), [(2.0, 15), (4.0, 8)])
def test_a_shift_after_quiet_months_is_found_within_weeks(shift, most):
    delays = delays_of_sessions(shift, 400.0, 40)
    assert delays[len(delays) // 2] <= most, delays


def test_trades_that_win_less_often_than_promised_are_found():
    delays = []
    for number in range(20):
        chance, bets = Random(f"worse-{number}"), START
        for trade in count(1):
            bets = after_bet(bets, factors_of_promise(0.55, is_kept=chance.random() < 0.3))
            if fortune(bets) >= 400:
                delays.append(trade)
                break
    assert sorted(delays)[10] <= 100, delays
