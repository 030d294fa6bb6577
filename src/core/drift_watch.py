"""Has the market left the model? One bet a session, one a trade; evidence warns, shrinks entries, and stops them.

Candles of one session depend on each other, so a session is one observation. What is assumed: sessions are
exchangeable, as if drawn in any order, for inputs, sureness and variety; nothing for outcomes. A calm year of training
and a wild one after it are not exchangeable, and an alarm about that is no false one. The tests share the rate of
false alarms equally: one that is reached by any of them has at most the stated probability, over the life of a model.
"""

from core import events
from core.betting import (
    after_bet,
    chance_of,
    factors_of_both,
    factors_of_high,
    factors_of_low,
    factors_of_promise,
    place_among,
)
from core.drift import FEWEST_SESSIONS, DriftReference, DriftStep, DriftTest, Finding
from core.events import Alarm, Command, Decision, DriftMeasured, DriftStepChanged, Phase
from core.instants import Instant
from core.latches import obstacle_to_resume
from core.positions import Trade
from core.rules import TradingRules
from core.state import BotState

MODEL_DRIFT = "MODEL_DRIFT"
"""Code of the alarm; its key is the step."""
_ADVICE = "train a new model, or `fyersbot resume` when the cause is understood"
_FOLLOWS = {
    DriftStep.WARN: "nothing else follows yet",
    DriftStep.SHRINK: "entries are smaller",
    DriftStep.STOP: "no entries",
}


class DriftWatch:
    """Bets against the model's promises. Without a reference it does nothing but lift a step when it is told to."""

    def __init__(self, rules: TradingRules, reference: DriftReference | None) -> None:
        self._rules = rules
        self._reference = reference

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return what an event makes of drift; `state` has the event already."""
        match event:
            case events.PhaseReached(phase=Phase.CLOSE, at=at):
                return self._judge_session(state, at)
            case events.DayBegan(at=at, day=day):
                is_over = state.drift.tally.day not in {None, day.date}
                return [*(self._judge_session(state, at) if is_over else []), *self._remind(state, at)]
            case events.TradeClosed(at=at, trade=trade):
                return self._judge_trade(state, trade, at)
            case DriftMeasured(at=at):
                return self._climb(state, at)
            case events.CommandGiven(command=Command.RESUME, at=at, why=why):
                return self._resume(state, at, why)
        return []

    def _resume(self, state: BotState, at: Instant, why: str) -> list[Decision]:
        """Begin to gather evidence anew. A resume that the safety level refuses lifts nothing here either."""
        if state.drift.step is DriftStep.NONE or obstacle_to_resume(state):
            return []
        return [DriftStepChanged(at=at, step=DriftStep.NONE, why=why)]

    def _judge_session(self, state: BotState, at: Instant) -> list[Decision]:
        """Bet on where a session that is over stands among those of the training; too short a one says nothing."""
        reference, tally = self._reference, state.drift.tally
        if reference is None or not state.drift.is_used or 2 * max(tally.rows.values(), default=0) < reference.rows:
            return []
        known = {
            DriftTest.INPUTS: (factors_of_high, reference.novelty),
            DriftTest.SURENESS: (factors_of_both, reference.sureness),
            DriftTest.VARIETY: (factors_of_low, reference.variety),
        }
        findings = []
        for test, value in tally.numbers().items():
            factors_of, trained = known[test]
            if len(trained) >= FEWEST_SESSIONS:
                place = place_among(value, trained)
                chance = chance_of(place, len(trained), state.drift.seen.get(test, ()))
                bets = after_bet(state.drift.bets.get(test, ()), factors_of(place, len(trained), chance))
                findings.append(Finding(test=test, value=value, chance=chance, bets=bets, place=place))
        return [DriftMeasured(at=at, session=tally.day, findings=tuple(findings))] if findings else []

    def _judge_trade(self, state: BotState, trade: Trade, at: Instant) -> list[Decision]:
        """Bet on whether a trade earned something, at the odds that the model gave; adopted ones had none."""
        if self._reference is None or not self._reference.is_calibrated or not state.drift.is_used:
            return []
        if not 0 < trade.probability <= 1:
            return []
        has_won, test = trade.net > 0, DriftTest.OUTCOMES
        factors = factors_of_promise(trade.probability, is_kept=has_won)
        bets = after_bet(state.drift.bets.get(test, ()), factors)
        finding = Finding(test=test, value=float(has_won), chance=trade.probability, bets=bets)
        return [DriftMeasured(at=at, session=None, findings=(finding,))]

    def _climb(self, state: BotState, at: Instant) -> list[Decision]:
        """Go up to the step that the evidence has reached; only a person or another model leads down."""
        rules, drift = self._rules, state.drift
        surest = max(DriftTest, key=drift.evidence)
        evidence = drift.evidence(surest)
        rates = {
            DriftStep.STOP: rules.drift_stop,
            DriftStep.SHRINK: rules.drift_shrink,
            DriftStep.WARN: rules.drift_warn,
        }
        reached = [step for step, rate in rates.items() if evidence >= len(DriftTest) / rate]
        if not reached or reached[0].value <= drift.step.value:
            return []
        step, rate = reached[0], rates[reached[0]]
        limit = len(DriftTest) / rate
        why = f"{surest.value}: evidence {evidence:,.0f}, limit {limit:,.0f} (a false alarm in {rate:g} of all models)"
        message = f"the market has left the model, {why}; {_FOLLOWS[step]}; {_ADVICE}"
        return [
            DriftStepChanged(at=at, step=step, why=why),
            Alarm(at=at, code=MODEL_DRIFT, message=message, key=step.name),
        ]

    def _remind(self, state: BotState, at: Instant) -> list[Decision]:
        """Say each morning that entries are held back: the step outlives the day on which it was told."""
        step = state.drift.standing
        if step.value < DriftStep.SHRINK.value or (MODEL_DRIFT, step.name) in state.rung:
            return []
        message = f"the market has left the model, {state.drift.why}; {_FOLLOWS[step]}; {_ADVICE}"
        return [Alarm(at=at, code=MODEL_DRIFT, message=message, key=step.name)]
