"""One case for every rule that only this rule refuses: a rule that is never alone is a rule that nobody tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from core import gatekeeper
from core.entry_facts import EntryFacts
from core.events import Condition, SafetyLevel
from core.gatekeeper import RULES, refuse_entry
from core.instants import HOUR, MINUTE, SECOND
from core.market import Instrument, Side, Tick
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.refusals import Refusal
from core.rules import TradingRules
from core.sessions import TradingDay


@dataclass(frozen=True)
class Case:
    """What has to change in an acceptable entry for one rule to refuse it."""

    refusal: Refusal
    facts: Mapping[str, Any] = field(default_factory=dict)
    intent: Mapping[str, Any] = field(default_factory=dict)
    instrument: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)


TEN = 45 * MINUTE
"""Ten o'clock, counted from the open."""
CASES = [
    Case(Refusal.STOPPING, facts={"stopping": True}),
    Case(Refusal.SAFETY_LEVEL, facts={"level": SafetyLevel.NO_ENTRY}),
    Case(Refusal.SAFETY_LEVEL, facts={"level": SafetyLevel.FREEZE}),
    Case(Refusal.CONDITION, facts={"conditions": {Condition.CLOCK: "it stepped by 3 s"}}),
    Case(Refusal.NO_ACCESS, facts={"access": False}),
    Case(Refusal.WRONG_ACCOUNT, facts={"token_account": "XY0002"}),
    Case(Refusal.STRATEGY_FAULT, facts={"strategy_fault": "division by zero"}),
    Case(Refusal.MODEL_DRIFT, facts={"drift": "inputs: evidence 4,300, limit 4,000"}),
    Case(Refusal.CIRCUIT_OPEN, facts={"pause_left": 1}),
    Case(Refusal.NOT_RECONCILED, facts={"reconciled": False}),
    Case(Refusal.NO_BOOKS, facts={"books_failed": True}),
    Case(Refusal.STALE_BOOKS, facts={"books_age": 3 * MINUTE + 1}),
    Case(Refusal.SESSION_CLOSED, facts={"after_open": 376 * MINUTE}, intent={"product": Product.CNC}),
    Case(Refusal.SESSION_CLOSED, facts={"after_open": -SECOND}, intent={"product": Product.CNC}),
    Case(Refusal.ENTRIES_CLOSED, facts={"after_open": 330 * MINUTE}),
    Case(Refusal.SYMBOL_BLOCKED, facts={"blocked": "somebody else's position"}),
    Case(Refusal.SYMBOL_BUSY, facts={"busy": True}),
    Case(Refusal.STRAY_SHARES, facts={"stray_shares": -10}),
    Case(Refusal.STRAY_SHARES, facts={"stray_left": 1}),
    Case(Refusal.DUPLICATE, facts={"has_twin": True}),
    Case(Refusal.NOT_TRADABLE, instrument={"symbol": "NSE:NIFTY50-INDEX"}, intent={"symbol": "NSE:NIFTY50-INDEX"}),
    Case(Refusal.SHORT_DELIVERY, intent={"side": Side.SELL, "product": Product.CNC}, facts={"stop": 80_500}),
    Case(Refusal.LOSS_LIMIT, facts={"profit": -1_000_000}),
    Case(Refusal.MAX_POSITIONS, facts={"positions": 3}),
    Case(Refusal.MAX_ORDERS, facts={"orders_today": 200}),
    Case(Refusal.ORDERS_PER_MINUTE, facts={"orders_in_minute": 60}),
    Case(Refusal.ORDERS_PER_SECOND, facts={"orders_in_second": 6}),
    Case(Refusal.STALE_SIGNAL, facts={"signal_age": 6 * HOUR + 1}),
    Case(Refusal.STALE_PRICE, facts={"tick": None}),
    Case(Refusal.STALE_PRICE, facts={"age": 61 * SECOND}),
    Case(Refusal.PRICE_BAND, instrument={"lower_band": None}),
    Case(Refusal.PRICE_BAND, instrument={"upper_band": None}),
    Case(Refusal.PRICE_SANITY, intent={"limit_price": 80_162}),
    Case(Refusal.PRICE_SANITY, intent={"limit_price": 88_005}),
    Case(Refusal.PRICE_SANITY, intent={"side": Side.SELL, "limit_price": 0}, facts={"stop": 80_400}),
    Case(Refusal.QUANTITY_SANITY, intent={"quantity": 7}, instrument={"lot": 5}),
    Case(Refusal.QUANTITY_SANITY, intent={"quantity": 0}),
    Case(Refusal.QUANTITY_SANITY, instrument={"freeze": 10}),
    Case(Refusal.ORDER_VALUE, rules={"max_order_value": 801_599}),
    Case(Refusal.SYMBOL_EXPOSURE, facts={"symbol_value": 25_000_000 - 801_599}),
    Case(Refusal.TOTAL_EXPOSURE, facts={"exposure": 50_000_000 - 801_599}),
    Case(Refusal.OPEN_ORDERS, facts={"open_value": 100_000_000 - 801_599}),
    Case(Refusal.TURNOVER, facts={"turnover": 1_000_000_000 - 801_599}),
    Case(Refusal.MARGIN, facts={"free_funds": 841_679}),
    Case(Refusal.MARGIN, facts={"free_funds": None}),
    Case(Refusal.STOP_SANITY, facts={"stop": 0}),
    Case(Refusal.STOP_SANITY, facts={"stop": 80_165}),
    Case(Refusal.STOP_SANITY, facts={"stop": 71_995}),
    Case(Refusal.STOP_SANITY, intent={"side": Side.SELL}, facts={"stop": 79_600}),
    Case(Refusal.TARGET_SANITY, facts={"target": 80_000}),
    Case(Refusal.TARGET_SANITY, facts={"target": 0}),
]


