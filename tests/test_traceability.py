"""The page of hazards is generated, so it can be checked: rows, markers and page tell one story."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).with_name("traceability.py")
ROWS = """
sections: {S: Sending orders}
hazards:
  S1: {title: An answer is lost, rules: "src/wire.py: asks the books"}
  S2: {title: A venue we do not trade, does_not_apply: we do not trade there}
"""
A_TEST = """
import pytest

@pytest.mark.hazard("S1")
def test_the_books_are_asked() -> None:
    pass
"""


@pytest.fixture(scope="module")
def traceability() -> ModuleType:
    specification = importlib.util.spec_from_file_location("traceability", FILE)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def told(module: ModuleType, home: Path, rows: str = ROWS, test: str = A_TEST) -> list[str]:
    """The problems of a small project."""
    for path, text in {"rows.yaml": rows, "tests/test_wire.py": test, "src/wire.py": ""}.items():
        (home / path).parent.mkdir(exist_ok=True)
        (home / path).write_text(text)
    found: list[str] = module.problems(
        module.read_table(home / "rows.yaml"), module.read_markers(home / "tests", home), home
    )
    return found


def test_every_row_marker_and_path_of_this_project_fits(traceability: ModuleType) -> None:
    assert traceability.problems(traceability.read_table(), traceability.read_markers()) == []


def test_the_page_is_the_one_that_is_generated(traceability: ModuleType) -> None:
    generated = traceability.page(traceability.read_table(), traceability.read_markers())
    assert traceability.PAGE.read_text() == generated, "run `make hazards` and commit docs/hazards.md"


def test_all_hazards_have_a_row_in_the_order_of_their_numbers(traceability: ModuleType) -> None:
    counts = {"A": 9, "D": 17, "T": 11, "S": 22, "O": 14, "P": 14, "W": 11, "R": 9, "M": 10, "C": 8, "X": 12, "V": 11}
    assert list(traceability.read_table().hazards) == [
        f"{letter}{number}" for letter, count in counts.items() for number in range(1, count + 1)
    ]


def test_what_fits_has_no_problem(traceability: ModuleType, tmp_path: Path) -> None:
    assert told(traceability, tmp_path) == []


@pytest.mark.parametrize(
    ("rows", "test", "problem"),
    [
        (ROWS, A_TEST.replace("S1", "S9"), "S9: a test is marked with it, and there is no such row"),
        (ROWS, A_TEST.replace("S1", "S2"), "S2: does not apply, and has a rule, a test or a plan"),
        (ROWS, "", "S1: has neither a test nor a reason why not"),
        (ROWS.replace("wire.py", "gone.py"), A_TEST, "S1: the rule names src/gone.py, and there is no such file"),
        (ROWS.replace("src/wire.py: asks", "asks"), A_TEST, "S1: the rule 'asks the books' has not the form"),
        (ROWS.replace(', rules: "src/wire.py: asks the books"', ""), A_TEST, "S1: has a test and names no rule"),
        (ROWS.replace("{S: ", "{T: "), A_TEST, "S1: there is no section S"),
    ],
)
def test_what_does_not_fit_is_told(
    traceability: ModuleType, tmp_path: Path, rows: str, test: str, problem: str
) -> None:
    assert any(line.startswith(problem) for line in told(traceability, tmp_path, rows, test))


def test_a_marker_that_no_test_bears_is_refused(traceability: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stands on no test function"):
        told(traceability, tmp_path, test=A_TEST.replace("def test_the", "def the"))


def test_a_row_with_an_unknown_field_is_refused(traceability: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="S1: expected a title"):
        told(traceability, tmp_path, ROWS.replace("rules:", "rulez:"))


def test_the_page_shows_rule_reason_and_test(traceability: ModuleType, tmp_path: Path) -> None:
    told(traceability, tmp_path)
    page = traceability.page(
        traceability.read_table(tmp_path / "rows.yaml"), traceability.read_markers(tmp_path / "tests", tmp_path)
    )
    assert "| hazards | 2 |" in page
    assert "| S1 | An answer is lost | [wire.py](../src/wire.py): asks the books |" in page
    assert "[the books are asked](../tests/test_wire.py) |" in page
    assert "*Does not apply:* we do not trade there" in page
