"""A symbol's candles with where trades began and ended: the look that tells whether the fills can be believed."""

import json
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from core.instants import DAY, ist_date, ist_datetime
from core.market import Side
from core.positions import Trade
from features.columns import CandleColumns
from reporting.drawing import Scale, number, padded
from reporting.figures import Form, text_of

_WIDTH, _HEIGHT = 1160, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 8, 14, 20
_MARK = 5.0
_MOST_LABELS = 10
_LABEL = 66.0
"""Pixels that a date takes."""


def candle_chart(candles: CandleColumns, trades: Sequence[Trade], name: str) -> str:
    """Draw candles and the trades of the same symbol that lie within them, wholly or in part."""
    first, last = int(candles.starts[0]), int(candles.starts[-1])
    shown = [trade for trade in trades if trade.exit_at >= first and trade.entry_at <= last]
    prices = [price for trade in shown for price in (trade.entry_price, trade.exit_price)]
    low, high = min([int(candles.lows.min()), *prices]), max([int(candles.highs.max()), *prices])
    y = Scale(*padded(low, high), _HEIGHT - _BOTTOM, _TOP)
    x = Scale(-0.5, len(candles) - 0.5, _LEFT, _WIDTH - _RIGHT)
    shapes = [*_grid(y), *_days(candles, x), *_candles(candles, x, y)]
    for trade in shown:
        shapes += _trade(trade, candles, x, y)
    return (
        f'<svg class="chart candles" role="img" aria-label="{escape(name)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'data-rows=\'{_rows(candles)}\' data-left="{_LEFT}" data-right="{_WIDTH - _RIGHT}">{"".join(shapes)}'
        f'<path class="cross" d="M0 {_TOP}V{_HEIGHT - _BOTTOM}" visibility="hidden"/></svg>'
    )


def _grid(y: Scale) -> Iterator[str]:
    for tick in y.ticks(6):
        yield f'<path class="grid" d="M{_LEFT} {number(y(tick))}H{_WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 8}" y="{number(y(tick) + 4)}" text-anchor="end">{tick / 100:,.2f}</text>'


def _days(candles: CandleColumns, x: Scale) -> Iterator[str]:
    """Name dates at the first candle of each, as many as there is room for."""
    days = candles.days()
    rows = np.concatenate(([0], np.flatnonzero(np.diff(days)) + 1)).tolist()
    free_until = float(_WIDTH - _RIGHT)
    for row in reversed(rows[:: -(-len(rows) // _MOST_LABELS)]):  # the newest keep their names
        left = x(row - 0.5)
        yield f'<path class="grid" d="M{number(left)} {_TOP}V{_HEIGHT - _BOTTOM}"/>'
        if left + _LABEL <= free_until:
            yield f'<text x="{number(left + 3)}" y="{_HEIGHT - 5}">{ist_date(int(candles.starts[row]))}</text>'
            free_until = left


def _candles(candles: CandleColumns, x: Scale, y: Scale) -> Iterator[str]:
    """Draw all that rose as one shape and all that fell as another: a page of many symbols stays small."""
    half = max(0.5, (x(1) - x(0)) * 0.36)
    width = number(2 * half)
    wicks, bodies = {True: "", False: ""}, {True: "", False: ""}
    columns = (candles.opens, candles.highs, candles.lows, candles.closes)
    for row, (opened, high, low, closed) in enumerate(zip(*(each.tolist() for each in columns), strict=True)):
        rose = closed >= opened
        top, height = y(max(opened, closed)), max(0.8, y(min(opened, closed)) - y(max(opened, closed)))
        wicks[rose] += f"M{number(x(row))} {number(y(high))}V{number(y(low))}"
        bodies[rose] += f"M{number(x(row) - half)} {number(top)}h{width}v{number(height)}h-{width}z"
    for rose, name in ((True, "up"), (False, "down")):
        if bodies[rose]:
            yield f'<path class="wick {name}" d="{wicks[rose]}"/><path class="{name}" d="{bodies[rose]}"/>'


def _trade(trade: Trade, candles: CandleColumns, x: Scale, y: Scale) -> Iterator[str]:
    """Draw a line from entry to exit in the colour of the result, an arrow where it began, a square where it ended."""
    began, ended = (int(candles.starts.searchsorted(at, side="right")) - 1 for at in (trade.entry_at, trade.exit_at))
    result = "won" if trade.net > 0 else "lost"
    left, right = x(max(began, -0.5)), x(ended)
    top, bottom = y(trade.entry_price), y(trade.exit_price)
    title = f"<title>{escape(_words(trade))}</title>"
    line = f"M{number(left)} {number(top)}L{number(right)} {number(bottom)}"
    yield f'<path class="held {result}" d="{line}">{title}</path>'
    if began >= 0:
        up = -1 if trade.side is Side.BUY else 1
        tip, base = top - up * 2, top - up * (2 + 2 * _MARK)
        yield (
            f'<path class="entry" d="M{number(left)} {number(tip)}L{number(left - _MARK)} {number(base)}'
            f'H{number(left + _MARK)}z">{title}</path>'
        )
    size = number(_MARK * 1.5)
    yield (
        f'<rect class="exit {result}" x="{number(right - _MARK * 0.75)}" y="{number(bottom - _MARK * 0.75)}" '
        f'width="{size}" height="{size}">{title}</rect>'
    )


def _words(trade: Trade) -> str:
    side = "long" if trade.side is Side.BUY else "short"
    return (
        f"{side} {trade.quantity:,} from {text_of(trade.entry_at, Form.INSTANT)} at {trade.entry_price / 100:,.2f} to "
        f"{text_of(trade.exit_at, Form.INSTANT)} at {trade.exit_price / 100:,.2f}: {trade.exit_reason}, "
        f"{text_of(trade.net, Form.PROFIT)}"
    )


def _rows(candles: CandleColumns) -> str:
    """Return what the script shows of the candle under the pointer, as JSON."""
    pattern = "%d %b" if len(candles) > 1 and candles.starts[1] - candles.starts[0] >= DAY else "%d %b %H:%M"
    rows = zip(*(each.tolist() for each in candles.columns), strict=True)
    return json.dumps(
        [
            f"{ist_datetime(start):{pattern}}  O {opened / 100:.2f}  H {high / 100:.2f}  L {low / 100:.2f}  "
            f"C {closed / 100:.2f}  V {volume:,}"
            for start, opened, high, low, closed, volume in rows
        ],
        separators=(",", ":"),
    )
