"""Watchers hear what happened, in order; one that fails is heard of once and stops nobody."""

import logging

import pytest

from core import events
from trading.event_bus import EventBus


def flat(at: int) -> events.FlatVerified:
    return events.FlatVerified(at=at)


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


def broken(event: events.Event) -> None:
    raise ValueError(f"cannot take {event.at}")


def test_every_watcher_hears_every_event_in_order(bus):
    first, second = [], []
    bus.subscribe(first.append)
    bus.publish(flat(1))
    bus.subscribe(second.append)
    bus.publish(flat(2))
    bus.publish(flat(3))
    assert first == [flat(1), flat(2), flat(3)]
    assert second == [flat(2), flat(3)]


def test_what_a_watcher_returns_goes_nowhere(bus):
    bus.subscribe(lambda event: [event, event])
    assert bus.publish(flat(1)) is None


def test_a_watcher_that_fails_keeps_the_event_from_nobody(bus):
    heard = []
    bus.subscribe(broken)
    bus.subscribe(heard.append)
    bus.publish(flat(1))
    assert heard == [flat(1)]


def test_a_watcher_that_fails_is_cried_out_once_with_its_name_and_its_trace(bus, caplog):
    bus.subscribe(broken)
    for at in (1, 2, 3):
        bus.publish(flat(at))
    [record] = caplog.records
    assert record.levelno == logging.CRITICAL
    assert record.getMessage() == "A watcher failed: broken at FlatVerified; trading goes on"
    assert "cannot take 1" in caplog.text


def test_each_watcher_that_fails_is_cried_out(bus, caplog):
    bus.subscribe(broken)
    bus.subscribe([].remove)
    bus.publish(flat(1))
    assert len(caplog.records) == 2


def test_a_watcher_that_failed_is_told_the_next_event(bus):
    heard = []

    def picky(event):
        if event.at == 1:
            raise KeyError("one")
        heard.append(event)

    bus.subscribe(picky)
    bus.publish(flat(1))
    bus.publish(flat(2))
    assert heard == [flat(2)]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_is_no_failure_of_a_watcher(bus, ending):
    def leave(event):
        raise ending

    bus.subscribe(leave)
    with pytest.raises(ending):
        bus.publish(flat(1))
