"""The fold of the events: what is heard twice, late or in the wrong order must come to the same facts."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from core import events
from core.events import Command, EntryPlan, SafetyLevel, Verb
from core.fold import apply
from core.instants import DAY, MINUTE, SECOND
from core.market import Side
from core.order_states import OrderState
from core.orders import (
    Books,
    BrokerPosition,
    Fill,
    OrderChange,
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
from core.positions import Trade
from core.signals import Direction
from core.state import BotState
from core.tags import order_tag

SYMBOL = "NSE:SBIN-EQ"
PLAN = EntryPlan(direction=Direction.LONG, probability=0.6, atr=200.0, stop_atr=2.0, target_atr=3.0)
ENTRY, STOP = "entry", "stop"


def intent(tag: str = ENTRY, **changes) -> OrderIntent:
    purpose = Purpose.ENTRY if tag == ENTRY else Purpose.STOP
    usual = OrderIntent(
        tag=tag,
        symbol=SYMBOL,
        side=Side.BUY if tag == ENTRY else Side.SELL,
        quantity=10,
        type=OrderType.LIMIT if tag == ENTRY else OrderType.STOP_LIMIT,
        limit_price=80_160 if tag == ENTRY else 79_200,
        trigger_price=0 if tag == ENTRY else 79_600,
        product=Product.INTRADAY,
        purpose=purpose,
        reason="test",
    )
    return replace(usual, **changes)


def report(like: str = ENTRY, filled: int = 0, status: OrderStatus = OrderStatus.PENDING, **changes) -> OrderReport:
    sent = intent(like)
    usual = OrderReport(
        broker_id=f"id-{like}",
        tag=like,
        symbol=SYMBOL,
        side=sent.side,
        type=sent.type,
        product="INTRADAY",
        quantity=10,
        filled=filled,
        filled_value=filled * 80_000,
        limit_price=sent.limit_price,
        trigger_price=sent.trigger_price,
        status=status,
    )
    return replace(usual, **changes)


def fill(tag: str, quantity: int, price: int, number: int = 1) -> Fill:
    sent = intent(tag)
    return Fill(
        trade_number=f"{tag}-{number}",
        broker_id=f"id-{tag}",
        tag=tag,
        symbol=SYMBOL,
        side=sent.side,
        product="INTRADAY",
        quantity=quantity,
        price=price,
        at=0,
    )


class Life:
    """A state and a clock: events a second apart."""

    def __init__(self, day) -> None:
        self.state = BotState()
        self.day = day
        self.now = day.open
        self.tell(events.Booted, boot=1, log_id="A1", mode="live", account="X", version="1", config_digest="")
        self.tell(events.DayBegan, day=day)

    def tell(self, kind: type, **values) -> None:
        self.now += SECOND
        apply(self.state, kind(at=self.now, **values))

    def send(self, tag: str = ENTRY, **changes) -> None:
        plan = PLAN if tag == ENTRY else None
        self.tell(events.OrderIntended, intent=intent(tag, **changes), plan=plan)

    def hear(self, like: str = ENTRY, *args, **changes) -> None:
        self.tell(events.OrderReported, report=report(like, *args, **changes))

    def answer(self, kind: OutcomeKind, verb: Verb = Verb.PLACE, tag: str = ENTRY, **changes) -> None:
        self.tell(events.OutcomeArrived, verb=verb, tag=tag, outcome=Outcome(kind=kind, **changes))

    def read(self, *orders: OrderReport, fills=(), positions=(), ago: int = 0) -> None:
        books = Books(orders, tuple(fills), tuple(positions))
        self.tell(events.BooksRead, asked_at=self.now + SECOND - ago, books=books)

    @property
    def order(self):
        return self.state.orders[ENTRY]

    @property
    def position(self):
        return self.state.positions[SYMBOL]


@pytest.fixture
def life(day) -> Life:
    return Life(day)


@pytest.fixture
def held(life) -> Life:
    """Ten shares bought at 800.00, with a stop resting below."""
    life.send()
    life.hear(ENTRY, 10, OrderStatus.FILLED)
    life.tell(events.LevelsSet, symbol=SYMBOL, stop=79_600, target=80_600)
    life.send(STOP)
    life.hear(STOP)
    return life


# --- orders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (OutcomeKind.ACK, OrderState.WORKING),
        (OutcomeKind.REJECTED, OrderState.REJECTED),
        (OutcomeKind.NOT_SENT, OrderState.NOT_SENT),
        (OutcomeKind.UNKNOWN, OrderState.UNKNOWN),
    ],
)
def test_the_answer_decides_the_state_of_an_order_that_was_sent(life, kind, state):
    life.send()
    assert life.order.state is OrderState.SENT
    life.answer(kind)
    assert life.order.state is state


@pytest.mark.hazard("O3")
def test_an_answer_that_comes_after_the_report_does_not_undo_it(life):
    life.send()
    life.hear(ENTRY, 10, OrderStatus.FILLED)
    life.answer(OutcomeKind.UNKNOWN)
    assert life.order.state is OrderState.FILLED


@pytest.mark.hazard("O2")
def test_a_report_told_twice_counts_once(life):
    life.send()
    for _ in range(2):
        life.hear(ENTRY, 4)
    assert (life.order.filled, life.position.quantity, life.position.entry_value) == (4, 4, 320_000)


@pytest.mark.hazard("O3")
def test_reports_in_any_order_come_to_the_same_position(day):
    story = [(0, OrderStatus.PENDING), (4, OrderStatus.PENDING), (7, OrderStatus.PENDING), (10, OrderStatus.FILLED)]
    ends = set()
    for order in permutations(story):
        life = Life(day)
        life.send()
        for filled, status in order:
            life.hear(ENTRY, filled, status)
        ends.add((life.order.filled, life.order.state, life.position.quantity, life.position.entry_value))
    assert ends == {(10, OrderState.FILLED, 10, 800_000)}


@pytest.mark.hazard("O3")
def test_a_terminal_state_stays_but_late_fills_count(life):
    life.send()
    life.hear(ENTRY, 4, OrderStatus.CANCELLED)
    life.hear(ENTRY, 6)
    assert life.order.state is OrderState.CANCELLED
    assert life.position.quantity == 6


@pytest.mark.hazard("O13")
@pytest.mark.parametrize("status", [OrderStatus.UNKNOWN, OrderStatus.UNUSED, OrderStatus.TRANSIT])
def test_a_status_that_is_not_the_end_is_never_taken_for_one(life, status):
    life.send()
    life.hear(ENTRY, 0, status)
    assert life.order.state.is_live
    assert life.order.strange_status is (status is not OrderStatus.TRANSIT)
    life.hear(ENTRY, 10, OrderStatus.FILLED)
    assert life.order.state is OrderState.FILLED


def test_a_stale_report_does_not_bring_back_old_prices(held):
    held.hear(STOP, 4, trigger_price=79_700, limit_price=79_300)
    held.hear(STOP, 0)
    assert held.state.orders[STOP].trigger_price == 79_700


def test_an_order_without_our_tag_is_found_by_its_broker_id(life):
    life.send()
    life.answer(OutcomeKind.ACK, broker_id="id-entry")
    life.hear(ENTRY, 10, OrderStatus.FILLED, tag="")
    assert life.position.quantity == 10


@pytest.mark.hazard("O11")
def test_orders_of_others_change_nothing(life):
    life.send()
    life.hear("somebody", 5, OrderStatus.PENDING, broker_id="", tag="")
    life.hear("somebody", 5, OrderStatus.PENDING, broker_id="foreign", tag="2:Untagged")
    assert not life.state.positions
    assert life.order.broker_id == ""


def test_a_working_order_with_our_tag_that_the_log_does_not_know_is_ours(life, day):
    tag = order_tag(day.date, "ZZ", 1, 1, Purpose.STOP)
    life.hear(STOP, 3, tag=tag, broker_id="old")
    found = life.state.orders[tag]
    assert (found.state, found.intent.purpose, found.remaining) == (OrderState.WORKING, Purpose.STOP, 7)
    assert not life.state.positions
    life.hear(STOP, 3, OrderStatus.CANCELLED, tag=tag, broker_id="old")
    assert found.state is OrderState.CANCELLED


def test_a_finished_order_with_our_tag_that_the_log_does_not_know_is_history(life, day):
    tag = order_tag(day.date, "ZZ", 1, 1, Purpose.STOP)
    life.hear(STOP, 10, OrderStatus.FILLED, tag=tag)
    assert not life.state.orders


def test_a_change_is_on_its_way_until_the_book_shows_it(held):
    held.tell(events.ChangeIntended, change=change())
    held.answer(OutcomeKind.ACK, Verb.MODIFY, STOP)
    assert held.state.orders[STOP].change is not None
    held.read(
        report(ENTRY, 10, OrderStatus.FILLED), report(STOP, type=OrderType.LIMIT, limit_price=80_440, trigger_price=0)
    )
    stop = held.state.orders[STOP]
    assert (stop.change, stop.type, stop.limit_price) == (None, OrderType.LIMIT, 80_440)


@pytest.mark.hazard("O6")
def test_an_acknowledged_change_that_the_book_does_not_show_never_happened(held):
    held.tell(events.ChangeIntended, change=change())
    held.answer(OutcomeKind.ACK, Verb.MODIFY, STOP)
    held.read(report(STOP))
    assert held.state.orders[STOP].change is not None
    held.now += 2 * SECOND
    held.tell(events.BooksUnchanged, asked_at=held.now)
    assert held.state.orders[STOP].change is None
    assert held.state.orders[STOP].type is OrderType.STOP_LIMIT


@pytest.mark.parametrize("kind", [OutcomeKind.REJECTED, OutcomeKind.NOT_SENT])
def test_a_refused_change_is_forgotten_and_remembered_as_refused(held, kind):
    held.tell(events.ChangeIntended, change=change())
    held.answer(kind, Verb.MODIFY, STOP, message="no")
    stop = held.state.orders[STOP]
    assert (stop.change, stop.change_refused_at, stop.message) == (None, held.now, "no")


def test_a_cancel_that_never_left_may_be_asked_for_at_once_and_a_refused_one_not(held):
    held.tell(events.CancelIntended, tag=STOP, broker_id="id-stop", why="")
    asked = held.now
    held.answer(OutcomeKind.REJECTED, Verb.CANCEL, STOP)
    assert held.state.orders[STOP].cancel_at == asked
    held.answer(OutcomeKind.NOT_SENT, Verb.CANCEL, STOP)
    assert held.state.orders[STOP].cancel_at == 0


def test_an_answer_that_refuses_the_token_closes_the_access(life):
    life.send()
    life.answer(OutcomeKind.REJECTED, rejection=RejectionKind.AUTHENTICATION)
    assert not life.state.access
    life.tell(events.AccessChanged, valid=True, why="signed in")
    assert life.state.access


def test_answers_that_concern_no_order_of_ours_are_ignored(life):
    life.answer(OutcomeKind.ACK, tag="unknown")
    life.answer(OutcomeKind.ACK, Verb.EXIT, SYMBOL)
    assert not life.state.orders


# --- values and absences --------------------------------------------------------------------------------------------


def test_the_trade_book_replaces_averages_by_exact_sums(held):
    held.read(report(ENTRY, 10, OrderStatus.FILLED), fills=[fill(ENTRY, 3, 80_001), fill(ENTRY, 7, 79_998, 2)])
    assert held.position.entry_value == 3 * 80_001 + 7 * 79_998
    assert held.order.filled_value == held.position.entry_value


def test_exact_values_of_exits_are_taken_too(held):
    held.hear(STOP, 10, OrderStatus.FILLED)
    held.read(report(STOP, 10, OrderStatus.FILLED), fills=[fill(STOP, 10, 79_555)])
    assert held.position.exit_value == 795_550


def test_an_incomplete_trade_book_changes_no_value(held):
    held.read(fills=[fill(ENTRY, 3, 80_001)])
    assert held.position.entry_value == 800_000


def test_a_fill_that_only_the_trade_book_shows_counts(held):
    held.read(report(STOP), fills=[fill(STOP, 4, 79_600)])
    assert (held.position.quantity, held.position.exit_value) == (6, 318_400)
    held.hear(STOP, 4)
    assert held.position.quantity == 6


def test_exact_values_of_an_earlier_trade_do_not_touch_the_next_position(held):
    held.hear(STOP, 10, OrderStatus.FILLED)
    held.tell(events.TradeClosed, trade=trade())
    held.send("again", purpose=Purpose.ENTRY, side=Side.BUY)
    held.hear("again", 10, OrderStatus.FILLED, side=Side.BUY)
    held.read(fills=[fill(ENTRY, 10, 70_000)])
    assert held.position.entry_value == 800_000


@pytest.mark.hazard("S4")
def test_only_late_and_whole_readings_count_as_absence(life):
    life.send()
    life.answer(OutcomeKind.UNKNOWN)
    life.read(ago=10 * SECOND)
    assert life.order.absent_reads == 0
    life.read()
    life.tell(events.BooksUnchanged, asked_at=life.now)
    assert life.order.absent_reads == 2
    life.hear(ENTRY, 0)
    assert life.order.state is OrderState.WORKING


@pytest.mark.hazard("S6")
def test_a_reading_without_an_order_it_must_show_is_no_evidence(held):
    held.send("again", purpose=Purpose.EXIT)
    held.answer(OutcomeKind.UNKNOWN, tag="again")
    held.read(report(ENTRY, 10, OrderStatus.FILLED))
    assert held.state.orders["again"].absent_reads == 0
    held.read(report(ENTRY, 10, OrderStatus.FILLED), report(STOP))
    assert held.state.orders["again"].absent_reads == 1


@pytest.mark.hazard("S4")
@pytest.mark.parametrize("verdict", ["absent", "not_sent"])
def test_an_order_thought_missing_that_shows_up_is_a_zombie(life, verdict):
    life.send()
    if verdict == "absent":
        life.answer(OutcomeKind.UNKNOWN)
        life.tell(events.OrderAbsent, tag=ENTRY)
    else:
        life.answer(OutcomeKind.NOT_SENT)
    assert not life.order.state.is_live
    life.hear(ENTRY, 0)
    assert life.order.state is OrderState.ZOMBIE
    life.hear(ENTRY, 4, OrderStatus.CANCELLED)
    assert life.order.came_back
    assert life.position.quantity == 4


# --- positions ------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("P1")
def test_protection_is_watched_from_the_first_fill(life):
    life.send()
    life.hear(ENTRY, 4)
    naked_since = life.now
    assert life.position.unprotected_since == naked_since
    life.send(STOP, quantity=4)
    life.hear(STOP, 0, quantity=4)
    assert life.position.unprotected_since == 0
    life.hear(ENTRY, 10, OrderStatus.FILLED)
    assert life.position.unprotected_since == life.now


def test_a_short_is_the_mirror_of_a_long(life):
    life.send(side=Side.SELL)
    life.hear(ENTRY, 10, OrderStatus.FILLED)
    assert life.position.signed_quantity == -10
    assert life.position.profit_at(79_000) == 10_000
    life.send(STOP, side=Side.BUY)
    life.hear(STOP, 4, filled_value=4 * 80_400)
    assert life.position.signed_quantity == -6
    assert life.position.profit_at(80_000) == -1_600


def test_shares_closed_elsewhere_reduce_the_position_and_end_it(held):
    held.tell(events.PositionAdjusted, symbol=SYMBOL, quantity=4, value=320_400, why="by hand")
    assert (held.position.quantity, held.position.exit_value, held.position.exit_reason) == (6, 320_400, "")
    held.tell(events.PositionAdjusted, symbol=SYMBOL, quantity=6, value=480_600, why="by hand")
    assert (held.position.quantity, held.position.exit_reason) == (0, "closed_at_broker")


def test_the_first_reason_to_leave_stands_and_rungs_are_counted(held):
    held.tell(events.ExitDecided, symbol=SYMBOL, reason="target", price=80_600)
    held.tell(events.ExitDecided, symbol=SYMBOL, reason="square_off", price=80_500)
    assert (held.position.exit_reason, held.position.exit_steps) == ("target", 2)


def test_a_closed_trade_leaves_its_result(held):
    held.tell(events.TradeClosed, trade=trade())
    assert not held.state.positions
    assert held.state.realised == trade().net
    assert held.state.trades == [trade()]


def test_an_adopted_position_comes_with_its_stop(life, day):
    tag = order_tag(day.date, "ZZ", 1, 1, Purpose.STOP)
    stop = report(STOP, tag=tag)
    life.tell(
        events.PositionAdopted,
        symbol=SYMBOL,
        product=Product.INTRADAY,
        quantity=10,
        entry_value=800_000,
        stop=79_600,
        target=80_600,
        stop_order=stop,
    )
    assert life.position.quantity == 10
    assert life.position.unprotected_since == 0
    life.hear(STOP, 10, OrderStatus.FILLED, tag=tag)
    assert life.position.quantity == 0


# --- beginnings -----------------------------------------------------------------------------------------------------


@pytest.mark.hazard("S5")
def test_after_a_boot_what_was_sent_is_unknown_and_nothing_is_reconciled(life):
    life.send()
    life.tell(events.Reconciled, why="")
    life.tell(events.CommandGiven, command=Command.STOP_FLAT, why="")
    assert life.state.stopping
    assert life.state.closing
    life.tell(events.Booted, boot=2, log_id="A1", mode="live", account="X", version="1", config_digest="")
    assert life.order.state is OrderState.UNKNOWN
    assert not any((life.state.reconciled, life.state.stopping, life.state.closing))


def test_after_a_boot_the_token_is_one_that_was_just_proven(life):
    life.tell(events.AccessChanged, valid=False, why="the token died")
    life.tell(events.Booted, boot=2, log_id="A1", mode="live", account="X", version="1", config_digest="")
    assert life.state.access


def test_after_a_boot_the_time_without_a_stop_counts_anew(life):
    life.send()
    life.hear(ENTRY, 10, OrderStatus.FILLED)
    life.now += 600 * SECOND
    life.tell(events.Booted, boot=2, log_id="A1", mode="live", account="X", version="1", config_digest="")
    assert life.position.unprotected_since == life.now


def test_the_same_day_begun_again_changes_nothing(held, day):
    before = replace_shallow(held.state)
    held.tell(events.DayBegan, day=day)
    before.last_at = held.now
    assert held.state == before


@pytest.mark.hazard("T10")
def test_a_new_day_begins_clean_and_carries_what_is_held(held, day):
    held.tell(events.TradeClosed, trade=replace(trade(), symbol="NSE:INFY-EQ"))
    held.tell(events.SymbolBlocked, symbol="NSE:INFY-EQ", why="")
    held.tell(events.LevelChanged, level=SafetyLevel.FLATTEN, why="loss")
    tomorrow = next_day(day)
    held.tell(events.DayBegan, day=tomorrow)
    state = held.state
    assert not any((state.orders, state.trades, state.blocked, state.realised, state.orders_today))
    assert state.level is SafetyLevel.FLATTEN
    assert state.carried == {SYMBOL: 10}
    assert held.position.unprotected_since == tomorrow.open
    assert held.position.product is Product.CNC


def test_carried_shares_count_whether_or_not_the_position_book_still_lists_them(held, day):
    held.tell(events.DayBegan, day=next_day(day))
    listed, moved, sold = (Books((), (), (row(net),)) for net in (10, 0, -10))
    state = held.state
    assert state.shares_at_broker(listed, SYMBOL, Product.CNC) == 10
    assert state.shares_at_broker(moved, SYMBOL, Product.CNC) == 10
    assert state.shares_at_broker(sold, SYMBOL, Product.CNC) == 0
    held.tell(events.TradeClosed, trade=trade())
    assert state.shares_at_broker(sold, SYMBOL, Product.CNC) == 0


def test_the_newest_word_of_the_strategy_is_queued_until_it_is_used(life):
    life.tell(events.Decided, **word(Direction.LONG))
    assert life.state.queued[SYMBOL].direction is Direction.LONG
    assert life.state.has_decided(SYMBOL, 5)
    assert not life.state.has_decided(SYMBOL, 6)
    life.send()
    assert not life.state.queued
    life.tell(events.Decided, **word(Direction.SHORT))
    life.tell(events.EntryRefused, symbol=SYMBOL, code="", detail="")
    assert not life.state.queued
    life.tell(events.Decided, **word(Direction.LONG))
    life.tell(events.Decided, **word(Direction.NONE))
    assert not life.state.queued


@pytest.mark.hazard("P13")
def test_flat_means_no_position_and_no_order_that_may_still_trade(life):
    assert life.state.is_flat
    life.send()
    assert not life.state.is_flat
    life.hear(ENTRY, 0, OrderStatus.CANCELLED)
    assert life.state.is_flat


def change() -> OrderChange:
    return OrderChange(
        tag=STOP,
        broker_id="id-stop",
        symbol=SYMBOL,
        type=OrderType.LIMIT,
        quantity=10,
        limit_price=80_440,
        trigger_price=0,
        reason="target",
    )


def trade() -> Trade:
    return Trade(
        symbol=SYMBOL,
        side=Side.BUY,
        quantity=10,
        entry_at=1,
        entry_value=800_000,
        exit_at=2,
        exit_value=806_000,
        exit_reason="target",
        charges=500,
        stop=79_600,
        target=80_600,
        probability=0.6,
    )


def word(direction: Direction) -> dict:
    return {
        "symbol": SYMBOL,
        "candle": 5,
        "direction": direction,
        "probability": 0.6,
        "source": "test",
        "reason": "",
        "features": (),
        "atr": 200.0,
    }


def row(net: int) -> BrokerPosition:
    return BrokerPosition(
        symbol=SYMBOL, product="CNC", net_quantity=net, buy_quantity=0, buy_value=0, sell_quantity=0, sell_value=0
    )


def next_day(day):
    return type(day)(
        date=day.date + timedelta(days=1),
        open=day.open + DAY,
        no_entry_after=day.no_entry_after + DAY,
        square_off=day.square_off + DAY,
        flat_by=day.flat_by + DAY,
        close=day.close + DAY,
    )


def replace_shallow(state: BotState) -> BotState:
    return replace(state, orders=dict(state.orders), positions=dict(state.positions))


@pytest.mark.hazard("S21")
def test_five_orders_that_fail_in_five_ways_open_the_circuit_which_a_restart_does_not_close():
    state, at = BotState(), SECOND
    refused = Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.ORDER)
    for tag, kind in (("a", OutcomeKind.UNKNOWN), ("b", OutcomeKind.NOT_SENT), ("c", OutcomeKind.REJECTED)):
        apply(state, events.OrderIntended(at=at, intent=intent(tag)))
        outcome = replace(refused, kind=kind) if kind is not OutcomeKind.REJECTED else refused
        apply(state, events.OutcomeArrived(at=at, verb=Verb.PLACE, tag=tag, outcome=outcome))
    apply(state, events.OrderIntended(at=at, intent=intent("d")))
    apply(state, events.OrderReported(at=at, report=report(tag="d", broker_id="4", status=OrderStatus.REJECTED)))
    apply(state, events.OutcomeArrived(at=at, verb=Verb.PLACE, tag="d", outcome=refused))
    assert state.activity.paused_until == 0
    apply(state, events.OrderIntended(at=at, intent=intent("e")))
    apply(state, events.OutcomeArrived(at=at, verb=Verb.PLACE, tag="e", outcome=Outcome(kind=OutcomeKind.ACK)))
    apply(state, events.OrderReported(at=at, report=report(tag="e", broker_id="5", status=OrderStatus.REJECTED)))
    assert state.activity.paused_until == at + MINUTE
    apply(
        state, events.Booted(at=2 * at, boot=2, log_id="A1", mode="paper", account="P", version="1", config_digest="d")
    )
    assert state.activity.paused_until == at + MINUTE


def test_every_verb_that_changes_orders_counts_into_the_pace():
    state = BotState()
    apply(state, events.OrderIntended(at=1, intent=intent()))
    apply(state, events.CancelIntended(at=2, tag=ENTRY, broker_id="", why=""))
    assert state.activity.verbs == [1, 2]
    assert state.orders_today == 2


@pytest.mark.parametrize("first", list(OrderStatus))
@pytest.mark.parametrize("second", list(OrderStatus))
def test_the_orders_that_may_still_trade_are_found_whatever_is_heard_of_them(life, first, second):
    life.send()
    life.send(STOP)
    for status in (first, second):
        life.hear(STOP, status=status)
        life.hear(ENTRY, 3 if status is OrderStatus.FILLED else 0, status=status)
        orders = life.state.orders.values()
        assert life.state.live_orders(SYMBOL) == [order for order in orders if order.state.is_live]


def test_a_second_order_under_our_tag_is_among_those_that_may_still_trade(life):
    life.send()
    life.hear(status=OrderStatus.FILLED, filled=10)
    life.hear(broker_id="another")
    assert [order.broker_id for order in life.state.live_orders(SYMBOL)] == ["another"]


def test_a_new_day_begins_without_orders(life, day):
    life.send()
    life.tell(events.DayBegan, day=replace(day, date=day.date + timedelta(days=1)))
    assert life.state.live_orders(SYMBOL) == []
    assert life.state.exit_order(SYMBOL) is None
