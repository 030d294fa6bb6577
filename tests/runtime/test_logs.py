import io
import json
import logging
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.errors import BotError, ConfigurationError, StorageError
from core.ports import Clock
from runtime import logs
from runtime.logs import JSON_FILE, TEXT_FILE, LogHandle, set_up_logs
from runtime.settings import AuthSettings, LogSettings, PathSettings, Settings

LINE = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[[A-Z]+\] \[[\w.]+\] - .*")
CANARY = "c4nary-s3cret"


def settings(folder: Path, **log: Any) -> Settings:
    return Settings(
        auth=AuthSettings(secret_key=SecretStr(CANARY)), paths=PathSettings(logs=folder), log=LogSettings(**log)
    )


@pytest.fixture
def console() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def handle(tmp_path: Path, clock: Clock, console: io.StringIO) -> Iterator[LogHandle]:
    with set_up_logs(settings(tmp_path), clock, console) as running:
        yield running


def test_console_and_file_have_the_same_line_in_market_time(
    handle: LogHandle, tmp_path: Path, console: io.StringIO
) -> None:
    logging.getLogger("trading.live_trader").info("bought %d of %s", 25, "NSE:SBIN-EQ")
    handle.close()
    line = "[2026-11-20 09:15:00.250] [INFO] [trading.live_trader] - bought 25 of NSE:SBIN-EQ\n"
    assert console.getvalue() == line
    assert (tmp_path / TEXT_FILE).read_text() == line


def test_the_json_line_has_the_same_facts_and_the_extra_fields(handle: LogHandle, tmp_path: Path) -> None:
    logging.getLogger("feed").warning("stale", extra={"symbol": "NSE:SBIN-EQ", "age": 3.5})
    handle.close()
    assert json.loads((tmp_path / JSON_FILE).read_text()) == {
        "at": "2026-11-20 09:15:00.250+05:30",
        "level": "WARNING",
        "component": "feed",
        "message": "stale",
        "symbol": "NSE:SBIN-EQ",
        "age": 3.5,
    }


@pytest.mark.hazard("X12")
def test_no_sink_shows_a_secret_wherever_it_hides(handle: LogHandle, tmp_path: Path, console: io.StringIO) -> None:
    handle.redactor.add("second-canary")
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"
    log = logging.getLogger("auth")
    log.info("secret %s", CANARY)
    log.info({"key": CANARY, "token": jwt})
    log.info("extra", extra={"headers": {"Authorization": f"ABCD1234XY-100:{jwt}"}, "key": CANARY})
    log.error("failed with second-canary", exc_info=ValueError(f"refused second-canary for {jwt}"))
    log.warning("below", stack_info=True)
    handle.close()
    for output in (console.getvalue(), (tmp_path / TEXT_FILE).read_text(), (tmp_path / JSON_FILE).read_text()):
        assert len(output.splitlines()) >= 5
        for secret in (CANARY, "second-canary", jwt, "eyJ"):
            assert secret not in output
    for line in (tmp_path / JSON_FILE).read_text().splitlines():
        json.loads(line)


def test_arguments_that_do_not_fit_lose_neither_the_line_nor_a_secret(handle: LogHandle, tmp_path: Path) -> None:
    record = logging.makeLogRecord({"name": "auth", "msg": "%d shares", "args": (CANARY,), "levelname": "INFO"})
    next(entrance for entrance in logging.getLogger().handlers if isinstance(entrance, QueueHandler)).handle(record)
    handle.close()
    assert (tmp_path / TEXT_FILE).read_text().endswith("[auth] - %d shares (its arguments do not fit)\n")


@pytest.mark.hazard("X9")
def test_a_message_cannot_forge_a_line_or_move_the_cursor(handle: LogHandle, tmp_path: Path) -> None:
    forged = "rejected\n[2026-11-20 09:15:01.000] [INFO] [trading] - all is well\x1b[2J\u2028"
    logging.getLogger("trading").warning(forged)
    logging.getLogger("trading").error("refused", exc_info=ValueError(forged))
    handle.close()
    text = (tmp_path / TEXT_FILE).read_text()
    assert "\x1b" not in text
    lines = text.split("\n")
    assert sum(line.startswith("[") for line in lines) == 2
    assert all(LINE.fullmatch(line) for line in lines if line.startswith("["))


@pytest.mark.hazard("W4")
def test_a_full_disk_is_counted_and_told_once_and_the_bot_lives(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str], console: io.StringIO
) -> None:
    (tmp_path / TEXT_FILE).symlink_to("/dev/full")
    handle = set_up_logs(settings(tmp_path), clock, console)
    for number in range(5):
        logging.getLogger("trading").info("line %d", number)
    handle.close()
    assert handle.failures >= 5
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "No space left on device" in told
    assert len((tmp_path / JSON_FILE).read_text().splitlines()) == 5
    assert len(console.getvalue().splitlines()) == 5


def test_a_terminal_that_goes_away_is_survived(tmp_path: Path, clock: Clock, console: io.StringIO) -> None:
    handle = set_up_logs(settings(tmp_path), clock, console)
    console.close()
    logging.getLogger("trading").info("still here")
    handle.close()
    assert handle.failures == 1
    assert "still here" in (tmp_path / TEXT_FILE).read_text()


