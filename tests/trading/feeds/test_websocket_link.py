"""A server that writes frames by hand: endless ones, endless rows of them, and one that comes byte by byte."""

import base64
import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from trading.websocket_link import LARGEST_MESSAGE, LinkLostError, WebSocketLink

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, CONTINUATION, FINAL = 2, 0, 0x80
Script = Callable[[socket.socket], object]


def head(opcode: int, length: int) -> bytes:
    return bytes([opcode, 127]) + struct.pack("!Q", length)


@contextlib.contextmanager
def speaking(script: Script) -> Iterator[WebSocketLink]:
    """Connect to a server that does what the script says and then waits for us to go."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            request = connection.recv(65_536)
            key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
            accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            script(connection)
            connection.recv(65_536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        link = WebSocketLink(f"ws://127.0.0.1:{listener.getsockname()[1]}/", "a.setting", [], 5.0)
        link.set_patience(0.2)
        try:
            yield link
        finally:
            link.close()
            thread.join(5.0)


def message_of(link: WebSocketLink) -> bytes | str:
    """The next message, however often `receive` comes back without one."""
    for _ in range(100):
        message = link.receive()
        if message is not None:
            return message
    raise AssertionError("no message came")


@pytest.mark.hazard("O14", "D14")
@pytest.mark.parametrize("length", [LARGEST_MESSAGE + 1, 2**40, 2**63, 2**64 - 1])
def test_a_frame_that_says_it_is_larger_than_any_is_not_waited_for(length: int) -> None:
    with (
        speaking(lambda connection: connection.sendall(head(FINAL | BINARY, length) + b"x" * 1_000)) as link,
        pytest.raises(LinkLostError, match=f"a message of {length} bytes; at most {LARGEST_MESSAGE} are read"),
    ):
        message_of(link)


@pytest.mark.hazard("O14", "D14")
def test_a_message_of_fragments_without_end_is_not_kept() -> None:
    part = b"x" * 65_536

    def endless(connection: socket.socket) -> None:
        connection.sendall(head(BINARY, len(part)) + part)
        while True:
            connection.sendall(head(CONTINUATION, len(part)) + part)

    with speaking(endless) as link, pytest.raises(LinkLostError, match="at most 5000000 are read"):
        message_of(link)


@pytest.mark.hazard("D14")
def test_a_frame_that_comes_byte_by_byte_holds_nobody_up_and_is_read_in_the_end() -> None:
    gone_on, stopped = threading.Event(), threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(head(FINAL | BINARY, 20))
        for _ in range(19):
            connection.sendall(b"x")
            gone_on.wait(0.05)
        connection.sendall(b"!")
        stopped.wait(10)

    with speaking(drip) as link:
        assert link.receive() is None, "it waited for a frame that takes a second"
        gone_on.set()
        assert message_of(link) == b"x" * 19 + b"!"
        stopped.set()


def test_a_message_of_fragments_is_put_together() -> None:
    frames = head(BINARY, 2) + b"ab" + head(CONTINUATION, 2) + b"cd" + head(FINAL | CONTINUATION, 2) + b"ef"
    with speaking(lambda connection: connection.sendall(frames)) as link:
        assert message_of(link) == b"abcdef"
