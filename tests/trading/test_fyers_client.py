from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from core.errors import AuthenticationError, BrokerError, ConfigurationError, DataError, InvariantError
from core.instants import SECOND, instant_at, ist_date
from core.market import Side, Timeframe
from core.orders import OrderChange, OrderIntent, OrderType, OutcomeKind, Product, Purpose, RejectionKind
from runtime.settings import AuthSettings, BrokerSettings, EndpointSettings, RateSettings, Settings
from trading.call_journal import CallJournal
from trading.fyers_client import FyersClient
from trading.rate_budget import RateBudget

SBIN = "NSE:SBIN-EQ"
ORDER_ID = "26112000000017"
FRIDAY = date(2026, 11, 20)
ACK, REJECTED = OutcomeKind.ACK, OutcomeKind.REJECTED
NOT_SENT, UNKNOWN = OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN


def settings_for(base: str) -> Settings:
    endpoints = EndpointSettings(rest=f"{base}/api/v3", data=f"{base}/data")
    return Settings(auth=AuthSettings(client_id="APP-100"), broker=BrokerSettings(endpoints=endpoints))


@pytest.fixture
def client(server, clock, calendar) -> FyersClient:
    return FyersClient(
        settings_for(server.base), clock, calendar, lambda: "secret.jwt.token", RateBudget(RateSettings())
    )


def intent(purpose: Purpose = Purpose.ENTRY) -> OrderIntent:
    return OrderIntent(
        tag="Q1",
        symbol=SBIN,
        side=Side.BUY,
        quantity=25,
        type=OrderType.LIMIT,
        limit_price=81_235,
        product=Product.INTRADAY,
        purpose=purpose,
        reason="test",
    )


CHANGE = OrderChange(
    tag="Q1",
    broker_id=ORDER_ID,
    symbol=SBIN,
    type=OrderType.LIMIT,
    quantity=25,
    limit_price=81_235,
    trigger_price=0,
    reason="test",
)
VERBS = {
    "place": lambda client: client.place_order(intent()),
    "modify": lambda client: client.modify_order(CHANGE),
    "cancel": lambda client: client.cancel_order(ORDER_ID),
    "exit": lambda client: client.exit_position(SBIN, "INTRADAY"),
}


def wire(faults, name: str):
    accepted = faults.json(200, {"s": "ok", "code": 1101, "message": "", "id": ORDER_ID})
    return {
        "ok": faults.reply(accepted),
        "reject": faults.reply(faults.json(400, {"s": "error", "code": -99, "message": "RMS:Margin"})),
        "reset before reading": faults.Fault(read_first=False, reset=True),
        "reset after reading": faults.Fault(reset=True),
        "hang": faults.Fault(hang=True),
        "html200": faults.reply(faults.http(200, b"<html>maintenance</html>", Content_Type="text/html")),
        "html502": faults.reply(faults.http(502, b"<html>bad gateway</html>")),
        "json503": faults.reply(faults.json(503, {"s": "error", "code": -99, "message": "later"})),
        "201": faults.reply(faults.json(200, {"s": "ok", "code": 201, "message": "sent", "id": ORDER_ID})),
        "429": faults.reply(faults.json(429, {"s": "error", "code": -429, "message": "limit"}, Retry_After="2")),
        "401": faults.reply(faults.json(401, {"s": "error", "code": -16, "message": "no"})),
        "403": faults.reply(faults.json(403, {"s": "error", "code": -1, "message": "no"})),
        "list": faults.reply(faults.json(200, [])),
        "null": faults.reply(faults.json(200, None)),
        "truncated": faults.Fault(accepted[:-8], close=True),
        "redirect": faults.reply(faults.http(307, b"", Location="http://127.0.0.1:1/")),
    }[name]


