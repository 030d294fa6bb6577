"""The simulator speaks FYERS' protocol if FYERS' own SDK, unmodified, can use every endpoint of it.

Four endpoints have no method in the SDK (`TOKEN_REFRESH` and those below it); plain requests drive them. Each test
names the endpoints it drives and is held to it, so that an endpoint without a test is found.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from aiohttp import web
from aiohttp.typedefs import Handler
from fyers_apiv3 import fyersModel

from core.instants import instant_at
from core.sessions import TradingDay
from simulator import server
from simulator.options import SimulatorOptions
from simulator.server import RunningSimulator, running_simulator

SBIN, INFY, NIFTY = "NSE:SBIN-EQ", "NSE:INFY-EQ", "NSE:NIFTY50-INDEX"
MORNING = instant_at(date(2026, 1, 6), time(10, 0))
SOCKET_PROGRAM = Path(__file__).with_name("sdk_socket_program.py")
SOCKET_PARTS = ("full", "lite", "depth", "orders")
SOCKET_SECONDS = 45

TOKEN_REFRESH = "POST /api/v3/validate-refresh-token"
"""The SDK changes codes for tokens only; FYERS refuses to refresh one since 2026-04-01."""
MARGIN = "POST /api/v3/multiorder/margin"
"""The SDK asks for no margins."""
CANCEL_BY_PATH = "DELETE /api/v3/orders/{id}/sync"
"""The SDK cancels with the id in the body."""
SYMBOL_FILE = "GET /sym_details/{file}"
"""Published files; of them the SDK fetches the index names only."""

DRIVEN: set[str] = set()
"""Every endpoint that some test of this file drives."""


def drives(*endpoints: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Say which endpoints a test drives; `keeps_its_word` sees that they were asked."""
    DRIVEN.update(endpoints)

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        test.drives = frozenset(endpoints)
        return test

    return mark


class Recorder:
    """Notes which endpoints a simulator was asked for, whoever asked."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.served: set[str] = set()

    @property
    def gate(self) -> Any:
        """The simulator's own gate of refusals, with the notes taken before it."""
        inner = server.refusal_gate

        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.served = {name_of(route) for route in request.app.router.routes() if route.method != "HEAD"}
            self.asked.add(name_of(request.match_info.route))
            return await inner(request, handler)

        return note


def name_of(route: web.AbstractRoute) -> str:
    return f"{route.method} {route.resource.canonical if route.resource else '?'}"


class EveryDay:
    """A calendar without holidays."""

    def trading_day(self, day: date) -> TradingDay:
        hours = {"open": (9, 15), "no_entry_after": (14, 45), "square_off": (15, 5), "flat_by": (15, 10)}
        hours["close"] = (15, 30)
        return TradingDay(date=day, **{name: instant_at(day, time(*at)) for name, at in hours.items()})

    def next_trading_day(self, after: date) -> TradingDay:
        return self.trading_day(date.fromordinal(after.toordinal() + 1))


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def simulator(recorder: Recorder) -> Iterator[RunningSimulator]:
    options = SimulatorOptions(clock_start=MORNING, clock_speed=20, limits=None, seed=7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "refusal_gate", recorder.gate)
        with running_simulator(options, EveryDay()) as running:
            yield running


@pytest.fixture(autouse=True)
def keeps_its_word(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[None]:
    """A test that says it drives an endpoint has asked for it."""
    yield
    assert getattr(request.function, "drives", frozenset()) <= recorder.asked


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK writes log files wherever it is."""
    return tmp_path_factory.mktemp("sdk")


@pytest.fixture(scope="module")
def sdk(simulator: RunningSimulator, logs: Path) -> Iterator[fyersModel.FyersModel]:
    """The SDK's client, pointed at the simulator."""
    endpoints = simulator.endpoints
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fyersModel.Config, "API", endpoints.rest)
        patch.setattr(fyersModel.Config, "DATA_API", endpoints.data)
        yield fyersModel.FyersModel(client_id=endpoints.client_id, token=endpoints.access_token, log_path=str(logs))


