from core.instants import SECOND
from trading.retry_pauses import LONGEST, RetryPauses


def test_each_failure_in_a_row_doubles_the_pause_up_to_the_longest():
    pauses = RetryPauses()
    lengths = []
    for _ in range(8):
        pauses.failed("A", 100 * SECOND, is_refusal=True)
        lengths.append(pauses.until("A") - 100 * SECOND)
    assert lengths == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND, 16 * SECOND, LONGEST, LONGEST, LONGEST]
    assert pauses.until("B") == 0


def test_a_call_that_came_through_starts_the_row_again():
    pauses = RetryPauses()
    for _ in range(3):
        pauses.failed("A", 0, is_refusal=False)
    pauses.reached("A")
    assert pauses.until("A") == 0
    pauses.failed("A", 0, is_refusal=False)
    assert pauses.until("A") == SECOND


def test_a_broker_that_answers_ends_the_pause_of_a_dead_network_but_not_of_a_refusal():
    pauses = RetryPauses()
    pauses.failed("A", 0, is_refusal=False)
    pauses.failed("B", 0, is_refusal=True)
    pauses.broker_answers()
    assert (pauses.until("A"), pauses.until("B")) == (0, SECOND)
    pauses.clear()
    assert pauses.until("B") == 0
