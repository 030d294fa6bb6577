"""Drift in words and numbers: what is tested, what it is tested against, and what follows.

A model knows the market of its training. When inputs, answers or results leave that, it goes on answering with the
same confidence; so somebody else has to notice, at a rate of false alarms that is known beforehand.
"""

from dataclasses import dataclass
from enum import Enum

from core.betting import Bets

FEWEST_SESSIONS = 20
"""Sessions of reference that a test needs: among fewer even the highest number is nothing unusual."""


class DriftTest(Enum):
    """What is tested. Each test gets an equal part of the rate of false alarms."""

    __hash__ = object.__hash__

    INPUTS = "inputs"
    """Feature rows are farther from those of the training: mean novelty of a session, too high."""
    SURENESS = "sureness"
    """The model is surer or less sure: mean probability of the likelier side in a session, too high or too low."""
    VARIETY = "variety"
    """The model says the same whatever happens: deviation of that probability within a session, too low."""
    OUTCOMES = "outcomes"
    """Trades win less often than the probability promised, one by one."""


class DriftStep(Enum):
    """What drift has led to, each step stricter than the one before. Exits and stops are never touched."""

    NONE = 0
    WARN = 1
    """People are told."""
    SHRINK = 2
    """Entries are smaller."""
    STOP = 3
    """No entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReference:
    """What the tests compare with: one number a session, from sessions of the training."""

    novelty: tuple[float, ...]
    """Mean novelty of the rows."""
    sureness: tuple[float, ...]
    """Mean probability of the likelier of long and short, of sessions that the model had not learned from."""
    variety: tuple[float, ...]
    """Standard deviation of that probability, of the same sessions."""
    rows: int
    """Rows of one symbol in a usual session; a live session with less than half of them is not judged."""
    is_calibrated: bool
    """Whether a probability is meant as a chance of winning; else outcomes are not tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One bet of one test, and the fortune after it."""

    test: DriftTest
    value: float
    """The session's number; of a trade 1 for a win and 0 for a loss."""
    chance: float
    """What was promised: the chance of the session's place; of a trade, that of winning."""
    bets: Bets
    place: int = 0
    """How many sessions of the training have a number as high or higher."""
