"""Runs are kept whole or not at all, each for itself, beside the tables of the bot."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigurationError, StorageError
from reporting import run_store
from reporting.analysis import analyse
from reporting.report_data import report_data
from reporting.run_record import RunRecord
from reporting.run_store import RunStore
from reporting.tear_sheet import tear_sheet
from trading.event_log_reader import EventLogReader
from trading.trading_log import TradingLog

from .conftest import MakeRecord


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "trading_log.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[RunStore]:
    opened = RunStore(path)
    yield opened
    opened.close()


def rows(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_run_comes_back_as_it_was_kept(store: RunStore, record: RunRecord) -> None:
    store.save(record)
    loaded = store.load(record.run_id)
    assert loaded.facts == record.facts
    assert loaded.trades == record.trades
    for name in ("at", "equity", "exposure"):
        assert np.array_equal(getattr(loaded, name), getattr(record, name))
    assert (loaded.charges, loaded.refusals, loaded.notes) == (record.charges, record.refusals, record.notes)
    assert [each.drawn.candles() for each in loaded.markets] == [each.drawn.candles() for each in record.markets]


def test_the_report_of_a_kept_run_is_the_very_same(store: RunStore, record: RunRecord) -> None:
    store.save(record)
    before, after = analyse(record), analyse(store.load(record.run_id))
    assert report_data(after, with_trades=True) == report_data(before, with_trades=True)
    assert tear_sheet(after) == tear_sheet(before)


def test_runs_do_not_mix(store: RunStore, make_record: MakeRecord) -> None:
    first, second = make_record(days=5, trades=9), make_record(days=6, trades=7, strategy="other", seed=2)
    for each in (first, second):
        store.save(each)
    assert store.load(first.run_id).trades == first.trades
    assert store.load(second.run_id).trades == second.trades
    assert [(run.run_id, run.trades, run.net) for run in store.runs()] == sorted(
        (each.run_id, len(each.trades), each.net) for each in (first, second)
    )


def test_the_tables_can_be_asked_without_us(store: RunStore, path: Path, record: RunRecord) -> None:
    store.save(record)
    with sqlite3.connect(path) as connection:
        net, days = connection.execute(
            "SELECT sum(net_paise), count(DISTINCT day) FROM backtest_trades WHERE run_id = ?", (record.run_id,)
        ).fetchone()
        profit, sessions, last = connection.execute(
            "SELECT sum(profit_paise), count(*), max(equity_paise) FILTER (WHERE day = '2023-11-24') "
            "FROM bt_portfolio_log WHERE run_id = ?",
            (record.run_id,),
        ).fetchone()
    assert (net, profit, sessions) == (record.net, record.net, 60)
    assert 0 < days <= 60
    assert last == record.equity[-1]


def test_a_run_is_kept_once(store: RunStore, path: Path, record: RunRecord) -> None:
    store.save(record)
    with pytest.raises(StorageError, match="kept already"):
        store.save(record)
    assert rows(path, "backtest_trades") == len(record.trades)


@pytest.mark.parametrize("place", ["INSERT_TRADE", "INSERT_DAY", "INSERT_MARKET"])
def test_a_run_that_cannot_be_kept_whole_is_not_kept(
    store: RunStore, path: Path, record: RunRecord, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(run_store, place, "INSERT INTO no_such_table VALUES (:run_id)")
    with pytest.raises(StorageError, match="no such table"):
        store.save(record)
    assert store.runs() == ()
    for table in ("backtest_runs", "backtest_trades", "bt_portfolio_log", "backtest_markets"):
        assert rows(path, table) == 0
    monkeypatch.undo()
    store.save(record)
    assert len(store.runs()) == 1


def test_a_value_that_the_tables_do_not_take_says_nothing_against_the_file(
    store: RunStore, path: Path, record: RunRecord
) -> None:
    first, *others = record.trades
    unfit = replace(record, trades=(replace(first, probability=float("nan")), *others))
    with pytest.raises(StorageError, match=r"does not take this run: NOT NULL .*; the file is whole") as refused:
        store.save(unfit)
    assert "move" not in str(refused.value)
    assert store.runs() == ()
    store.save(record)
    assert store.load(record.run_id).trades == record.trades


def test_an_unknown_run_is_named_with_where_to_look(store: RunStore) -> None:
    with pytest.raises(ConfigurationError, match=r"no run 'x' in .*fyersbot runs"):
        store.load("x")


@pytest.mark.parametrize("bot_is_first", [True, False])
def test_the_tables_of_the_bot_share_the_file(
    path: Path, tmp_path: Path, record: RunRecord, *, bot_is_first: bool
) -> None:
    path.parent.mkdir()

    def open_bot() -> TradingLog:
        return TradingLog(path, EventLogReader(tmp_path / "paper.sqlite"))

    bot = open_bot() if bot_is_first else None
    store = RunStore(path)
    store.save(record)
    bot = bot or open_bot()
    bot.close()
    assert len(store.runs()) == 1
    assert rows(path, "live_paper_trades") == 0
    store.close()


def test_the_file_is_for_its_owner_only(store: RunStore, path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0


def test_a_layout_of_another_version_is_refused(store: RunStore, path: Path) -> None:
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE backtest_layout SET version = 99")
    with pytest.raises(StorageError, match="layout 99, this version knows 1"):
        RunStore(path)


def test_a_run_that_somebody_changed_is_refused(store: RunStore, path: Path, record: RunRecord) -> None:
    store.save(record)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM backtest_trades WHERE number = 1")
    with pytest.raises(StorageError, match="changed after it was kept"):
        store.load(record.run_id)


@pytest.mark.parametrize("curve", [b"not packed", b""])
def test_a_curve_that_cannot_be_unpacked_is_named(store: RunStore, path: Path, record: RunRecord, curve: bytes) -> None:
    store.save(record)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE backtest_runs SET curve = ?", (curve,))
    with pytest.raises(StorageError, match="run it again"):
        store.load(record.run_id)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("somebody's notes, long enough to be no empty database")
    with pytest.raises(StorageError, match="damaged"):
        RunStore(path)


def test_a_run_without_a_trade_or_a_step_is_kept_too(store: RunStore, make_record: MakeRecord) -> None:
    none = np.empty(0, dtype=np.int64)
    empty = replace(make_record(days=1, trades=0), trades=(), at=none, equity=none, exposure=none, markets=())
    store.save(empty)
    loaded = store.load(empty.run_id)
    assert (len(loaded.at), loaded.trades) == (0, ())
