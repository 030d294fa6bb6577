"""A session that needs no bot: it fails for two faults that come together, for one crash, and for three seeds."""

from pathlib import Path

import pytest

FAKE = '''
"""A play function whose bugs are known."""

import os
import sys
import time

from simulation.plan import Fault, FaultKind, Plan
from simulation.verdict import Spell, Verdict, Violation

DEADLY = (Fault(FaultKind.KILL, 3), Fault(FaultKind.REQUEST_LOST, 2))
DRAWN = tuple(Fault(kind, use) for kind in list(FaultKind)[:12] for use in (1, 3))


def play(plan: Plan) -> Verdict:
    print("noise that must not stand among the verdicts")
    fired = DRAWN[plan.seed % 5 :: 9] if plan.faults is None else plan.faults
    if plan.kinds is not None and plan.faults is None:
        fired = tuple(fault for fault in fired if fault.kind in plan.kinds)
    violations = []
    if set(DEADLY) <= set(fired) and plan.minutes >= 4:
        violations.append(Violation("I1", 1, "two orders of one tag"))
    if plan.seed == 666:
        os._exit(9)
    if plan.seed == 667:
        time.sleep(60)
    if plan.seed == 668:
        raise ArithmeticError("the session broke")
    if plan.crash is not None and (plan.crash.write, plan.crash.before) == (5, False):
        violations.append(Violation("I2", 1, "an order without an intent"))
    spells = (Spell(0.25 * len(fired), "NSE:A-EQ", 0, None),)
    digest = f"{plan.seed}/{os.environ['PYTHONHASHSEED']}" if plan.seed == 701 else str(plan.seed)
    return Verdict(plan.seed, tuple(violations), fired, spells, digest, 6, 100, 4, ("the last event",))
'''
PLAY = "fake_session:play"


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a playing function that playing processes can import."""
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "fake_session.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return PLAY
