"""One value in the state, named by a path such as `level` or `positions.NSE:SBIN-EQ.stop`.

A dot goes one step down: into a field or property of a fact, or to the key of a dict or the place in a list. A symbol
with a dot of its own stands in brackets: `positions[NSE:USDINR26JAN83.25CE].stop`. A path is checked against the types
of the state before it is used, so that a misspelt field is an error on every day, not only while a position is open.
"""

import copy
import re
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, Union, get_args, get_origin, get_type_hints

from core.errors import DataError
from core.state import BotState
from core.tracking import OpenPosition, TrackedOrder

_STEP = re.compile(r"\[(?P<quoted>[^\]]+)\]\.?|(?P<plain>[^.\[\]]+)(?:\.|(?=\[)|$)")
_Step = Callable[[Any], Any]


class StatePath:
    """A checked path, ready to be followed as often as wanted."""

    def __init__(self, text: str) -> None:
        """Check a path. Raises `DataError` naming the step that leads nowhere, and what there is instead."""
        self.text = text
        self._steps = tuple(_check(text))

    def follow(self, state: BotState) -> Any:
        """Return the value, as something that cannot change any more; None where nothing stands just now."""
        value: Any = state
        for step in self._steps:
            if value is None:
                return None
            value = step(value)
        return _still(value)


def _check(text: str) -> list[_Step]:
    steps: list[_Step] = []
    known: Any = BotState
    for name in _names(text):
        step, known = _step(_present(known), name, text)
        steps.append(step)
    return steps


def _names(text: str) -> list[str]:
    names, place = [], 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            break
        names.append(match["quoted"] or match["plain"])
        place = match.end()
    if not names or place < len(text) or text.endswith("."):
        raise DataError(f"path {text!r} cannot be read; write steps with dots, a key with a dot of its own in brackets")
    return names


def _step(known: Any, name: str, text: str) -> tuple[_Step, Any]:
    """Return how to take one step from a value of a type, and the type it leads to."""
    origin, arguments = get_origin(known), get_args(known)
    if origin is dict and arguments[0] is str:
        return lambda value: value.get(name), arguments[1]
    if origin in {list, tuple} and name.isdecimal():
        place = int(name)
        return lambda value: value[place] if place < len(value) else None, arguments[0]
    there = _parts(known)
    if name not in there:
        options = f"there is {', '.join(sorted(there))}" if there else "the path ends before it"
        raise DataError(f"path {text!r}: {name!r} leads nowhere; {options}")
    return lambda value: getattr(value, name), there[name]


def _parts(known: Any) -> dict[str, Any]:
    """Return fields and properties of a fact with their types; nothing for any other type."""
    if not (isinstance(known, type) and is_dataclass(known)):
        return {}
    hints = get_type_hints(known)
    found = {field.name: hints[field.name] for field in fields(known)}
    for name, part in vars(known).items():
        if isinstance(part, property) and part.fget is not None:
            found[name] = get_type_hints(part.fget)["return"]
    return found


def _present(known: Any) -> Any:
    """Return what an optional type is when there is something."""
    if get_origin(known) in {Union, types.UnionType}:
        return next(choice for choice in get_args(known) if choice is not types.NoneType)
    return known


def _still(value: Any) -> Any:
    """Return a value that neither changes later nor can be used to change the state."""
    match value:
        case dict():
            return MappingProxyType({key: _still(item) for key, item in value.items()})
        case list() | tuple():
            return tuple(_still(item) for item in value)
        case set():
            return frozenset(value)
        case OpenPosition() | TrackedOrder():
            still = copy.copy(value)
            for field in fields(value):
                setattr(still, field.name, _still(getattr(value, field.name)))
            return still
        case _:
            return value
