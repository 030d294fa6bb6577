"""The tables tell what the events tell: every event once, whatever kills the process in between."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from core import events
from core.errors import StorageError
from core.event_codec import encode_fact
from core.events import Verb
from core.orders import Purpose
from core.signals import Direction
from trading.bookkeeper import rebuild
from trading.event_log import SqliteEventLog
from trading.event_log_reader import EventLogReader
from trading.trading_log import BATCH, OvertakenError, TradingLog

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
TABLES = ("live_paper_trades", "pt_portfolio_log", "live_positions", "live_pt_debug_log")


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path


def tell(bot, folder: Path) -> Path:
    """Write what happened to the bot's log on disk, as far as it is not there; return the tables' file."""
    with SqliteEventLog(folder / "live.sqlite") as log:
        log.append(bot.happened[log.length :])
    return folder / "trading_log.sqlite"


def opened(folder: Path) -> TradingLog:
    return TradingLog(folder / "trading_log.sqlite", EventLogReader(folder / "live.sqlite"))


def follow(folder: Path) -> None:
    """One life of the process that keeps the tables, to the end of the log."""
    log = opened(folder)
    while log.catch_up():
        pass
    log.close()


def rows(path: Path, table: str) -> list[dict]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    found = [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid")]
    connection.close()
    return found


def everything(path: Path) -> dict[str, list]:
    tables = {table: sorted(tuple(row.values()) for row in rows(path, table)) for table in TABLES}
    return tables | {"progress": [(row["log"], row["seq"], row["hash"]) for row in rows(path, "progress")]}


def rebuilt(folder: Path) -> dict[str, list]:
    """The tables as they are made from the log in one go, in another file."""
    path = folder / "rebuilt.sqlite"
    path.unlink(missing_ok=True)
    rebuild(folder / "live.sqlite", path)
    return everything(path)


@pytest.fixture
def traded(bot):
    """A bot that has closed a long trade at its target and holds a short position."""
    bot.enter()
    bot.tick(bot.position().target + 5)
    bot.run(10)
    assert bot.trades
    bot.enter(Direction.SHORT, symbol=INFY)
    return bot


# --- what stands in them ------------------------------------------------------------------------------------------


def test_a_closed_trade_is_one_row_with_its_money_in_paise(traded, folder):
    path = tell(traded, folder)
    follow(folder)
    [row] = rows(path, "live_paper_trades")
    [trade] = traded.trades
    assert (row["symbol"], row["side"], row["quantity"], row["reason"]) == (SBIN, "BUY", trade.quantity, "target")
    assert (row["gross_paise"], row["charges_paise"], row["net_paise"]) == (trade.gross, trade.charges, trade.net)
    assert (row["entry_value_paise"], row["entry_price_paise"]) == (trade.entry_value, trade.entry_price)
    assert (row["exit_value_paise"], row["exit_price_paise"]) == (trade.exit_value, trade.exit_price)
    assert (row["stop_paise"], row["target_paise"], row["probability"]) == (trade.stop, trade.target, 0.7)
    assert (row["entry_at"], row["exit_at"]) == (trade.entry_at, trade.exit_at)
    assert (row["mode"], row["boot"], row["day"]) == ("live", 1, "2026-01-06")
    assert row["run_id"] == f"{row['log']}-1"


def test_times_are_told_in_indian_time_with_their_zone(traded, folder):
    path = tell(traded, folder)
    follow(folder)
    [row] = rows(path, "live_paper_trades")
    assert row["entry_time"].startswith("2026-01-06T10:00:0")
    assert row["entry_time"].endswith("+05:30")


def test_an_open_position_is_a_row_until_it_is_closed(traded, folder):
    path = tell(traded, folder)
    follow(folder)
    [row] = rows(path, "live_positions")
    position = traded.position(INFY)
    assert (row["symbol"], row["side"], row["quantity"]) == (INFY, "SELL", position.quantity)
    assert (row["stop_paise"], row["target_paise"]) == (position.stop, position.target)
    assert (row["is_protected"], row["unprotected_at"]) == (1, None)
    assert row["exit_order"] == traded.tag(Purpose.STOP)
    traded.run_to(15, 20)
    tell(traded, folder)
    follow(folder)
    assert rows(path, "live_positions") == []
    assert len(rows(path, "live_paper_trades")) == 2


def test_a_position_without_a_stop_says_since_when(bot, folder):
    bot.tick(80_000)
    bot.broker.plans[Verb.PLACE].extend(["", "never"])
    bot.signal(Direction.LONG)
    bot.run(2)
    path = tell(bot, folder)
    follow(folder)
    [row] = rows(path, "live_positions")
    assert row["is_protected"] == 0
    assert row["unprotected_at"] == bot.position().unprotected_since > 0
    assert row["unprotected_time"].startswith("2026-01-06T")


def test_the_portfolio_has_a_row_for_each_change(traded, folder):
    path = tell(traded, folder)
    follow(folder)
    told = [
        (row["positions"], row["unprotected"], row["trades"], row["realised_paise"])
        for row in rows(path, "pt_portfolio_log")
    ]
    net = traded.trades[0].net
    assert told == [
        (0, 0, 0, 0),
        (1, 1, 0, 0),
        (1, 0, 0, 0),
        (0, 0, 1, net),
        (1, 1, 1, net),
        (1, 0, 1, net),
    ]
    assert {row["level"] for row in rows(path, "pt_portfolio_log")} == {"RUN"}


def test_every_signal_says_whether_it_became_an_order_and_if_not_why(bot, folder):
    bot.tick(80_000)
    bot.signal(Direction.NONE)
    bot.signal(Direction.LONG)
    bot.run(2)
    bot.signal(Direction.LONG)  # while it holds a position
    bot.run(2)
    path = tell(bot, folder)
    follow(folder)
    told = [row for row in rows(path, "live_pt_debug_log") if row["symbol"] == SBIN]
    assert [(row["direction"], row["verdict"]) for row in told[-3:]] == [
        ("NONE", "no_signal"),
        ("LONG", "ordered"),
        ("LONG", "refused"),
    ]
    _, ordered, refused = told[-3:]
    assert ordered["tag"] == bot.tag(Purpose.ENTRY)
    [refusal] = bot.of_kind(events.EntryRefused)
    assert (refused["code"], refused["detail"], refused["tag"]) == (refusal.code, refusal.detail, None)
    assert json.loads(ordered["features"]) == [80_000.0]
    assert ordered["candle_time"].startswith("2026-01-06T")


# --- once, and only once ------------------------------------------------------------------------------------------


def test_following_a_log_that_grows_comes_to_what_a_rebuild_comes_to(traded, folder):
    whole = list(traded.happened)
    for length in range(0, len(whole), 7):
        traded.happened = whole[:length]
        path = tell(traded, folder)
        follow(folder)
    traded.happened = whole
    tell(traded, folder)
    follow(folder)
    assert everything(path) == rebuilt(folder)


class KilledError(BaseException):
    """The process is gone."""


class Dying:
    """A connection on which the process dies before or after its n-th statement."""

    def __init__(self, connection: sqlite3.Connection, statements: int, *, is_after: bool) -> None:
        self.connection, self.left, self.is_after = connection, statements, is_after

    def execute(self, statement: str, parameters=()):
        self.left -= 1
        if self.left == 0 and not self.is_after:
            raise KilledError
        result = self.connection.execute(statement, parameters)
        if self.left == 0:
            raise KilledError
        return result

    @property
    def in_transaction(self) -> bool:
        return False  # the dead do not roll back; the file does, when it is opened again

    def close(self) -> None:
        self.connection.close()


@pytest.mark.parametrize("is_after", [False, True])
def test_a_process_that_dies_at_any_statement_loses_nothing_and_doubles_nothing(traded, folder, is_after, monkeypatch):
    monkeypatch.setattr("trading.trading_log.BATCH", 20)
    path = tell(traded, folder)
    wanted = rebuilt(folder)
    for deaths in range(1, 400):
        path.unlink(missing_ok=True)
        log = opened(folder)
        raw = log._connection
        log._connection = Dying(raw, deaths, is_after=is_after)
        try:
            while log.catch_up():
                pass
        except KilledError:
            raw.close()
        else:
            log.close()
            break
        follow(folder)
        assert everything(path) == wanted, deaths
    else:
        pytest.fail("it never came to its end")
    assert deaths > 50


def test_a_failed_batch_can_be_tried_again_by_the_same_object(traded, folder):
    path = tell(traded, folder)
    log = opened(folder)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        log.catch_up()
    other.execute("ROLLBACK")
    other.close()
    while log.catch_up():
        pass
    log.close()
    assert everything(path) == rebuilt(folder)


def test_the_fold_is_kept_at_the_end_so_that_a_start_need_not_fold_again(traded, folder):
    path = tell(traded, folder)
    log = opened(folder)
    while log.catch_up():
        pass
    log.catch_up(keeps_fold=True)
    log.close()
    [row] = rows(path, "progress")
    assert row["fold"] == encode_fact(traded.kernel.state)
    log = opened(folder)
    assert log.catch_up() == 0
    log.close()


@pytest.mark.parametrize("damage", ["core = 'another'", "core = NULL, fold = NULL"])
def test_without_a_fold_that_fits_the_tables_go_on_all_the_same(traded, folder, damage):
    whole = list(traded.happened)
    traded.happened = whole[: len(whole) // 2]
    path = tell(traded, folder)
    follow(folder)
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE progress SET {damage}")
    connection.commit()
    connection.close()
    traded.happened = whole
    tell(traded, folder)
    follow(folder)
    assert everything(path) == rebuilt(folder)


def test_two_that_write_the_same_tables_come_to_the_same_rows(traded, folder, monkeypatch):
    monkeypatch.setattr("trading.trading_log.BATCH", 10)
    path = tell(traded, folder)
    first, second = opened(folder), opened(folder)
    overtaken = 0
    while True:
        counts = []
        for log in (first, second):
            try:
                counts.append(log.catch_up())
            except OvertakenError:
                overtaken += 1
                counts.append(1)
        if not any(counts):
            break
    first.close()
    second.close()
    assert overtaken
    assert everything(path) == rebuilt(folder)


# --- other logs ---------------------------------------------------------------------------------------------------


def test_a_log_that_was_put_back_from_an_older_copy_takes_its_rows_with_it(traded, folder):
    path = tell(traded, folder)
    follow(folder)
    (folder / "live.sqlite").unlink()
    traded.happened = traded.happened[: len(traded.happened) // 2]
    tell(traded, folder)
    follow(folder)
    assert everything(path) == rebuilt(folder)


def test_a_new_log_leaves_the_trades_of_the_old_one_but_not_its_positions(rehearse, traded, folder):
    path = tell(traded, folder)
    follow(folder)
    assert len(rows(path, "live_positions")) == 1
    (folder / "live.sqlite").unlink()
    other = rehearse()
    other.happened[0] = replace(other.happened[0], log_id="Z9")
    tell(other, folder)
    follow(folder)
    assert len(rows(path, "live_paper_trades")) == 1
    assert rows(path, "live_positions") == []
    assert len({row["log"] for row in rows(path, "pt_portfolio_log")}) == 2


def test_a_rebuild_keeps_what_came_from_other_logs(rehearse, traded, folder):
    path = tell(traded, folder)
    follow(folder)
    (folder / "live.sqlite").rename(folder / "moved.sqlite")
    other = rehearse()
    other.happened[0] = replace(other.happened[0], log_id="Z9")
    tell(other, folder)
    rebuild(folder / "live.sqlite", path)
    assert len(rows(path, "live_paper_trades")) == 1


def test_an_altered_event_is_not_taken(traded, folder):
    path = tell(traded, folder)
    connection = sqlite3.connect(folder / "live.sqlite")
    connection.execute("UPDATE events SET at = at + 1 WHERE seq = 40")
    connection.commit()
    connection.close()
    log = opened(folder)
    with pytest.raises(StorageError, match="row 40 was altered"):
        log.catch_up()
    log.close()
    assert rows(path, "progress") == []


def test_a_batch_is_small_enough_to_let_others_go_first():
    assert BATCH <= 500
