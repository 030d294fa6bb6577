import socket
import time
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from trading.answers import MAX_BODY_BYTES, Answer, Failure
from trading.transport import HttpTransport

HEADERS = {"Authorization": "APP-100:secret-token"}


def transport_to(server, clock) -> HttpTransport:
    return HttpTransport({"broker.endpoints.rest": f"{server.base}/api/v3"}, clock, 1.0, 1.0)


def post(transport: HttpTransport, server, body: bytes = b"{}"):
    return transport.exchange("POST", f"{server.base}/api/v3/orders/sync", HEADERS, body)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def test_an_answer_comes_back_with_status_headers_and_bytes(server, clock, faults):
    server.will(faults.reply(faults.http(429, b'{"s":"error"}', Retry_After="7")))

    answer = post(transport_to(server, clock), server)

    assert answer == Answer(429, {"content-length": "13", "retry-after": "7"}, b'{"s":"error"}')
    assert answer.retry_after_seconds == 7.0


def test_a_connection_is_used_again(server, clock):
    transport = transport_to(server, clock)

    for _ in range(3):
        assert isinstance(post(transport, server), Answer)

    assert server.connections == 1
    assert len(server.requests) == 3


def test_a_connection_the_server_closed_while_idle_is_replaced_before_anything_is_sent(server, clock):
    transport = transport_to(server, clock)
    post(transport, server)
    server.drop_idle()
    time.sleep(0.05)

    assert isinstance(post(transport, server), Answer)
    assert server.connections == 2


def test_a_connection_that_idled_too_long_is_not_trusted(server, clock, monkeypatch):
    transport = transport_to(server, clock)
    post(transport, server)
    monkeypatch.setattr("trading.transport.IDLE_SECONDS", 0.0)

    assert isinstance(post(transport, server), Answer)
    assert server.connections == 2


def test_a_refused_connection_proves_that_nothing_was_sent(clock):
    port = free_port()
    transport = HttpTransport({"rest": f"http://127.0.0.1:{port}"}, clock, 1.0, 1.0)

    failure = transport.exchange("POST", f"http://127.0.0.1:{port}/orders", HEADERS, b"{}")

    assert isinstance(failure, Failure)
    assert not failure.sent
    assert "ConnectionRefusedError" in failure.reason


@pytest.mark.hazard("V3")
def test_a_name_that_does_not_resolve_proves_that_nothing_was_sent(clock):
    transport = HttpTransport({"rest": "https://nowhere.invalid"}, clock, 1.0, 1.0)

    failure = transport.exchange("POST", "https://nowhere.invalid/orders", HEADERS, b"{}")

    assert isinstance(failure, Failure)
    assert not failure.sent


def test_a_failed_tls_handshake_proves_that_nothing_was_sent(server, clock, faults):
    server.will(faults.Fault(b"not tls at all", read_first=False, close=True))
    base = server.base.replace("http:", "https:")
    transport = HttpTransport({"rest": base}, clock, 1.0, 1.0)

    failure = transport.exchange("POST", f"{base}/orders", HEADERS, b"{}")

    assert isinstance(failure, Failure)
    assert not failure.sent
    assert server.requests == []


@pytest.mark.hazard("S3")
def test_a_tls_handshake_that_hangs_ends_at_the_connect_deadline_with_nothing_sent(server, clock, faults):
    server.will(faults.Fault(read_first=False, hang=True))
    base = server.base.replace("http:", "https:")
    transport = HttpTransport({"rest": base}, clock, 1.0, 1.0)

    failure = transport.exchange("POST", f"{base}/orders", HEADERS, b"{}")

    assert isinstance(failure, Failure)
    assert not failure.sent


@pytest.mark.hazard("C8")
def test_a_certificate_we_do_not_know_is_refused_whatever_the_environment_says(
    tls_server, clock, certificate, monkeypatch
):
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(certificate))

    failure = post(transport_to(tls_server, clock), tls_server)

    assert isinstance(failure, Failure)
    assert not failure.sent
    assert "certificate" in failure.reason.lower()
    assert tls_server.requests == []


