"""Runs side by side: the same figures of each, and how far every one is from the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from reporting.analysis import Analysis
from reporting.figures import NOT_AVAILABLE, Better, Figure, Form, difference_text
from reporting.run_record import RunRecord
from reporting.summary import summary
from reporting.text_report import FULL, figure_text, plain_table
from trading.rupee_text import profit_style

_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LABEL_WIDTH = 12
"""Columns of the longest word of a label."""
_GAP = 3
"""Columns between two of a table, at most."""


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One figure of all runs."""

    label: str
    figures: tuple[Figure, ...]
    """Of each run, in their order."""

    @property
    def differences(self) -> tuple[Figure | None, ...]:
        """How far each run but the first is above the first; None where that cannot be said."""
        first, *others = self.figures
        return tuple(each.difference(first) for each in others)

    def goodness(self, difference: Figure | None) -> float:
        """Return a number above 0 for a difference to the better, below 0 for one to the worse, 0 for neither."""
        if difference is None or not isinstance(difference.value, int | float):
            return 0
        match difference.better:
            case Better.HIGHER:
                return difference.value
            case Better.LOWER:
                return -difference.value
            case Better.NEITHER:
                return 0


@dataclass(frozen=True, slots=True)
class ComparedSection:
    """A section of the summary, of all runs."""

    title: str
    rows: tuple[ComparedFigure, ...]


def compare(analyses: Sequence[Analysis]) -> tuple[ComparedSection, ...]:
    """Lay the summaries of two or more runs side by side; the first is what the others are measured against."""
    summaries = [summary(analysis) for analysis in analyses]
    return tuple(
        ComparedSection(
            sections[0].title,
            tuple(
                ComparedFigure(figures[0].label, figures)
                for figures in zip(*(section.figures for section in sections), strict=True)
            ),
        )
        for sections in zip(*summaries, strict=True)
    )


def run_label(place: int) -> str:
    """Return the letter that stands for a run where its name is too long: A is the first."""
    return _LABELS[place % len(_LABELS)] * (place // len(_LABELS) + 1)


def run_name(record: RunRecord) -> str:
    """Return what tells a run from others: its name, strategy and parameters."""
    parameters = (f"{name} {value}" for name, value in record.facts.parameters.items())
    return f"{record.run_id} {', '.join((record.facts.strategy, *parameters))}"


def comparison_text(analyses: Sequence[Analysis], width: int) -> RenderableType:
    """Return the comparison for a terminal of so many columns; letters stand for the runs.

    Runs that have no room beside each other get tables of their own, each beside the first run.
    """
    labels = [run_label(place) for place in range(len(analyses))]
    names = (f"{label}: {run_name(each.record)}" for label, each in zip(labels, analyses, strict=True))
    tables = _tables(compare(analyses), range(1, len(analyses)), width)
    notes = (Text(note, "yellow") for note in notes_beside(analyses))
    return Group(Text("Comparison", "bold"), *map(Text, names), *tables, *notes)


def notes_beside(analyses: Sequence[Analysis]) -> Iterator[str]:
    """Yield what is to be known of each run but the first, under its letter: the first has them in its own report."""
    for place, analysis in enumerate(analyses[1:], start=1):
        yield from (f"Note on {run_label(place)}: {note}" for note in analysis.record.notes)


def _tables(sections: Sequence[ComparedSection], others: Sequence[int], width: int) -> Iterator[Table]:
    """Yield a table of the first run and others, by their places, or as many as it takes to show every figure whole."""
    is_stacked = width < FULL
    labels = [(Text(run_label(place)), Text(f"{run_label(place)} - {run_label(0)}")) for place in others]
    names = [name.plain for each in labels for name in _joined(*each, is_stacked=is_stacked)]
    table = plain_table("Metric", run_label(0), *names)
    widths = [_LABEL_WIDTH] + [0] * (len(table.columns) - 1)
    for section in sections:
        for row in section.rows:
            cells = [figure_text(row.figures[0])]
            for place in others:
                figure, difference = row.figures[place], row.differences[place - 1]
                cells += _joined(figure_text(figure), _difference(row, difference), is_stacked=is_stacked)
            table.add_row(row.label, *cells)
            if row.figures[0].form is not Form.TEXT:
                widths[1:] = map(max, widths[1:], (_longest_word(cell) for cell in cells))
        table.add_section()
    middle = len(others) // 2
    if middle and sum(widths) + _GAP * len(widths) > width:
        yield from _tables(sections, others[:middle], width)
        yield from _tables(sections, others[middle:], width)
    else:
        yield _narrowed(table, widths, width)


def _narrowed(table: Table, widths: Sequence[int], width: int) -> Table:
    """Fit a table to a width by its column of names: a long name takes two lines, a figure stays whole."""
    for column in table.columns:
        column.no_wrap, column.overflow = False, "fold"
    if Console(width=10_000).measure(table).maximum > width:
        for column, least in zip(table.columns, widths, strict=True):
            column.width = least
        table.columns[0].width = max(_LABEL_WIDTH, width - sum(widths[1:]) - _GAP * len(widths))
    return table


def _joined(value: Text, difference: Text, *, is_stacked: bool) -> list[Text]:
    """Lay a value and its difference beside each other, or one under the other."""
    return [Text("\n").join(each for each in (value, difference) if each)] if is_stacked else [value, difference]


def _longest_word(cell: Text) -> int:
    return max(map(len, cell.plain.split()), default=0)


def comparison_data(analyses: Sequence[Analysis]) -> list[dict[str, Any]]:
    """Return the comparison for programs, money in rupees."""
    return [
        {
            "section": section.title,
            "label": row.label,
            "form": row.figures[0].form.value,
            "values": [figure.data for figure in row.figures],
            "differences": [difference.data if difference else None for difference in row.differences],
        }
        for section in compare(analyses)
        for row in section.rows
    ]


def _difference(row: ComparedFigure, difference: Figure | None) -> Text:
    if difference is None:
        return Text(NOT_AVAILABLE if any(each.value is None for each in row.figures) else "", "dim")
    return Text(difference_text(difference), profit_style(row.goodness(difference)) if difference.value else "dim")