@pytest.mark.hazard("S2", "S3")
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("fault", "kind", "rejection"),
    [
        ("ok", ACK, None),
        ("reject", REJECTED, RejectionKind.ORDER),
        ("reset before reading", UNKNOWN, None),
        ("reset after reading", UNKNOWN, None),
        ("hang", UNKNOWN, None),
        ("html200", UNKNOWN, None),
        ("html502", UNKNOWN, None),
        ("json503", UNKNOWN, None),
        ("201", UNKNOWN, None),
        ("429", REJECTED, RejectionKind.RATE),
        ("401", REJECTED, RejectionKind.AUTHENTICATION),
        ("403", REJECTED, RejectionKind.FORBIDDEN),
        ("list", UNKNOWN, None),
        ("null", UNKNOWN, None),
        ("truncated", UNKNOWN, None),
        ("redirect", UNKNOWN, None),
    ],
)
def test_what_the_wire_does_to_an_order_verb_has_one_meaning(client, server, faults, verb, fault, kind, rejection):
    server.will(wire(faults, fault))

    outcome = VERBS[verb](client)

    assert (outcome.kind, outcome.rejection) == (kind, rejection)
    assert len(server.requests) <= 1
    if fault in {"ok", "201"}:
        assert outcome.broker_id == ORDER_ID


@pytest.mark.parametrize("verb", VERBS)
def test_a_server_that_is_not_there_gets_nothing(client, server, verb):
    server.close()

    assert VERBS[verb](client).kind is NOT_SENT


def test_each_verb_goes_where_fyers_wants_it_and_carries_the_token(client, server):
    for verb in VERBS.values():
        verb(client)

    seen = [(request.method, request.target, request.json) for request in server.requests]
    assert [(method, target) for method, target, _ in seen] == [
        ("POST", "/api/v3/orders/sync"),
        ("PATCH", "/api/v3/orders/sync"),
        ("DELETE", "/api/v3/orders/sync"),
        ("DELETE", "/api/v3/positions"),
    ]
    assert seen[0][2]["orderTag"] == "Q1"
    assert seen[0][2]["limitPrice"] == 812.35
    assert seen[2][2] == {"id": ORDER_ID}
    assert seen[3][2] == {"id": f"{SBIN}-INTRADAY"}
    assert {request.headers["authorization"] for request in server.requests} == {"APP-100:secret.jwt.token"}
    assert {request.headers["version"] for request in server.requests} == {"3"}


def test_only_an_entry_waits_for_its_place(server, clock, calendar, tmp_path):
    budget = RateBudget(RateSettings(), CallJournal(tmp_path))
    budget.pause(clock.now() + 60 * SECOND)
    client = FyersClient(settings_for(server.base), clock, calendar, lambda: "t", budget)

    assert client.place_order(intent(Purpose.ENTRY)).kind is NOT_SENT
    assert server.requests == []
    client.place_order(intent(Purpose.STOP))
    client.place_order(intent(Purpose.EXIT))
    for verb in ("modify", "cancel", "exit"):
        VERBS[verb](client)
    assert len(server.requests) == 5
    noted = list(CallJournal(tmp_path).calls(ist_date(clock.now())))
    assert [call.is_order_verb for call in noted] == [True] * 5


def test_nothing_can_make_the_client_close_everything(client, server):
    for symbol, product in (("", ""), ("", "INTRADAY"), (SBIN, "")):
        with pytest.raises(InvariantError):
            client.exit_position(symbol, product)

    assert server.requests == []


def test_a_new_token_is_used_at_the_next_call(server, clock, calendar):
    tokens = iter(["old", "new"])
    client = FyersClient(settings_for(server.base), clock, calendar, lambda: next(tokens), RateBudget(RateSettings()))

    client.cancel_order(ORDER_ID)
    client.cancel_order(ORDER_ID)

    assert [request.headers["authorization"] for request in server.requests] == ["APP-100:old", "APP-100:new"]


@pytest.mark.parametrize("token", ["secret\r\nX-Evil: 1", "secret \u2713", "", "secret token", "secret:two"])
def test_a_token_that_cannot_be_one_is_not_sent_and_not_shown(server, clock, calendar, token):
    client = FyersClient(settings_for(server.base), clock, calendar, lambda: token, RateBudget(RateSettings()))

    with pytest.raises(AuthenticationError, match="fyersbot login") as caught:
        client.get_profile()

    assert client.place_order(intent()).kind is NOT_SENT
    assert "secret" not in repr(caught.value)
    assert server.connections == 0


@pytest.mark.hazard("X12")
def test_the_token_shows_in_no_error_and_no_outcome(client, server, faults):
    server.will(*[faults.Fault(reset=True)] * 3, wire(faults, "reject"), wire(faults, "reset after reading"))
    with pytest.raises(BrokerError) as caught:
        client.get_profile()
    shown = [repr(caught.value), repr(client.place_order(intent())), repr(client.place_order(intent())), repr(client)]

    assert not any("secret" in text for text in shown)


