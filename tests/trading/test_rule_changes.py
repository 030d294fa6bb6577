"""Rules changed for a question: what the settings would refuse is refused in one line, and nothing else is."""

import re
from dataclasses import replace

import pytest

from core.errors import ConfigurationError
from core.rules import TradingRules
from simulation.setting import DESK
from trading.rule_changes import changed_rules

RULES = DESK.rules


@pytest.mark.parametrize(
    ("assignment", "why"),
    [
        ("stop_atr=nan", "exits.stop_atr = nan: must be a finite number; give what the settings file takes"),
        ("stop_atr=1e999", "exits.stop_atr = inf: must be a finite number; give what the settings file takes"),
        ("target_atr=-1", "exits.target_atr = -1: must be greater than 0; give what the settings file takes"),
        ("stop_atr=1e300", "exits.stop_atr = 1e+300: must be less than or equal to 100"),
        ("limit_offset=0.5", "exits.limit_offset = 0.5: must be less than or equal to 0.05"),
        ("trail_atr=-0.1", "exits.trail_atr = -0.1: must be greater than or equal to 0"),
        ("max_positions=0", "risk.max_positions = 0: must be greater than or equal to 1"),
        ("max_positions=-3", "must lie within 0 and 1,000,000,000,000,000,000"),
        ("capital=0", "risk.capital = 0: must be greater than 0"),
        ("capital=" + "9" * 400, "must lie within 0 and"),
        ("max_loss=0", "risk.max_loss_fraction = 0: must be greater than 0"),
        ("sizing.risk_ppm=200000", "sizing.risk_fraction = 0.2: must be less than or equal to 0.05"),
        ("sizing.quantity=0", "sizing.quantity = 0: must be greater than or equal to 1"),
        ("max_price_age=0", "risk.max_price_age = 0: must be greater than 0"),
        ("margin=nan", "must be above 0 and at most 2"),
        ("entry_timeout=0", "must be above 0"),
        ("books_idle=-5", "must lie within 0"),
        ("charges.stt_sell=-5", "must lie within 0"),
    ],
)
def test_what_the_settings_would_refuse_is_refused_with_value_limit_and_remedy(assignment, why):
    with pytest.raises(ConfigurationError) as refused:
        changed_rules(RULES, (assignment,))
    assert str(refused.value).startswith(f"--set {assignment}: {why}")
    assert "\n" not in str(refused.value)


def test_limits_keep_their_order():
    with pytest.raises(ConfigurationError, match=r"^--set: soft_loss = \d+: must be below max_loss = 100; set both$"):
        changed_rules(RULES, ("max_loss=100",))
    with pytest.raises(ConfigurationError, match=r"max_symbol_value = \d+: must not be above max_exposure"):
        changed_rules(RULES, (f"max_exposure={RULES.max_symbol_value - 1}",))


@pytest.mark.parametrize(
    "assignments",
    [
        ("stop_atr=1.5",),
        ("trail_atr=0",),
        ("charges.stt_sell=0",),
        ("max_loss=100", "soft_loss=50"),
        ("entry_timeout=1",),
        ("margin=0.5",),
    ],
)
def test_what_can_be_meant_is_taken(assignments):
    expected = {name: float(text) for name, _, text in (each.partition("=") for each in assignments) if "." not in name}
    assert {name: getattr(changed_rules(RULES, assignments), name) for name in expected} == expected


def test_shares_are_of_the_capital_that_is_set_beside_them_in_whatever_order():
    small = ("max_loss=1000000000", f"capital={RULES.capital}")
    with pytest.raises(ConfigurationError, match=r"max_loss_fraction"):
        changed_rules(RULES, small)
    large = changed_rules(RULES, ("max_loss=1000000000", "capital=10000000000"))
    assert large == replace(RULES, max_loss=1_000_000_000, capital=10_000_000_000)


def test_every_rule_can_be_set_to_what_it_is():
    for name in TradingRules.__dataclass_fields__:
        value = getattr(RULES, name)
        if isinstance(value, int | float) and value:
            assert changed_rules(RULES, (f"{name}={value}",)) == RULES


@pytest.mark.parametrize(
    ("assignment", "why"),
    [
        ("drift_warn=0.7", "drift.warn = 0.7: must be less than or equal to 0.5"),
        ("drift_size_ppm=2000000", "drift.size = 2: must be less than or equal to 1"),
        ("drift_stop=0.2", "drift_shrink = 0.01, drift_stop = 0.2: none may be above the one before it"),
    ],
)
def test_rules_of_drift_have_the_limits_and_the_order_of_their_settings(assignment, why):
    with pytest.raises(ConfigurationError, match=re.escape(why)):
        changed_rules(RULES, [assignment])
