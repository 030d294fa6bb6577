"""What if the rules had been others? `stop_atr=1.5` and `sizing.quantity=5`, as typed, make another `TradingRules`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from enum import Enum
from typing import Any, get_type_hints

from core.errors import ConfigurationError
from core.rules import TradingRules


def changed_rules(rules: TradingRules, assignments: Sequence[str]) -> TradingRules:
    """Return the rules with some values replaced. Raises `ConfigurationError` for a name or a value that is none."""
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        known = dict(_leaves(rules))
        if not separator or name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(
                f"--set {assignment}: give name=value{hint} (names are {', '.join(sorted(known))})"
            )
        rules = _replaced(rules, name.split("."), _value(assignment, text, known[name]))
    return rules


def _leaves(fact: Any, prefix: str = "") -> Iterator[tuple[str, type]]:
    """Yield the dotted names that can be set, each with the type of its value."""
    hints = get_type_hints(type(fact))
    for field in fields(fact):
        value, kind = getattr(fact, field.name), hints[field.name]
        if is_dataclass(value):
            yield from _leaves(value, f"{prefix}{field.name}.")
        elif isinstance(kind, type) and issubclass(kind, int | float | str | Enum):
            yield prefix + field.name, kind


def _replaced(fact: Any, path: list[str], value: Any) -> Any:
    name, *rest = path
    return replace(fact, **{name: _replaced(getattr(fact, name), rest, value) if rest else value})


def _value(assignment: str, text: str, kind: type) -> Any:
    texts: dict[str, Any] = {"true": True, "false": False} if kind is bool else {}
    if issubclass(kind, Enum):
        texts = {str(each.value): each for each in kind}
    if texts:
        if text not in texts:
            raise ConfigurationError(f"--set {assignment}: {text!r} is none of {', '.join(texts)}")
        return texts[text]
    read: Callable[[str], Any] = kind
    try:
        return read(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise ConfigurationError(f"--set {assignment}: {text!r} is not {wanted}") from None