def test_an_encrypted_exchange_keeps_its_connection_and_its_keys(
    tls_server, clock, certificate, monkeypatch, tmp_path, faults
):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    monkeypatch.setattr("certifi.where", lambda: str(certificate))
    clock.deadline = 5.0
    transport = transport_to(tls_server, clock)

    answers = [post(transport, tls_server) for _ in range(3)]
    tls_server.will(faults.Fault(reset=True))

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert tls_server.connections == 1
    assert post(transport, tls_server).sent
    assert not (tmp_path / "keys.log").exists()


def test_a_connection_made_after_the_deadline_is_not_used(server, clock, monkeypatch):
    real = socket.create_connection

    def slow(address, *rest, **options):
        time.sleep(clock.deadline + 0.05)
        return real(address, *rest, **options)

    monkeypatch.setattr(socket, "create_connection", slow)

    failure = post(transport_to(server, clock), server)

    assert isinstance(failure, Failure)
    assert not failure.sent
    assert server.requests == []


@pytest.mark.parametrize("fault", ["reset unread", "reset", "close", "hang", "truncated", "drip", "garbage", "half"])
def test_once_bytes_left_a_failure_says_so(server, clock, faults, fault):
    whole = faults.json(200, {"s": "ok", "code": 1101, "id": "26112000000017"})
    server.will(
        {
            "reset unread": faults.Fault(read_first=False, reset=True),
            "reset": faults.Fault(reset=True),
            "close": faults.Fault(close=True),
            "hang": faults.Fault(hang=True),
            "truncated": faults.Fault(whole[:-5], close=True),
            "drip": faults.Fault(whole, drip_seconds=0.1),
            "garbage": faults.Fault(b"\x00\x01\x02 nonsense\r\n\r\n", close=True),
            "half": faults.Fault(whole[:20], hang=True),
        }[fault]
    )

    failure = post(transport_to(server, clock), server)

    assert isinstance(failure, Failure)
    assert failure.sent


def test_a_reset_on_a_reused_connection_is_never_taken_for_not_sent(server, clock, faults):
    transport = transport_to(server, clock)
    post(transport, server)
    server.will(faults.Fault(reset=True))

    failure = post(transport, server)

    assert server.connections == 1
    assert failure == Failure(sent=True, reason=failure.reason)
    assert len(server.requests) == 2


@pytest.mark.hazard("S1")
def test_a_failed_exchange_is_not_repeated(server, clock, faults):
    server.will(faults.Fault(reset=True))

    post(transport_to(server, clock), server)

    time.sleep(0.05)
    assert len(server.requests) == 1


@pytest.mark.hazard("O14")
def test_a_body_over_the_limit_is_not_read_to_its_end(server, clock, faults):
    server.will(faults.reply(faults.http(200, b"[" * (MAX_BODY_BYTES + 10))))

    failure = post(transport_to(server, clock), server)

    assert isinstance(failure, Failure)
    assert str(MAX_BODY_BYTES) in failure.reason


def test_a_chunked_body_is_read_whole_and_the_connection_kept(server, clock, faults):
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"s":1,\r\n6\r\n"t":2}\r\n0\r\n\r\n'
    server.will(faults.reply(chunked))
    transport = transport_to(server, clock)

    answer = post(transport, server)
    post(transport, server)

    assert isinstance(answer, Answer)
    assert answer.body == b'{"s":1,"t":2}'
    assert server.connections == 1


