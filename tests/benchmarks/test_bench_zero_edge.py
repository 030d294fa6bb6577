"""What the tests of markets without and with an edge tell is printed, and one that fails ends the program with 1."""

import json
from pathlib import Path

import pytest

from .test_verdicts import program

BODY = """
import os


def test_figures(record_property):
    record_property("walks", int(os.environ["LEAK_SEEDS"]))
    assert {holds}
"""


@pytest.mark.parametrize("holds", [True, False])
def test_the_figures_of_as_many_markets_as_asked_for_are_told_with_the_verdict(
    holds: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEAK_SEEDS", "0")
    tests = tmp_path / f"test_walks_{holds}.py"
    tests.write_text(BODY.format(holds=holds))
    module = program("bench_zero_edge")
    monkeypatch.setattr(module, "TESTS", tests)
    monkeypatch.setattr("sys.argv", ["bench_zero_edge", "--seeds", "3"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    told = json.loads(capsys.readouterr().out)
    assert told == {"benchmark": "zero_edge", "walks": 3, "holds": holds}
    assert bool(ended.value.code) is not holds
