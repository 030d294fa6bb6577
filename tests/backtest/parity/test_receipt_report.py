"""The receipt in a terminal: what differs on top, and what was refused alike in one line."""

from datetime import date, time
from io import StringIO

import pytest
from rich.console import Console

from backtest.parity.causes import Cause
from backtest.parity.live_day import LiveWord
from backtest.parity.opinions import Key, Opinion
from backtest.parity.receipt_report import Compared, receipt_text
from backtest.parity.waterfall import Pair, Receipt
from core.instants import MINUTE, instant_at
from core.signals import Direction

DAY = date(2026, 1, 6)
OPEN = instant_at(DAY, time(9, 15))


def pair_of(number: int, backtest: str, live: str, amount: int = 0, said: Direction = Direction.LONG) -> Pair:
    """A long signal on a candle of the day that was refused on both sides, for what it may have been."""
    opinion, word = (Opinion(each, 0.6, "yes", (), 200.0) for each in (Direction.LONG, said))
    return Pair(
        key=Key("NSE:SBIN-EQ", OPEN + 5 * number * MINUTE),
        opinion=opinion,
        refused=backtest,
        trade=None,
        word=LiveWord(word, OPEN, 0, refused=live),
        live_trade=None,
        amounts={Cause.TIMING: amount} if amount else {},
    )


def printed(*pairs: Pair, width: int = 120) -> str:
    timing = sum(pair.amounts.get(Cause.TIMING, 0) for pair in pairs)
    amounts = {cause: timing if cause is Cause.TIMING else 0 for cause in Cause}
    compared = Compared(
        day=DAY,
        mode="paper",
        strategy="model",
        receipt=Receipt(backtest=0, live=timing, amounts=amounts, pairs=pairs, decisions=9, same=9),
        budget=0,
        candles_from="the log itself",
        has_ticks=True,
    )
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(receipt_text(compared, width))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_what_was_refused_alike_is_one_line_and_what_differs_stands_on_top():
    busy = [pair_of(number, "SYMBOL_BUSY", "SYMBOL_BUSY") for number in range(3)]
    closed, other = pair_of(3, "ENTRIES_CLOSED", "ENTRIES_CLOSED"), pair_of(4, "SYMBOL_BUSY", "STALE_BOOKS")
    said = printed(*busy, closed, other, pair_of(5, "SYMBOL_BUSY", "SYMBOL_BUSY", amount=100))
    assert [line.split()[0] for line in said.splitlines() if " SBIN " in line] == ["09:40", "09:35"]
    assert " refused alike on both sides: 3 SYMBOL_BUSY, 1 ENTRIES_CLOSED\n" in said


@pytest.mark.parametrize("said", [Direction.SHORT, Direction.NONE])
def test_another_signal_is_not_refused_alike(said):
    text = printed(pair_of(0, "SYMBOL_BUSY", "SYMBOL_BUSY", said=said))
    assert "09:15" in text
    assert "alike" not in text


def test_a_day_on_which_all_was_refused_alike_has_no_empty_table():
    text = printed(pair_of(0, "SYMBOL_BUSY", "SYMBOL_BUSY"))
    assert "Because of" not in text
    assert "1 SYMBOL_BUSY" in text
