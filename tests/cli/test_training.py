"""`fyersbot train`: what it says of a model, and what it says to data and wishes that make none."""

import json
import os
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .conftest import Run

QUICK = ("--model", "forest:trees=5,depth=3", "--folds", "3", "--scheme", "rolling", "--calibration", "isotonic")
QUICK += ("--shuffles", "1", "--earlier-trials", "3", "--seed", "3", "--jobs", "1")
OPENS, CANDLES = pd.Timedelta(hours=9, minutes=15), 75


def walk(days: int = 22, *, step: float = 1.0, gap: float = 2.0) -> pd.DataFrame:
    """Candles of five minutes, as a file holds them: a price that steps by so many rupees, and jumps over night."""
    chance = np.random.default_rng(5)
    weekdays = [day for day in (date(2025, 1, 1) + timedelta(days=each) for each in range(60)) if day.weekday() < 5]
    starts = [
        pd.Timestamp(day, tz="Asia/Kolkata") + OPENS + pd.Timedelta(minutes=5 * number)
        for day in weekdays[:days]
        for number in range(CANDLES)
    ]
    rows = len(starts)
    jumps = np.where(np.arange(rows) % CANDLES == 0, gap * chance.standard_normal(rows), 0.0)
    closes = 800 + np.cumsum(step * chance.standard_normal(rows) + jumps)
    opens = np.append(closes[:1], closes[:-1]) + jumps
    over, under = step * chance.random((2, rows))
    return pd.DataFrame(
        {
            "timestamp": starts,
            "open": opens.round(2),
            "high": (np.maximum(opens, closes) + over).round(2),
            "low": (np.minimum(opens, closes) - under).round(2),
            "close": closes.round(2),
            "volume": chance.integers(1_000, 9_000, rows),
        }
    )


def written(home: Path, frame: pd.DataFrame) -> Path:
    path = home / "NSE_SBIN-EQ_5m.parquet"
    frame.to_parquet(path)
    return path


def test_training_says_in_json_what_it_wrote(run: Run, home: Path) -> None:
    answer = run("train", "--data", written(home, walk()), "--name", "mine", *QUICK, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert (told["model"], told["version"], told["path"]) == ("mine", "0001", "models/mine/0001")
    assert told["estimator"] == "forest:trees=5,depth=3,leaf=20, isotonic"
    assert told["verdict"].startswith(("beats its baselines", "does not beat its baselines"))
    assert told["out_of_fold"]["candidates"] == 4
    assert "3, rolling, after 30% of the sessions" in (home / told["card"]).read_text()
    assert (home / "models" / "mine" / "0001" / "manifest.yaml").exists()


def test_training_says_in_words_where_the_model_is_and_whether_it_beats_its_baselines(run: Run, home: Path) -> None:
    answer = run("train", "--data", written(home, walk()), "--name", "mine", *QUICK)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[0] == "the model is in models/mine/0001, how it did in models/mine/0001/card.html"
    assert re.search(r"^out of fold it (beats|does not beat) its baselines: ", answer.out, re.MULTILINE)
    shown = run("models", "show", "mine").out
    assert "forest:trees=5,depth=3,leaf=20, isotonic" in shown
    assert "its baselines: " in shown


def fifteen_minutes_at_last(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame[:-CANDLES], frame[-CANDLES::3]])


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        (lambda: walk(4), r"\d+ usable rows for training, at least 500 are needed: give more candles"),
        (lambda: walk(step=0.05, gap=0.05), r"no row is labelled long: give more candles, or other exits or sizing"),
        (lambda: walk(gap=0.0), r"feature (open|overnight)_gap is the same in all \d+ rows to fit"),
        (
            lambda: walk().assign(close=np.nan),
            r"5m\.parquet: (column close holds NaN|empty cells in close)",
        ),
        (lambda: walk().iloc[::-1], r"NSE_SBIN-EQ_5m\.parquet: .*; sort the rows and drop duplicates"),
        (
            lambda: fifteen_minutes_at_last(walk()),
            r"5m\.parquet: the candle at .* a session of 15m candles",
        ),
    ],
    ids=["few rows", "one class", "constant feature", "NaN", "unsorted", "mixed timeframes"],
)
def test_candles_that_teach_nothing_are_refused_in_one_line(
    frame: Callable[[], pd.DataFrame], named: str, run: Run, home: Path
) -> None:
    complaint = run("train", "--data", written(home, frame()), "--jobs", "1").complaint
    assert re.search(named, complaint), complaint
    assert not (home / "models").exists()


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        (
            ("--model", "forrest"),
            r"no estimator 'forrest' \(do you mean forest\?\); there are logistic, forest, boosting",
        ),
        (("--model", "forest:depth=13"), "forest: depth is 13; give a whole number from 1 to 12"),
        (("--model", "boosting:leaves=65"), "boosting: leaves is 65; give a whole number from 2 to 64"),
        (("--scheme", "forwards"), "'forwards': give anchored, rolling"),
        (("--calibration", "platt"), "'platt': give sigmoid, isotonic, none"),
        (("--folds", "1"), "1 folds: give at least 2"),
        (("--embargo-days", "-1"), "embargo of -1 days"),
        (("--timerange", "20250118-20250119"), "there is no trading from 2025-01-18 to 2025-01-19; give another"),
    ],
    ids=lambda each: each[1] if isinstance(each, tuple) else "",
)
def test_a_wish_that_makes_no_training_is_refused_in_one_line(
    wish: tuple[str, ...], named: str, run: Run, home: Path
) -> None:
    complaint = run("train", *wish).complaint
    assert re.search(named, complaint), complaint
    assert not (home / "models").exists()


