"""`list-strategies` and `check-strategy`: green ends with 0, red with 1, bad input with one line."""

import json
from pathlib import Path

import pytest

from .conftest import Run

PEEKING = """
import numpy as np

from core.signals import Needs
from strategies.base_strategy import SignalColumns


class Peeking:
    name = "peeking"
    needs = Needs(features=("return_1",))

    def __init__(self, bars: int = 2) -> None:
        self.bars = bars

    def on_data(self, now, before):
        return None

    def signals(self, table, candles, symbol):
        wishes = (np.roll(candles.closes, -self.bars) > candles.closes).astype(np.int8)
        return SignalColumns(wishes, np.ones(len(wishes)))
"""


@pytest.fixture
def peeking(home: Path) -> Path:
    path = home / "peeking.py"
    path.write_text(PEEKING, encoding="utf-8")
    return path


def test_strategies_are_listed_with_the_limits_of_their_parameters(run: Run) -> None:
    assert "  fast: int, default 9, 2 to 499 candles" in run("list-strategies").out.splitlines()

    content = json.loads(run("list-strategies", "--json").out)
    [average] = [each for each in content["strategies"] if each["name"] == "simple_ma_crossover"]
    assert average["parameters"][0] == {
        "name": "fast",
        "type": "int",
        "required": False,
        "default": 9,
        "low": 2,
        "high": 499,
        "step": 1,
        "choices": [],
        "unit": "candles",
    }


def test_a_users_strategy_that_cannot_be_loaded_is_listed_with_the_reason(run: Run, home: Path) -> None:
    (home / "own").mkdir()
    (home / "own" / "broken.py").write_text("import no_such_library", encoding="utf-8")
    (home / "bot.yaml").write_text("strategy: {folder: own}", encoding="utf-8")

    lines = run("list-strategies", "--config", "bot.yaml").out.splitlines()

    assert lines[-2:] == [
        f"broken ({Path('own') / 'broken.py'})",
        "  cannot be used: strategy file own/broken.py, line 1: ModuleNotFoundError: No module named 'no_such_library'",
    ]


def test_a_strategy_of_ours_is_green_on_a_generated_market(run: Run) -> None:
    ended = run("check-strategy", "opening_price_crossover", "--param", "band=0.003", "--json")

    content = json.loads(ended.out)
    assert (ended.code, content["ok"], content["findings"]) == (0, True, [])
    assert content["smallest_safe_warm_up"] == 77


def test_the_model_is_checked_with_its_training(run: Run, trained: Path, home: Path) -> None:
    (home / "bot.yaml").write_text(f"model: {{path: {trained}}}", encoding="utf-8")

    ended = run("check-strategy", "model", "--config", "bot.yaml", "--json")

    content = json.loads(ended.out)
    assert (ended.code, content["findings"]) == (0, [])
    assert content["symbols"][0]["training"]
    assert content["stated_warm_up"] < content["smallest_safe_warm_up"] < 600


def test_a_file_that_peeks_is_red(run: Run, peeking: Path) -> None:
    ended = run("check-strategy", str(peeking), "--param", "bars=3", "--json")

    content = json.loads(ended.out)
    assert (ended.code, content["ok"], content["smallest_safe_warm_up"]) == (1, False, None)
    [finding] = content["findings"]
    assert (finding["kind"], finding["column"], finding["cause"]) == ("truncation", "signals.direction", "looks_ahead")
    assert finding["detail"] == "looks ahead by 3 bars"
    assert finding["bar"]["row"] < 40


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no_such",), "no strategy 'no_such'"),
        (("no/such.py",), "no/such.py: there is no such strategy file"),
        (("simple_ma_crossover", "--param", "fast"), "--param fast: give it as key=value"),
        (("simple_ma_crossover", "--param", "fsat=5"), "has no parameter 'fsat'; did you mean 'fast'?"),
        (("simple_ma_crossover", "--param", "fast=1"), "fast: 1 is out of range; give 2 to 499 candles (default 9)"),
        (("simple_ma_crossover", "--timeframe", "7m"), "--timeframe 7m: must be one of 1m"),
        (("simple_ma_crossover", "--data", "NSE_SBIN-EQ_5m.parquet"), "there is no such file"),
        (("simple_ma_crossover", "--data", "store"), "NSE:SBIN-EQ 5m: the store has no candles of any day"),
        (
            ("simple_ma_crossover", "--data", "NSE_SBIN-EQ_5m.parquet", "--symbols", "NSE:INFY-EQ"),
            "--symbols NSE:INFY-EQ: by its name NSE_SBIN-EQ_5m.parquet is of NSE:SBIN-EQ; leave out --symbols",
        ),
    ],
)
def test_bad_input_is_one_line(run: Run, arguments: tuple[str, ...], told: str) -> None:
    assert told in run("check-strategy", *arguments).complaint
