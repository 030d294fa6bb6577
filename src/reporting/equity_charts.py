"""Equity, drawdown and the distribution of returns, drawn without a library and without a script."""

from collections.abc import Callable, Iterator

import numpy as np

from core.instants import ist_date
from features.columns import FloatArray, IntArray, ist_days
from reporting.drawing import Scale, decimals_of, number, padded, polyline, thinned
from trading.rupee_text import rupees

WIDTH = 1160
LEFT, RIGHT = 84, 8
_TOP, _BOTTOM = 8, 20
_EQUITY_HEIGHT, _DRAWDOWN_HEIGHT, _HISTOGRAM_HEIGHT = 300, 130, 220
_MOST_POINTS = 1_600
_MOST_LABELS = 12
_DRAWDOWN_TICKS = 4
_BINS = 41
"""An odd number: the middle one is around 0."""


def equity_chart(capital: int, at: IntArray, equity: IntArray) -> str:
    """Draw the equity; a dashed line is the capital."""
    values = np.concatenate(([capital], equity))
    y = Scale(*padded(int(values.min()), int(values.max())), _EQUITY_HEIGHT - _BOTTOM, _TOP)
    line = _line(values, y)
    floor = number(_EQUITY_HEIGHT - _BOTTOM)
    shapes = [
        *_grid(y, _short_rupees),
        *_dates(at, _EQUITY_HEIGHT),
        f'<path class="area" d="{line}L{WIDTH - RIGHT} {floor}L{LEFT} {floor}z"/>',
        f'<path class="base" d="M{LEFT} {number(y(capital))}H{WIDTH - RIGHT}"/>',
        f'<path class="line" d="{line}"/>',
    ]
    return _svg(shapes, _EQUITY_HEIGHT, "Equity")


def drawdown_chart(capital: int, at: IntArray, equity: IntArray) -> str:
    """Draw how far the equity was below its highest point so far, as a share of it."""
    values = np.concatenate(([capital], equity))
    falls = values / np.maximum.accumulate(values) - 1.0
    y = Scale(min(float(falls.min()) * 1.08, -0.001), 0.0, _DRAWDOWN_HEIGHT - _BOTTOM, _TOP)
    line = _line(falls, y)
    decimals = decimals_of([100 * tick for tick in y.ticks(_DRAWDOWN_TICKS)])
    shapes = [
        *_grid(y, lambda share: f"{share:.{decimals}%}", _DRAWDOWN_TICKS),
        *_dates(at, _DRAWDOWN_HEIGHT),
        f'<path class="fall" d="{line}L{WIDTH - RIGHT} {_TOP}L{LEFT} {_TOP}z"/>',
    ]
    return _svg(shapes, _DRAWDOWN_HEIGHT, "Drawdown")


def histogram(values: FloatArray, form: Callable[[float], str], name: str, width: int = 570) -> str:
    """Draw how often values fell where; losses and gains in their colours, what is about 0 in the middle in neither."""
    reach = float(np.abs(values).max()) or 1.0
    counts, edges = np.histogram(values, bins=_BINS, range=(-reach * 1.001, reach * 1.001))
    x = Scale(float(edges[0]), float(edges[-1]), 36, width - RIGHT)
    y = Scale(0, float(counts.max()) * 1.08, _HISTOGRAM_HEIGHT - _BOTTOM, _TOP)
    shapes = [
        f'<path class="grid" d="M36 {number(y(tick))}H{width - RIGHT}"/>'
        f'<text x="30" y="{number(y(tick) + 4)}" text-anchor="end">{tick:,.0f}</text>'
        for tick in y.ticks(4)
        if tick == int(tick)
    ]
    for count, low, high in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if count:
            look = "up" if low > 0 else "down" if high < 0 else "even"
            place = f'x="{number(x(low) + 0.75)}" width="{number(x(high) - x(low) - 1.5)}"'
            height = f'y="{number(y(count))}" height="{number(y(0) - y(count))}"'
            title = f"<title>{form(low)} to {form(high)}: {count:,}</title>"
            shapes.append(f'<rect class="{look}" {place} {height}>{title}</rect>')
    shapes += [
        f'<text x="{number(x(tick))}" y="{_HISTOGRAM_HEIGHT - 5}" text-anchor="middle">{form(tick)}</text>'
        for tick in x.ticks(6)
    ]
    shapes.append(f'<path class="base" d="M{number(x(0))} {_TOP}V{_HISTOGRAM_HEIGHT - _BOTTOM}"/>')
    return _svg(shapes, _HISTOGRAM_HEIGHT, name, width)


def _svg(shapes: list[str], height: int, name: str, width: int = WIDTH) -> str:
    return (
        f'<svg class="chart" role="img" aria-label="{name}" viewBox="0 0 {width} {height}">{"".join(shapes)}'
        f'<path class="cross" d="M0 {_TOP}V{height - _BOTTOM}" visibility="hidden"/></svg>'
    )


def _line(values: IntArray | FloatArray, y: Scale) -> str:
    x = Scale(0, max(1, len(values) - 1), LEFT, WIDTH - RIGHT)
    return polyline((x(row), y(float(values[row]))) for row in thinned(values, _MOST_POINTS).tolist())


def _grid(y: Scale, form: Callable[[float], str], most: int = 6) -> Iterator[str]:
    for tick in y.ticks(most):
        yield f'<path class="grid" d="M{LEFT} {number(y(tick))}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{number(y(tick) + 4)}" text-anchor="end">{form(tick)}</text>'


def _dates(at: IntArray, height: int) -> Iterator[str]:
    """Name months (years, where months are too many) at the first step of each."""
    if not len(at):
        return
    x = Scale(0, max(1, len(at)), LEFT, WIDTH - RIGHT)
    first_of: dict[tuple[int, int], int] = {}
    for row in (0, *(np.flatnonzero(np.diff(ist_days(at))) + 1).tolist()):
        day = ist_date(int(at[row]))
        first_of.setdefault((day.year, day.month), row)
    months = list(first_of.items())
    step = next(each for each in (1, 2, 3, 6, 12, 24, 60, 120) if len(months) / each <= _MOST_LABELS or each == 120)
    for (year, month), row in months:
        if (month - 1) % min(step, 12) or (step > 12 and year % (step // 12)):
            continue
        name = str(year) if step >= 12 else f"{year}-{month:02d}"
        anchor = "start" if x(row) < LEFT + 20 else "middle"
        if x(row) < WIDTH - 40:
            yield f'<path class="grid" d="M{number(x(row))} {_TOP}V{height - _BOTTOM}"/>'
            yield f'<text x="{number(x(row))}" y="{height - 5}" text-anchor="{anchor}">{name}</text>'


def _short_rupees(paise: float) -> str:
    return rupees(paise).removesuffix(".00")
