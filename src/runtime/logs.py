"""The text log is a courtesy to people: it must never slow the trading thread, stop the bot or give a secret away.

A record goes into a queue and a listener thread writes it: to the console and `live_trading.log` as
`[TIMESTAMP] [LEVEL] [COMPONENT] - MESSAGE`, to `live_trading.jsonl` as one JSON object per line. The time is market
time in IST, the component is the logger's name. A full disk is counted and told once on standard error.
"""

import contextlib
import copy
import logging
import os
import stat
import sys
import threading
import traceback
from collections.abc import Callable
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

from core.errors import BotError, ConfigurationError
from core.instants import ist_datetime
from core.ports import Clock
from runtime.complaints import complaint_of
from runtime.redaction import Redactor
from runtime.settings import LogSettings, Settings

TEXT_FILE = "live_trading.log"
JSON_FILE = "live_trading.jsonl"
LONGEST_QUEUE = 50_000
"""Records waiting for a slow disk; beyond that they are counted and dropped."""

_TALKATIVE = ("urllib3", "requests", "apscheduler", "websocket", "asyncio", "aiohttp", "exchange_calendars",
              "FyersAPI", "FyersAPIRequest", "FyersDataSocket", "FyersTbtSocket")  # fmt: skip
"""Libraries that log each request, some with its headers."""

_uncaught = logging.getLogger("uncaught")
_expected = logging.getLogger("process")

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160), 0x2028, 0x2029)}
_CONTROL[ord("\n")] = "\\n"
_CONTROL[ord("\t")] = "\t"


class LogHandle:
    """The running logs: what went wrong with them, and their end."""

    def __init__(self, redactor: Redactor, folder: Path) -> None:
        self.redactor = redactor
        """Add a secret here as soon as it is known."""
        self.failures = 0
        """Records that a sink could not write."""
        self.dropped = 0
        """Records that found the queue full."""
        self._folder = folder
        self._undo: list[Callable[[], object]] = []
        self._told: set[str] = set()

    def close(self) -> None:
        """Write what is queued, close the files and leave the logging module as it was. Safe to call twice."""
        while self._undo:
            self._undo.pop()()

    def __enter__(self) -> "LogHandle":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Log the error that ends the block, then close.

        Raises `BotError` in its place, with the redacted line of why: whoever prints that shows no secret.
        """
        if not isinstance(error, Exception):
            self.close()
            return
        complaint = complaint_of(error)
        if complaint is None:
            complaint = f"{type(error).__name__}: {error}"
            _uncaught.critical("the process ends: %s", complaint, exc_info=error)
            complaint += f"; this was not expected: the traceback is in {self._folder / TEXT_FILE}"
        else:
            _expected.critical("the process ends: %s", complaint)
        self.close()
        raise BotError(self.redactor(" ".join(complaint.split()))) from None

    def on_close(self, undo: Callable[[], object]) -> None:
        """Remember a step of `close`; the last one added is done first."""
        self._undo.append(undo)

    def count_failure(self, sink: str, error: BaseException | None) -> None:
        """Count a record that was not written, and say so once per sink."""
        self.failures += 1
        if sink in self._told:
            return
        self._told.add(sink)
        reason = getattr(error, "strerror", None) or type(error).__name__
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"log {sink} cannot be written ({reason}); trading goes on, lost lines are counted\n")


def set_up_logs(
    settings: Settings, clock: Clock, console: bool | TextIO = True, is_muted: Callable[[], bool] = lambda: False
) -> LogHandle:
    """Send the logging module's records to the console (True: standard error), the text and the JSON file.

    The console is left out while `is_muted` says so: something else is drawn there. Uncaught exceptions of threads are
    logged too, and the one that ends the `with` block. Raises `ConfigurationError` when the folder cannot be used.
    """
    folder = settings.paths.logs
    handle = LogHandle(
        Redactor(
            settings.auth.secret_key.get_secret_value(),
            settings.auth.access_token.get_secret_value(),
            settings.model.signing_key.get_secret_value(),
        ),
        folder,
    )
    sinks = _sinks(folder, settings.log, console, handle)
    records: SimpleQueue[logging.LogRecord] = SimpleQueue()
    listener = QueueListener(records, *sinks)
    entrance = _Entrance(records, clock, handle, is_muted)
    root = logging.getLogger()
    for sink in sinks:
        handle.on_close(sink.close)
    listener.start()
    handle.on_close(listener.stop)
    for name in _TALKATIVE:
        _set_level(logging.getLogger(name), logging.WARNING, handle)
    _set_level(root, getattr(logging, settings.log.level), handle)
    root.addHandler(entrance)
    handle.on_close(lambda: root.removeHandler(entrance))
    logging.captureWarnings(True)
    handle.on_close(lambda: logging.captureWarnings(False))
    _catch_uncaught(handle)
    return handle


class _Entrance(QueueHandler):
    """Takes a record on the thread that logs: stamps it, makes it immutable text, queues it, and never waits."""

    def __init__(
        self,
        records: "SimpleQueue[logging.LogRecord]",
        clock: Clock,
        handle: LogHandle,
        is_muted: Callable[[], bool],
    ) -> None:
        super().__init__(records)
        self._records = records
        self._clock = clock
        self._handle = handle
        self._is_muted = is_muted

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Stamp with market time and resolve arguments and exception, which may change or vanish later."""
        prepared = copy.copy(record)
        prepared.instant = self._clock.now()
        prepared.muted = self._is_muted()
        try:
            prepared.msg = record.getMessage()
        except (TypeError, ValueError, KeyError):
            prepared.msg = f"{record.msg} (its arguments do not fit)"
        prepared.args = None
        if record.exc_info:
            prepared.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            prepared.exc_info = None
        return prepared

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue, or count what no longer fits."""
        if self._records.qsize() < LONGEST_QUEUE:
            self._records.put_nowait(record)
        else:
            self._handle.dropped += 1

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the base class' name
        """Count a record that could not even be prepared."""
        self._handle.count_failure("entrance", sys.exc_info()[1])


class _TextLine(logging.Formatter):
    """`[TIMESTAMP] [LEVEL] [COMPONENT] - MESSAGE`, one line whatever the message holds; a traceback is indented."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; control characters are shown, so that no message can forge another line."""
        message = self._redact(str(record.msg)).translate(_CONTROL)
        line = f"[{_market_time(record)}] [{record.levelname}] [{record.name}] - {message}"
        for below in self._redact(record.exc_text or "").splitlines():
            line += f"\n    {below.translate(_CONTROL)}"
        return line


