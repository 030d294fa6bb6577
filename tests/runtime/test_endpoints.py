import pytest

from core.errors import ConfigurationError
from runtime.endpoints import is_loopback, is_loopback_host, require_base


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])
def test_this_machine_is_recognised(host: str) -> None:
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@evil.example/api",
        "http://localhost.evil.example",
        "http://evil.example/127.0.0.1",
        "http://evil.example#@127.0.0.1",
        "http://0.0.0.0:80",
        "http://10.0.0.1",
        "http://2130706433",
        "https://api-t1.fyers.in/api/v3",
    ],
)
def test_a_disguised_foreign_host_is_not_this_machine(url: str) -> None:
    assert not is_loopback(url)


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("https://api-t1.fyers.in/api/v3", "http"),
        ("wss://socket.fyers.in/hsm/v1-5/prod", "ws"),
        ("http://127.0.0.1:8080/api/v3", "http"),
        ("ws://[::1]:9000/trade", "ws"),
        ("https://127.0.0.1:8443", "http"),
    ],
)
def test_encrypted_or_local_addresses_are_allowed(url: str, protocol: str) -> None:
    assert require_base(url, "broker.endpoints.rest", protocol).hostname  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://api-t1.fyers.in/api/v3", "plain http is allowed to this machine only"),
        ("ftp://127.0.0.1", "must start with https://"),
        ("wss://socket.fyers.in", "must start with https://"),
        ("api-t1.fyers.in/api/v3", "must start with https://"),
        ("https://", "has no host"),
        ("https://user:secret@api-t1.fyers.in", "user name or password"),
        ("https://api-t1.fyers.in/api/v3/", "without final slash"),
        ("https://api-t1.fyers.in/api?x=1", "without final slash, query"),
        ("https://api-t1.fyers.in:99999999", "not an address"),
        ("https://api\n.fyers.in", "not an address"),
        ("https://аpi.fyers.in", "not an address"),  # noqa: RUF001 - the first letter is Cyrillic
        ("https:\\\\api.fyers.in", "not an address"),
        ("https://" + "a" * 600, "not an address"),
    ],
)
def test_every_other_address_is_refused_by_name(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        require_base(url, "broker.endpoints.rest", "http")
    assert str(refusal.value).startswith("broker.endpoints.rest")
    assert reason in str(refusal.value)
    assert "secret" not in str(refusal.value)
