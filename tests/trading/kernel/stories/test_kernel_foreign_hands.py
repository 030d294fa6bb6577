"""Stories in which somebody else's order comes first, and ours would open a position beside it."""

from dataclasses import replace

import pytest

from core import events
from core.events import Verb
from core.instants import SECOND
from core.orders import BrokerPosition, OrderType, Purpose
from core.signals import Direction

SBIN = "NSE:SBIN-EQ"
SIDES = pytest.mark.parametrize(
    ("direction", "towards"), [(Direction.LONG, 1), (Direction.SHORT, -1)], ids=["long", "short"]
)


def squared_off(bot, direction: Direction, quantity: int = 10) -> None:
    """The broker cancels the stop and closes the position in one instant."""
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.broker.by_hand(SBIN, direction.side.opposite, quantity)


def sent(bot) -> list:
    return [*bot.of_kind(events.OrderIntended), *bot.of_kind(events.ChangeIntended)]


@pytest.mark.hazard("P7")
@SIDES
@pytest.mark.parametrize("mute", [False, True])
def test_a_square_off_of_the_broker_is_never_answered_by_a_stop_on_a_flat_account(bot, direction, towards, mute):
    bot.enter(direction)
    before = len(sent(bot))
    bot.broker.mute = mute
    squared_off(bot, direction)
    bot.run(30)
    assert len(sent(bot)) == before
    assert [trade.exit_reason for trade in bot.trades] == ["closed_at_broker"]
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("P7")
@SIDES
def test_a_target_that_is_reached_as_a_person_closes_by_hand_is_not_sold_twice(bot, direction, towards):
    bot.enter(direction)
    before = len(sent(bot))
    bot.broker.prices[SBIN] = 80_000 + 600 * towards
    bot.broker.by_hand(SBIN, direction.side.opposite, 10)
    bot.run(0.15)
    bot.feel(80_000 + 600 * towards)
    bot.run(30)
    assert bot.broker.net(SBIN) == 0
    assert len(sent(bot)) == before
    assert bot.kernel.state.is_flat


@pytest.mark.hazard("P3")
def test_a_stop_that_a_person_cancels_is_back_after_one_reading(bot):
    bot.enter()
    bot.run(3)  # the next reading is still far off
    cancelled_at, before = bot.now, len(bot.readings)
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.run(1.2)
    assert len(bot.readings) - before == 1
    (stop,) = bot.broker.open_exits(SBIN)
    assert stop.type is OrderType.STOP_LIMIT
    assert bot.of_kind(events.OrderIntended)[-1].at > bot.kernel.state.books_at > cancelled_at


@pytest.mark.hazard("P3", "V5")
def test_a_stop_that_somebody_cancels_while_the_books_cannot_be_read_is_back_after_five_seconds(bot):
    bot.enter()
    bot.run(3)
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot._read_books = lambda: bot.later(
        bot.now + SECOND, lambda: bot.give(events.BooksFailed(at=bot.now, why="no answer"))
    )
    bot.run(4)
    assert not bot.broker.open_exits(SBIN)
    bot.run(2)
    assert len(bot.broker.open_exits(SBIN)) == 1


