"""Wishes to end, from anywhere at any moment, heard by one thread that gives signs of life while it waits."""

import threading
from itertools import count

import pytest

from core.errors import ThreadDiedError
from runtime.service_notice import ServiceNotice
from trading import stop_wishes
from trading.stop_wishes import StopWishes


class Counted(ServiceNotice):
    """Counts the signs of life."""

    def __init__(self) -> None:
        super().__init__({})
        self.signs = 0

    def alive(self) -> None:
        self.signs += 1


def test_the_first_wish_is_the_one_that_is_remembered() -> None:
    wishes = StopWishes(ServiceNotice({}))
    assert not wishes.is_heard()
    wishes.ask("SIGTERM")
    wishes.ask("SIGINT")
    wishes.wait(60)
    assert wishes.is_heard()
    assert wishes.why == "SIGTERM"


def test_who_waits_gives_signs_of_life_all_the_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_wishes, "_SLICE_SECONDS", 0.01)
    service = Counted()
    StopWishes(service).wait(0.1)
    assert service.signs >= 3


def wait_for_ever(wishes: StopWishes) -> None:
    for _ in count():  # a bot that is stopping waits for nothing more
        wishes.wait(30)


@pytest.mark.parametrize("is_stopping", [False, True])
def test_a_fault_wakes_whoever_waits_and_is_not_forgotten(is_stopping: bool) -> None:
    wishes = StopWishes(ServiceNotice({}))
    if is_stopping:
        wishes.ask("SIGTERM")
        assert wishes.is_heard()
    threading.Timer(0.05, wishes.fail, ("thread data feed died of KeyError: 'x'",)).start()
    with pytest.raises(ThreadDiedError, match="thread data feed died of KeyError: 'x'; the bot ends"):
        wait_for_ever(wishes)
    with pytest.raises(ThreadDiedError):
        wishes.is_heard()
