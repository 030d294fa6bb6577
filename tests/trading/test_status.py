"""A bot told from its log: by another process, while it runs and after it died."""

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from core import events
from core.errors import ConfigurationError, StorageError
from core.events import Condition, SafetyLevel, Verb
from core.instants import SECOND, ist_date
from core.market import Instrument, Side
from core.orders import OrderIntent, OrderType, Outcome, OutcomeKind, Product, Purpose
from runtime.clock import MarketClock
from runtime.settings import Mode, Settings
from simulation.setting import DESK
from trading.bot_lock import LOCK_FILE
from trading.event_log import LAYOUT, SqliteEventLog
from trading.status import status_of

from .conftest import HandClock, WeekdayCalendar
from .test_skew_figures import SKEWED, keep

NINE = 1_767_670_200 * SECOND
"""09:00 in India on 2026-01-06."""
SBIN = "NSE:SBIN-EQ"
CLOCK = HandClock(NINE + 61 * SECOND)


def intent(tag: str, purpose: Purpose, side: Side) -> OrderIntent:
    is_stop = purpose is Purpose.STOP
    return OrderIntent(
        tag=tag,
        symbol=SBIN,
        side=side,
        quantity=10,
        type=OrderType.STOP_LIMIT if is_stop else OrderType.LIMIT,
        limit_price=79_000 if is_stop else 80_160,
        trigger_price=79_600 if is_stop else 0,
        product=Product.INTRADAY,
        purpose=purpose,
        reason="",
    )


def booted(mode: str, at: int = NINE) -> events.Booted:
    return events.Booted(at=at, boot=1, log_id="A1", mode=mode, account="XY0001", version="1", config_digest="")


def adopted() -> events.PositionAdopted:
    return events.PositionAdopted(
        at=NINE + 2,
        symbol=SBIN,
        product=Product.INTRADAY,
        quantity=-10,
        entry_value=800_050,
        stop=80_400,
        target=79_000,
        stop_order=None,
    )


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings.model_validate({"paths": {"state": tmp_path}})


def write(folder: Path, mode: str, *told: events.Event) -> SqliteEventLog:
    log = SqliteEventLog(folder / f"{mode}.sqlite")
    log.append(told)
    return log


def test_a_bot_is_told_with_its_level_doubts_positions_and_orders(settings, tmp_path):
    ack = Outcome(kind=OutcomeKind.UNKNOWN)
    with write(
        tmp_path,
        "live",
        booted("live"),
        adopted(),
        events.OrderIntended(at=NINE + 3, intent=intent("T1", Purpose.STOP, Side.BUY)),
        events.OutcomeArrived(at=NINE + 4, verb=Verb.PLACE, tag="T1", outcome=ack),
        events.LevelChanged(at=NINE + 5, level=SafetyLevel.EXIT_ONLY, why="news"),
        events.ConditionChanged(at=NINE + SECOND, condition=Condition.DISK, holds=True, why="1 MB is left"),
    ):
        told = status_of(settings, None, CLOCK)
    assert told.data == {
        "mode": "live",
        "rehearsal": False,
        "account": "XY0001",
        "bot_runs": False,
        "level": "EXIT_ONLY",
        "latched": True,
        "why": "news; DISK: 1 MB is left",
        "conditions": {"DISK": "1 MB is left"},
        "day": None,
        "reconciled": False,
        "positions": [
            {
                "symbol": SBIN,
                "quantity": -10,
                "entry_price": 800.05,
                "stop": 804.0,
                "target": 790.0,
                "protected": False,
                "leaves_for": None,
            }
        ],
        "live_orders": [
            {
                "tag": "T1",
                "symbol": SBIN,
                "purpose": "STOP",
                "side": "BUY",
                "remaining": 10,
                "price": 796.0,
                "state": "unknown",
            }
        ],
        "trades": 0,
        "realised": 0.0,
        "protected_share": None,
        "longest_unprotected_seconds": 0.0,
        "loss_if_left_alone": 800.0,
        "built_candles": None,
        "drift": None,
        "caution": None,
        "skew": None,
        "last_event_at": "2026-01-06 09:00:01",
        "last_event_age_seconds": 60.0,
        "event_log": str(tmp_path / "live.sqlite"),
    }
    assert told.lines == [
        "live bot on account XY0001 does not run; last event 2026-01-06 09:00:01, recorded 60 s ago",
        "safety level EXIT_ONLY: news; DISK: 1 MB is left",
        "day not begun: 0 trades, realised 0.00 rupees",
        "no position was held today; if this machine dies now: 800.00 rupees lost at worst",
        "-10 NSE:SBIN-EQ: entry 800.05, stop 804.00, NOT PROTECTED",
        "order T1: stop, BUY 10 NSE:SBIN-EQ at 796.00, unknown",
    ]


