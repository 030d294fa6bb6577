"""A WebSocket server that misbehaves, and what tests of the feeds need to watch them from outside."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import date, time
from typing import TypeVar

import pytest
from aiohttp import WSMsgType, web

from core.instants import instant_at
from runtime.clock import MarketClock

PATIENCE_SECONDS = 30.0
"""How long a test waits for what must happen; only a failing test waits that long."""


class HurriedClock(MarketClock):
    """A market clock whose network deadlines may be shorter than a busy machine can keep.

    Good for tests of what happens when a deadline passes. A test that wants none to pass sets `shortest` to seconds.
    """

    def __init__(self) -> None:
        super().__init__(instant_at(date(2026, 1, 6), time(10, 0)), speed=20.0)
        self.hurry, self.shortest = 100.0, 0.1

    def deadline_seconds(self, seconds: float) -> float:
        return max(seconds / self.hurry, self.shortest)


class Notebook:
    """Collects what other threads report, and waits for it."""

    def __init__(self) -> None:
        self.entries: list[object] = []
        self._changed = threading.Condition()

    def add(self, entry: object) -> None:
        with self._changed:
            self.entries.append(entry)
            self._changed.notify_all()

    def wait(self, is_enough: Callable[[list[object]], object]) -> None:
        """Wait until what was collected is enough; fail when it never is."""
        with self._changed:
            assert self._changed.wait_for(lambda: is_enough(self.entries), PATIENCE_SECONDS), self.entries[-20:]

    def wait_for(self, *wanted: object) -> None:
        """Wait until these were collected, in this order, whatever else came between."""

        def in_order(entries: list[object]) -> bool:
            rest = iter(entries)
            return all(any(entry == each for entry in rest) for each in wanted)

        self.wait(in_order)


T = TypeVar("T")
Reply = Callable[[bytes | str], Iterable[bytes | str]]


class SocketServer:
    """A WebSocket server in a thread that answers as told, late, wrongly or not at all."""

    def __init__(self, reply: Reply = lambda message: ()) -> None:
        self.reply = reply
        """Maps a message to its answers."""
        self.statuses: deque[int] = deque()
        """HTTP statuses for the next handshakes; when empty they succeed."""
        self.location = ""
        """Where a redirect status leads."""
        self.handshake_seconds = 0.0
        self.handshakes = Notebook()
        """The headers of each handshake."""
        self.heard = Notebook()
        """Pairs of connection number and message."""
        self._open: set[web.WebSocketResponse] = set()
        self._requests: dict[web.WebSocketResponse, web.Request] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="socket server", daemon=True)
        self._thread.start()
        self._runner = self.call(self._start())

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._runner.addresses[0][1]}/socket"

    def call(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    def send(self, *messages: bytes | str) -> None:
        """Send to every open connection."""

        async def send() -> None:
            for connection in list(self._open):
                await _send(connection, messages)

        self.call(send())

    def drop(self) -> None:
        """Cut every connection without a word."""

        async def drop() -> None:
            for connection in list(self._open):
                transport = self._requests[connection].transport
                if transport is not None:
                    transport.abort()

        self.call(drop())

    def close_politely(self) -> None:
        """End every connection with a close frame."""

        async def close() -> None:
            for connection in list(self._open):
                await connection.close(code=1001)

        self.call(close())

    def stop(self) -> None:
        self.call(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        application = web.Application()
        application.add_routes([web.get("/socket", self._serve)])
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.handshakes.add(dict(request.headers))
        number = len(self.handshakes.entries)
        await asyncio.sleep(self.handshake_seconds)
        if self.statuses:
            return web.Response(status=self.statuses.popleft(), headers={"Location": self.location})
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        self._open.add(connection)
        self._requests[connection] = request
        try:
            async for message in connection:
                if message.type in {WSMsgType.BINARY, WSMsgType.TEXT}:
                    self.heard.add((number, message.data))
                    await _send(connection, self.reply(message.data))
        finally:
            self._open.discard(connection)
            del self._requests[connection]
        return connection


async def _send(connection: web.WebSocketResponse, messages: Iterable[bytes | str]) -> None:
    for message in messages:
        if isinstance(message, str):
            await connection.send_str(message)
        else:
            await connection.send_bytes(message)


@pytest.fixture
def socket_server() -> Iterator[SocketServer]:
    running = SocketServer()
    yield running
    running.stop()


@pytest.fixture
def hurried_clock() -> HurriedClock:
    return HurriedClock()


@pytest.fixture
def notebook() -> type[Notebook]:
    return Notebook
