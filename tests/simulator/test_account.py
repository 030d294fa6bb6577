from datetime import date
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market import Side
from simulator.account import Account, DayOpened, position_after
from simulator.books import ConvertRequest, HoldingRow, PositionChanged, PositionRow

SBIN = "NSE:SBIN-EQ"
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)

fills = st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 500), st.integers(1, 200_000)), max_size=40)


def traded(row: PositionRow, *trades: tuple[Side, int, int]) -> PositionRow:
    return reduce(lambda now, trade: position_after(now, trade[0], trade[1], trade[1] * trade[2]), trades, row)


def empty(product: str = "INTRADAY") -> PositionRow:
    return PositionRow(symbol=SBIN, product=product, number=1)


@given(trades=fills)
def test_a_position_is_the_fold_of_its_trades(trades: list[tuple[Side, int, int]]) -> None:
    row = traded(empty(), *trades)
    bought = [(quantity, price) for side, quantity, price in trades if side is Side.BUY]
    sold = [(quantity, price) for side, quantity, price in trades if side is Side.SELL]
    assert row.buy_quantity == sum(quantity for quantity, _ in bought)
    assert row.sell_quantity == sum(quantity for quantity, _ in sold)
    assert row.buy_value == sum(quantity * price for quantity, price in bought)
    assert row.sell_value == sum(quantity * price for quantity, price in sold)


@given(trades=fills)
def test_money_is_neither_made_nor_lost_in_a_position(trades: list[tuple[Side, int, int]]) -> None:
    row = traded(empty(), *trades)
    assert row.realised == row.sell_value - row.buy_value + row.open_cost
    assert (row.open_cost == 0) if row.net_quantity == 0 else (row.open_cost * row.net_quantity > 0)


def test_closing_half_a_long_position_earns_half_of_it() -> None:
    row = traded(empty(), (Side.BUY, 10, 100), (Side.SELL, 5, 120))
    assert (row.net_quantity, row.open_cost, row.realised) == (5, 500, 100)


def test_turning_a_position_round_closes_the_old_and_opens_the_new() -> None:
    row = traded(empty(), (Side.SELL, 10, 100), (Side.BUY, 15, 90))
    assert (row.net_quantity, row.open_cost, row.realised) == (5, 450, 100)


def test_the_unrealised_result_follows_the_last_price() -> None:
    row = traded(empty(), (Side.SELL, 10, 100))
    assert PositionRow(**{name: getattr(row, name) for name in row.__slots__} | {"ltp": 90}).unrealised == 100


def opened(*rows: PositionRow, holdings: tuple[HoldingRow, ...] = ()) -> Account:
    account = Account()
    account.apply(DayOpened(day=MONDAY, cash=1_000_000, holdings=holdings))
    for row in rows:
        account.apply(PositionChanged(row))
    return account


def test_a_closed_intraday_position_leaves_its_result_in_cash() -> None:
    account = opened(traded(empty(), (Side.BUY, 10, 100), (Side.SELL, 10, 130)))
    assert account.next_day(TUESDAY) == DayOpened(day=TUESDAY, cash=1_000_300)


def test_shares_bought_for_delivery_are_holdings_the_next_day() -> None:
    account = opened(traded(empty("CNC"), (Side.BUY, 10, 100), (Side.SELL, 4, 130)))
    after = account.next_day(TUESDAY)
    assert after.holdings == (HoldingRow(symbol=SBIN, quantity=6, cost=600),)
    assert after.cash == 1_000_000 - 1_000 + 520
    assert after.positions == ()


def test_shares_sold_from_the_holdings_bring_their_price() -> None:
    held = HoldingRow(symbol=SBIN, quantity=10, cost=1_000)
    account = opened(traded(empty("CNC"), (Side.SELL, 4, 130)), holdings=(held,))
    after = account.next_day(TUESDAY)
    assert after.holdings == (HoldingRow(symbol=SBIN, quantity=6, cost=600),)
    assert after.cash == 1_000_520


def test_a_derivative_is_carried_with_its_cost() -> None:
    row = PositionRow(symbol="NSE:NIFTY26JANFUT", product="MARGIN", number=1)
    after = opened(traded(row, (Side.SELL, 10, 100), (Side.BUY, 4, 90))).next_day(TUESDAY)
    assert after.cash == 1_000_040
    (carried,) = after.positions
    assert (carried.net_quantity, carried.open_cost, carried.carried_value) == (-6, -600, -600)
    closed = traded(carried, (Side.BUY, 6, 90))
    assert (closed.net_quantity, closed.realised) == (0, 60)


def test_an_intraday_long_that_nobody_closed_is_delivered() -> None:
    after = opened(traded(empty(), (Side.BUY, 10, 100))).next_day(TUESDAY)
    assert after.holdings == (HoldingRow(symbol=SBIN, quantity=10, cost=1_000),)
    assert after.cash == 999_000


def test_a_short_that_cannot_be_delivered_stays_open() -> None:
    after = opened(traded(empty(), (Side.SELL, 10, 100))).next_day(TUESDAY)
    (carried,) = after.positions
    assert (carried.product, carried.net_quantity, carried.open_cost) == ("CNC", -10, -1_000)
    assert after.cash == 1_000_000


@given(trades=fills, product=st.sampled_from(["INTRADAY", "CNC"]))
def test_the_night_neither_makes_nor_loses_money(trades: list[tuple[Side, int, int]], product: str) -> None:
    row = traded(empty(product), *trades)
    after = opened(row, holdings=(HoldingRow(symbol=SBIN, quantity=100, cost=1),)).next_day(TUESDAY)
    carried = sum(position.open_cost for position in after.positions)
    assert after.cash - carried == 1_000_000 + row.sell_value - row.buy_value
    shares = sum(holding.quantity for holding in after.holdings) + sum(p.net_quantity for p in after.positions)
    assert shares == 100 + row.net_quantity


@pytest.mark.parametrize("quantity", [0, 11, -1])
def test_only_shares_that_are_open_can_be_converted(quantity: int) -> None:
    account = opened(traded(empty(), (Side.BUY, 10, 100)))
    request = ConvertRequest(symbol=SBIN, side=Side.BUY, quantity=quantity, product_from="INTRADAY", product_to="CNC")
    assert account.conversion(request) is None


def test_a_conversion_moves_shares_at_their_cost_and_earns_nothing() -> None:
    account = opened(traded(empty(), (Side.BUY, 10, 100), (Side.SELL, 2, 110)))
    request = ConvertRequest(symbol=SBIN, side=Side.BUY, quantity=3, product_from="INTRADAY", product_to="CNC")
    rows = account.conversion(request)
    assert rows is not None
    rest, target = rows
    assert (rest.net_quantity, rest.open_cost, rest.realised) == (5, 500, 20)
    assert (target.net_quantity, target.open_cost, target.realised) == (3, 300, 0)
