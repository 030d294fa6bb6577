"""Sums add up, come back from JSON, and say what they should of times and classes."""

import json
from dataclasses import replace

import pytest

from simulation.plan import Fault, FaultKind, Plan
from simulation.tally import (
    FAULT_FREE,
    MIX,
    MIX_ANSWERED,
    MIX_STOP_REQUEST_LOST,
    ONE_FAULT,
    STOP_REQUEST_LOST,
    Durations,
    Tally,
)
from simulation.verdict import Spell, Verdict, Violation


def verdict(fired: tuple[Fault, ...] = (), spells: tuple[Spell, ...] = (), codes: tuple[str, ...] = ()) -> Verdict:
    violations = tuple(Violation(code, 0, f"{code} was violated") for code in codes)
    return Verdict(1, violations, fired, spells, "", 10, 20, 3, ())


def spell(seconds: float, lost: bool = False) -> Spell:
    return Spell(seconds, "NSE:A-EQ", lost, None)


KILL, DROP = Fault(FaultKind.KILL, 1), Fault(FaultKind.ORDER_SOCKET_DROP, 2)
COMMAND = Fault(FaultKind.COMMAND, 1)


def a_tally() -> Tally:
    total = Tally()
    total.add(Plan(1), verdict(spells=(spell(1.0),)))
    total.add(Plan(2), verdict((KILL, COMMAND), (spell(2.0), spell(9.0, lost=True))))
    total.add(Plan(3), verdict((KILL, DROP), (spell(25.0, lost=True),), ("I4", "I3", "I4")))
    return total


def test_times_are_kept_by_how_bad_the_session_was() -> None:
    times = a_tally().unprotected_seconds()
    assert {name: each["max"] for name, each in times.items()} == {
        FAULT_FREE: 1.0,
        ONE_FAULT: 2.0,
        STOP_REQUEST_LOST: 9.0,
        MIX: 25.0,
        MIX_ANSWERED: 0.0,
        MIX_STOP_REQUEST_LOST: 25.0,
        "kill": 9.0,
    }
    assert times["kill"]["count"] == 2


def test_whoever_stood_too_long_is_given_up_in_time_or_it_shows() -> None:
    total = a_tally()
    assert total.forced() == {"beyond_limit": 0, "forced_in_time": 1.0, "longest_forced_after": 0.0}
    late = [replace(spell(40.0, lost=True), forced_after=seconds) for seconds in (29.0, 31.5, 35.0, 35.1)]
    total.add(Plan(4), verdict((KILL, DROP), tuple(late)))
    total = Tally.from_content(json.loads(json.dumps(total.content())))
    assert total.forced() == {"beyond_limit": 4, "forced_in_time": 0.75, "longest_forced_after": 5.1}
    total.add(Plan(5), verdict((), (spell(3.0), spell(8.0))))
    assert total.forced() == {"beyond_limit": 6, "forced_in_time": 0.6667, "longest_forced_after": 6.0}


def test_a_session_that_fails_is_kept_with_its_plan() -> None:
    total = a_tally()
    assert total.sessions == 3
    assert [(each.plan.seed, each.codes, each.message) for each in total.findings] == [
        (3, ["I4", "I3"], "I4 was violated")
    ]


def test_kinds_that_never_struck_are_told_too() -> None:
    kinds = a_tally().fault_kinds()
    assert kinds.keys() == {kind.value for kind in FaultKind}
    assert {kind: count for kind, count in kinds.items() if count} == {"kill": 2, "order_socket_drop": 1, "command": 1}


def test_a_goal_that_is_missed_is_named() -> None:
    total = a_tally()
    assert total.missed_goals() == []
    total.add(Plan(4), verdict(spells=(spell(2.5),)))
    assert total.missed_goals() == ["fault_free: p99 2.5 s without protection, goal 2 s"]


def test_a_tally_comes_back_from_a_report_and_parts_add_up_to_the_whole() -> None:
    first, second = a_tally(), Tally()
    second.add(Plan(5), verdict((DROP,), (spell(0.04),), ("I1",)))
    whole = a_tally()
    whole.add(Plan(5), verdict((DROP,), (spell(0.04),), ("I1",)))
    for part in (first, second):
        assert Tally.from_content(json.loads(json.dumps(part.content()))) == part
    first.merge(second)
    assert first == whole
    assert first.content() == whole.content()


@pytest.mark.parametrize(
    ("seconds", "percent", "expected"),
    [
        ([], 99, 0.0),
        ([0.0], 99, 0.0),
        ([0.31], 50, 0.31),
        ([0.1, 0.2, 0.3, 0.4], 50, 0.2),
        ([0.1] * 99 + [40.0], 99, 0.1),
        ([0.1] * 98 + [40.0] * 2, 99, 40.0),
        ([1.0, 1.01], 50, 1.0),
        ([1.01, 1.2], 50, 1.1),
    ],
)
def test_percentiles_are_exact_to_a_tenth_and_never_too_short(
    seconds: list[float], percent: int, expected: float
) -> None:
    durations = Durations()
    for each in seconds:
        durations.add(each)
    assert durations.percentile(percent) == expected
