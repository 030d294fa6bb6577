"""The thread that keeps the tables: it follows, waits out what locks it, and never stands in trading's way."""

import logging
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core import events
from core.errors import ConfigurationError, StorageError
from core.event_codec import decode_fact
from core.events import SafetyLevel
from core.instants import instant_of, ist_datetime
from core.sessions import TradingDay
from core.state import BotState
from trading.bookkeeper import Bookkeeper, rebuild, rebuild_all
from trading.event_log import SqliteEventLog

PATIENCE = 20.0
MORNING = 1_767_670_200_000_000_000


def booted() -> events.Booted:
    return events.Booted(at=MORNING, boot=1, log_id="A1", mode="paper", account="PAPER", version="1", config_digest="d")


def day_began() -> events.DayBegan:
    times = {
        name: MORNING + number
        for number, name in enumerate(["open", "no_entry_after", "square_off", "flat_by", "close"], 1)
    }
    return events.DayBegan(at=MORNING, day=TradingDay(date=ist_datetime(MORNING).date(), **times))


def level(number: int) -> events.LevelChanged:
    """A change of the level, each to another one than before."""
    return events.LevelChanged(at=MORNING + number, level=list(SafetyLevel)[number % 5], why="")


@pytest.fixture
def event_log(tmp_path) -> SqliteEventLog:
    with SqliteEventLog(tmp_path / "paper.sqlite") as log:
        log.append([booted(), day_began()])
        yield log


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "trading_log.sqlite"


