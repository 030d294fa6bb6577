import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import BrokerError, ConfigurationError, StorageError
from core.instants import instant_of
from market_data.symbols.symbol_master import SymbolMaster
from runtime.clock import MarketClock
from runtime.settings import BrokerSettings, EndpointSettings, PathSettings, Settings

MARKET_DAY = instant_of(datetime.fromisoformat("2026-01-06T08:45:00+05:30"))


def row(token: str, **other: Any) -> dict[str, Any]:
    return {"fyToken": token, "minLotSize": 1, "tickSize": 0.05, "qtyFreeze": "1000", **other}


@dataclass
class Site:
    """A server of symbol masters on loopback."""

    url: str
    documents: dict[str, bytes] = field(default_factory=dict)
    status: int = 404
    asked: list[str] = field(default_factory=list)

    def publish(self, name: str, content: Any) -> None:
        self.documents[f"/sym_details/{name}"] = content if isinstance(content, bytes) else json.dumps(content).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.asked.append(self.path.rpartition("/")[2])
            body = published.documents.get(self.path)
            self.send_response(published.status if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    published = Site(f"http://127.0.0.1:{server.server_address[1]}/sym_details")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield published
    server.shutdown()
    server.server_close()
    thread.join()


def settings(url: str, cache: Path) -> Settings:
    return Settings(
        broker=BrokerSettings(endpoints=EndpointSettings(symbol_master=url)), paths=PathSettings(cache=cache)
    )


@pytest.fixture
def master(site: Site, tmp_path: Path) -> SymbolMaster:
    return SymbolMaster(settings(site.url, tmp_path / "cache"), MarketClock(start=MARKET_DAY))


def test_symbols_of_several_segments_are_found_in_the_order_asked_for(site: Site, master: SymbolMaster) -> None:
    site.publish("NSE_CM_sym_master.json", {"NSE:SBIN-EQ": row("10100000003045"), "NSE:M&M-EQ": row("10100000002031")})
    site.publish("NSE_FO_sym_master.json", {"NSE:NIFTY26JANFUT": row("101126012735000", minLotSize=65)})
    found = master.instruments(["NSE:M&M-EQ", "NSE:NIFTY26JANFUT", "NSE:SBIN-EQ", "NSE:M&M-EQ"])
    assert list(found) == ["NSE:M&M-EQ", "NSE:NIFTY26JANFUT", "NSE:SBIN-EQ"]
    assert found["NSE:NIFTY26JANFUT"].lot == 65
    assert site.asked == ["NSE_CM_sym_master.json", "NSE_FO_sym_master.json"]


def test_a_currency_contract_is_looked_for_where_derivatives_and_then_currencies_are(
    site: Site, master: SymbolMaster
) -> None:
    site.publish("NSE_FO_sym_master.json", {"NSE:NIFTY26JANFUT": row("101126012735000")})
    site.publish("NSE_CD_sym_master.json", {"NSE:USDINR26JANFUT": row("101226012812345", tickSize=0.0025)})
    contract = master.instruments(["NSE:USDINR26JANFUT"])["NSE:USDINR26JANFUT"]
    assert (contract.scale, contract.tick) == (4, 25)


def test_the_csv_serves_where_there_is_no_json(site: Site, master: SymbolMaster, real_data: Path) -> None:
    sample = real_data / "symbol_master" / "fyers_NSE_CM_2025-11-10.csv.gz"
    site.publish("NSE_CM.csv", gzip.decompress(sample.read_bytes()))
    found = master.instruments(["NSE:SBIN-EQ", "NSE:BAJAJ-AUTO-EQ", "NSE:M&M-EQ", "NSE:NIFTY50-INDEX"])
    assert [each.tick for each in found.values()] == [5, 50, 10, 5]
    assert found["NSE:NIFTY50-INDEX"].is_index
    assert found["NSE:NIFTY50-INDEX"].lot == 1
    assert site.asked == ["NSE_CM_sym_master.json", "NSE_CM.csv"]


def test_an_unknown_symbol_is_named_with_its_neighbours(site: Site, master: SymbolMaster) -> None:
    site.publish("NSE_CM_sym_master.json", {"NSE:SBIN-EQ": row("10100000003045")})
    with pytest.raises(ConfigurationError, match=r"NSE:SBINN-EQ is not in .*did you mean NSE:SBIN-EQ"):
        master.instruments(["NSE:SBIN-EQ", "NSE:SBINN-EQ"])


@pytest.mark.parametrize("status", [404, 403])
def test_a_master_that_is_not_there_is_named(site: Site, master: SymbolMaster, status: int) -> None:
    site.status = status
    with pytest.raises(BrokerError, match=r"symbol_master = http://127.* has no file for NSE_CM; check the address"):
        master.instruments(["NSE:SBIN-EQ"])


def test_a_server_in_trouble_leaves_nothing_behind(site: Site, master: SymbolMaster, tmp_path: Path) -> None:
    site.status = 503
    with pytest.raises(BrokerError, match="HTTP 503"):
        master.instruments(["NSE:SBIN-EQ"])
    assert list(tmp_path.rglob("*.json")) == []


UNREADABLE = [
    (b"", "is empty"),
    (b"<html>Scheduled maintenance</html>", "is a web page and no symbol master; fetch it again later"),
    (b'{"NSE:SBIN-EQ": {"fyToken": "1', "ends in the middle"),
    (json.dumps({"NSE:M&M-EQ": row("10100000002031")}).encode()[:-1], "ends in the middle"),
    (json.dumps({"NSE:SBIN-EQ": row("10100000003045", tickSize="a lot")}).encode(), "has tick size 'a lot'"),
    (json.dumps({"NSE:SBIN-EQ": {"token": "10100000003045"}}).encode(), "has no fyToken; its layout has changed"),
]


@pytest.mark.parametrize(("content", "reason"), UNREADABLE)
def test_what_cannot_be_read_is_not_kept_and_is_asked_for_again(
    site: Site, master: SymbolMaster, tmp_path: Path, content: bytes, reason: str
) -> None:
    site.publish("NSE_CM_sym_master.json", content)
    with pytest.raises(
        BrokerError, match=rf"NSE_CM_sym_master\.json: cannot be used and was not kept: .*{reason}"
    ) as no:
        master.instruments(["NSE:SBIN-EQ"])
    assert str(tmp_path) not in str(no.value)  # the file is not there to be looked at
    assert list((tmp_path / "cache").iterdir()) == []
    site.publish("NSE_CM_sym_master.json", {"NSE:SBIN-EQ": row("10100000003045")})
    assert list(master.instruments(["NSE:SBIN-EQ"])) == ["NSE:SBIN-EQ"]


class Bucket:
    """The broker's own address, without a network."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)

    def download(self, url: str, path: Path, *_: object) -> int:
        path.write_bytes(self.answers.pop(0))
        return 200


BROKER = "https://0.0.0.0:1/sym_details"
"""Not loopback by name, and nobody listens there."""
KEPT = f"NSE_CM-2026-01-06-{sha256(BROKER.encode()).hexdigest()[:12]}.json"
GOOD = json.dumps({"NSE:SBIN-EQ": row("10100000003045")}).encode()


@pytest.mark.parametrize("content", [content for content, _ in UNREADABLE])
def test_an_unreadable_file_of_today_is_fetched_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / KEPT).write_bytes(content)
    bucket = Bucket(GOOD)
    monkeypatch.setattr("market_data.symbols.symbol_master.download", bucket.download)
    today = SymbolMaster(settings(BROKER, tmp_path), MarketClock(start=MARKET_DAY))
    for _ in range(2):
        assert today.instruments(["NSE:SBIN-EQ"])["NSE:SBIN-EQ"].freeze == 1000
    assert bucket.answers == []
    assert (tmp_path / KEPT).read_bytes() == GOOD


def test_a_maintenance_page_of_the_broker_is_asked_again_until_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Bucket(b"<html>Scheduled maintenance</html>", b"{}", GOOD)
    monkeypatch.setattr("market_data.symbols.symbol_master.download", bucket.download)
    today = SymbolMaster(settings(BROKER, tmp_path), MarketClock(start=MARKET_DAY))
    for reason in ("is a web page", "holds no contracts"):
        with pytest.raises(BrokerError, match=reason):
            today.instruments(["NSE:SBIN-EQ"])
        assert list(tmp_path.iterdir()) == []
    assert list(today.instruments(["NSE:SBIN-EQ"])) == ["NSE:SBIN-EQ"]


def test_a_simulator_is_asked_every_time_and_only_the_newest_copy_is_kept(
    site: Site, master: SymbolMaster, tmp_path: Path
) -> None:
    site.publish("NSE_CM_sym_master.json", {"NSE:SBIN-EQ": row("10100000003045")})
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "NSE_CM-2026-01-05-0123456789ab.json").write_text("{}")
    master.instruments(["NSE:SBIN-EQ"])
    site.publish("NSE_CM_sym_master.json", {"NSE:SBIN-EQ": row("10100000003045", tickSize=0.1)})
    assert master.instruments(["NSE:SBIN-EQ"])["NSE:SBIN-EQ"].tick == 10
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.hazard("S13")
def test_the_brokers_file_is_fetched_once_a_day(tmp_path: Path) -> None:
    kept = tmp_path / KEPT
    kept.write_bytes(GOOD)
    today = SymbolMaster(settings(BROKER, tmp_path), MarketClock(start=MARKET_DAY))
    assert today.instruments(["NSE:SBIN-EQ"])["NSE:SBIN-EQ"].freeze == 1000
    kept.rename(tmp_path / KEPT.replace("01-06", "01-05"))
    with pytest.raises(BrokerError, match=r"0\.0\.0\.0 gave no answer"):
        today.instruments(["NSE:SBIN-EQ"])


def test_the_data_sockets_index_names_come_along(site: Site, master: SymbolMaster) -> None:
    assert master.index_names() == {}
    site.publish("index_hsm_mapping.json", {"NSE:NIFTY50-INDEX": "Nifty 50"})
    assert master.index_names() == {"NSE:NIFTY50-INDEX": "Nifty 50"}
    for broken in (b"[]", b"{", b'{"NSE:NIFTY50-INDEX": 5}'):
        site.publish("index_hsm_mapping.json", broken)
        with pytest.raises(BrokerError, match=r"was not kept: .*layout has changed"):
            master.index_names()


def test_a_cache_that_cannot_be_written_is_told_of_once_and_done_without(
    site: Site, master: SymbolMaster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("no folder")
    site.publish("NSE_CM_sym_master.json", {"NSE:SBIN-EQ": row("10100000003045")})
    site.publish("index_hsm_mapping.json", {"NSE:NIFTY50-INDEX": "Nifty 50"})
    assert list(master.instruments(["NSE:SBIN-EQ"])) == ["NSE:SBIN-EQ"]
    assert master.index_names() == {"NSE:NIFTY50-INDEX": "Nifty 50"}
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'cache'}: nothing can be kept there, going on without; make room or set paths.cache"
    ]


def test_no_place_at_all_for_a_master_is_told_with_what_to_do(
    site: Site, master: SymbolMaster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    site.publish("NSE_CM_sym_master.json", {"NSE:SBIN-EQ": row("10100000003045")})
    with pytest.raises(StorageError, match=r"neither paths\.cache = .*; make room or set paths\.cache"):
        master.instruments(["NSE:SBIN-EQ"])
