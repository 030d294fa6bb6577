"""Whoever answers in the broker's place: whatever comes back is refused in our own words, or is a fact that may be.

`FUZZ_ANSWERS` is the number of damaged answers, 10,000 unless it is set; a soak sets 100,000.
"""

import json
import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from typing import Any

import numpy as np
import pytest

from core import events
from core.errors import BotError
from core.event_codec import decode, encode
from core.instants import instant_at
from core.market import Timeframe
from core.orders import Books
from core.sessions import TradingDay
from market_data.history.history_checks import check_history
from trading import fyers_mapping as mapping
from trading.answers import MAX_BODY_BYTES, Answer, json_object
from trading.broker_row import LONGEST_TEXT, plain_text
from trading.fyers_reply import reply_from
from trading.order_feed import LARGEST_MESSAGE, read_message
from trading.order_outcomes import outcome_of

ANSWERS = int(os.environ.get("FUZZ_ANSWERS", "10000"))
SBIN = "NSE:SBIN-EQ"
OURS = frozenset({SBIN})
TUESDAY = date(2026, 1, 6)
NOW = instant_at(TUESDAY, time(11, 0))
LARGEST_FACT = 10**26
"""A value is a price times a quantity, each of at most a million million, in units."""
ORDER = {
    "id": "26010600000017", "qty": 25, "filledQty": 10, "limitPrice": 812.4, "stopPrice": 0, "tradedPrice": 812.35,
    "type": 1, "symbol": SBIN, "message": "", "productType": "INTRADAY", "side": 1, "status": 6, "orderTag": "1:Q24L",
}  # fmt: skip
TRADE = {
    "orderDateTime": "06-Jan-2026 10:31:02", "orderNumber": "26010600000017", "side": -1, "productType": "INTRADAY",
    "tradedQty": 10, "tradePrice": 812.35, "tradeNumber": "52605023", "symbol": SBIN, "orderTag": "1:Q24L",
}  # fmt: skip
POSITION = {
    "netQty": -10, "productType": "INTRADAY", "buyQty": 0, "buyVal": 0, "sellQty": 10, "sellVal": 8123.5,
    "symbol": SBIN,
}  # fmt: skip
QUOTE = {"lp": 812.35, "bid": 812.3, "ask": 812.4, "volume": 100, "tt": "1767676860"}
SOCKET_ORDER = {
    "id": "26010600000017", "ord_type": 1, "ordertag": "1:Q24L", "org_ord_status": 6, "price_limit": 812.4,
    "price_traded": 812.35, "product_type": "INTRADAY", "qty": 25, "qty_filled": 10, "symbol": SBIN, "tran_side": 1,
}  # fmt: skip
FUNDS = [{"id": 1, "equityAmount": 1000.5}, {"id": 10, "equityAmount": 900.25}]
STATUS = {"exchange": 10, "segment": 10, "market_type": "NORMAL", "status": "OPEN"}
CANDLES = [[1767671100, 800.0, 801.5, 799.0, 800.5, 1000], [1767671400, 800.5, 802.0, 800.0, 801.0, 900]]


class Weekdays:
    def trading_day(self, day: date) -> TradingDay | None:
        if day.weekday() >= 5:
            return None
        return TradingDay(
            date=day,
            open=instant_at(day, time(9, 15)),
            close=instant_at(day, time(15, 30)),
            no_entry_after=instant_at(day, time(14, 45)),
            square_off=instant_at(day, time(15, 5)),
            flat_by=instant_at(day, time(15, 10)),
        )

    def next_trading_day(self, after: date) -> TradingDay:
        return next(
            session for days in range(1, 5) if (session := self.trading_day(after + timedelta(days=days))) is not None
        )


def candles_of(payload: dict[str, Any]) -> object:
    rows = mapping.candles_from(payload, SBIN)
    return check_history(rows, SBIN, Timeframe.M5, Weekdays(), NOW).candles


READERS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], object]]] = {
    "orders": ({"s": "ok", "orderBook": [ORDER, ORDER]}, lambda payload: mapping.orders_from(payload, OURS)),
    "trades": ({"s": "ok", "tradeBook": [TRADE]}, lambda payload: mapping.fills_from(payload, OURS)),
    "positions": ({"s": "ok", "netPositions": [POSITION]}, lambda payload: mapping.positions_from(payload, OURS)),
    "funds": ({"s": "ok", "fund_limit": FUNDS}, mapping.funds_from),
    "profile": ({"s": "ok", "data": {"fy_id": "XS00001", "name": "A Person"}}, mapping.profile_from),
    "quotes": ({"s": "ok", "d": [{"s": "ok", "n": SBIN, "v": QUOTE}]}, mapping.quotes_from),
    "market status": ({"s": "ok", "marketStatus": [STATUS]}, mapping.market_status_from),
    "history": ({"s": "ok", "candles": CANDLES}, candles_of),
    "envelope": ({"s": "error", "code": -99, "message": "no", "data": {"qty": "odd"}}, reply_from),
    "socket order": ({"orders": SOCKET_ORDER}, lambda payload: mapping.order_from_socket(payload.get("orders"))),
}
RAW = (
    "9" * 5_000,
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "1" + "0" * 400,
    "0x10",
    "1.7976931348623157e308",
)
"""What stands in the text where a value was: numbers without end, and what is no JSON."""
SPITEFUL: tuple[object, ...] = (
    None, True, False, -1, 0, 2**31, 2**53 + 1, 2**63, -(2**63), 10**18, 1e-320, -0.0, 1e308, 0.1 + 0.2,
    "", " ", "0", "-1", "9" * 5_000, "\N{ARABIC-INDIC DIGIT THREE}" * 10, "x" * 100_000,
    "a\nb\r\n[2026-01-06 10:00:00.000] [CRITICAL] [trading] - forged", "\x1b[2J\x1b]0;title\x07", "\x00", "\x9b31m",
    "\u202egnp.exe", "\u2028\u2029\x85", "\ufeff\u200b", "\ud800", "'; DROP TABLE events; --", "[red]markup[/red]",
    "../../etc/passwd", "{0.__class__}", "%s%n", [], {}, [[]], {"": ""}, [None] * 100, {"a": [{"b": [{"c": 1}]}]},
    "31-Dec-9999 23:59:59", "01-Jan-0001 00:00:00", "99999999999", 99999999999, 253402300800,
)  # fmt: skip


