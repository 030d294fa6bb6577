"""What was sent and what failed, counted so that a runaway stops."""

import pytest

from core.activity import FAILURES, PAUSE, Activity
from core.instants import MINUTE, SECOND
from core.tracking import OrderState

SENT, WORKING, UNKNOWN, REJECTED = OrderState.SENT, OrderState.WORKING, OrderState.UNKNOWN, OrderState.REJECTED


@pytest.mark.hazard("S21")
def test_failures_within_a_minute_open_the_circuit_for_one():
    activity = Activity()
    for second in range(FAILURES - 1):
        activity.count_failure(SENT, REJECTED, second * SECOND)
    assert activity.paused_until == 0
    activity.count_failure(WORKING, REJECTED, 59 * SECOND)
    assert activity.paused_until == 59 * SECOND + PAUSE


def test_failures_spread_wider_than_a_minute_open_nothing():
    activity = Activity()
    for n in range(20):
        activity.count_failure(SENT, REJECTED, n * MINUTE // (FAILURES - 1))
    assert activity.paused_until == 0
    assert len(activity.failures) < FAILURES


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        (SENT, OrderState.NOT_SENT, True),
        (SENT, UNKNOWN, True),
        (UNKNOWN, REJECTED, False),
        (SENT, WORKING, False),
        (WORKING, OrderState.CANCELLED, False),
        (REJECTED, REJECTED, False),
    ],
)
def test_an_order_fails_once_and_a_fill_or_a_cancel_is_no_failure(before, after, counts):
    activity = Activity()
    activity.count_failure(before, after, SECOND)
    assert bool(activity.failures) is counts


def test_verbs_are_counted_within_a_window_and_forgotten_after_a_minute():
    activity = Activity()
    for at in (0, 30 * SECOND, 60 * SECOND):
        activity.count_verb(at)
    assert activity.verbs == [30 * SECOND, 60 * SECOND]
    assert activity.sent_since(59 * SECOND) == 1


@pytest.mark.hazard("S9")
def test_refusals_for_the_rate_count_by_the_minute():
    activity = Activity()
    for at in (0, 59 * SECOND, 60 * SECOND, 61 * SECOND):
        activity.count_refusal(at)
    assert activity.rate_breaches == 2
    activity.begin_day()
    assert activity.rate_breaches == 0
