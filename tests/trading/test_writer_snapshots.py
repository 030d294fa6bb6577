"""The crank and the store behind it: snapshots are taken when all is done, and never of what the disk refused."""

from collections.abc import Sequence

import pytest

from core import events
from core.errors import StorageError
from core.events import SafetyLevel
from core.fold import apply
from core.instants import MINUTE
from core.state import BotState
from trading.event_log import MemoryEventLog
from trading.kernel import Step
from trading.state_snapshots import MemorySnapshots
from trading.state_store import StateStore
from trading.writer import Writer


class Echo:
    """A kernel that decides nothing, and asks to have the books read at each command."""

    class Orders:
        class timers:  # noqa: N801 - a stand-in for an attribute
            @staticmethod
            def next_due() -> None:
                return None

    orders = Orders()

    def __init__(self) -> None:
        self.state = BotState()

    def restore(self, event: events.Event) -> None:
        apply(self.state, event)

    def handle(self, event: events.Input) -> Step:
        happened = [event]
        if isinstance(event, events.CommandGiven):
            happened.append(events.BooksWanted(at=event.at, why="asked"))
        for each in happened:
            apply(self.state, each)
        return Step(tuple(happened))


class FullDisk(MemoryEventLog):
    """A log that takes so many events."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def append(self, happened: Sequence[events.Event], tape: int = 0) -> None:
        if self.length + len(happened) > self.room:
            raise StorageError("disk full")
        super().append(happened, tape)


def booted(at: int) -> events.Booted:
    return events.Booted(at=at, boot=1, log_id="A1", mode="paper", account="PAPER", version="1", config_digest="d")


def halt(at: int) -> events.CommandGiven:
    return events.CommandGiven(at=at, command=events.Command.HALT, why="w", key=str(at))


@pytest.fixture
def snapshots() -> MemorySnapshots:
    return MemorySnapshots()


def writer_on(log: MemoryEventLog, snapshots: MemorySnapshots, act=lambda effect: None) -> Writer:
    kernel = Echo()
    return Writer(kernel, log, act, (), store=StateStore(kernel, log, snapshots))


@pytest.mark.hazard("W6")
def test_a_restart_is_a_snapshot_and_the_events_after_it(snapshots):
    log = MemoryEventLog()
    first = writer_on(log, snapshots)
    first.restore()
    first.take(booted(1), 1)
    first.let_time_pass(MINUTE)
    first.take(halt(2), 2)
    again = writer_on(log, snapshots)
    again.restore()
    assert [kept.seq for kept in snapshots.newest_first()] == [1]
    assert again.kernel.state == first.kernel.state
    assert again.kernel.state.obeyed == {"2"}


def test_a_snapshot_is_taken_after_what_was_decided_is_under_way(snapshots):
    acted = []

    def act(effect) -> None:
        acted.append((effect.why, len(snapshots.newest_first())))

    writer = writer_on(MemoryEventLog(), snapshots, act)
    writer.take(halt(1), 1)
    writer.let_time_pass(MINUTE)
    assert acted == [("asked", 0)]
    assert len(snapshots.newest_first()) == 1


def test_the_end_of_the_desk_keeps_a_snapshot(snapshots):
    writer = writer_on(MemoryEventLog(), snapshots)
    writer.take(booted(1), 1)
    writer.close()
    writer.close()
    assert [kept.seq for kept in snapshots.newest_first()] == [1]


@pytest.mark.hazard("W1", "W6")
def test_what_the_disk_refused_is_in_no_snapshot(snapshots):
    writer = writer_on(FullDisk(room=2), snapshots)
    writer.take(halt(1), 1)
    with pytest.raises(StorageError, match="disk full"):
        writer.take(halt(2), 2)
    assert writer.kernel.state.obeyed == {"1", "2"}  # the kernel believes it; the disk does not
    writer.close()
    assert list(snapshots.newest_first()) == []


def test_without_a_store_the_whole_log_is_folded():
    log = MemoryEventLog()
    log.append([booted(1), events.LevelChanged(at=2, level=SafetyLevel.FREEZE, why="w")])
    writer = Writer(Echo(), log, lambda effect: None)
    writer.restore()
    assert writer.kernel.state.level is SafetyLevel.FREEZE
    writer.close()
