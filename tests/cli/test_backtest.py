"""`fyersbot backtest` as a user meets it: a file of candles in, figures out, and one line for what is wrong."""

import json
import subprocess
import sys
from datetime import date, time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli import main
from core.instants import DAY, MINUTE, instant_at
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
from runtime.settings import Settings

NAME = "NSE_SBIN-EQ_15m.csv"
RULE = ("backtest", "--strategy", "simple_ma_crossover", "--param", "fast=3", "--param", "slow=8", "--data", NAME)
PARQUET = NAME.replace(".csv", ".parquet")
UNUSED = ["pandas", "sklearn", "scipy", "cffi", "pyarrow.compute", "core.events"]
PROGRAM = f"""
import sys
from cli import main
try:
    main(sys.argv[1:])
finally:
    print([name for name in {UNUSED} if name in sys.modules])
"""
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


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a verb to its good end and return what it printed."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert not ended.value.code, said.err
    return said.out


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
    assert {"net_pnl", "seconds", "refusals", "run_id"} <= set(found)
    assert found["parameters"] == {"fast": 3, "slow": 8}
    assert found["net_pnl"] == pytest.approx(sum(trade["net"] for trade in found["trade_list"]))
    assert figures(capsys, "--data", NAME, verb="backtesting")["net_pnl"] == found["net_pnl"]


def test_range_mode_and_capital_change_the_run(candles: Path, capsys) -> None:
    whole = figures(capsys, "--data", NAME)
    later = figures(capsys, "--data", NAME, "--timerange", "20240108-20240110")
    held = figures(capsys, "--data", NAME, "--mode", "positional")
    small = figures(capsys, "--data", NAME, "--capital", "50000")

    assert (later["candles"], later["first"], later["last"]) == (75, "2024-01-08", "2024-01-10")
    assert held["refusals"]["SHORT_DELIVERY"] > 0
    assert 0 < small["charges"] < whole["charges"]


def test_a_run_is_kept_and_reported_again_just_as_it_was(candles: Path, capsys) -> None:
    printed, page = shown(capsys, *RULE, "--html", "first.html"), Path("first.html").read_text()
    [kept] = json.loads(shown(capsys, "runs", "--json"))["runs"]

    assert f"run {kept['run_id']}, event engine" in printed
    assert shown(capsys, "report", "--run-id", kept["run_id"], "--html", "first.html") == printed
    assert Path("first.html").read_text() == page
    assert shown(capsys, "report", "--json") == shown(capsys, "report", "--run-id", kept["run_id"], "--json")


def test_the_json_of_a_run_is_that_of_its_report(candles: Path, capsys) -> None:
    assert shown(capsys, *RULE, "--json") == shown(capsys, "report", "--json")


def test_runs_on_the_same_candles_have_the_same_hashes_and_a_name_each(candles: Path, capsys) -> None:
    first, second, fast = (figures(capsys, "--data", NAME, "--engine", each) for each in ("event", "event", "fast"))
    part = figures(capsys, "--data", NAME, "--timerange", "20240108-20240110")

    assert len({each["run_id"] for each in (first, second, fast, part)}) == 4
    assert first["trade_list"] == second["trade_list"] == fast["trade_list"]
    assert {each["config_hash"] for each in (first, second, fast, part)} == {first["config_hash"]}
    assert first["data_hash"] == fast["data_hash"] != part["data_hash"]
    assert figures(capsys, "--data", NAME, "--param", "slow=9")["config_hash"] != first["config_hash"]


def test_who_wants_none_kept_says_so(candles: Path, capsys) -> None:
    before = files()

    assert "Absolute profit" in shown(capsys, *RULE, "--no-store")
    assert files() == before


