"""Builders shared by these tests: a clock moved by hand, a plain calendar, a server that misbehaves."""

import contextlib
import json
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from core.instants import SECOND, Instant, instant_at
from core.sessions import TradingDay


class HandClock:
    """Market time that moves only when somebody waits, and every wait is over at once; network deadlines are short."""

    def __init__(self, at: Instant, deadline: float = 0.4) -> None:
        self.at = at
        self.deadline = deadline
        self.sleeps: list[float] = []

    def now(self) -> Instant:
        return self.at

    def steady(self) -> Instant:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.at += int(seconds * SECOND) + 1

    def pause_seconds(self, seconds: float) -> float:
        self.sleep(seconds)
        return 0.0

    def deadline_seconds(self, seconds: float) -> float:
        return self.deadline

    def wall_at(self, instant: Instant) -> datetime:
        return datetime.fromtimestamp(instant / SECOND, tz=timezone.utc)


class WeekdayCalendar:
    """09:15 to 15:30 on weekdays that are no holidays."""

    def __init__(self, *holidays: date) -> None:
        self.holidays = holidays

    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5 or day in self.holidays:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )

    def next_trading_day(self, after: date) -> TradingDay:
        day = after + timedelta(days=1)
        while (session := self.trading_day(day)) is None:
            day += timedelta(days=1)
        return session


@dataclass(frozen=True)
class Fault:
    """What the server does with one request."""

    reply: bytes = b""
    read_first: bool = True
    """Otherwise acts once the request's first bytes have arrived, and leaves them unread."""
    reset: bool = False
    """Ends the connection with a TCP reset after what it did so far."""
    hang: bool = False
    """Then says nothing more until the server stops."""
    close: bool = False
    """Ends the connection in good order."""
    drip_seconds: float = 0.0
    """Sends the reply byte by byte with this pause."""


@dataclass
class Request:
    """What the server read."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass
class FaultServer:
    """A raw socket that speaks just enough HTTP to break it in every way."""

    faults: deque[Fault] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._ended = threading.Semaphore(0)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def base(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def will(self, *faults: Fault) -> None:
        """Do these with the next requests, in order."""
        self.faults.extend(faults)

    def drop_idle(self) -> None:
        """Close every open connection in good order, as a server does with idle ones."""
        while self._open:
            connection = self._open.pop()
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def await_end(self) -> None:
        """Wait until the server is done with one more connection: its closing comes some time after its last byte."""
        assert self._ended.acquire(timeout=10)

    def close(self) -> None:
        if self._stopped.is_set():
            return
        self._stopped.set()
        # Without the shutdown a thread that waits inside `accept` or `recv` keeps the socket alive.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_idle()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls is not None:
                self._open.remove(connection)
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while not self._stopped.is_set() and self._serve_one(connection):
                pass
        except OSError:
            return
        finally:
            self._ended.release()

    def _serve_one(self, connection: socket.socket) -> bool:
        if self.faults and not self.faults[0].read_first:
            # Sooner, and a reset can end the client's connecting: then nothing was sent, which is another story.
            connection.recv(1, socket.MSG_PEEK)
            return self._act(connection, self.faults.popleft())
        request = _read(connection)
        if request is None:
            return False
        self.requests.append(request)
        return self._act(connection, self.faults.popleft() if self.faults else Fault(ok_answer()))

    def _act(self, connection: socket.socket, fault: Fault) -> bool:
        step = 1 if fault.drip_seconds else max(1, len(fault.reply))
        for place in range(0, len(fault.reply), step):
            connection.sendall(fault.reply[place : place + step])
            if self._stopped.wait(fault.drip_seconds):
                return False
        if fault.hang:
            self._stopped.wait()
        if fault.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if fault.reset or fault.close:
            self._open.remove(connection)
            connection.close()
            return False
        return True


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    return Request(method, target, headers, body)


def http_answer(status: int, body: bytes, **headers: str) -> bytes:
    """A whole HTTP answer; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def json_answer(status: int, payload: object, **headers: str) -> bytes:
    """A whole HTTP answer with a JSON body."""
    return http_answer(status, json.dumps(payload).encode(), **headers)


def ok_answer(**payload: object) -> bytes:
    """FYERS' envelope of success around a payload."""
    return json_answer(200, {"s": "ok", "code": 200, "message": "", **payload})


class Faults:
    """Builders of faults, for tests: `--import-mode=importlib` has no way to import from here."""

    Fault = Fault
    http = staticmethod(http_answer)
    json = staticmethod(json_answer)
    ok = staticmethod(ok_answer)

    @staticmethod
    def reply(answer: bytes) -> Fault:
        """Read the request, then say this."""
        return Fault(answer)


@pytest.fixture
def faults() -> type[Faults]:
    return Faults


@pytest.fixture
def second_server() -> Iterator[FaultServer]:
    with contextlib.closing(FaultServer()) as running:
        yield running


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with contextlib.closing(FaultServer()) as running:
        yield running


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of this machine, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: no certificate for a TLS server")
    file = tmp_path / "server.pem"
    wanted = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [openssl, *wanted.split(), "-keyout", file, "-out", tmp_path / "c.pem"], check=True, capture_output=True
    )
    file.write_text(file.read_text() + (tmp_path / "c.pem").read_text())
    return file


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[FaultServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with contextlib.closing(FaultServer(tls=context)) as running:
        yield running


@pytest.fixture
def clock() -> HandClock:
    return HandClock(instant_at(date(2026, 11, 20), time(11, 0)))


@pytest.fixture(scope="session")
def calendar() -> WeekdayCalendar:
    return WeekdayCalendar()
