"""From what is asked for to a space: what the strategy declares, exits and sizing, and ranges by the command line."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import yaml
from pydantic import ValidationError

from backtest.hyperopt.space import Dimension, Space, stepped
from backtest.run_options import names_in
from core.errors import ConfigurationError
from core.sizing import SizingMethod
from runtime.settings import ExitSettings, Section, Settings, SizingSettings
from strategies.base_strategy import Parameter


class Part(Enum):
    """What can be searched."""

    STRATEGY = "strategy"
    EXITS = "exits"
    SIZING = "sizing"


_EXITS = (
    Parameter("exits.stop_atr", float, low=0.5, high=5.0, step=0.25),
    Parameter("exits.target_atr", float, low=0.5, high=10.0, step=0.5),
    Parameter("exits.trail_atr", float, low=0.0, high=5.0, step=0.5),
)
_SIZING = {
    SizingMethod.CAPITAL: (Parameter("sizing.capital_fraction", float, low=0.05, high=1.0, step=0.05),),
    SizingMethod.RISK: (Parameter("sizing.risk_fraction", float, low=0.0005, high=0.01, step=0.0005),),
    SizingMethod.FIXED: (),
}
_SECTIONS: Mapping[str, type[Section]] = {"exits": ExitSettings, "sizing": SizingSettings}


def parts_of(written: Sequence[str]) -> tuple[Part, ...]:
    """Read `strategy,exits`; nothing means the strategy. Raises `ConfigurationError`."""
    names, known = names_in(written), {part.value: part for part in Part}
    for name in names:
        if name not in known:
            raise ConfigurationError(f"--spaces {name}: must be of {', '.join(known)}")
    return tuple(known[name] for name in names) or (Part.STRATEGY,)


def space_of(
    declared: Sequence[Parameter],
    fixed: Mapping[str, Any],
    parts: Sequence[Part],
    ranges: Sequence[str],
    chosen: Settings,
) -> Space:
    """Return what is searched: the parts' parameters that are not fixed, and those a range is given for.

    `declared` are the strategy's parameters, `ranges` is as on the command line: `fast=5..20`, `fast=5..20:5` or
    `fast=5,9,13`. Raises `ConfigurationError` for what cannot be searched, and when nothing is left to search.
    """
    offered = _offered(declared, chosen)
    known = {each.name: each for each in (*declared, *_EXITS, *_all_sizing())}
    given = _given(ranges, known)
    for name in given.keys() & fixed.keys():
        raise ConfigurationError(f"--range {name}: --param {name} fixes it; leave one of them out")
    names = [each.name for part in parts for each in offered[part] if each.name not in fixed and _is_bounded(each)]
    dimensions = [given.get(name) or _declared(known[name]) for name in dict.fromkeys([*names, *given])]
    if not dimensions:
        raise ConfigurationError(
            f"nothing to search: {chosen.strategy.name} declares no range of a parameter that --param leaves open; "
            "give --range name=low..high, or --spaces exits"
        )
    return Space(tuple(dimensions))


def _given(ranges: Sequence[str], known: Mapping[str, Parameter]) -> Mapping[str, Dimension]:
    """Read all `--range`, one for each parameter."""
    given: dict[str, Dimension] = {}
    for written in ranges:
        name, dimension = _range(written, known)
        if name in given:
            raise ConfigurationError(
                f"--range {written}: {name} has a range already; give one, as {name}=5..9 or {name}=5,9"
            )
        given[name] = dimension
    return given


def _offered(declared: Sequence[Parameter], chosen: Settings) -> Mapping[Part, Sequence[Parameter]]:
    sizing = _SIZING[SizingMethod(chosen.sizing.method)]
    return {Part.STRATEGY: declared, Part.EXITS: _EXITS, Part.SIZING: sizing}


def _all_sizing() -> list[Parameter]:
    return [each for group in _SIZING.values() for each in group]


def _is_bounded(each: Parameter) -> bool:
    return bool(each.choices) or each.type is bool or (each.low is not None and each.high is not None)


def _declared(each: Parameter) -> Dimension:
    """Return the range that a parameter declares, in its own steps."""
    if each.choices or each.type is bool:
        return _listed(each.name, each.choices or (False, True))
    low, high = _number(each.low, each), _number(each.high, each)
    step = each.step or (1 if each.type is int else None)
    return stepped(each.name, low, high, step) if step else Dimension(each.name, low=low, high=high)


def _number(bound: float | None, each: Parameter) -> float:
    return int(bound or 0) if each.type is int else float(bound or 0)


def _range(written: str, known: Mapping[str, Parameter]) -> tuple[str, Dimension]:
    """Read one `--range`."""
    name, _, text = (part.strip() for part in written.partition("="))
    each = known.get(name)
    if each is None:
        raise ConfigurationError(f"--range {written}: there is no parameter {name!r} (there are {', '.join(known)})")
    ends, _, step_text = text.partition(":")
    low_text, dots, high_text = ends.partition("..")
    if not dots:
        values = tuple(_value(part, written, each) for part in text.split(","))
        _check(values, each)
        return name, _listed(name, values)
    low, high = _value(low_text, written, each), _value(high_text, written, each)
    step = _value(step_text, written, each) if step_text else (1 if each.type is int else each.step)
    if not all(isinstance(end, int | float) for end in (low, high)) or high < low or (step is not None and step <= 0):
        raise ConfigurationError(f"--range {written}: give the lower end first and a step above 0, as {name}=5..20:5")
    _check((low, high), each)
    return name, stepped(name, low, high, step) if step else Dimension(name, low=low, high=high)


def _listed(name: str, values: Sequence[Any]) -> Dimension:
    is_numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return Dimension(name, tuple(sorted(set(values)) if is_numeric else dict.fromkeys(values)), is_ordered=is_numeric)


def _value(text: str, written: str, each: Parameter) -> Any:
    """Read one value as the parameter has it: a whole number is good for a float."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if each.type is float and type(value) is int:
        value = float(value)
    if value is None or not (each.type is None or type(value) is each.type):
        wanted = each.type.__name__ if each.type else "a value"
        raise ConfigurationError(f"--range {written}: {text.strip()!r} is not {wanted}, which {each.name} takes")
    return value


def _check(values: Sequence[Any], each: Parameter) -> None:
    """Hold values to the limits that hold without a search, too. Raises `ConfigurationError`."""
    section, dot, name = each.name.partition(".")
    for value in values:
        if not dot:
            each.check(value)
            continue
        try:
            _SECTIONS[section].model_validate({name: value})
        except ValidationError as error:
            reason = error.errors(include_url=False)[0]["msg"].replace("Input should be", "must be")
            raise ConfigurationError(f"--range {each.name}: {value} {reason}") from None