def test_the_protected_share_of_the_day_is_told_with_the_loss_up_to_the_price_band(settings, tmp_path):
    session = WeekdayCalendar().trading_day(ist_date(NINE))
    instrument = Instrument(symbol=SBIN, token="10100000003045", tick=5, lower_band=79_000, upper_band=81_000)
    later = replace(adopted(), at=session.open)
    with write(
        tmp_path,
        "paper",
        booted("paper"),
        replace(DESK, at=NINE, instruments=(instrument,)),
        events.DayBegan(at=NINE + 1, day=session),
        later,
        events.Reconciled(at=session.open + 30 * SECOND, why=""),
    ):
        told = status_of(settings, None, HandClock(session.open + 3 * 3_600 * SECOND))
    assert (told.data["protected_share"], told.data["longest_unprotected_seconds"]) == (0.0, 30.0)
    assert told.data["loss_if_left_alone"] == 99.5
    assert told.lines[3] == (
        "protected 0.00% of position time, longest without a stop 30.0 s; "
        "if this machine dies now: 99.50 rupees lost at worst"
    )
    assert told.lines[0].endswith("recorded 3 h ago")


def test_a_rehearsal_is_named_and_its_age_is_that_of_the_file_because_its_clock_is_another(settings, tmp_path):
    with write(tmp_path, "live", replace(booted("live"), is_rehearsal=True)):
        for path in tmp_path.glob("live.sqlite*"):
            os.utime(path, ns=(MarketClock().now() - 600 * SECOND,) * 2)
        told = status_of(settings, None, CLOCK)
    assert told.data["rehearsal"] is True
    assert told.lines[0].startswith("rehearsal bot on account XY0001 does not run")
    assert told.lines[0].endswith("recorded 10 min ago")


def test_the_newest_log_is_told_unless_a_mode_is_named(settings, tmp_path):
    with write(tmp_path, "live", booted("live", NINE)), write(tmp_path, "paper", booted("paper", NINE + SECOND)):
        assert status_of(settings, None, CLOCK).state.mode == "paper"
        assert status_of(settings, Mode.LIVE, CLOCK).state.mode == "live"


def test_a_running_bot_that_writes_is_neither_disturbed_nor_waited_for(settings, tmp_path):
    with FileLock(tmp_path / LOCK_FILE), write(tmp_path, "paper", booted("paper")) as log:
        log._connection.execute("BEGIN IMMEDIATE")
        assert status_of(settings, None, CLOCK).bot_runs
        log._connection.execute("ROLLBACK")
        log.append([adopted()])
        assert len(status_of(settings, None, CLOCK).state.positions) == 1


def test_a_log_left_by_a_kill_is_read_and_left_as_it_was(settings, tmp_path):
    pid = os.fork()
    if pid == 0:
        write(tmp_path, "paper", booted("paper"))
        os._exit(9)
    os.waitpid(pid, 0)
    before = (tmp_path / "paper.sqlite").read_bytes()
    assert status_of(settings, None, CLOCK).state.boot == 1
    assert (tmp_path / "paper.sqlite").read_bytes() == before


def test_a_log_at_rest_is_read_without_a_trace(settings, tmp_path):
    write(tmp_path, "paper", booted("paper")).close()
    before = sorted(path.name for path in tmp_path.iterdir())
    assert status_of(settings, None, CLOCK).state.mode == "paper"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("is_empty", [True, False])
def test_where_no_bot_has_run_there_is_one_line_and_no_file(settings, tmp_path, is_empty):
    if is_empty:
        write(tmp_path, "paper").close()
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ConfigurationError, match=r"no bot has run on .*; run this in .*--config"):
        status_of(settings, None, CLOCK)
    with pytest.raises(ConfigurationError, match="no live bot has run"):
        status_of(settings, Mode.LIVE, CLOCK)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_log_that_is_none_or_of_another_version_is_an_error_in_words(settings, tmp_path):
    path = tmp_path / "paper.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="cannot be read: file is not a database"):
        status_of(settings, None, CLOCK)
    path.unlink()
    sqlite3.connect(path).execute("PRAGMA user_version=7").connection.close()
    with pytest.raises(StorageError, match=f"has layout 7, this version reads {LAYOUT}"):
        status_of(settings, None, CLOCK)


def test_the_newest_check_of_live_features_is_told_with_the_bot_it_was_of(settings, tmp_path):
    settings = Settings.model_validate({"paths": {"state": tmp_path, "logs": tmp_path / "logs"}})
    keep(settings.paths.logs, "2026-01-06", SKEWED | {"mode": "live"})
    for mode, known in (("live", "2026-01-06"), ("paper", None)):
        with write(tmp_path, mode, booted(mode)):
            told = status_of(settings, Mode(mode), CLOCK)
        assert (told.data["skew"] or {}).get("day") == known
        assert any(line.startswith("skew of 2026-01-06: decisions changed: 2") for line in told.lines) is bool(known)