def plainly(simulator: RunningSimulator, endpoint: str, body: object = None, **places: str) -> requests.Response:
    """Ask for an endpoint that the SDK has no method for, with the SDK's header."""
    method, path = endpoint.split(" ")
    endpoints = simulator.endpoints
    header = {"Authorization": f"{endpoints.client_id}:{endpoints.access_token}"}
    where = endpoints.rest.removesuffix("/api/v3") + path.format(**places)
    return requests.request(method, where, json=body, headers=header, timeout=5)


def order(**changes: object) -> dict[str, object]:
    plain = {"symbol": SBIN, "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY", "limitPrice": 0}
    plain |= {"stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": False}
    return plain | changes


def book_row(sdk: fyersModel.FyersModel, order_id: str) -> dict[str, Any]:
    (row,) = sdk.orderbook({"id": order_id})["orderBook"]
    return dict(row)


def last_price(sdk: fyersModel.FyersModel) -> float:
    return float(sdk.quotes({"symbols": SBIN})["d"][0]["v"]["lp"])


@drives("GET /api/v3/generate-authcode", "POST /api/v3/validate-authcode", "POST /api/v3/logout")
def test_sign_in_leads_from_the_page_to_a_token_that_works(sdk, simulator, logs) -> None:
    app = {"client_id": simulator.endpoints.client_id, "secret_key": "SIMULATED", "response_type": "code"}
    redirect = "http://127.0.0.1:8721/callback"
    session = fyersModel.SessionModel(**app, redirect_uri=redirect, state="abc", grant_type="authorization_code")
    page = requests.get(session.generate_authcode(), allow_redirects=False, timeout=5)
    news = parse_qs(urlsplit(page.headers["Location"]).query)
    assert news["state"] == ["abc"]
    session.set_token(news["auth_code"][0])
    answer = session.generate_token()
    assert (answer["s"], answer["code"]) == ("ok", 200)
    fresh = fyersModel.FyersModel(client_id=app["client_id"], token=answer["access_token"], log_path=str(logs))
    assert fresh.get_profile()["data"]["fy_id"] == simulator.endpoints.account
    assert fresh.logout()["s"] == "ok"
    assert fresh.get_profile() == {"s": "error", "code": -16, "message": "Could not authenticate the user"}
    assert session.generate_token() == {"s": "error", "code": -437, "message": "invalid auth code"}


@drives("GET /api/v3/profile", "GET /api/v3/funds", "GET /api/v3/holdings")
def test_profile_funds_and_holdings_are_read(sdk, simulator) -> None:
    assert sdk.get_profile()["data"]["fy_id"] == simulator.endpoints.account
    assert len(sdk.funds()["fund_limit"]) == 10
    assert sdk.holdings()["holdings"] == []


@drives("POST /api/v3/orders/sync", "GET /api/v3/orders", "GET /api/v3/tradebook", "GET /api/v3/positions")
def test_a_market_order_reaches_all_books(sdk) -> None:
    placed = sdk.place_order(order(qty=2, orderTag="market1"))
    assert (placed["s"], placed["code"]) == ("ok", 1101)
    row = book_row(sdk, placed["id"])
    assert (row["status"], row["filledQty"], row["orderTag"]) == (2, 2, "1:market1")
    assert [row["id"] for row in sdk.orderbook({"order_tag": "1:market1"})["orderBook"]] == [placed["id"]]
    assert [row["id"] for row in sdk.get_orders({"id": placed["id"]})["orderBook"]] == [placed["id"]]
    fills = [row for row in sdk.tradebook()["tradeBook"] if row["orderNumber"] == placed["id"]]
    assert sum(row["tradedQty"] for row in fills) == 2
    assert sdk.positions()["netPositions"][0]["netQty"] >= 2


