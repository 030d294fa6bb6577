"""Faults, token checks and limits as a client meets them on the wire."""

import contextlib
import socket
import threading
from datetime import date, time
from http.client import HTTPException

import pytest

from core.instants import instant_at
from core.ports import Calendar
from simulator.faults import FaultKind
from simulator.options import SimulatorOptions
from simulator.rate_limits import Limits
from simulator.server import RunningSimulator, running_simulator

ORDERS = "/api/v3/orders"


def tags_in_book(program):
    return [row["orderTag"] for row in program.call("GET", ORDERS).body["orderBook"]]


@pytest.mark.parametrize(
    ("kind", "status"), [(FaultKind.HTTP_500, 500), (FaultKind.HTTP_502, 502), (FaultKind.HTTP_429, 429)]
)
def test_an_error_status_strikes_its_path_as_often_as_told(program, simulator, kind, status) -> None:
    simulator.arm(kind, path="/data", times=2)
    assert program.call("GET", "/api/v3/profile").status == 200
    assert [program.call("GET", "/data/marketStatus").status for _ in range(3)] == [status, status, 200]


def test_a_page_instead_of_json_comes_with_status_200(program, simulator) -> None:
    simulator.arm(FaultKind.HTML_BODY)
    answer = program.call("GET", "/api/v3/profile")
    assert answer.status == 200
    assert answer.body.startswith("<html>")


def test_a_lost_answer_is_an_order_the_broker_has(program, simulator) -> None:
    simulator.arm(FaultKind.LOST_ANSWER, path=ORDERS, method="POST")
    with pytest.raises((OSError, HTTPException)):
        program.place(orderTag="lostanswer")
    assert "1:lostanswer" in tags_in_book(program)


def test_a_lost_request_is_an_order_the_broker_never_saw(program, simulator) -> None:
    simulator.arm(FaultKind.LOST_REQUEST, path=ORDERS, method="POST")
    with pytest.raises((OSError, HTTPException)):
        program.place(orderTag="lostrequest")
    assert "1:lostrequest" not in tags_in_book(program)


def test_a_truncated_answer_ends_in_the_middle_of_its_json(program, simulator) -> None:
    simulator.arm(FaultKind.TRUNCATED_BODY, path=ORDERS, method="POST")
    with pytest.raises(HTTPException):
        program.place(orderTag="truncated")
    assert "1:truncated" in tags_in_book(program)


def test_a_server_error_can_hide_an_order_that_was_taken(program, simulator) -> None:
    simulator.arm(FaultKind.HTTP_502, path=ORDERS, method="POST", carried_out=True)
    assert program.place(orderTag="hidden").status == 502
    assert "1:hidden" in tags_in_book(program)


def test_a_hanging_call_gets_no_answer_until_the_fault_is_cleared(program, simulator) -> None:
    simulator.arm(FaultKind.HANG, path="/api/v3/funds")
    ended = threading.Event()

    def ask() -> None:
        with contextlib.suppress(OSError, HTTPException):
            program.call("GET", "/api/v3/funds")
        ended.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert program.call("GET", "/api/v3/profile").status == 200
    assert not ended.wait(0.2)
    simulator.clear()
    assert ended.wait(5)
    asking.join()


def test_a_refused_order_leaves_no_trace(program, simulator) -> None:
    simulator.arm(FaultKind.REJECT_ORDER, message="RMS:Blocked for nse_cm")
    answer = program.place(orderTag="refused")
    assert answer.status == 400
    assert answer.body == {"s": "error", "code": -99, "message": "RMS:Blocked for nse_cm"}
    assert "1:refused" not in tags_in_book(program)
    assert program.place(orderTag="accepted").body["code"] == 1101


def test_201_is_an_order_that_must_be_looked_up(program, simulator) -> None:
    simulator.arm(FaultKind.UNACKNOWLEDGED)
    answer = program.place(orderTag="sent")
    assert (answer.status, answer.body["code"]) == (200, 201)
    assert "1:sent" in tags_in_book(program)


