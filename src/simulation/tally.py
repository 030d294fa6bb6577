"""Sums over many sessions that can be added to each other, so that a hundred thousand fit into one small report.

Times without protection are counted in tenths of a second: a percentile is exact to that, the longest time exactly.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from simulation.plan import Fault, FaultClass, FaultKind, Plan, fault_class
from simulation.protection_meter import forced_after_limit
from simulation.session_text import Content, plan_content, plan_from
from simulation.verdict import Spell, Verdict

_TENTHS = 10
FAULT_FREE, ONE_FAULT, STOP_REQUEST_LOST, MIX = "fault_free", "one_fault", "stop_request_lost", "mix"
MIX_ANSWERED, MIX_STOP_REQUEST_LOST = "mix_answered", "mix_stop_request_lost"
"""The two parts of the mix: where the stop's own request was not lost or late, and where it was."""
GOALS = {FAULT_FREE: 2.0, ONE_FAULT: 10.0, STOP_REQUEST_LOST: 30.0}
GOALS |= dict.fromkeys((MIX, MIX_ANSWERED, MIX_STOP_REQUEST_LOST), 30.0)
"""Seconds without protection that 99 of 100 times may at most take, by fault class."""
FORCED_WITHIN = 5.0
"""Seconds after its limit in which a position has to be given up, with an alarm."""
_CLASSES = {FaultClass.NONE: FAULT_FREE, FaultClass.ONE: ONE_FAULT, FaultClass.MIX: MIX}


