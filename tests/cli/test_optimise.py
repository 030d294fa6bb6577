"""`fyersbot hyperopt` and `walk-forward` as a user meets them."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time as wall
from contextlib import closing
from datetime import date, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from cli import main
from core.instants import MINUTE, instant_at

NAME = "NSE_SBIN-EQ_15m.csv"
DAYS = [day for day in (date(2024, 1, 1) + timedelta(days=n) for n in range(60)) if day.weekday() < 5]
HOLIDAYS = {date(2024, 1, 22), date(2024, 1, 26)}
SEARCH = ("--strategy", "simple_ma_crossover", "--range", "fast=2..6", "--range", "slow=7..20", "--data", NAME)
SMALL = (*SEARCH, "--trials", "30", "--workers", "1")


@pytest.fixture(autouse=True)
def candles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty sessions of a random walk."""
    monkeypatch.chdir(tmp_path)
    chance, price = np.random.default_rng(3), 600.0
    lines = ["timestamp,open,high,low,close,volume"]
    for day in DAYS:
        if day in HOLIDAYS:
            continue
        for number in range(25):
            path = np.round((price + np.cumsum(chance.normal(0, 0.8, 6))) / 0.05) * 0.05
            price = float(path[-1])
            stamp = np.datetime64(instant_at(day, time(9, 15)) + number * 15 * MINUTE, "ns").astype("datetime64[s]")
            prices = ",".join(f"{each:.2f}" for each in (path[0], path.max(), path.min(), path[-1]))
            lines.append(f"{stamp}+00:00,{prices},{int(chance.integers(10_000, 90_000))}")
    Path(NAME).write_text("\n".join(lines))


def figures(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    assert not ended.value.code
    return json.loads(capsys.readouterr().out)


def text(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert not ended.value.code
    return capsys.readouterr().out


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (1, "")
    [line] = said.err.strip().splitlines()
    return line


def test_the_best_comes_with_what_it_is_worth_and_a_look_at_sessions_kept_back(capsys) -> None:
    found = figures(capsys, "hyperopt", *SEARCH, "--method", "grid", "--workers", "1")

    assert found["trials"] == found["ran"] == found["luck"]["trials"] == 5 * 14
    assert 0 <= found["luck"]["deflated_sharpe"] <= 1
    assert 0 <= found["luck"]["probability_of_overfitting"] <= 1
    assert found["last"] < found["holdout"]["first"]
    assert found["holdout"]["sessions"] == round(0.2 * (found["sessions"] + found["holdout"]["sessions"]))
    assert found["space"] == ["fast=2..6", "slow=7..20"]
    params = [f"{name}={value}" for name, value in found["best"]["params"].items()]
    span = found["first"].replace("-", "") + "-" + found["last"].replace("-", "")
    run = ("backtest", "--strategy", "simple_ma_crossover", "--param", params[0], "--param", params[1])
    alone = figures(capsys, *run, "--data", NAME, "--timerange", span, "--engine", "event")
    assert (alone["trades"], alone["net_pnl"]) == (found["best"]["trades"], found["best"]["net_pnl"])
    kept_run = figures(capsys, "report", "--run-id", found["run_id"])
    parts = found["best"], found["holdout"]
    assert kept_run["trades"] == sum(part["trades"] for part in parts)
    assert kept_run["net_pnl"] == pytest.approx(sum(part["net_pnl"] for part in parts))
    assert kept_run["parameters"] == found["best"]["params"]
    assert (kept_run["first"], kept_run["last"]) == (found["first"], found["holdout"]["last"])
    assert f"the best by sharpe of 70 trials on the sessions to {found['last']}" in " ".join(kept_run["notes"])


def test_people_get_lines_with_the_number_of_trials_beside_the_best(capsys) -> None:
    said = text(capsys, "hyperopt", *SEARCH, "--method", "grid", "--workers", "1", "--objective", "profit,drawdown")
    assert "grid, seed 1: 70 trials ran" in said
    assert "best by profit: fast " in said
    assert "no trial is better by all of profit, drawdown than:" in said
    assert "deflated Sharpe ratio" in said
    assert "probability of overfitting" in said


def test_a_search_that_is_killed_outright_goes_on_to_the_same_best(capsys) -> None:
    pytest.importorskip("optuna")
    search = ("hyperopt", *SEARCH, "--trials", "60", "--workers", "1")
    whole = figures(capsys, *search)
    command = [sys.executable, "-c", "import sys; from cli import main; main(sys.argv[1:])", *search]
    path = Path("trials.sqlite")
    process = subprocess.Popen([*command, "--storage", str(path)], env={**os.environ, "PYTHONPATH": ":".join(sys.path)})
    while process.poll() is None and kept(path) < 20:
        wall.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert kept(path) >= 20

    again = figures(capsys, *search, "--storage", str(path), "--resume")

    assert (again["best"], again["luck"], again["trials"]) == (whole["best"], whole["luck"], 60)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("backtest.hyperopt.ground.Ground.charges_hash", "was made with charges "),
        ("backtest.hyperopt.verb.code_version", "was made with version of the code "),
    ],
)
def test_a_search_goes_on_only_with_the_same_charges_and_code(
    capsys, monkeypatch: pytest.MonkeyPatch, changed: str, words: str
) -> None:
    search = ("hyperopt", *SEARCH, "--method", "grid", "--workers", "1", "--storage", "trials.sqlite")
    text(capsys, *search)
    other = property(lambda _: "other") if "Ground" in changed else lambda: "other"
    monkeypatch.setattr(changed, other)

    refused = complaint(capsys, *search, "--resume")

    assert words in refused
    assert 'this search has "other"; give the same, or another file' in refused


