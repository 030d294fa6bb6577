"""The drawings of a model card: equity through the folds, told against came, shares of classes; as SVG, no script."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from core.instants import DAY, ist_date
from features.columns import IntArray
from reporting.drawing import Scale, number, padded, polyline
from trading.rupee_text import rupees
from training.class_balance import ClassBalance
from training.scoring import Reliability

WIDTH = 1160
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 8, 22, 22
_EQUITY_HEIGHT = 280
_SQUARE = 340
_SQUARE_LEFT = 44
_BAR_WIDTH, _BAR_HEIGHT = 220, 12
_SHORT_BAR = 90


def equity_drawing(folds: Sequence[tuple[IntArray, IntArray]]) -> str:
    """Draw what was earned from the first judged test on, with a line where each later fold begins.

    A fold is its sessions (days since 1970-01-01) and what each of them earned, in paise.
    """
    daily = np.concatenate([nets for _, nets in folds])
    total = np.concatenate(([0], np.cumsum(daily)))
    x = Scale(0, len(daily), _LEFT, WIDTH - _RIGHT)
    y = Scale(*padded(min(0, int(total.min())), max(0, int(total.max()))), _EQUITY_HEIGHT - _BOTTOM, _TOP)
    line = polyline((x(place), y(value)) for place, value in enumerate(total.tolist()))
    shapes = [*_levels(y, lambda paise: rupees(paise).removesuffix(".00")), *_fold_marks(folds, x)]
    shapes.append(f'<path class="base" d="M{_LEFT} {number(y(0))}H{WIDTH - _RIGHT}"/><path class="line" d="{line}"/>')
    return _svg(shapes, WIDTH, _EQUITY_HEIGHT, "Equity through the folds")


def reliability_drawing(before: Reliability, after: Reliability, name: str) -> str:
    """Draw what came against what was told: on the dashed line both are equal; grey before calibration, blue after.

    Both axes show the same part of the probabilities: the one in which there is anything.
    """
    shares = np.concatenate([each for curve in (before, after) for each in (curve.told, curve.came)])
    low, high = padded(float(shares.min()), float(shares.max()))
    low, high = max(0.0, low), min(1.0, high)
    right = _SQUARE - _RIGHT
    x, y = Scale(low, high, _SQUARE_LEFT, right), Scale(low, high, _SQUARE - 38, _TOP)
    shapes = list(_levels(y, _per_cent, left=_SQUARE_LEFT, right=right))
    shapes += [
        f'<text x="{number(x(tick))}" y="{_SQUARE - 20}" text-anchor="middle">{_per_cent(tick)}</text>'
        for tick in x.ticks(5)
    ]
    shapes.append(f'<text x="{right}" y="{_SQUARE - 4}" text-anchor="end">told</text><text x="0" y="11">came</text>')
    shapes.append(f'<path class="base" d="M{number(x(low))} {number(y(low))}L{number(x(high))} {number(y(high))}"/>')
    shapes += [*_curve(before, x, y, "var(--soft)", "before"), *_curve(after, x, y, "var(--blue)", "after")]
    return _svg(shapes, _SQUARE, _SQUARE, name)


def shares_drawing(balance: ClassBalance) -> str:
    """Draw the shares of long, none and short beside each other."""
    none, long, short = balance.shares
    shapes, at = [], 0.0
    for look, name, share in (("up", "long", long), ("even", "none", none), ("down", "short", short)):
        width = share * _BAR_WIDTH
        shapes.append(
            f'<rect class="{look}" x="{number(at)}" width="{number(width)}" height="{_BAR_HEIGHT}">'
            f"<title>{name}: {share:.1%}</title></rect>"
        )
        at += width
    label = f"long {long:.1%}, none {none:.1%}, short {short:.1%}"
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 {_BAR_WIDTH} {_BAR_HEIGHT}" '
        f'style="width:{_BAR_WIDTH}px;height:{_BAR_HEIGHT}px;display:block">{"".join(shapes)}</svg>'
    )


def bar_drawing(value: float, widest: float) -> str:
    """Draw a length from the left; one below 0 is left out."""
    width = max(0.0, value / widest) * _SHORT_BAR if widest > 0 else 0.0
    return (
        f'<svg viewBox="0 0 {_SHORT_BAR} {_BAR_HEIGHT}" style="width:{_SHORT_BAR}px;height:{_BAR_HEIGHT}px;'
        f'display:block"><rect style="fill:var(--blue)" y="2" width="{number(width)}" height="8" rx="1"/></svg>'
    )


def _svg(shapes: list[str], width: int, height: int, name: str) -> str:
    return (
        f'<svg class="chart" role="img" aria-label="{name}" viewBox="0 0 {width} {height}" '
        f'style="max-width:{width}px">{"".join(shapes)}</svg>'
    )


def _levels(y: Scale, form: Callable[[float], str], left: int = _LEFT, right: int = WIDTH - _RIGHT) -> Iterator[str]:
    for tick in y.ticks(6):
        yield f'<path class="grid" d="M{left} {number(y(tick))}H{right}"/>'
        yield f'<text x="{left - 8}" y="{number(y(tick) + 4)}" text-anchor="end">{form(tick)}</text>'


def _fold_marks(folds: Sequence[tuple[IntArray, IntArray]], x: Scale) -> Iterator[str]:
    """Name each fold and the first of its sessions; the numbers begin with 2, since the first is not traded."""
    place = 0
    for fold, (days, _) in enumerate(folds, start=2):
        at = number(x(place))
        yield f'<path class="base" d="M{at} {_TOP}V{_EQUITY_HEIGHT - _BOTTOM}"/>' if place else ""
        yield f'<text x="{at}" dx="4" y="14">fold {fold}</text>'
        yield f'<text x="{at}" dx="4" y="{_EQUITY_HEIGHT - 6}">{ist_date(int(days[0]) * DAY)}</text>'
        place += len(days)


def _curve(curve: Reliability, x: Scale, y: Scale, colour: str, when: str) -> Iterator[str]:
    told_and_came = list(zip(curve.told.tolist(), curve.came.tolist(), strict=True))
    line = polyline((x(told), y(came)) for told, came in told_and_came)
    yield f'<path class="line" style="stroke:{colour}" d="{line}"/>'
    for (told, came), rows in zip(told_and_came, curve.rows.tolist(), strict=True):
        title = f"<title>{when} calibration: told {told:.1%}, came {came:.1%}, {rows:,} rows</title>"
        yield f'<circle cx="{number(x(told))}" cy="{number(y(came))}" r="3" style="fill:{colour}">{title}</circle>'


def _per_cent(share: float) -> str:
    return f"{share:.0%}"
