"""A failing plan is made as small as it can be, and no smaller."""

from dataclasses import dataclass, field

import pytest

from simulation.plan import Crash, Fault, FaultKind, Plan
from simulation.shrink import shrink
from simulation.verdict import Verdict, Violation

ALL = tuple(Fault(kind, use) for kind in FaultKind for use in (1, 2))
NEEDED = frozenset({ALL[3], ALL[40], ALL[41]})


@dataclass
class FakeBot:
    """Fails when all that it cannot bear comes together."""

    needed: frozenset[Fault] = NEEDED
    minutes: int = 3
    needs_crash: bool = False
    other: frozenset[Fault] = frozenset({ALL[7]})
    """Leads to a failure of another kind."""
    plays: list[Plan] = field(default_factory=list)

    def play(self, plan: Plan) -> Verdict:
        self.plays.append(plan)
        fired = ALL if plan.faults is None else plan.faults
        violations = []
        if self.needed <= set(fired) and plan.minutes >= self.minutes and (plan.crash or not self.needs_crash):
            violations.append(Violation("I3", 5, "flipped"))
        elif self.other <= set(fired):
            violations.append(Violation("I8", 5, "too fast"))
        return Verdict(plan.seed, tuple(violations), fired, (), "", 9, 9, 9, ())


def test_only_the_faults_and_minutes_that_it_takes_are_left() -> None:
    bot = FakeBot()
    plan = Plan(7, crash=Crash(3, before=True), on_disk=True)
    shrunk = shrink(plan, bot.play(plan), bot.play)
    assert shrunk.plan == Plan(7, minutes=3, faults=tuple(fault for fault in ALL if fault in NEEDED))
    assert [violation.code for violation in shrunk.verdict.violations] == ["I3"]
    assert shrunk.plays == len(bot.plays) - 1


def test_it_does_not_wander_off_to_another_failure() -> None:
    bot = FakeBot()
    shrunk = shrink(Plan(7), bot.play(Plan(7)), bot.play)
    assert not bot.other <= set(shrunk.plan.faults or ())


def test_a_crash_that_it_takes_stays() -> None:
    bot = FakeBot(needs_crash=True, needed=frozenset())
    plan = Plan(7, crash=Crash(3, before=False))
    shrunk = shrink(plan, bot.play(plan), bot.play)
    assert shrunk.plan == Plan(7, minutes=3, faults=(), crash=Crash(3, before=False))


def test_a_failure_without_any_fault_ends_with_none() -> None:
    bot = FakeBot(needed=frozenset(), minutes=1)
    shrunk = shrink(Plan(7), bot.play(Plan(7)), bot.play)
    assert shrunk.plan == Plan(7, minutes=1, faults=())


def test_what_does_not_fail_again_is_left_as_it_was() -> None:
    bot = FakeBot()
    verdict = bot.play(Plan(7))
    quiet = FakeBot(minutes=99, other=frozenset({Fault(FaultKind.KILL, 99)}))
    shrunk = shrink(Plan(7), verdict, quiet.play)
    assert (shrunk.plan, shrunk.verdict, shrunk.plays) == (Plan(7), verdict, 1)


def test_the_number_of_plays_is_bounded() -> None:
    bot = FakeBot()
    shrunk = shrink(Plan(7), bot.play(Plan(7)), bot.play, most_plays=10)
    assert shrunk.plays == 10
    assert len(bot.plays) == 11
    assert set(shrunk.plan.faults or ()) >= NEEDED


def test_a_plan_that_does_not_fail_cannot_be_shrunk() -> None:
    bot = FakeBot(minutes=99)
    plan = Plan(7, faults=())
    with pytest.raises(ValueError, match="nothing to shrink"):
        shrink(plan, bot.play(plan), bot.play)
