"""Plans and verdicts come back from JSON as they went in, and a plan that cannot be meant is refused in one line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from simulation.plan import Crash, Fault, FaultKind, Plan
from simulation.session_text import plan_content, plan_from, verdict_content, verdict_from
from simulation.verdict import Spell, Verdict, Violation

COUNTS = st.integers(1, 10**6)
FAULTS = st.builds(Fault, st.sampled_from(FaultKind), COUNTS)
PLANS = st.builds(
    Plan,
    seed=st.integers(0, 2**63 - 1),
    minutes=st.integers(1, 1_440),
    faults=st.none() | st.lists(FAULTS).map(tuple),
    kinds=st.none() | st.frozensets(st.sampled_from(FaultKind)),
    crash=st.none() | st.builds(Crash, write=COUNTS, before=st.booleans()),
    on_disk=st.booleans(),
)


@given(plan=PLANS)
def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    assert plan_from(json.loads(json.dumps(plan_content(plan)))) == plan


def test_a_verdict_comes_back_as_it_was() -> None:
    verdict = Verdict(
        seed=7,
        violations=(Violation("I4", 12, "naked"),),
        fired=(Fault(FaultKind.KILL, 1),),
        spells=(Spell(1.5, "NSE:A-EQ", 1, None), Spell(2.5, "NSE:B-EQ", 0, 2.0)),
        digest="ab",
        writes=3,
        steps=4,
        orders=5,
        tail=("one", "two"),
    )
    assert verdict_from(json.loads(json.dumps(verdict_content(verdict)))) == verdict


def test_a_plan_of_a_person_may_leave_out_what_is_usual() -> None:
    assert plan_from({"seed": 7}) == Plan(7)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([], "a JSON object with a seed"),
        ({"minutes": 3}, "a JSON object with a seed"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": True}, "seed is True"),
        ({"seed": 1, "minutes": 0}, "minutes is 0"),
        ({"seed": 1, "minutes": 10**6}, "minutes is 1000000"),
        ({"seed": 1, "fautls": []}, "no field 'fautls'"),
        ({"seed": 1, "faults": "kill"}, "faults are 'kill'"),
        ({"seed": 1, "faults": [["kill"]]}, r"the fault \['kill'\]"),
        ({"seed": 1, "faults": [["kil", 1]]}, "name 'kil'; known are request_refused"),
        ({"seed": 1, "faults": [["kill", 0]]}, "use of a fault is 0"),
        ({"seed": 1, "kinds": ["kil"]}, "name 'kil'"),
        ({"seed": 1, "crash": 12}, "crash is 12"),
        ({"seed": 1, "crash": {"write": 12}}, "before is None"),
        ({"seed": 1, "crash": {"write": 0, "before": True}}, "write is 0"),
        ({"seed": 1, "on_disk": 1}, "on_disk is 1"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(content: object, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        plan_from(content)
