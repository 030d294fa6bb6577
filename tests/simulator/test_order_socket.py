"""The order socket as a client hears it."""

import json

import pytest
from websocket import (
    WebSocketBadStatusException,
    WebSocketConnectionClosedException,
    WebSocketTimeoutException,
    create_connection,
)

from simulator.faults import FaultKind


@pytest.fixture
def stream(program):
    socket = program.order_socket()
    yield socket
    socket.close()


def heard(socket, kind: str, order_id: str = "", most: int = 30) -> dict:
    """The next message of a kind about an order."""
    for _ in range(most):
        message = json.loads(socket.recv())
        if kind in message and message[kind].get("id", "").startswith(order_id):
            assert message["s"] == "ok"
            return message[kind]
    raise AssertionError(f"no {kind} in {most} messages")


def test_a_fill_is_told_on_all_three_streams(program, stream) -> None:
    order_id = program.place(qty=2, orderTag="streamed").body["id"]
    order = heard(stream, "orders", order_id)
    while order["org_ord_status"] != 2:
        order = heard(stream, "orders", order_id)
    assert (order["qty"], order["qty_filled"], order["ordertag"]) == (2, 2, "1:streamed")
    assert (order["ord_status"], order["tran_side"], order["symbol"]) == (90, 1, "NSE:SBIN-EQ")


def test_a_fill_carries_its_trade_and_the_position_after_it(program, stream) -> None:
    order_id = program.place(qty=1, orderTag="tradetold").body["id"]
    trade = heard(stream, "trades", order_id)
    assert (trade["qty_traded"], trade["id_fill"]) == (1, f"{order_id}-1")
    assert trade["traded_val"] == trade["price_traded"]
    position = heard(stream, "positions")
    assert position["net_qty"] >= 1
    assert "ltp" not in position


def test_what_is_zero_is_left_out(program, stream) -> None:
    limit = round(program.last_price() * 0.95)
    order_id = program.place(type=1, limitPrice=limit).body["id"]
    order = heard(stream, "orders", order_id)
    while order["org_ord_status"] != 6:
        order = heard(stream, "orders", order_id)
    assert {"qty_filled", "price_traded", "price_stop"}.isdisjoint(order)
    assert (order["qty_remaining"], order["price_limit"], order["instrument"]) == (1, limit, 0)


def test_a_stream_that_was_not_asked_for_is_not_heard(program) -> None:
    socket = program.order_socket()
    socket.send(json.dumps({"T": "SUB_ORD", "SLIST": ["trades", "positions"], "SUB_T": -1}))
    assert json.loads(socket.recv())["s"] == "ok"
    program.place()
    program.place()
    messages = [json.loads(socket.recv()) for _ in range(4)]
    assert all("orders" in message for message in messages)
    socket.close()


def test_ping_is_answered_and_nonsense_is_refused(stream) -> None:
    stream.send("ping")
    assert stream.recv() == "pong"
    for nonsense in ("not json", "{}", '{"SLIST": 3, "SUB_T": 1}'):
        stream.send(nonsense)
        assert json.loads(stream.recv())["code"] == -50


@pytest.mark.parametrize("shape", ["none", "bare token", "wrong token"])
def test_a_handshake_without_app_id_and_living_token_is_refused(program, shape) -> None:
    token = program.endpoints.access_token
    header = {"none": [], "bare token": [f"authorization: {token}"], "wrong token": ["authorization: APP:x.y.z"]}
    with pytest.raises(WebSocketBadStatusException) as refused:
        create_connection(program.endpoints.order_socket, timeout=5, header=header[shape])
    assert refused.value.status_code == 403


def test_a_dropped_socket_ends_without_a_word(simulator, stream) -> None:
    simulator.arm(FaultKind.DROP_ORDER_SOCKET)
    with pytest.raises((WebSocketConnectionClosedException, ConnectionError)):
        stream.recv()


def test_what_happened_while_nobody_listened_is_never_told(program, stream) -> None:
    stream.close()
    order_id = program.place().body["id"]
    later = program.order_socket()
    later.settimeout(0.3)
    with pytest.raises(WebSocketTimeoutException):
        heard(later, "orders", order_id)
    later.close()


@pytest.mark.parametrize(
    ("kind", "pongs"), [(FaultKind.STALL_ORDER_SOCKET, False), (FaultKind.MUTE_ORDER_SOCKET, True)]
)
def test_a_silent_socket_reports_nothing_with_or_without_pong(program, simulator, stream, kind, pongs) -> None:
    simulator.arm(kind, times=None)
    assert program.place().body["code"] == 1101
    stream.settimeout(0.3)
    stream.send("ping")
    if pongs:
        assert stream.recv() == "pong"
    with pytest.raises(WebSocketTimeoutException):
        stream.recv()