@pytest.fixture
def store(run: Run, home: Path) -> Path:
    """The candles of one share in the store."""
    assert run("import-data", written(home, walk(30)), "--yes").code == 0
    return home / "data" / "archive"


def test_a_training_reads_the_store_and_some_days_of_it(run: Run, home: Path, store: Path) -> None:
    arguments = ("--symbols", "NSE:SBIN-EQ", "--timeframe", "5m", "--timerange", "20250108-20250207", *QUICK)
    answer = run("train", "--data", "store", *arguments, "--name", "mine", "--json")
    assert answer.code == 0, answer.err
    card = (home / json.loads(answer.out)["card"]).read_text()
    assert "candle store, from 2025-01-08 to 2025-02-07" in card
    assert "5m, 2025-01-08 to 2025-02-07" in card
    assert run("models", "verify", "mine").code == 0


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        (("--symbols", "NSE:TCS-EQ"), "NSE:TCS-EQ: the store data/archive has no candles of it, it has NSE:SBIN-EQ; "),
        (("--timeframe", "15m"), "NSE:SBIN-EQ: the store data/archive has 5m candles of it and none of 15m"),
        (("--timerange", "20260101-"), "NSE:SBIN-EQ 5m: the store has no candles from 2026-01-01 on, it has some from"),
        (("--timerange", "20250108-20250109"), r"\d+ usable rows for training, at least 500 are needed"),
        (("--timerange", "20250108"), "--timerange 20250108: give two dates"),
        (("--data", "NSE_SBIN-EQ_5m.parquet"), "--data store and --data FILE: give one or the other"),
    ],
    ids=["symbol", "timeframe", "range", "few rows", "no range", "file too"],
)
def test_what_the_store_has_not_is_refused_in_one_line(
    wish: tuple[str, ...], named: str, run: Run, home: Path, store: Path
) -> None:
    symbols = () if "--symbols" in wish else ("--symbols", "NSE:SBIN-EQ")
    complaint = run("train", "--data", "store", *symbols, *wish, "--jobs", "1").complaint
    assert re.search(named, complaint), complaint
    assert not (home / "models").exists()


def test_an_empty_store_is_refused_with_how_to_fill_it(run: Run, home: Path) -> None:
    complaint = run("train", "--data", "store").complaint
    assert complaint.startswith("the store data/archive holds no candles yet; `fyersbot download-data` or ")
    assert not (home / "models").exists()


