"""A recorded day on disk, found and decided again: the verdict, what is shown of it, and every kind of damage."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from core import events
from core.charges import ChargeRates
from core.errors import ConfigurationError, StorageError
from core.events import Phase
from core.instants import MINUTE, SECOND, instant_at
from core.market import Candle, Instrument, Tick
from core.orders import Books, OrderReport, OrderStatus
from runtime.clock import MarketClock
from runtime.settings import (
    HistorySettings,
    Mode,
    PathSettings,
    Settings,
    SizingSettings,
    StrategySettings,
)
from trading.desk_record import desk_of, kernel_of
from trading.event_log import SqliteEventLog
from trading.recorded_bot import RecordedBot
from trading.replay_verb import ReplayRequest, print_replay, replay, request_of
from trading.state_files import log_path, tape_folder
from trading.strategy_choice import choose_strategy
from trading.tick_tape import RECORD, FileTickTape, tape_path
from trading.trading_rules import rules_of
from trading.writer import Writer

TUESDAY = date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"
RATES = ChargeRates(
    brokerage=0, brokerage_cap=0, stt_buy=0, stt_sell=0, exchange=0, sebi=0, ipft=0, stamp_buy=0, gst_percent=0
)
ALWAYS = """
from core.signals import Direction, Needs, Signal


class Always:
    name = "always"
    needs = Needs(features=("return_1",))

    def on_data(self, now, before):
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=Direction.LONG,
            probability=0.6,
            source=self.name,
            reason="yes",
        )