def test_an_answer_that_ends_the_connection_is_read_whole(server, clock, faults):
    server.will(faults.Fault(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", close=True))

    answer = post(transport_to(server, clock), server)

    assert isinstance(answer, Answer)
    assert answer.body == b"{}"


@pytest.mark.hazard("C8")
def test_a_redirect_is_an_answer_and_the_token_goes_nowhere_else(server, clock, faults, second_server):
    server.will(faults.reply(faults.http(302, b"", Location=f"{second_server.base}/steal")))

    answer = post(transport_to(server, clock), server)

    assert isinstance(answer, Answer)
    assert answer.status == 302
    assert second_server.connections == 0


def test_a_host_that_is_not_configured_is_refused(server, clock, second_server):
    transport = transport_to(server, clock)

    with pytest.raises(ConfigurationError, match=r"not among the configured endpoints"):
        transport.exchange("GET", f"{second_server.base}/profile", HEADERS)

    assert second_server.connections == 0


@pytest.mark.parametrize("base", ["http://api-t1.fyers.in/api/v3", "ftp://127.0.0.1/x", "https://u:p@host/x"])
def test_an_address_that_would_expose_the_token_is_refused(clock, base):
    with pytest.raises(ConfigurationError, match=r"broker\.endpoints\.rest"):
        HttpTransport({"broker.endpoints.rest": base}, clock, 1.0, 1.0)


@pytest.mark.hazard("C8")
def test_the_environment_changes_nothing(server, clock, second_server, monkeypatch, tmp_path: Path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, second_server.base)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "hostile.pem"))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))

    assert isinstance(post(transport_to(server, clock), server), Answer)

    assert second_server.connections == 0
    assert server.requests[0].headers["authorization"] == HEADERS["Authorization"]
    assert not (tmp_path / "keys.log").exists()


def test_nobody_is_asked_to_compress(server, clock):
    post(transport_to(server, clock), server)

    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.hazard("X12")
def test_failures_and_answers_do_not_show_the_token(server, clock, faults):
    server.will(faults.Fault(reset=True))
    transport = transport_to(server, clock)

    shown = repr(post(transport, server)) + repr(post(transport, server)) + repr(transport)

    assert "secret-token" not in shown


def test_closing_leaves_no_connection_open_and_the_transport_usable(server, clock):
    transport = transport_to(server, clock)
    post(transport, server)

    transport.close()

    assert isinstance(post(transport, server), Answer)
    assert server.connections == 2


HEAD = b"HTTP/1.1 200 OK\r\n"
HOSTILE = {
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "length without end": HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "negative chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
    "odd chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "chunk without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 5_000 + b"\r\n{}",
    "chunk line without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 100_000,
    "status without end": b"HTTP/1.1 " + b"9" * 5_000 + b" OK\r\n\r\n",
    "odd status": b"HTTP/1.1 two OK\r\n\r\n",
    "status line without end": b"HTTP/1.1 200 " + b"x" * 100_000,
    "no HTTP": b"\x00\xff" * 1_000 + b"\r\n\r\n",
    "an answer of long ago": b"HTTP/0.9 200\r\n\r\n{}",
    "a thousand headers": HEAD + b"A: b\r\n" * 1_000 + b"\r\n{}",
    "header without end": HEAD + b"A: " + b"b" * 100_000,
    "header without colon": HEAD + b"nonsense\r\nContent-Length: 2\r\n\r\n{}",
    "header with a zero": HEAD + b"A\x00: \x1b[2J\r\nContent-Length: 2\r\n\r\n{}",
    "always go on": b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
    "other protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\n\r\n{}",
    "compressed": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
}


@pytest.mark.hazard("O14", "S2")
@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_stands_around_a_body_is_an_answer_or_a_failure_after_sending(server, clock, faults, what):
    server.will(faults.Fault(HOSTILE[what], close=True))
    transport = transport_to(server, clock)

    came = post(transport, server)

    assert isinstance(came, Answer) or came.sent
    assert len(server.requests) == 1
    server.await_end()  # a request that crosses the closing has an unknown fate, and is told so
    assert isinstance(post(transport, server), Answer)  # and the next call is none the worse
