"""The fold and its way to the disk: a start is a snapshot that keeps its word and what followed, else the whole log."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from core import events
from core.errors import DataError, StorageError
from core.event_codec import encode_fact
from core.events import SafetyLevel
from core.fold import apply
from core.instants import MINUTE
from core.market import Side
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.state import BotState
from trading.event_bus import EventBus
from trading.event_log import MemoryEventLog, SqliteEventLog
from trading.state_snapshots import LAYOUT, MemorySnapshots, SqliteSnapshots, _seal, open_snapshot, take_snapshot
from trading.state_store import SNAPSHOT_EVERY, StateStore

SBIN = "NSE:SBIN-EQ"


class Fold:
    """As much of a kernel as a store knows."""

    def __init__(self) -> None:
        self.state = BotState()
        self.restored: list[events.Event] = []

    def restore(self, event: events.Event) -> None:
        self.restored.append(event)
        apply(self.state, event)


def story(number: int) -> events.Event:
    """The events of a life, one at a time: commands, orders and levels."""
    match number % 3:
        case 0:
            return events.CommandGiven(at=number, command=events.Command.HALT, why="w", key=f"key {number}")
        case 1:
            intent = OrderIntent(
                tag=f"T{number}",
                symbol=SBIN,
                side=Side.BUY,
                quantity=number,
                type=OrderType.LIMIT,
                product=Product.CNC,
                purpose=Purpose.ENTRY,
                reason="",
            )
            return events.OrderIntended(at=number, intent=intent)
        case _:
            return events.LevelChanged(at=number, level=SafetyLevel.NO_ENTRY, why=f"reason {number}")


class Desk:
    """A store, its log and its snapshots; every start is a new process on them."""

    def __init__(self) -> None:
        self.log = MemoryEventLog()
        self.snapshots = MemorySnapshots()
        self.bus = EventBus()
        self.kernel = Fold()
        self.store = StateStore(self.kernel, self.log, self.snapshots, self.bus)

    def live(self, count: int) -> None:
        """Let so many events happen."""
        for _ in range(count):
            event = story(self.log.length + 1)
            apply(self.kernel.state, event)
            self.log.append([event])
            self.bus.publish(event)

    def start_again(self) -> Fold:
        """Start on the same log and snapshots, and see that the state is the whole fold."""
        kernel = Fold()
        StateStore(kernel, self.log, self.snapshots).restore()
        assert kernel.state == whole_fold(self.log)
        assert encode_fact(kernel.state) == encode_fact(whole_fold(self.log))
        return kernel


def whole_fold(log) -> BotState:
    state = BotState()
    for event in log.read():
        apply(state, event)
    return state


@pytest.fixture
def desk() -> Desk:
    return Desk()


def messages(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records]


# --- starts -------------------------------------------------------------------------------------------------------


def test_a_start_reads_the_events_after_the_newest_snapshot_only(desk):
    desk.live(10)
    desk.store.persist()
    desk.live(3)
    assert desk.start_again().restored == [story(11), story(12), story(13)]


def test_a_start_without_a_snapshot_reads_all(desk):
    desk.live(10)
    assert len(desk.start_again().restored) == 10


def test_a_start_on_an_empty_log_is_a_state_that_knows_nothing(desk):
    assert desk.start_again().state == BotState()


@pytest.mark.hazard("W6")
@pytest.mark.parametrize("point", range(12))
def test_a_snapshot_at_any_point_gives_the_whole_fold(desk, point):
    desk.live(point)
    desk.store.persist()
    desk.live(12 - point)
    assert len(desk.start_again().restored) == 12 - point


def resealed(snapshot, **changes):
    """A snapshot changed by somebody who knows how to seal."""
    changed = replace(snapshot, **changes)
    return replace(changed, seal=_seal(changed.seq, changed.layout, changed.core, changed.chain, changed.body))


@pytest.mark.hazard("W6")
@pytest.mark.parametrize(
    ("lie", "complaint"),
    [
        (lambda s: replace(s, seq=9), "at event 9 is not used: it was altered"),
        (lambda s: replace(s, body=s.body.replace("T7", "T9")), "it was altered"),
        (lambda s: replace(s, seal=b""), "it was altered"),
        (lambda s: replace(s, core="0" * 16), "it was altered"),
        (lambda s: resealed(s, seq=9), "event 9 of the log is another one, or is missing"),
        (lambda s: resealed(s, chain="1" * 64), "event 10 of the log is another one, or is missing"),
        (lambda s: resealed(s, core="0" * 16), "another version of the bot made it"),
        (lambda s: resealed(s, layout=LAYOUT + 1), f"it has layout {LAYOUT + 1}, this version reads {LAYOUT}"),
        (lambda s: resealed(s, layout=LAYOUT - 1), f"layout {LAYOUT - 1} has no migration to {LAYOUT}"),
        (lambda s: resealed(s, body="[]"), "its state has 0 events"),
        (lambda s: resealed(s, body="{"), "BotState has a text that cannot be read"),
    ],
)
def test_a_snapshot_that_does_not_keep_its_word_is_refused_and_the_older_one_is_used(desk, caplog, lie, complaint):
    desk.live(6)
    desk.store.persist()
    desk.live(4)
    desk.store.persist()
    desk.live(2)
    older, newest = list(desk.snapshots.newest_first())[::-1]
    desk.snapshots.save(older)
    desk.snapshots.save(lie(newest))
    assert len(desk.start_again().restored) == 6
    [message] = messages(caplog)
    assert complaint in message


@pytest.mark.hazard("W6")
def test_when_every_snapshot_lies_the_log_wins(desk, caplog):
    desk.live(10)
    desk.store.persist()
    [snapshot] = desk.snapshots.newest_first()
    for lie in (replace(snapshot, body="[]"), resealed(snapshot, seq=4)):
        desk.snapshots.save(lie)
    assert len(desk.start_again().restored) == 10
    assert len(messages(caplog)) == 2


@pytest.mark.hazard("W3", "W6")
def test_a_log_that_ends_before_its_snapshot_has_lost_events_and_that_is_cried_out(desk, caplog):
    desk.live(10)
    desk.store.persist()
    shorter = MemoryEventLog()
    shorter.append([story(number) for number in range(1, 8)])
    desk.log = shorter
    assert len(desk.start_again().restored) == 7
    [record] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert "lost its newest events: it ends at 7, a snapshot of it was taken at 10" in record.getMessage()


@pytest.mark.hazard("W6")
def test_a_snapshot_of_another_log_is_refused(desk, caplog):
    desk.live(10)
    desk.store.persist()
    desk.log = MemoryEventLog()
    desk.log.append([story(number) for number in range(2, 12)])
    assert len(desk.start_again().restored) == 10
    assert "event 10 of the log is another one" in caplog.text


def test_snapshots_that_cannot_be_read_cost_a_slower_start_only(desk, caplog):
    class Unreadable(MemorySnapshots):
        def newest_first(self):
            raise StorageError("the page is gone")

    desk.live(5)
    desk.snapshots = Unreadable()
    assert len(desk.start_again().restored) == 5
    assert messages(caplog) == ["The log is folded from its beginning: the page is gone"]


@pytest.mark.hazard("W7")
def test_a_migration_carries_an_old_body_into_this_layout(desk):
    desk.live(5)
    newest = take_snapshot(desk.kernel.state, desk.log)
    old = resealed(newest, layout=LAYOUT - 2, core="of long ago", body="older " + newest.body)
    steps = {LAYOUT - 2: lambda body: body.replace("older", "old"), LAYOUT - 1: lambda body: body.removeprefix("old ")}
    assert open_snapshot(old, desk.log, steps) == desk.kernel.state
    del steps[LAYOUT - 1]
    with pytest.raises(DataError, match="no migration"):
        open_snapshot(old, desk.log, steps)


def test_an_order_that_was_changed_comes_back_changed(desk):
    desk.live(1)
    order = desk.kernel.state.orders["T1"]
    order.quantity, order.limit_price, order.type = 70, 5, OrderType.STOP_LIMIT
    back = open_snapshot(take_snapshot(desk.kernel.state, desk.log), desk.log)
    assert back.orders["T1"] == order


# --- when snapshots are taken -------------------------------------------------------------------------------------


def test_a_snapshot_is_taken_every_five_minutes_of_market_time_if_something_happened(desk):
    assert SNAPSHOT_EVERY == 5 * MINUTE
    taken = []
    desk.snapshots.save = lambda snapshot: taken.append(snapshot.seq)
    for minute in range(30):
        if minute < 12:
            desk.live(1)
        desk.store.persist_when_due(1_000 * MINUTE + minute * MINUTE)
    assert taken == [1, 6, 11, 12]


def test_the_end_takes_a_last_snapshot_and_a_second_end_none(desk):
    desk.live(3)
    desk.store.close()
    assert desk.snapshots.newest_first()[0].seq == 3
    desk.store.close()
    assert len(desk.snapshots.newest_first()) == 1


def test_a_start_that_nothing_followed_takes_no_snapshot(desk):
    desk.live(3)
    desk.store.persist()
    again = StateStore(Fold(), desk.log, desk.snapshots)
    again.restore()
    again.persist()
    assert len(desk.snapshots.newest_first()) == 1


@pytest.mark.hazard("W6")
def test_a_state_that_is_ahead_of_the_log_is_never_kept(desk, caplog):
    desk.live(3)
    apply(desk.kernel.state, story(4))  # decided, but the disk refused it
    desk.store.close()
    assert list(desk.snapshots.newest_first()) == []
    assert "the state has 4 events, the log 3" in caplog.text


def test_a_full_disk_costs_the_snapshot_only_and_the_next_one_is_taken(desk, caplog):
    desk.live(3)
    save = desk.snapshots.save
    desk.snapshots.save = lambda snapshot: (_ for _ in ()).throw(StorageError("disk full"))
    desk.store.persist_when_due(1)
    assert messages(caplog) == ["No snapshot of the state: disk full"]
    desk.snapshots.save = save
    desk.store.persist_when_due(1 + SNAPSHOT_EVERY)
    assert desk.snapshots.newest_first()[0].seq == 3


# --- looking and waiting ------------------------------------------------------------------------------------------


def test_the_state_is_read_by_path(desk):
    desk.live(3)
    assert desk.store.get_state("level") is SafetyLevel.NO_ENTRY
    assert desk.store.get_state("orders.T1.quantity") == 1
    with pytest.raises(DataError, match="leads nowhere"):
        desk.store.get_state("levels")


def test_a_subscriber_hears_a_change_and_only_a_change(desk):
    heard = []
    desk.store.subscribe("level_why", heard.append)
    desk.live(6)
    assert heard == ["reason 2", "reason 5"]


def test_a_subscriber_hears_of_a_symbol_that_comes(desk):
    heard = []
    desk.store.subscribe("orders[T4].state", heard.append)
    desk.live(6)
    assert [state.value for state in heard] == ["sent"]


def test_what_was_before_the_start_is_no_news(desk):
    desk.live(6)
    again = Desk()
    again.log, again.snapshots = desk.log, desk.snapshots
    again.store = StateStore(again.kernel, again.log, again.snapshots, again.bus)
    heard = []
    again.store.subscribe("level_why", heard.append)
    again.store.restore()
    again.live(1)
    assert heard == []


def test_a_subscriber_that_fails_is_named_and_the_others_hear(desk, caplog):
    heard = []
    desk.store.subscribe("level_why", lambda why: 1 / 0)
    desk.store.subscribe("level_why", heard.append)
    desk.live(6)
    assert heard == ["reason 2", "reason 5"]
    assert messages(caplog) == ["A watcher failed: the subscriber of level_why at LevelChanged; trading goes on"]


def test_without_a_bus_nobody_can_subscribe(desk):
    with pytest.raises(DataError, match="made without a bus"):
        StateStore(desk.kernel, desk.log).subscribe("level", print)


# --- a damaged file -----------------------------------------------------------------------------------------------


@pytest.mark.hazard("W5", "W6")
@pytest.mark.parametrize("seed", range(60))
def test_whatever_byte_of_the_file_flips_a_start_is_the_whole_fold_or_an_error(tmp_path, seed):
    path = tmp_path / "log.sqlite"
    with SqliteEventLog(path) as log:
        store = StateStore(kernel := Fold(), log, SqliteSnapshots(path))
        for count in (40, 40):
            for _ in range(count):
                event = story(log.length + 1)
                apply(kernel.state, event)
                log.append([event])
            store.persist()
        store.close()
        wanted = kernel.state
    content = bytearray(path.read_bytes())
    chance = np.random.default_rng(seed)
    for place in chance.integers(100, len(content), size=3):
        content[place] ^= 1 << int(chance.integers(8))
    path.write_bytes(content)
    kernel = Fold()
    try:
        with SqliteEventLog(path) as log:
            log.verify()
            StateStore(kernel, log, SqliteSnapshots(path)).restore()
    except StorageError:
        return  # the bot does not start, in words
    assert kernel.state == wanted
