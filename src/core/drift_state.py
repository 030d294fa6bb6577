"""What is known of drift: the session so far, the sessions since the model came, and the evidence of each test.

Part of the fold: a restart or a replay knows the same, to the last bit.
"""

from dataclasses import dataclass, field
from datetime import date
from math import sqrt

from core import events
from core.betting import Bets, fortune
from core.drift import DriftStep, DriftTest
from core.sessions import TradingDay


@dataclass(slots=True)
class SessionTally:
    """Sums over the candles of one session that the model has answered, as long as entries are allowed.

    The rows of a training end there too: the last candles of a day are others than those before.
    """

    day: date | None = None
    rows: dict[str, int] = field(default_factory=dict)
    """By symbol."""
    novelty: float = 0.0
    probability: float = 0.0
    squares: float = 0.0
    """Of the probabilities."""

    def add(self, decided: events.Decided) -> None:
        """Count one answer."""
        self.rows[decided.symbol] = self.rows.get(decided.symbol, 0) + 1
        self.novelty += decided.novelty
        self.probability += decided.probability
        self.squares += decided.probability * decided.probability

    def numbers(self) -> dict[DriftTest, float]:
        """Return the session's number for each test that goes by sessions; there must be rows."""
        count = sum(self.rows.values())
        mean = self.probability / count
        return {
            DriftTest.INPUTS: self.novelty / count,
            DriftTest.SURENESS: mean,
            DriftTest.VARIETY: sqrt(max(0.0, self.squares / count - mean * mean)),
        }


@dataclass(slots=True)
class DriftState:
    """Everything about one model, over all its days."""

    model: str = ""
    """SHA-256 of its manifest; empty before any."""
    is_used: bool = False
    """Whether the strategy that runs asks it: what is known of a model holds back no other strategy."""
    step: DriftStep = DriftStep.NONE
    why: str = ""
    tally: SessionTally = field(default_factory=SessionTally)
    seen: dict[DriftTest, list[int]] = field(default_factory=dict)
    """Places of the live sessions among those of the training."""
    bets: dict[DriftTest, Bets] = field(default_factory=dict)
    """The fortune of each test since the last reset."""

    @property
    def standing(self) -> DriftStep:
        """The step as it works on the strategy that runs."""
        return self.step if self.is_used else DriftStep.NONE

    def evidence(self, test: DriftTest) -> float:
        """Return the fortune of a test; 1 for one that was not made yet."""
        return fortune(self.bets.get(test, ()))

    def hear(self, event: events.Event, day: TradingDay | None) -> None:
        """Take what an event says of drift; nearly all say nothing."""
        match event:
            case events.Decided(at=at) if self.is_used and day is not None and day.entries_allowed(at):
                if self.tally.day != day.date:
                    self.tally = SessionTally(day.date)
                self.tally.add(event)
            case events.DriftMeasured(session=session, findings=findings):
                for finding in findings:
                    self.bets[finding.test] = finding.bets
                    if session is not None:
                        self.seen.setdefault(finding.test, []).append(finding.place)
                if session is not None:
                    self.tally = SessionTally()
            case events.DriftStepChanged(step=step, why=why):
                self.step, self.why = step, why
                if step is DriftStep.NONE:
                    self.bets.clear()
            case _:
                pass
