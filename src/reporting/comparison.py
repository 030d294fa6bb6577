"""Runs side by side: the same figures of each, and how far every one is from the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from reporting.analysis import Analysis
from reporting.figures import NOT_AVAILABLE, Better, Figure, difference_text
from reporting.run_record import RunRecord
from reporting.summary import summary
from reporting.text_report import figure_text, plain_table
from trading.rupee_text import profit_style

_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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


def comparison_text(analyses: Sequence[Analysis]) -> RenderableType:
    """Return the comparison for a terminal; letters stand for the runs."""
    labels = [run_label(place) for place in range(len(analyses))]
    table = plain_table("Metric", labels[0], *(name for label in labels[1:] for name in (label, f"{label} - A")))
    for column in table.columns:
        column.no_wrap, column.overflow = False, "fold"  # a long name takes two lines and hides nothing
    for section in compare(analyses):
        for row in section.rows:
            cells: list[Text] = [figure_text(row.figures[0])]
            for figure, difference in zip(row.figures[1:], row.differences, strict=True):
                cells += [figure_text(figure), _difference(row, difference)]
            table.add_row(row.label, *cells)
        table.add_section()
    names = (f"{label}: {run_name(each.record)}" for label, each in zip(labels, analyses, strict=True))
    return Group(Text("Comparison", "bold"), *map(Text, names), table)


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
