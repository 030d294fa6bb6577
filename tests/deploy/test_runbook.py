"""Whatever the bot can cry out stands in the runbook, with what to do."""

import ast
import re
from pathlib import Path

import pytest

from core.events import Condition, SafetyLevel

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
ALERTS = re.findall(r"^\| (`.+?`(?:, `.+?`)*) \|", RUNBOOK, re.MULTILINE)
LOUD = {"critical", "error", "exception"}


def calls() -> list[ast.Call]:
    """Every call in our source."""
    trees = [ast.parse(path.read_text()) for path in sorted((ROOT / "src").rglob("*.py"))]
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def constants() -> dict[str, str]:
    """Names in capitals that stand for a text."""
    found = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                found.update({target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)})
    return found


def alarm_codes() -> set[str]:
    known, codes = constants(), set()
    for call in calls():
        if name_of(call) == "Alarm":
            [code] = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
            codes.add(code.value if isinstance(code, ast.Constant) else known[code.id])
    return codes


def loud_lines() -> set[str]:
    """What is fixed in each line logged as CRITICAL or ERROR by name: its beginning, or else its longest piece."""
    lines = set()
    for call in calls():
        logger = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        if logger in {"logger", "logging", "self._log"} and name_of(call) in LOUD:
            assert isinstance(call.args[0], ast.Constant), ast.unparse(call)
            beginning, *others = re.split(r"%[-.\d]*[sdfg]|:", call.args[0].value)
            lines.add(beginning.strip() or max(others, key=len).split(";")[0].strip(" ("))
    return lines


def narrated_lines() -> set[str]:
    """The beginning of every line that the narrator can tell as CRITICAL or ERROR; alarms have a test of their own."""
    source = (ROOT / "src" / "trading" / "narrator.py").read_text()
    told = re.findall(r"return Line\((?:logging\.ERROR|severity), f\"([^\"]+)\"", source)
    return {re.split(r"[{:]", line)[0].strip() for line in told}


def test_the_collectors_find_what_is_known_to_be_there() -> None:
    assert {"UNPROTECTED", "NOT_FLAT", "ORDERS_FORBIDDEN", "RESUME_REFUSED"} <= alarm_codes()
    assert {"SIGN_IN_NEEDED", "Commands cannot be taken", "is frozen until the next connection"} <= loud_lines()
    assert {"No entries in", "Safety level", "Access"} == narrated_lines()


@pytest.mark.hazard("V1")
@pytest.mark.parametrize("code", sorted(alarm_codes()))
def test_every_alarm_stands_in_the_runbook(code: str) -> None:
    assert f"`{code}`" in ALERTS


@pytest.mark.parametrize("line", sorted(loud_lines() | narrated_lines()))
def test_every_loud_line_stands_in_the_runbook(line: str) -> None:
    assert any(f"{begins}{line}" in alert for alert in ALERTS for begins in ("`", "… ")), ALERTS


def test_the_runbook_tells_of_just_the_doubts_that_the_code_raises() -> None:
    [row] = [line for line in RUNBOOK.splitlines() if line.startswith("| `Doubt … holds`")]
    causes = re.findall(r"`([A-Z_]+)`", row.partition("Causes:")[2].partition("|")[0])
    assert sorted(causes) == sorted(condition.name for condition in Condition)
    sources = {path: path.read_text() for path in (ROOT / "src").rglob("*.py") if "simulation" not in path.parts}
    unused = [c.name for c in Condition if not any(f"Condition.{c.name}" in text for text in sources.values())]
    assert unused == []


@pytest.mark.parametrize("level", [level for level in SafetyLevel if level is not SafetyLevel.RUN])
def test_every_level_that_is_latched_says_how_it_is_lifted(level: SafetyLevel) -> None:
    [row] = [line for line in RUNBOOK.splitlines() if line.startswith(f"| `Safety level {level.name}`")]
    assert "`fyersbot resume --why" in row
