"""Leaks planted in `on_data`: state, chance, clocks, files, dates, and what lies behind a row."""

import datetime
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy import datetime64

from backtest.strategy_check.check import check
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject
from core.signals import Direction, FeatureRow, Needs, Signal
from strategies.catalogue import strategy_named

from .conftest import SubjectOf

ON_DISK = """
from core.signals import Direction, Needs, Signal

SEEN = []

class Own:
    name = "own"
    needs = Needs(features=("return_1",))

    def on_data(self, now, before):
        SEEN.append(now.candle.close)
        if len(SEEN) % 7:
            return None
        wish = {"direction": Direction.LONG, "probability": 1.0, "source": "own", "reason": "so"}
        return Signal(symbol=now.symbol, at=now.closed_at, **wish)
"""


@dataclass
class Asked:
    """Long where a rule on the row and the strategy itself says so."""

    rule: Callable[[Any, FeatureRow], bool]
    memory: list[Any] = field(default_factory=list)
    name: str = "asked"
    needs: Needs = field(default_factory=lambda: Needs(features=("return_1",)))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return long(now) if self.rule(self, now) else None


def long(now: FeatureRow) -> Signal:
    return Signal(
        symbol=now.symbol, at=now.closed_at, direction=Direction.LONG, probability=1.0, source="asked", reason="so"
    )


def only(subject: Subject) -> Finding:
    [finding] = check(subject).findings
    return finding


def counts_calls(self: Asked, now: FeatureRow) -> bool:
    self.memory.append(now)
    return len(self.memory) % 10 == 0


def compares_with_the_call_before(self: Asked, now: FeatureRow) -> bool:
    self.memory.append(now.candle.close)
    return len(self.memory) > 1 and self.memory[-1] > self.memory[-2]


def keeps_a_position(self: Asked, now: FeatureRow) -> bool:
    if not self.memory and now["return_1"] > 0.002:
        self.memory.append(now.closed_at)
        return True
    return False


def draws_from_its_own_generator(self: Asked, now: FeatureRow) -> bool:
    if not self.memory:
        self.memory.append(np.random.default_rng(7))
    return bool(self.memory[0].random() > 0.5)


@pytest.mark.parametrize(
    "rule", [counts_calls, compares_with_the_call_before, keeps_a_position, draws_from_its_own_generator]
)
def test_memory_between_calls_is_state(subject_of: SubjectOf, rule: Callable[[Any, FeatureRow], bool]) -> None:
    subject = subject_of(lambda: Asked(rule))

    finding = only(subject)

    assert (finding.kind, finding.column, finding.cause) == (Kind.REPEAT, "on_data.direction", Cause.STATE)
    assert finding.row is not None
    assert subject.asked[0] <= finding.row < subject.asked[0] + 40


def test_memory_in_a_users_file_is_state(subject_of: SubjectOf, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(ON_DISK, encoding="utf-8")

    finding = only(subject_of(lambda: strategy_named("own", {}, tmp_path)))

    assert (finding.column, finding.cause) == ("on_data.direction", Cause.STATE)


def test_chance_is_found(subject_of: SubjectOf) -> None:
    chance = np.random.default_rng(3)
    subject = subject_of(lambda: Asked(lambda _, now: bool(chance.random() > 0.5)))

    finding = only(subject)

    assert (finding.kind, finding.column, finding.cause) == (Kind.REPEAT, "on_data.direction", Cause.CHANCE)
    assert finding.row is not None
    assert finding.row < subject.asked[0] + 20


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda: time.time() < 0, "time.time"),  # noqa: TID251 - the leak itself
        (lambda: time.clock_gettime(time.CLOCK_REALTIME) < 0, "time.clock_gettime"),
        (lambda: time.strftime("%Y") < "1970", "time.strftime"),
        (lambda: time.gmtime().tm_year < 1970, "time.gmtime"),
        (lambda: time.ctime() == "", "time.ctime"),
        (lambda: time.localtime(*[]).tm_year < 1970, "time.localtime"),
        (lambda: datetime.datetime.now().year < 1970, "datetime.now"),  # noqa: TID251 - the leak itself
        (lambda: datetime.datetime.utcnow().year < 1970, "datetime.utcnow"),  # noqa: TID251 - the leak itself
        (lambda: datetime.date.today().year < 1970, "date.today"),  # noqa: TID251 - the leak itself
        (lambda: np.datetime64("now") < np.datetime64("1970"), "numpy.datetime64('now')"),
        (lambda: datetime64("today") < datetime64("1970"), "numpy.datetime64('today')"),
        (lambda: pd.Timestamp.now().year < 1970, "pandas.Timestamp.now"),
        (lambda: pd.Timestamp.today().year < 1970, "pandas.Timestamp."),
        (lambda: pd.Timestamp("now").year < 1970, "pandas.Timestamp('now')"),
        (lambda: pd.to_datetime("today").year < 1970, "pandas.to_datetime('today')"),
    ],
)
def test_the_machines_clock_is_found_where_it_is_asked(
    subject_of: SubjectOf, read: Callable[[], bool], told: str
) -> None:
    subject = subject_of(lambda: Asked(lambda _, now: now["return_1"] > 0.003 and read()))
    asked = subject.asked
    first = next(row for row in asked if subject.table.values[row, 0] > 0.003)

    finding = only(subject)

    assert (finding.kind, finding.cause, finding.row) == (Kind.OUTSIDE, Cause.CLOCK, first)
    assert told in finding.detail


