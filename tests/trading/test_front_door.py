"""What a person at a terminal sees over several days: log lines, the live view, the report, and all of it again."""

import errno
import io
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, time, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from rich.console import Console

from core import events
from core.charges import ChargeRates
from core.errors import BotError, ConfigurationError, StorageError
from core.events import SafetyLevel
from core.instants import instant_at, ist_datetime
from core.market import Instrument
from core.sessions import TradingDay
from core.signals import Needs
from market_data.ticks.live_ticks import LiveTicks
from runtime.clock import MarketClock
from runtime.settings import (
    AuthSettings,
    BrokerSettings,
    ClockSettings,
    DiskSettings,
    EndpointSettings,
    LiveSettings,
    Mode,
    PathSettings,
    RiskSettings,
    Settings,
    TickSettings,
)
from trading import front_door
from trading import screen as screen_module
from trading.desk import Habits
from trading.kernel import Kernel
from trading.live_view import LiveView
from trading.observer import snapshot_of
from trading.trading_rules import rules_of

SBIN = "NSE:SBIN-EQ"
SECRET = "secret-of-the-app"
TUESDAY = date(2026, 1, 6)
FREE = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
SILENT = SimpleNamespace(name="silent", needs=Needs(features=()), on_data=lambda _now, _before: None)
NO_ROWS = SimpleNamespace(warm_up=0, update=lambda _candle: None)


def session(day: date) -> TradingDay:
    return TradingDay(
        date=day,
        open=instant_at(day, time(9, 15)),
        no_entry_after=instant_at(day, time(14, 45)),
        square_off=instant_at(day, time(15, 5)),
        flat_by=instant_at(day, time(15, 10)),
        close=instant_at(day, time(15, 30)),
    )


def kernel_on(day: date, settings: Settings) -> Kernel:
    rules = rules_of(settings, FREE, MarketClock())
    kernel = Kernel(rules, {SBIN: Instrument(symbol=SBIN, token="1", tick=5)}, SILENT, lambda _symbol: NO_ROWS)
    mode, account = settings.mode.value, settings.live.account
    kernel.restore(events.Booted(at=0, boot=1, log_id="a", mode=mode, account=account, version="1", config_digest="a"))
    kernel.restore(events.DayBegan(at=instant_at(day, time(9, 0)), day=session(day)))
    return kernel


class ManyDays:
    """Stands for the wiring: its trader lives through some days, and says whether the view was drawn."""

    choice = SimpleNamespace(warnings=("model sbin learned other trades",))

    def __init__(self, settings: Settings, *_: object) -> None:
        self.settings = settings

    def trader(
        self,
        habits: Habits,
        on_moment: Callable[[Kernel], None],
        on_day_end: Callable[[Kernel], None],
        _service: object,
    ) -> SimpleNamespace:
        def run() -> int:
            for number in range(habits.days or 0):
                logging.getLogger("trading").critical("SIGN_IN_NEEDED before day %d", number + 1)
                kernel = kernel_on(TUESDAY + timedelta(days=number), self.settings)
                logging.getLogger("trading").info("traded day %d with %s", number + 1, SECRET)
                on_moment(kernel)
                on_moment(kernel)
                on_day_end(kernel)
            return habits.days or 0

        return SimpleNamespace(run=run, fail=FAULTS.append)


