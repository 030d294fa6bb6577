"""Events as text and back. One canonical form, so that equal events are equal bytes and a log can be hashed.

A fact is a JSON array of its fields in order, an enum its value, a tuple or list an array, a dict an array of pairs in
the order of insertion, a set a sorted array. The log stores the class name beside an event. Types come from the classes
themselves, so a new event needs nothing here; a new field at the end of an old one needs a default, which stands for it
in the logs of before.

A reading of a full order book is hundreds of rows, written before the bot acts: so each type has a writer of its own,
made once.
"""

import json
import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from core import events
from core.errors import DataError

Fact = TypeVar("Fact")
KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(events.Event)}
_PLAIN = {int, str, float, bool}
_ARRAYS = {tuple, list, set, frozenset}
# A fact holds no part of itself, so nobody has to look out for circles.
_to_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_from_text = json.JSONDecoder().decode


def encode(event: events.Event) -> tuple[str, str]:
    """Return the kind and the canonical JSON of an event."""
    return type(event).__name__, encode_fact(event)


def decode(kind: str, text: str) -> events.Event:
    """Build the event again. Raises `DataError` for an unknown kind or a body of another shape."""
    event_type = KINDS.get(kind)
    if event_type is None:
        raise DataError(f"event kind {kind!r} is unknown: the log was written by a newer version")
    event: events.Event = _decoded(event_type, text, f"event {kind} has a body")
    return event


def encode_fact(fact: Any) -> str:
    """Return the canonical JSON of any dataclass of numbers, texts, dates, enums, other facts and arrays of them.

    Raises `TypeError` for a field of another type.
    """
    fact_type: type = type(fact)
    return _to_text(_writer(fact_type)(fact))


def decode_fact(fact_type: type[Fact], text: str) -> Fact:
    """Build a fact again from what `encode_fact` made of it. Raises `DataError` for a text of another shape."""
    fact: Fact = _decoded(fact_type, text, f"{fact_type.__name__} has a text")
    return fact


def _decoded(fact_type: type, text: str, what: str) -> Any:
    read = _reader(fact_type)
    try:
        return read(_from_text(text))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(f"{what} that cannot be read: {error}") from error


def _optional(annotation: Any) -> Any:
    """Return what an annotation allows beside None; None for one that is no such choice."""
    if get_origin(annotation) not in {Union, types.UnionType}:
        return None
    choices = [argument for argument in get_args(annotation) if argument is not types.NoneType]
    if len(choices) != 1:
        raise TypeError(f"{annotation} cannot be stored: a value does not tell which of its types it has")
    return choices[0]


def _is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _is_fact(annotation: Any) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation)


# --- to plain values ------------------------------------------------------------------------------------------------


def _as_it_is(value: Any) -> Any:
    return value


@cache
def _writer(annotation: Any) -> Callable[[Any], Any]:
    """Return the function that turns a value of a type into what JSON knows."""
    if (choice := _optional(annotation)) is not None:
        inner = _writer(choice)
        return inner if inner is _as_it_is else lambda value: None if value is None else inner(value)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in _ARRAYS:
        return _array_writer(origin, arguments)
    if origin is dict:
        key, content = _writer(arguments[0]), _writer(arguments[1])
        return lambda value: [(key(name), content(item)) for name, item in value.items()]
    if annotation is date:
        return date.isoformat
    if _is_enum(annotation):
        return attrgetter("_value_")
    if _is_fact(annotation):
        return _fact_writer(annotation)
    if annotation in _PLAIN:
        return _as_it_is
    raise TypeError(f"{annotation} cannot be stored")


def _array_writer(origin: type, arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    item = _item(arguments, _writer)
    if origin in {set, frozenset}:
        return lambda value: sorted(map(item, value))
    return _as_it_is if item is _as_it_is else lambda value: list(map(item, value))


def _fact_writer(fact: type) -> Callable[[Any], Any]:
    hints = get_type_hints(fact)
    paths: list[str] = []
    changes: list[tuple[int, Callable[[Any], Any]]] = []
    for place, field in enumerate(fields(fact)):
        hint = hints[field.name]
        # The value of an enum is read on the way, in the same sweep that reads the fields.
        paths.append(f"{field.name}._value_" if _is_enum(hint) else field.name)
        if not _is_enum(hint) and (write := _writer(hint)) is not _as_it_is:
            changes.append((place, write))
    read_all = attrgetter(*paths)
    if len(paths) == 1:
        return lambda value: [read_all(value)]
    if not changes:
        return read_all

    def write_fact(value: Any) -> list[Any]:
        plain = list(read_all(value))
        for place, write in changes:
            plain[place] = write(plain[place])
        return plain

    return write_fact


# --- and back -------------------------------------------------------------------------------------------------------


@cache
def _reader(annotation: Any) -> Callable[[Any], Any]:
    """Return the function that builds a value of a type from its plain form."""
    if (choice := _optional(annotation)) is not None:
        inner = _reader(choice)
        return inner if inner is _as_it_is else lambda plain: None if plain is None else inner(plain)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in _ARRAYS:
        item = _item(arguments, _reader)
        return lambda plain: origin(map(item, plain))
    if origin is dict:
        key, content = _reader(arguments[0]), _reader(arguments[1])
        return lambda plain: {key(name): content(item) for name, item in plain}
    if annotation is date:
        return date.fromisoformat
    if _is_enum(annotation):
        return {each.value: each for each in annotation}.__getitem__  # four times as fast as calling the class
    if _is_fact(annotation):
        return _fact_reader(annotation)
    if annotation in _PLAIN:
        return _as_it_is
    raise TypeError(f"{annotation} cannot be stored")


def _item(arguments: tuple[Any, ...], of: Callable[[Any], Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Return the writer or reader of the items of an array. Raises `TypeError` for items of several types."""
    if len(set(arguments) - {Ellipsis}) != 1:
        raise TypeError(f"an array of {arguments} cannot be stored: its items have several types")
    return of(arguments[0])


def _fact_reader(fact: type) -> Callable[[Any], Any]:
    hints = get_type_hints(fact)
    names = [field.name for field in fields(fact)]
    readers = [(place, _reader(hints[name])) for place, name in enumerate(names)]
    changes = [(place, read) for place, read in readers if read is not _as_it_is]
    # A field that was added later stands last and has a default, so that an older log can still be read.
    fewest = sum(field.default is MISSING and field.default_factory is MISSING for field in fields(fact))
    # What can change may begin with values of its own making, and has moved on since: `__post_init__` has no say here.
    can_change = not fact.__dataclass_params__.frozen  # type: ignore[attr-defined]  # typeshed does not know it

    def read_fact(plain: Any) -> Any:
        if not fewest <= len(plain) <= len(names):
            raise ValueError(f"{len(plain)} fields for {fact.__name__}, which has {len(names)}")
        values = list(plain)
        for place, read in changes:
            if place < len(values):
                values[place] = read(values[place])
        made = fact(**dict(zip(names, values, strict=False)))
        if can_change:
            for name, value in zip(names, values, strict=False):
                setattr(made, name, value)
        return made

    return read_fact
