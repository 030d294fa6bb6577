"""`make soak` runs tests that are there, takes the number of their cases to them, and says when they fail."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core.errors import ConfigurationError
from runtime.project import ROOT
from simulation.campaign import Campaign

from .test_verdicts import program


@pytest.fixture
def soak() -> ModuleType:
    return program("soak")


@pytest.mark.parametrize("name", ["frames", "answers", "random_walks", "kill_loop"])
def test_every_part_that_runs_tests_names_a_file_that_takes_the_number_of_cases(name: str, soak: ModuleType) -> None:
    [part] = [part for part in soak.parts(Campaign(1, lambda _line: None)) if part.name == name]
    file = ROOT / part.arguments[0].partition("::")[0]
    if not file.exists():
        pytest.skip(f"{part.arguments[0]} comes with another branch")
    assert re.search(rf'environ\.get\("{part.count_by}"', file.read_text())


def part_of(soak: ModuleType, tmp_path: Path, body: str) -> Any:
    file = tmp_path / "test_counted.py"
    file.write_text(f"import os\n\n\ndef test_it() -> None:\n    {body}\n")
    return soak.Tests("counted", 10, 5, "CASES", (str(file),))


def test_tests_get_the_number_of_their_cases(soak: ModuleType, tmp_path: Path) -> None:
    part, so_far = part_of(soak, tmp_path, 'assert os.environ["CASES"] == "5"'), {}
    part.advance(so_far, 0, 5)
    assert part.failures(so_far) == []
    assert so_far["runs"] == 1


def test_tests_that_fail_are_a_failure_of_the_soak(soak: ModuleType, tmp_path: Path) -> None:
    part, so_far = part_of(soak, tmp_path, "assert False"), {}
    part.advance(so_far, 5, 5)
    assert len(part.failures(so_far)) == 1
    assert part.failures(so_far)[0].startswith("after 5, CASES=5: ")
    assert "1 failed" in part.failures(so_far)[0]


def test_tests_that_are_not_there_end_the_soak(soak: ModuleType) -> None:
    gone = soak.Tests("gone", 10, 5, "CASES", ("tests/no_such_file.py",))
    with pytest.raises(ConfigurationError, match="gone: pytest found nothing to run"):
        gone.advance({}, 0, 5)


def test_a_soak_that_is_not_done_ends_with_1_and_says_what_is_missing(
    soak: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        soak.main(["--file", str(tmp_path / "soak.json"), "--minutes", "0"])
    assert ended.value.code == 1
    assert "seeds: 0 of 100,000 done" in capsys.readouterr().out
    assert (tmp_path / "soak.md").read_text().startswith("# Soak\n")