class WatchedView(LiveView):
    """Remembers each start that drew, and each end."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.story: list[str] = []
        VIEWS.append(self)

    def start(self) -> None:
        was = self.is_drawing
        super().start()
        if self.is_drawing and not was:
            self.story.append("drawn")

    def stop(self) -> None:
        if self.is_drawing:
            self.story.append("ended")
        super().stop()


VIEWS: list[WatchedView] = []
FAULTS: list[str] = []
CHECKED: list[date] = []
"""Days that the evening had checked."""


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    output = io.StringIO()
    console = Console(file=output, width=120, height=40, force_terminal=True)
    VIEWS.clear()
    FAULTS.clear()
    monkeypatch.setattr(screen_module, "Console", lambda **_: console)
    monkeypatch.setattr(screen_module, "LiveView", WatchedView)
    monkeypatch.setattr(front_door, "Wiring", ManyDays)
    monkeypatch.setattr(front_door, "_stop_on_signals", lambda _trader: None)
    CHECKED.clear()
    monkeypatch.setattr(front_door, "EveningSkew", lambda *_of, **_how: lambda day, _ends: CHECKED.append(day))
    return output


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        auth=AuthSettings(secret_key=SecretStr(SECRET)),
        disk=DiskSettings(floor_mb=0, reserve_mb=1),
        paths=PathSettings(
            state=tmp_path / "state",
            logs=tmp_path / "logs",
            cache=tmp_path / "cache",
            archive=tmp_path / "archive",
            live_ticks=tmp_path / "live.sqlite",
        ),
    )


def test_the_live_view_comes_back_on_each_day_and_log_lines_fill_the_time_between(
    screen: io.StringIO, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    front_door.run_bot(settings, typed_mode=None, days=3, as_json=False)
    assert VIEWS[0].story == ["drawn", "ended"] * 3
    said = capsys.readouterr().err
    assert "traded day" in said.partition("SIGN_IN_NEEDED before day 2")[0]
    for number in (1, 2, 3):
        assert f"traded day {number}" in screen.getvalue()
        assert f"SIGN_IN_NEEDED before day {number}" in said


def test_a_model_that_learned_other_trades_is_told_of_at_the_start(
    screen: io.StringIO, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
    assert "The model sbin learned other trades" in capsys.readouterr().err
    assert "The model sbin learned other trades" in screen.getvalue()


@pytest.mark.usefixtures("screen")
@pytest.mark.parametrize("records", [True, False])
def test_a_run_of_some_days_archives_what_it_recorded_before_it_ends(settings: Settings, records: bool) -> None:
    settings = settings.model_copy(update={"ticks": TickSettings(record=records)})
    at = instant_at(TUESDAY, time(10, 0))
    with LiveTicks(settings.paths.live_ticks) as live:
        live.append(TUESDAY, [(at, SBIN, at, 80_000, 79_995, 80_005, 10)], {SBIN: 2})
    front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
    with LiveTicks(settings.paths.live_ticks) as live:
        assert [day.day for day in live.days()] == ([] if records else [TUESDAY])
    assert settings.paths.archive.exists() is records


@pytest.mark.usefixtures("screen")
@pytest.mark.parametrize(("days", "checked"), [(1, [TUESDAY]), (0, [])])
def test_a_run_of_some_days_has_the_newest_checked_before_it_ends(
    settings: Settings, days: int, checked: list[date]
) -> None:
    clock = ClockSettings(start=ist_datetime(instant_at(TUESDAY, time(15, 40))))
    front_door.run_bot(settings.model_copy(update={"clock": clock}), typed_mode=None, days=days, as_json=False)
    assert checked == CHECKED


@pytest.mark.hazard("X12")
def test_the_view_shows_no_secret(screen: io.StringIO, settings: Settings) -> None:
    front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
    assert "traded day 1 with [redacted]" in screen.getvalue()
    assert SECRET not in screen.getvalue()


def test_the_limit_shown_is_the_limit_that_closes_everything(settings: Settings) -> None:
    risk = RiskSettings(max_loss_fraction=0.07)
    kernel = kernel_on(TUESDAY, settings.model_copy(update={"risk": risk}))
    assert snapshot_of(kernel, kernel.state.day.open, ()).max_loss == kernel.engine.rules.max_loss == 3_500_000


@pytest.mark.hazard("X9")
def test_the_view_is_given_words_that_cannot_command_the_terminal(settings: Settings) -> None:
    spite = "\x1b[2J\x1b]0;title\x07\u202e"
    live = settings.model_copy(update={"live": LiveSettings(account=f"XA1{spite}"), "mode": Mode.LIVE})
    kernel = kernel_on(TUESDAY, live)
    kernel.restore(events.LevelChanged(at=1, level=SafetyLevel.NO_ENTRY, why=f"no{spite}"))
    kernel.restore(events.SymbolBlocked(at=1, symbol=SBIN, why=f"no{spite}"))
    view = snapshot_of(kernel, kernel.state.day.open, ())
    assert (view.account, view.level_why, view.symbols[0].note) == ("XA1 [2J ]0;title", *["no [2J ]0;title"] * 2)


@pytest.mark.hazard("S20", "V10")
@pytest.mark.parametrize("typed", [None, "paper"])
def test_live_settings_that_nobody_typed_start_nothing(typed: str | None, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="type --mode live too, or set mode to paper"):
        front_door.run_bot(settings.model_copy(update={"mode": Mode.LIVE}), typed_mode=typed, days=1, as_json=False)
    assert list(tmp_path.iterdir()) == []


# --- what comes of it, for programs ----------------------------------------------------------------------------------


def test_each_day_is_one_json_object(
    screen: io.StringIO, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    front_door.run_bot(settings, typed_mode=None, days=2, as_json=True)
    days = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [day["date"] for day in days] == ["2026-01-06", "2026-01-07"]


def test_a_stop_before_any_session_is_one_json_object_that_says_so(
    screen: io.StringIO, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    front_door.run_bot(settings, typed_mode=None, days=0, as_json=True)
    none = json.loads(capsys.readouterr().out)
    front_door.run_bot(settings, typed_mode=None, days=1, as_json=True)
    one = json.loads(capsys.readouterr().out)
    assert list(none) == list(one)
    assert (none["date"], none["mode"], none["trades"]) == (None, "paper", 0)
    assert none["flat"] is none["safety_level"] is None  # nobody has looked


def test_everything_a_run_creates_is_for_its_owner_only(
    screen: io.StringIO, settings: Settings, tmp_path: Path
) -> None:
    front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
    made = [path for folder in ("logs", "state") for path in (tmp_path / folder, *(tmp_path / folder).rglob("*"))]
    assert {"summary.json", "live_trading.log", "bot.lock", "logs", "state"} <= {path.name for path in made}
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_a_closed_terminal_costs_the_picture_and_not_the_summary(
    screen: io.StringIO, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    console = Console(file=Closed(), width=120, height=40, force_terminal=True)
    monkeypatch.setattr(screen_module, "Console", lambda **_: console)
    front_door.run_bot(settings, typed_mode=None, days=2, as_json=False)
    for day in ("2026-01-06", "2026-01-07"):
        assert json.loads((tmp_path / "logs" / day / "summary.json").read_text())["date"] == day


def test_a_report_that_goes_to_no_terminal_has_room_for_a_whole_row() -> None:
    assert screen_module._console(io.StringIO()).width == 120


# --- the word that real money waits for -----------------------------------------------------------------------------


class Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        return True


ACCOUNT = "XA00001"
QUESTION = f"LIVE trading on account {ACCOUNT}. Type the account to go on: "
LOOPBACK = EndpointSettings(
    rest="http://127.0.0.1:9/api/v3",
    data="http://127.0.0.1:9/data",
    data_socket="ws://127.0.0.1:9/hsm",
    order_socket="ws://127.0.0.1:9/trade",
    symbol_master="http://127.0.0.1:9/sym_details",
)


@pytest.fixture
def live(settings: Settings) -> Settings:
    return settings.model_copy(update={"mode": Mode.LIVE, "live": LiveSettings(account=ACCOUNT)})


def start(settings: Settings, stdin: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    front_door.run_bot(settings, typed_mode=settings.mode.value, days=1, as_json=False)


@pytest.mark.hazard("V10")
@pytest.mark.parametrize("typed", [f"{ACCOUNT}\n", f"  {ACCOUNT} \n"])
def test_live_begins_when_the_account_is_typed(
    typed: str,
    screen: io.StringIO,
    live: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    start(live, Terminal(typed), monkeypatch)
    assert "traded day 1" in screen.getvalue()
    assert capsys.readouterr().err.count(QUESTION) == 1


@pytest.mark.hazard("V10")
@pytest.mark.parametrize("typed", ["", "\n", "yes\n", ACCOUNT.lower(), f"{ACCOUNT}0\n", f"yes\n{ACCOUNT}\n"])
def test_anything_else_that_is_typed_starts_nothing(
    typed: str,
    screen: io.StringIO,
    live: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(BotError, match="the account was not confirmed; nothing was started"):
        start(live, Terminal(typed), monkeypatch)
    assert screen.getvalue() == ""
    assert QUESTION in capsys.readouterr().err


@pytest.mark.parametrize(("endpoints", "word"), [(LOOPBACK, " REHEARSAL "), (EndpointSettings(), " LIVE ")])
def test_live_orders_to_this_machine_are_a_rehearsal_in_the_view_the_report_and_the_data(
    endpoints: EndpointSettings,
    word: str,
    screen: io.StringIO,
    live: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    broker = BrokerSettings(endpoints=endpoints)
    start(live.model_copy(update={"broker": broker}), io.StringIO(), monkeypatch)
    headings = [line for line in screen.getvalue().splitlines() if "Tue 06 Jan 2026  " in line or " IST" in line]
    assert {"IST" in line for line in headings} == {True, False}  # the view's and the report's
    assert all(word in line for line in headings)
    content = json.loads((tmp_path / "logs" / "2026-01-06" / "summary.json").read_text())
    assert content["rehearsal"] is (word == " REHEARSAL ")


@pytest.mark.parametrize(
    ("changes", "stdin"),
    [
        ({}, io.StringIO()),  # a service
        ({"broker": BrokerSettings(endpoints=LOOPBACK)}, Terminal()),  # a rehearsal
        ({"mode": Mode.PAPER}, Terminal()),
    ],
    ids=["no terminal", "loopback", "paper"],
)
def test_nobody_is_asked_where_there_is_nobody_or_no_money(
    changes: dict[str, object],
    stdin: io.StringIO,
    screen: io.StringIO,
    live: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    start(live.model_copy(update=changes), stdin, monkeypatch)
    assert "traded day 1" in screen.getvalue()
    assert "Type the account" not in capsys.readouterr().err


# --- one bot on a folder --------------------------------------------------------------------------------------------


@pytest.mark.hazard("R2")
@pytest.mark.parametrize("fails", [False, True])
def test_the_pid_file_stands_while_the_bot_runs_and_is_taken_away_at_a_graceful_end_only(
    fails: bool, screen: io.StringIO, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = settings.paths.state / "live_engine.pid"
    seen: list[int] = []

    def run(_self: object) -> int:
        seen.append(json.loads(pid_file.read_text())["pid"])
        if fails:
            raise BotError("the session went wrong")
        return 1

    monkeypatch.setattr(ManyDays, "trader", lambda *_: SimpleNamespace(run=lambda: run(None)))
    with pytest.raises(BotError, match="went wrong") if fails else nullcontext():
        front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
    assert seen == [os.getpid()]
    assert pid_file.exists() is fails


@pytest.mark.hazard("R9")
def test_a_thread_that_dies_is_a_fault_of_the_bot_and_told_with_its_name(
    screen: io.StringIO, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> int:
        for error in (RuntimeError("who would have thought"), SystemExit()):
            thread = threading.Thread(target=raise_it, args=(error,), name="data feed")
            thread.start()
            thread.join()
        return 1

    before = threading.excepthook
    monkeypatch.setattr(ManyDays, "trader", lambda *_: SimpleNamespace(run=run, fail=FAULTS.append))
    front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
    assert FAULTS == ["thread data feed died of RuntimeError: who would have thought"]
    assert "thread data feed ends: who would have thought" in capsys.readouterr().err
    assert threading.excepthook is before


def raise_it(error: BaseException) -> None:
    raise error


@pytest.mark.hazard("W4")
def test_a_log_that_cannot_be_written_gives_the_reserve_back_and_any_other_error_keeps_it(
    screen: io.StringIO, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = settings.paths.state / "reserve"

    def run(error: BotError) -> int:
        assert reserve.stat().st_size == 1_000_000
        raise error

    for error, is_kept in ((BotError("something else"), True), (StorageError("the disk is full"), False)):
        monkeypatch.setattr(ManyDays, "trader", lambda *_, error=error: SimpleNamespace(run=lambda: run(error)))
        with pytest.raises(BotError, match=str(error)):
            front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
        assert reserve.exists() is is_kept


@pytest.mark.hazard("R1")
def test_a_second_bot_on_the_folder_ends_with_3_and_names_the_first(
    screen: io.StringIO, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_another() -> int:
        with pytest.raises(SystemExit) as ended:
            front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
        assert ended.value.code == 3
        return 1

    monkeypatch.setattr(ManyDays, "trader", lambda *_: SimpleNamespace(run=run_another))
    front_door.run_bot(settings, typed_mode=None, days=1, as_json=False)
    said = capsys.readouterr().err
    folder = re.escape(str(settings.paths.state))
    who = rf"\(pid {os.getpid()}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\)"
    assert re.search(rf"^fyersbot: another bot runs on {folder} {who}; stop it, or choose another", said, re.MULTILINE)
