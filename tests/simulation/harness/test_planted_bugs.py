"""Every planted bug fits the code as it is today, changes nothing on the disk, and shows in a process of its own."""

import ast
import builtins
import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from runtime.project import ROOT
from simulation.catalogue import BUGS, bug_named
from simulation.planted_bugs import PlantedBug, changed_source, plant, source_file

LEAST = 36


def names_without_meaning(source: str) -> set[str]:
    """The names that a module reads and nobody makes."""
    tree = ast.parse(source)
    known = set(dir(builtins)) | {"__name__", "__file__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            known.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.alias):
            known.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            known.add(node.arg)
        elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name:
            known.add(node.name)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - known


@pytest.mark.hazard("V11")
def test_there_are_enough_and_no_two_are_the_same() -> None:
    assert len(BUGS) >= LEAST
    assert [name for name, count in Counter(bug.name for bug in BUGS).items() if count > 1] == []
    assert len({(bug.module, bug.old, bug.new) for bug in BUGS}) == len(BUGS)


@pytest.mark.hazard("V11")
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_fits_the_code_exactly_once_and_could_be_written(bug: PlantedBug) -> None:
    changed = changed_source(bug)
    assert changed != source_file(bug).read_text()
    assert names_without_meaning(changed) == set(), "it would be found for a name that does not exist"
    assert bug.why
    assert bug.why.endswith(".")


def test_a_bug_that_does_not_fit_any_more_is_refused() -> None:
    gone = PlantedBug(name="gone", module="core.tags", old="no such text", new="", why=".")
    everywhere = PlantedBug(name="everywhere", module="core.tags", old="return", new="", why=".")
    moved = PlantedBug(name="moved", module="core.nowhere", old="a", new="b", why=".")
    with pytest.raises(ConfigurationError, match=r"gone: its text stands 0 times in core\.tags"):
        changed_source(gone)
    with pytest.raises(ConfigurationError, match=r"everywhere: its text stands [1-9]"):
        changed_source(everywhere)
    with pytest.raises(ConfigurationError, match=r"there is no module core\.nowhere"):
        changed_source(moved)


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no planted bug nonsense; known are .*resend_on_unknown"):
        bug_named("nonsense")


def test_a_bug_is_not_planted_where_its_module_has_been_imported() -> None:
    importlib.import_module("core.tags")
    before = list(sys.meta_path)
    with pytest.raises(ConfigurationError, match=r"core\.tags is imported already"):
        plant(bug_named("tag_without_boot"))
    assert sys.meta_path == before


PROGRAM = """
from simulation.catalogue import bug_named
from simulation.planted_bugs import plant
plant(bug_named("tag_without_boot"))
from datetime import date
from core.orders import Purpose
from core.tags import order_tag
import core.tags
print(order_tag(date(2026, 1, 6), "AB", 7, 1, Purpose.STOP)[6:9], core.tags.__file__)
"""


def test_a_bug_shows_in_its_own_process_and_nowhere_else(tmp_path: Path) -> None:
    file = source_file(bug_named("tag_without_boot"))
    before = {path: path.read_bytes() for path in (file, *file.parent.glob("__pycache__/tags.*"))}
    command = [sys.executable, "-c", PROGRAM]
    environment = {"PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["000", str(file)]
    assert {path: path.read_bytes() for path in before} == before
