"""A failing session as a pytest file: the plan written out, and the assertion that nothing is violated any more."""

from pathlib import Path

from runtime.atomic_files import write_text
from simulation.plan import Plan
from simulation.shrink import Shrunk
from simulation.verdict import Verdict

_WIDTH = 116
_LATEST = 60


def write_story(shrunk: Shrunk, folder: Path) -> Path:
    """Write a failing session as a test and return its file. Raises `StorageError` when the folder refuses."""
    path = folder / f"test_{_name(shrunk.plan, shrunk.verdict)}.py"
    write_text(path, story(shrunk))
    return path


def story(shrunk: Shrunk) -> str:
    """Return the source of the test: it fails as long as the bug is there."""
    plan, verdict = shrunk.plan, shrunk.verdict
    names = ["FaultKind" if plan.faults or plan.kinds else "", "Fault" if plan.faults else "", "Plan"]
    names.append("Crash" if plan.crash else "")
    happened = "".join(f"# {_plain(line)}\n" for line in verdict.tail[-_LATEST:])
    said = "\n".join(f"{each.code}: {_plain(each.message)}" for each in verdict.violations)
    return (
        f'"""Seed {plan.seed}, made small by `fyersbot simulate`. It violated:\n\n{said}\n"""\n\n'
        f"from simulation.plan import {', '.join(sorted(filter(None, names)))}\n"
        "from simulation.session import play\n\n"
        f"PLAN = {plan_source(plan)}\n\n\n"
        f"def test_{_name(plan, verdict)}() -> None:\n"
        "    assert play(PLAN).violations == ()\n"
        + (f"\n\n# The last that happened before the first of it:\n{happened}" if happened else "")
    )


def plan_source(plan: Plan) -> str:
    """Return the Python expression that makes a plan; what has its usual value is left out."""
    parts = [f"seed={plan.seed}"]
    if plan.minutes != Plan(0).minutes:
        parts.append(f"minutes={plan.minutes}")
    if plan.faults is not None:
        faults = "".join(f"\n        Fault(FaultKind.{each.kind.name}, {each.use})," for each in plan.faults)
        parts.append(f"faults=({faults}\n    )" if faults else "faults=()")
    if plan.kinds is not None:
        names = sorted(kind.name for kind in plan.kinds)
        parts.append(f"kinds=frozenset({{{', '.join(f'FaultKind.{name}' for name in names)}}})" if names else "")
        parts[-1] = parts[-1] or "kinds=frozenset()"
    if plan.often != Plan(0).often:
        parts.append(f"often={plan.often!r}")
    if plan.crash is not None:
        parts.append(f"crash=Crash(write={plan.crash.write}, before={plan.crash.before})")
    if plan.on_disk:
        parts.append("on_disk=True")
    return "Plan(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def _name(plan: Plan, verdict: Verdict) -> str:
    return f"seed_{plan.seed}_keeps_{verdict.violations[0].code.lower()}"


def _plain(text: str) -> str:
    """One line that can stand in a comment or a docstring."""
    line = " ".join(text.split()).replace("\\", "/").replace('"', "'")
    return line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..."