@drives("PATCH /api/v3/orders/sync", "DELETE /api/v3/orders/sync")
@pytest.mark.parametrize(
    ("kind", "side", "limit", "stop"), [(1, 1, -30, None), (3, -1, None, -30), (4, -1, -32, -30), (4, 1, 32, 30)]
)
def test_a_resting_order_of_each_type_is_changed_and_cancelled(sdk, kind, side, limit, stop) -> None:
    price = round(last_price(sdk))
    prices = {
        "limitPrice": price + limit if limit is not None else 0,
        "stopPrice": price + stop if stop is not None else 0,
    }
    placed = sdk.place_order(order(type=kind, side=side, **prices))
    assert placed["code"] == 1101, placed
    moved = {name: value + (1 if side < 0 else -1) for name, value in prices.items() if value}
    assert sdk.modify_order({"id": placed["id"], "type": kind, "qty": 2, **moved})["code"] == 1102
    row = book_row(sdk, placed["id"])
    assert (row["status"], row["qty"], row["type"]) == (6, 2, kind)
    assert {name: row[name] for name in moved} == moved
    assert sdk.cancel_order({"id": placed["id"]})["code"] == 1103
    assert book_row(sdk, placed["id"])["status"] == 1


def test_refusals_come_back_with_their_codes(sdk) -> None:
    assert sdk.place_order(order(symbol="NSE:NOPE-EQ"))["code"] == -300
    wrong = sdk.place_order(order(orderTag="no spaces"))
    assert (wrong["code"], wrong["message"]) == (-50, "orderTag: Only alphanumeric characters allowed")
    assert sdk.place_order(order(qty=20_000))["code"] == -99
    assert sdk.cancel_order({"id": "26010699999999"})["code"] == -51
    assert sdk.modify_order({"id": "26010699999999", "qty": 2})["code"] == -51


@drives("POST /api/v3/positions", "DELETE /api/v3/positions")
def test_a_position_is_converted_then_everything_is_closed(sdk) -> None:
    sdk.place_order(order(qty=2))
    wish = {"symbol": f"{SBIN}-INTRADAY", "positionSide": 1, "convertQty": 1}
    assert sdk.convert_position(wish | {"convertFrom": "INTRADAY", "convertTo": "CNC", "overnight": 0})["s"] == "ok"
    assert f"{SBIN}-CNC" in {row["id"] for row in sdk.positions()["netPositions"]}
    assert sdk.exit_positions({"id": f"{SBIN}-INTRADAY"})["s"] == "ok"
    by_filter = sdk.exit_positions({"segment": [10], "side": [1, -1], "productType": ["CNC"]})
    assert by_filter["s"] == "ok"
    assert sdk.positions()["overall"]["count_open"] == 0
    assert sdk.exit_positions()["code"] == -352


@drives("GET /data/history")
@pytest.mark.parametrize(
    ("resolution", "date_format", "start", "end"),
    [
        ("1", "1", "2026-01-05", "2026-01-06"),
        ("5", "0", "1767670200", "1767673800"),
        ("15", "1", "2026-01-01", "2026-01-06"),
        ("60", "1", "2026-01-01", "2026-01-06"),
        ("D", "1", "2025-12-01", "2026-01-06"),
    ],
)
def test_history_of_every_length_is_read(sdk, resolution, date_format, start, end) -> None:
    asked = {"symbol": SBIN, "resolution": resolution, "date_format": date_format, "cont_flag": "1"}
    answer = sdk.history(asked | {"range_from": start, "range_to": end})
    assert answer["s"] == "ok"
    stamps = [row[0] for row in answer["candles"]]
    assert len(stamps) > 3
    assert stamps == sorted(set(stamps))
    assert {len(row) for row in answer["candles"]} == {6}


def test_history_that_cannot_be_is_refused(sdk) -> None:
    asked = {"symbol": SBIN, "resolution": "5", "date_format": "1", "cont_flag": "1"}
    backwards = sdk.history(asked | {"range_from": "2026-01-06", "range_to": "2026-01-05"})
    assert (backwards["code"], set(backwards["data"])) == (-50, {"from"})
    endless = sdk.history(asked | {"range_from": "2025-01-06", "range_to": "2026-01-05"})
    assert endless["code"] == -339


