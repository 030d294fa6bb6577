"""What a call to the broker came back with: an answer, or a failure that says whether any byte had left.

The FYERS SDK folds a lost connection, a page of HTML and a true refusal into one dictionary with code -99. Here they
stay apart, because only some of them prove that an order does not exist. The body is hostile until decoded: its size,
depth and numbers are bounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from core.errors import DataError
from trading.strict_json import is_deeper_than, strict_json

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


CallResult: TypeAlias = Answer | Failure


def json_object(answer: Answer) -> dict[str, Any]:
    """Decode a body that must be one JSON object. Raises `DataError` that names the HTTP status and what is wrong."""
    if len(answer.body) > MAX_BODY_BYTES:
        raise DataError(f"HTTP {answer.status} with {len(answer.body)} bytes; at most {MAX_BODY_BYTES} are read")
    try:
        decoded = strict_json(answer.body.decode("utf-8"))
    except RecursionError:
        raise DataError(f"HTTP {answer.status} with JSON nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise DataError(f"HTTP {answer.status} without readable JSON ({type(error).__name__})") from None
    if not isinstance(decoded, dict):
        raise DataError(f"HTTP {answer.status} with a JSON {type(decoded).__name__}; expected an object")
    if is_deeper_than(decoded, MAX_DEPTH):
        raise DataError(f"HTTP {answer.status} with JSON nested deeper than {MAX_DEPTH} levels")
    return decoded


def _number(text: str) -> float:
    # Digits only: `float` would also take `inf`, `nan` and underscores.
    return float(text) if len(text) <= 12 and text.replace(".", "", 1).isdecimal() else 0.0
