from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core import events, exits, gatekeeper
from core.drift import DriftStep
from core.entries import propose_entry
from core.event_codec import decode, encode
from core.events import Condition, SafetyLevel
from core.fold import apply
from core.instants import MINUTE, SECOND
from core.market import Instrument, Side, Tick
from core.orders import OrderType, Purpose
from core.pricing import stop_limit, stop_trigger
from core.refusals import Refusal
from core.signals import Direction
from core.sizing import SizingMethod
from core.state import BotState
from core.tags import Tagger, is_ours, purpose_of


@pytest.fixture
def state(day) -> BotState:
    funds = events.FundsRead(at=0, asked_at=0, available=10**9, account="XY0001")
    books_at = day.open + 44 * MINUTE
    return BotState(log_id="A1", boot=1, account="XY0001", day=day, reconciled=True, books_at=books_at, funds=funds)


@pytest.fixture
def propose(state, rules, sbin, day):
    now = day.open + 45 * MINUTE

    def call(direction=Direction.LONG, ltp=80_000, profit=0, age=0, atr=200.0, **changes):
        signal = events.Decided(
            at=now,
            symbol=sbin.symbol,
            candle=now - 5 * MINUTE,
            direction=direction,
            probability=0.6,
            source="test",
            reason="because",
            features=(),
            atr=atr,
        )
        tick = Tick(sbin.symbol, now - age, ltp, 0, 0, 0) if ltp else None
        return propose_entry(state, Tagger(), replace(rules, **changes), sbin, signal, tick, now, profit)

    return call


@pytest.mark.parametrize(("direction", "price"), [(Direction.LONG, 80_160), (Direction.SHORT, 79_840)])
def test_a_signal_becomes_a_marketable_limit_order_with_its_plan(propose, direction, price):
    proposed = propose(direction)
    intent, plan = proposed.intent, proposed.plan
    assert (intent.side, intent.type, intent.limit_price) == (direction.side, OrderType.LIMIT, price)
    assert (intent.quantity, intent.reason) == (10, "because")
    assert is_ours(intent.tag)
    assert purpose_of(intent.tag) is Purpose.ENTRY
    assert (plan.direction, plan.atr, plan.stop_atr, plan.target_atr) == (direction, 200.0, 2.0, 3.0)


def drifted(state: BotState, step: DriftStep) -> None:
    state.drift.model, state.drift.is_used = "a" * 64, True
    apply(state, events.DriftStepChanged(at=state.last_at, step=step, why="inputs: evidence 5,000, limit 4,000"))


@pytest.mark.parametrize(("step", "quantity", "full"), [(DriftStep.WARN, 10, 0), (DriftStep.SHRINK, 4, 10)])
def test_drift_takes_a_share_of_an_entry_which_keeps_in_mind_what_it_would_have_been(
    propose, state, step, quantity, full
):
    drifted(state, step)
    proposed = propose(drift_size_ppm=450_000)
    assert (proposed.intent.quantity, proposed.plan.full_quantity) == (quantity, full)


def test_an_entry_of_which_drift_leaves_no_lot_is_too_small(propose, state):
    drifted(state, DriftStep.SHRINK)
    assert propose(drift_size_ppm=99_999).code == "TOO_SMALL"


@pytest.mark.hazard("M7")
def test_at_the_last_step_of_drift_entries_are_refused_by_a_name_of_their_own(propose, state):
    drifted(state, DriftStep.STOP)
    refused = propose()
    assert (refused.code, refused.detail) == (
        "MODEL_DRIFT",
        "the market has left the model: inputs: evidence 5,000, limit 4,000",
    )
    state.drift.is_used = False
    assert isinstance(propose(), events.OrderIntended), "a rule is not held back by what a model did"


def test_the_size_follows_from_the_distance_to_the_stop(propose, rules):
    by_risk = replace(rules.sizing, method=SizingMethod.RISK)
    assert propose(sizing=by_risk).intent.quantity == 50_000_000 * 2_500 // 1_000_000 // 560


@pytest.mark.parametrize(("ltp", "code"), [(0, "STALE_PRICE"), (80_000, "TOO_SMALL")])
def test_what_cannot_be_priced_or_sized_is_refused(propose, ltp, code):
    refused = propose(ltp=ltp, capital=1)
    assert isinstance(refused, events.EntryRefused)
    assert refused.code == code


def test_without_a_session_there_is_no_entry(propose, state):
    state.day = None
    assert propose().code == "STALE_PRICE"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reconciled": False}, "NOT_RECONCILED"),
        ({"level": SafetyLevel.EXIT_ONLY}, "SAFETY_LEVEL"),
        ({"stopping": True}, "STOPPING"),
        ({"conditions": {Condition.DISK: "1 MB is left"}}, "CONDITION"),
        ({"access": False}, "NO_ACCESS"),
        ({"blocked": {"NSE:SBIN-EQ": "foreign"}}, "SYMBOL_BLOCKED"),
        ({"orders_today": 200}, "MAX_ORDERS"),
    ],
)
def test_the_gate_sees_the_state(propose, state, change, code):
    for name, value in change.items():
        setattr(state, name, value)
    assert propose().code == code


