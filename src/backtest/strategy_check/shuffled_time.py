"""Does a model foretell a market in which nothing follows from anything? Then it was told the answer.

Candles are dealt anew among the sessions, each at its own time of day, and whether one rises or falls is drawn by a
coin. What is left of the market is its size: how much prices move, when in the day, and with what volume. Nothing of
the past says where they go, so that a long position is worth what a short one is. Each session to validate adds what
the model's leaning earned, (chance of long - chance of short) times (what a long earned - what a short earned); if
chance deals fairly, these sums are as often above 0 as below, and their total exceeds x times the root of their
squares with a probability of at most exp(-x^2 / 2) (Efron 1969, "Student's t-test under symmetry conditions").
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.training_face import Learned, LearnedRows, TrainingFace
from features.columns import CandleColumns, FloatArray, IntArray, ist_days

MARKETS = 3
"""Shuffled markets, so that few sessions are enough."""
LIMIT = 4.5
"""Evidence that a sound training reaches once in 25,000 checks."""


class Judged(NamedTuple):
    """A part to validate of one shuffled market, with the model that was taught for it."""

    closed_at: IntArray
    net: IntArray
    features: FloatArray
    learned: Learned
    told: FloatArray
    """Its probabilities, asked for at once: a model may forget what it should not have known."""

    def without(self, column: int) -> "Judged":
        """Return the same with a feature that says nothing about its row."""
        features = self.features.copy()
        features[:, column] = np.random.default_rng(column).permutation(features[:, column])
        return self._replace(features=features, told=self.learned.probabilities(features))

    def by_session(self) -> tuple[IntArray, FloatArray]:
        """Return the close of each session's first row, and what the model's leaning earned in it."""
        earned = (self.told[:, 1] - self.told[:, 2]) * (self.net[:, 0] - self.net[:, 1])
        _, first, place = np.unique(ist_days(self.closed_at), return_index=True, return_inverse=True)
        sums: FloatArray = np.bincount(place, weights=earned).astype(np.float64)
        return self.closed_at[first], sums


def shuffled(candles: CandleColumns, seed: int) -> CandleColumns:
    """Return a market of the same sessions whose candles are dealt anew, and rise or fall by a coin."""
    chance = np.random.default_rng(seed)
    minutes, rows = candles.minutes(), len(candles)
    dealt = np.arange(rows)
    for minute in np.unique(minutes):
        places = np.flatnonzero(minutes == minute)
        dealt[places] = chance.permutation(places)
    signs = chance.choice([-1.0, 1.0], rows)
    before = np.concatenate([candles.opens[:1], candles.closes[:-1]])
    parts = (candles.opens, candles.highs, candles.lows, candles.closes)
    opens, highs, lows, closes = (signs * np.log(each / before)[dealt] for each in parts)
    level = np.log(candles.opens[0]) + np.concatenate([[0.0], np.cumsum(closes)[:-1]])
    prices = [np.maximum(np.rint(np.exp(level + each)), 1).astype(np.int64) for each in (opens, highs, lows, closes)]
    high, low = np.maximum.reduce(prices), np.minimum.reduce(prices)
    return CandleColumns(candles.starts.copy(), prices[0], high, low, prices[3], candles.volumes[dealt])


def shuffled_time_findings(subject: Subject, training: TrainingFace) -> list[Finding]:
    """Train on shuffled markets; return a finding if they are foretold, with the feature that tells most."""
    judged = []
    for seed in range(MARKETS):
        rows: LearnedRows = training.build(shuffled(subject.candles, seed))
        folds = training.walk(rows)
        for fold, learned in zip(folds, training.learn(rows, folds), strict=True):
            test, asked = fold.test, rows.features[fold.test]
            judged.append(Judged(rows.closed_at[test], rows.net[test], asked, learned, learned.probabilities(asked)))
    evidence = evidence_of(judged)
    if evidence < LIMIT:
        return []
    left = [evidence_of([each.without(column) for each in judged]) for column in range(judged[0].features.shape[1])]
    teller = int(np.argmin(left))
    words = f"foretells markets of shuffled time: evidence {evidence:.1f}, by chance below {LIMIT:g}"
    if left[teller] < evidence / 2:
        column = f"dataset.{subject.specification.names[teller]}"
        return [_finding(subject, judged, column, f"{words}; {left[teller]:.1f} without this feature")]
    return [_finding(subject, judged, "model", f"{words}; no feature by itself tells it")]


def evidence_of(judged: Sequence[Judged]) -> float:
    """Return the total of what sessions earned by the root of their squares; 0 if none earned or lost."""
    sessions = np.concatenate([each.by_session()[1] for each in judged])
    squares = float(np.square(sessions).sum())
    return float(sessions.sum()) / sqrt(squares) if squares > 0 else 0.0


def _finding(subject: Subject, judged: Sequence[Judged], column: str, detail: str) -> Finding:
    """Tell of the first session that was foretold."""
    closed_at, earned = judged[0].by_session()
    row = int(np.searchsorted(subject.closes, closed_at[np.argmax(earned > 0)]))
    at = int(subject.candles.starts[row])
    return Finding(kind=Kind.SHUFFLED_TIME, column=column, row=row, at=at, cause=Cause.KNOWS_ANSWER, detail=detail)