@pytest.mark.parametrize(("folder", "is_told"), [("site-packages", False), ("own", True)])
def test_a_library_may_ask_the_clock_for_itself(subject_of: SubjectOf, folder: str, is_told: bool) -> None:
    """As scikit-learn does, which takes the time of what it fits and foretells."""
    code = "import time\n\ndef timed(value):\n    began = time.time()\n    return value, time.time() - began\n"
    names: dict[str, Any] = {}
    exec(compile(code, f"/lib/{folder}/timing.py", "exec"), names)

    result = check(subject_of(lambda: Asked(lambda _, now: names["timed"](now["return_1"])[0] > 0.003)))

    assert [each.cause for each in result.findings] == [Cause.CLOCK] * is_told


@pytest.mark.parametrize(
    "convert",
    [
        lambda seconds: time.gmtime(seconds).tm_hour,
        lambda seconds: int(time.strftime("%H", time.gmtime(seconds))),
        lambda seconds: pd.Timestamp(seconds, unit="s").hour,
        lambda seconds: int(np.datetime64(int(seconds), "s").astype(datetime64).astype(np.int64)) // 3600 % 24,
        lambda seconds: datetime.datetime.fromtimestamp(seconds, datetime.UTC).hour,
    ],
)
def test_a_time_that_is_given_may_be_converted(subject_of: SubjectOf, convert: Callable[[float], int]) -> None:
    subject = subject_of(lambda: Asked(lambda _, now: convert(now.closed_at / 1e9) == 6))

    assert check(subject).findings == ()


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda: "LONG_ONLY" in os.environ, "os.environ"),
        (lambda: os.getenv("LONG_ONLY") == "yes", "os.environ"),
        (lambda: dict(os.environ) == {}, "os.environ"),
        (lambda: os.stat(os.curdir).st_mtime < 0, "os.stat"),  # noqa: PTH116 - the leak itself
        (lambda: not Path().exists(), "os.stat"),
        (lambda: os.listdir(os.curdir) == [""], "os.listdir"),  # noqa: PTH208 - the leak itself
        (lambda: list(os.scandir(os.curdir)) == [""], "os.scandir"),
        (lambda: list(Path().iterdir()) == [""], "os."),
    ],
)
def test_what_the_operating_system_says_is_outside(subject_of: SubjectOf, read: Callable[[], bool], told: str) -> None:
    subject = subject_of(lambda: Asked(lambda _, now: read()))

    finding = only(subject)

    assert (finding.kind, finding.cause, finding.row) == (Kind.OUTSIDE, Cause.READS_OUTSIDE, subject.asked[0])
    assert told in finding.detail


def test_numpy_and_pandas_are_left_as_they_were(subject_of: SubjectOf) -> None:
    names = ("__new__", "now", "today", "utcnow")
    before = np.datetime64, datetime64, pd.to_datetime, *(vars(pd.Timestamp)[name] for name in names)

    check(subject_of(lambda: Asked(lambda _, now: False)))

    assert before == (np.datetime64, datetime64, pd.to_datetime, *(vars(pd.Timestamp)[name] for name in names))


def test_a_file_read_while_deciding_is_found(subject_of: SubjectOf, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("1\n", encoding="utf-8")
    subject = subject_of(lambda: Asked(lambda _, now: path.read_text(encoding="utf-8") == ""))

    finding = only(subject)

    assert (finding.kind, finding.cause, finding.row) == (Kind.OUTSIDE, Cause.READS_OUTSIDE, subject.asked[0])
    assert str(path) in finding.detail


def test_a_table_of_prices_by_time_is_knowledge_of_dates(subject_of: SubjectOf) -> None:
    candles = subject_of(lambda: Asked(lambda _, now: False)).candles
    tomorrow = dict(zip(candles.starts[:-1].tolist(), candles.closes[1:].tolist(), strict=True))
    subject = subject_of(lambda: Asked(lambda _, now: tomorrow.get(now.candle.start, 0) > now.candle.close))
    first = next(row for row in subject.asked if candles.closes[row + 1] > candles.closes[row])

    finding = only(subject)

    assert (finding.kind, finding.cause, finding.row) == (Kind.DATES, Cause.KNOWS_DATES, first)
    assert finding.column == "on_data.direction"


def looks_behind_the_row(self: Asked, now: FeatureRow) -> bool:
    """In a backtest the row is a view of the whole table; live there is nothing behind it."""
    table = getattr(now.values, "base", None)
    if table is None:
        return False
    table = table if table.shape[0] > table.shape[1] else table.T
    [place] = np.flatnonzero(table[:, 0] == now.values[0])[:1]
    return place + 1 < len(table) and table[place + 1, 0] > 0


def test_what_lies_behind_a_row_is_the_future(subject_of: SubjectOf) -> None:
    subject = subject_of(lambda: Asked(looks_behind_the_row))

    finding = only(subject)

    assert (finding.kind, finding.column) == (Kind.TRUNCATION, "on_data.direction")
    assert (finding.cause, finding.detail) == (Cause.LOOKS_AHEAD, "looks ahead by 1 bar")
    assert finding.row == next(row for row in subject.asked if subject.table.values[row + 1, 0] > 0)


def writes(self: Asked, now: FeatureRow) -> bool:
    if isinstance(now.values, np.ndarray):
        now.values[0] = 0.5
    return False


def test_a_row_that_is_written_to_is_found(subject_of: SubjectOf) -> None:
    subject = subject_of(lambda: Asked(writes))

    finding = check(subject).findings[0]

    assert (finding.kind, finding.column, finding.cause) == (Kind.MUTATION, "return_1", Cause.WRITES)
    assert finding.row == subject.asked[0]