class StuckStream(io.StringIO):
    """A disk that accepts nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.released.wait()
        return super().write(text)


def test_the_thread_that_logs_never_waits_for_a_slow_sink(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LONGEST_QUEUE", 100)
    stream = StuckStream()
    handle = set_up_logs(settings(tmp_path), clock, stream)
    for number in range(150):
        logging.getLogger("trading").info("line %d", number)
    assert not stream.released.is_set(), "all were taken while the sink was stuck"
    stream.released.set()
    handle.close()
    assert 49 <= handle.dropped <= 50
    assert len(stream.getvalue().splitlines()) == 150 - handle.dropped


@pytest.mark.hazard("W10")
def test_files_rotate_by_size_and_are_private(tmp_path: Path, clock: Clock) -> None:
    with set_up_logs(settings(tmp_path, megabytes=1, files=2), clock, False):
        for _ in range(40):
            logging.getLogger("trading").info("x " * 15_000)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {TEXT_FILE, f"{TEXT_FILE}.1", JSON_FILE, f"{JSON_FILE}.1"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert all(path.stat().st_size <= 1_000_000 for path in tmp_path.iterdir())


def test_a_log_that_stood_open_to_everybody_is_closed_and_its_group_keeps_its_right(
    tmp_path: Path, clock: Clock
) -> None:
    for name, before in ((TEXT_FILE, 0o644), (JSON_FILE, 0o640)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(before)
    with set_up_logs(settings(tmp_path), clock, False):
        pass
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}


@pytest.mark.hazard("W10")
def test_libraries_are_quiet_and_the_level_is_a_setting(tmp_path: Path, clock: Clock, console: io.StringIO) -> None:
    with set_up_logs(settings(tmp_path, level="DEBUG"), clock, console):
        logging.getLogger("urllib3.connectionpool").debug("GET /?auth_code=x")
        logging.getLogger("apscheduler.executors").info("job ran")
        logging.getLogger("trading").debug("ours")
        logging.getLogger("urllib3.connectionpool").warning("retry")
    assert [line.split(" - ")[1] for line in console.getvalue().splitlines()] == ["ours", "retry"]


@pytest.mark.hazard("R9", "X12")
def test_warnings_and_uncaught_exceptions_of_threads_go_through_the_same_cleaning(
    handle: LogHandle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def die() -> None:
        raise RuntimeError(f"thread with {CANARY}")

    thread = threading.Thread(target=die, name="feed")
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old way with {CANARY}", stacklevel=1)
    handle.close()
    text = (tmp_path / TEXT_FILE).read_text()
    assert "[CRITICAL] [uncaught] - thread feed ends: thread with [redacted]" in text
    assert "old way with [redacted]" in text
    assert CANARY not in text + capsys.readouterr().err


def end_with(error: BaseException, folder: Path, clock: Clock, console: io.StringIO) -> None:
    with set_up_logs(settings(folder), clock, console):
        raise error


def test_an_error_nobody_expected_is_in_the_log_with_its_traceback_and_leaves_as_one_clean_line(
    tmp_path: Path, clock: Clock, console: io.StringIO
) -> None:
    with pytest.raises(BotError) as ended:
        end_with(RuntimeError(f"kernel bug\nwith {CANARY}"), tmp_path, clock, console)
    text, machine = (tmp_path / TEXT_FILE).read_text(), json.loads((tmp_path / JSON_FILE).read_text())
    assert text == console.getvalue()
    assert "[CRITICAL] [uncaught] - the process ends: RuntimeError: kernel bug\\nwith [redacted]" in text
    assert "Traceback (most recent call last)" in text
    assert "Traceback (most recent call last)" in machine["exception"]
    assert str(ended.value) == (
        f"RuntimeError: kernel bug with [redacted]; this was not expected: the traceback is in {tmp_path / TEXT_FILE}"
    )
    assert ended.value.__suppress_context__, "what Python prints of it must not show the secret either"
    assert CANARY not in text + str(machine)


def test_an_expected_error_that_ends_the_bot_is_one_clean_line_in_the_log_and_after_it(
    tmp_path: Path, clock: Clock, console: io.StringIO
) -> None:
    with pytest.raises(BotError) as ended:
        end_with(StorageError(f"the disk of {CANARY} is full"), tmp_path, clock, console)
    (line,) = (tmp_path / TEXT_FILE).read_text().splitlines()
    assert line.endswith("[CRITICAL] [process] - the process ends: the disk of [redacted] is full")
    assert str(ended.value) == "the disk of [redacted] is full"


@pytest.mark.parametrize("ending", [SystemExit(3), KeyboardInterrupt()])
def test_an_end_that_was_asked_for_is_no_error(
    ending: BaseException, tmp_path: Path, clock: Clock, console: io.StringIO
) -> None:
    with pytest.raises(type(ending)) as ended:
        end_with(ending, tmp_path, clock, console)
    assert ended.value is ending
    assert (tmp_path / TEXT_FILE).read_text() == ""


def test_the_console_keeps_quiet_while_something_else_is_drawn_there(
    tmp_path: Path, clock: Clock, console: io.StringIO
) -> None:
    drawing = iter([False, True, False])
    with set_up_logs(settings(tmp_path), clock, console, is_muted=lambda: next(drawing)):
        for message in ("before", "meanwhile", "after"):
            logging.getLogger("trading").info(message)
    assert [line.split(" - ")[1] for line in console.getvalue().splitlines()] == ["before", "after"]
    assert len((tmp_path / TEXT_FILE).read_text().splitlines()) == 3


def test_closing_leaves_the_logging_module_as_it_was(tmp_path: Path, clock: Clock) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), threading.excepthook, logging.getLogger("urllib3").level)
    handle = set_up_logs(settings(tmp_path), clock, False)
    assert (root.level, list(root.handlers)) != before[:2]
    handle.close()
    handle.close()
    after = (root.level, list(root.handlers), threading.excepthook, logging.getLogger("urllib3").level)
    assert after == before


def test_a_folder_that_cannot_be_used_stops_the_start(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"paths\.logs = .*file/logs: cannot be used"):
        set_up_logs(settings(tmp_path / "file" / "logs"), clock, False)
