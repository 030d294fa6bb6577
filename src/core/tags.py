"""Order tags: how we find our own orders in the broker's books. Made from counters, never from chance.

16 characters of 0-9 and A-V, inside FYERS' 1 to 30 alphanumerics:
`Q` + day (3) + log (2) + boot (3) + number (4) + purpose (1) + check (2).
The broker does not refuse a tag used twice, so uniqueness is ours: a log never reuses a boot, a boot never a number.
"""

import zlib
from datetime import date

from core.orders import Purpose

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
"""Every number of two digits."""
_FIRST_DAY = date(2020, 1, 1).toordinal()
LENGTH = 16


def order_tag(day: date, log_id: str, boot: int, number: int, purpose: Purpose) -> str:
    """Make the tag of the `number`-th intent of a boot. Raises `ValueError` when a counter no longer fits."""
    body = f"Q{_base32(day.toordinal() - _FIRST_DAY, 3)}{log_id}{_base32(boot, 3)}{_base32(number, 4)}{purpose.value}"
    return body + _check(body)


class Tagger:
    """Numbers the intents of a boot; every maker of orders draws from the same one."""

    def __init__(self) -> None:
        self._boot = 0
        self._number = 0

    def next(self, day: date, log_id: str, boot: int, purpose: Purpose) -> str:
        """Return a tag never given before in this log."""
        if boot != self._boot:
            self._boot, self._number = boot, 0
        self._number += 1
        return order_tag(day, log_id, boot, self._number, purpose)


def is_ours(tag: str) -> bool:
    """Whether a tag was made by this program: right length, prefix and check characters."""
    return len(tag) == LENGTH and tag[0] == "Q" and _check(tag[:-2]) == tag[-2:]


def is_of_log(tag: str, log_id: str) -> bool:
    """Whether one of our tags was made from a log; any log makes a tag once."""
    return bool(log_id) and is_ours(tag) and tag[4:6] == log_id


def purpose_of(tag: str) -> Purpose:
    """Return the purpose written in one of our tags."""
    return Purpose(tag[-3])


def log_id_from(seed: int) -> str:
    """Turn any number into the two characters that name a log."""
    return _base32(seed % 1024, 2)


def _check(body: str) -> str:
    return _PAIRS[zlib.crc32(body.encode()) % len(_PAIRS)]


def _base32(number: int, width: int) -> str:
    if not 0 <= number < 32**width:
        raise ValueError(f"{number} does not fit into {width} characters of a tag")
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
