import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from core.errors import AuthenticationError, ConfigurationError, InvariantError
from core.events import FeedState
from core.market import Side
from core.orders import OrderStatus, OrderType
from runtime.settings import Settings
from trading.order_feed import LARGEST_MESSAGE, OrderFeed, read_message

ORDER = {
    "id": "26112000000017",
    "ordertag": "1:AB01E7",
    "symbol": "NSE:SBIN-EQ",
    "tran_side": 1,
    "ord_type": 1,
    "product_type": "INTRADAY",
    "qty": 25,
    "qty_filled": 10,
    "price_limit": 812.4,
    "price_traded": 812.35,
    "org_ord_status": 6,
    "ord_status": 20,
}
TRADE = {
    "id": "26112000000017",
    "id_fill": "26112000000017-3",
    "ordertag": "1:AB01E7",
    "symbol": "NSE:SBIN-EQ",
    "tran_side": 1,
    "product_type": "INTRADAY",
    "qty_traded": 10,
    "price_traded": 812.35,
    "fill_time": "20-11-2026 10:31:02",
}


class Bench:
    """An order feed, the server it talks to, and notes of what it delivered."""

    def __init__(self, server: Any, clock: Any, notebook: Callable[[], Any]) -> None:
        self.server, self.clock = server, clock
        server.reply = self.reply
        self.answers_subscription = self.answers_ping = True
        self.orders, self.states = notebook(), notebook()
        self.token = "TOKEN"
        self.is_signed_in = True
        self.feed = self.make()

    def reply(self, message: bytes | str) -> Iterable[str]:
        if message == "ping":
            return ["pong"] if self.answers_ping else []
        return ['{"code":1605,"message":"Successfully subscribed","s":"ok"}'] if self.answers_subscription else []

    def make(self, url: str = "") -> OrderFeed:
        settings = Settings.model_validate(
            {"auth": {"client_id": "APP-100"}, "broker": {"endpoints": {"order_socket": url or self.server.url}}}
        )
        return OrderFeed(settings, self.clock, self.current_token, self.orders.add, self.states.add)

    def current_token(self) -> str:
        if not self.is_signed_in:
            raise AuthenticationError("nobody has signed in")
        return self.token

    def live(self) -> None:
        self.feed.start()
        self.states.wait_for(FeedState.CONNECTING, FeedState.LIVE)

    def said(self) -> list[object]:
        return [message for _, message in self.server.heard.entries]


@pytest.fixture
def bench(socket_server: Any, hurried_clock: Any, notebook: Any) -> Iterator[Bench]:
    made = Bench(socket_server, hurried_clock, notebook)
    yield made
    made.feed.stop()


def test_signs_in_by_header_and_subscribes(bench: Bench) -> None:
    bench.live()
    (headers,) = bench.server.handshakes.entries[:1]
    assert {name.lower(): value for name, value in headers.items()}["authorization"] == "APP-100:TOKEN"
    assert json.loads(str(bench.said()[0])) == {"T": "SUB_ORD", "SLIST": ["orders", "trades", "positions"], "SUB_T": 1}


def test_delivers_orders_as_facts_and_leaves_trades_to_the_books(bench: Bench) -> None:
    bench.clock.shortest = 1.0
    bench.live()
    bench.server.send(json.dumps({"trades": TRADE, "s": "ok"}), json.dumps({"orders": ORDER, "s": "ok"}))
    bench.orders.wait(lambda orders: len(orders) == 1)
    (report,) = bench.orders.entries
    assert (report.broker_id, report.tag) == ("26112000000017", "AB01E7")
    assert (report.side, report.type) == (Side.BUY, OrderType.LIMIT)
    assert (report.status, report.filled, report.filled_value) == (OrderStatus.PENDING, 10, 812_350)


