"""Few lives are enough to see that calm ones are left alone and a shift is not."""

import json
from types import ModuleType

import pytest

from core.drift import DriftStep

from .test_verdicts import program


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    return program("bench_drift")


def test_calm_lives_are_not_alarmed_more_often_than_stated(bench: ModuleType) -> None:
    """Three deviations are left to chance: of 40 lives at most 6 may be warned, 2 shrunk and 1 stopped."""
    alarms = bench.false_alarms(40)
    assert [alarms[step] <= bench.most_by_chance(40, rate) for step, rate in bench.STEPS.items()] == [True] * 3


def test_the_larger_a_shift_the_sooner_it_is_seen(bench: ModuleType) -> None:
    large, small = (bench.delays(bench.SHIFTS[name], 5) for name in ("inputs_4", "inputs_2"))
    assert large[DriftStep.WARN] <= small[DriftStep.WARN] <= bench.GOAL_DELAY
    assert large[DriftStep.WARN] <= large[DriftStep.SHRINK] <= large[DriftStep.STOP]


@pytest.mark.parametrize("goal", [100, 0])
def test_a_delay_beyond_its_goal_ends_with_1(
    bench: ModuleType, goal: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LIVES": 2, "SHIFTED_LIVES": 1, "GOAL_DELAY": goal, "GOAL_RATIO": 20.0}.items():
        monkeypatch.setattr(bench, name, value)
    with pytest.raises(SystemExit) as ended:
        bench.main()
    result = json.loads(capsys.readouterr().out)
    assert (result["lives"], result["holds"]) == (2, goal > 0)
    assert int(ended.value.code or 0) == (0 if goal > 0 else 1)
