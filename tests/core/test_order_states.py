"""The table of an order's life: every pair is decided, and no broker can bring about one that halts us."""

from dataclasses import replace
from itertools import permutations, product

import pytest

from core import events
from core.errors import InvariantError
from core.events import Verb
from core.fold import apply
from core.instants import MINUTE, SECOND
from core.market import Side
from core.order_states import (
    NEWS_OF_OUTCOME,
    NEWS_OF_STATUS,
    THOUGHT_DEAD,
    TRANSITIONS,
    OrderNews,
    OrderState,
    next_state,
)
from core.orders import (
    Books,
    OrderIntent,
    OrderReport,
    OrderStatus,
    OrderType,
    Outcome,
    OutcomeKind,
    Product,
    Purpose,
    RejectionKind,
)
from core.state import BotState

ANSWERS = {OrderNews.ACKED, OrderNews.REFUSED, OrderNews.UNSENT, OrderNews.LOST}
OUR_BUGS = {(OrderState.NOT_SENT, answer) for answer in ANSWERS} | {
    (state, OrderNews.DISPROVED) for state in OrderState if state is not OrderState.UNKNOWN
}
"""A second answer to what never left; a disproof of what was not in doubt. All else the world can do to us."""
ENDED = [OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED]


def test_every_pair_is_decided_but_those_that_only_a_bug_of_ours_can_cause():
    assert set(TRANSITIONS) == set(product(OrderState, OrderNews)) - OUR_BUGS


@pytest.mark.parametrize(("state", "news"), sorted(OUR_BUGS, key=str))
def test_a_pair_without_an_entry_halts_and_names_both(state, news):
    with pytest.raises(InvariantError, match=rf"{state.name} cannot hear {news.name}: stop and report"):
        next_state(state, news)


def test_every_answer_and_every_status_of_the_broker_is_news():
    assert set(NEWS_OF_OUTCOME) == set(OutcomeKind)
    assert set(NEWS_OF_STATUS) == set(OrderStatus)


@pytest.mark.hazard("O3")
@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("news", [each for each in OrderNews if each not in {OrderNews.DISPROVED, OrderNews.LISTED}])
def test_what_has_ended_in_the_market_stays_ended(state, news):
    assert next_state(state, news) is state


@pytest.mark.hazard("O3", "P5")
def test_only_what_has_traded_whole_stays_ended_when_the_books_go_on_listing_it():
    assert next_state(OrderState.FILLED, OrderNews.LISTED) is OrderState.FILLED
    assert next_state(OrderState.CANCELLED, OrderNews.LISTED) is OrderState.ZOMBIE
    assert next_state(OrderState.EXPIRED, OrderNews.LISTED) is OrderState.ZOMBIE


@pytest.mark.hazard("S4")
@pytest.mark.parametrize("state", sorted(THOUGHT_DEAD, key=str))
def test_a_trade_of_an_order_held_for_dead_makes_it_a_zombie(state):
    assert next_state(state, OrderNews.TRADED) is OrderState.ZOMBIE


@pytest.mark.hazard("O13")
@pytest.mark.parametrize("state", [state for state in OrderState if state.is_live])
def test_a_status_we_do_not_know_never_ends_an_order(state):
    assert next_state(state, OrderNews.STRANGE).is_live


def test_a_zombie_never_becomes_an_order_of_use():
    reached = {next_state(OrderState.ZOMBIE, news) for news in OrderNews if news is not OrderNews.DISPROVED}
    assert OrderState.WORKING not in reached


# --- whole lives ----------------------------------------------------------------------------------------------------

INTENT = OrderIntent(
    tag="entry",
    symbol="NSE:SBIN-EQ",
    side=Side.BUY,
    quantity=10,
    type=OrderType.LIMIT,
    limit_price=80_000,
    product=Product.INTRADAY,
    purpose=Purpose.ENTRY,
    reason="test",
)


def seen(status: OrderStatus, filled: int = 0) -> OrderReport:
    return OrderReport(
        broker_id="1",
        tag="entry",
        symbol=INTENT.symbol,
        side=Side.BUY,
        type=OrderType.LIMIT,
        product="INTRADAY",
        quantity=10,
        filled=filled,
        filled_value=filled * 80_000,
        limit_price=80_000,
        trigger_price=0,
        status=status,
    )


