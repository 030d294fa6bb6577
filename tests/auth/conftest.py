import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from core.instants import SECOND, Instant, instant_of
from runtime.settings import AuthSettings, BrokerSettings, EndpointSettings, Settings

CLIENT_ID = "ABCD1234XY-100"
SECRET = "app-s3cret-canary"
HSM_KEY = "hsm-key-canary-0123456789"


LONG_AGO = instant_of(datetime.fromisoformat("2023-06-01T09:15:00+05:30"))


def jwt(**claims: Any) -> str:
    """A token shaped like FYERS'; the signature is never looked at."""

    def part(content: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'typ': 'JWT', 'alg': 'HS256'})}.{part(claims)}.signature-canary"


@dataclass
class RehearsalClock:
    """Shows a market instant of long ago while the wall shows another time."""

    wall: datetime
    market: Instant = LONG_AGO
    asked: list[float] = field(default_factory=list)

    def now(self) -> Instant:
        return self.market

    def steady(self) -> Instant:
        return self.market

    def sleep(self, seconds: float) -> None:
        self.market += int(seconds * SECOND)

    def pause_seconds(self, seconds: float) -> float:
        return seconds

    def deadline_seconds(self, seconds: float) -> float:
        self.asked.append(seconds)
        return min(seconds, 5.0)

    def wall_at(self, instant: Instant) -> datetime:
        return self.wall + timedelta(microseconds=(instant - self.market) // 1_000)


@pytest.fixture
def clock() -> RehearsalClock:
    """The wall shows 2026-11-20 08:45 in India."""
    return RehearsalClock(datetime(2026, 11, 20, 3, 15, tzinfo=timezone.utc))


@pytest.fixture
def token(clock: RehearsalClock) -> str:
    """A token that lives until the next morning at six."""
    expiry = clock.wall + timedelta(hours=21, minutes=15)
    return jwt(sub="access_token", exp=int(expiry.timestamp()), fy_id="XA00001", hsm_key=HSM_KEY)


@dataclass
class Broker:
    """A sign-in server on loopback that says what the test wants and remembers what it was asked."""

    rest: str
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def answers(self, content: Mapping[str, Any], status: int = 200) -> None:
        self.status, self.body = status, json.dumps(content).encode()


@contextmanager
def running_broker() -> Iterator[Broker]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            broker.requests.append((self.path, dict(self.headers), json.loads(self.rfile.read(length))))
            self.send_response(broker.status)
            for name, value in broker.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(broker.body)))
            self.end_headers()
            self.wfile.write(broker.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    broker = Broker(f"http://127.0.0.1:{server.server_address[1]}/api/v3")
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield broker
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def broker() -> Iterator[Broker]:
    with running_broker() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, broker: Broker) -> Callable[..., Settings]:
    """Build settings that point at the sign-in server, with changes to the `auth` section."""

    def build(**auth: Any) -> Settings:
        given = {
            "client_id": CLIENT_ID,
            "secret_key": SecretStr(SECRET),
            "token_file": tmp_path / "private" / "token.json",
            **auth,
        }
        return Settings(auth=AuthSettings(**given), broker=BrokerSettings(endpoints=EndpointSettings(rest=broker.rest)))

    return build
