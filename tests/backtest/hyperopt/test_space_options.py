"""From options to a space: what is declared, what is given by hand, and what is refused and why."""

import pytest

from backtest.hyperopt.space import LARGEST_GRID, Dimension, Space, stepped
from backtest.hyperopt.space_options import Part, parts_of, space_of
from core.errors import ConfigurationError
from runtime.configuration import load_settings
from strategies.base_strategy import Parameter, parameters_of
from strategies.opening_price_crossover import OpeningPriceCrossover
from strategies.simple_ma_crossover import SimpleMaCrossover

SETTINGS = load_settings(overrides={"strategy": {"name": "simple_ma_crossover"}}, environ={})
CROSSOVER = parameters_of(SimpleMaCrossover)


def space(*ranges: str, fixed: dict | None = None, parts: tuple[Part, ...] = (Part.STRATEGY,), declared=CROSSOVER):
    found = space_of(declared, fixed or {}, parts, ranges, SETTINGS)
    return {each.name: list(each.values) or (each.low, each.high) for each in found.dimensions}


def test_without_ranges_the_declared_ones_are_searched() -> None:
    assert {name: (values[0], values[-1]) for name, values in space().items()} == {"fast": (2, 499), "slow": (3, 500)}


def test_ranges_have_ends_steps_or_a_list() -> None:
    assert space("fast=5..20:5", "slow=34,21,89,21") == {"fast": [5, 10, 15, 20], "slow": [21, 34, 89]}
    assert space("fast=5..7", fixed={"slow": 9}) == {"fast": [5, 6, 7]}
    declared = parameters_of(OpeningPriceCrossover)
    assert space("band=0.001..0.0031:0.001", declared=declared) == {"band": [0.001, 0.002, 0.003]}


def test_steps_of_floats_gather_no_dust() -> None:
    assert list(stepped("x", 0.1, 0.7, 0.1).values) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def test_exits_and_sizing_are_searched_when_asked_for_or_given_a_range() -> None:
    only_exits = space(parts=(Part.EXITS,))
    assert list(only_exits) == ["exits.stop_atr", "exits.target_atr", "exits.trail_atr"]
    assert list(space(parts=(Part.SIZING,))) == ["sizing.risk_fraction"]
    assert space("exits.stop_atr=1,2.5", fixed={"fast": 3, "slow": 8}) == {"exits.stop_atr": [1.0, 2.5]}


def test_truth_values_and_words_are_searched_by_their_choices() -> None:
    declared = (Parameter("is_bold", bool, False), Parameter("way", str, "up", choices=("up", "down")))
    assert space(declared=declared) == {"is_bold": [False, True], "way": ["up", "down"]}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("quick=3..5", "there is no parameter 'quick'"),
        ("fast=20..5", "lower end first"),
        ("fast=5..20:0", "step above 0"),
        ("fast=1.5,2", "'1.5' is not int"),
        ("fast=soon", "'soon' is not int"),
        ("fast=1..5", "strategy.params.fast: 1 is out of range"),
        ("exits.stop_atr=0..3", "exits.stop_atr: 0.0 must be greater than 0"),
    ],
)
def test_a_range_that_cannot_be_is_one_line(given: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words.replace("(", r"\(")):
        space(given)


def test_what_is_fixed_is_not_searched_and_something_must_be_left() -> None:
    with pytest.raises(ConfigurationError, match="--param fast fixes it"):
        space("fast=3..5", fixed={"fast": 4})
    with pytest.raises(ConfigurationError, match="nothing to search"):
        space(fixed={"fast": 4, "slow": 9})


def test_unknown_parts_are_refused() -> None:
    assert parts_of(["strategy,exits"]) == (Part.STRATEGY, Part.EXITS)
    with pytest.raises(ConfigurationError, match="--spaces exit: must be of strategy, exits, sizing"):
        parts_of(["exit"])


def test_a_grid_counts_before_it_is_laid_out() -> None:
    small = Space((Dimension("a", (1, 2)), Dimension("b", ("x", "y"))))
    assert list(small.grid())[1] == {"a": 1, "b": "y"}
    with pytest.raises(ConfigurationError, match=f"at most {LARGEST_GRID:,} are run; narrow a"):
        list(Space((Dimension("a", range(1000)), Dimension("b", range(999)))).grid())
    with pytest.raises(ConfigurationError, match="a grid needs steps"):
        list(Space((Dimension("a", low=0.0, high=1.0),)).grid())


def test_a_second_range_of_one_parameter_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="--range fast=9: fast has a range already; give one"):
        space("fast=5", "slow=20,30", "fast=9")


@pytest.mark.parametrize(
    ("written", "again"),
    [
        ("fast=3..15", "fast=3..15"),
        ("fast=5..21:5", "fast=5..20:5"),
        ("fast=3..3", "fast=3"),
        ("fast=9,5", "fast=5,9"),
        ("exits.stop_atr=1..2:0.5", "exits.stop_atr=1.0,1.5,2.0"),
    ],
)
def test_a_dimension_is_told_as_a_range_that_gives_it_again(written: str, again: str) -> None:
    fixed = {"fast": 5, "slow": 99}
    fixed.pop(written.partition("=")[0], None)
    [dimension] = space_of(CROSSOVER, fixed, (Part.STRATEGY,), [written], SETTINGS).dimensions
    assert dimension.written == again


def test_a_dimension_without_steps_is_told_by_its_ends() -> None:
    assert Dimension("x", low=0.25, high=4.0).written == "x=0.25..4.0"
