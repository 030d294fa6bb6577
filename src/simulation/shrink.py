"""A session that fails has dozens of faults; the bug needs two. Find a plan in which nothing can be left out.

First the faults that struck are written down, then as many as possible are taken out (delta debugging: halves first,
then ever smaller parts), then the session is cut short. A smaller plan counts only if it violates one of the same
invariants, so that shrinking does not wander off to another bug.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from simulation.plan import Plan
from simulation.verdict import Verdict

Play = Callable[[Plan], Verdict]
MOST_PLAYS = 400
"""Sessions that one plan is worth; after them the smallest one so far has to do."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest failing plan that was found, what it violates, and how many sessions that took."""

    plan: Plan
    verdict: Verdict
    plays: int


def shrink(plan: Plan, verdict: Verdict, play: Play, most_plays: int = MOST_PLAYS) -> Shrunk:
    """Make a failing plan smaller while it fails in the same way; `verdict` is what came of it.

    A plan that does not fail again with its faults written down is returned as it was. Raises `ValueError` for one
    that does not fail at all.
    """
    if not verdict.violations:
        raise ValueError(f"the plan of seed {plan.seed} violates nothing: there is nothing to shrink")
    search = _Search(plan, verdict, play, most_plays)
    if search.fails(replace(plan, faults=verdict.fired, kinds=None)):
        for simpler in ({"crash": None}, {"on_disk": False}):
            candidate = replace(search.plan, **simpler)
            if candidate != search.plan:
                search.fails(candidate)
        _leave_out_faults(search)
        _shorten(search)
        _leave_out_faults(search)  # a shorter session may need less
    return Shrunk(search.plan, search.verdict, search.plays)


class _Search:
    """The smallest failing plan so far."""

    def __init__(self, plan: Plan, verdict: Verdict, play: Play, most_plays: int) -> None:
        self.plan = plan
        self.verdict = verdict
        self.plays = 0
        self._play = play
        self._most_plays = most_plays
        self._codes = {violation.code for violation in verdict.violations}

    def fails(self, plan: Plan) -> bool:
        """Whether a plan fails in the same way; then it is the smallest so far."""
        if self.plays >= self._most_plays:
            return False
        self.plays += 1
        verdict = self._play(plan)
        if self._codes.isdisjoint(violation.code for violation in verdict.violations):
            return False
        self.plan, self.verdict = plan, verdict
        return True


def _leave_out_faults(search: _Search) -> None:
    """Take out parts of the faults, halves first; at the end no single one can be left out."""
    parts = 2
    while (faults := search.plan.faults or ()) and parts <= 2 * len(faults):
        size = max(1, -(-len(faults) // parts))
        for start in range(0, len(faults), size):
            if search.fails(replace(search.plan, faults=faults[:start] + faults[start + size :])):
                parts = max(parts - 1, 2)
                break
        else:
            if size == 1:
                return
            parts *= 2


def _shorten(search: _Search) -> None:
    """Find the fewest minutes that will do, by halving; a failure that comes and goes with time ends it early."""
    least = 1
    while least < search.plan.minutes:
        minutes = (least + search.plan.minutes) // 2
        if not search.fails(replace(search.plan, minutes=minutes)):
            least = minutes + 1
