import pytest

from core.orders import OrderStatus, OrderType, Outcome, OutcomeKind


def test_the_brokers_codes_are_the_enums_values() -> None:
    assert [OrderType(code).name for code in (1, 2, 3, 4)] == ["LIMIT", "MARKET", "STOP", "STOP_LIMIT"]
    assert {status.name: status.value for status in OrderStatus if status is not OrderStatus.UNUSED} == {
        "UNKNOWN": 0, "CANCELLED": 1, "FILLED": 2, "TRANSIT": 4, "REJECTED": 5, "PENDING": 6, "EXPIRED": 7,
    }  # fmt: skip


@pytest.mark.hazard("O13")
def test_a_code_we_have_never_seen_is_never_taken_for_closed() -> None:
    terminal = {status for status in OrderStatus if status.is_terminal}

    assert terminal == {OrderStatus.CANCELLED, OrderStatus.FILLED, OrderStatus.REJECTED, OrderStatus.EXPIRED}


def test_an_outcome_claims_nothing_it_was_not_told() -> None:
    outcome = Outcome(kind=OutcomeKind.UNKNOWN)

    assert (outcome.broker_id, outcome.rejection, outcome.code, outcome.message) == ("", None, 0, "")
