import os
import signal
import sys
from collections.abc import Iterator
from threading import Event

import pytest

from trading.stop_signals import stop_signals, when_input_ends

PATIENCE_SECONDS = 10


@pytest.fixture(autouse=True)
def _the_terminals_signal() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_closed_terminal_is_a_wish_to_end_like_the_others() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    assert set(stop_signals()) == {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def test_a_closed_terminal_is_no_wish_where_somebody_had_it_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert set(stop_signals()) == {signal.SIGINT, signal.SIGTERM}


def test_the_end_of_the_input_is_heard_and_what_is_typed_before_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    source, sink = os.pipe()
    heard = Event()
    with os.fdopen(source) as reader, os.fdopen(sink, "wb", buffering=0) as writer:
        monkeypatch.setattr(sys, "stdin", reader)
        when_input_ends(heard.set)
        writer.write(b"typed\n")
        assert not heard.wait(0.1)
        writer.close()
        assert heard.wait(PATIENCE_SECONDS)