@pytest.mark.hazard("X12")
@pytest.mark.parametrize("verb", VERBS)
def test_a_broker_that_quotes_the_token_does_not_bring_it_into_an_outcome(client, server, faults, verb):
    quoting = {"s": "error", "code": -99, "message": "no: APP-100:secret.jwt.token", "data": {"a": "secret.jwt.token"}}
    server.will(
        faults.reply(faults.json(400, quoting)),
        faults.Fault(b"HTTP secret.jwt.token\r\n\r\n", close=True),
        *[faults.reply(faults.json(403, quoting))] * 2,
    )
    refused, broken = VERBS[verb](client), VERBS[verb](client)
    with pytest.raises(BrokerError) as failed:
        client.get_orders()

    assert refused.message == "no: APP-100:[redacted]; [redacted]"
    assert "secret" not in broken.message + str(failed.value)
    assert broken.kind is UNKNOWN


def test_a_plain_address_elsewhere_is_refused_at_once(clock, calendar):
    with pytest.raises(ConfigurationError, match=r"broker\.endpoints\.rest"):
        FyersClient(settings_for("http://api-t1.fyers.in"), clock, calendar, lambda: "t", RateBudget(RateSettings()))


@pytest.mark.hazard("W10")
def test_no_log_file_of_the_sdk_appears(client, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    client.place_order(intent())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.hazard("S6")
def test_an_unreadable_book_is_a_failed_read_and_not_an_empty_one(client, server, faults):
    server.will(faults.reply(faults.ok(orderBook=[{"id": ORDER_ID}])))

    with pytest.raises(BrokerError, match=r"order book: order book row: field .* is missing"):
        client.get_orders()


def test_a_read_survives_a_bad_moment(client, server, faults):
    server.will(faults.Fault(reset=True), wire(faults, "html502"), faults.reply(faults.ok(orderBook=[])))

    assert client.get_orders() == ()
    assert len(server.requests) == 3


@pytest.mark.hazard("S19")
def test_reads_go_to_their_paths(client, server, faults):
    server.will(
        faults.reply(faults.ok(tradeBook=[])),
        faults.reply(faults.ok(netPositions=[])),
        faults.reply(faults.ok(fund_limit=[{"id": n, "equityAmount": n} for n in range(1, 11)])),
        faults.reply(faults.ok(data={"fy_id": "XS00001", "name": "A"})),
        faults.reply(faults.ok(marketStatus=[])),
        faults.reply(faults.ok(d=[])),
    )

    client.get_trades()
    client.get_open_positions()
    assert client.get_funds().available == 1_000
    assert client.get_profile().account_id == "XS00001"
    client.get_market_status()
    client.get_quotes(["NSE:M&M-EQ", SBIN])

    assert [urlsplit(request.target).path for request in server.requests] == [
        "/api/v3/tradebook",
        "/api/v3/positions",
        "/api/v3/funds",
        "/api/v3/profile",
        "/data/marketStatus",
        "/data/quotes",
    ]
    assert parse_qs(urlsplit(server.requests[-1].target).query) == {"symbols": [f"NSE:M&M-EQ,{SBIN}"]}


@pytest.mark.parametrize(
    ("depth", "band"),
    [
        ({"lower_ckt": 730.85, "upper_ckt": 893.2}, (73_085, 89_320)),
        ({"lower_ckt": 0, "upper_ckt": 0}, None),
        ({"lower_ckt": 893.2, "upper_ckt": 730.85}, None),
        ({}, None),
    ],
)
def test_the_band_of_the_day_is_read_from_the_depth(client, server, faults, depth, band):
    server.will(faults.reply(faults.ok(d={SBIN: depth})))

    assert client.get_price_band(SBIN) == band
    (request,) = server.requests
    assert urlsplit(request.target).path == "/data/depth"
    assert parse_qs(urlsplit(request.target).query) == {"symbol": [SBIN], "ohlcv_flag": ["1"]}


def test_a_depth_of_another_symbol_tells_no_band(client, server, faults):
    server.will(faults.reply(faults.ok(d={"NSE:INFY-EQ": {"lower_ckt": 1, "upper_ckt": 2}})))

    with pytest.raises(BrokerError, match=f"depth of {SBIN}"):
        client.get_price_band(SBIN)


def test_many_symbols_are_quoted_fifty_at_a_time(client, server, faults):
    server.will(*[faults.reply(faults.ok(d=[]))] * 3)

    client.get_quotes([f"NSE:S{number}-EQ" for number in range(120)])

    assert len(server.requests) == 3


def bars(first: time, count: int, minutes: int = 5, day: date = FRIDAY) -> list[list[float]]:
    start = instant_at(day, first) // SECOND
    return [[start + place * minutes * 60, 812.3, 812.4, 812.2, 812.35, 10] for place in range(count)]


def test_history_is_the_last_closed_candles_oldest_first(client, server, faults):
    server.will(faults.reply(faults.ok(candles=bars(time(9, 15), 22))))

    candles = client.get_historical_data(SBIN, Timeframe.M5, 10)

    assert len(candles) == 10
    assert candles[-1].start == instant_at(FRIDAY, time(10, 55))
    assert candles[0].start == instant_at(FRIDAY, time(10, 10))
    assert candles[0].close == 81_235
    query = parse_qs(urlsplit(server.requests[0].target).query)
    assert (query["range_from"], query["range_to"], query["resolution"]) == (["2026-11-20"], ["2026-11-20"], ["5"])


def test_history_of_many_days_is_fetched_in_pieces_and_joined(client, server, faults):
    newer = bars(time(9, 15), 1, day=FRIDAY)
    server.will(
        faults.reply(faults.ok(candles=newer)),
        faults.reply(faults.json(200, {"s": "no_data", "nextTime": 1})),
        faults.reply(faults.json(200, {"s": "no_data", "nextTime": 1})),
    )

    candles = client.get_historical_data(SBIN, Timeframe.M60, 900)

    assert len(candles) == 1
    assert len(server.requests) >= 2
    ranges = [parse_qs(urlsplit(request.target).query) for request in server.requests]
    assert ranges[1]["range_to"] < ranges[0]["range_from"]


def test_a_share_that_trades_little_is_asked_for_older_days_once(client, server, faults):
    thursday = date(2026, 11, 19)
    server.will(
        faults.reply(faults.ok(candles=bars(time(9, 15), 4))),
        faults.reply(faults.ok(candles=bars(time(9, 15), 3, day=thursday))),
        faults.reply(faults.ok(candles=[])),
    )

    candles = client.get_historical_data(SBIN, Timeframe.M5, 20)

    assert len(candles) == 7
    assert len(server.requests) == 2
    assert [candle.start for candle in candles] == sorted(candle.start for candle in candles)


def test_bad_history_is_a_data_error(client, server, faults):
    server.will(faults.reply(faults.ok(candles=[[1795150862, 5, 4, 6, 5, 1]])))

    with pytest.raises(DataError, match=SBIN):
        client.get_historical_data(SBIN, Timeframe.M5, 10)


def test_no_candles_at_all_is_a_mistake(client):
    with pytest.raises(ValueError, match="num_candles 0"):
        client.get_historical_data(SBIN, Timeframe.M5, 0)


def test_many_threads_share_one_client_within_the_budget(client, server, clock):
    with ThreadPoolExecutor(8) as workers:
        outcomes = list(workers.map(lambda _: client.cancel_order(ORDER_ID), range(40)))

    assert len(server.requests) == 40
    assert {outcome.kind for outcome in outcomes} == {UNKNOWN}
    assert sum(clock.sleeps) >= 4.0
    assert server.connections <= 8


def test_ticks_come_from_the_feed_the_client_was_given(server, clock, calendar):
    class Feed:
        def start(self, symbols, on_tick):
            self.started = (symbols, on_tick)

        def stop(self):
            raise AssertionError("not asked to stop")

        def age_seconds(self, symbol):
            return 0.0

    client = FyersClient(
        settings_for(server.base), clock, calendar, lambda: "t", RateBudget(RateSettings()), new_feed=Feed
    )

    feed = client.connect_websocket([SBIN], print)

    assert feed.started == ([SBIN], print)


def test_a_client_without_a_feed_says_so(client):
    with pytest.raises(ConfigurationError, match="new_feed"):
        client.connect_websocket([SBIN], print)
