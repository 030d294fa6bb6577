"""The count of leaks counts what is marked, and a leak that is not found ends it with 1."""

import json
from pathlib import Path

import pytest

from .test_verdicts import program

BODY = """
import pytest


@pytest.mark.leak("labels")
@pytest.mark.parametrize("is_found", [True, True, {third}])
def test_a_leak(is_found):
    assert is_found


@pytest.mark.clean
def test_a_clean_one():
    assert {quiet}


def test_of_something_else():
    assert False
"""


@pytest.mark.parametrize(
    ("third", "quiet", "verdict"),
    [
        (True, True, "3 of 3 leaks found, 0 false alarms on 1 clean pipelines"),
        (False, True, "2 of 3 leaks found, 0 false alarms on 1 clean pipelines"),
        (True, False, "3 of 3 leaks found, 1 false alarms on 1 clean pipelines"),
    ],
)
def test_leaks_and_false_alarms_are_counted_by_their_marks(
    third: bool,
    quiet: bool,
    verdict: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / f"test_planted_{third}_{quiet}.py"
    file.write_text(BODY.format(third=third, quiet=quiet), encoding="utf-8")
    bench = program("bench_leaks")
    monkeypatch.setattr(bench, "FOLDER", file)
    monkeypatch.setattr(bench, "ARGUMENTS", (*bench.ARGUMENTS, "-p", "no:timeout"))
    monkeypatch.setattr(bench, "LEAST", 1)

    with pytest.raises(SystemExit) as ended:
        bench.main()

    result = json.loads(capsys.readouterr().out)
    assert (result["verdict"], result["planted"]) == (verdict, {"labels": 3})
    assert int(ended.value.code or 0) == (0 if third and quiet else 1)
