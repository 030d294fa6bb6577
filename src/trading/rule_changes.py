"""What if the rules had been others? `stop_atr=1.5` and `sizing.quantity=5`, as typed, make another `TradingRules`.

A rule that comes from a setting takes what that setting takes: the rules are in paise, nanoseconds and parts per
million, and are turned back into the setting's own unit to be checked by it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from enum import Enum
from typing import Any, NamedTuple, get_type_hints

from pydantic import ValidationError

from core.errors import ConfigurationError
from core.instants import SECOND
from core.rules import TradingRules
from core.sizing import MILLION
from runtime.settings import DriftSettings, ExitSettings, RiskSettings, Section, SizingSettings

_LONGEST = 10**18
"""Largest whole number a rule may be: 30 years in nanoseconds, more paise than there are."""
_MOST_MARGIN = 2.0
"""The whole value of an order and as much again: the most that the settings can ask for."""
_SAME: dict[str, tuple[str, type[Section]]] = {
    **dict.fromkeys(("stop_atr", "target_atr", "limit_offset", "trail_atr"), ("exits", ExitSettings)),
    **dict.fromkeys(
        ("price_buffer", "max_positions", "max_orders_per_day", "max_orders_per_second", "max_orders_per_minute"),
        ("risk", RiskSettings),
    ),
}
"""Rules that are named as their setting and have its unit; each with its section."""
_PAISE = {"capital": "capital", "max_order_value": "max_order_value", "sizing.max_order_value": "max_order_value"}
_SHARES = {
    "max_loss": "max_loss_fraction",
    "soft_loss": "soft_loss_fraction",
    "max_symbol_value": "max_symbol_fraction",
    "max_exposure": "max_exposure_fraction",
    "max_open_value": "max_open_order_fraction",
    "max_turnover": "max_turnover_fraction",
}
"""Amounts of paise that are set as a share of capital."""
_PPM: dict[str, tuple[str, type[Section], str]] = {
    "sizing.capital_ppm": ("sizing", SizingSettings, "capital_fraction"),
    "sizing.risk_ppm": ("sizing", SizingSettings, "risk_fraction"),
    "drift_size_ppm": ("drift", DriftSettings, "size"),
}
_DRIFT = {"drift_warn": "warn", "drift_shrink": "shrink", "drift_stop": "stop"}


class _Setting(NamedTuple):
    """A setting that a rule comes from, and what it would have to be."""

    group: str
    section: type[Section]
    key: str
    amount: float
    """In the setting's own unit."""


def changed_rules(rules: TradingRules, assignments: Sequence[str]) -> TradingRules:
    """Return the rules with some values replaced. Raises `ConfigurationError` for a name or a value that is none."""
    for assignment in sorted(assignments, key=lambda each: not each.startswith("capital=")):  # others are shares of it
        name, separator, text = assignment.partition("=")
        known = dict(_leaves(rules))
        if not separator or name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(
                f"--set {assignment}: give name=value{hint} (names are {', '.join(sorted(known))})"
            )
        value = _value(assignment, text, known[name])
        if isinstance(value, int | float):
            _check(assignment, name, value, rules)
        rules = _replaced(rules, name.split("."), value)
    if assignments:
        _check_order(rules)
    return rules


def _check(assignment: str, name: str, value: float, rules: TradingRules) -> None:
    """Refuse a number that the settings would refuse. Raises `ConfigurationError` naming value, limit and remedy."""
    if isinstance(value, int) and not 0 <= value <= _LONGEST:
        raise ConfigurationError(f"--set {assignment}: must lie within 0 and {_LONGEST:,}; give one that does")
    if name == "margin" and not 0 < value <= _MOST_MARGIN:
        raise ConfigurationError(f"--set {assignment}: must be above 0 and at most {_MOST_MARGIN:g}; give one that is")
    setting = _setting_of(name, value, rules)
    if setting is None:
        if not value and not name.startswith("charges."):
            raise ConfigurationError(f"--set {assignment}: must be above 0; give a number that is")
        return
    try:
        setting.section.model_validate({setting.key: setting.amount})
    except ValidationError as error:
        why = error.errors(include_url=False)[0]["msg"].replace("Input should be", "must be")
        raise ConfigurationError(
            f"--set {assignment}: {setting.group}.{setting.key} = {setting.amount:g}: {why}; give what the settings "
            "file takes"
        ) from None


def _setting_of(name: str, value: float, rules: TradingRules) -> _Setting | None:
    """Return the setting that a rule comes from; None for one that no setting gives."""
    if name in _SAME:
        return _Setting(*_SAME[name], name, value)
    if name in _PAISE:
        return _Setting("risk", RiskSettings, _PAISE[name], value / 100)
    if name in _SHARES:
        return _Setting("risk", RiskSettings, _SHARES[name], value / rules.capital)
    if name in _PPM:
        return _Setting(*_PPM[name], value / MILLION)
    if name in _DRIFT:
        return _Setting("drift", DriftSettings, _DRIFT[name], value)
    if name == "sizing.quantity":
        return _Setting("sizing", SizingSettings, "quantity", value)
    if name == "max_price_age":
        return _Setting("risk", RiskSettings, name, value / SECOND)
    return None


def _check_order(rules: TradingRules) -> None:
    """Keep limits in the order in which they are meant to be met, as the settings do."""
    if rules.soft_loss >= rules.max_loss:
        raise ConfigurationError(
            f"--set: soft_loss = {rules.soft_loss}: must be below max_loss = {rules.max_loss}; set both"
        )
    if not rules.drift_warn >= rules.drift_shrink >= rules.drift_stop:
        raise ConfigurationError(
            f"--set: drift_warn = {rules.drift_warn:g}, drift_shrink = {rules.drift_shrink:g}, drift_stop = "
            f"{rules.drift_stop:g}: none may be above the one before it; set them in this order"
        )
    if rules.max_symbol_value > rules.max_exposure:
        raise ConfigurationError(
            f"--set: max_symbol_value = {rules.max_symbol_value}: must not be above max_exposure = "
            f"{rules.max_exposure}; set both"
        )


def _leaves(fact: Any, prefix: str = "") -> Iterator[tuple[str, type]]:
    """Yield the dotted names that can be set, each with the type of its value."""
    hints = get_type_hints(type(fact))
    for field in fields(fact):
        value, kind = getattr(fact, field.name), hints[field.name]
        if is_dataclass(value):
            yield from _leaves(value, f"{prefix}{field.name}.")
        elif isinstance(kind, type) and issubclass(kind, int | float | str | Enum):
            yield prefix + field.name, kind


def _replaced(fact: Any, path: list[str], value: Any) -> Any:
    name, *rest = path
    return replace(fact, **{name: _replaced(getattr(fact, name), rest, value) if rest else value})


def _value(assignment: str, text: str, kind: type) -> Any:
    texts: dict[str, Any] = {"true": True, "false": False} if kind is bool else {}
    if issubclass(kind, Enum):
        texts = {str(each.value): each for each in kind}
    if texts:
        if text not in texts:
            raise ConfigurationError(f"--set {assignment}: {text!r} is none of {', '.join(texts)}")
        return texts[text]
    read: Callable[[str], Any] = kind
    try:
        return read(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise ConfigurationError(f"--set {assignment}: {text!r} is not {wanted}") from None
