"""Which clock of the machine does a strategy ask, however it asks?

Clocks written in C are heard of by the interpreter, call by call. Types, and what is compiled as in pandas, it passes
over in silence: for the time of the asking stand-ins take their places, which tell and then answer as they would.
A clock asked by a function in C on behalf of the strategy, as by `map(time.ctime, [None])`, is not heard.
"""

import sys
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from opcode import opname
from types import FrameType
from typing import Any, TypeAlias

import numpy as np

Namespace: TypeAlias = MutableMapping[str, Any]
Tell: TypeAlias = Callable[[str], None]

_NO_CLOCK = frozenset({"mktime", "strptime", "sleep", "tzset", "get_clock_info", "clock_getres"})
"""Functions of `time` that do not say what time it is; every other one does."""
_CONVERSIONS = {"gmtime": 1, "localtime": 1, "ctime": 1, "asctime": 1, "strftime": 2}
"""Those that convert a time that is given, and the machine's if it is not: how many arguments then are given."""
_CALENDAR_CLOCK = frozenset({"now", "utcnow", "today"})
_WORDS = frozenset({"now", "today"})
"""What numpy and pandas read as the machine's time."""


def clock_called(frame: FrameType, function: Any) -> str:
    """Return the name of the clock that a call of a function in C asks, or nothing; `frame` is the caller's."""
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if owner is time and name not in _NO_CLOCK:
        is_given = name in _CONVERSIONS and _arguments(frame) >= _CONVERSIONS[name]
        return "" if is_given else f"time.{name}"
    if isinstance(owner, type) and issubclass(owner, date) and name in _CALENDAR_CLOCK:
        return f"{owner.__name__}.{name}"
    return ""


@contextmanager
def stand_ins(strategy: object, tell: Tell) -> Iterator[None]:
    """Put what tells of clocks into the places of those of numpy and pandas that the interpreter is silent about.

    The strategy's own module may have taken them by name. Pandas is watched only where something has imported it.
    """
    taken = [vars(np), *_modules_of(type(strategy))]
    with ExitStack() as undo:
        _replace(undo, taken, np.datetime64, _datetime64(tell))
        pandas = sys.modules.get("pandas")
        if pandas is not None:
            _watch_pandas(undo, [vars(pandas), *taken], pandas, tell)
        yield


def _arguments(frame: FrameType) -> int:
    """Return how many arguments a frame passes in the call at which it stands; 0 for a list of unknown length."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return 0 if opname[code[at]] == "CALL_FUNCTION_EX" else code[at + 1]


def _modules_of(kind: type) -> list[Namespace]:
    functions = (each for parent in kind.__mro__ for each in vars(parent).values())
    found = {id(names): names for each in functions if (names := getattr(each, "__globals__", None)) is not None}
    return list(found.values())


def _replace(undo: ExitStack, places: Sequence[Namespace], real: Any, stand_in: Any) -> None:
    """Put a stand-in wherever the real thing has a name, until the stack is left."""
    for place in places:
        for known_as in [key for key, value in place.items() if value is real]:
            place[known_as] = stand_in
            undo.callback(place.__setitem__, known_as, real)


def _datetime64(tell: Tell) -> type:
    """Return what looks like `numpy.datetime64`, makes such, and tells of those that are made of the machine's time."""
    real = np.datetime64

    class Watching(type):
        def __call__(cls, *arguments: Any, **named: Any) -> Any:
            _tell_of_words("numpy.datetime64", arguments, tell)
            return real(*arguments, **named)

        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

        def __subclasscheck__(cls, kind: type) -> bool:
            return issubclass(kind, real)

        def __eq__(cls, other: object) -> bool:
            return other is cls or other is real

        def __hash__(cls) -> int:
            return hash(real)

    return Watching("datetime64", (real,), {})


def _watch_pandas(undo: ExitStack, places: Sequence[Namespace], pandas: Any, tell: Tell) -> None:
    real, timestamp = pandas.to_datetime, pandas.Timestamp

    def to_datetime(*arguments: Any, **named: Any) -> Any:
        _tell_of_words("pandas.to_datetime", (*arguments, *named.values()), tell)
        return real(*arguments, **named)

    _replace(undo, places, real, to_datetime)
    made = timestamp.__dict__["__new__"]

    def new(cls: type, *arguments: Any, **named: Any) -> Any:
        _tell_of_words("pandas.Timestamp", (*arguments, *named.values()), tell)
        return made(cls, *arguments, **named)

    undo.callback(setattr, timestamp, "__new__", made)
    timestamp.__new__ = new
    for name in _CALENDAR_CLOCK:
        asked = timestamp.__dict__[name]
        undo.callback(setattr, timestamp, name, asked)
        setattr(timestamp, name, classmethod(_telling(f"pandas.Timestamp.{name}", asked, tell)))


def _telling(name: str, asked: Any, tell: Tell) -> Callable[..., Any]:
    def ask(cls: type, *arguments: Any, **named: Any) -> Any:
        tell(name)
        return asked.__get__(None, cls)(*arguments, **named)

    return ask


def _tell_of_words(name: str, arguments: Sequence[Any], tell: Tell) -> None:
    for word in arguments:
        if isinstance(word, str) and word.lower() in _WORDS:
            tell(f"{name}({word!r})")