@pytest.fixture
def bookkeeper(tmp_path, path, monkeypatch) -> Bookkeeper:
    monkeypatch.setattr("trading.bookkeeper._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("trading.bookkeeper._RETRY_SECONDS", 0.05)
    bookkeeper = Bookkeeper(tmp_path / "paper.sqlite", path)
    yield bookkeeper
    bookkeeper.close()


def changes(path: Path) -> int:
    """Rows of the portfolio; the first is the beginning of the day."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT count(*) FROM pt_portfolio_log").fetchone()[0]
    finally:
        connection.close()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if what():
                return
        except sqlite3.Error:
            pass  # the file is not made yet
        time.sleep(0.01)
    pytest.fail("it did not come")


def test_it_follows_a_log_that_grows(bookkeeper, event_log, path):
    bookkeeper.start()
    wait_for(lambda: changes(path) == 1)
    for number in range(1, 4):
        event_log.append([level(number)])
        wait_for(lambda wanted=number + 1: changes(path) == wanted)


def test_it_waits_for_a_log_that_is_not_there_yet(bookkeeper, tmp_path, path, caplog):
    bookkeeper.start()
    wait_for(path.exists)
    with SqliteEventLog(tmp_path / "paper.sqlite") as log:
        log.append([booted(), day_began()])
        wait_for(lambda: changes(path) == 1)
    assert not caplog.records


def test_what_the_log_has_at_the_end_is_in_the_tables(bookkeeper, event_log, path):
    bookkeeper.start()
    event_log.append([level(number) for number in range(1, 1_001)])
    bookkeeper.close()
    assert changes(path) == 1_001
    connection = sqlite3.connect(path)
    [(fold,)] = connection.execute("SELECT fold FROM progress").fetchall()
    connection.close()
    assert decode_fact(BotState, fold).seq == event_log.length  # the next life need not fold again


def test_the_next_life_goes_on_where_the_last_one_ended(bookkeeper, event_log, tmp_path, path):
    bookkeeper.start()
    bookkeeper.close()
    event_log.append([level(1)])
    again = Bookkeeper(tmp_path / "paper.sqlite", path)
    again.start()
    again.close()
    assert changes(path) == 2


def test_a_reader_in_a_long_transaction_stops_neither_the_log_nor_the_tables(bookkeeper, event_log, tmp_path, path):
    bookkeeper.start()
    wait_for(lambda: changes(path) == 1)
    readers = []
    for file, table in ((path, "pt_portfolio_log"), (tmp_path / "paper.sqlite", "events")):
        reader = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute(f"SELECT count(*) FROM {table}").fetchone()
        readers.append(reader)
    for number in range(1, 300):
        event_log.append([level(number)])
    wait_for(lambda: changes(path) == 300)
    assert readers[0].execute("SELECT count(*) FROM pt_portfolio_log").fetchone() == (1,)
    for reader in readers:
        reader.close()


def test_tables_that_somebody_locks_are_written_when_he_is_done(bookkeeper, event_log, path, caplog):
    caplog.set_level(logging.INFO)
    bookkeeper.start()
    wait_for(lambda: changes(path) == 1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    event_log.append([level(1)])
    wait_for(lambda: "falls behind" in caplog.text)
    for number in range(2, 50):
        event_log.append([level(number)])  # trading does not notice
    time.sleep(0.3)
    holder.execute("ROLLBACK")
    holder.close()
    wait_for(lambda: changes(path) == 50)
    wait_for(lambda: "is written again" in caplog.text)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warnings] == [
        f"The trading log falls behind: trading log {path} cannot be written: database is locked; free or repair it"
    ]


def test_a_file_that_is_no_database_is_a_warning_and_no_more(bookkeeper, event_log, path, caplog):
    path.write_text("not a database, but long enough to be looked at " * 20)
    bookkeeper.start()
    wait_for(lambda: "falls behind" in caplog.text)
    path.unlink()
    wait_for(lambda: changes(path) == 1)


def test_a_file_of_another_layout_is_left_alone(bookkeeper, event_log, path, caplog):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=9")
    connection.close()
    bookkeeper.start()
    wait_for(lambda: "has layout 9, this version writes 1; move it away" in caplog.text)


def test_a_full_disk_is_waited_out(bookkeeper, event_log, path, caplog, monkeypatch):
    has_room = threading.Event()
    real = sqlite3.connect

    class Full(sqlite3.Connection):
        def execute(self, statement, *arguments):
            if statement == "COMMIT" and not has_room.is_set():
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(statement, *arguments)

    monkeypatch.setattr("trading.trading_log.sqlite3.connect", lambda *a, **k: real(*a, factory=Full, **k))
    has_room.set()
    bookkeeper.start()
    wait_for(lambda: changes(path) == 1)
    has_room.clear()
    event_log.append([level(1)])
    wait_for(lambda: "disk is full" in caplog.text)
    assert changes(path) == 1
    has_room.set()
    wait_for(lambda: changes(path) == 2)


def test_what_nobody_foresaw_is_cried_out_and_ends_the_thread_only(bookkeeper, event_log, caplog, monkeypatch):
    monkeypatch.setattr("trading.bookkeeper.TradingLog.catch_up", lambda self: 1 / 0)
    bookkeeper.start()
    wait_for(lambda: "is not kept any more" in caplog.text)
    [record] = caplog.records
    assert record.levelno == logging.CRITICAL
    bookkeeper.close()


def test_ending_what_was_never_started_is_allowed(bookkeeper):
    bookkeeper.close()
    bookkeeper.close()


def test_a_rebuild_says_how_many_events_are_in_the_tables(event_log, tmp_path, path):
    event_log.append([level(1)])
    assert rebuild(tmp_path / "paper.sqlite", path) == 3
    assert rebuild_all(tmp_path) == {"paper.sqlite": 3}
    assert changes(path) == 2


def test_a_rebuild_over_a_damaged_file_says_which_is_damaged_and_what_to_do(event_log, tmp_path, path):
    path.write_text("not a database, but long enough to be looked at " * 20)
    with pytest.raises(StorageError) as refused:
        rebuild_all(tmp_path)
    assert str(refused.value) == (
        f"trading log {path} is damaged: file is not a database; delete it, "
        "`fyersbot rebuild-trading-log` makes it anew"
    )
    path.unlink()
    event_log._connection.execute("UPDATE events SET body = '{}' WHERE seq = 2")
    with pytest.raises(
        StorageError, match=r"event log .*: row 2 was altered or .* is missing; restore it from a copy$"
    ):
        rebuild_all(tmp_path)


def test_two_that_make_the_file_at_once_both_find_their_tables(event_log, tmp_path, path):
    failures = []

    def make() -> None:
        try:
            rebuild(tmp_path / "paper.sqlite", path)
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert changes(path) == 1


def test_a_rebuild_beside_a_bot_that_runs_comes_to_the_same(bookkeeper, event_log, tmp_path, path):
    bookkeeper.start()
    event_log.append([level(number) for number in range(1, 1_001)])
    for _ in range(3):
        rebuild(tmp_path / "paper.sqlite", path)
    event_log.append([level(1_001)])
    wait_for(lambda: changes(path) == 1_002)


def test_a_folder_without_a_log_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"holds no event log; set paths\.state"):
        rebuild_all(tmp_path)


def test_the_morning_of_these_tests_is_in_india():
    assert ist_datetime(MORNING).isoformat() == "2026-01-06T09:00:00+05:30"
    assert instant_of(ist_datetime(MORNING)) == MORNING


PROGRAM = """
import sys
from pathlib import Path
from core import events
from core.events import SafetyLevel
from trading import bookkeeper
from trading.event_log import SqliteEventLog

bookkeeper._LOOK_SECONDS = bookkeeper._BREATH_SECONDS = 0.001
folder = Path(sys.argv[1])
with SqliteEventLog(folder / "paper.sqlite") as log:
    bookkeeper.Bookkeeper(folder / "paper.sqlite", folder / "trading_log.sqlite").start()
    print("ready", flush=True)
    while True:
        log.append([events.LevelChanged(at=log.length, level=list(SafetyLevel)[log.length % 5], why="")])
"""


def test_a_process_that_is_killed_again_and_again_leaves_tables_equal_to_a_rebuild(event_log, tmp_path, path):
    for life in range(6):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.07 * life)
        process.kill()
        process.wait()
        process.stdout.close()
    last = Bookkeeper(tmp_path / "paper.sqlite", path)
    last.start()
    last.close()
    rebuild(tmp_path / "paper.sqlite", tmp_path / "again.sqlite")
    assert changes(path) > 6
    assert portfolio(path) == portfolio(tmp_path / "again.sqlite")


def portfolio(path: Path) -> list[tuple]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = connection.execute("SELECT * FROM pt_portfolio_log ORDER BY seq").fetchall()
    connection.close()
    return found
