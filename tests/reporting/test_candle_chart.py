"""Candles and the marks of trades on them."""

import re
from datetime import time
from xml.etree import ElementTree

from core.instants import DAY, MINUTE, instant_at
from core.market import Side
from reporting.candle_chart import candle_chart

from .conftest import FIRST_DAY, MakeTrade, candles_of

CANDLES = candles_of([FIRST_DAY], seed=1)
NINE_FIFTEEN = instant_at(FIRST_DAY, time(9, 15))


def marks(drawing: str, name: str) -> list[str]:
    return re.findall(rf'class="{name}', drawing)


def test_every_candle_has_a_wick_and_a_body() -> None:
    drawing = ElementTree.fromstring(candle_chart(CANDLES, (), "SBIN"))
    shapes = {each.get("class"): str(each.get("d")) for each in drawing if each.tag == "path"}
    assert shapes["wick up"].count("M") + shapes["wick down"].count("M") == len(CANDLES)
    assert shapes["up"].count("M") + shapes["down"].count("M") == len(CANDLES)


def test_a_trade_has_an_entry_an_exit_and_a_line_of_its_result(make_trade: MakeTrade) -> None:
    trades = (make_trade(5_00, reason="target"), make_trade(-5_00, side=Side.SELL, reason="stop_loss"))
    drawing = candle_chart(CANDLES, trades, "SBIN")
    assert len(marks(drawing, "entry")) == 2
    assert [len(marks(drawing, name)) for name in ("exit won", "exit lost", "held won", "held lost")] == [1] * 4
    assert "long 10 from 2023-09-04 10:00 at 600.00" in drawing
    assert "stop_loss, -5.00" in drawing


def test_a_trade_that_began_before_the_candles_has_no_entry(make_trade: MakeTrade) -> None:
    held = make_trade(entry_at=NINE_FIFTEEN - DAY, held=DAY + 30 * MINUTE)
    drawing = candle_chart(CANDLES, (held,), "SBIN")
    assert (len(marks(drawing, "entry")), len(marks(drawing, "exit won"))) == (0, 1)


def test_trades_outside_the_candles_are_left_out(make_trade: MakeTrade) -> None:
    outside = (make_trade(entry_at=NINE_FIFTEEN - DAY), make_trade(entry_at=NINE_FIFTEEN + DAY))
    assert marks(candle_chart(CANDLES, outside, "SBIN"), "exit") == []


def test_a_price_that_never_moved_is_drawn() -> None:
    flat = CANDLES.slice(0, 1)
    assert "nan" not in candle_chart(flat, (), "SBIN")
