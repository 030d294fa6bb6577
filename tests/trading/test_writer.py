"""The crank: first on the tape, then in the log, then told, then acted on; and nothing after a disk that fails."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from core import events
from core.errors import StorageError
from core.fold import apply
from core.market import Tick
from core.state import BotState
from trading.event_log import MemoryEventLog
from trading.kernel import Step
from trading.tick_tape import MemoryTickTape
from trading.writer import Writer

WANTED = events.BooksWanted(at=5, why="test")
FIRED = events.TimerFired(at=5, name=events.Deadline.BOOKS, key="")


def tick(at: int) -> Tick:
    return Tick("NSE:SBIN-EQ", at, 80_000, 0, 0, 0)


@dataclass
class Reflex:
    """A kernel that wants the books at every input, and at every third tick."""

    state: BotState = field(default_factory=BotState)
    ticks: int = 0

    def restore(self, event: events.Event) -> None:
        apply(self.state, event)

    def handle(self, event: events.Input) -> Step:
        return Step((event, WANTED))

    def on_tick(self, tick: Tick, now: int) -> Step | None:
        self.ticks += 1
        return None if self.ticks % 3 else Step((events.TickActed(at=now, symbol=tick.symbol, ltp=tick.ltp), WANTED))


class Diary:
    """What happened around a writer, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.log, self.tape = MemoryEventLog(), MemoryTickTape()
        self.writer = Writer(Reflex(), self.log, lambda _: self.lines.append("act"), [self.watch], self.tape)
        append, write = self.log.append, self.tape.write
        self.log.append = lambda batch, tape: self.lines.append("log") or append(batch, tape)
        self.tape.write = lambda: self.lines.append("tape") or write()

    def watch(self, _event: events.Event) -> None:
        self.lines.append("tell")


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.mark.hazard("W1")
def test_the_tape_is_written_before_the_log_and_both_before_anybody_hears_or_acts(diary):
    diary.writer.take(FIRED, 5)
    assert diary.lines == ["tape", "log", "tell", "tell", "act"]


def test_a_tick_without_a_decision_is_noted_and_nothing_else(diary):
    diary.writer.take(tick(1), 11)
    assert diary.lines == []
    assert [(seen.tick, seen.now) for seen in diary.tape.seen()] == [(tick(1), 11)]


def test_each_row_says_which_ticks_came_before_it(diary):
    for at in (1, 2):
        diary.writer.take(tick(at), at)
    diary.writer.take(FIRED, 5)
    for at in (3, 4):
        diary.writer.take(tick(at), at)
    diary.writer.take(FIRED, 5)
    assert [(row.kind, row.tape) for row in diary.log.rows()] == [
        ("TimerFired", 2),
        ("BooksWanted", 2),
        ("TickActed", 3),
        ("BooksWanted", 3),
        ("TimerFired", 4),
        ("BooksWanted", 4),
    ]


@pytest.mark.hazard("W1")
def test_a_tape_that_cannot_be_written_keeps_the_step_out_of_the_log_and_from_the_outside(diary, caplog):
    def refuse() -> None:
        raise StorageError("tick tape x cannot be written: disk full")

    diary.tape.write = refuse
    with pytest.raises(StorageError, match="disk full"):
        diary.writer.take(FIRED, 5)
    assert diary.lines == []
    assert diary.log.length == 0
    assert "Nothing is sent any more, stops rest at the broker: tick tape x cannot be written: disk full" in caplog.text


def test_the_ticks_can_be_written_when_nothing_is_decided(diary):
    diary.writer.take(tick(1), 1)
    diary.writer.write_tape()
    assert diary.lines == ["tape"]


def test_the_log_is_closed_even_if_the_end_of_the_tape_is_lost(diary):
    def refuse() -> None:
        raise StorageError("tick tape x cannot be written: disk full")

    closed = []
    diary.tape.close, diary.log.close = refuse, lambda: closed.append("log")
    with pytest.raises(StorageError, match="disk full"):
        diary.writer.close()
    assert closed == ["log"]


@pytest.mark.hazard("W5")
def test_a_log_that_was_altered_is_found_before_anything_is_restored(diary):
    def find() -> None:
        raise StorageError("event log x: row 2 was altered or is missing")

    diary.log.append([events.LevelChanged(at=1, level=events.SafetyLevel.FREEZE, why="w")], 0)
    diary.log.verify = find
    with pytest.raises(StorageError, match="row 2 was altered"):
        diary.writer.restore()
    assert diary.writer.kernel.state == BotState()


def test_the_tape_goes_on_behind_what_the_log_has_seen_of_its_day(diary, calendar):
    tuesday = calendar.trading_day(date(2026, 1, 6))
    diary.log.append([events.DayBegan(at=1, day=tuesday)], 7)
    told = []
    diary.tape.go_on = lambda day, position: told.append((day, position))
    diary.writer.restore()
    assert told == [(tuesday.date, 7)]
    assert diary.writer.kernel.state.day == tuesday