def test_nobody_listens_for_a_while(program, simulator) -> None:
    address = program.endpoints.rest.split("/")[2].split(":")
    simulator.arm(FaultKind.REFUSE_CONNECTIONS, seconds=4)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address[0], int(address[1])), timeout=5)
    deadline = threading.Event()
    for _ in range(200):
        with contextlib.suppress(ConnectionRefusedError):
            assert program.call("GET", "/api/v3/profile").status == 200
            return
        deadline.wait(0.05)
    pytest.fail("the simulator never listened again")


def test_a_path_or_method_nobody_serves_is_refused_in_json(program) -> None:
    for method, path, status in (("GET", "/api/v3/gtt/orders", 404), ("PUT", "/data/quotes", 405)):
        answer = program.call(method, path)
        assert (answer.status, answer.body["s"], answer.body["code"]) == (status, "error", status)


def test_faults_are_switched_over_http_and_shown(program) -> None:
    armed = program.call("POST", "/simulator/faults", {"kind": "http_500", "path": "/data", "times": None}, token="")
    assert armed.body["fault"]["kind"] == "http_500"
    assert program.call("GET", "/data/marketStatus").status == 500
    state = program.call("GET", "/simulator/state", token="").body
    assert [fault["path"] for fault in state["faults"]] == ["/data"]
    assert state["market_time"].startswith("2026-01-06 10:")
    assert program.call("DELETE", "/simulator/faults?kind=http_500", token="").status == 200
    assert program.call("GET", "/data/marketStatus").status == 200


@pytest.mark.parametrize("body", [{"kind": "earthquake"}, {"kind": "hang", "where": "/"}, []])
def test_a_fault_nobody_knows_is_refused_with_the_list(program, body) -> None:
    answer = program.call("POST", "/simulator/faults", body, token="")
    assert (answer.status, answer.body["code"]) == (400, -50)
    assert "fault" in answer.body["message"]
    assert program.call("DELETE", "/simulator/faults?kind=earthquake", token="").status == 400


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/api/v3/profile", -16, "Could not authenticate the user"),
        ("/data/history", -16, "Could not authenticate the user"),
        ("/data/quotes", -15, "Please provide valid token"),
        ("/data/depth", -15, "Please provide valid token"),
        ("/data/marketStatus", -15, "Please provide valid token"),
    ],
)
def test_a_bad_token_is_refused_in_the_words_of_its_group(program, path, code, words) -> None:
    answer = program.call("GET", path, token=f"{program.endpoints.client_id}:nonsense")
    assert answer.status == 401
    assert answer.body == {"s": "error", "code": code, "message": words}


def test_expired_tokens_are_refused_everywhere_and_a_new_one_works(program, simulator) -> None:
    old = f"{program.endpoints.client_id}:{simulator.access_token()}"
    simulator.arm(FaultKind.EXPIRE_TOKENS)
    for path in ("/api/v3/positions", "/data/quotes"):
        answer = program.call("GET", path, token=old)
        assert (answer.status, answer.body["code"]) == (401, -8)
    new = f"{program.endpoints.client_id}:{simulator.access_token()}"
    assert program.call("GET", "/api/v3/positions", token=new).status == 200


@pytest.fixture(scope="module")
def limited(calendar: Calendar):
    start = instant_at(date(2026, 1, 6), time(10, 0))
    options = SimulatorOptions(clock_start=start, clock_speed=0.001, limits=Limits(per_second=5))
    with running_simulator(options, calendar) as running:
        yield running


def test_calls_above_the_limit_get_429_and_order_calls_learn_when_to_return(limited: RunningSimulator, connect) -> None:
    program = connect(limited.endpoints)
    assert [program.call("GET", "/api/v3/profile").status for _ in range(5)] == [200] * 5
    data = program.call("GET", "/data/marketStatus")
    assert (data.status, data.body["code"]) == (429, 429)
    order = program.place()
    assert (order.status, order.body["code"]) == (429, -429)
    assert order.headers["Retry-After"] == "1"
    assert 0 < int(order.headers["X-Retry-After-Ms"]) <= 1000
