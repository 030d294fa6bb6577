from datetime import date, time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instants import MINUTE, SECOND, instant_at, ist_date
from runtime.settings import RateSettings
from trading.call_journal import CallJournal
from trading.rate_budget import Lane, RateBudget

RATES = RateSettings()
SMALL = RateSettings(per_second=4, per_minute=12, orders_per_day=20, calls_per_day=30)
MORNING = instant_at(date(2026, 11, 20), time(9, 15))

calls = st.lists(
    st.tuples(
        st.sampled_from(Lane),
        st.booleans(),
        st.one_of(st.integers(0, SECOND // 4), st.integers(0, 20 * SECOND), st.just(7 * 3600 * SECOND)),
    ),
    max_size=400,
)


def admitted(budget: RateBudget, wishes) -> list[tuple[int, Lane, bool]]:
    now, kept = MORNING, []
    for lane, is_order_verb, pause in wishes:
        now += pause
        if budget.reserve(lane, is_order_verb, now) == 0:
            kept.append((now, lane, is_order_verb))
    return kept


def most_in_any(instants: list[int], window: int) -> int:
    return max(
        (sum(start <= other < start + window for other in instants) for start in instants),
        default=0,
    )


def fill(budget: RateBudget, lane: Lane, now: int, is_order_verb: bool = False) -> int:
    taken = 0
    while budget.reserve(lane, is_order_verb, now) == 0:
        taken += 1
    return taken


@pytest.mark.hazard("S9")
@settings(max_examples=60)
@given(calls)
def test_no_window_is_ever_exceeded(wishes):
    windows_hold(admitted(RateBudget(SMALL), wishes), SMALL)


@settings(max_examples=60)
@given(calls, st.sampled_from([Lane.EXIT, Lane.ENTRY, Lane.READ]))
def test_after_the_wait_it_names_a_call_is_admitted_and_not_before(wishes, lane):
    budget = RateBudget(RATES)
    now = MORNING
    for wish_lane, is_order_verb, pause in wishes:
        now += pause
        budget.reserve(wish_lane, is_order_verb, now)
    wait = round(budget.reserve(lane, False, now) * SECOND)

    if wait > 0:
        assert budget.reserve(lane, False, now + wait - 1) > 0
        assert budget.reserve(lane, False, now + wait) == 0


def windows_hold(kept, rates: RateSettings) -> None:
    instants = [at for at, _, _ in kept]
    assert most_in_any(instants, SECOND) <= rates.per_second
    assert most_in_any(instants, MINUTE) <= rates.per_minute
    for day in {ist_date(at) for at in instants}:
        of_day = [verb for at, _, verb in kept if ist_date(at) == day]
        assert len(of_day) <= rates.calls_per_day
        assert sum(of_day) <= rates.orders_per_day


@pytest.mark.hazard("S9", "R5")
@settings(max_examples=60)
@given(calls, st.sets(st.integers(0, 400), max_size=8))
def test_no_window_is_ever_exceeded_over_restarts_at_any_moment(wishes, restarts):
    with TemporaryDirectory() as folder:
        budget, now, kept = RateBudget(SMALL, CallJournal(Path(folder))), MORNING, []
        for number, (lane, is_order_verb, pause) in enumerate(wishes):
            now += pause
            if number in restarts:
                budget = RateBudget(SMALL, CallJournal(Path(folder)))
            if budget.reserve(lane, is_order_verb, now) == 0:
                kept.append((now, lane, is_order_verb))
    windows_hold(kept, SMALL)


@settings(max_examples=40)
@given(calls, st.integers(0, 400))
def test_a_restarted_budget_decides_as_the_one_that_ended(wishes, cut):
    with TemporaryDirectory() as folder:
        first = RateBudget(RATES, CallJournal(Path(folder)))
        before = admitted(first, wishes[:cut])
        now = before[-1][0] if before else MORNING
        second = RateBudget(RATES, CallJournal(Path(folder)))
        after = [second.reserve(lane, verb, now) for lane, verb, _ in wishes[cut:]]

    assert after == [first.reserve(lane, verb, now) for lane, verb, _ in wishes[cut:]]


@pytest.mark.hazard("R5")
def test_three_starts_within_a_minute_make_no_more_calls_than_one(tmp_path):
    made = []
    for start in range(3):
        budget = RateBudget(RATES, CallJournal(tmp_path))
        for step in range(20 * 50):
            now = MORNING + start * 20 * SECOND + step * SECOND // 50
            if budget.reserve(Lane.READ, False, now) == 0:
                made.append(now)
    assert len(made) == 108


def test_a_start_just_after_midnight_knows_the_minute_before_it(tmp_path):
    midnight = instant_at(date(2026, 11, 21), time())
    evening = RateBudget(SMALL, CallJournal(tmp_path))
    made = sum(fill(evening, Lane.EXIT, midnight - (20 - second) * SECOND) for second in range(10))
    assert made == SMALL.per_minute

    morning = RateBudget(SMALL, CallJournal(tmp_path))
    assert morning.reserve(Lane.EXIT, False, midnight) == 40.0
    assert fill(morning, Lane.EXIT, midnight + 50 * SECOND) == SMALL.per_second


def test_the_calls_of_a_sign_in_count_for_the_bot_that_starts_after_it(tmp_path):
    bot, login = (RateBudget(SMALL, CallJournal(tmp_path)) for _ in range(2))
    fill(bot, Lane.EXIT, MORNING)
    assert login.reserve(Lane.READ, False, MORNING) == 1.0
    assert login.reserve(Lane.READ, False, MORNING + SECOND) == 0

    assert len(list(CallJournal(tmp_path).calls(ist_date(MORNING)))) == SMALL.per_second + 1


@pytest.mark.hazard("S9")
def test_exits_may_use_what_reads_and_entries_must_leave():
    budget = RateBudget(RATES)

    assert fill(budget, Lane.READ, MORNING) == 5
    assert fill(budget, Lane.ENTRY, MORNING) == 1
    assert fill(budget, Lane.EXIT, MORNING) == 2


def test_a_minute_of_polling_leaves_a_quarter_to_exits():
    budget = RateBudget(RATES)
    reads = sum(fill(budget, Lane.READ, MORNING + second * SECOND) for second in range(59))

    assert reads == 108
    assert budget.reserve(Lane.READ, False, MORNING + 59 * SECOND) > 0
    assert fill(budget, Lane.EXIT, MORNING + 59 * SECOND) == RATES.per_second


def test_the_wait_lasts_until_the_oldest_call_leaves_the_window():
    budget = RateBudget(RATES)
    fill(budget, Lane.EXIT, MORNING)

    assert budget.reserve(Lane.EXIT, False, MORNING + SECOND // 4) == 0.75
    assert budget.reserve(Lane.EXIT, False, MORNING + SECOND) == 0


def test_order_verbs_have_their_own_day():
    budget = RateBudget(RateSettings(orders_per_day=4, per_second=100))

    assert fill(budget, Lane.ENTRY, MORNING, is_order_verb=True) == 3
    assert fill(budget, Lane.EXIT, MORNING, is_order_verb=True) == 1
    assert budget.reserve(Lane.EXIT, True, MORNING) == (14 * 60 + 45) * 60
    assert budget.reserve(Lane.READ, False, MORNING) == 0


def test_the_day_begins_at_midnight_in_india():
    budget = RateBudget(RateSettings(orders_per_day=1))
    evening = instant_at(date(2026, 11, 20), time(23, 59, 59))
    assert budget.reserve(Lane.EXIT, True, evening) == 0

    assert budget.reserve(Lane.EXIT, True, evening) == 1.0
    assert budget.reserve(Lane.EXIT, True, evening + SECOND) == 0


@pytest.mark.hazard("S8")
def test_when_the_broker_says_stop_reads_and_entries_stop_and_exits_do_not():
    budget = RateBudget(RATES)
    budget.pause(MORNING + 3 * SECOND)

    assert budget.reserve(Lane.READ, False, MORNING) == 3.0
    assert budget.reserve(Lane.ENTRY, True, MORNING) == 3.0
    assert budget.reserve(Lane.EXIT, True, MORNING) == 0
    assert budget.reserve(Lane.READ, False, MORNING + 3 * SECOND) == 0


@pytest.mark.hazard("T2")
def test_a_clock_that_steps_back_does_not_widen_a_window():
    budget = RateBudget(RATES)
    fill(budget, Lane.EXIT, MORNING)

    assert budget.reserve(Lane.EXIT, False, MORNING - SECOND // 2) == 1.5


def test_counters_of_another_clock_far_ahead_do_not_block_for_ever():
    budget = RateBudget(RATES)
    fill(budget, Lane.EXIT, MORNING + 400 * 24 * 60 * MINUTE)

    assert budget.reserve(Lane.EXIT, False, MORNING) == 0


def test_a_refusal_of_the_broker_is_told_to_whoever_listens():
    budget, told = RateBudget(RATES), []
    budget.pause(MORNING)
    budget.on_refusal = lambda: told.append("refused")
    budget.pause(MORNING + SECOND)
    budget.reserve(Lane.READ, False, MORNING)
    assert told == ["refused"]


@pytest.mark.hazard("T2", "S9")
@settings(max_examples=40)
@given(calls, st.lists(st.integers(-90 * SECOND, 90 * SECOND), max_size=400))
def test_no_true_window_is_exceeded_however_the_clock_is_set(wishes, steps):
    budget, true, lead, kept = RateBudget(SMALL), MORNING, 0, []
    for number, (lane, is_order_verb, pause) in enumerate(wishes):
        true += pause
        lead += steps[number] if number < len(steps) else 0
        if budget.reserve(lane, is_order_verb, true + lead, true) == 0:
            kept.append(true)

    assert most_in_any(kept, SECOND) <= SMALL.per_second
    assert most_in_any(kept, MINUTE) <= SMALL.per_minute


@pytest.mark.hazard("T2", "R5")
def test_a_start_finds_the_calls_of_the_last_minute_in_its_own_steady_time(tmp_path):
    fill(RateBudget(SMALL, CallJournal(tmp_path)), Lane.EXIT, MORNING)

    steady = 17 * SECOND
    second = RateBudget(SMALL, CallJournal(tmp_path))
    assert second.reserve(Lane.EXIT, False, MORNING + SECOND // 4, steady) == 0.75
    assert second.reserve(Lane.EXIT, False, MORNING + SECOND, steady + 3 * SECOND // 4) == 0


@pytest.mark.hazard("T2", "S9")
def test_a_clock_set_over_midnight_and_back_forgets_no_call_of_the_day(tmp_path):
    budget = RateBudget(RateSettings(orders_per_day=4, per_second=100), CallJournal(tmp_path))
    assert fill(budget, Lane.EXIT, MORNING, is_order_verb=True) == 4

    assert budget.reserve(Lane.EXIT, True, MORNING + 24 * 60 * MINUTE, MORNING + SECOND) == 0
    assert budget.reserve(Lane.EXIT, True, MORNING + 2 * SECOND, MORNING + 2 * SECOND) > 0
