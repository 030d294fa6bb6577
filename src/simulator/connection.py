"""One WebSocket client of the simulator and the frames that wait for it.

Sending never waits: a client that does not read fills its own queue and is cut off, as a broker would do, instead of
slowing the market down for everybody.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from aiohttp import WSMsgType, web

Frame: TypeAlias = bytes | str

_MOST_WAITING = 20_000
"""Frames that a client may leave unread before it is cut off."""


class Connection:
    """A client whose handshake is done."""

    def __init__(self, request: web.Request):
        self._request = request
        self._socket = web.WebSocketResponse(compress=False)
        self._outbox: asyncio.Queue[Frame] = asyncio.Queue()

    def send(self, frame: Frame) -> None:
        """Queue a frame, binary or text."""
        self._outbox.put_nowait(frame)
        if self._outbox.qsize() > _MOST_WAITING:
            self.cut()

    def cut(self) -> None:
        """End the connection without a word, as a broken network does."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def serve(self, hear: Callable[[Frame], None]) -> web.WebSocketResponse:
        """Shake hands, hand every frame of the client to `hear`, and return when the client is gone."""
        await self._socket.prepare(self._request)
        writer = asyncio.create_task(self._write())
        try:
            async for message in self._socket:
                if message.type in {WSMsgType.BINARY, WSMsgType.TEXT}:
                    hear(message.data)
        finally:
            writer.cancel()
        return self._socket

    async def _write(self) -> None:
        while True:
            frame = await self._outbox.get()
            try:
                if isinstance(frame, bytes):
                    await self._socket.send_bytes(frame)
                else:
                    await self._socket.send_str(frame)
            except ConnectionError:
                return
