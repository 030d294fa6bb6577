"""The same search whoever does the work: one worker, two, or one that was killed and went on."""

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from backtest.hyperopt.evaluation import Evaluator
from backtest.hyperopt.figures import Conditions, Objective
from backtest.hyperopt.loop import NoFile, searched
from backtest.hyperopt.pruning import MedianPruner, Tried
from backtest.hyperopt.search import GridSearch
from backtest.hyperopt.space import Dimension, Space
from backtest.hyperopt.tpe_search import TpeSearch
from backtest.hyperopt.trial import Judge, State
from backtest.hyperopt.trial_file import SqliteTrialFile
from backtest.hyperopt.workers import evaluating
from core.errors import ConfigurationError, StorageError

SPACE = Space(
    (Dimension("fast", range(2, 12)), Dimension("slow", range(6, 30, 2)), Dimension("exits.stop_atr", (), 1.0, 3.0))
)
GRID = Space((Dimension("fast", (3, 5)), Dimension("slow", (8, 13, 21)), Dimension("exits.stop_atr", (1.0, 2.0))))
DECIDES = {"seed": 1, "data": "abc"}


def told(trials) -> list:
    """All of a search that may not differ, to the last bit."""
    return [
        (
            *(trial.number, trial.combination, trial.state, trial.told),
            trial.figures and (trial.figures.net, trial.figures.returns.tobytes()),
        )
        for trial in trials
    ]


def tpe(*objectives: Objective, seed: int = 1) -> TpeSearch:
    pytest.importorskip("optuna")
    return TpeSearch(SPACE, Judge(objectives or (Objective.SHARPE,), Conditions(min_trades=20)), seed)


@pytest.fixture
def evaluate(make_ground):
    evaluator = Evaluator(make_ground())
    return lambda batch, hurdles: [evaluator.tried(each, hurdles) for each in batch]


def test_a_grid_tries_everything_the_strategy_takes_once(evaluate) -> None:
    search = GridSearch(GRID, lambda each: each["slow"] != 13)
    trials = searched(search, evaluate, 1_000, NoFile())
    assert len(trials) == len(search) == 8
    assert [trial.number for trial in trials] == list(range(8))
    assert len({tuple(trial.combination.values()) for trial in trials}) == 8
    with pytest.raises(ConfigurationError, match="refuses every combination"):
        GridSearch(GRID, lambda _: False)


def test_tpe_is_the_same_for_a_seed_and_another_for_another(evaluate) -> None:
    one, two, other = (searched(tpe(seed=seed), evaluate, 40, NoFile()) for seed in (1, 1, 2))
    assert told(one) == told(two)
    assert told(one) != told(other)
    assert {each for trial in one for each in trial.combination} == {"fast", "slow", "exits.stop_atr"}


def test_tpe_goes_where_it_was_good(make_figures) -> None:
    def evaluate(batch, _hurdles):
        worth = [-abs(each["fast"] - 7) - abs(each["slow"] - 20) for each in batch]
        return [Tried(make_figures(sharpe=each, trades=50)) for each in worth]

    trials = searched(tpe(), evaluate, 100, NoFile())
    early, late = ([trial.figures.sharpe for trial in part] for part in (trials[:20], trials[-20:]))
    assert np.mean(late) > np.mean(early) + 3


@pytest.mark.parametrize(
    ("objectives", "pruner"),
    [
        ((Objective.SHARPE,), None),
        ((Objective.PROFIT, Objective.DRAWDOWN), None),
        ((Objective.SHARPE,), MedianPruner(Objective.SHARPE, startup=8)),
    ],
)
def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(evaluate, tmp_path: Path, objectives, pruner) -> None:
    whole = searched(tpe(*objectives), evaluate, 60, NoFile(), pruner=pruner)
    states = {trial.state for trial in whole[:30]}, {trial.state for trial in whole[30:]}
    assert [State.PRUNED in each for each in states] == [pruner is not None] * 2
    path, batches = tmp_path / "trials.sqlite", 0

    def killed(batch, hurdles):
        nonlocal batches
        batches += 1
        if batches == 4:
            raise KeyboardInterrupt
        return evaluate(batch, hurdles)

    with closing(SqliteTrialFile(path, DECIDES, resume=False)) as file, pytest.raises(KeyboardInterrupt):
        searched(tpe(*objectives), killed, 60, file, pruner=pruner)
    with closing(SqliteTrialFile(path, DECIDES, resume=True)) as file:
        assert len(file.trials()) == 30
        assert told(searched(tpe(*objectives), evaluate, 60, file, pruner=pruner)) == told(whole)
        assert told(file.trials()) == told(whole)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_two_workers_find_what_one_finds(make_ground, backend, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    ground, pruner = make_ground(), MedianPruner(Objective.SHARPE, startup=8)
    with evaluating(ground, 1, backend) as alone:
        serial = searched(tpe(), alone, 30, NoFile(), pruner=pruner)
        grid = searched(GridSearch(GRID, lambda _: True), alone, 99, NoFile())
    with evaluating(ground, 2, backend) as together:
        assert told(searched(tpe(), together, 30, NoFile(), pruner=pruner)) == told(serial)
        assert told(searched(GridSearch(GRID, lambda _: True), together, 99, NoFile())) == told(grid)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_disk_that_is_full_half_way_is_one_line_and_leaves_nothing(make_ground, tmp_path, monkeypatch) -> None:
    def half_way(_ground: object, path: Path) -> None:
        path.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("joblib.dump", half_way)
    refused = pytest.raises(StorageError, match=r"cannot be written: No space left on device; set paths\.cache")
    with refused, evaluating(make_ground(), 2, "threading"):
        pass
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_is_not_overwritten_missed_or_mistaken_for_another_search(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    with pytest.raises(ConfigurationError, match="is not there"):
        SqliteTrialFile(path, DECIDES, resume=True)
    SqliteTrialFile(path, DECIDES, resume=False).close()
    with pytest.raises(ConfigurationError, match="is there already; go on with it by --resume"):
        SqliteTrialFile(path, DECIDES, resume=False)
    with pytest.raises(ConfigurationError, match="was made with seed 1, this search has 2"):
        SqliteTrialFile(path, DECIDES | {"seed": 2}, resume=True)


def test_a_file_that_is_none_of_ours_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    path.write_text("candles, once")
    with pytest.raises(StorageError, match=r"trials\.sqlite cannot be used: file is not a database"):
        SqliteTrialFile(path, DECIDES, resume=True)
    path.unlink()
    SqliteTrialFile(path, DECIDES, resume=False).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO trials VALUES (0, 'ran', '{}', '[]', '{}', x'00')")
    with closing(SqliteTrialFile(path, DECIDES, resume=True)) as file, pytest.raises(StorageError, match="damaged"):
        file.trials()