class _JsonLine(JsonFormatter):
    """The same facts for machines, with the record's extra fields."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__(
            reserved_attrs=[*vars(logging.makeLogRecord({})), "instant", "muted", "message"], json_ensure_ascii=True
        )
        self._redact = redact

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Fill one object: time, level, component, message, exception, then the extra fields as text."""
        log_data["at"] = _market_time(record, zone=True)
        log_data["level"] = record.levelname
        log_data["component"] = record.name
        log_data["message"] = self._redact(str(record.msg))
        if record.exc_text:
            log_data["exception"] = self._redact(record.exc_text)
        extras: dict[str, Any] = {}
        super().add_fields(extras, record, message_dict)
        log_data.update((name, self._clean(value)) for name, value in extras.items() if name not in log_data)

    def _clean(self, value: Any) -> Any:
        return value if isinstance(value, int | float | None) else self._redact(str(value))


class _FileSink(RotatingFileHandler):
    """A rotating file, readable by its owner only, whose failures never travel further."""

    def __init__(self, path: Path, log: LogSettings, handle: LogHandle) -> None:
        self._handle = handle
        super().__init__(path, maxBytes=log.megabytes * 1_000_000, backupCount=log.files, encoding="utf-8")

    def _open(self) -> Any:
        def private(path: str, flags: int) -> int:
            handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
            _close_to_strangers(handle)
            return handle

        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=private)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the base class' name
        """Count it: a full disk must not stop the bot."""
        self._handle.count_failure(self.baseFilename, sys.exc_info()[1])

    def close(self) -> None:
        """Close, even when the last line does not fit on the disk."""
        try:
            super().close()
        except OSError as error:
            self._handle.count_failure(self.baseFilename, error)


def _close_to_strangers(handle: int) -> None:
    """Take others' rights from a file of ours that stood there already; its group keeps what somebody gave it."""
    facts = os.fstat(handle)
    if stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid() and facts.st_mode & 0o007:
        os.fchmod(handle, stat.S_IMODE(facts.st_mode) & ~0o007)


class _ConsoleSink(logging.StreamHandler[TextIO]):
    """The terminal, which may go away."""

    def __init__(self, stream: TextIO, handle: LogHandle) -> None:
        super().__init__(stream)
        self._handle = handle

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the base class' name
        """Count it: a closed terminal must not stop the bot."""
        self._handle.count_failure("console", sys.exc_info()[1])


def _sinks(folder: Path, log: LogSettings, console: bool | TextIO, handle: LogHandle) -> list[logging.Handler]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        text, machine = (_FileSink(folder / name, log, handle) for name in (TEXT_FILE, JSON_FILE))
    except OSError as error:
        raise ConfigurationError(f"paths.logs = {folder}: cannot be used: {error.strerror}; choose another") from None
    text.setFormatter(_TextLine(handle.redactor))
    machine.setFormatter(_JsonLine(handle.redactor))
    sinks: list[logging.Handler] = [text, machine]
    if console is not False:
        terminal = _ConsoleSink(sys.stderr if console is True else console, handle)
        terminal.setFormatter(_TextLine(handle.redactor))
        terminal.addFilter(lambda record: not record.__dict__["muted"])
        sinks.append(terminal)
    return sinks


def _market_time(record: logging.LogRecord, zone: bool = False) -> str:
    moment = ist_datetime(record.__dict__["instant"])
    return (moment if zone else moment.replace(tzinfo=None)).isoformat(sep=" ", timespec="milliseconds")


def _set_level(logger: logging.Logger, level: int, handle: LogHandle) -> None:
    before = logger.level
    logger.setLevel(level)
    handle.on_close(lambda: logger.setLevel(before))


def _catch_uncaught(handle: LogHandle) -> None:
    """Uncaught exceptions of threads would go to standard error as they are, secrets included."""
    thread_hook = threading.excepthook

    def on_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            name = args.thread.name if args.thread is not None else "unknown"
            _uncaught.critical("thread %s ends: %s", name, args.exc_value, exc_info=args.exc_value)

    def restore() -> None:
        threading.excepthook = thread_hook

    threading.excepthook = on_thread
    handle.on_close(restore)
