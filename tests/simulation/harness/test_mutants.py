"""A bug counts as found only by what the build without it does not do; a survivor says how far it was looked for."""

from dataclasses import replace
from pathlib import Path

import pytest

from simulation import mutants
from simulation.campaign import CRASH_MINUTES
from simulation.catalogue import bug_named
from simulation.mutants import Hunt, enough_found, hunt_all, report

SESSION = '''
import os, sys
from core.orders import Purpose
from core.tags import order_tag
from datetime import date
from simulation.plan import Plan
from simulation.verdict import Verdict, Violation


def play(plan: Plan) -> Verdict:
    """Finds a tag without its boot at every third seed; each fifth fails in any build."""
    is_bad = order_tag(date(2026, 1, 6), "AB", 7, 1, Purpose.STOP)[6:9] == "000" and plan.seed % 3 == 0
    violations = [Violation("I1", 0, "tag")] if is_bad else []
    violations += [Violation("I7", 0, "always")] if plan.seed % 5 == 0 else []
    return Verdict(plan.seed, tuple(violations), (), (), "", 1, 1, 1, ())
'''


@pytest.fixture
def tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "session_of_tags.py").write_text(SESSION)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "session_of_tags:play"


@pytest.mark.hazard("V11")
def test_a_bug_is_found_with_the_first_seed_that_shows_it(tags: str) -> None:
    lines: list[str] = []
    bugs = [bug_named("tag_without_boot"), bug_named("everybody_is_long")]
    hunts = hunt_all(bugs, 4, 7, 2, lines.append, tags)
    assert [(each.bug.name, each.seed, each.codes) for each in hunts] == [
        ("tag_without_boot", 6, ("I1",)),
        ("everybody_is_long", None, ()),
    ]
    assert [each.failing_anyway for each in hunts] == [1, 2]
    assert hunts[1].reason == "nothing was violated in 7 sessions with no fault; 2 of them fail without it too"
    assert [line[:30] for line in lines] == ["1 of 2: tag_without_boot found", "2 of 2: everybody_is_long surv"]
    figures = report(hunts)
    assert (figures["mutants"], figures["found"], figures["found_percent"]) == (2, 1, 50.0)
    assert [each["name"] for each in figures["survivors"]] == ["everybody_is_long"]


@pytest.mark.hazard("V11")
@pytest.mark.parametrize(("found", "of", "enough"), [(19, 20, True), (18, 20, False), (0, 0, False), (40, 40, True)])
def test_nineteen_of_twenty_have_to_be_found(found: int, of: int, enough: bool) -> None:
    bug = bug_named("tag_without_boot")
    hunts = [Hunt(bug, 1 if number < found else None, (), 1, 0.1, 0) for number in range(of)]
    assert enough_found(hunts) is enough
    assert mutants.LEAST_FOUND_PERCENT == 95


def test_a_bug_is_played_with_the_faults_that_can_show_it() -> None:
    bug = bug_named("time_out_is_not_sent")
    plans = [mutants.plan_for(bug, seed) for seed in range(50)]
    assert {plan.kinds for plan in plans} == {bug.exposed_by}
    assert {(plan.faults, plan.crash) for plan in plans} == {(None, None)}


def test_a_bug_that_one_fault_shows_is_played_with_one_each() -> None:
    bug = replace(bug_named("time_out_is_not_sent"), by_one_fault=True)
    faults = [mutants.plan_for(bug, seed).faults or () for seed in range(100)]
    assert {len(each) for each in faults} == {1}
    assert {fault.kind for each in faults for fault in each} == bug.exposed_by
    assert len(set(faults)) > 30


def test_a_bug_that_a_crash_shows_dies_in_many_places_before_and_after_a_write() -> None:
    bug = replace(bug_named("time_out_is_not_sent"), by_a_crash=True)
    plans = [mutants.plan_for(bug, seed) for seed in range(300)]
    crashes = [plan.crash for plan in plans]
    assert {plan.minutes for plan in plans} == {CRASH_MINUTES}
    assert len({crash.write for crash in crashes if crash}) > 150
    assert {crash.before for crash in crashes if crash} == {True, False}
