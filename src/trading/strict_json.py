"""JSON from somebody else: nothing in it that JSON does not know, and a measure for how deep it is nested."""

import json
from typing import Any, NoReturn


def strict_json(text: str | bytes) -> Any:
    """Decode a text. Raises `ValueError`, also for NaN and infinities, and `RecursionError` for absurd nesting."""
    return json.loads(text, parse_constant=_refuse_constant)


def is_deeper_than(content: Any, levels: int) -> bool:
    """Whether objects and arrays are nested in more levels than so many; a plain value is nested in none."""
    level = [content] if isinstance(content, dict | list) else []
    for _ in range(levels):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
    return bool(level)


def _children(node: dict[str, Any] | list[Any]) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
