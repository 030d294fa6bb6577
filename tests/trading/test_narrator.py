import logging
from typing import get_args

import pytest

from core import events
from core.events import Command, FeedState, SafetyLevel, Verb
from core.market import Side
from core.orders import OrderIntent, OrderType, Outcome, OutcomeKind, Product, Purpose
from core.positions import Trade
from core.signals import Direction
from trading.narrator import tell

SBIN = "NSE:SBIN-EQ"


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.DEBUG, logger="trading.bot")

    def listen(event: events.Event) -> list[tuple[int, str]]:
        caplog.clear()
        tell(event)
        return [(record.levelno, record.getMessage()) for record in caplog.records]

    return listen


def decided(direction: Direction) -> events.Decided:
    return events.Decided(
        at=1,
        symbol=SBIN,
        candle=0,
        direction=direction,
        probability=0.6251,
        source="model",
        reason="p above 0.60",
        features=(),
        atr=1.0,
    )


def test_a_signal_is_told_with_its_probability_and_reason(told):
    assert told(decided(Direction.LONG)) == [(logging.INFO, "Signal NSE:SBIN-EQ: LONG p=0.625 (p above 0.60)")]
    assert told(decided(Direction.NONE)) == []


def test_a_stop_order_is_told_by_its_trigger(told):
    intent = OrderIntent(
        tag="T1",
        symbol=SBIN,
        side=Side.SELL,
        quantity=10,
        type=OrderType.STOP_LIMIT,
        limit_price=79_200,
        trigger_price=79_600,
        product=Product.INTRADAY,
        purpose=Purpose.STOP,
        reason="protective stop",
    )
    assert told(events.OrderIntended(at=1, intent=intent)) == [
        (logging.INFO, "Order T1: SELL 10 NSE:SBIN-EQ STOP_LIMIT at 796.00 (protective stop)")
    ]


def test_a_closed_trade_is_told_in_rupees(told):
    trade = Trade(
        symbol=SBIN,
        side=Side.BUY,
        quantity=10,
        entry_at=1,
        entry_value=800_000,
        exit_at=2,
        exit_value=806_000,
        exit_reason="target",
        charges=1_234,
        stop=1,
        target=2,
        probability=0.5,
    )
    assert told(events.TradeClosed(at=3, trade=trade)) == [
        (logging.INFO, "Closed NSE:SBIN-EQ: target, gross 60.00, charges 12.34, net 47.66")
    ]


def test_an_acknowledgement_is_no_news_and_anything_else_is(told):
    def answer(kind: OutcomeKind) -> events.OutcomeArrived:
        return events.OutcomeArrived(
            at=1, verb=Verb.PLACE, tag="T1", outcome=Outcome(kind=kind, code=-99, message="no")
        )

    assert told(answer(OutcomeKind.ACK)) == []
    assert told(answer(OutcomeKind.REJECTED)) == [(logging.WARNING, "Not acknowledged: place T1: rejected -99 no")]


@pytest.mark.parametrize(
    ("event", "severity"),
    [
        (events.Alarm(at=1, code="UNPROTECTED", message="look"), logging.CRITICAL),
        (events.AccessChanged(at=1, valid=False, why="code -16"), logging.CRITICAL),
        (events.AccessChanged(at=1, valid=True, why="signed in"), logging.INFO),
        (events.LevelChanged(at=1, level=SafetyLevel.FLATTEN, why="loss"), logging.ERROR),
        (events.LevelChanged(at=1, level=SafetyLevel.RUN, why="resumed"), logging.INFO),
        (events.SymbolBlocked(at=1, symbol=SBIN, why="foreign"), logging.ERROR),
        (events.SymbolUnblocked(at=1, symbol=SBIN, why="agreed"), logging.INFO),
        (events.BooksFailed(at=1, why="HTTP 502"), logging.WARNING),
        (events.CommandGiven(at=1, command=Command.HALT, why="operator"), logging.WARNING),
        (events.CounterCancelIntended(at=1, symbol=SBIN, broker_id="7", why="it rests"), logging.WARNING),
        (events.PositionExitIntended(at=1, symbol=SBIN, product=Product.CNC, why="ladder"), logging.WARNING),
        (events.PositionAdjusted(at=1, symbol=SBIN, quantity=1, value=1, why="by hand"), logging.WARNING),
        (events.FeedChanged(at=1, feed="data", state=FeedState.DOWN), logging.INFO),
        (events.EntryRefused(at=1, symbol=SBIN, code="MAX_ORDERS", detail="orders=200"), logging.INFO),
        (events.HistoryFailed(at=1, symbol=SBIN, due=0, why="not there"), logging.WARNING),
        (events.CandleDoubted(at=1, symbol=SBIN, start=0, why="a gap"), logging.INFO),
        (events.PricesPassedOver(at=1, count=40), logging.WARNING),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_severity_says_how_soon_a_person_must_look(told, event, severity):
    ((level, line),) = told(event)
    assert level == severity
    assert "\n" not in line


@pytest.mark.parametrize("kind", [events.BooksUnchanged, events.TimerFired, events.TickActed, events.CandleDue])
def test_the_heartbeat_of_the_bot_is_not_told(told, kind):
    values = {"at": 1, "asked_at": 1, "name": events.Deadline.BOOKS, "key": "", "symbol": SBIN, "ltp": 1, "start": 1}
    assert kind in get_args(events.Event)
    assert told(kind(**{name: values[name] for name in kind.__dataclass_fields__})) == []


def test_a_doubt_is_told_when_it_comes_and_when_it_goes(told):
    came = events.ConditionChanged(at=1, condition=events.Condition.DISK, holds=True, why="1 MB is left")
    gone = events.DoubtChanged(at=2, condition=events.Condition.FEED, holds=False, why="prices come in steadily")
    assert told(came) == [(logging.WARNING, "Doubt DISK holds, no entries: 1 MB is left")]
    assert told(gone) == [(logging.INFO, "Doubt FEED is gone: prices come in steadily")]


def test_the_proof_of_flatness_and_a_loss_counted_again_are_told(told):
    assert told(events.FlattenChecked(at=1, is_flat=True)) == [
        (logging.WARNING, "All is closed, by two readings of the broker's books")
    ]
    assert told(events.FlattenChecked(at=1, is_flat=False)) == []  # the alarm beside it says more
    assert told(events.LossRestored(at=1, amount=-100, why="2 orders lost 1.00")) == [
        (logging.WARNING, "Counted into the day: 2 orders lost 1.00")
    ]