def answer(kind: OutcomeKind, **more) -> Outcome:
    return Outcome(kind=kind, **more)


PENDING, PART = seen(OrderStatus.PENDING), seen(OrderStatus.PENDING, 4)
LIVES = {
    "filled": [
        answer(OutcomeKind.ACK, broker_id="1"), seen(OrderStatus.TRANSIT), PENDING, PART, seen(OrderStatus.FILLED, 10),
    ],
    "filled, answer lost": [answer(OutcomeKind.UNKNOWN), PENDING, PART, seen(OrderStatus.FILLED, 10)],
    "cancelled in part": [answer(OutcomeKind.ACK), PENDING, PART, seen(OrderStatus.CANCELLED, 4)],
    "expired": [answer(OutcomeKind.ACK), PENDING, seen(OrderStatus.EXPIRED)],
    "refused": [
        answer(OutcomeKind.REJECTED, rejection=RejectionKind.ORDER), seen(OrderStatus.TRANSIT), PENDING,
        seen(OrderStatus.REJECTED),
    ],
}  # fmt: skip


def live_through(day, words) -> tuple:
    state, now = BotState(), day.open
    apply(state, events.DayBegan(at=now, day=day))
    apply(state, events.OrderIntended(at=now, intent=INTENT))
    for word in words:
        now += SECOND
        if isinstance(word, Outcome):
            apply(state, events.OutcomeArrived(at=now, verb=Verb.PLACE, tag="entry", outcome=word))
        else:
            apply(state, events.OrderReported(at=now, report=word))
    order, position = state.orders["entry"], state.positions.get(INTENT.symbol)
    return order.state, order.filled, order.filled_late, position.signed_quantity if position else 0


@pytest.mark.hazard("O3")
@pytest.mark.parametrize("life", LIVES)
def test_all_orders_of_the_words_of_a_life_come_to_the_same_end(day, life):
    ends = {live_through(day, words) for words in permutations(LIVES[life])}
    assert len({(state, filled, net) for state, filled, _, net in ends}) == 1


@pytest.mark.hazard("O2")
def test_words_told_again_at_the_end_of_a_life_change_nothing(day):
    for words in LIVES.values():
        reports = [word for word in words if isinstance(word, OrderReport)]
        assert live_through(day, [*words, *reports])[:2] == live_through(day, words)[:2]


@pytest.mark.hazard("S4")
@pytest.mark.parametrize("read_after", [SECOND, MINUTE])
def test_a_refused_order_is_a_zombie_only_in_a_reading_begun_well_after_the_answer(day, read_after):
    state, now = BotState(), day.open
    apply(state, events.DayBegan(at=now, day=day))
    apply(state, events.OrderIntended(at=now, intent=INTENT))
    refusal = answer(OutcomeKind.REJECTED, rejection=RejectionKind.ORDER)
    apply(state, events.OutcomeArrived(at=now, verb=Verb.PLACE, tag="entry", outcome=refusal))
    apply(state, events.OrderReported(at=now + MINUTE, report=PENDING))  # the socket may be late
    books = Books((PENDING,), (), ())
    apply(state, events.BooksRead(at=now + 2 * MINUTE, asked_at=now + read_after, books=books))
    expected = OrderState.ZOMBIE if read_after > 2 * SECOND else OrderState.REJECTED
    assert state.orders["entry"].state is expected


@pytest.mark.hazard("S10")
def test_a_second_order_under_a_tag_is_tracked_by_itself(day):
    state = BotState()
    apply(state, events.DayBegan(at=day.open, day=day))
    apply(state, events.OrderIntended(at=day.open, intent=INTENT))
    for broker_id, filled in (("1", 10), ("2", 4), ("2", 6), ("1", 10)):
        report = replace(seen(OrderStatus.PENDING, filled), broker_id=broker_id)
        apply(state, events.OrderReported(at=day.open + SECOND, report=report))
    assert [(order.broker_id, order.filled, order.twin_of) for order in state.orders.values()] == [
        ("1", 10, ""),
        ("2", 6, "entry"),
    ]
    assert state.positions[INTENT.symbol].quantity == 16
