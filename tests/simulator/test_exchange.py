from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.instants import MINUTE, SECOND, Instant, instant_at
from core.market import Instrument, Side
from core.orders import OrderStatus, OrderType, Validity
from core.ports import Calendar
from simulator.books import (
    ConvertRequest,
    ExchangeEvent,
    ExchangeOrder,
    ExitRequest,
    ModifyRequest,
    OrderChanged,
    PlaceRequest,
    PositionChanged,
    Traded,
)
from simulator.exchange import Exchange
from simulator.exchange_rules import ExchangeRules
from simulator.ledger import FileLedger, Ledger, MemoryLedger
from simulator.scripted_market import Print, ScriptedMarket

SBIN, INFY, NIFTY = "NSE:SBIN-EQ", "NSE:INFY-EQ", "NSE:NIFTY50-INDEX"
LISTED = {
    SBIN: Instrument(symbol=SBIN, token="10100000003045", tick=5, freeze=100_000),
    INFY: Instrument(symbol=INFY, token="10100000001594", tick=10),
    NIFTY: Instrument(symbol=NIFTY, token="101000000026000", tick=5),
}
MONDAY, TUESDAY, WEDNESDAY = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)
FUNDS = 10_000_000
ALL_THERE = ExchangeRules(least_share_percent=100)


def at(clock: str, day: date = TUESDAY) -> Instant:
    return instant_at(day, time.fromisoformat(clock))


def prints(*rows: tuple[str, int] | tuple[str, int, int], day: date = TUESDAY) -> list[Print]:
    """Last prices with a touch of one tick around them: the ask at the price, the bid below; a size if given."""
    return [Print(at(row[0], day), row[1], row[1] - 5, row[1], *(2 * row[2:])) for row in rows]


Build = Callable[..., Exchange]


@pytest.fixture
def build(calendar: Calendar, drill_calendar: Calendar) -> Build:
    def exchange(
        *rows: tuple[str, int] | tuple[str, int, int],
        ledger: Ledger | None = None,
        days: int = 1,
        funds: int = FUNDS,
        start: str = "09:00",
        in_two_parts: bool = False,
    ) -> Exchange:
        sessions = drill_calendar if in_two_parts else calendar
        script = [row for n in range(days) for row in prints(*rows, day=TUESDAY + timedelta(days=n))]
        other = [Print(at("09:15"), 160_000, 159_990, 160_000)]
        index = [Print(at("09:15"), 2_500_000, 0, 0, 0, 0, 0)]
        market = ScriptedMarket(sessions, {SBIN: script, INFY: other, NIFTY: index}, LISTED)
        built = Exchange(market, sessions, ledger or MemoryLedger(), funds, ALL_THERE)
        built.step(at(start))
        return built

    return exchange


def order(side: Side = Side.BUY, quantity: int = 10, **changes: object) -> PlaceRequest:
    fields: dict[str, object] = {"symbol": SBIN, "type": OrderType.MARKET, "product": "INTRADAY", "tag": "t1"}
    return PlaceRequest(side=side, quantity=quantity, **(fields | changes))  # type: ignore[arg-type]


def limit(price: int, side: Side = Side.BUY, quantity: int = 10, **changes: object) -> PlaceRequest:
    return order(side, quantity, type=OrderType.LIMIT, limit_price=price, **changes)


def statuses(events: list[ExchangeEvent]) -> list[tuple[int, int]]:
    return [(e.order.status.value, e.order.filled) for e in events if isinstance(e, OrderChanged)]


def only(exchange: Exchange) -> ExchangeOrder:
    (found,) = exchange.orders()
    return found