@pytest.fixture
def ask(sbin: Instrument, day: TradingDay, rules: TradingRules) -> Callable[[Case], tuple[OrderIntent, EntryFacts]]:
    """Build an acceptable entry of ten shares at 801.60, changed as a case asks."""

    def build(case: Case) -> tuple[OrderIntent, EntryFacts]:
        changes = dict(case.facts)
        now = day.open + changes.pop("after_open", TEN)
        seen_at = now - changes.pop("age", 0)
        books_at = now - changes.pop("books_age", 3 * MINUTE)
        stray_at = books_at + changes.pop("stray_left", 0)
        paused_until = now + changes.pop("pause_left", 0)
        intent = OrderIntent(
            tag="Q24LA10010001E19",
            symbol=sbin.symbol,
            side=Side.BUY,
            quantity=10,
            type=OrderType.LIMIT,
            limit_price=80_160,
            product=Product.INTRADAY,
            purpose=Purpose.ENTRY,
            reason="test",
        )
        facts = EntryFacts(
            now=now,
            day=day,
            level=SafetyLevel.RUN,
            conditions={},
            access=True,
            account="XY0001",
            token_account="XY0001",
            strategy_fault="",
            drift="",
            paused_until=paused_until,
            reconciled=True,
            books_failed=False,
            books_at=books_at,
            stopping=False,
            blocked="",
            busy=False,
            stray_shares=0,
            stray_at=stray_at,
            has_twin=False,
            positions=2,
            profit=-999_999,
            orders_today=199,
            orders_in_second=5,
            orders_in_minute=59,
            symbol_value=0,
            exposure=0,
            open_value=0,
            turnover=0,
            free_funds=10**9,
            signal_age=6 * HOUR,
            instrument=replace(sbin, **case.instrument),
            tick=Tick(sbin.symbol, seen_at, 80_000, 79_995, 80_005, 1),
            stop=79_600,
            target=79_400 if case.intent.get("side") is Side.SELL else 80_600,
        )
        return replace(intent, **case.intent), facts._replace(**changes)

    return build


def test_an_entry_within_all_limits_passes(ask, rules):
    assert refuse_entry(*ask(Case(Refusal.STOPPING)), rules) is None


def test_a_short_entry_within_all_limits_passes(ask, rules):
    short = Case(Refusal.STOPPING, intent={"side": Side.SELL, "limit_price": 79_840}, facts={"stop": 80_400})
    assert refuse_entry(*ask(short), rules) is None


@pytest.mark.hazard("A1", "D1", "D11", "T6", "S12", "S13", "S14", "S17", "S21", "P10", "V5", "S18", "S20", "S9", "A9")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.refusal.value)
def test_each_rule_refuses_what_no_other_rule_refuses(case, ask, rules):
    intent, facts = ask(case)
    rules = replace(rules, **case.rules)
    refused = {code for code, rule in RULES if rule(intent, facts, rules) is not None}
    assert refused == {case.refusal}
    code, detail = refuse_entry(intent, facts, rules)
    assert code is case.refusal
    assert detail


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.refusal.value)
def test_without_its_rule_a_case_would_pass(case, ask, rules, monkeypatch):
    others = tuple((code, rule) for code, rule in RULES if code is not case.refusal)
    assert len(others) == len(RULES) - 1
    monkeypatch.setattr(gatekeeper, "RULES", others)
    assert refuse_entry(*ask(case), replace(rules, **case.rules)) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"symbol_value": 25_000_000 - 801_600},
        {"exposure": 50_000_000 - 801_600},
        {"open_value": 100_000_000 - 801_600},
        {"turnover": 1_000_000_000 - 801_600},
        {"free_funds": 841_680},
        {"token_account": ""},
        {"books_age": 3 * MINUTE},
        {"pause_left": 0},
    ],
)
def test_what_a_limit_just_allows_passes(facts, ask, rules):
    assert refuse_entry(*ask(Case(Refusal.STOPPING, facts=facts)), rules) is None


@pytest.mark.hazard("S21")
def test_every_rule_has_a_case_and_every_refusal_a_rule():
    assert {case.refusal for case in CASES} == set(Refusal)
    assert [code for code, _ in RULES] == list(Refusal)


def test_of_several_refusals_the_first_of_the_table_is_told(ask, rules):
    intent, facts = ask(Case(Refusal.STOPPING, facts={"stopping": True, "busy": True}))
    assert refuse_entry(intent, facts, rules).code is Refusal.STOPPING


def test_delivery_may_be_entered_after_intraday_entries_have_ended(ask, rules):
    late = Case(Refusal.ENTRIES_CLOSED, facts={"after_open": 340 * MINUTE}, intent={"product": Product.CNC})
    assert refuse_entry(*ask(late), rules) is None


def test_without_a_session_nothing_is_entered(ask, rules):
    assert refuse_entry(*ask(Case(Refusal.SESSION_CLOSED, facts={"day": None})), rules).code is Refusal.SESSION_CLOSED
