"""Plans and verdicts as JSON: what the playing processes are told, what they answer, and what `--plan` reads."""

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from core.errors import ConfigurationError
from simulation.plan import Crash, Fault, FaultKind, Plan
from simulation.verdict import Spell, Verdict, Violation

Content = dict[str, Any]
LONGEST_MINUTES = 1_440
MOST_OFTEN = 1_000
_FIELDS = frozenset({"seed", "minutes", "faults", "kinds", "often", "crash", "on_disk"})
_SHAPE = '{"seed": 7, "minutes": 10, "faults": [["request_lost", 3]], "crash": {"write": 12, "before": true}}'


def plan_content(plan: Plan) -> Content:
    """Return a plan as JSON has it."""
    return {
        "seed": plan.seed,
        "minutes": plan.minutes,
        "faults": None if plan.faults is None else [[fault.kind.value, fault.use] for fault in plan.faults],
        "kinds": None if plan.kinds is None else sorted(kind.value for kind in plan.kinds),
        "often": plan.often,
        "crash": None if plan.crash is None else {"write": plan.crash.write, "before": plan.crash.before},
        "on_disk": plan.on_disk,
    }


def plan_from(content: object) -> Plan:
    """Read a plan. Raises `ConfigurationError` that names the field, for people write plans too."""
    if not isinstance(content, dict) or "seed" not in content:
        raise ConfigurationError(f"a plan is a JSON object with a seed, for example {_SHAPE}")
    unknown = sorted(content.keys() - _FIELDS)
    if unknown:
        raise ConfigurationError(f"a plan has no field {unknown[0]!r}; it may have {', '.join(sorted(_FIELDS))}")
    faults, kinds, crash = content.get("faults"), content.get("kinds"), content.get("crash")
    return Plan(
        seed=_whole(content, "seed", 0, 2**63 - 1),
        minutes=_whole(content, "minutes", 1, LONGEST_MINUTES, default=10),
        faults=None if faults is None else tuple(_fault(entry) for entry in _list("faults", faults)),
        kinds=None if kinds is None else frozenset(_kind("kinds", entry) for entry in _list("kinds", kinds)),
        often=_rate(content.get("often", 1.0)),
        crash=None if crash is None else _crash(crash),
        on_disk=_truth(content, "on_disk", default=False),
    )


def verdict_content(verdict: Verdict) -> Content:
    """Return a verdict as JSON has it."""
    return {
        "seed": verdict.seed,
        "violations": [[each.code, each.at, each.message] for each in verdict.violations],
        "fired": [[fault.kind.value, fault.use] for fault in verdict.fired],
        "spells": [list(astuple(each)) for each in verdict.spells],
        "digest": verdict.digest,
        "writes": verdict.writes,
        "steps": verdict.steps,
        "orders": verdict.orders,
        "tail": list(verdict.tail),
    }


def verdict_from(content: Content) -> Verdict:
    """Read a verdict that a playing process of ours wrote."""
    return Verdict(
        seed=content["seed"],
        violations=tuple(Violation(code, at, message) for code, at, message in content["violations"]),
        fired=tuple(Fault(FaultKind(kind), use) for kind, use in content["fired"]),
        spells=tuple(Spell(*entry) for entry in content["spells"]),
        digest=content["digest"],
        writes=content["writes"],
        steps=content["steps"],
        orders=content["orders"],
        tail=tuple(content["tail"]),
    )


def _whole(content: Mapping[str, object], name: str, least: int, most: int, default: int | None = None) -> int:
    value = content.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigurationError(f"the plan's {name} is {value!r}; give a whole number from {least} to {most}")
    return value


def _rate(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= MOST_OFTEN:
        raise ConfigurationError(f"the plan's often is {value!r}; give a number above 0, at most {MOST_OFTEN}")
    return float(value)


def _truth(content: Mapping[str, object], name: str, default: bool | None = None) -> bool:
    value = content.get(name, default)
    if not isinstance(value, bool):
        raise ConfigurationError(f"the plan's {name} is {value!r}; give true or false")
    return value


def _list(name: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise ConfigurationError(f"the plan's {name} are {value!r}; give a list or null")
    return value


def _fault(entry: object) -> Fault:
    if not isinstance(entry, list) or len(entry) != 2:
        raise ConfigurationError(f'the plan has the fault {entry!r}; give a kind and its use, ["request_lost", 3]')
    return Fault(_kind("faults", entry[0]), _whole({"use of a fault": entry[1]}, "use of a fault", 1, 10**9))


def _kind(name: str, value: object) -> FaultKind:
    known = {kind.value: kind for kind in FaultKind}
    if not isinstance(value, str) or value not in known:
        raise ConfigurationError(f"the plan's {name} name {value!r}; known are {', '.join(known)}")
    return known[value]


def _crash(value: object) -> Crash:
    if not isinstance(value, dict):
        raise ConfigurationError(f'the plan\'s crash is {value!r}; give {{"write": 12, "before": true}} or null')
    return Crash(write=_whole(value, "write", 1, 10**9), before=_truth(value, "before"))
