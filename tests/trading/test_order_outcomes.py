import json

import pytest

from core.orders import OutcomeKind, RejectionKind
from trading.answers import Answer, Failure
from trading.order_outcomes import outcome_of

ACK, NOT_SENT = OutcomeKind.ACK, OutcomeKind.NOT_SENT
REJECTED, UNKNOWN = OutcomeKind.REJECTED, OutcomeKind.UNKNOWN
ORDER_ID = "26112000000017"


def said(status: int, payload: object) -> Answer:
    return Answer(status, {}, json.dumps(payload).encode())


def error(code: int, message: str = "no", **more: object) -> dict[str, object]:
    return {"s": "error", "code": code, "message": message, **more}


@pytest.mark.hazard("S2", "S7")
@pytest.mark.parametrize(
    ("status", "payload", "kind", "rejection"),
    [
        (200, {"s": "ok", "code": 1101, "id": ORDER_ID}, ACK, None),
        (200, {"s": "ok", "code": 1101, "id": int(ORDER_ID)}, ACK, None),
        (200, {"s": "ok", "code": 1102, "id": ORDER_ID}, ACK, None),
        (200, {"s": "ok", "code": 1103, "id": ORDER_ID}, ACK, None),
        (200, {"s": "ok", "code": 200, "id": ORDER_ID}, ACK, None),
        (200, {"s": "ok", "code": 1101}, UNKNOWN, None),
        (200, {"s": "ok", "code": 1101, "id": ""}, UNKNOWN, None),
        (200, {"s": "ok", "code": 1101, "id": None}, UNKNOWN, None),
        (200, {"s": "ok", "code": 201, "id": ORDER_ID}, UNKNOWN, None),
        (200, {"s": "ok", "id": ORDER_ID}, UNKNOWN, None),
        (200, {"s": "ok", "code": 9999, "id": ORDER_ID}, UNKNOWN, None),
        (200, {}, UNKNOWN, None),
        (200, {"s": 1, "code": "1101", "id": 5, "message": []}, UNKNOWN, None),
        (202, {"s": "ok", "code": 201, "id_fyers": "5e1c"}, UNKNOWN, None),
        (302, {"s": "ok", "code": 1101, "id": ORDER_ID}, UNKNOWN, None),
        (302, error(-50), UNKNOWN, None),
        (400, error(-50), REJECTED, RejectionKind.ORDER),
        (400, error(-51), REJECTED, RejectionKind.ORDER),
        (400, error(-99, "RMS:Margin Exceeds"), REJECTED, RejectionKind.ORDER),
        (200, error(-99, "RMS:Margin Exceeds", id=ORDER_ID), REJECTED, RejectionKind.ORDER),
        (422, error(-300), REJECTED, RejectionKind.ORDER),
        (400, error(-352), REJECTED, RejectionKind.ORDER),
        (400, error(400), REJECTED, RejectionKind.ORDER),
        (422, {"s": "error", "message": "no"}, REJECTED, RejectionKind.ORDER),
        (200, error(400), UNKNOWN, None),
        (408, error(-99), UNKNOWN, None),
        (400, {"message": "no"}, UNKNOWN, None),
        (404, {"error": "not found"}, UNKNOWN, None),
        (500, error(-99), UNKNOWN, None),
        (502, error(-16), UNKNOWN, None),
        (503, {"s": "ok", "code": 1101, "id": ORDER_ID}, UNKNOWN, None),
        (401, error(-16), REJECTED, RejectionKind.AUTHENTICATION),
        (200, error(-8), REJECTED, RejectionKind.AUTHENTICATION),
        (400, error(-15), REJECTED, RejectionKind.AUTHENTICATION),
        (400, error(-17), REJECTED, RejectionKind.AUTHENTICATION),
        (403, error(-1), REJECTED, RejectionKind.FORBIDDEN),
        (429, error(429), REJECTED, RejectionKind.RATE),
        (429, error(-429), REJECTED, RejectionKind.RATE),
        (400, error(-429), REJECTED, RejectionKind.RATE),
    ],
)
def test_an_answer_has_exactly_one_class(status, payload, kind, rejection):
    outcome = outcome_of(said(status, payload))

    assert (outcome.kind, outcome.rejection) == (kind, rejection)
    if isinstance(payload.get("id"), str):
        assert outcome.broker_id == payload["id"]
    if payload.get("id") == int(ORDER_ID):
        assert outcome.broker_id == ORDER_ID


@pytest.mark.hazard("A4")
@pytest.mark.parametrize(
    "words",
    [
        "Request rejected: Orders are only allowed from whitelisted IP addresses. This request was received from IP: x",
        "Request rejected: Order placement restricted. Algo orders are not allowed from this app APP",
    ],
)
def test_an_address_or_app_that_may_not_trade_is_known_by_its_words(words):
    outcome = outcome_of(said(400, error(-50, words)))

    assert outcome.rejection is RejectionKind.FORBIDDEN
    assert outcome.message.startswith("Request rejected")


UNREADABLE = [b"<html>gateway</html>", b"[]", b"null", b"", b'{"s":"ok","code":1101,"id":"26']


@pytest.mark.hazard("S2")
@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 502])
def test_what_cannot_be_read_proves_nothing(status, body):
    assert outcome_of(Answer(status, {}, body)).kind is UNKNOWN


@pytest.mark.hazard("S8")
@pytest.mark.parametrize("body", UNREADABLE)
def test_too_many_calls_is_a_refusal_in_any_words(body):
    outcome = outcome_of(Answer(429, {}, body))

    assert (outcome.kind, outcome.rejection) == (REJECTED, RejectionKind.RATE)


def test_a_failure_is_not_sent_only_if_nothing_left():
    assert outcome_of(Failure(sent=False, reason="refused")).kind is NOT_SENT
    assert outcome_of(Failure(sent=True, reason="reset")).kind is UNKNOWN


def test_an_exit_needs_no_order_id():
    assert outcome_of(said(200, {"s": "ok", "code": 200}), names_order=False).kind is ACK
    assert outcome_of(said(200, {"s": "ok", "code": 201}), names_order=False).kind is UNKNOWN


@pytest.mark.hazard("X9")
def test_what_the_broker_says_is_one_clean_line():
    outcome = outcome_of(said(400, error(-99, "RMS\r\n2026 [CRITICAL] forged " + "x" * 1000)))

    assert "\n" not in outcome.message
    assert len(outcome.message) == 300


def test_a_refused_parameter_is_explained_by_its_details():
    outcome = outcome_of(said(400, error(-50, "Invalid input", data={"qty": "must be a multiple of 75"})))

    assert outcome.message == "Invalid input; must be a multiple of 75"
