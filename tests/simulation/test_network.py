"""The way to the broker: what is carried out, when, and what the bot hears of it."""

import pytest

from core.instants import SECOND
from core.orders import OutcomeKind, RejectionKind
from simulation.fates import Fates
from simulation.network import LONGEST_TRANSIT, Network, Request
from simulation.plan import Fault, FaultKind, Plan
from simulation.setting import READ
from simulation.virtual_time import VirtualTime
from simulator.books import Reply
from trading.order_outcomes import outcome_of

K = FaultKind
ALWAYS, NEVER, PERHAPS = {True}, {False}, {True, False}


class Call:
    """One order on its way, and what came of it."""

    def __init__(self, *faults, seed=1, **network):
        self.time = VirtualTime(0)
        self.network = Network(self.time, Fates(Plan(seed, faults=faults)))
        for name, value in network.items():
            setattr(self.network, name, value)
        self.carried_out_at = self.answered_at = None
        self.outcome = None
        self.disturbed = []
        self.network.disturbed = self.disturbed.append
        self.network.send(Request(self._carry_out, self._answer, is_placing=True, symbol="A", is_protective=True))
        self.time.run(100 * SECOND, lambda: None)

    def _carry_out(self):
        self.carried_out_at = self.time.now
        return Reply(True, 1101, "Order submitted", "26010600000001")

    def _answer(self, exchange):
        assert self.answered_at is None, "answered twice"
        self.answered_at = self.time.now
        self.outcome = outcome_of(exchange)


def test_without_faults_an_order_is_carried_out_and_acknowledged_at_once():
    call = Call()
    assert call.outcome.kind is OutcomeKind.ACK
    assert call.outcome.broker_id == "26010600000001"
    assert 0 < call.carried_out_at < call.answered_at < SECOND
    assert not call.disturbed


@pytest.mark.parametrize(
    ("kind", "is_carried_out", "outcome"),
    [
        (K.REQUEST_REFUSED, NEVER, OutcomeKind.NOT_SENT),
        (K.REQUEST_LOST, NEVER, OutcomeKind.UNKNOWN),
        (K.RESPONSE_LOST, ALWAYS, OutcomeKind.UNKNOWN),
        (K.RESPONSE_HTML, PERHAPS, OutcomeKind.UNKNOWN),
        (K.RESPONSE_TRUNCATED, ALWAYS, OutcomeKind.UNKNOWN),
        (K.RESPONSE_5XX, PERHAPS, OutcomeKind.UNKNOWN),
        (K.NOT_ACKNOWLEDGED, PERHAPS, OutcomeKind.UNKNOWN),
        (K.RATE_LIMITED, NEVER, OutcomeKind.REJECTED),
    ],
)
def test_each_fault_does_what_its_name_says(kind, is_carried_out, outcome):
    calls = [Call(Fault(kind, 1), seed=seed) for seed in range(12)]
    assert {call.carried_out_at is not None for call in calls} == is_carried_out
    assert {call.outcome.kind for call in calls} == {outcome}
    assert all(call.disturbed == ["A"] for call in calls)


@pytest.mark.parametrize("kind", [K.REQUEST_LATE, K.RESPONSE_SLOW])
def test_what_takes_too_long_is_given_up_and_carried_out_all_the_same(kind):
    calls = [Call(Fault(kind, 1), seed=seed) for seed in range(40)]
    assert all(call.answered_at <= READ for call in calls)
    assert all(call.carried_out_at <= LONGEST_TRANSIT * SECOND for call in calls)
    assert {call.outcome.kind for call in calls} == {OutcomeKind.ACK, OutcomeKind.UNKNOWN}


def test_a_dead_token_and_a_wrong_address_are_refused_by_name():
    dead, blocked = Call(has_token=False), Call(is_address_allowed=False)
    assert dead.outcome.rejection is RejectionKind.AUTHENTICATION
    assert blocked.outcome.rejection is RejectionKind.FORBIDDEN
    assert dead.carried_out_at is blocked.carried_out_at is None
