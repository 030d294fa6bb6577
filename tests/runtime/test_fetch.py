import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import BrokerError, ConfigurationError
from runtime.fetch import Deadlines, download, fetch

QUICK = Deadlines(connect=2.0, read=2.0, total=10.0)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answers = {"/ok": (200, b'{"a": 1}'), "/gone": (404, b"gone"), "/big": (200, b"x" * 200_000)}
        status, body = answers.get(self.path, (200, b"short"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + (1_000 if self.path == "/cut?token=canary" else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_whole_answer_is_returned_with_its_status(server: str) -> None:
    assert fetch("GET", f"{server}/ok", QUICK).json() == {"a": 1}
    assert fetch("GET", f"{server}/gone", QUICK).status == 404


def test_a_document_is_copied_only_when_it_is_there(server: str, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    assert download(f"{server}/gone", file, QUICK, 1_000_000) == 404
    assert not file.exists()
    assert download(f"{server}/big", file, QUICK, 1_000_000) == 200
    assert file.stat().st_size == 200_000


def test_too_large_an_answer_is_not_read_to_its_end(server: str, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="more than 1000 bytes"):
        fetch("GET", f"{server}/big", QUICK, limit=1_000)
    with pytest.raises(BrokerError, match="more than 100000 bytes"):
        download(f"{server}/big", tmp_path / "copy", QUICK, 100_000)
    assert list(tmp_path.iterdir()) == []


def test_half_an_answer_is_none_and_its_address_is_not_quoted(server: str) -> None:
    with pytest.raises(BrokerError, match=r"127\.0\.0\.1 gave no answer \(connection lost\)") as refusal:
        fetch("GET", f"{server}/cut?token=canary", QUICK)
    assert "canary" not in str(refusal.value)


def test_nobody_listening_and_no_encryption_are_told_apart(server: str) -> None:
    with pytest.raises(BrokerError, match="connection refused"):
        fetch("GET", "http://127.0.0.1:1/x", QUICK)
    with pytest.raises(BrokerError, match=r"127\.0\.0\.1 gave no answer"):
        fetch("GET", server.replace("http:", "https:"), QUICK)


def test_an_address_that_is_not_allowed_is_not_asked() -> None:
    with pytest.raises(ConfigurationError, match="plain http is allowed to this machine only"):
        fetch("GET", "http://192.0.2.1/", QUICK)


@pytest.mark.hazard("C8")
def test_a_key_log_is_never_written(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    seen: list[ssl.SSLContext] = []
    original = ssl.SSLContext.wrap_socket

    def watch(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        seen.append(context)
        return original(context, *args, **kwargs)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", watch)
    with pytest.raises(BrokerError):
        fetch("GET", server.replace("http:", "https:"), QUICK)
    assert [context.keylog_filename for context in seen] == [None]
    assert seen[0].verify_mode is ssl.CERT_REQUIRED
    assert seen[0].check_hostname