def test_a_market_order_is_acknowledged_and_filled_at_the_touch(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    reply, events = exchange.place(order(), at("09:16"))
    assert (reply.ok, reply.code, reply.broker_id) == (True, 1101, "26010600000001")
    assert statuses(events) == [(4, 0), (6, 0), (2, 10)]
    assert [type(event) for event in events] == [OrderChanged, OrderChanged, OrderChanged, Traded, PositionChanged]
    (trade,) = exchange.trades()
    assert (trade.price, trade.quantity, trade.at, trade.trade_number) == (80_000, 10, at("09:16"), "26010600000001-1")
    assert (only(exchange).tag, only(exchange).source, only(exchange).number) == ("1:t1", "ITS", 1)


def test_a_quantity_above_the_displayed_size_fills_in_parts(build: Build) -> None:
    exchange = build(("09:15:00", 80_000, 4), ("09:15:10", 80_005, 3), ("09:15:20", 80_010, 9))
    _, events = exchange.place(order(), at("09:15:05"))
    assert statuses(events) == [(4, 0), (6, 0), (6, 4)]
    assert only(exchange).remaining == 6
    assert statuses(exchange.step(at("09:15:30"))) == [(6, 7), (2, 10)]
    assert [trade.quantity for trade in exchange.trades()] == [4, 3, 3]
    assert only(exchange).filled_value == 4 * 80_000 + 3 * 80_005 + 3 * 80_010
    assert only(exchange).average_price == pytest.approx(80_004.5)


def test_two_orders_do_not_get_the_same_displayed_shares_twice(build: Build) -> None:
    exchange = build(("09:15:00", 80_000, 8), ("09:15:20", 80_000, 20))
    exchange.place(order(quantity=6), at("09:15:05"))
    exchange.place(order(quantity=6), at("09:15:06"))
    assert [row.filled for row in exchange.orders()] == [6, 2]
    exchange.step(at("09:15:20"))
    assert [row.filled for row in exchange.orders()] == [6, 6]


def test_a_market_order_does_not_trade_beyond_its_protection(build: Build) -> None:
    exchange = build(("09:15:00", 80_000, 4), ("09:15:10", 81_000), ("09:15:20", 80_500))
    exchange.place(order(), at("09:15:05"))
    exchange.step(at("09:15:15"))
    assert (only(exchange).filled, only(exchange).working_limit) == (4, 80_800)
    exchange.step(at("09:15:25"))
    assert only(exchange).status is OrderStatus.FILLED


def test_a_limit_order_rests_until_the_market_comes_to_it(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("09:20:00", 79_900), ("09:25:00", 79_800))
    exchange.place(limit(79_850), at("09:16"))
    assert exchange.step(at("09:24:59")) == []
    exchange.step(at("09:25"))
    assert [(trade.price, trade.at) for trade in exchange.trades()] == [(79_800, at("09:25"))]


def test_an_ioc_order_cancels_its_rest_at_once(build: Build) -> None:
    exchange = build(("09:15:00", 80_000, 4))
    _, events = exchange.place(order(validity=Validity.IOC), at("09:16"))
    assert statuses(events) == [(4, 0), (6, 0), (6, 4), (1, 4)]


def test_a_sell_stop_wakes_when_the_last_price_touches_it(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("09:20:00", 79_505), ("09:25:00", 79_500), ("09:26:00", 79_400))
    exchange.place(order(), at("09:16"))
    exchange.place(order(Side.SELL, type=OrderType.STOP, trigger_price=79_500), at("09:16"))
    assert exchange.step(at("09:24")) == []
    events = exchange.step(at("09:30"))
    assert [trade.price for trade in exchange.trades()] == [80_000, 79_495]
    assert next(e.order.message for e in events if isinstance(e, OrderChanged)) == "Triggered"
    assert exchange.positions()[0].net_quantity == 0


def test_a_stop_limit_left_behind_by_a_gap_waits_at_its_limit(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("09:20:00", 79_000), ("09:25:00", 79_450))
    stop = order(Side.SELL, type=OrderType.STOP_LIMIT, trigger_price=79_500, limit_price=79_400)
    exchange.place(order(), at("09:16"))
    exchange.place(stop, at("09:16"))
    exchange.step(at("09:21"))
    assert exchange.orders()[1].filled == 0
    exchange.step(at("09:25"))
    assert exchange.trades()[-1].price == 79_445


@pytest.mark.parametrize(
    ("side", "trigger"), [(Side.BUY, 80_000), (Side.BUY, 79_000), (Side.SELL, 80_000), (Side.SELL, 81_000)]
)
def test_a_stop_on_the_wrong_side_of_the_last_price_is_rejected(build: Build, side: Side, trigger: int) -> None:
    exchange = build(("09:15:00", 80_000))
    reply, events = exchange.place(order(side, type=OrderType.STOP, trigger_price=trigger), at("09:16"))
    assert (reply.ok, reply.code, reply.broker_id) == (False, -99, "26010600000001")
    assert "Trigger price" in reply.message
    assert statuses(events) == [(4, 0), (5, 0)]
    assert only(exchange).message == reply.message


@pytest.mark.parametrize(
    ("request_", "clock", "words"),
    [
        (limit(63_995), "09:16", "circuit limits 640.0 to 960.0"),
        (limit(96_005, Side.SELL), "09:16", "circuit limits"),
        (order(quantity=100_000), "09:16", "not below the freeze quantity 100000"),
        (order(quantity=99_999), "09:16", "Margin Exceeds"),
        (order(), "09:14:59", "Market is closed"),
        (order(), "15:30", "Market is closed"),
        (order(), "15:15", "square-off"),
        (order(quantity=620), "09:16", "Margin Exceeds"),
        (order(quantity=125, product="CNC"), "09:16", "Margin Exceeds"),
        (order(Side.SELL, product="CNC"), "09:16", "exceeds the 0 shares held"),
    ],
)
def test_what_the_broker_does_not_allow_is_rejected_and_stands_in_the_book(
    build: Build, request_: PlaceRequest, clock: str, words: str
) -> None:
    exchange = build(("09:15:00", 80_000))
    reply, _ = exchange.place(request_, at(clock))
    assert (reply.ok, reply.code) == (False, -99)
    assert words in reply.message
    assert only(exchange).status is OrderStatus.REJECTED
    assert exchange.trades() == ()


def test_nonsense_leaves_no_trace(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    for request_, code in ((order(quantity=0), -50), (order(symbol="NSE:NOPE-EQ"), -300), (order(symbol=NIFTY), -50)):
        reply, events = exchange.place(request_, at("09:16"))
        assert (reply.code, events) == (code, [])
    assert exchange.orders() == ()


def test_an_order_on_a_closed_day_is_rejected(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    reply, _ = exchange.place(order(), at("10:00", date(2026, 1, 10)))
    assert "Market is closed" in reply.message


def test_an_order_before_the_first_price_of_the_day_waits_for_it(build: Build) -> None:
    exchange = build(("09:15:30", 80_000), days=2)
    exchange.step(at("09:00", WEDNESDAY))
    reply, _ = exchange.place(order(), at("09:15:10", WEDNESDAY))
    assert reply.ok
    assert exchange.trades() == ()
    exchange.step(at("09:16", WEDNESDAY))
    assert exchange.trades()[0].at == at("09:15:30", WEDNESDAY)


def test_margin_is_a_fifth_for_intraday_and_the_full_price_for_delivery(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.place(order(quantity=100), at("09:16"))
    assert exchange.funds().utilised == 100 * 80_000 // 5
    exchange.place(order(quantity=10, product="CNC"), at("09:17"))
    assert exchange.funds().utilised == 100 * 80_000 // 5 + 10 * 80_000
    exchange.place(limit(79_000, quantity=10), at("09:18"))
    assert exchange.funds().available == FUNDS - (100 * 80_000 // 5 + 10 * 80_000 + 10 * 79_000 // 5)


def test_an_order_that_closes_needs_no_margin(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.place(order(quantity=600), at("09:16"))
    reply, _ = exchange.place(order(Side.SELL, 600, type=OrderType.STOP, trigger_price=79_000), at("09:17"))
    assert reply.ok


def test_a_modify_changes_price_quantity_and_type(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("09:20:00", 79_900))
    broker_id = exchange.place(limit(79_000), at("09:16"))[0].broker_id
    reply, events = exchange.modify(ModifyRequest(broker_id=broker_id, limit_price=79_900, quantity=7), at("09:17"))
    assert (reply.ok, reply.code) == (True, 1102)
    assert statuses(events) == [(6, 0)]
    exchange.step(at("09:20"))
    assert [(trade.price, trade.quantity) for trade in exchange.trades()] == [(79_900, 7)]


def test_a_resting_stop_can_be_turned_into_the_exit(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.place(order(), at("09:16"))
    stop = exchange.place(order(Side.SELL, type=OrderType.STOP, trigger_price=79_000), at("09:16"))[0].broker_id
    reply, _ = exchange.modify(ModifyRequest(broker_id=stop, type=OrderType.MARKET), at("09:17"))
    assert reply.ok
    assert exchange.positions()[0].net_quantity == 0


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"quantity": 4}, -50, "not above the traded quantity 4"),
        ({"limit_price": 80_001}, -50, "not a multiple of the tick"),
        ({"limit_price": 96_005}, -99, "circuit limits"),
        ({"quantity": 700}, -99, "Margin Exceeds"),
        ({"type": OrderType.STOP, "trigger_price": 80_000}, -99, "Trigger price"),
    ],
)
def test_a_bad_modify_changes_nothing(build: Build, change: dict[str, object], code: int, words: str) -> None:
    exchange = build(("09:15:00", 80_000, 4))
    broker_id = exchange.place(limit(80_000), at("09:16"))[0].broker_id
    before = only(exchange)
    reply, events = exchange.modify(ModifyRequest(broker_id=broker_id, **change), at("09:17"))  # type: ignore[arg-type]
    assert (reply.ok, reply.code, events) == (False, code, [])
    assert words in reply.message
    assert only(exchange) == before


def test_a_cancel_ends_an_order_with_what_it_has_filled(build: Build) -> None:
    exchange = build(("09:15:00", 80_000, 4), ("09:20:00", 80_000, 50))
    broker_id = exchange.place(order(), at("09:16"))[0].broker_id
    reply, events = exchange.cancel(broker_id, at("09:17"))
    assert (reply.code, statuses(events)) == (1103, [(1, 4)])
    assert exchange.step(at("09:25")) == []


def test_a_finished_or_unknown_order_can_be_neither_changed_nor_cancelled(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    broker_id = exchange.place(order(), at("09:16"))[0].broker_id
    for reply, _ in (
        exchange.cancel(broker_id, at("09:17")),
        exchange.modify(ModifyRequest(broker_id=broker_id, quantity=20), at("09:17")),
    ):
        assert (reply.ok, reply.code) == (False, -99)
        assert "already filled" in reply.message
    assert exchange.cancel("26010600009999", at("09:17"))[0].code == -51


def test_the_market_moves_before_an_order_is_handled(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("09:20:00", 79_000))
    broker_id = exchange.place(limit(79_000), at("09:16"))[0].broker_id
    reply, events = exchange.cancel(broker_id, at("09:21"))
    assert reply.code == -99
    assert statuses(events) == [(2, 10)]


def test_day_orders_expire_at_the_close(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.place(limit(79_000, product="CNC"), at("09:16"))
    assert statuses(exchange.step(at("16:00"))) == [(7, 0)]
    assert exchange.funds().utilised == 0


def test_a_pause_ends_what_rests_and_takes_nothing_until_trading_goes_on(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("10:30:00", 70_000), ("11:30:10", 80_500), in_two_parts=True)
    exchange.place(limit(79_000, product="CNC"), at("09:16"))
    assert statuses(exchange.step(at("10:00"))) == [(7, 0)]
    assert exchange.place(limit(80_000, product="CNC"), at("11:00"))[0].message == "RMS:Market is closed"
    late = exchange.place(limit(81_000, product="CNC"), at("11:30:05"))[0].broker_id
    waiting = exchange.order(late)
    assert waiting is not None
    assert waiting.filled == 0, "the quote that stands is of before the pause"
    assert statuses(exchange.step(at("11:31"))) == [(2, 10)]
    assert [trade.price for trade in exchange.trades()] == [80_500]


def test_the_square_off_cancels_orders_and_closes_positions_in_the_brokers_name(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("15:15:10", 79_000, 6), ("15:16:00", 60_000))
    exchange.place(order(), at("09:16"))
    stop = exchange.place(order(Side.SELL, type=OrderType.STOP, trigger_price=78_000), at("09:17"))[0].broker_id
    delivery = exchange.place(limit(70_000, product="CNC"), at("09:17"))[0].broker_id
    exchange.step(at("15:15"))
    by_id = {row.broker_id: row for row in exchange.orders()}
    assert by_id[stop].status is OrderStatus.CANCELLED
    assert by_id[delivery].status is OrderStatus.PENDING
    forced = exchange.orders()[-1]
    assert (forced.source, forced.side, forced.tag, forced.status) == ("A", Side.SELL, "2:Untagged", OrderStatus.FILLED)
    assert exchange.positions()[0].net_quantity == 0


def test_the_square_off_follows_a_falling_market_to_the_band(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("15:14:00", 80_000, 4), ("15:15:10", 70_000, 6))
    exchange.place(order(), at("09:16"))
    exchange.step(at("15:20"))
    assert [trade.price for trade in exchange.trades()][1:] == [79_995, 69_995]


def test_exits_close_the_positions_that_are_meant(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.place(order(), at("09:16"))
    exchange.place(order(Side.SELL, symbol=INFY), at("09:16"))
    reply, _ = exchange.exit_positions(ExitRequest(ids=(f"{SBIN}-INTRADAY",)), at("09:17"))
    assert (reply.ok, reply.code) == (True, 200)
    assert [row.net_quantity for row in exchange.positions()] == [0, -10]
    assert exchange.exit_positions(ExitRequest(sides=(1,)), at("09:18"))[0].code == -352
    assert exchange.exit_positions(ExitRequest(products=("CNC",)), at("09:18"))[0].code == -352
    assert exchange.exit_positions(ExitRequest(segments=(11,)), at("09:18"))[0].code == -352
    assert exchange.exit_positions(ExitRequest(ids=("NSE:X-EQ-CNC",)), at("09:18"))[0].code == -53
    assert exchange.exit_positions(ExitRequest(), at("09:18"))[0].code == 200
    assert [row.net_quantity for row in exchange.positions()] == [0, 0]


def test_an_exit_that_is_not_wholly_filled_says_so(build: Build) -> None:
    exchange = build(("09:15:00", 80_000, 10), ("09:16:30", 80_000, 4))
    exchange.place(order(), at("09:16"))
    assert exchange.exit_positions(ExitRequest(), at("09:17"))[0].code == 201


def test_pending_orders_can_be_cancelled_by_position(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.place(order(), at("09:16"))
    exchange.place(limit(70_000), at("09:16"))
    exchange.place(limit(70_000, product="CNC"), at("09:16"))
    exchange.exit_positions(ExitRequest(ids=(f"{SBIN}-INTRADAY",), cancel_pending=True), at("09:17"))
    assert [row.status.value for row in exchange.orders()] == [2, 1, 6]


def test_a_position_can_be_converted_to_delivery_if_the_money_is_there(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.place(order(quantity=100), at("09:16"))
    request = ConvertRequest(symbol=SBIN, side=Side.BUY, quantity=40, product_from="INTRADAY", product_to="CNC")
    reply, events = exchange.convert(request, at("09:17"))
    assert reply.ok
    assert [event.row.net_quantity for event in events if isinstance(event, PositionChanged)] == [60, 40]
    assert exchange.funds().utilised == 60 * 80_000 // 5 + 40 * 80_000


def test_a_conversion_without_position_or_money_is_refused(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), funds=2_000_000)
    exchange.place(order(quantity=100), at("09:16"))
    request = ConvertRequest(symbol=SBIN, side=Side.BUY, quantity=40, product_from="INTRADAY", product_to="CNC")
    assert exchange.convert(request, at("09:17"))[0].code == -99
    request = ConvertRequest(symbol=INFY, side=Side.BUY, quantity=40, product_from="INTRADAY", product_to="CNC")
    assert exchange.convert(request, at("09:17"))[0].code == -53


def test_an_order_by_hand_carries_another_source_and_no_tag(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.foreign_order(order(tag=""), at("09:16"))
    assert (only(exchange).source, only(exchange).tag) == ("M", "2:Untagged")


def test_a_new_day_has_new_books_and_delivered_shares_to_sell(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("10:00:00", 81_000), days=2)
    exchange.place(order(product="CNC"), at("09:16"))
    exchange.step(at("09:00", WEDNESDAY))
    assert (exchange.orders(), exchange.trades(), exchange.positions()) == ((), (), ())
    assert [(row.symbol, row.quantity, row.cost, row.ltp) for row in exchange.holdings()] == [
        (SBIN, 10, 800_000, 81_000)
    ]
    assert exchange.funds().total == FUNDS - 800_000
    reply, _ = exchange.place(order(Side.SELL, product="CNC"), at("09:16", WEDNESDAY))
    assert reply.broker_id == "26010700000001"
    assert exchange.place(order(Side.SELL, 1, product="CNC"), at("09:17", WEDNESDAY))[0].code == -99
    exchange.step(at("09:00", date(2026, 1, 8)))
    assert exchange.holdings() == ()
    assert exchange.funds().total == FUNDS - 800_000 + 10 * 79_995


def test_positions_are_marked_at_the_last_price(build: Build) -> None:
    exchange = build(("09:15:00", 80_000), ("09:20:00", 80_500))
    exchange.place(order(), at("09:16"))
    exchange.step(at("09:30"))
    (row,) = exchange.positions()
    assert (row.ltp, row.unrealised) == (80_500, 5_000)


def test_time_that_runs_backwards_is_taken_as_standing_still(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.step(at("09:20"))
    exchange.place(order(), at("09:19"))
    assert only(exchange).placed_at == at("09:20")


def test_a_clock_far_behind_the_books_is_refused_with_the_remedy(build: Build) -> None:
    exchange = build(("09:15:00", 80_000))
    exchange.step(at("15:30"))
    with pytest.raises(
        ConfigurationError, match=r"2026-01-06 09:00:00 lies before .* 2026-01-06 15:30:00.*empty state"
    ):
        exchange.step(at("09:00"))


@pytest.mark.parametrize("gap", [0, 10 * SECOND, 90 * MINUTE, 12 * 60 * MINUTE])
def test_a_killed_exchange_comes_back_with_the_books_it_would_have_had(build: Build, tmp_path: Path, gap: int) -> None:
    rows = (("09:15:00", 80_000, 4), ("09:16:05", 80_005, 3), ("10:30:00", 79_000, 2), ("11:30:00", 81_000, 50))
    killed = build(*rows, ledger=FileLedger(tmp_path / "books.jsonl"))
    lived = build(*rows)
    for exchange in (killed, lived):
        exchange.place(order(), at("09:16"))
        exchange.place(order(Side.SELL, 5, type=OrderType.STOP, trigger_price=79_500), at("09:16:01"))
    again = build(*rows, ledger=FileLedger(tmp_path / "books.jsonl"), start="09:16:01")
    now = at("09:16:01") + gap
    again.step(now)
    lived.step(now)
    for name in ("orders", "trades", "positions", "funds", "holdings"):
        assert getattr(again, name)() == getattr(lived, name)()
    assert again.place(limit(79_000), now)[0] == lived.place(limit(79_000), now)[0]


def test_every_change_is_in_the_ledger_before_the_answer(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "books.jsonl"
    exchange = build(("09:15:00", 80_000), ledger=FileLedger(path))
    _, events = exchange.place(order(), at("09:16"))
    assert list(FileLedger(path).read()[-1].facts) == events