"""


@pytest.fixture
def settings(tmp_path) -> Settings:
    (tmp_path / "always.py").write_text(ALWAYS)
    return Settings(
        symbols=(SBIN,),
        strategy=StrategySettings(name="always", folder=tmp_path),
        sizing=SizingSettings(method="fixed", quantity=10),
        history=HistorySettings(candles=100),
        paths=PathSettings(state=tmp_path / "state", logs=tmp_path, cache=tmp_path),
    )


class Recorder:
    """A bot whose outside is written down here: it enters once, and its stop is hit."""

    def __init__(self, settings: Settings, calendar) -> None:
        self.settings = settings
        self.calendar = calendar
        self.sent: list[events.OrderIntended] = []

    def start(self, at: time) -> None:
        """Come up, read the books and warm up."""
        self.now = instant_at(TUESDAY, at)
        settings, state, mode = self.settings, self.settings.paths.state, self.settings.mode
        choice = choose_strategy(settings)
        instrument = Instrument(symbol=SBIN, token="10100000003045", tick=5, lower_band=5, upper_band=10**7)
        desk = desk_of(settings, rules_of(settings, RATES, MarketClock()), (instrument,), choice, self.now)
        self.writer = Writer(
            kernel_of(desk, choice, self.calendar),
            SqliteEventLog(log_path(state, mode)),
            self.act,
            tape=FileTickTape(tape_folder(state, mode), TUESDAY),
        )
        self.writer.restore()
        known = self.writer.kernel.state
        facts = {"mode": "paper", "account": "PAPER", "version": "0.1.0", "config_digest": "d"}
        self.take(events.Booted(at=self.now, boot=known.boot + 1, log_id="A1", **facts))
        self.take(desk)
        self.take(events.DayBegan(at=self.now, day=self.calendar.trading_day(TUESDAY)))
        self.take(events.HistoryArrived(at=self.now, symbol=SBIN, candles=candles(), due=0))
        self.take(events.FundsRead(at=self.now, asked_at=self.now, available=10**9, account="PAPER"))
        self.take(events.BooksRead(at=self.now, asked_at=self.now, books=Books((), (), ())))
        self.take(events.FundsRead(at=self.now, asked_at=self.now, available=10**9, account="PAPER"))

    def act(self, effect: events.Event) -> None:
        if isinstance(effect, events.OrderIntended):
            self.sent.append(effect)

    def take(self, item: events.Input | Tick) -> None:
        self.writer.take(item, self.now)
        self.writer.let_time_pass(self.now)

    def tick(self, price: int) -> None:
        self.now += SECOND
        self.take(Tick(SBIN, self.now, price, price - 5, price + 5, 100))

    def enter(self) -> None:
        """Close a candle, let the order be filled."""
        self.take(events.PhaseReached(at=self.now, phase=Phase.OPEN))
        self.tick(80_000)
        start = self.now // (5 * MINUTE) * 5 * MINUTE - 5 * MINUTE
        self.take(events.CandleDue(at=self.now, start=start))
        candle = Candle(start, 80_000, 80_100, 79_900, 80_050, 500)
        self.take(events.HistoryArrived(at=self.now, symbol=SBIN, candles=(candle,), due=start))
        [order] = self.sent
        self.tick(80_010)
        filled = 10, 10 * 80_010, OrderStatus.FILLED
        self.take(events.OrderReported(at=self.now, report=report_of(order, *filled)))
        self.take(events.OrderReported(at=self.now, report=report_of(self.sent[1], 0, 0, OrderStatus.PENDING)))

    def stop_out(self) -> None:
        """Let the price fall through the stop."""
        for price in (79_900, 79_000, 78_000):
            self.tick(price)

    def end(self) -> None:
        self.writer.close()


def candles() -> tuple[Candle, ...]:
    start = instant_at(date(2026, 1, 5), time(9, 15))
    return tuple(
        Candle(start + n * 5 * MINUTE, 80_000, 80_200 + n % 7, 79_800, 80_000 + n % 5, 1_000 + n) for n in range(60)
    )


def report_of(sent: events.OrderIntended, filled: int, value: int, status: OrderStatus) -> OrderReport:
    intent = sent.intent
    return OrderReport(
        broker_id=f"26{intent.tag}",
        tag=intent.tag,
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        product=intent.product.value,
        quantity=intent.quantity,
        filled=filled,
        filled_value=value,
        limit_price=intent.limit_price,
        trigger_price=intent.trigger_price,
        status=status,
    )


@pytest.fixture
def recorded(settings, calendar) -> Recorder:
    """A day with one trade and a crash in it."""
    recorder = Recorder(settings, calendar)
    recorder.start(time(9, 40))
    recorder.enter()
    recorder.writer.write_tape()
    recorder.end()
    recorder.start(time(9, 50))
    recorder.stop_out()
    recorder.end()
    return recorder


@pytest.fixture
def ask(recorded, settings, calendar) -> Callable[..., ReplayRequest]:
    return lambda **wishes: replay(ReplayRequest(bot=bot_of(settings), **wishes), settings, calendar)


def bot_of(settings: Settings) -> RecordedBot:
    return RecordedBot.named(settings, run=None, state=None, mode=None)


@pytest.mark.hazard("W8")
def test_a_recorded_day_is_verified(ask, settings, recorded):
    came = ask(day=TUESDAY)
    assert came.difference is None
    assert came.verdict == f"verified: {came.tally.inputs} inputs, 5 ticks, {came.tally.decisions} decisions, identical"
    with SqliteEventLog(log_path(settings.paths.state, settings.mode)) as log:
        rows = list(log.rows())
        assert came.head == log.head
    kinds = [row.kind for row in rows]
    assert came.tally.starts == kinds.count("Booted") == 2
    assert came.tally.inputs + came.tally.decisions + kinds.count("TickActed") == len(rows)
    assert {"Decided", "OrderIntended", "LevelsSet", "TickActed", "ExitDecided"} <= set(kinds)


@pytest.mark.hazard("W8")
@pytest.mark.parametrize("seed", ["1", "77"])
def test_the_order_of_hashes_changes_nothing(recorded, settings, tmp_path, seed):
    (tmp_path / "bot.yaml").write_text("strategy: {folder: .}")
    command = [
        sys.executable,
        "-m",
        "cli",
        "replay",
        "--state",
        "state",
        "--mode",
        "paper",
        "--verify",
        "-c",
        "bot.yaml",
    ]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"verified: \d+ inputs, 5 ticks, \d+ decisions, identical\n", ended.stdout)


def test_what_is_shown_at_an_instant(ask):
    came = ask(until=time(9, 45))
    lines = came.state_lines.splitlines()
    assert lines[0] == "at 2026-01-06 09:45:00: level RUN, phase open, 0 closed trades, 0.00 rupees realised"
    assert lines[1].startswith(f"position {SBIN}: 10 at 800.10, stop 79")
    assert lines[1].endswith("last 800.10, 0.00 rupees")
    assert lines[2].startswith("order Q")
    assert "SELL 10 NSE:SBIN-EQ at 79" in lines[2]
    assert lines[2].endswith("working, 0 filled")
    assert len(lines) == 3


def test_other_rules_are_asked_about(ask):
    came = ask(changes=("sizing.quantity=5",))
    assert came.question_answered.startswith("the first decision that would differ: row ")
    assert '"NSE:SBIN-EQ",1,10,1,' in came.difference.recorded
    assert '"NSE:SBIN-EQ",1,5,1,' in came.difference.decided
    assert ask(changes=("max_positions=9",)).question_answered == "no decision would differ in 21 inputs and 5 ticks"


def test_the_verb_prints_and_its_exit_code_tells(recorded, settings, calendar, capsys):
    def printed(verify=False, as_json=False, **wishes: object) -> tuple[int, str]:
        request = ReplayRequest(bot=bot_of(settings), **wishes)
        code = print_replay(request, settings, calendar, verify=verify, as_json=as_json)
        return code, capsys.readouterr().out

    assert printed(verify=True)[0] == 0
    assert printed(verify=True)[1].count("\n") == 1
    assert "at the end: level RUN" in printed()[1]
    assert printed(changes=("stop_atr=1.0",))[0] == 0
    content = json.loads(printed(as_json=True)[1])
    assert (content["day"], content["identical"], content["difference"]) == ("2026-01-06", True, None)
    with pytest.raises(ConfigurationError, match="give one or the other"):
        printed(verify=True, changes=("stop_atr=1.0",))


def test_a_decision_that_comes_out_otherwise_is_shown_and_ends_with_1(recorded, settings, calendar, capsys):
    state, mode = settings.paths.state, settings.mode
    with SqliteEventLog(log_path(state, mode)) as log:
        rows = list(log.rows())
    place = next(place for place, row in enumerate(rows) if row.kind == "OrderIntended")
    log_path(state, mode).unlink()
    with SqliteEventLog(log_path(state, mode)) as forged:  # a chain of its own, so that only the replay can tell
        for row in rows[:place]:
            forged.append([row.event], row.tape)
        intent = replace(rows[place].event.intent, quantity=11)
        forged.append([replace(rows[place].event, intent=intent)], rows[place].tape)
    request = ReplayRequest(bot=bot_of(settings))
    assert print_replay(request, settings, calendar, verify=True, as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(f"row {place + 1}, 2026-01-06 09:40:01")
    assert '"NSE:SBIN-EQ",1,11,' in lines[1]
    assert '"NSE:SBIN-EQ",1,10,' in lines[2]


@pytest.mark.hazard("W5")
@pytest.mark.parametrize("flip", [0xFF, 0x01])
def test_a_flipped_byte_anywhere_in_the_tape_is_located(ask, settings, flip):
    tape = tape_path(tape_folder(settings.paths.state, settings.mode), TUESDAY)
    content = tape.read_bytes()
    for place in range(0, len(content), 3):
        tape.write_bytes(content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :])
        with pytest.raises(StorageError, match=f"{tape}: record {place // RECORD} was altered"):
            ask()
    tape.write_bytes(content)
    assert ask().difference is None


@pytest.mark.hazard("W5")
def test_a_row_of_the_log_that_was_altered_is_located(ask, settings):
    path = log_path(settings.paths.state, settings.mode)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE events SET tape = tape + 1 WHERE seq = 20")
    connection.commit()
    connection.close()
    with pytest.raises(StorageError, match=f"{path}: row 20 was altered"):
        ask()


def test_a_tape_that_is_missing_or_short_is_an_error_in_words(ask, settings):
    tape = tape_path(tape_folder(settings.paths.state, settings.mode), TUESDAY)
    tape.write_bytes(tape.read_bytes()[: 3 * RECORD])
    with pytest.raises(StorageError, match=r"the tick tape ends at record 2, row \d+ of the event log was written at"):
        ask()
    tape.unlink()
    with pytest.raises(StorageError, match=f"{tape} cannot be read: No such file"):
        ask()


@pytest.mark.hazard("W3")
def test_what_a_power_cut_took_is_named_and_the_starts_after_it_go_on(recorded, settings, calendar, ask):
    tape = tape_path(tape_folder(settings.paths.state, settings.mode), TUESDAY)
    with SqliteEventLog(log_path(settings.paths.state, settings.mode)) as log:
        position = log.tape
    tape.write_bytes(tape.read_bytes()[: position * RECORD])
    recorded.start(time(10, 0))
    assert recorded.writer._tape.position == position
    recorded.end()
    with pytest.raises(StorageError, match=f"record {position} was lost in a power cut"):
        ask()


@pytest.mark.hazard("R8")
def test_a_strategy_file_that_was_changed_since_is_refused(ask, tmp_path):
    (tmp_path / "always.py").write_text(ALWAYS.replace("0.6", "0.7"))
    with pytest.raises(
        ConfigurationError, match=r"the strategy file always.py is another than on that day: SHA-256 .* now"
    ):
        ask()


@pytest.mark.hazard("R8")
def test_features_that_are_others_now_are_refused(ask, tmp_path, monkeypatch):
    monkeypatch.setattr("features.specification.SCHEMA_VERSION", 99)
    with pytest.raises(ConfigurationError, match="the specification of features is another than on that day"):
        ask()


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ({"day": date(2026, 1, 7)}, "holds no session of 2026-01-07"),
        ({"until": time(9, 0)}, "--until 09:00:00: the bot started at 2026-01-06 09:40:00"),
        ({"changes": ("stop_art=2",)}, "did you mean stop_atr"),
        ({"changes": ("stop_atr",)}, "give name=value"),
        ({"changes": ("max_loss=much",)}, "'much' is not a whole number"),
        ({"changes": ("product=MTF2",)}, "'MTF2' is none of INTRADAY"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(ask, wish, complaint):
    with pytest.raises(ConfigurationError, match=complaint) as refused:
        ask(**wish)
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_log_is_refused(settings, calendar, tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no event log .*paper.sqlite; name a run with --run"):
        replay(ReplayRequest(bot=replace(bot_of(settings), state=tmp_path / "nowhere")), settings, calendar)


def test_a_request_is_made_of_what_was_typed(settings):
    typed = {"run": None, "state": None, "mode": None, "day": None, "until": None, "changes": ()}
    assert request_of(settings, **typed) == ReplayRequest(bot=bot_of(settings))
    of_run = request_of(settings, **{**typed, "run": Path("data/runs/x"), "until": "11:30"})
    assert (of_run.bot.state, of_run.bot.mode, of_run.until) == (Path("data/runs/x/bot"), Mode.LIVE, time(11, 30))
    assert request_of(settings, **{**typed, "state": Path("s"), "mode": "live"}).bot.mode is Mode.LIVE
    for wrong in ({"run": Path("x"), "mode": "live"}, {"mode": "real"}, {"until": "noon"}):
        with pytest.raises(ConfigurationError, match="give"):
            request_of(settings, **{**typed, **wrong})
