import json
import types
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import decisions, effects, events, inputs
from core.errors import DataError
from core.event_codec import KINDS, decode, decode_fact, encode, encode_fact
from core.market import Candle
from core.positions import Trade
from core.sessions import TradingDay
from core.state import BotState

WHOLE = st.integers(-(2**62), 2**62)


@st.composite
def candles(draw) -> Candle:
    low, body, top = sorted(draw(st.tuples(*[st.integers(1, 10**9)] * 3)))
    return Candle(draw(WHOLE), body, top, low, draw(st.integers(low, top)), draw(st.integers(0, 10**9)))


@st.composite
def sessions(draw) -> TradingDay:
    opens = draw(st.integers(0, 2**60))
    no_entry, square_off, flat_by, close = sorted(
        draw(st.lists(st.integers(1, 10**9), min_size=4, max_size=4, unique=True))
    )
    edges = sorted(draw(st.sets(st.integers(1, close - 1), max_size=4)))
    return TradingDay(
        date=date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 400))),
        open=opens,
        no_entry_after=opens + no_entry,
        square_off=opens + square_off,
        flat_by=opens + flat_by,
        close=opens + close,
        closing_price_at=draw(st.none() | st.integers(opens + close, opens + 2 * close)),
        breaks=tuple((opens + start, opens + end) for start, end in zip(edges[::2], edges[1::2], strict=False)),
    )


SPECIAL = {Candle: candles(), TradingDay: sessions(), date: st.dates()}