@dataclass(slots=True)
class Durations:
    """How long something took, many times over."""

    tenths: Counter[int] = field(default_factory=Counter)
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one; what is between two tenths counts as the longer."""
        self.tenths[math.ceil(seconds * _TENTHS - 1e-9)] += 1
        self.longest = max(self.longest, seconds)

    def merge(self, other: "Durations") -> None:
        """Add another count to this one."""
        self.tenths += other.tenths
        self.longest = max(self.longest, other.longest)

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.tenths.values())

    def percentile(self, percent: int) -> float:
        """Return the seconds that so many of a hundred did not exceed; 0 of none."""
        rank = -(-self.count * percent // 100)
        for tenths in sorted(self.tenths):
            rank -= self.tenths[tenths]
            if rank <= 0:
                return min(tenths / _TENTHS, self.longest)
        return 0.0

    def content(self) -> Content:
        """Return all of it, for a report that goes on later."""
        return {"tenths": {str(tenths): self.tenths[tenths] for tenths in sorted(self.tenths)}, "longest": self.longest}

    @classmethod
    def from_content(cls, content: Content) -> Self:
        """Read what `content` returned."""
        return cls(Counter({int(tenths): count for tenths, count in content["tenths"].items()}), content["longest"])

    def summary(self) -> Content:
        """Return the figures for a report, in seconds."""
        return {
            "count": self.count,
            "p50": self.percentile(50),
            "p99": self.percentile(99),
            "max": round(self.longest, 3),
        }


@dataclass(slots=True)
class Finding:
    """A session in which something was violated."""

    plan: Plan
    codes: list[str]
    message: str
    """What was violated first."""

    @classmethod
    def of(cls, plan: Plan, verdict: Verdict) -> Self:
        """Sum up the violations of a session."""
        codes = list(dict.fromkeys(violation.code for violation in verdict.violations))
        return cls(plan, codes, verdict.violations[0].message)

    def content(self) -> Content:
        """Return it for a report."""
        return {"codes": self.codes, "message": self.message, "plan": plan_content(self.plan)}

    @classmethod
    def from_content(cls, content: Content) -> Self:
        """Read what `content` returned."""
        return cls(plan_from(content["plan"]), content["codes"], content["message"])


@dataclass(slots=True)
class Tally:
    """What many sessions came to."""

    sessions: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    """Sessions by fault class."""
    fired: Counter[str] = field(default_factory=Counter)
    """Times that each kind struck."""
    writes: int = 0
    steps: int = 0
    orders: int = 0
    unprotected: dict[str, Durations] = field(default_factory=dict)
    """By fault class, and by kind: in sessions in which that kind alone struck, once."""
    overdue: list[float] = field(default_factory=list)
    """For each spell beyond its limit, the seconds from the limit to alarm and forced exit."""
    findings: list[Finding] = field(default_factory=list)

    def add(self, plan: Plan, verdict: Verdict) -> None:
        """Count one session."""
        crash = (Fault(FaultKind.KILL, 0),) if plan.crash else ()
        session_class = fault_class((*verdict.fired, *crash))
        self.sessions += 1
        self.classes[_CLASSES[session_class]] += 1
        self.fired.update(fault.kind.value for fault in verdict.fired)
        self.writes += verdict.writes
        self.steps += verdict.steps
        self.orders += verdict.orders
        for spell in verdict.spells:
            self._add_spell(spell, session_class, verdict)
        if verdict.violations:
            self.findings.append(Finding.of(plan, verdict))

    def merge(self, other: "Tally") -> None:
        """Add the sessions of another tally to this one."""
        self.sessions += other.sessions
        self.classes += other.classes
        self.fired += other.fired
        self.writes += other.writes
        self.steps += other.steps
        self.orders += other.orders
        for name, durations in other.unprotected.items():
            self.unprotected.setdefault(name, Durations()).merge(durations)
        self.overdue += other.overdue
        self.findings += other.findings

    def content(self) -> Content:
        """Return all of it, for a report that goes on later."""
        return {
            "sessions": self.sessions,
            "classes": dict(sorted(self.classes.items())),
            "fired": dict(sorted(self.fired.items())),
            "writes": self.writes,
            "steps": self.steps,
            "orders": self.orders,
            "unprotected": {name: each.content() for name, each in sorted(self.unprotected.items())},
            "overdue": [round(seconds, 3) for seconds in self.overdue],
            "findings": [finding.content() for finding in self.findings],
        }

    @classmethod
    def from_content(cls, content: Content) -> Self:
        """Read what `content` returned."""
        return cls(
            sessions=content["sessions"],
            classes=Counter(content["classes"]),
            fired=Counter(content["fired"]),
            writes=content["writes"],
            steps=content["steps"],
            orders=content["orders"],
            unprotected={name: Durations.from_content(each) for name, each in content["unprotected"].items()},
            overdue=content["overdue"],
            findings=[Finding.from_content(each) for each in content["findings"]],
        )

    def fault_kinds(self) -> dict[str, int]:
        """Return how often each kind struck, those that never did included."""
        return {kind.value: self.fired[kind.value] for kind in FaultKind}

    def unprotected_seconds(self) -> Content:
        """Return the times without protection for a report; the classes come first and are always there."""
        names = [*GOALS, *sorted(self.unprotected.keys() - GOALS.keys())]
        return {name: self.unprotected.get(name, Durations()).summary() for name in names}

    def forced(self) -> Content:
        """Return what came of the spells beyond their limit: `forced_in_time` has to be 1."""
        in_time = sum(seconds <= FORCED_WITHIN for seconds in self.overdue)
        longest = max(self.overdue, default=0.0)
        return {
            "beyond_limit": len(self.overdue),
            "forced_in_time": round(in_time / len(self.overdue), 4) if self.overdue else 1.0,
            "longest_forced_after": round(longest, 3),
        }

    def missed_goals(self) -> list[str]:
        """Return a line for each fault class whose 99th percentile is above its goal."""
        found = ((name, self.unprotected.get(name, Durations()).percentile(99), goal) for name, goal in GOALS.items())
        return [f"{name}: p99 {p99:g} s without protection, goal {goal:g} s" for name, p99, goal in found if p99 > goal]

    def _add_spell(self, spell: Spell, session_class: FaultClass, verdict: Verdict) -> None:
        is_alone = session_class is FaultClass.ONE
        names = [STOP_REQUEST_LOST if is_alone and spell.stop_request_lost else _CLASSES[session_class]]
        if is_alone:
            names += [fault.kind.value for fault in verdict.fired if fault.kind is not FaultKind.COMMAND]
        if session_class is FaultClass.MIX:
            names.append(MIX_STOP_REQUEST_LOST if spell.stop_request_lost else MIX_ANSWERED)
        beyond = forced_after_limit(spell, session_class)
        self.overdue += [] if beyond is None else [beyond]
        for name in names:
            self.unprotected.setdefault(name, Durations()).add(spell.seconds)
