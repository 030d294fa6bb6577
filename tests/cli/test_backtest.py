"""`fyersbot backtest` as a user meets it: a file of candles in, figures out, and one line for what is wrong."""

import json
from datetime import date, time
from pathlib import Path

import numpy as np
import pytest

from cli import main
from core.instants import MINUTE, instant_at

NAME = "NSE_SBIN-EQ_15m.csv"
DAYS = [date(2024, 1, day) for day in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)]


@pytest.fixture
def candles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten sessions of a random walk."""
    monkeypatch.chdir(tmp_path)
    chance, price = np.random.default_rng(3), 600.0
    lines = ["timestamp,open,high,low,close,volume"]
    for day in DAYS:
        for number in range(25):
            path = np.round((price + np.cumsum(chance.normal(0, 0.8, 6))) / 0.05) * 0.05
            price = float(path[-1])
            stamp = np.datetime64(instant_at(day, time(9, 15)) + number * 15 * MINUTE, "ns").astype("datetime64[s]")
            prices = ",".join(f"{each:.2f}" for each in (path[0], path.max(), path.min(), path[-1]))
            lines.append(f"{stamp}+00:00,{prices},{int(chance.integers(10_000, 90_000))}")
    file = tmp_path / NAME
    file.write_text("\n".join(lines))
    return file


def backtest(*arguments: str, verb: str = "backtest") -> None:
    main([verb, "--strategy", "simple_ma_crossover", "--param", "fast=3", "--param", "slow=8", *arguments])


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run it to its failure and return what it says of that: one line on standard error, and nothing else."""
    with pytest.raises(SystemExit) as ended:
        main(["backtest", *arguments])
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert said.out == ""
    [line] = said.err.strip().splitlines()
    return line


def files() -> set[Path]:
    """Everything in the folder but what only saves time."""
    return {path for path in Path().rglob("*") if path.is_file() and not {"cache", "__pycache__"} & set(path.parts)}


def figures(capsys: pytest.CaptureFixture[str], *arguments: str, verb: str = "backtest") -> dict:
    with pytest.raises(SystemExit) as ended:
        backtest(*arguments, "--json", verb=verb)
    assert not ended.value.code
    return json.loads(capsys.readouterr().out)


def test_a_file_is_enough_and_the_json_has_the_figures(candles: Path, capsys) -> None:
    found = figures(capsys, "--data", NAME)

    assert (found["symbols"], found["timeframe"], found["mode"]) == (["NSE:SBIN-EQ"], "15m", "intraday")
    assert (found["first"], found["last"], found["candles"]) == ("2024-01-01", "2024-01-12", 250)
    assert found["trades"] > 5
    assert found["charges"] > 0
    assert {"net_pnl", "seconds", "refusals"} <= set(found)
    assert figures(capsys, "--data", NAME, verb="backtesting")["net_pnl"] == found["net_pnl"]


def test_range_mode_and_capital_change_the_run(candles: Path, capsys) -> None:
    whole = figures(capsys, "--data", NAME)
    later = figures(capsys, "--data", NAME, "--timerange", "20240108-20240110")
    held = figures(capsys, "--data", NAME, "--mode", "positional")
    small = figures(capsys, "--data", NAME, "--capital", "50000")

    assert (later["candles"], later["first"], later["last"]) == (75, "2024-01-08", "2024-01-10")
    assert held["refusals"]["SHORT_DELIVERY"] > 0
    assert 0 < small["charges"] < whole["charges"]


def test_people_get_lines_with_the_assumptions_in_force(candles: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        backtest("--data", NAME)
    said = capsys.readouterr().out

    assert "simple_ma_crossover on NSE:SBIN-EQ, 15m, intraday" in said
    assert "fills: entry limit, spread 1 ticks" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--strategy", "nothing"), "no strategy 'nothing'"),
        (("--strategy", "simple_ma_crossover", "--param", "quick=3"), "has no parameter 'quick'"),
        (("--strategy", "simple_ma_crossover", "--param", "fast"), "--param fast: give it as key=value"),
        (("--strategy", "simple_ma_crossover", "--param", "fast=30"), "fast"),
        (("--timerange", "20250101-20250201"), "no candles from 2025-01-01 to 2025-02-01"),
        (("--timerange", "soon"), "--timerange soon"),
        (("--mode", "swing"), "--mode swing: must be intraday or positional"),
        (("--strategy", "simple_ma_crossover", "--engine", "slow"), "--engine slow: must be event or fast"),
        (("--symbols", "NSE:A-EQ,NSE:B-EQ"), "is one file"),
        (("--timeframe", "7m"), "--timeframe 7m"),
    ],
)
def test_what_cannot_be_run_is_one_line(candles: Path, capsys, arguments: tuple[str, ...], words: str) -> None:
    chosen = arguments if "--strategy" in arguments else ("--strategy", "simple_ma_crossover", *arguments)

    assert words in complaint(capsys, "--data", NAME, *chosen)


def test_a_strategy_that_raises_ends_the_run_and_leaves_nothing_behind(candles: Path, capsys) -> None:
    Path("own").mkdir()
    Path("own/breaks.py").write_text(
        "from core.signals import Needs\n\n\n"
        "class Breaks:\n"
        "    name = 'breaks'\n"
        "    needs = Needs(features=('return_1',))\n\n"
        "    def on_data(self, now, before):\n"
        "        raise KeyError('nothing')\n"
    )
    Path("bot.yaml").write_text("strategy: {folder: own}\n")
    before = files()
    said = complaint(capsys, "--data", NAME, "--strategy", "breaks", "-c", "bot.yaml")

    assert "strategy breaks on NSE:SBIN-EQ, candle 2024-01-01" in said
    assert files() == before


def test_candles_without_volume_need_a_setting(candles: Path, capsys) -> None:
    lines = candles.read_text().splitlines()
    candles.write_text("\n".join([lines[0], *(line.rpartition(",")[0] + ",0" for line in lines[1:])]))

    said = complaint(capsys, "--data", NAME, "--strategy", "simple_ma_crossover")
    assert "no candle has a volume" in said
    Path("bot.yaml").write_text("backtest: {volume_share: 0}\n")
    assert figures(capsys, "--data", NAME, "-c", "bot.yaml")["trades"] > 0


def test_without_data_the_store_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)

    assert "the store has no candles" in complaint(capsys, "--strategy", "simple_ma_crossover")