@pytest.mark.hazard("O14")
@pytest.mark.parametrize(
    "message",
    [
        "no json",
        "[]",
        "17",
        '{"orders": {}}',
        '{"orders": 5}',
        '{"orders": {"id": NaN}}',
        '{"positions": {"symbol": "NSE:SBIN-EQ"}}',
        '{"anything": "else"}',
        '{"a":' * 20 + "1" + "}" * 20,
        "[" * 50_000,
        '{"orders": "' + "x" * LARGEST_MESSAGE + '"}',
        b"\xff\xfe",
    ],
    ids=range(12),
)
def test_a_message_that_makes_no_sense_is_left_to_the_books(bench: Bench, message: bytes | str) -> None:
    bench.clock.shortest = 1.0
    bench.live()
    bench.server.send(message, json.dumps({"orders": ORDER, "s": "ok"}))
    bench.orders.wait(lambda orders: len(orders) == 1)
    assert FeedState.DOWN not in bench.states.entries


def test_pings_in_words_and_goes_on(bench: Bench) -> None:
    bench.live()
    bench.server.heard.wait(lambda heard: [message for _, message in heard].count("ping") >= 3)


@pytest.mark.hazard("D14")
def test_a_server_that_does_not_answer_a_ping_is_left(bench: Bench) -> None:
    bench.live()
    bench.answers_ping = False
    bench.states.wait_for(FeedState.LIVE, FeedState.DOWN, FeedState.CONNECTING, FeedState.LIVE)


@pytest.mark.hazard("D2")
def test_a_server_that_does_not_answer_the_subscription_is_left(bench: Bench) -> None:
    bench.answers_subscription = False
    bench.feed.start()
    bench.server.handshakes.wait(lambda seen: len(seen) >= 2)
    assert FeedState.LIVE not in bench.states.entries
    bench.answers_subscription = True
    bench.states.wait_for(FeedState.LIVE)


def test_subscribes_again_after_a_lost_connection(bench: Bench) -> None:
    bench.live()
    bench.server.drop()
    bench.states.wait_for(FeedState.LIVE, FeedState.DOWN, FeedState.LIVE)
    assert len([message for message in bench.said() if "SUB_ORD" in str(message)]) >= 2


@pytest.mark.hazard("A6")
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_told_and_the_new_one_is_used(bench: Bench, status: int) -> None:
    bench.server.statuses.append(status)
    bench.feed.start()
    bench.states.wait_for(FeedState.AUTH_REFUSED)
    bench.token = "FRESH"
    bench.states.wait_for(FeedState.AUTH_REFUSED, FeedState.CONNECTING, FeedState.LIVE)
    assert "APP-100:FRESH" in bench.server.handshakes.entries[-1].values()


def test_no_token_at_all_is_told(bench: Bench) -> None:
    bench.is_signed_in = False
    bench.feed.start()
    bench.states.wait_for(FeedState.AUTH_REFUSED)
    assert bench.server.handshakes.entries == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_any_other_refusal_is_tried_again(bench: Bench, status: int) -> None:
    bench.server.statuses.append(status)
    bench.feed.start()
    bench.states.wait_for(FeedState.CONNECTING, FeedState.DOWN, FeedState.CONNECTING, FeedState.LIVE)


@pytest.mark.hazard("X12")
def test_the_token_stays_out_of_the_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    bench.token = "VERYSECRET"
    bench.server.statuses.extend([403, 500, 302])
    bench.feed.start()
    bench.states.wait_for(FeedState.LIVE)
    bench.feed.stop()
    assert "HTTP 403" in caplog.text
    assert "VERYSECRET" not in caplog.text


def test_stop_ends_the_thread_and_the_feed_starts_again(bench: Bench) -> None:
    before = threading.active_count()
    for _ in range(2):
        bench.live()
        with pytest.raises(InvariantError, match="runs already"):
            bench.feed.start()
        bench.feed.stop()
        bench.feed.stop()
        assert threading.active_count() == before
        assert bench.states.entries[-1] is FeedState.DOWN


def test_plain_text_leads_to_this_machine_only(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match="order_socket"):
        bench.make("ws://orders.example.com/trade")


@pytest.mark.hazard("O14")
def test_reading_a_message_is_bounded_in_size_and_depth() -> None:
    assert read_message('{"s": "ok", "data": [{"a": [1]}]}') == {"s": "ok", "data": [{"a": [1]}]}
    assert read_message('{"a": [[[[[1]]]]]}') is None
    assert read_message('{"a": "' + "x" * LARGEST_MESSAGE + '"}') is None
