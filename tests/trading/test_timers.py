from core.events import Deadline
from core.instants import Instant
from trading.timers import Timers


def take_due(timers: Timers, now: Instant):
    """Fire everything that is due."""
    due = timers.due(now)
    for timer in due:
        timers.fired(timer)
    return due


def test_deadlines_fire_once_and_in_order():
    timers = Timers()
    timers.set(Deadline.CHASE, "B", 20)
    timers.set(Deadline.CHASE, "A", 20)
    timers.set(Deadline.BOOKS, "C", 10)
    timers.set(Deadline.SETTLE, "", 31)
    assert timers.next_due() == 10
    assert [(timer.name, timer.key, timer.at) for timer in take_due(timers, 30)] == [
        (Deadline.BOOKS, "C", 30),
        (Deadline.CHASE, "A", 30),
        (Deadline.CHASE, "B", 30),
    ]
    assert take_due(timers, 30) == []
    assert timers.next_due() == 31


def test_setting_again_moves_a_deadline():
    timers = Timers()
    timers.set(Deadline.CHASE, "A", 20)
    timers.set(Deadline.CHASE, "A", 50)
    assert take_due(timers, 49) == []
    assert len(take_due(timers, 50)) == 1


def test_an_earlier_deadline_is_never_put_off():
    timers = Timers()
    timers.set_earlier(Deadline.BOOKS, "", 20)
    timers.read_books(30)
    assert timers.next_due() == 20
    timers.read_books(10)
    assert timers.next_due() == 10


def test_a_cleared_deadline_does_not_fire():
    timers = Timers()
    timers.set(Deadline.CHASE, "A", 20)
    assert timers.is_set(Deadline.CHASE, "A")
    timers.clear(Deadline.CHASE, "A")
    timers.clear(Deadline.CHASE, "never set")
    assert not timers.is_set(Deadline.CHASE, "A")
    assert timers.next_due() is None
    assert take_due(timers, 100) == []


def test_a_deadline_that_another_one_moved_is_not_due_any_more():
    timers = Timers()
    timers.set(Deadline.BOOKS, "", 10)
    timers.set(Deadline.CHASE, "A", 20)
    books, chase = timers.due(30)
    timers.fired(books)
    timers.set(Deadline.CHASE, "A", 60)
    assert not timers.is_due(books)
    assert not timers.is_due(chase)
    assert timers.next_due() == 60


def test_the_next_deadline_is_the_earliest_after_each_change():
    timers = Timers()
    assert timers.next_due() is None
    timers.set(Deadline.CHASE, "A", 20)
    timers.set(Deadline.CHASE, "B", 30)
    assert timers.next_due() == 20
    timers.set(Deadline.CHASE, "A", 40)
    assert timers.next_due() == 30
    timers.set_earlier(Deadline.CHASE, "A", 10)
    assert timers.next_due() == 10
    timers.clear(Deadline.CHASE, "A")
    assert timers.next_due() == 30
    timers.clear(Deadline.CHASE, "B")
    timers.clear(Deadline.CHASE, "B")
    assert timers.next_due() is None
