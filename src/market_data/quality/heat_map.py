"""A calendar of sessions in the terminal: what is there, what lacks candles, what is missing, at one look.

Up to some years each date is a cell, weeks from left to right. Longer runs get a row a year and the share of each
month. Every state has a sign of its own, so that the picture is read without colour too; a bar's height is the share
of the candles that are there.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from math import floor

from rich.text import Text

from market_data.quality.judgement import DayCoverage, DayState

MOST_YEARS_BY_DAY = 3
_BARS = "▁▂▃▄▅▆▇"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LABEL = 5
"""Columns before the first week."""

_SIGNS = {
    DayState.WHOLE: ("■", "green"),
    DayState.ABSENT: ("x", "bold red"),
    DayState.EMPTY: ("-", "dim"),
    DayState.CLOSED: ("·", "dim"),
    DayState.UNEXPECTED: ("?", "bold magenta"),
    DayState.UNJUDGED: ("~", "dim"),
}
_TROUBLE = ("!", "bold dark_orange")
_PARTIAL = "yellow"


def heat_map(days: Sequence[DayCoverage], width: int) -> list[Text]:
    """Draw days, oldest first, in lines of at most `width` columns (60 or more)."""
    if is_by_month(days):
        return _by_month(days)
    lines: list[Text] = []
    for _, group in groupby(days, key=lambda each: each.day.year):
        lines += [*([Text()] if lines else []), *_year(list(group), width)]
    return lines


def legend(*, by_month: bool) -> Text:
    """Explain the signs of one of the two pictures."""
    if by_month:
        return Text(
            "Share of the candles there, in per cent; x none, ! another defect, ? rows without a session, "
            "- known to be empty, ~ not judged, · closed",
            "dim",
        )
    text = Text()
    for sign, style, what in (
        (*_SIGNS[DayState.WHOLE], "whole"),
        (_BARS[1] + _BARS[4], _PARTIAL, "partial (bar: its share)"),
        (*_SIGNS[DayState.ABSENT], "absent"),
        (*_SIGNS[DayState.EMPTY], "known to be empty"),
        (*_TROUBLE, "whole, with a defect"),
        (*_SIGNS[DayState.UNEXPECTED], "rows without a session"),
        (*_SIGNS[DayState.CLOSED], "closed"),
    ):
        text.append(sign, style)
        text.append(f" {what}  ", "dim")
    text.rstrip()
    return text


def is_by_month(days: Sequence[DayCoverage]) -> bool:
    """Whether days are too many for a cell each."""
    return len({each.day.year for each in days}) > MOST_YEARS_BY_DAY


def _year(days: Sequence[DayCoverage], width: int) -> list[Text]:
    monday = days[0].day - timedelta(days=days[0].day.weekday())
    weeks = ((days[-1].day - monday).days // 7) + 1
    size = 2 if _LABEL + 2 * weeks <= width else 1
    cells = {((each.day - monday).days // 7, each.day.weekday()): each for each in days}
    rows = [each for each in range(7) if each < 5 or _has_something(days, each)]
    lines = [_month_names(days[0].day, weeks, size)]
    for weekday in rows:
        line = Text().append(f"{_WEEKDAYS[weekday]:<{_LABEL}}", "dim")
        for week in range(weeks):
            sign, style = _cell(cells.get((week, weekday)))
            line.append(sign.ljust(size), style)
        lines.append(line)
    return lines


def _has_something(days: Sequence[DayCoverage], weekday: int) -> bool:
    return any(each.state is not DayState.CLOSED for each in days if each.day.weekday() == weekday)


def _cell(day: DayCoverage | None) -> tuple[str, str]:
    if day is None:
        return " ", ""
    if day.state is DayState.PARTIAL:
        return _BARS[min(len(_BARS) - 1, day.present * len(_BARS) // day.expected)], _PARTIAL
    if day.state is DayState.WHOLE and day.is_troubled:
        return _TROUBLE
    return _SIGNS[day.state]


def _month_names(first: date, weeks: int, size: int) -> Text:
    """Name each month over the week of its first day; the first one over the first week."""
    monday = first - timedelta(days=first.weekday())
    line = [" "] * (weeks * size + 4)
    free = 0
    for month in range(first.month, 13):
        place = max(0, (date(first.year, month, 1) - monday).days // 7 * size)
        if free <= place < weeks * size:
            line[place : place + 3] = MONTHS[month - 1]
            free = place + 4
    return Text().append(f"{first.year:<{_LABEL}}", "bold").append("".join(line).rstrip(), "dim")


def _by_month(days: Sequence[DayCoverage]) -> list[Text]:
    lines = [Text(" " * _LABEL + "".join(f"{name:>6}" for name in MONTHS), "dim")]
    for year, of_year in groupby(days, key=lambda each: each.day.year):
        months = {month: list(group) for month, group in groupby(of_year, key=lambda each: each.day.month)}
        line = Text().append(f"{year:<{_LABEL}}", "bold")
        for month in range(1, 13):
            text, style = _month(months.get(month, []))
            line.append(f"{text:>6}", style)
        lines.append(line)
    return lines


def _month(days: Sequence[DayCoverage]) -> tuple[str, str]:
    expected = sum(each.expected for each in days if each.state is not DayState.EMPTY)
    marks = "!" if any(each.is_troubled and each.state is not DayState.UNEXPECTED for each in days) else ""
    marks += "?" if any(each.state is DayState.UNEXPECTED for each in days) else ""
    if not expected:
        states = {each.state for each in days}
        sign = next((_SIGNS[each][0] for each in (DayState.UNJUDGED, DayState.EMPTY) if each in states), "")
        return sign or marks or _SIGNS[DayState.CLOSED][0], "dim"
    share = sum(each.present for each in days) / expected
    if share == 0:
        return "x", "bold red"
    style = _PARTIAL if share < 1 else "dark_orange" if marks else "green"
    return f"{floor(share * 100)}{marks}", style
