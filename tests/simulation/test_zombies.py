"""Requests that come a minute late: the order was called absent, and is cancelled or closed when it shows after all."""

from simulation.plan import Fault, FaultKind, Plan
from simulation.session import play


def test_a_session_with_late_comers_keeps_every_promise() -> None:
    fired: list[Fault] = []
    for seed in range(11, 15):
        verdict = play(Plan(seed, kinds=frozenset({FaultKind.REQUEST_ZOMBIE})))
        assert verdict.violations == ()
        fired += verdict.fired
    assert {fault.kind for fault in fired} == {FaultKind.REQUEST_ZOMBIE}
