"""Answers that are no signals are red, in each face, at their first candle."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from backtest.strategy_check.check import check
from backtest.strategy_check.finding import Cause, Kind
from core.errors import StrategyError
from core.signals import Direction, FeatureRow, Needs, Signal
from features.batch import FeatureTable
from features.columns import CandleColumns
from strategies.base_strategy import SignalColumns

from .conftest import SubjectOf

NAN = float("nan")


@dataclass
class Answering:
    """Wants one thing after each candle that closes above its open, and nothing after the others."""

    direction: Any = Direction.LONG
    probability: Any = 1.0
    name: str = "answering"
    needs: Needs = field(default_factory=lambda: Needs(features=("return_1",)))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        if now.candle.close <= now.candle.open:
            return None
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=self.direction,
            probability=self.probability,
            source=self.name,
            reason="rose",
        )


@dataclass
class AnsweringAtOnce(Answering):
    """Says so of all candles, too, but with another number for the direction, or sure of it in another way."""

    said: Any = 1
    sure: float = 1.0

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:
        rises = candles.closes > candles.opens
        rises[1:] &= table.valid[1:] & table.valid[:-1]
        rises[0] = False
        return SignalColumns(np.where(rises, self.said, 0), np.where(rises, self.sure, 0.0))


@pytest.mark.parametrize(
    ("strategy", "column", "told"),
    [
        (Answering(probability=NAN), "on_data.answer", "returned the probability nan; return a float from 0 to 1"),
        (Answering(probability=1.01), "on_data.answer", "returned the probability 1.01; return a float from 0 to 1"),
        (Answering(direction=1), "on_data.answer", "returned the direction 1; return a Direction, as Direction.LONG"),
        (AnsweringAtOnce(said=7), "signals.answer", "returned the direction 7 at candle 2026-01-0"),
        (AnsweringAtOnce(said=1.5), "signals.answer", "returned the direction 1.5 at candle 2026-01-0"),
        (AnsweringAtOnce(sure=NAN), "signals.answer", "returned the probability nan at candle 2026-01-0"),
    ],
)
def test_an_answer_that_is_no_signal_is_red_at_its_first_candle(
    subject_of: SubjectOf, strategy: Answering, column: str, told: str
) -> None:
    subject = subject_of(lambda: strategy)
    rises = subject.candles.closes > subject.candles.opens
    first = next(row for row in subject.asked if rises[row])

    [finding] = check(subject).findings

    assert (finding.kind, finding.cause, finding.column) == (Kind.ANSWER, Cause.NO_SIGNAL, column)
    assert (finding.row, finding.at) == (first, int(subject.candles.starts[first]))
    assert told in finding.detail


def test_both_faces_are_told_of_and_one_without_a_candle_too(subject_of: SubjectOf) -> None:
    class Nothing(Answering):
        def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> None:
            return None

    findings = check(subject_of(lambda: Nothing(probability=NAN))).findings

    assert [each.column for each in findings] == ["on_data.answer", "signals.answer"]
    assert (findings[1].row, findings[1].at) == (None, None)
    assert findings[1].detail.endswith("returned NoneType; return SignalColumns")


def test_sound_answers_are_green(subject_of: SubjectOf) -> None:
    assert check(subject_of(AnsweringAtOnce)).ok


def test_a_strategy_that_exits_ends_the_check_with_its_name(subject_of: SubjectOf) -> None:
    class Leaving(Answering):
        def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
            raise SystemExit(0)

    with pytest.raises(StrategyError, match=r"strategy answering on NSE:SBIN-EQ, candle .*: SystemExit: 0"):
        check(subject_of(Leaving))
