"""A server that treats each connection badly in another way. Says its port, and listens after the first line it reads.

It runs as a process of its own, so that who counts descriptors counts none of its.
"""

import base64
import hashlib
import socket
import struct
import sys
import threading
import time

SLOW_SECONDS = 0.03
"""Three market seconds on the clock of the tests."""
RESET = struct.pack("ii", 1, 0)


def upgrade(connection: socket.socket) -> None:
    """Answer a WebSocket handshake as it should be."""
    asked = b""
    while b"\r\n\r\n" not in asked and (more := connection.recv(4096)):
        asked += more
    key = next(
        (line.split(b":")[1].strip() for line in asked.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")),
        b"",
    )
    proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n"
    )


def hang_up(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def say_nothing(connection: socket.socket) -> None:
    connection.recv(65_536)


def talk_nonsense(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\x00\xff" * 2_000)


def refuse(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


def upgrade_and_hear_nothing(connection: socket.socket) -> None:
    upgrade(connection)


def upgrade_slowly_and_reset(connection: socket.socket) -> None:
    time.sleep(SLOW_SECONDS)
    upgrade(connection)
    reset(connection)


def upgrade_and_close(connection: socket.socket) -> None:
    upgrade(connection)
    connection.sendall(b"\x88\x02\x03\xe9")


def upgrade_and_send_half_a_frame(connection: socket.socket) -> None:
    upgrade(connection)
    connection.sendall(b"\x82\x7e\x10\x00half")


WAYS = (
    hang_up,
    reset,
    say_nothing,
    talk_nonsense,
    refuse,
    upgrade_and_hear_nothing,
    upgrade_slowly_and_reset,
    upgrade_and_close,
    upgrade_and_send_half_a_frame,
)


def treat(connection: socket.socket, number: int) -> None:
    try:
        WAYS[number % len(WAYS)](connection)
        time.sleep(0.5)
        connection.close()
    except OSError:
        connection.close()


def main() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        sys.stdin.readline()  # until then connections are refused
        listener.listen(64)
        number = 0
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=treat, args=(connection, number), daemon=True).start()
            number += 1


if __name__ == "__main__":
    main()
