"""Whole sessions: the same each time, true to their plan, and without a broken promise.

A hazard stands in a marker here when the bug that is planted for it makes the very test fail.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.plan import Crash, Fault, FaultClass, FaultKind, Plan, fault_class
from simulation.session import play

SRC = Path(__file__).resolve().parents[2] / "src"
CALM, BUSY = 5, 7
"""Seeds of sessions that are played whole below."""


@pytest.mark.hazard("W8")
@pytest.mark.parametrize("seed", [CALM, BUSY, 33])
def test_the_same_plan_gives_the_same_verdict(seed):
    assert play(Plan(seed)) == play(Plan(seed))


@pytest.mark.hazard("W8")
def test_the_order_of_sets_and_hashes_changes_nothing():
    program = f"from simulation.plan import Plan; from simulation.session import play; print(play(Plan({BUSY})).digest)"
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(SRC), "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(run.stdout)
    assert len(digests) == 1


def test_other_seeds_are_other_sessions():
    assert play(Plan(1)).digest != play(Plan(2)).digest


def test_a_session_without_faults_trades_much_and_is_never_long_unprotected():
    verdict = play(Plan(CALM, faults=()))

    assert not verdict.violations
    assert verdict.orders > 20
    assert verdict.spells
    assert max(spell.seconds for spell in verdict.spells) < 2


@pytest.mark.hazard(
    "S1",
    "S2",
    "S4",
    "S8",
    "S9",
    "O5",
    "O10",
    "P6",
    "W1",
    "O3",
    "O6",
    "P1",
    "P3",
    "P5",
    "P7",
    "P12",
    "P13",
    "S16",
    "S22",
    "T7",
)
@pytest.mark.parametrize("first", range(0, 24, 4))
def test_a_small_range_of_seeds_keeps_every_promise(first):
    for seed in range(first, first + 4):
        verdict = play(Plan(seed))
        assert not verdict.violations, f"seed {seed}: {verdict.violations[0]}"


def test_faults_that_fired_can_be_given_and_give_the_same_session():
    drawn = play(Plan(BUSY))
    given = play(Plan(BUSY, faults=drawn.fired))

    assert len(drawn.fired) > 5
    assert given.fired == drawn.fired
    assert given.digest == drawn.digest


def test_of_given_faults_none_other_fires():
    faults = (Fault(FaultKind.REQUEST_LOST, 3), Fault(FaultKind.GAP_MOVE, 20))
    verdict = play(Plan(CALM, faults=faults))

    assert sorted(fault.kind.name for fault in verdict.fired) == ["GAP_MOVE", "REQUEST_LOST"]


def test_a_real_file_holds_the_same_session():
    assert play(Plan(CALM, minutes=2, on_disk=True)).digest == play(Plan(CALM, minutes=2)).digest


@pytest.mark.hazard("S5", "O10")
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("write", [1, 3, 17, 18, 19, 20, 40, 80])
def test_the_process_may_die_at_any_write(write, before):
    verdict = play(Plan(CALM, minutes=3, faults=(), crash=Crash(write, before)))

    assert not verdict.violations
    assert verdict.digest != play(Plan(CALM, minutes=3, faults=())).digest


@pytest.mark.hazard("O5", "W1")
@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_kind_of_fault_can_strike_and_is_borne_alone(kind):
    for use in (1, 7, 25):
        verdict = play(Plan(BUSY, minutes=4, faults=(Fault(kind, use),)))
        assert not verdict.violations, verdict.violations[0]
        if verdict.fired:
            break
    else:
        pytest.fail(f"{kind.name} has no chance in a session")


def test_a_verdict_tells_the_last_events_only_where_something_is_wrong():
    assert not play(Plan(CALM, minutes=1)).tail


def test_commands_of_the_operator_are_no_faults():
    fired = (Fault(FaultKind.COMMAND, 1), Fault(FaultKind.COMMAND, 2))
    assert fault_class(fired) is FaultClass.NONE
    assert fault_class((*fired, Fault(FaultKind.KILL, 1))) is FaultClass.ONE
    assert fault_class((*fired, Fault(FaultKind.KILL, 1), Fault(FaultKind.KILL, 2))) is FaultClass.MIX