def anything(annotation: Any) -> st.SearchStrategy:
    """Every value that a field of an event can take."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in SPECIAL:
        return SPECIAL[annotation]
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(anything, arguments))
    if origin in {set, frozenset, list}:
        return st.lists(anything(arguments[0]), max_size=3).map(origin)
    if origin is dict:
        return st.dictionaries(anything(arguments[0]), anything(arguments[1]), max_size=3)
    if origin is tuple:
        return st.lists(anything(arguments[0]), max_size=3).map(tuple)
    if annotation is type(None):
        return st.none()
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if annotation is Trade:
        positive = st.integers(1, 10**12)
        parts = {name: anything(hint) for name, hint in get_type_hints(Trade).items()}
        parts |= {"quantity": positive, "entry_value": positive, "exit_value": positive}
        parts |= {"entry_at": st.integers(0, 10**18), "exit_at": st.integers(10**18, 2 * 10**18)}
        return st.builds(Trade, **parts)
    if is_dataclass(annotation):
        return st.builds(annotation, **{name: anything(hint) for name, hint in get_type_hints(annotation).items()})
    plain = {int: WHOLE, bool: st.booleans(), str: st.text(max_size=30), float: st.floats(allow_nan=False)}
    return plain[annotation]


def plain(value: Any) -> Any:
    """The canonical form in its plainest words: the writers may be quick, but not different."""
    if is_dataclass(value):
        return [plain(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return [[plain(key), plain(item)] for key, item in value.items()]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_kind_of_event_comes_back_as_it_was(kind, data):
    event = data.draw(anything(kind))
    name, body = encode(event)
    assert name == kind.__name__
    assert body == json.dumps(plain(event), separators=(",", ":"), ensure_ascii=False)
    back = decode(name, body)
    assert back == event
    assert type(back) is kind
    assert encode(back) == (name, body)


def test_no_event_is_left_out():
    written = {inputs.__name__, decisions.__name__, effects.__name__}
    kinds = {kind for kind in vars(events).values() if is_dataclass(kind) and kind.__module__ in written}
    assert set(KINDS.values()) == kinds - {events.EntryPlan}


def test_the_text_is_canonical():
    event = events.LevelChanged(at=12, level=events.SafetyLevel.FLATTEN, why="loss of ₹ 5\n")
    assert encode(event) == ("LevelChanged", '[12,3,"loss of ₹ 5\\n"]')


@pytest.mark.hazard("W7")
def test_a_log_from_before_a_field_was_added_is_read_with_its_default():
    old = decode("CommandGiven", '[1,"halt","a worker failed"]')
    assert old == events.CommandGiven(at=1, command=events.Command.HALT, why="a worker failed", key="")


def test_fields_are_written_in_the_order_of_the_class():
    event = events.TickActed(at=1, symbol="NSE:SBIN-EQ", ltp=80_000)
    assert json.loads(encode(event)[1]) == [getattr(event, field.name) for field in fields(event)]


@pytest.mark.hazard("W7")
def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(DataError, match="'Teleported' is unknown: the log was written by a newer version"):
        decode("Teleported", "[1]")


@pytest.mark.parametrize(
    "body",
    ["", "{", "[1,2]", "[1,2,3,4]", "7", "null", '[1,"no such level","why"]', '{"at":1,"level":2,"why":""}'],
)
def test_a_body_of_another_shape_is_refused(body):
    with pytest.raises(DataError, match="LevelChanged"):
        decode("LevelChanged", body)


def test_a_fact_of_an_older_log_lacks_the_fields_that_came_later():
    day = TradingDay(
        date=date(2026, 1, 6), open=1, no_entry_after=2, square_off=3, flat_by=4, close=5, closing_price_at=None
    )
    assert encode(events.DayBegan(at=1, day=day)) == ("DayBegan", '[1,["2026-01-06",1,5,2,3,4,null,[]]]')
    assert decode("DayBegan", '[1,["2026-01-06",1,5,2,3,4,null]]') == events.DayBegan(at=1, day=day)
    assert decode("DayBegan", '[1,["2026-01-06",1,5,2,3,4]]') == events.DayBegan(at=1, day=day)
    with pytest.raises(DataError, match="5 fields for TradingDay, which has 8"):
        decode("DayBegan", '[1,["2026-01-06",1,5,2,3]]')


def test_a_session_in_two_parts_is_kept_with_its_pause():
    day = TradingDay(
        date=date(2024, 3, 2), open=1, no_entry_after=2, square_off=3, flat_by=4, close=30, breaks=((10, 20),)
    )
    kind, text = encode(events.DayBegan(at=1, day=day))
    assert text == '[1,["2024-03-02",1,30,2,3,4,null,[[10,20]]]]'
    assert decode(kind, text) == events.DayBegan(at=1, day=day)
    with pytest.raises(DataError, match="breaks are not in order"):
        decode(kind, text.replace("[10,20]", "[20,10]"))
    with pytest.raises(DataError, match="cannot be read"):
        decode(kind, text.replace("[10,20]", "[10,20,25]"))


def test_a_fact_inside_that_breaks_its_own_rules_is_refused():
    body = '[1,"NSE:SBIN-EQ",[[1,100,90,95,100,5]],0]'
    with pytest.raises(DataError, match="impossible candle"):
        decode("HistoryArrived", body)


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_whole_state_comes_back_as_it_was(data):
    state = data.draw(anything(BotState))
    text = encode_fact(state)
    assert text == json.dumps(plain(state), separators=(",", ":"), ensure_ascii=False)
    back = decode_fact(BotState, text)
    assert back == state
    assert list(back.orders) == list(state.orders)
    assert encode_fact(back) == text


@dataclass
class Shelf:
    """A fact with all the containers there are."""

    levels: dict[events.SafetyLevel, list[int]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def test_a_dict_keeps_its_order_and_a_set_is_sorted():
    shelf = Shelf({events.SafetyLevel.FREEZE: [2, 1], events.SafetyLevel.RUN: []}, {"b", "a", "c"})
    assert encode_fact(shelf) == '[[[4,[2,1]],[0,[]]],["a","b","c"]]'
    assert decode_fact(Shelf, encode_fact(shelf)) == shelf


def test_a_shelf_of_an_older_snapshot_is_read_with_its_defaults():
    assert decode_fact(Shelf, "[]") == Shelf()


@pytest.mark.parametrize("text", ["", "7", "[[],[],[]]", "[[[9,[]]],[]]", "[7,[]]"])
def test_a_fact_of_another_shape_is_refused_by_name(text):
    with pytest.raises(DataError, match="Shelf has a text that cannot be read"):
        decode_fact(Shelf, text)


@pytest.mark.parametrize("hint", [object, int | str, tuple[int, str], bytes, dict[str, object]])
def test_a_type_that_would_not_come_back_is_refused_when_it_is_written(hint):
    odd = dataclass(type("Odd", (), {"__annotations__": {"value": hint}}))
    with pytest.raises(TypeError, match="cannot be stored"):
        encode_fact(odd(1))