def test_people_get_the_figures_they_know_in_any_width(candles: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        said = shown(capsys, *RULE, "--no-store")
        assert all(name in said for name in ("Win/Draw/Loss", "Sharpe", "Max Drawdown", "Profit factor"))
        assert max(map(len, said.splitlines())) <= width


def test_what_is_said_of_many_symbols_is_said_once(candles: Path, capsys) -> None:
    lines = candles.read_text().splitlines()
    del lines[1 + 25 + 10]
    folder = Path("many")
    folder.mkdir()
    for name in "ABCDE":
        (folder / f"NSE_{name}-EQ_15m.csv").write_text("\n".join(lines))

    notes = figures(capsys, "--data", "many")["notes"]
    assert [note for note in notes if "hole" in note] == [
        "NSE:A-EQ, NSE:B-EQ, NSE:C-EQ and 2 more: 1 of 250 candles are missing; nothing is entered right after a hole"
    ]


def test_the_pause_of_a_session_in_two_parts_is_no_hole(candles: Path, capsys) -> None:
    friday, saturday, head = date(2024, 3, 1), date(2024, 3, 2), candles.read_text().splitlines()[0]
    parts = [(friday, time(9, 15), 25), (saturday, time(9, 15), 3), (saturday, time(11, 30), 4)]
    rows = [instant_at(day, at) + bar * 15 * MINUTE for day, at, bars in parts for bar in range(bars)]
    stamps = (np.datetime64(at, "ns").astype("datetime64[s]") for at in rows)
    candles.write_text("\n".join([head, *(f"{stamp}+00:00,600.05,601,600,600.5,5000" for stamp in stamps)]))

    found = figures(capsys, "--data", NAME)
    assert found["candles"] == 32
    assert not [note for note in found["notes"] if "hole" in note]


def test_holes_are_told_and_nothing_is_entered_across_one(candles: Path, capsys) -> None:
    lines = candles.read_text().splitlines()
    del lines[1 + 25 + 10], lines[1 + 50 + 5]
    candles.write_text("\n".join(lines))
    by_engine = [figures(capsys, "--data", NAME, "--engine", engine) for engine in ("event", "fast")]

    for found in by_engine:
        assert "NSE:SBIN-EQ: 2 of 250 candles are missing" in " ".join(found["notes"])
    assert by_engine[0]["trade_list"] == by_engine[1]["trade_list"]


def test_candles_of_which_most_are_missing_are_traded_only_on_request(candles: Path, capsys) -> None:
    lines = candles.read_text().splitlines()
    candles.write_text("\n".join([*lines[: 1 + 3 * 25], *lines[1 + 7 * 25 :]]))
    before = files()

    said = complaint(capsys, "--data", NAME, "--strategy", "simple_ma_crossover")
    assert "100 of 250 candles are missing, among them 4 sessions, the first on 2024-01-04, more than 20%" in said
    assert files() == before
    allowed = figures(capsys, "--data", NAME, "--allow-holes")
    assert (allowed["candles"], len([note for note in allowed["notes"] if "missing" in note])) == (150, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--strategy", "nothing"), "no strategy 'nothing'"),
        (("--strategy", "simple_ma_crossover", "--param", "quick=3"), "has no parameter 'quick'"),
        (("--strategy", "simple_ma_crossover", "--param", "fast"), "--param fast: give it as key=value"),
        (("--strategy", "simple_ma_crossover", "--param", "fast=30"), "fast"),
        (("--strategy", "simple_ma_crossover", "--param", "slow=400"), "no decision in 250 candles"),
        (("--timerange", "20250101-20250201"), "no candles from 2025-01-01 to 2025-02-01"),
        (("--timerange", "soon"), "--timerange soon"),
        (("--mode", "swing"), "--mode swing: must be intraday or positional"),
        (("--strategy", "simple_ma_crossover", "--engine", "slow"), "--engine slow: must be event or fast"),
        (("--engine", "fast", "--ticks"), "--ticks: the fast engine knows candles only; take --engine event"),
        (("--symbols", "NSE:A-EQ,NSE:B-EQ"), "is one file"),
        (("--timeframe", "7m"), "--timeframe 7m"),
        (("--html", f"{NAME}/sheet.html"), "sheet.html cannot be written"),
    ],
)
def test_what_cannot_be_run_is_one_line(candles: Path, capsys, arguments: tuple[str, ...], words: str) -> None:
    chosen = arguments if "--strategy" in arguments else ("--strategy", "simple_ma_crossover", *arguments)
    before = files()

    assert words in complaint(capsys, "--data", NAME, *chosen)
    assert files() == before


def archived(candles: Path) -> list[Path]:
    """Put ticks of the fourth and fifth day into the archive: the four prices of each candle, three minutes apart."""
    rows = [line.split(",") for line in candles.read_text().splitlines()[1:]]
    starts = [int(np.datetime64(row[0].removesuffix("+00:00"), "ns").astype(np.int64)) for row in rows]
    paths = Settings().paths
    paths.live_ticks.parent.mkdir(parents=True, exist_ok=True)
    with LiveTicks(paths.live_ticks) as live:
        for number in (3, 4):
            ticks = []
            for row in range(number * 25, number * 25 + 25):
                prices = [round(float(each) * 100) for each in rows[row][1:5]]
                moments = [(starts[row] + each * 3 * MINUTE, price) for each, price in enumerate(prices)]
                ticks += [(at, "NSE:SBIN-EQ", at, price, price - 5, price + 5, 1) for at, price in moments]
            live.append(DAYS[number], ticks, {"NSE:SBIN-EQ": 2})
        for day in live.days():
            TickArchive(paths.archive).move_in(live, day)
    return sorted(paths.archive.rglob("*.parquet"))


