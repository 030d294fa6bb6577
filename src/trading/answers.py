"""What a call to the broker came back with: an answer, or a failure that says whether any byte had left.

The FYERS SDK folds a lost connection, a page of HTML and a true refusal into one dictionary with code -99. Here they
stay apart, because only some of them prove that an order does not exist. The body is hostile until decoded: its size,
depth and numbers are bounded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

from core.errors import DataError

MAX_BODY_BYTES = 5_000_000
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer, whatever it says."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)

    @property
    def retry_after_seconds(self) -> float:
        """How long the server asks us to stay away; 0 when it does not say or says nonsense."""
        milliseconds = _number(self.headers.get("x-retry-after-ms", ""))
        return milliseconds / 1000 if milliseconds else _number(self.headers.get("retry-after", ""))


@dataclass(frozen=True, slots=True)
class Failure:
    """There is no answer."""

    sent: bool
    """False only if it is certain that not one byte of the request left."""
    reason: str
    """One line for the log."""


Exchange: TypeAlias = Answer | Failure


def json_object(answer: Answer) -> dict[str, Any]:
    """Decode a body that must be one JSON object. Raises `DataError` that names the HTTP status and what is wrong."""
    if len(answer.body) > MAX_BODY_BYTES:
        raise DataError(f"HTTP {answer.status} with {len(answer.body)} bytes; at most {MAX_BODY_BYTES} are read")
    try:
        decoded = json.loads(answer.body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise DataError(f"HTTP {answer.status} with JSON nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise DataError(f"HTTP {answer.status} without readable JSON ({type(error).__name__})") from None
    if not isinstance(decoded, dict):
        raise DataError(f"HTTP {answer.status} with a JSON {type(decoded).__name__}; expected an object")
    _refuse_depth(answer.status, decoded)
    return decoded


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_depth(status: int, decoded: dict[str, Any]) -> None:
    level: list[Any] = [decoded]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
        if not level:
            return
    raise DataError(f"HTTP {status} with JSON nested deeper than {MAX_DEPTH} levels")


def _children(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node


def _number(text: str) -> float:
    # Digits only: `float` would also take `inf`, `nan` and underscores.
    return float(text) if len(text) <= 12 and text.replace(".", "", 1).isdecimal() else 0.0
