"""Small, careful HTTP for start-up errands (sign-in, symbol master); orders have a transport of their own.

No proxy, no redirect, no retry, no cookie, no netrc: what the environment says cannot move a request elsewhere. A
deadline on everything, a limit on what is read, certificates from the bundled list, plain HTTP to loopback only.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import SplitResult

import urllib3

from core.errors import BrokerError
from runtime.atomic_files import open_atomically
from runtime.endpoints import require_allowed
from runtime.tls import client_context

LARGEST_ANSWER = 5_000_000
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Wall seconds one exchange may take."""

    connect: float
    read: float
    """Longest silence."""
    total: float
    """From the first byte sent to the last byte read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises `BrokerError` for anything else."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise BrokerError(f"HTTP {self.status} with an answer that is not a JSON object; try again later")
        return content


def fetch(
    method: str, url: str, deadlines: Deadlines, body: Mapping[str, Any] | None = None, limit: int = LARGEST_ANSWER
) -> Answer:
    """Send one request, `body` as JSON, and read the whole answer.

    Raises `BrokerError` when there is no whole answer in time or it exceeds `limit` bytes, `ConfigurationError` for an
    address that is not allowed. Messages hold the host, never path, query or body.
    """
    with _exchange(method, url, deadlines, body, limit) as (response, chunks):
        return Answer(response.status, b"".join(chunks))


def download(url: str, path: Path, deadlines: Deadlines, limit: int) -> int:
    """Copy a document into a file, whole or not at all, without holding it in memory; return the HTTP status.

    Nothing is written unless the status is 200. Raises as `fetch` does, and `StorageError`.
    """
    with _exchange("GET", url, deadlines, None, limit) as (response, chunks):
        if response.status == 200:
            with open_atomically(path) as file:
                file.writelines(chunks)
        return response.status


@contextmanager
def _exchange(
    method: str, url: str, deadlines: Deadlines, body: Mapping[str, Any] | None, limit: int
) -> Iterator[tuple[urllib3.BaseHTTPResponse, Iterator[bytes]]]:
    host = require_allowed(url, "address", "http")
    end = monotonic() + deadlines.total
    timeout = urllib3.Timeout(connect=deadlines.connect, read=deadlines.read)
    with urllib3.PoolManager(num_pools=1, retries=False, timeout=timeout, ssl_context=client_context()) as pool:
        try:
            response = pool.request(method, url, json=body, redirect=False, preload_content=False)
            try:
                yield response, _read(response, host, limit, end)
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            raise BrokerError(f"{host.hostname} gave no answer ({_reason(error)}); check the network") from None


def _read(response: urllib3.BaseHTTPResponse, host: SplitResult, limit: int, end: float) -> Iterator[bytes]:
    size = 0
    for chunk in response.stream(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise BrokerError(f"{host.hostname} answers with more than {limit} bytes; the rest was not read")
        if monotonic() > end:
            raise BrokerError(f"{host.hostname} answers too slowly; try again later")
        yield chunk


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    """Name the kind of failure; the library's own text may quote the address with its query."""
    if isinstance(error, urllib3.exceptions.SSLError):
        return "its certificate is not valid"
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "its name is unknown"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "connection refused"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "time-out"
    return "connection lost"
