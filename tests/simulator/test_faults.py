"""Which armed fault strikes, and how often. What each does to the wire is seen in the tests of the servers."""

import pytest

from core.errors import ConfigurationError
from simulator.faults import Fault, FaultKind, Faults


def test_a_fault_strikes_as_often_as_it_was_told() -> None:
    faults = Faults()
    faults.arm(Fault(kind=FaultKind.HTTP_500, times=2))
    strikes = [faults.strike(FaultKind.HTTP_500) is not None for _ in range(3)]
    assert strikes == [True, True, False]
    assert faults.armed == ()


def test_a_fault_without_a_count_strikes_until_it_is_cleared() -> None:
    faults = Faults()
    faults.arm(Fault(kind=FaultKind.HTTP_502, times=None))
    assert all(faults.strike(FaultKind.HTTP_502) for _ in range(5))
    faults.clear(FaultKind.HTTP_500)
    assert faults.is_on(FaultKind.HTTP_502)
    faults.clear()
    assert faults.strike(FaultKind.HTTP_502) is None


def test_a_fault_strikes_only_where_it_was_aimed() -> None:
    faults = Faults()
    faults.arm(Fault(kind=FaultKind.HANG, path="/api/v3/orders", method="POST"))
    assert faults.strike(FaultKind.HANG, path="/data/quotes", method="POST") is None
    assert faults.strike(FaultKind.HANG, path="/api/v3/orders/sync", method="GET") is None
    assert faults.strike(FaultKind.HANG, path="/api/v3/orders/sync", method="POST") is not None


def test_a_tick_fault_waits_for_its_symbol() -> None:
    faults = Faults()
    faults.arm(Fault(kind=FaultKind.ZERO_TICK, symbol="NSE:INFY-EQ"))
    assert faults.strike(FaultKind.ZERO_TICK, symbol="NSE:SBIN-EQ") is None
    assert faults.strike(FaultKind.ZERO_TICK, symbol="NSE:INFY-EQ") is not None


def test_an_action_is_done_at_once_and_leaves_nothing_armed() -> None:
    faults = Faults()
    done: list[Fault] = []
    faults.when_armed(FaultKind.DROP_DATA_SOCKET, done.append)
    faults.arm(Fault(kind=FaultKind.DROP_DATA_SOCKET))
    assert [fault.kind for fault in done] == [FaultKind.DROP_DATA_SOCKET]
    assert faults.armed == ()


def test_a_fault_survives_the_way_to_json_and_back() -> None:
    fault = Fault(kind=FaultKind.LOST_ANSWER, path="/api/v3/orders", method="POST", times=None, seconds=3)
    assert Fault.from_json(fault.to_json()) == fault


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"kind": "earthquake"}, "http_500"),
        ({}, "unknown kind None"),
        ({"kind": "hang", "path": 3}, "path=3"),
        ({"kind": "hang", "where": "/"}, "where='/'"),
    ],
)
def test_a_fault_that_cannot_be_understood_is_refused_with_what_there_is(body: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match="fault") as refused:
        Fault.from_json(body)
    assert named in str(refused.value)