@pytest.mark.hazard("P3", "O11")
def test_somebody_who_trades_without_end_in_our_symbol_holds_no_exit_back_for_longer_than_five_seconds(bot):
    bot.enter()
    for step in range(30):
        bot.later(bot.now + step * SECOND // 2, lambda: bot.broker.by_hand(SBIN, Direction.LONG.side, 1))
        bot.later(bot.now + step * SECOND // 2, lambda: bot.broker.by_hand(SBIN, Direction.SHORT.side, 1))
    bot.run(2)
    bot.broker.prices[SBIN] = 80_600
    bot.feel(80_600)
    decided_at = bot.now
    bot.run(6)
    (change,) = bot.of_kind(events.ChangeIntended)
    assert change.at <= decided_at + 5 * SECOND


def test_a_part_that_the_broker_closes_leaves_a_stop_for_the_rest_only(bot):
    bot.enter()
    squared_off(bot, Direction.LONG, quantity=6)
    bot.run(10)
    assert [intent.intent.quantity for intent in bot.of_kind(events.OrderIntended)][2:] == [4]


def without_a_trace(bot, row: BrokerPosition) -> None:
    """Somebody closes the position in a way that no order and no trade tells of, and the position book does."""
    bot.broker.foreign.add(SBIN)
    read = bot.broker.read
    bot.broker.read = lambda: replace(read(), positions=(row,))


CLOSED = BrokerPosition(
    symbol=SBIN,
    product="INTRADAY",
    net_quantity=0,
    buy_quantity=10,
    buy_value=800_000,
    sell_quantity=10,
    sell_value=803_000,
)


@pytest.mark.hazard("P7", "P11")
def test_a_row_that_knows_our_entry_and_its_end_is_believed_at_last_and_the_stop_goes(bot):
    bot.enter()
    without_a_trace(bot, CLOSED)
    bot.run(15)
    assert len(bot.broker.open_exits(SBIN)) == 1  # one reading may be wrong
    bot.run(60)
    assert not bot.broker.open_exits(SBIN)
    assert [(trade.exit_reason, trade.gross) for trade in bot.trades] == [("closed_at_broker", 3_000)]
    assert bot.alarms == ["CLOSED_ELSEWHERE"]


@pytest.mark.hazard("S6", "P11")
@pytest.mark.parametrize("bought", [0, 9])
def test_a_row_that_does_not_know_our_entry_is_no_evidence_of_its_end(bot, bought):
    bot.enter()
    without_a_trace(bot, replace(CLOSED, buy_quantity=bought, sell_quantity=bought))
    bot.run(120)
    assert len(bot.broker.open_exits(SBIN)) == 1
    assert bot.alarms == ["POSITION_DIFFERS"]


@pytest.mark.hazard("S6", "P11")
def test_a_row_that_only_knows_an_earlier_trade_is_no_evidence_of_the_end_of_this_one(bot):
    bot.enter()
    bot.tick(80_600)
    bot.run(15)
    bot.enter()
    without_a_trace(bot, replace(CLOSED, buy_quantity=10, sell_quantity=10))
    bot.run(120)
    assert len(bot.broker.open_exits(SBIN)) == 1


@pytest.mark.hazard("P7", "T2")
@pytest.mark.parametrize("lead", [-30, 30])
def test_a_square_off_is_explained_by_its_trade_though_our_clock_is_not_the_exchanges(bot, lead):
    read = bot.broker.read

    def by_the_exchange(books):
        return replace(books, fills=tuple(replace(fill, at=fill.at - lead * SECOND) for fill in books.fills))

    bot.broker.read = lambda: by_the_exchange(read())
    bot.enter()
    squared_off(bot, Direction.LONG)
    bot.run(10)
    assert [trade.exit_reason for trade in bot.trades] == ["closed_at_broker"]
    assert bot.kernel.state.is_flat
    assert not bot.kernel.state.blocked


@pytest.mark.hazard("P7", "S4")
@SIDES
@pytest.mark.parametrize("mute", [False, True])
def test_a_hand_that_closes_while_the_fate_of_our_stop_is_unknown_is_not_followed_by_an_exit(
    bot, direction, towards, mute
):
    bot.broker.plans[Verb.PLACE].extend(["", "never"])
    bot.tick(80_000)
    bot.signal(direction)
    bot.run(2)
    bot.broker.mute = mute
    bot.broker.by_hand(SBIN, direction.side.opposite, 10)
    bot.run(10)
    bot.feel(80_000 - 600 * towards)  # through the stop that never arrived
    bot.run(70)
    assert bot.broker.net(SBIN) == 0
    assert len(bot.of_kind(events.OrderIntended)) == 2
    assert bot.kernel.state.is_flat
