"""A figure that no longer holds must fail `make bench`, not only print it."""

import importlib.util
import json
import re
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
PROGRAMS = sorted(FOLDER.glob("bench_*.py"))


def program(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "sizes", "goal"),
    [
        ("bench_tick_path", {"ROUNDS": 1, "TICKS": 10_000}, "GOAL_P99_US"),
        ("bench_durable_append", {"APPENDS": 50, "WARM_UP": 5, "GOAL_P50_MS": 1e9}, "GOAL_RATIO"),
        ("bench_symbol_master", {"CONTRACTS": 500, "LOOKUPS": 100, "GOAL_LOOKUPS": 0}, "GOAL_READ_S"),
        ("bench_tick_decode", {"UPDATES": 500, "ROUNDS": 1}, "LEAST_RATIO"),
        ("bench_candle_store", {"YEARS": 1, "ROUNDS": 1, "LAST": date(2021, 1, 31)}, "LEAST_RATIO"),
    ],
)
@pytest.mark.parametrize("holds", [True, False])
def test_a_program_ends_with_1_when_its_goal_does_not_hold(
    name: str, sizes: dict[str, object], goal: str, holds: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    module = program(name)
    is_ceiling = goal.startswith("GOAL")
    for key, value in {**sizes, goal: 1e9 if holds is is_ceiling else 0}.items():
        setattr(module, key, value)
    with pytest.raises(SystemExit) as ended:
        module.main()
    result = json.loads(capsys.readouterr().out)
    assert result["benchmark"] == name.removeprefix("bench_")
    assert (result["holds"], int(ended.value.code)) == (holds, int(not holds))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_program_names_itself_and_gives_its_verdict_last(path: Path) -> None:
    text = path.read_text()
    assert f'"benchmark": "{path.stem.removeprefix("bench_")}"' in text
    assert re.search(r'print\(json\.dumps\(result\)\)\n    sys\.exit\(not result\["holds"\]\)\n', text)


@pytest.mark.parametrize(
    ("change", "holds"), [({}, True), ({"ratio": 1.9}, False), ({"unexplained": 1}, False), ({"other_exit": 1}, True)]
)
def test_a_backtest_holds_as_long_as_it_is_quick_enough_and_every_other_trade_has_a_cause(
    change: dict[str, float], holds: bool
) -> None:
    absent = {"peer": "absent"}
    backtesting = {"ratio": 2.7, "goal_ratio": 2.0, "unexplained": 0} | change
    peers = {"backtesting": backtesting, "nautilus_hedging": absent, "nautilus_netting": absent, "vectorbt": absent}
    assert program("bench_backtest").verdict({"engines_agree": True, **peers}) is holds
