"""Damaged answers: an order verb always has an outcome, and no damage ever makes an acknowledgement or a book."""

import copy
import json
import os
from typing import Any

import numpy as np
import pytest

from core.errors import DataError
from core.orders import OutcomeKind
from trading.answers import Answer, json_object
from trading.fyers_mapping import fills_from, orders_from, positions_from
from trading.order_outcomes import outcome_of

SEED = int(os.environ.get("FUZZ_SEED", "0"))
"""Another one makes other damage, for runs that are longer than this."""
ANSWERS = 5_000
STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504)
SYMBOL = "NSE:SBIN-EQ"

ORDER = {
    "id": "26010600000001", "symbol": SYMBOL, "side": 1, "type": 4, "productType": "INTRADAY", "qty": 10,
    "filledQty": 4, "tradedPrice": 801.25, "limitPrice": 795.5, "stopPrice": 796.0, "status": 6,
    "orderTag": "1:Q27AAB0010001S3F", "message": "",
}  # fmt: skip
FILL = {
    "orderNumber": "26010600000001", "tradeNumber": "26010600000001-7", "symbol": SYMBOL, "side": -1,
    "productType": "INTRADAY", "tradedQty": 4, "tradePrice": 801.25, "orderDateTime": "06-Jan-2026 10:00:01",
    "orderTag": "1:Q27AAB0010001S3F",
}  # fmt: skip
POSITION = {
    "symbol": SYMBOL, "productType": "INTRADAY", "netQty": -6, "buyQty": 4, "buyVal": 3205.0, "sellQty": 10,
    "sellVal": 8010.0,
}  # fmt: skip
BODIES: tuple[dict[str, Any], ...] = (
    {"s": "ok", "code": 1101, "message": "Order submitted", "id": "26010600000001"},
    {"s": "ok", "code": 201, "message": "Sent, not acknowledged", "id": "26010600000001"},
    {"s": "error", "code": -99, "message": "RED:Margin Shortfall", "id": ""},
    {"s": "error", "code": -429, "message": "request limit reached"},
    {"s": "ok", "code": 200, "message": "", "orderBook": [ORDER, {**ORDER, "id": "26010600000002"}]},
    {"s": "ok", "code": 200, "message": "", "tradeBook": [FILL]},
    {"s": "ok", "code": 200, "message": "", "netPositions": [POSITION]},
)
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, 10**30, -(10**18), "", "x" * 400, "\u0000\n\r\u202e", [], {}, [[]], "1101", 0.1, "NaN",
)  # fmt: skip


def damaged(chance: np.random.Generator, content: Any) -> bytes:
    """Replace, drop or double values, then now and then bytes."""
    whole = json.loads(json.dumps(content))
    for _ in range(int(chance.integers(0, 4))):
        place = whole
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = keys[int(chance.integers(0, len(keys)))]
            if isinstance(place[key], dict | list) and chance.random() < 0.8:
                place = place[key]
                continue
            if chance.random() < 0.2:
                del place[key]
            else:
                place[key] = copy.deepcopy(STRANGE[int(chance.integers(0, len(STRANGE)))])
            break
    body = bytearray(json.dumps(whole).encode())
    while chance.random() < 0.3 and body:
        at = int(chance.integers(0, len(body)))
        match int(chance.integers(0, 3)):
            case 0:
                body[at] ^= 1 << int(chance.integers(0, 8))
            case 1:
                del body[at : at + int(chance.integers(1, 20))]
            case _:
                body[at:at] = body[at : at + int(chance.integers(1, 60))]
    return bytes(body)


def answers() -> list[Answer]:
    chance = np.random.default_rng([2_026, SEED])
    return [
        Answer(
            STATUSES[int(chance.integers(0, len(STATUSES)))] if chance.random() < 0.6 else 200,
            {},
            damaged(chance, BODIES[int(chance.integers(0, len(BODIES)))]),
        )
        for _ in range(ANSWERS)
    ]


def is_clean(answer: Answer) -> bool:
    """Whether an answer says itself that the order was taken: read by hand, not by the code that is tested."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        return False
    good = isinstance(content, dict) and content.get("s") == "ok" and isinstance(content.get("id"), str)
    return bool(good and content["id"] and 200 <= answer.status < 300)


def test_a_damaged_answer_never_raises_and_never_acknowledges_what_it_does_not_say() -> None:
    kinds: dict[OutcomeKind, int] = dict.fromkeys(OutcomeKind, 0)
    for answer in answers():
        outcome = outcome_of(answer)
        kinds[outcome.kind] += 1
        assert outcome.kind is not OutcomeKind.NOT_SENT, "an answer proves that it was sent"
        assert outcome.kind is not OutcomeKind.ACK or is_clean(answer), answer
        assert outcome.kind is not OutcomeKind.REJECTED or answer.status < 500, answer
        assert outcome.message.isprintable()
        assert len(outcome.message) <= 300
    del kinds[OutcomeKind.NOT_SENT]
    assert min(kinds.values()) > 50, f"nothing was tested: {kinds}"


def test_a_damaged_book_is_read_whole_or_refused() -> None:
    read = refused = 0
    for answer in answers():
        try:
            content = json_object(answer)
            orders = orders_from(content, {SYMBOL}) if "orderBook" in content else ()
            fills = fills_from(content, {SYMBOL}) if "tradeBook" in content else ()
            positions = positions_from(content, {SYMBOL}) if "netPositions" in content else ()
        except DataError:
            refused += 1
            continue
        read += len(orders) + len(fills) + len(positions)
        for order in orders:
            assert 0 <= order.filled <= 10**12
            assert order.quantity >= 0
            assert order.broker_id.isprintable()
            assert order.broker_id
        for fill in fills:
            assert fill.quantity >= 1
            assert fill.price >= 0
        for position in positions:
            assert abs(position.net_quantity) <= 10**12
    assert read > 500
    assert refused > 500


@pytest.mark.parametrize("body", BODIES)
def test_what_is_not_damaged_is_read(body: dict[str, Any]) -> None:
    content = json_object(Answer(200, {}, json.dumps(body).encode()))
    books = [("orderBook", orders_from, 2), ("tradeBook", fills_from, 1), ("netPositions", positions_from, 1)]
    for name, reader, count in books:
        if name in content:
            assert len(reader(content, {SYMBOL})) == count
