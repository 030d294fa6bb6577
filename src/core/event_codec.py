"""Events as text and back. One canonical form, so that equal events are equal bytes and a log can be hashed.

A fact is a JSON array of its fields in order, an enum its value, a tuple an array. The log stores the class name
beside it. Types come from the classes themselves, so a new event needs nothing here; a new field at the end of an old
event needs a default, which stands for it in the logs of before.
"""

import json
import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from core import events
from core.errors import DataError

KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(events.Event)}


def encode(event: events.Event) -> tuple[str, str]:
    """Return the kind and the canonical JSON of an event."""
    return type(event).__name__, json.dumps(_plain(event), separators=(",", ":"), ensure_ascii=False)


def decode(kind: str, text: str) -> events.Event:
    """Build the event again. Raises `DataError` for an unknown kind or a body of another shape."""
    event_type = KINDS.get(kind)
    if event_type is None:
        raise DataError(f"event kind {kind!r} is unknown: the log was written by a newer version")
    try:
        event: events.Event = _reader(event_type)(json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"event {kind} has a body that cannot be read: {error}") from error
    return event


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value


@cache
def _reader(annotation: Any) -> Callable[[Any], Any]:
    """Return the function that builds a value of a type from its plain form."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        inner = _reader(next(argument for argument in arguments if argument is not type(None)))
        return lambda plain: None if plain is None else inner(plain)
    if origin is tuple:
        item = _reader(arguments[0])
        return lambda plain: tuple(item(element) for element in plain)
    if annotation is date:
        return date.fromisoformat
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    if is_dataclass(annotation) and isinstance(annotation, type):
        return _fact_reader(annotation)
    return lambda plain: plain


def _fact_reader(fact: type) -> Callable[[Any], Any]:
    hints = get_type_hints(fact)
    readers = [(field.name, _reader(hints[field.name])) for field in fields(fact)]
    # A field that was added later stands last and has a default, so that an older log can still be read.
    fewest = sum(field.default is MISSING and field.default_factory is MISSING for field in fields(fact))

    def read(plain: Any) -> Any:
        if not fewest <= len(plain) <= len(readers):
            raise ValueError(f"{len(plain)} fields for {fact.__name__}, which has {len(readers)}")
        values = {name: reader(value) for (name, reader), value in zip(readers, plain, strict=False)}
        return fact(**values)

    return read
