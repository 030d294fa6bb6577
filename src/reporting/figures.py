"""One figure, and how people read it: rupees in lakhs and crores, shares in per cent, what cannot be said as n/a."""

from dataclasses import dataclass, replace
from enum import Enum
from math import floor
from typing import TypeAlias

from core.instants import DAY, HOUR, MINUTE, ist_datetime
from trading.rupee_text import rupees, signed_rupees

Value: TypeAlias = int | float | str | None
NOT_AVAILABLE = "n/a"


class Form(Enum):
    """What a value is."""

    RUPEES = "rupees"
    """An amount in paise."""
    PROFIT = "profit"
    """An amount in paise whose sign matters."""
    SHARE = "share"
    """0.1 is 10 %."""
    CHANGE = "change"
    """A share whose sign matters."""
    CHANCE = "chance"
    """A share that is never rounded up: no figure may read as certain that is not."""
    RATIO = "ratio"
    COUNT = "count"
    MEAN_COUNT = "mean count"
    DURATION = "duration"
    """Nanoseconds."""
    INSTANT = "instant"
    TEXT = "text"


class Better(Enum):
    """Which of two values is the better one."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


_COMPARABLE = frozenset(Form) - {Form.INSTANT, Form.TEXT}


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its name, under which every report shows it."""

    label: str
    value: Value
    form: Form
    better: Better = Better.HIGHER

    @property
    def text(self) -> str:
        """The value for people."""
        return text_of(self.value, self.form)

    @property
    def data(self) -> Value:
        """The value for programs: money in rupees."""
        value = self.value
        if self.form in {Form.RUPEES, Form.PROFIT} and isinstance(value, int | float):
            return rupees_of(value)
        return value

    def difference(self, other: "Figure") -> "Figure | None":
        """Return how far this is above another one; None where that cannot be said."""
        mine, theirs = self.value, other.value
        if self.form not in _COMPARABLE or not isinstance(mine, int | float) or not isinstance(theirs, int | float):
            return None
        return replace(self, value=mine - theirs)


def rupees_of(paise: float) -> float:
    """Return an amount as programs are told it, under the same names as in the report of a day."""
    return paise / 100


def text_of(value: Value, form: Form) -> str:
    """Write a value for people."""
    if value is None:
        return NOT_AVAILABLE
    if isinstance(value, str):
        return value
    match form:
        case Form.RUPEES:
            return rupees(value)
        case Form.PROFIT:
            return signed_rupees(value)
        case Form.SHARE:
            return f"{value:.2%}"
        case Form.CHANGE:
            return _signed(f"{value:+.2%}")
        case Form.CHANCE:
            return f"{floor(value * 1_000) / 1_000:.3f}"
        case Form.RATIO | Form.MEAN_COUNT:
            return f"{value:,.2f}"
        case Form.COUNT:
            return f"{value:,}"
        case Form.DURATION:
            return duration_text(value)
        case Form.INSTANT:
            return f"{ist_datetime(int(value)):%Y-%m-%d %H:%M}"
        case Form.TEXT:
            return str(value)


def difference_text(figure: Figure) -> str:
    """Write a difference: always with its sign."""
    value = figure.value
    if not isinstance(value, int | float):
        return NOT_AVAILABLE
    match figure.form:
        case Form.RUPEES | Form.PROFIT:
            return signed_rupees(value)
        case Form.SHARE | Form.CHANGE:
            return _signed(f"{value:+.2%}")
        case _:
            text = text_of(value, figure.form)
            return _signed(f"+{text}" if value > 0 else text)


def _signed(text: str) -> str:
    """Remove the sign from what rounds to zero."""
    return text if text.strip("+-0.,:%") else text.lstrip("+-")


def duration_text(nanoseconds: float) -> str:
    """Write a time that passed: `3 days 04:20`, `04:20`."""
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    days, left = divmod(left, DAY)
    hours, left = divmod(left, HOUR)
    text = f"{int(hours):02d}:{int(left // MINUTE):02d}"
    return f"{sign}{int(days)} day{'s' if days != 1 else ''} {text}" if days else f"{sign}{text}"
