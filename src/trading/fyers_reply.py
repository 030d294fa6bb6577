"""Did FYERS say yes or no? What every answer has around its payload, whatever was asked."""

from dataclasses import dataclass
from typing import Any

from trading.broker_row import plain_text

_WORDS = ("ok", "error", "no_data")
_LARGEST_CODE = 999_999


@dataclass(frozen=True, slots=True)
class Reply:
    """The envelope of an answer."""

    word: str
    """`ok`, `error`, `no_data`; empty when it is none of FYERS' answers."""
    code: int
    message: str
    broker_id: str


def reply_from(payload: dict[str, Any]) -> Reply:
    """Read the envelope. Never raises: an odd part is read as absent, which no caller takes for a success."""
    word, code = payload.get("s"), payload.get("code")
    return Reply(
        word=word if word in _WORDS else "",
        code=code if isinstance(code, int) and not isinstance(code, bool) and abs(code) <= _LARGEST_CODE else 0,
        message=_message(payload),
        broker_id=_identifier(payload.get("id")),
    )


def _identifier(value: object) -> str:
    """Return an order's id, text or whole number as in the books; empty for anything else."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and plain_text(text) == text else ""


def _message(payload: dict[str, Any]) -> str:
    text = payload.get("message")
    details = payload.get("data")
    words = [text] if isinstance(text, str) else []
    # A refused parameter is explained in a dictionary beside the message.
    if isinstance(details, dict) and payload.get("s") == "error":
        words += [value for value in details.values() if isinstance(value, str)]
    return plain_text("; ".join(words))
