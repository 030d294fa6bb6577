"""`fyersbot report` and `fyersbot runs`, as somebody types them."""

import json
import sqlite3
from contextlib import closing
from datetime import date, time
from pathlib import Path

import numpy as np
import pytest

from core import events
from core.charges import Charges
from core.events import Command
from core.instants import DAY, HOUR, instant_at
from core.market import Side
from core.positions import Trade
from features.columns import CandleColumns
from reporting.run_record import RunFacts, RunRecord, SymbolCandles
from reporting.run_store import RunStore
from runtime.settings import Mode
from trading.event_log import SqliteEventLog
from trading.state_files import log_path, trading_log_path

from .conftest import Run

MONDAY = instant_at(date(2024, 1, 1), time(15, 30))
SYMBOL = "NSE:SBIN-EQ"


def record_of(profit: int) -> RunRecord:
    """Three days of daily candles, and one trade."""
    at = MONDAY + DAY * np.arange(3, dtype=np.int64)
    prices = np.array([600_00, 610_00, 620_00])
    candles = CandleColumns(at, prices, prices, prices, prices, np.array([9, 9, 9]))
    trade = Trade(
        symbol=SYMBOL,
        side=Side.BUY,
        quantity=10,
        entry_at=MONDAY,
        entry_value=6_000_00,
        exit_at=MONDAY + DAY,
        exit_value=6_000_00 + profit + 10_00,
        exit_reason="target",
        charges=10_00,
        stop=590_00,
        target=620_00,
        probability=0.6,
    )
    facts = RunFacts(
        started_at=MONDAY + 4 * DAY + HOUR,
        strategy="simple_ma_crossover",
        parameters={"profit": profit},
        symbols=(SYMBOL,),
        timeframe="D",
        mode="positional",
        engine="fast",
        first=MONDAY,
        last=MONDAY + 2 * DAY,
        capital=1_00_000_00,
    )
    return RunRecord(
        facts=facts,
        trades=(trade,),
        at=at,
        equity=np.array([1_00_000_00, 1_00_000_00 + profit, 1_00_000_00 + profit]),
        exposure=np.array([6_000_00, 0, 0]),
        charges=Charges(brokerage=10_00),
        refusals={},
        candles=3,
        seconds=0.1,
        markets=(SymbolCandles.of(SYMBOL, candles, (trade,)),),
    )


@pytest.fixture
def state(home: Path) -> Path:
    return home / "data" / "state"


@pytest.fixture
def two(state: Path) -> tuple[RunRecord, RunRecord]:
    """A run that won and one that lost, kept in this order of their names."""
    first, second = sorted((record_of(100_00), record_of(-40_00)), key=lambda record: record.run_id)
    with closing(RunStore(trading_log_path(state))) as store:
        store.save(first)
        store.save(second)
    return first, second


def test_runs_are_listed(run: Run, two: tuple[RunRecord, RunRecord], monkeypatch: pytest.MonkeyPatch) -> None:
    listed = json.loads(run("runs", "--json").out)["runs"]
    assert [(each["run_id"], each["net_pnl"]) for each in listed] == [(each.run_id, each.net / 100) for each in two]
    told = json.loads(run("report", "--run-id", two[0].run_id, "--json").out)
    assert {name: told[name] for name in listed[0] if name != "started_at"} == {
        name: value for name, value in listed[0].items() if name != "started_at"
    }
    for width in ("80", "120"):
        monkeypatch.setenv("COLUMNS", width)
        shown = run("runs").out
        assert [each.run_id in shown for each in two] == [True, True]
        assert "+100.00" in shown
        assert "-40.00" in shown
        assert max(map(len, shown.splitlines())) <= int(width)


def test_without_runs_the_list_says_how_to_make_one_and_makes_no_file(run: Run, state: Path) -> None:
    answer = run("runs")
    assert answer.code == 0
    assert "fyersbot backtest" in answer.out
    assert json.loads(run("runs", "--json").out) == {"runs": []}
    assert "no backtests yet" in run("report").complaint
    assert not trading_log_path(state).exists()


def test_a_run_is_reported_again(run: Run, two: tuple[RunRecord, RunRecord]) -> None:
    answer = run("report", "--run-id", two[0].run_id)
    assert answer.code == 0
    assert two[0].run_id in answer.out
    assert "Absolute profit" in answer.out


def test_without_a_name_the_newest_run_is_meant(run: Run, two: tuple[RunRecord, RunRecord]) -> None:
    told = json.loads(run("report", "--json").out)
    assert told["run_id"] == two[1].run_id
    assert (told["trades"], told["net_pnl"], told["charges"], told["candles"]) == (1, two[1].net / 100, 10.0, 3)
    assert told["trade_list"][0]["net"] == two[1].net / 100
    assert told["summary"]["SQN"] is None


def test_runs_are_compared(run: Run, two: tuple[RunRecord, RunRecord]) -> None:
    first, second = two
    names = ("--run-id", first.run_id, "--compare", second.run_id)
    rows = {each["label"]: each for each in json.loads(run("report", *names, "--json").out)["comparison"]}
    assert rows["Absolute profit"]["values"] == [first.net / 100, second.net / 100]
    assert rows["Absolute profit"]["differences"] == [(second.net - first.net) / 100]
    assert "B - A" in run("report", *names).out


def test_the_page_is_written(run: Run, two: tuple[RunRecord, RunRecord], home: Path) -> None:
    answer = run("report", "--html", home / "page.html", "--compare", two[0].run_id)
    assert answer.code == 0
    page = (home / "page.html").read_text()
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert two[0].run_id in page


@pytest.mark.usefixtures("two")
def test_an_unknown_run_is_one_line_and_no_page(run: Run, home: Path) -> None:
    assert "no run '2024'" in run("report", "--run-id", "2024").complaint
    answer = run("report", "--compare", "2024", "--html", home / "page.html", "--json")
    assert "fyersbot runs" in answer.complaint
    assert not (home / "page.html").exists()


@pytest.mark.usefixtures("two")
def test_a_page_that_cannot_be_written_is_one_line(run: Run, home: Path) -> None:
    (home / "file").touch()
    assert "cannot be written" in run("report", "--html", home / "file" / "page.html").complaint


@pytest.mark.usefixtures("two")
def test_a_damaged_file_is_one_line(run: Run, state: Path) -> None:
    for each in state.glob("trading_log.sqlite*"):
        each.write_bytes(b"these are not the tables that were here before")
    assert "damaged" in run("runs").complaint


def test_the_tables_of_runs_outlive_a_rebuilt_trading_log(
    run: Run, two: tuple[RunRecord, RunRecord], state: Path
) -> None:
    log = SqliteEventLog(log_path(state, Mode.PAPER))
    log.append([events.CommandGiven(at=MONDAY, command=Command.HALT, why="lunch")])
    log.close()
    assert run("rebuild-trading-log").code == 0
    with closing(sqlite3.connect(trading_log_path(state))) as connection:
        assert connection.execute("SELECT count(*) FROM backtest_runs").fetchone() == (len(two),)