def test_ticks_are_watched_where_the_archive_has_them_and_the_rest_is_counted(candles: Path, capsys) -> None:
    archived(candles)
    plain, watched = figures(capsys, "--data", NAME), figures(capsys, "--data", NAME, "--ticks")

    assert "NSE:SBIN-EQ: ticks in 2 of 10 sessions, candles alone in 8" in watched["notes"]
    assert watched["assumptions"] == plain["assumptions"] | {"tick_sessions": 2}
    assert watched["data_hash"] != plain["data_hash"]

    def trades(found: dict, *days: int) -> list:
        within = [instant_at(DAYS[day], time(0, 0)) for day in days]
        return [each for each in found["trade_list"] if any(0 <= each["entry_at"] - at < DAY for at in within)]

    assert trades(watched, 3, 4) != trades(plain, 3, 4)
    assert trades(watched, 0, 1, 2) == trades(plain, 0, 1, 2)
    assert json.loads(shown(capsys, "report", "--json")) == watched


def test_a_file_of_ticks_is_walked_by_the_candles_of_the_store(candles: Path, capsys) -> None:
    file = str(archived(candles)[1])
    shown(capsys, "import-data", NAME, "--yes")
    found = figures(capsys, "--data", file, "--ticks", "--timeframe", "15m")

    assert (found["first"], found["last"], found["candles"]) == ("2024-01-05", "2024-01-05", 25)
    assert "NSE:SBIN-EQ: ticks in 1 of 1 sessions, candles alone in 0" in found["notes"]
    rule = ("--strategy", "simple_ma_crossover", "--data", file, "--ticks", "--timeframe", "15m")
    assert "has ticks of NSE:SBIN-EQ on 2024-01-05 and nothing else" in complaint(
        capsys, *rule, "--symbols", "NSE:A-EQ"
    )
    assert "leave --symbols and --timerange out" in complaint(capsys, *rule, "--timerange", "20240105-")


@pytest.mark.parametrize("cell", ["", "nan", "-3.00"])
def test_a_price_that_is_none_ends_the_run_with_its_row(candles: Path, capsys, cell: str) -> None:
    lines = candles.read_text().splitlines()
    lines[40] = ",".join([*lines[40].split(",")[:3], cell, *lines[40].split(",")[4:]])
    candles.write_text("\n".join(lines))
    before = files()

    assert NAME in complaint(capsys, "--data", NAME, "--strategy", "simple_ma_crossover")
    assert files() == before


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

    assert "the store has no candles of any day;" in complaint(capsys, "--strategy", "simple_ma_crossover")


@pytest.mark.parametrize("source", [("--data", PARQUET), ("--symbols", "NSE:SBIN-EQ", "--timeframe", "15m")])
def test_a_fast_run_on_parquet_loads_none_of_the_libraries_it_has_no_use_for(
    candles: Path, capsys: pytest.CaptureFixture[str], source: tuple[str, ...]
) -> None:
    frame = pd.read_csv(candles)
    frame.assign(timestamp=pd.to_datetime(frame["timestamp"])).to_parquet(PARQUET)
    shown(capsys, "import-data", PARQUET, "--yes")
    wanted = figures(capsys, *source, "--engine", "fast")["net_pnl"]  # looks up the holidays, and compiles
    command = [sys.executable, "-c", PROGRAM, *RULE[:-2], *source, "--engine", "fast", "--json"]
    said, loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert json.loads(said)["net_pnl"] == wanted
    assert loaded == "[]"


def test_a_run_that_cannot_be_kept_is_reported_all_the_same(candles, capsys):
    state = Path("data/state")
    state.parent.mkdir()
    state.write_text("a file where the folder belongs")

    with pytest.raises(SystemExit) as ended:
        backtest("--data", NAME, "--json")

    said = capsys.readouterr()
    assert ended.value.code == 1
    assert json.loads(said.out)["candles"] == 250
    assert "cannot be opened" in said.err
