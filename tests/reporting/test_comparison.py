"""Runs side by side."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from reporting.analysis import Analysis, analyse
from reporting.comparison import ComparedFigure, compare, comparison_data, comparison_text, run_label
from reporting.figures import Form, difference_text

from .conftest import MakeRecord


@pytest.fixture(scope="module")
def two(make_record: MakeRecord) -> tuple[Analysis, Analysis]:
    return analyse(make_record(days=20, trades=60)), analyse(make_record(days=20, trades=60, seed=3, strategy="other"))


def row(analyses: tuple[Analysis, ...], label: str) -> ComparedFigure:
    return next(each for section in compare(analyses) for each in section.rows if each.label == label)


def test_the_second_run_is_measured_against_the_first(two: tuple[Analysis, Analysis]) -> None:
    found = row(two, "Absolute profit")
    assert [figure.value for figure in found.figures] == [each.trades.net for each in two]
    (difference,) = found.differences
    assert difference is not None
    assert difference.value == two[1].trades.net - two[0].trades.net


def test_a_run_compared_with_itself_differs_in_nothing(two: tuple[Analysis, Analysis]) -> None:
    rows = [each for section in compare((two[0], two[0], two[0])) for each in section.rows]
    assert {difference.value for each in rows for difference in each.differences if difference} == {0}
    assert {len(set(each.figures)) for each in rows} == {1}


@pytest.mark.parametrize("number", [2, 4])
@pytest.mark.parametrize("width", [60, 80, 150])
def test_a_narrow_terminal_hides_nothing_and_breaks_no_figure(
    two: tuple[Analysis, Analysis], number: int, width: int
) -> None:
    runs = [*two, *two][:number]
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(comparison_text(runs, width))
    file = console.file
    assert isinstance(file, StringIO)
    text = file.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert f"{two[0].record.run_id} simple_ma_crossover, fast 10, slow 30" in " ".join(text.split())
    for section in compare(runs):
        for each in section.rows:
            words = [word for figure in each.figures for word in figure.text.split() if figure.form is not Form.TEXT]
            words += [word for other in each.differences if other for word in difference_text(other).split()]
            assert [word for word in words if word not in text] == []


def test_less_drawdown_is_better_and_less_profit_is_not(two: tuple[Analysis, Analysis]) -> None:
    for label, sign in (("Max Drawdown", -1), ("Absolute profit", 1), ("Total trades", 0)):
        found = row(two, label)
        difference = found.differences[0]
        assert difference is not None
        assert isinstance(difference.value, int | float)
        assert found.goodness(difference) == sign * difference.value


def test_programs_get_values_and_differences(two: tuple[Analysis, Analysis]) -> None:
    found = {each["label"]: each for each in comparison_data(two)}
    assert found["Absolute profit"]["values"] == [each.trades.net / 100 for each in two]
    assert found["Strategy"]["differences"] == [None]


def test_what_is_to_be_known_of_the_others_stands_under_them(two: tuple[Analysis, Analysis]) -> None:
    known = replace(two[1], record=replace(two[1].record, notes=("its model knew these days",)))
    console = Console(file=StringIO(), width=100, color_system=None)
    console.print(comparison_text((two[0], known), 100))
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines()[-1] == "Note on B: its model knew these days"


def test_runs_have_letters() -> None:
    assert [run_label(place) for place in (0, 1, 25, 26)] == ["A", "B", "Z", "AA"]
