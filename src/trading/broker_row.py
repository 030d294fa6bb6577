"""One row from the broker, read strictly: a field is what it should be, or the row is refused by name.

The broker's dictionaries have no schema. A quantity of None, a price as text or a number without end must stop here
and not turn into a position.
"""

import contextlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.errors import DataError
from core.instants import Instant, instant_of

LONGEST_TEXT = 300
_LARGEST_WHOLE = 10**12
_LARGEST_RUPEES = 10**12
_LATEST_SECOND = 1 << 33
"""Seconds since 1970, in the year 2242: no calendar of ours goes there, and later ones have no date at all."""
_MOST_DIGITS = 10
_INDIA = " +0530"
_TIME_LAYOUTS = ("%d-%b-%Y %H:%M:%S", "%d-%m-%Y %H:%M:%S")
_NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")


def plain_text(text: str) -> str:
    """Make the broker's words fit for one line of a log: no control or direction characters, at most 300 characters."""
    return _NOT_PRINTED.sub(" ", text[: 4 * LONGEST_TEXT]).strip()[:LONGEST_TEXT]


def shown(value: object) -> str:
    """Return what somebody else wrote as a short piece of a message, whatever it is."""
    return plain_text(repr(value))[:60]


def units(rupees: float, scale: int) -> int:
    """Convert rupees from the wire to the nearest whole unit: 812.35 is 81235 at scale 2."""
    return round(rupees * float(10**scale))


class BrokerRow:
    """Typed access to one decoded JSON object. Every method raises `DataError` that names the row and the field."""

    def __init__(self, kind: str, row: object, absent_is_zero: bool = False) -> None:
        """`kind` names the row in messages. The order socket leaves out fields that are zero: `absent_is_zero`."""
        if not isinstance(row, Mapping):
            raise DataError(f"{kind}: expected an object, got {shown(row)}")
        self._kind = kind
        self._row: Mapping[str, Any] = row
        self._absent_is_zero = absent_is_zero

    def identifier(self, name: str) -> str:
        """A non-empty key, text or whole number on the wire."""
        value = self._row.get(name)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not text or plain_text(text) != text:
            raise self._error(name, value, "a non-empty text")
        return text

    def words(self, name: str) -> str:
        """Free text; a missing one is empty."""
        value = self._row.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._error(name, value, "a text")
        return plain_text(value)

    def tag(self, name: str) -> str:
        """What a person or a program marked an order with: some write a number or a truth. A missing one is empty."""
        value = self._row.get(name)
        return str(value) if isinstance(value, int | float) else self.words(name)

    def whole(self, name: str, at_least: int = 0) -> int:
        """A whole number, which some writers of JSON spell with a decimal point."""
        value = self._number(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or not at_least <= value <= _LARGEST_WHOLE:
            raise self._error(name, value, f"a whole number from {at_least}")
        return value

    def signed(self, name: str) -> int:
        """A whole number that may be below zero."""
        return self.whole(name, at_least=-_LARGEST_WHOLE)

    def rupees(self, name: str, at_least: float = 0) -> float:
        """An amount or price as the broker writes it."""
        value = self._number(name)
        # A comparison with NaN is false, so this refuses it and the infinities too.
        if not at_least <= value <= _LARGEST_RUPEES:
            raise self._error(name, value, f"an amount from {at_least}")
        return value

    def units(self, name: str, scale: int) -> int:
        """A price or value, zero or above, in whole units."""
        return units(self.rupees(name), scale)

    def signed_units(self, name: str, scale: int) -> int:
        """An amount of money that may be below zero, in whole units."""
        return units(self.rupees(name, at_least=-_LARGEST_RUPEES), scale)

    def moment(self, name: str) -> Instant:
        """A wall time in India; the books and the order socket write it differently."""
        value = self._row.get(name)
        for layout in _TIME_LAYOUTS:
            with contextlib.suppress(ValueError):
                return instant_of(datetime.strptime(f"{value}{_INDIA}", f"{layout} %z"))
        raise self._error(name, value, f"a time like {' or '.join(_TIME_LAYOUTS)}")

    def epoch(self, name: str) -> int:
        """Seconds since 1970, as a number or as digits; 0 where there are none."""
        value = self._row.get(name)
        if value is None:
            return 0
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        is_text = isinstance(value, str) and len(value) <= _MOST_DIGITS and value.isascii() and value.isdecimal()
        if not (is_number or is_text) or not 0 <= int(value) <= _LATEST_SECOND:
            raise self._error(name, value, "epoch seconds")
        return int(value)

    def rows(self, name: str) -> list[Any]:
        """A list; an empty book may come without its key or as null."""
        value = self._row.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._error(name, value, "a list")
        return value

    def refuse(self, name: str, expected: str) -> DataError:
        """Return the error for a field whose value means nothing to us."""
        return self._error(name, self._row.get(name), expected)

    def _number(self, name: str) -> int | float:
        value = self._row.get(name)
        if value is None and self._absent_is_zero and name not in self._row:
            return 0
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(name, value, "a number")
        return value

    def _error(self, name: str, value: object, expected: str) -> DataError:
        if name not in self._row:
            return DataError(f"{self._kind}: field {name!r} is missing; expected {expected}")
        return DataError(f"{self._kind}: field {name!r} is {shown(value)}; expected {expected}")
