import io
import logging
import threading
from datetime import date, time

import pytest
from rich.console import Console

from core.events import FeedState, SafetyLevel
from core.instants import instant_at
from runtime.redaction import Redactor
from trading.live_view import LiveView, RecentLines
from trading.snapshot import LiveSnapshot, SymbolView

SNAPSHOT = LiveSnapshot(
    at=instant_at(date(2026, 1, 6), time(11, 23, 5)),
    day=None,
    mode="paper",
    account="paper",
    strategy="model",
    level=SafetyLevel.RUN,
    feeds=(("data", FeedState.LIVE),),
    symbols=(SymbolView(symbol="NSE:SBIN-EQ", last_price=81_685),),
)


def terminal(is_real: bool) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, width=100, height=40, force_terminal=is_real), output


def test_the_last_moment_stays_on_the_screen_after_the_stop() -> None:
    console, output = terminal(is_real=True)
    view = LiveView(console)

    view.start()
    view.update(SNAPSHOT)
    view.stop()

    assert "816.85" in output.getvalue()
    assert "11:23:05 IST" in output.getvalue()


def test_before_the_first_snapshot_it_says_that_the_bot_is_starting() -> None:
    console, output = terminal(is_real=True)
    view = LiveView(console)

    view.start()
    view.stop()

    assert "starting" in output.getvalue()


def test_without_a_terminal_it_draws_nothing() -> None:
    console, output = terminal(is_real=False)
    view = LiveView(console)

    view.start()
    view.update(SNAPSHOT)
    view.stop()

    assert not view.is_visible
    assert output.getvalue() == ""


def test_a_picture_that_cannot_be_drawn_gives_way_to_a_line_and_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("no such symbol")

    monkeypatch.setattr("trading.live_view.frame", fail)
    console, output = terminal(is_real=True)
    view = LiveView(console)
    view.update(SNAPSHOT)
    view.start()
    view.stop()
    assert "the picture cannot be drawn: see the log" in output.getvalue()
    assert [record.message for record in caplog.records] == ["The live view cannot be drawn"]


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), UnicodeEncodeError("ascii", "\u20b9", 0, 1, "no rupee")]
)
def test_a_terminal_that_fails_does_not_end_the_thread_that_draws(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Semaphore(0)

    def fail(_self: object) -> None:
        tried.release()
        raise error

    monkeypatch.setattr("rich.live.Live.refresh", fail)
    view = LiveView(terminal(is_real=True)[0])
    view.start()
    assert all(tried.acquire(timeout=20) for _ in range(3))  # the first is the start's, the others the thread's
    view.stop()


def test_starting_and_stopping_twice_is_harmless() -> None:
    console, output = terminal(is_real=True)
    view = LiveView(console)
    view.stop()

    view.start()
    view.start()
    view.update(SNAPSHOT)
    view.stop()
    length = len(output.getvalue())
    view.stop()

    assert len(output.getvalue()) == length


def test_the_last_lines_of_the_log_are_kept_and_no_more() -> None:
    lines = RecentLines(str, count=2)
    for message in ("first", "second", "third\nin two lines"):
        lines.handle(logging.LogRecord("trader", logging.INFO, "", 0, message, (), None))

    assert lines.lines == ("second", "third in two lines")


def test_the_last_lines_of_the_log_are_cleaned_of_secrets() -> None:
    lines = RecentLines(Redactor("SUPERSECRET99"))
    message = "refused: access_token=eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl SUPERSECRET99"
    lines.handle(logging.LogRecord("trader", logging.WARNING, "", 0, message, (), None))

    assert lines.lines == ("refused: access_token=[redacted] [redacted]",)


def test_it_knows_whether_it_has_the_terminal_to_itself() -> None:
    view = LiveView(terminal(is_real=True)[0])

    assert not view.is_drawing
    view.start()
    assert view.is_drawing
    view.stop()
    assert not view.is_drawing


@pytest.mark.hazard("X9")
def test_a_line_of_the_log_cannot_command_the_terminal() -> None:
    lines = RecentLines(str)
    lines.emit(
        logging.makeLogRecord({"msg": "refused \x1b[2J\x1b]0;title\x07\x9b31m \u202egnp.exe\r\n" + "x" * 10_000})
    )
    [line] = lines.lines
    assert line.isprintable()
    assert line.startswith("refused  [2J ]0;title 31m  gnp.exe xxx")
    assert len(line) == 300