def test_recorded_files_with_their_defects_come_to_a_model_by_way_of_the_store(run: Run, home: Path) -> None:
    folder = os.environ.get("NSE_DATA_DIR")
    if not folder:
        pytest.skip("NSE_DATA_DIR is not set: no recorded candles")
    names = ("NSE_SBIN-EQ_5m.parquet", "NSE_RELIANCE-EQ_5m.parquet")
    files = [word for name in names for word in ("--data", Path(folder) / name)]
    assert re.search(r"5m\.parquet: .*; sort the rows and drop duplicates", run("train", *files).complaint)
    assert run("coverage", *files, "--fix", "cleaned").code == 0
    for name in names:
        assert run("import-data", home / "cleaned" / name, "--yes").code == 0
    wish = ("--symbols", "NSE:SBIN-EQ,NSE:RELIANCE-EQ", "--timeframe", "5m", "--timerange", "20230701-20231231")
    answer = run("train", "--data", "store", *wish, *QUICK, "--name", "real")
    assert answer.code == 0, answer.err
    assert run("models", "verify", "real").code == 0
    assert "2023-07-03 to 2023-12-29" in (home / "models" / "real" / "0001" / "card.html").read_text()


def without(frame: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Leave these candles of each session out."""
    bar = np.arange(len(frame)) % CANDLES
    return frame[(bar < first) | (bar >= last)]


def test_training_says_of_its_candles_what_a_backtest_says(run: Run, home: Path) -> None:
    data, words = written(home, without(walk(), 15, 25)), "NSE:SBIN-EQ: 220 of 1,650 candles are missing; nothing is"
    answer = run("train", "--data", data, "--name", "mine", *QUICK)
    assert answer.code == 0, answer.err
    assert f"note: {words} entered right after a hole" in answer.err
    assert words in (home / "models" / "mine" / "0001" / "card.html").read_text()
    told = json.loads(run("train", "--data", data, "--name", "mine", *QUICK, "--json").out)
    assert told["version"] == "0001"
    assert [note.startswith(words) for note in told["notes"]] == [True]
    tested = run("backtest", "--data", data, "--strategy", "simple_ma_crossover", "--no-store", "--json")
    assert told["notes"][0] in json.loads(tested.out)["notes"]


def test_candles_of_which_most_are_missing_teach_only_on_request(run: Run, home: Path) -> None:
    data = written(home, without(walk(30), 15, 40))
    complaint = run("train", "--data", data, *QUICK).complaint
    assert re.search("825 of 2,325 candles are missing, .*more than 20%; .*--allow-holes", complaint), complaint
    assert not (home / "models").exists()
    assert run("train", "--data", data, "--allow-holes", *QUICK).code == 0


@pytest.mark.parametrize("data", [(), ("--data", "store")], ids=["generated", "store"])
def test_settings_of_nothing_but_an_index_are_refused_in_one_line(data: tuple[str, ...], run: Run, home: Path) -> None:
    (home / "idx.yaml").write_text('symbols: ["NSE:NIFTY50-INDEX"]\n')
    complaint = run("train", "--config", "idx.yaml", *data).complaint
    assert complaint.startswith("NSE:NIFTY50-INDEX: nothing to train on, as an index is not traded; name shares")
    assert not (home / "models").exists()


def test_a_file_of_an_index_is_refused_in_one_line(run: Run, home: Path) -> None:
    path = home / "NSE_NIFTY50-INDEX_5m.parquet"
    walk().to_parquet(path)
    complaint = run("train", "--data", path).complaint
    assert complaint == f"{path}: NSE:NIFTY50-INDEX is an index, which is not traded; give files of shares"


def test_a_model_is_written_where_the_settings_look_for_it(run: Run, home: Path) -> None:
    (home / "bot.yaml").write_text(
        f"symbols: ['NSE:SBIN-EQ']\nmodel: {{path: {home / 'elsewhere' / 'mm' / 'first' / 'promoted'}}}\n"
    )
    answer = run("train", "--config", "bot.yaml", "--data", written(home, walk()), "--name", "first", *QUICK, "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["path"] == str(home / "elsewhere" / "mm" / "first" / "0001")
    assert not (home / "models").exists()
    assert run("models", "promote", "first", "1", "--config", "bot.yaml").code == 0
