"""The verb `simulate`: one JSON object, an exit code that can be trusted, and a complaint in one line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError
from simulation.command import Wish, simulate
from simulation.plan import FaultKind
from simulation.tally import GOALS

from .conftest import PLAY


@pytest.fixture
def wish(tmp_path: Path, play: str) -> Wish:
    return Wish(
        seeds=4,
        first_seed=11,
        crash_everywhere=False,
        sessions=None,
        mutants=False,
        only=(),
        plan=None,
        processes=2,
        failures=tmp_path / "failures",
        as_json=True,
        play=PLAY,
    )


Printed = pytest.CaptureFixture[str]


def of_plan(wish: Wish, file: Path) -> Wish:
    return replace(wish, plan=file, seeds=None, first_seed=None, processes=None)


def of_crashes(wish: Wish) -> Wish:
    return replace(wish, crash_everywhere=True, sessions=1, seeds=None)


def of_mutants(wish: Wish, name: str) -> Wish:
    return replace(wish, mutants=True, only=(name,), failures=None)


def report_of(capsys: Printed) -> dict[str, Any]:
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    content = json.loads(lines[0])
    assert isinstance(content, dict)
    return content


def test_good_seeds_end_with_0_and_all_figures(wish: Wish, capsys: Printed) -> None:
    assert simulate(wish) == 0
    report = report_of(capsys)
    assert report["seeds"] == 4
    assert report["violations"] == 0
    assert report["determinism"]["different"] == []
    assert report["sessions_per_minute"] > 0
    assert report["calibration_ratio"] > 0
    assert report["fault_kinds"].keys() == {kind.value for kind in FaultKind}
    for name in GOALS:
        assert {"p50", "p99", "max"} <= report["unprotected_seconds"][name].keys()


@pytest.mark.hazard("V11")
def test_a_failing_seed_ends_with_1_and_is_written_as_a_small_test(wish: Wish, capsys: Printed) -> None:
    file = wish.failures.parent / "plan.json"
    faults = [["kill", 3], *[[kind.value, 2] for kind in FaultKind], ["pause", 1]]
    file.write_text(json.dumps({"seed": 5, "faults": faults}))
    assert simulate(of_plan(wish, file)) == 1
    report = report_of(capsys)
    assert report["violations"] == 1
    text = Path(report["stories"][0]).read_text()
    assert "Fault(FaultKind.KILL, 3)" in text
    assert "Fault(FaultKind.REQUEST_LOST, 2)" in text
    assert text.count("Fault(") == 2
    assert "minutes=4," in text


def test_a_plan_that_holds_ends_with_0(wish: Wish, capsys: Printed) -> None:
    file = wish.failures.parent / "plan.json"
    file.write_text('{"seed": 5, "faults": [["kill", 3]]}')
    assert simulate(of_plan(wish, file)) == 0
    assert report_of(capsys)["stories"] == []
    assert not wish.failures.exists()


def test_a_crash_that_breaks_something_ends_with_1(wish: Wish, capsys: Printed) -> None:
    assert simulate(of_crashes(wish)) == 1
    report = report_of(capsys)
    assert (report["sessions"], report["crashes"], report["violations"]) == (1, 12, 1)
    assert report["failing"][0]["plan"]["crash"] == {"write": 5, "before": False}
    assert "crash=Crash(write=5, before=False)" in Path(report["stories"][0]).read_text()


def test_a_session_that_is_not_the_same_twice_ends_with_1(wish: Wish, capsys: Printed) -> None:
    assert simulate(replace(wish, first_seed=701)) == 1
    report = report_of(capsys)
    assert (report["violations"], report["determinism"]["different"]) == (0, [701])


@pytest.mark.hazard("V11")
def test_a_suite_that_finds_nothing_ends_with_1_and_names_what_survived(wish: Wish, capsys: Printed) -> None:
    assert simulate(of_mutants(wish, "everybody_is_long")) == 1
    report = report_of(capsys)
    assert (report["mutants"], report["found"]) == (1, 0)
    assert report["survivors"] == [
        {"name": "everybody_is_long", "reason": "nothing was violated in 4 sessions with no fault"}
    ]


@pytest.mark.parametrize("run", ["seeds", "crash", "mutants", "plan"])
def test_people_get_lines_and_progress_on_the_other_stream(run: str, wish: Wish, capsys: Printed) -> None:
    file = wish.failures.parent / "plan.json"
    file.write_text('{"seed": 5, "faults": [["kill", 3]]}')
    wishes = {
        "seeds": wish,
        "crash": of_crashes(wish),
        "mutants": of_mutants(wish, "everybody_is_long"),
        "plan": of_plan(wish, file),
    }
    simulate(replace(wishes[run], as_json=False))
    said = capsys.readouterr()
    expected = {
        "seeds": "4 seeds from 11: 0 with a violation",
        "crash": "12 crashes in 1 sessions from seed 11: 1 with a violation",
        "mutants": "0 of 1 planted bugs found (0 %)",
        "plan": "seed 5: 0 violations; struck: kill 3",
    }
    assert said.out.startswith(expected[run])
    assert bool(said.err) is (run != "plan")


def test_wishes_that_contradict_each_other_are_refused(wish: Wish, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ask for one"):
        simulate(replace(wish, mutants=True, crash_everywhere=True))
    for ignored, named in (
        (replace(wish, only=("everybody_is_long",)), "--only says nothing about the plain run, only about --mutants"),
        (replace(wish, sessions=5), "--sessions says nothing about the plain run, only about --crash-everywhere"),
        (replace(of_mutants(wish, "everybody_is_long"), failures=tmp_path), "--failures says nothing about --mutants"),
        (replace(of_crashes(wish), seeds=5), "--seeds says nothing about --crash-everywhere"),
        (replace(of_plan(wish, tmp_path), first_seed=0), "--first-seed says nothing about --plan"),
    ):
        with pytest.raises(ConfigurationError, match=named):
            simulate(ignored)
    with pytest.raises(ConfigurationError, match="no planted bug nonsense"):
        simulate(of_mutants(wish, "nonsense"))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "nonsense", '{"seed": -5}', "[" * 100_000, '{"seed": 1}' + " " * 10**6]
)
def test_a_plan_file_that_is_none_is_refused(text: str, wish: Wish, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError):
        simulate(of_plan(wish, file))
    with pytest.raises(FileNotFoundError):
        simulate(of_plan(wish, tmp_path / "missing.json"))