@drives("GET /data/quotes", "POST /data/quotes", "GET /data/depth", "GET /data/marketStatus")
def test_quotes_depth_and_market_status_are_read(sdk) -> None:
    rows = sdk.quotes({"symbols": f"{SBIN},{NIFTY},NSE:NOPE-EQ"})["d"]
    assert [row["s"] for row in rows] == ["ok", "ok", "error"]
    assert [row["n"] for row in sdk.quotes_v2({"symbols": [SBIN, INFY]})["d"]] == [SBIN, INFY]
    book = sdk.depth({"symbol": SBIN, "ohlcv_flag": "1"})["d"][SBIN]
    assert (len(book["bids"]), len(book["ask"])) == (5, 5)
    assert "OPEN" in {row["status"] for row in sdk.market_status()["marketStatus"]}


@pytest.fixture(scope="module")
def heard(simulator: RunningSimulator, logs: Path) -> dict[str, list[Any]]:
    """What the SDK's sockets heard, each kind in a process of its own, all at the same time."""
    endpoints = json.dumps(simulator.endpoints.to_json())
    running = {
        part: subprocess.Popen(
            [sys.executable, "-W", "ignore", SOCKET_PROGRAM, part, endpoints, str(logs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=logs,
        )
        for part in SOCKET_PARTS
    }
    try:
        printed = {part: process.communicate(timeout=SOCKET_SECONDS) for part, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
    for part, (out, errors) in printed.items():
        assert out.strip(), f"{part} printed nothing: {errors}"
    return {part: json.loads(out.strip().splitlines()[-1])["heard"] for part, (out, _) in printed.items()}


def kinds_of(messages: list[Any]) -> set[str]:
    return {message["type"] for message in messages if isinstance(message, dict) and "type" in message}


@pytest.mark.hazard("V6", "V7")
@drives("GET /hsm/v1-5/prod", "POST /data/symbol-token", "GET /sym_details/index_hsm_mapping.json")
def test_the_data_socket_delivers_full_quotes_and_index_values(heard) -> None:
    messages = heard["full"]
    assert {"cn", "ful", "sub", "sf", "if"} <= kinds_of(messages)
    refused = [message for message in messages if message.get("invalid_symbols")]
    assert refused[0]["invalid_symbols"] == ["NSE:NOPE-EQ"]
    shares = [message for message in messages if message.get("type") == "sf"]
    assert {message["symbol"] for message in shares} == {SBIN, INFY}
    for message in shares:
        assert message["low_price"] <= message["ltp"] <= message["high_price"]
        assert 0 < message["bid_price"] < message["ask_price"]
        assert message["ch"] == pytest.approx(message["ltp"] - message["prev_close_price"], abs=1e-4)
    volumes = [message["vol_traded_today"] for message in shares if message["symbol"] == SBIN]
    assert volumes == sorted(volumes)
    index = next(message for message in messages if message.get("type") == "if")
    assert index["symbol"] == NIFTY
    assert index["low_price"] <= index["ltp"] <= index["high_price"]


def test_the_data_socket_unsubscribes_and_switches_channels(heard) -> None:
    assert {"unsub", "cp"} <= kinds_of(heard["full"])
    refusals = [message for message in heard["depth"] if message.get("s") == "error"]
    assert refusals == []


def test_lite_mode_delivers_last_prices_alone(heard) -> None:
    ticks = [message for message in heard["lite"] if "ltp" in message]
    assert "lit" in kinds_of(heard["lite"])
    assert {message["symbol"] for message in ticks} == {SBIN, INFY, NIFTY}
    assert {frozenset(message) for message in ticks} == {frozenset({"ltp", "symbol", "type"})}
    assert all(message["ltp"] > 0 for message in ticks)


def test_depth_updates_deliver_five_levels(heard) -> None:
    books = [message for message in heard["depth"] if message.get("type") == "dp"]
    assert {message["symbol"] for message in books} == {SBIN, INFY}
    for book in books:
        bids = [book[f"bid_price{level}"] for level in range(1, 6)]
        asks = [book[f"ask_price{level}"] for level in range(1, 6)]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]


@pytest.mark.hazard("V6")
@drives("GET /trade/v3")
def test_the_order_socket_tells_an_order_its_fill_and_its_position(heard) -> None:
    messages = heard["orders"]
    assert {"code": 1605, "message": "Successfully subscribed", "s": "ok"} in messages
    placed = next(message["placed"] for message in messages if "placed" in message)
    assert placed["code"] == 1101
    orders = [message["orders"] for message in messages if "orders" in message]
    mine = [row for row in orders if row["id"] == placed["id"]]
    assert mine[-1]["status"] == 2
    assert (mine[-1]["filledQty"], mine[-1]["orderTag"], mine[-1]["symbol"]) == (3, "1:socket1", SBIN)
    trade = next(message["trades"] for message in messages if "trades" in message)
    assert (trade["orderNumber"], trade["side"]) == (placed["id"], 1)
    position = next(message["positions"] for message in messages if "positions" in message)
    assert position["id"] == f"{SBIN}-INTRADAY"


@drives(MARGIN)
def test_the_margin_of_orders_is_told_before_they_are_placed(sdk, simulator) -> None:
    available = {row["title"]: row["equityAmount"] for row in sdk.funds()["fund_limit"]}["Available Balance"]
    limit = order(type=1, qty=10, limitPrice=800)
    data = plainly(simulator, MARGIN, {"data": [limit, limit | {"productType": "CNC"}]}).json()["data"]
    assert data["margin_new_order"] == 10 * 800 * 0.2 + 10 * 800
    assert data["margin_avail"] == pytest.approx(available)


@pytest.mark.hazard("A2")
@drives(TOKEN_REFRESH)
def test_a_token_is_not_refreshed_without_a_person(simulator) -> None:
    asked = {"grant_type": "refresh_token", "appIdHash": "x", "refresh_token": "y", "pin": "0000"}
    answer = plainly(simulator, TOKEN_REFRESH, asked)
    assert (answer.status_code, answer.json()["code"]) == (401, -16)


@drives(CANCEL_BY_PATH)
def test_an_order_is_cancelled_by_its_address_too(sdk, simulator) -> None:
    placed = sdk.place_order(order(type=1, limitPrice=round(last_price(sdk)) - 30))
    assert plainly(simulator, CANCEL_BY_PATH, id=placed["id"]).json()["code"] == 1103
    assert book_row(sdk, placed["id"])["status"] == 1
    assert plainly(simulator, CANCEL_BY_PATH, id="26010699999999").json()["code"] == -51


@drives(SYMBOL_FILE)
def test_the_symbol_files_list_what_the_sdk_can_trade(sdk, simulator) -> None:
    rows = [line.split(",") for line in plainly(simulator, SYMBOL_FILE, file="NSE_CM.csv").text.splitlines()]
    listed = plainly(simulator, SYMBOL_FILE, file="NSE_CM_sym_master.json").json()
    assert {row[9] for row in rows} == set(listed) == set(simulator.endpoints.symbols)
    assert {row["s"] for row in sdk.quotes({"symbols": ",".join(listed)})["d"]} == {"ok"}
    assert plainly(simulator, SYMBOL_FILE, file="NSE_XX.csv").status_code == 404


def test_every_endpoint_that_the_simulator_serves_is_driven_here(simulator, recorder) -> None:
    requests.get(f"{simulator.endpoints.control}/state", timeout=5)
    served = {endpoint for endpoint in recorder.served if " /simulator/" not in endpoint}  # FYERS has no such
    assert served == DRIVEN