def kept(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM trials").fetchone()[0]
        except sqlite3.OperationalError:  # not made yet
            return 0


def test_trials_that_fall_behind_are_stopped_if_asked_for_and_count_as_tries(capsys) -> None:
    pytest.importorskip("optuna")
    search = ("hyperopt", *SEARCH, "--trials", "60", "--workers", "1")
    found = figures(capsys, *search, "--prune")

    assert found["prune"] is True
    assert 0 < found["pruned"] <= 40
    assert found["luck"]["trials"] == found["ran"] == found["trials"] - found["impossible"]
    assert f"of which {found['pruned']} were stopped early" in text(capsys, *search, "--prune")
    assert figures(capsys, *search)["pruned"] == 0


def test_without_optuna_the_extra_is_named(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert "`pip install 'optuna>=5,<6'`" in complaint(capsys, "hyperopt", *SMALL)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--method", "luck"), "--method luck: must be tpe or grid"),
        (("--objective", "glory"), "--objective glory: must be of sharpe"),
        (("--trials", "0"), "--trials 0"),
        (("--max-drawdown", "20"), "--max-drawdown 20"),
        (("--min-trades", "100000"), "wanted are 100000 trades or more"),
        (("--resume",), "--resume: name the file"),
        (("--param", "fast=3"), "--param fast fixes it"),
        (("--prune", "--method", "grid"), "--prune: a grid tries each of its combinations whole"),
        (("--prune", "--objective", "profit,drawdown"), "--prune: of several objectives (profit, drawdown)"),
        (("--prune", "--timerange", "20240101-20240103", "--holdout-share", "0"), "--prune: 3 sessions"),
        (("--holdout-share", "1"), "--holdout-share 1 of"),
        (("--range", "band=1,2"), "no parameter 'band'"),
    ],
)
def test_what_cannot_be_searched_is_one_line_and_leaves_nothing(capsys, arguments: tuple[str, ...], words: str) -> None:
    pytest.importorskip("optuna")
    assert words in complaint(capsys, "hyperopt", *SMALL, *arguments)
    assert {path.name for path in Path().iterdir()} <= {NAME, "data"}


def test_a_walk_forward_is_kept_as_a_run_of_its_tests(capsys) -> None:
    walk = ("walk-forward", *SEARCH, "--method", "grid", "--workers", "1", "--train", "15", "--test", "8")
    found = figures(capsys, *walk)

    assert [fold["test"][0] for fold in found["folds"]] == sorted(fold["test"][0] for fold in found["folds"])
    assert all(fold["training"][1] < fold["test"][0] for fold in found["folds"])
    assert found["trials"] == 70 * len(found["folds"]) > 70
    assert (found["purge"], found["embargo"]) == (0, 1)
    kept_run = figures(capsys, "report", "--run-id", found["run_id"])
    assert kept_run["run_id"] == found["run_id"]
    assert len(kept_run["parameters"]["chosen"]) == len(found["folds"])
    trades = sum(fold["out_of_sample"]["trades"] for fold in found["folds"])
    assert str(trades) in json.dumps(found["out_of_sample"])
    anchored = figures(capsys, *walk, "--scheme", "anchored")
    assert {fold["training"][0] for fold in anchored["folds"]} == {found["folds"][0]["training"][0]}


def test_a_walk_forward_for_people_has_a_line_a_fold_and_one_result(capsys) -> None:
    walk = ("walk-forward", *SEARCH, "--method", "grid", "--workers", "1", "--train", "20", "--test", "10")
    said = text(capsys, *walk)
    assert "rolling, training 20, purged 0, embargo 1, test 10" in said
    assert "all tests joined" in said
    assert "PBO" in said
    assert "efficiency" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--train", "500"), "--train 500 and a gap of 1 leave none of"),
        (("--test", "0"), "--test 0"),
        (("--scheme", "sliding"), "--scheme sliding: must be anchored or rolling"),
        (("--min-trades", "9999"), "no fold has a trial that keeps the conditions"),
    ],
)
def test_a_walk_forward_that_cannot_be_is_one_line_and_keeps_no_run(capsys, arguments, words) -> None:
    walk = ("walk-forward", *SEARCH, "--method", "grid", "--workers", "1", "--train", "20", "--test", "10")
    assert words in complaint(capsys, *walk, *arguments)
    assert not list(Path().rglob("trading_log.sqlite"))
