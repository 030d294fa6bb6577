"""What holds for every sequence of calls on a generated day."""

from dataclasses import dataclass
from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instants import HOUR, SECOND, Instant, instant_at
from core.market import Side
from core.orders import OrderStatus, OrderType
from core.ports import Calendar
from simulator.books import ExitRequest, ModifyRequest, OrderChanged, PlaceRequest
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.generator import GeneratedMarket
from simulator.ledger import MemoryLedger

SYMBOLS = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
DAY = date(2026, 1, 6)
START = instant_at(DAY, time(14, 30))
FUNDS = 500_000_000


@dataclass(frozen=True)
class Call:
    """One thing a client does: after a pause, something with an order."""

    pause_seconds: int
    verb: str
    symbol: str
    side: Side
    type: OrderType
    quantity: int
    distance_ticks: int
    which: int


calls = st.builds(
    Call,
    pause_seconds=st.integers(0, 900),
    verb=st.sampled_from(["place", "place", "place", "modify", "cancel", "exit"]),
    symbol=st.sampled_from(SYMBOLS),
    side=st.sampled_from(Side),
    type=st.sampled_from(OrderType),
    quantity=st.integers(1, 3_000),
    distance_ticks=st.integers(-30, 30),
    which=st.integers(0, 20),
)
days = st.lists(calls, min_size=1, max_size=12)


@pytest.fixture(scope="module")
def market(calendar: Calendar) -> GeneratedMarket:
    return GeneratedMarket(calendar, 7, SYMBOLS)


def opened(market: GeneratedMarket, ledger: MemoryLedger | None = None) -> Exchange:
    exchange = Exchange(market, market.calendar, ledger or MemoryLedger(), FUNDS, ExchangeRules())
    exchange.step(START)
    return exchange


def act(exchange: Exchange, market: GeneratedMarket, call: Call, now: Instant) -> list[object]:
    ids = [order.broker_id for order in exchange.orders()]
    broker_id = ids[call.which % len(ids)] if ids else ""
    quote = market.quote(call.symbol, now)
    assert quote is not None
    near = quote.ltp + call.distance_ticks * market.instruments[call.symbol].tick
    match call.verb:
        case "modify":
            return [*exchange.modify(ModifyRequest(broker_id=broker_id, quantity=call.quantity), now)[1]]
        case "cancel":
            return [*exchange.cancel(broker_id, now)[1]]
        case "exit":
            return [*exchange.exit_positions(ExitRequest(), now)[1]]
        case _:
            request = PlaceRequest(
                symbol=call.symbol,
                side=call.side,
                type=call.type,
                quantity=call.quantity,
                limit_price=near if call.type in {OrderType.LIMIT, OrderType.STOP_LIMIT} else 0,
                trigger_price=near if call.type in {OrderType.STOP, OrderType.STOP_LIMIT} else 0,
                product="INTRADAY",
            )
            return [*exchange.place(request, now)[1]]


def play(exchange: Exchange, market: GeneratedMarket, script: list[Call], step: int) -> list[object]:
    """Make the calls, asking for news every `step` seconds between them (0: never); then wait for the evening."""
    now, events = START, []
    for call in [*script, None]:
        until = now + (call.pause_seconds * SECOND if call else 4 * HOUR)
        while step and call and now + step * SECOND < until:
            now += step * SECOND
            events += exchange.step(now)
        now = until
        events += act(exchange, market, call, now) if call else exchange.step(now)
    return events


@given(script=days)
@settings(max_examples=25)
def test_the_size_of_the_steps_does_not_change_the_result(market: GeneratedMarket, script: list[Call]) -> None:
    coarse, fine = opened(market), opened(market)
    assert play(coarse, market, script, 0) == play(fine, market, script, 7)
    assert coarse.funds() == fine.funds()


@given(script=days)
@settings(max_examples=40)
def test_fills_only_grow_and_never_exceed_the_order(market: GeneratedMarket, script: list[Call]) -> None:
    filled: dict[str, int] = {}
    ended: set[str] = set()
    for event in play(opened(market), market, script, 0):
        if isinstance(event, OrderChanged):
            order = event.order
            assert filled.get(order.broker_id, 0) <= order.filled <= order.quantity
            assert order.broker_id not in ended
            assert (order.status is OrderStatus.FILLED) == (order.filled == order.quantity)
            filled[order.broker_id] = order.filled
            if order.status.is_terminal:
                ended.add(order.broker_id)


@given(script=days)
@settings(max_examples=40)
def test_books_agree_with_their_trades_and_money_is_conserved(market: GeneratedMarket, script: list[Call]) -> None:
    exchange = opened(market)
    play(exchange, market, script, 0)
    trades, orders, positions = exchange.trades(), exchange.orders(), exchange.positions()
    for order in orders:
        own = [trade for trade in trades if trade.broker_id == order.broker_id]
        assert (order.filled, order.filled_value) == (sum(t.quantity for t in own), sum(t.value for t in own))
    for row in positions:
        own = [trade for trade in trades if trade.symbol == row.symbol]
        assert row.net_quantity == sum(trade.side.value * trade.quantity for trade in own) == 0
        assert row.realised == -sum(trade.side.value * trade.value for trade in own)
    assert exchange.funds().total == FUNDS - sum(trade.side.value * trade.value for trade in trades)
    assert exchange.funds().utilised == 0
    assert len({trade.trade_number for trade in trades}) == len(trades)
    assert len({order.broker_id for order in orders}) == len(orders)


@given(script=days, kill=st.integers(0, 12))
@settings(max_examples=25)
def test_a_kill_between_any_two_calls_changes_nothing(market: GeneratedMarket, script: list[Call], kill: int) -> None:
    lived, ledger = opened(market), MemoryLedger()
    play(lived, market, script, 0)
    killed = opened(market, ledger)
    now = START
    for number, call in enumerate(script):
        if number == kill:
            killed = Exchange(market, market.calendar, ledger, 1, ExchangeRules())
        now += call.pause_seconds * SECOND
        act(killed, market, call, now)
    killed.step(now + 4 * HOUR)
    assert killed.orders() == lived.orders()
    assert killed.trades() == lived.trades()
    assert killed.funds() == lived.funds()


@given(script=days)
@settings(max_examples=40)
def test_no_trade_leaves_the_limit_or_the_touch(market: GeneratedMarket, script: list[Call]) -> None:
    exchange = opened(market)
    play(exchange, market, script, 0)
    limits = {order.broker_id: (order.side, order.limit_price) for order in exchange.orders() if order.limit_price}
    for trade in exchange.trades():
        quote = market.quote(trade.symbol, trade.at)
        assert quote is not None
        assert trade.price == (quote.ask if trade.side is Side.BUY else quote.bid)
        if trade.broker_id in limits:
            side, price = limits[trade.broker_id]
            assert side.value * (trade.price - price) <= 0
