from dataclasses import replace

import pytest

from core.entry_pricing import PricedEntry, priced_entry
from core.market import Side, Tick
from core.orders import OrderType, Product, Purpose
from core.sizing import SizingMethod


@pytest.mark.parametrize(
    ("side", "limit", "stop", "target"), [(Side.BUY, 80_170, 79_700, 80_600), (Side.SELL, 79_835, 80_300, 79_400)]
)
def test_limit_and_size_go_by_the_touch_and_the_levels_by_the_last_price(rules, sbin, side, limit, stop, target):
    tick = Tick(sbin.symbol, 0, 80_000, 79_995, 80_005, 0)
    fixed = replace(rules.sizing, method=SizingMethod.FIXED, quantity=7)
    chosen = replace(rules, sizing=fixed, price_buffer=0.002, stop_atr=1.5, target_atr=3.0)

    assert priced_entry(side, 200.0, tick, sbin, chosen) == PricedEntry(sbin.symbol, side, limit, stop, target, 7)


def test_the_risk_of_a_position_is_counted_from_its_limit(rules, sbin):
    tick = Tick(sbin.symbol, 0, 80_000, 0, 0, 0)
    risk = replace(rules.sizing, method=SizingMethod.RISK, risk_ppm=1_000, capital_ppm=10**9, max_order_value=10**15)
    chosen = replace(rules, sizing=risk, capital=10**8, price_buffer=0.002, stop_atr=1.5)
    entry = priced_entry(Side.BUY, 200.0, tick, sbin, chosen)

    assert (entry.limit, entry.stop) == (80_160, 79_700)
    assert entry.quantity == 10**8 // 1_000 // (80_160 - 79_700)
    assert priced_entry(Side.BUY, 200.0, tick, sbin, replace(chosen, capital=1)).quantity == 0


def test_the_order_is_a_limit_order_of_the_product_asked_for(rules, sbin):
    entry = PricedEntry(sbin.symbol, Side.SELL, 79_840, 80_300, 79_400, 10)
    intent = entry.intent("tag", Product.CNC, "because")

    assert (intent.tag, intent.symbol, intent.side, intent.quantity) == ("tag", sbin.symbol, Side.SELL, 10)
    assert (intent.type, intent.limit_price, intent.product) == (OrderType.LIMIT, 79_840, Product.CNC)
    assert (intent.purpose, intent.reason) == (Purpose.ENTRY, "because")
