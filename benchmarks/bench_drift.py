"""Lives of a model: how often the tests of drift cry wolf in a year, and after how many sessions they see a shift.

Each life has sessions of a training, then a year of live ones with a few trades each; the numbers of a session come
from `numpy`, the bets and steps from `core.drift_watch`. In a calm life live sessions are like those of the training
and trades win as often as was promised, so that every step is a false alarm. The others are calm for half a year
before one thing shifts. Prints one JSON line; a shift that most lives do not see within 100 sessions has no delay
(null).
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from math import exp
from statistics import median

import numpy as np

from core.drift import DriftReference, DriftStep
from core.drift_state import SessionTally
from core.drift_watch import DriftWatch
from core.events import DriftMeasured, DriftStepChanged, Phase, PhaseReached, TradeClosed
from core.market import Side
from core.positions import Trade
from core.state import BotState
from simulation.setting import RULES

LIVES = 1_000
SHIFTED_LIVES = 25
TRAINED, CALM, YEAR, LONGEST = 125, 120, 250, 100
"""Sessions: of the training, before a shift, of a calm life, and the most that a shift is waited for."""
TRADES, ROWS = 2, 20
"""In a session."""
GOAL_RATIO = 1.0
"""False alarms against the stated rate; chance is left three deviations."""
GOAL_DELAY = 15
"""Sessions from a shift of the inputs by two deviations to the first step."""
SYMBOL = "NSE:SBIN-EQ"
STEPS = {DriftStep.WARN: RULES.drift_warn, DriftStep.SHRINK: RULES.drift_shrink, DriftStep.STOP: RULES.drift_stop}


@dataclass(frozen=True, slots=True)
class Market:
    """How sessions differ from those of the training, in deviations, and by how much fewer trades win."""

    novelty: float = 0.0
    sureness: float = 0.0
    variety: float = 0.0
    lost: float = 0.0

    def numbers(self, chance: np.random.Generator) -> tuple[float, float, float]:
        """Return a session's novelty, sureness and variety; the first and the last are skewed, as they are live."""
        novelty, sureness, variety = chance.standard_normal(3).tolist()
        return (
            exp(0.15 * (novelty + self.novelty)),
            0.45 + 0.02 * (sureness + self.sureness),
            0.05 * exp(0.2 * (variety + self.variety)),
        )


CALM_MARKET = Market()
SHIFTS = {
    "inputs_1": Market(novelty=1.0),
    "inputs_2": Market(novelty=2.0),
    "inputs_4": Market(novelty=4.0),
    "surer_2": Market(sureness=2.0),
    "less_sure_2": Market(sureness=-2.0),
    "all_alike_4": Market(variety=-4.0),
    "wins_less_by_0.25": Market(lost=0.25),
}


@dataclass
class Life:
    """A model from its training on."""

    seed: int
    state: BotState = field(default_factory=BotState)

    def __post_init__(self) -> None:
        self.chance = np.random.default_rng(self.seed)
        trained = [CALM_MARKET.numbers(self.chance) for _ in range(TRAINED)]
        novelty, sureness, variety = zip(*trained, strict=True)
        reference = DriftReference(novelty=novelty, sureness=sureness, variety=variety, rows=ROWS, is_calibrated=True)
        self.watch = DriftWatch(RULES, reference)
        self.state.drift.is_used = True

    def session(self, market: Market) -> DriftStep:
        """Live one session with its trades; return the step after it."""
        novelty, sureness, variety = market.numbers(self.chance)
        self.state.drift.tally = SessionTally(
            day=date(2026, 1, 6),
            rows={SYMBOL: ROWS},
            novelty=ROWS * novelty,
            probability=ROWS * sureness,
            squares=ROWS * (sureness * sureness + variety * variety),
        )
        self._take(PhaseReached(at=0, phase=Phase.CLOSE))
        for _ in range(TRADES):
            promised = float(self.chance.uniform(0.4, 0.7))
            has_won = bool(self.chance.random() < promised - market.lost)
            self._take(TradeClosed(at=0, trade=trade_of(promised, has_won=has_won)))
        return self.state.drift.step

    def _take(self, event: PhaseReached | TradeClosed | DriftMeasured | DriftStepChanged) -> None:
        self.state.drift.hear(event, None)
        for decided in self.watch.decide(self.state, event):
            if isinstance(decided, DriftMeasured | DriftStepChanged):
                self._take(decided)


def trade_of(promised: float, *, has_won: bool) -> Trade:
    return Trade(
        symbol=SYMBOL,
        side=Side.BUY,
        quantity=1,
        entry_at=0,
        entry_value=1_000,
        exit_at=0,
        exit_value=1_010 if has_won else 990,
        exit_reason="target" if has_won else "stop_loss",
        charges=0,
        stop=1,
        target=0,
        probability=promised,
    )


def false_alarms(lives: int, tell: Callable[[int], None] = lambda _done: None) -> dict[DriftStep, int]:
    """Return how many calm lives reach each step within a year."""
    reached = dict.fromkeys(STEPS, 0)
    for number in range(lives):
        life = Life(number)
        for _ in range(YEAR):
            life.session(CALM_MARKET)
        for step in STEPS:
            reached[step] += life.state.drift.step.value >= step.value
        tell(number + 1)
    return reached


def delays(market: Market, lives: int) -> dict[DriftStep, float | None]:
    """Return the sessions after a shift at which the middle of some lives reaches each step; None for never."""
    waits: dict[DriftStep, list[int]] = {step: [] for step in STEPS}
    for number in range(lives):
        life = Life(1_000_000 + number)
        for _ in range(CALM):
            life.session(CALM_MARKET)
        steps = [life.session(market) for _ in range(LONGEST)]
        for step, found in waits.items():
            found.append(next((at for at, each in enumerate(steps, 1) if each.value >= step.value), LONGEST + 1))
    middle = {step: median(found) for step, found in waits.items()}
    return {step: None if wait > LONGEST else wait for step, wait in middle.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=LIVES)
    options, _ = parser.parse_known_args()
    alarms = false_alarms(options.lives)
    allowed = {step: most_by_chance(options.lives, GOAL_RATIO * rate) for step, rate in STEPS.items()}
    found = {name: delays(market, SHIFTED_LIVES) for name, market in SHIFTS.items()}
    first = found["inputs_2"][DriftStep.WARN]
    is_quiet = all(alarms[step] <= allowed[step] for step in STEPS)
    result = {
        "benchmark": "drift",
        "lives": options.lives,
        "sessions": YEAR,
        "false_alarms": {step.name: alarms[step] / options.lives for step in STEPS},
        "stated": {step.name: rate for step, rate in STEPS.items()},
        "delay_sessions": {name: {step.name: wait for step, wait in each.items()} for name, each in found.items()},
        "goal_delay_sessions": GOAL_DELAY,
        "holds": bool(is_quiet and first is not None and first <= GOAL_DELAY),
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


def most_by_chance(lives: int, rate: float) -> float:
    """Return how many lives of a rate may have an alarm, with three deviations for chance."""
    share = min(rate, 1.0)
    return lives * share + 3 * (lives * share * (1 - share)) ** 0.5


if __name__ == "__main__":
    main()