def places(node: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be put: every value of every object and list."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def damaged(chance: np.random.Generator, payload: dict[str, Any]) -> bytes:
    """Put spite where values were, take fields away, or spoil the text itself."""
    answer = deepcopy(payload)
    raw = ""
    for _ in range(int(chance.integers(1, 4))):
        known = list(places(answer))
        if not known:
            break
        *way, last = known[int(chance.integers(0, len(known)))]
        parent: Any = answer
        for key in way:
            parent = parent[key]
        match int(chance.integers(0, 6)):
            case 0 if isinstance(parent, dict):
                del parent[last]
            case 1:
                parent[last], raw = "@RAW@", RAW[int(chance.integers(0, len(RAW)))]
            case _:
                parent[last] = deepcopy(SPITEFUL[int(chance.integers(0, len(SPITEFUL)))])
    text = json.dumps(answer, ensure_ascii=bool(chance.integers(0, 2))).replace('"@RAW@"', raw)
    body = bytearray(text.encode("utf-8", errors="surrogatepass"))
    if chance.integers(0, 8) == 0:
        for place in chance.integers(0, len(body), 3).tolist():
            body[place] ^= 1 << int(chance.integers(0, 8))
    if chance.integers(0, 30) == 0:
        del body[int(chance.integers(0, len(body))) :]
    return bytes(body)


def parts(fact: object) -> Iterator[object]:
    """Every number and text in a fact."""
    if isinstance(fact, Enum):
        return
    if is_dataclass(fact):
        for field in fields(fact):
            yield from parts(getattr(fact, field.name))
    elif isinstance(fact, dict):
        for key, value in fact.items():
            yield from parts(key)
            yield from parts(value)
    elif isinstance(fact, tuple):
        for value in fact:
            yield from parts(value)
    else:
        yield fact


def is_fit(part: object) -> bool:
    match part:
        case bool() | None:
            return True
        case int():
            return -LARGEST_FACT <= part <= LARGEST_FACT
        case str():
            return len(part) <= 2 * LONGEST_TEXT + 1 and plain_text(part[:LONGEST_TEXT]) == part[:LONGEST_TEXT]
    return False


@pytest.mark.hazard("O14", "X9")
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("what", READERS)
def test_a_damaged_answer_is_refused_in_our_words_or_is_a_fact_that_may_be(what: str) -> None:
    payload, read = READERS[what]
    chance = np.random.default_rng(2_026)
    refused: list[str] = []
    taken = 0
    for _ in range(max(1, ANSWERS // len(READERS))):
        answer = Answer(200, {}, damaged(chance, payload))
        assert all(is_fit(part) for part in parts(outcome_of(answer))), answer.body[:500]
        try:
            fact = read(json_object(answer))
        except BotError as error:
            refused.append(str(error))
            continue
        taken += 1
        assert all(is_fit(part) for part in parts(fact)), answer.body[:500]
    assert [words for words in refused if len(words) > 1_000 or not words.isprintable()] == []
    assert min(len(refused), taken) > 10


@pytest.mark.hazard("O14")
def test_what_was_taken_can_be_written_down_and_read_again() -> None:
    chance = np.random.default_rng(7)
    kinds = ("orders", "trades", "positions")
    for _ in range(300):
        read: dict[str, Any] = {}
        for kind in kinds:
            payload, reader = READERS[kind]
            try:
                read[kind] = reader(json_object(Answer(200, {}, damaged(chance, payload))))
            except BotError:
                read[kind] = ()
        books = Books(orders=read["orders"], fills=read["trades"], positions=read["positions"])
        event = events.BooksRead(at=NOW, asked_at=NOW, books=books)
        kind_name, text = encode(event)
        assert decode(kind_name, text) == event
        text.encode()


@pytest.mark.hazard("O14")
@pytest.mark.parametrize("levels", [19, 21, 500, 100_000, 2_000_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_an_answer_nested_without_end_is_refused(levels: int, opening: str, closing: str) -> None:
    body = f'{{"s":"ok","orderBook":{opening * levels}1{closing * levels}}}'.encode()[: MAX_BODY_BYTES + 5]
    with pytest.raises(BotError) as refused:
        mapping.orders_from(json_object(Answer(200, {}, body)), OURS)
    assert len(str(refused.value)) < 300
    assert read_message(body[:LARGEST_MESSAGE]) is None
    assert outcome_of(Answer(400, {}, body)).rejection is None


@pytest.mark.hazard("O14")
def test_an_answer_of_many_rows_within_the_size_is_read_in_bounded_work() -> None:
    rows = b",".join([b"{}"] * (MAX_BODY_BYTES // 3 - 20))
    with pytest.raises(BotError, match="'qty' is missing"):
        mapping.orders_from(json_object(Answer(200, {}, b'{"orderBook":[' + rows + b"]}")), OURS)
    with pytest.raises(BotError, match="at most 5000000 are read"):
        json_object(Answer(200, {}, b" " * (MAX_BODY_BYTES + 1)))
