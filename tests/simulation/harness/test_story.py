"""What is written out runs: the plan in it is the plan that failed, and the test fails while the bug is there."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from runtime.project import ROOT
from simulation.plan import Crash, Fault, FaultKind, Plan
from simulation.shrink import Shrunk
from simulation.story import plan_source, story, write_story
from simulation.verdict import Verdict, Violation

from .test_session_text import PLANS

PLAN = Plan(7, minutes=3, faults=(Fault(FaultKind.KILL, 2),), crash=Crash(4, before=True), on_disk=True)
VERDICT = Verdict(
    seed=7,
    violations=(Violation("I3", 5, 'flipped "by"\nits \\ own stop'),),
    fired=PLAN.faults or (),
    spells=(),
    digest="",
    writes=1,
    steps=1,
    orders=1,
    tail=("first\nline", "x" * 500),
)


@given(plan=PLANS)
def test_the_plan_in_the_file_is_the_plan(plan: Plan) -> None:
    names = {"Crash": Crash, "Fault": Fault, "FaultKind": FaultKind, "Plan": Plan}
    assert eval(plan_source(plan), names) == plan


def test_the_file_is_a_test_that_plays_the_plan(tmp_path: Path) -> None:
    path = write_story(Shrunk(PLAN, VERDICT, 12), tmp_path / "new")
    assert path == tmp_path / "new" / "test_seed_7_keeps_i3.py"
    text = path.read_text()
    assert "I3: flipped 'by' its / own stop" in text
    assert "# first line\n" in text
    assert max(map(len, text.splitlines())) <= 120
    module = ast.parse(text)
    assert [node.name for node in module.body if isinstance(node, ast.FunctionDef)] == ["test_seed_7_keeps_i3"]


@pytest.mark.parametrize(("violations", "code"), [("", 0), ("1,", 1)])
def test_it_fails_exactly_while_something_is_violated(tmp_path: Path, violations: str, code: int) -> None:
    (tmp_path / "test_story.py").write_text(story(Shrunk(PLAN, VERDICT, 12)))
    (tmp_path / "conftest.py").write_text(
        "import types\nimport simulation.session\n"
        f"simulation.session.play = lambda plan: types.SimpleNamespace(violations=({violations}))\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_story.py"]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": ""}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stdout + ended.stderr
