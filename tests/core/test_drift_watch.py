"""Drift from session to session and trade to trade, decided on a state that only events have made."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from core import events
from core.drift import DriftReference, DriftStep, DriftTest
from core.drift_watch import MODEL_DRIFT, DriftWatch
from core.event_codec import decode, decode_fact, encode, encode_fact
from core.events import Command, SafetyLevel
from core.fold import apply
from core.instants import DAY, MINUTE
from core.market import Side
from core.positions import Trade
from core.sessions import TradingDay
from core.signals import Direction
from core.state import BotState

SBIN = "NSE:SBIN-EQ"
ROWS = 20
MODEL = "a" * 64
_CHANCE = np.random.default_rng(1)
REFERENCE = DriftReference(
    novelty=tuple(1 + 0.1 * float(_CHANCE.random()) for _ in range(60)),
    sureness=tuple(0.4 + 0.1 * float(_CHANCE.random()) for _ in range(60)),
    variety=tuple(0.05 + 0.02 * float(_CHANCE.random()) for _ in range(60)),
    rows=ROWS,
    is_calibrated=True,
)


class Watched:
    """A watch, the state it looks at, and the log of both."""

    def __init__(self, rules, day: TradingDay, reference: DriftReference | None = REFERENCE) -> None:
        self.rules = rules
        self.watch = DriftWatch(rules, reference)
        self.state = BotState()
        self.log: list[events.Event] = []
        self.day = day
        self.now = day.open
        self.chance = np.random.default_rng(2)
        self.use(MODEL)

    @property
    def drift(self):
        return self.state.drift

    def give(self, kind: type, **values) -> list[events.Event]:
        """Take one input to its end, as the kernel does."""
        waiting, happened = [kind(at=self.now, **values)], []
        while waiting:
            event = waiting.pop(0)
            apply(self.state, event)
            happened.append(event)
            waiting += self.watch.decide(self.state, event)
        self.log += happened
        return happened[1:]

    def use(self, model: str) -> None:
        self.give(
            events.DeskSet,
            rules=self.rules,
            instruments=(),
            strategy="model",
            params="{}",
            strategy_sha256="",
            model="models/x",
            model_sha256=model,
            features_sha256="",
            history="",
            warm_up=0,
        )

    def session(self, novelty=1.05, sureness=0.45, variety=0.06, rows=ROWS, closes=True) -> list[events.Event]:
        """One day of answers; the numbers are those of a usual day unless the test says otherwise."""
        self.day = _next(self.day)
        self.now = self.day.open
        decided = self.give(events.DayBegan, day=self.day)
        blur = 1 + 0.02 * (float(self.chance.random()) - 0.5)
        for row in range(rows):
            self.now += 5 * MINUTE
            probability = sureness * blur + variety * blur * (1 if row % 2 else -1)
            self.decide(novelty * blur, probability)
        self.now = self.day.close
        return decided + (self.give(events.PhaseReached, phase=events.Phase.CLOSE) if closes else [])

    def decide(self, novelty: float, probability: float) -> None:
        self.give(
            events.Decided,
            symbol=SBIN,
            candle=self.now - 5 * MINUTE,
            direction=Direction.NONE,
            probability=probability,
            source="model",
            reason="",
            features=(),
            atr=1.0,
            novelty=novelty,
        )

    def trade(self, net: int, probability: float = 0.6) -> list[events.Event]:
        trade = Trade(
            symbol=SBIN,
            side=Side.BUY,
            quantity=1,
            entry_at=self.now,
            entry_value=100_000,
            exit_at=self.now,
            exit_value=100_000 + net,
            exit_reason="target",
            charges=0,
            stop=1,
            target=0,
            probability=probability,
        )
        return self.give(events.TradeClosed, trade=trade)


def _next(day: TradingDay) -> TradingDay:
    moved = {name: getattr(day, name) + DAY for name in ("open", "no_entry_after", "square_off", "flat_by", "close")}
    return replace(day, date=day.date + timedelta(days=1), **moved)


def steps(happened: list[events.Event]) -> list[DriftStep]:
    return [event.step for event in happened if isinstance(event, events.DriftStepChanged)]


@pytest.fixture
def watched(rules, day) -> Watched:
    return Watched(rules, day)


def until(watched: Watched, step: DriftStep, most: int = 40, **numbers: float) -> int:
    """Sessions until a step is reached."""
    for session in range(1, most + 1):
        watched.session(**numbers)
        if watched.drift.step.value >= step.value:
            return session
    raise AssertionError(f"{step} was not reached, evidence {[watched.drift.evidence(test) for test in DriftTest]}")


def test_usual_sessions_are_no_evidence(watched):
    for _ in range(60):
        watched.session()
    assert watched.drift.step is DriftStep.NONE
    assert len(watched.drift.seen[DriftTest.INPUTS]) == 60


@pytest.mark.hazard("M7")
@pytest.mark.parametrize(
    ("numbers", "test"),
    [
        ({"novelty": 3.0}, DriftTest.INPUTS),
        ({"sureness": 0.8}, DriftTest.SURENESS),
        ({"sureness": 0.2}, DriftTest.SURENESS),
        ({"variety": 0.0}, DriftTest.VARIETY),
    ],
)
def test_a_market_that_has_left_the_model_is_told_then_costs_size_then_ends_entries(watched, numbers, test):
    happened = []
    for _ in range(30):
        happened += watched.session(**numbers)

    assert steps(happened) == sorted(steps(happened), key=lambda step: step.value)
    assert steps(happened)[-1] is DriftStep.STOP
    assert watched.drift.why.startswith(f"{test.value}: evidence ")
    alarms = [event for event in happened if isinstance(event, events.Alarm)]
    assert {alarm.code for alarm in alarms} == {MODEL_DRIFT}
    assert "`fyersbot resume`" in alarms[-1].message


def test_strange_inputs_are_found_within_two_weeks_after_a_quiet_half_year(watched):
    for _ in range(120):
        watched.session()
    assert until(watched, DriftStep.SHRINK, novelty=2.0) <= 10


def test_fewer_strange_inputs_than_usual_are_no_evidence(watched):
    for _ in range(30):
        watched.session(novelty=0.2)
    assert watched.drift.evidence(DriftTest.INPUTS) < 1


@pytest.mark.hazard("M7")
def test_trades_that_lose_against_the_odds_end_entries_and_those_that_win_do_not(watched):
    watched.session()
    for _ in range(60):
        watched.trade(100, probability=0.6)
    assert watched.drift.step is DriftStep.NONE
    happened = [event for _ in range(60) for event in watched.trade(-100, probability=0.6)]
    assert steps(happened)[-1] is DriftStep.STOP
    assert watched.drift.why.startswith("outcomes: ")


def test_a_trade_without_a_promise_says_nothing(watched):
    assert watched.trade(-100, probability=0.0) == []


def test_probabilities_that_are_no_chances_promise_nothing(rules, day):
    watched = Watched(rules, day, replace(REFERENCE, is_calibrated=False))
    assert watched.trade(-100) == []


def test_without_a_reference_nothing_is_measured(rules, day):
    watched = Watched(rules, day, None)
    assert [event for event in watched.session(novelty=9.0) if isinstance(event, events.DriftMeasured)] == []


def test_a_test_with_few_sessions_of_reference_is_not_made(rules, day):
    watched = Watched(rules, day, replace(REFERENCE, novelty=REFERENCE.novelty[:19]))
    [measured] = watched.session()
    assert [finding.test for finding in measured.findings] == [DriftTest.SURENESS, DriftTest.VARIETY]


def test_a_session_seen_for_less_than_half_says_nothing(watched):
    assert watched.session(novelty=9.0, rows=ROWS // 2 - 1) == []
    assert watched.session(novelty=9.0, rows=ROWS // 2) != []


def test_candles_after_the_last_entry_do_not_count(watched):
    watched.session(closes=False, rows=2)
    watched.now = watched.day.no_entry_after
    watched.decide(9.0, 0.9)
    assert watched.drift.tally.rows == {SBIN: 2}


def test_a_session_whose_close_was_missed_is_judged_next_morning_and_once(watched):
    watched.session(closes=False)
    missed = watched.day.date
    [measured] = [event for event in watched.session(closes=False) if isinstance(event, events.DriftMeasured)]
    assert measured.session == missed
    again = watched.give(events.PhaseReached, phase=events.Phase.CLOSE)
    assert [event.session for event in again] == [watched.day.date]
    assert watched.give(events.PhaseReached, phase=events.Phase.CLOSE) == []


def test_a_start_in_the_middle_of_a_session_does_not_judge_it(watched):
    watched.session(closes=False)
    assert watched.give(events.DayBegan, day=watched.day) == []
    assert watched.drift.tally.rows == {SBIN: ROWS}


def test_a_step_outlives_days_and_is_told_each_morning(watched):
    until(watched, DriftStep.STOP, novelty=3.0)
    for _ in range(3):
        alarms = [event for event in watched.session() if isinstance(event, events.Alarm)]
        assert [(alarm.code, alarm.key) for alarm in alarms] == [(MODEL_DRIFT, "STOP")]
    assert watched.drift.step is DriftStep.STOP


def test_an_operator_lifts_a_step_and_evidence_begins_anew(watched):
    until(watched, DriftStep.STOP, novelty=3.0)
    sessions = len(watched.drift.seen[DriftTest.INPUTS])

    lifted = watched.give(events.CommandGiven, command=Command.RESUME, why="a budget day, understood", key="k")

    assert [(event.step, event.why) for event in lifted] == [(DriftStep.NONE, "a budget day, understood")]
    assert watched.drift.evidence(DriftTest.INPUTS) == 1.0
    assert len(watched.drift.seen[DriftTest.INPUTS]) == sessions
    assert watched.give(events.CommandGiven, command=Command.RESUME, why="again", key="l") == []


def test_a_resume_that_the_safety_level_refuses_lifts_no_step(watched):
    until(watched, DriftStep.STOP, novelty=3.0)
    watched.state.level = SafetyLevel.FLATTEN
    watched.state.reconciled = False
    assert watched.give(events.CommandGiven, command=Command.RESUME, why="now", key="k") == []


def test_another_model_begins_with_nothing_held_against_it(watched):
    until(watched, DriftStep.STOP, novelty=3.0)
    watched.use("b" * 64)
    assert watched.drift.step is DriftStep.NONE
    assert (watched.drift.seen, watched.drift.bets) == ({}, {})


def test_a_model_that_comes_back_finds_its_step_and_its_evidence(watched):
    until(watched, DriftStep.STOP, novelty=3.0)
    left = replace(watched.drift)
    watched.use("b" * 64)
    watched.session()
    watched.use(MODEL)

    assert watched.drift == left
    assert watched.drift.standing is DriftStep.STOP
    watched.use("b" * 64)
    assert watched.drift.step is DriftStep.NONE
    assert watched.drift.seen


def test_a_rule_is_not_held_back_by_what_a_model_did_and_the_model_still_is(watched):
    until(watched, DriftStep.STOP, novelty=3.0)
    watched.use("")
    assert (watched.drift.step, watched.drift.standing) == (DriftStep.STOP, DriftStep.NONE)
    watched.use(MODEL)
    assert watched.drift.standing is DriftStep.STOP


@pytest.mark.hazard("M7")
def test_the_state_is_the_fold_of_the_log_byte_for_byte_at_every_session(watched):
    for number in range(12):
        watched.session(novelty=3.0 if number % 3 else 1.0, sureness=0.45 + number / 50)
        watched.trade(-100)
    folded = BotState()
    for event in watched.log:
        apply(folded, decode(*encode(event)))
    assert folded == watched.state
    assert encode_fact(folded) == encode_fact(watched.state)
    assert decode_fact(BotState, encode_fact(folded)) == watched.state


def test_a_place_where_live_sessions_have_been_before_is_less_of_a_surprise(watched):
    watched.session(novelty=3.0)
    [measured] = [event for event in watched.session(novelty=3.5) if isinstance(event, events.DriftMeasured)]
    assert measured.session == date(2026, 1, 8)
    [inputs] = [finding for finding in measured.findings if finding.test is DriftTest.INPUTS]
    assert (inputs.place, inputs.chance) == (0, 2 / 62)