@pytest.mark.hazard("S21")
@pytest.mark.parametrize("refusal", Refusal)
def test_each_refusal_is_an_event_with_its_code_that_the_log_gives_back(propose, refusal, monkeypatch):
    monkeypatch.setattr(gatekeeper, "RULES", ((refusal, lambda *_: "the numbers"),))
    refused = propose()
    assert isinstance(refused, events.EntryRefused)
    assert (refused.code, refused.detail) == (refusal.value, "the numbers")
    assert decode(*encode(refused)) == refused


def test_the_gate_sees_the_price_and_the_profit(propose):
    assert propose(age=61 * SECOND).code == "STALE_PRICE"
    assert propose(profit=-1_000_000).code == "LOSS_LIMIT"


@pytest.mark.hazard("S21", "P10")
def test_waiting_entries_count_as_positions_and_keep_their_symbol_busy(propose, state):
    entry = propose()
    apply(state, replace(entry, intent=replace(entry.intent, tag="elsewhere", symbol="NSE:INFY-EQ")))
    assert propose(max_positions=1).code == "MAX_POSITIONS"
    apply(state, entry)
    assert propose().code == "SYMBOL_BUSY"
    assert propose(max_positions=1).code == "SYMBOL_BUSY"


@pytest.mark.hazard("S17")
def test_a_price_at_the_edge_of_the_band_is_refused_and_never_an_error(propose):
    assert propose(Direction.LONG, ltp=72_005, atr=400.0).code == "STOP_SANITY"
    assert propose(Direction.LONG, ltp=90_000).code == "STOP_SANITY"
    assert propose(Direction.SHORT, ltp=5).code in {"STOP_SANITY", "TOO_SMALL"}
    assert propose(Direction.SHORT).intent.side is Side.SELL


TICKS = [1, 2, 5, 10, 25, 50, 100, 500]
"""From 0.0025 rupees (25 units at scale 4) to 5.00."""


@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([Direction.LONG, Direction.SHORT]),
    st.sampled_from(TICKS),
    st.integers(1, 40_000),
    st.floats(0, 0.05),
    st.floats(0.1, 6),
    st.floats(0.1, 9),
    st.integers(0, 400),
    st.integers(-40, 40),
)
def test_on_every_tick_size_an_entry_that_passes_has_its_stop_below_and_its_target_above_it(
    rules, day, direction, tick, steps, volatility, stop_atr, target_atr, band, slip
):
    ltp = tick * steps
    sbin = Instrument(
        symbol="NSE:SBIN-EQ",
        token="1",
        tick=tick,
        lower_band=max(tick, ltp - band * tick),
        upper_band=ltp + band * tick,
    )
    now, atr = day.open + 45 * MINUTE, ltp * volatility
    funds = events.FundsRead(at=0, asked_at=0, available=10**12, account="")
    bot = BotState(log_id="A1", boot=1, day=day, reconciled=True, books_at=now, funds=funds)
    signal = events.Decided(
        at=now, symbol=sbin.symbol, candle=0, direction=direction, probability=1.0, source="", reason="", features=(),
        atr=atr,
    )  # fmt: skip
    wide = replace(rules, stop_atr=stop_atr, target_atr=target_atr, max_exposure=10**12, max_symbol_value=10**12)
    proposed = propose_entry(bot, Tagger(), wide, sbin, signal, Tick(sbin.symbol, now, ltp, 0, 0, 0), now, 0)
    if isinstance(proposed, events.EntryRefused):
        return
    side, price = proposed.intent.side, proposed.intent.limit_price
    sign = side.value
    assert price % tick == 0
    stop, target = exits.levels(sign, ltp, atr, stop_atr, target_atr, tick)
    assert stop % tick == target % tick == 0
    assert sign * stop < sign * ltp <= sign * price
    assert sign * target > sign * ltp
    assert sign * (ltp - stop) <= max(
        tick, stop_atr * atr + 1e-6
    )  # towards the earlier trigger, at least one tick away
    # What rests at the broker is computed anew from the real price of the fill, which may lie off the grid.
    filled = ltp + slip * tick / 7
    if not sbin.lower_band + 2 * tick < filled < sbin.upper_band - 2 * tick:
        return
    stop, target = exits.levels(sign, round(filled), atr, stop_atr, target_atr, tick)
    trigger = stop_trigger(side.opposite, stop, sbin)
    limit = stop_limit(side.opposite, trigger, 0.005, sbin)
    assert trigger % tick == limit % tick == 0
    assert sign * limit < sign * trigger < sign * filled < sign * target
    assert sbin.lower_band <= limit <= sbin.upper_band
