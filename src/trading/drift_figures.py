"""Drift and what caution cost, for the day's report and for `status`."""

from collections.abc import Sequence
from typing import Any

from core.drift import DriftStep, DriftTest
from core.drift_state import DriftState
from trading.rupee_text import signed_rupees
from trading.shadow_ledger import Caution, ShadowTrade

_WORDS = {
    Caution.ABSTAINED: "not made for doubt",
    Caution.DRIFT: "not made for drift",
    Caution.SHRUNK: "made smaller for drift",
}


def drift_data(drift: DriftState) -> dict[str, Any] | None:
    """Return the figures for programs; None where no model was ever asked."""
    if not drift.model:
        return None
    return {
        "step": drift.standing.name,
        "why": drift.why or None,
        "sessions": max((len(places) for places in drift.seen.values()), default=0),
        "evidence": {test.value: round(drift.evidence(test), 3) for test in DriftTest if test in drift.bets},
    }


def drift_line(drift: DriftState) -> str:
    """Return the same in one line for people; empty where the strategy that runs asks no model."""
    data = drift_data(drift)
    if data is None or not drift.is_used:
        return ""
    evidence = ", ".join(f"{name} {value:,.2f}" for name, value in data["evidence"].items()) or "none yet"
    told = f"Drift {data['step'].lower()}: evidence {evidence}, over {data['sessions']} sessions"
    return told if drift.step is DriftStep.NONE else f"{told}; {drift.why}"


def caution_data(trades: Sequence[ShadowTrade]) -> dict[str, Any] | None:
    """Return the trades not made whole, by why, and what caution saved in rupees; None where there were none."""
    if not trades:
        return None
    return {
        "trades": {each.value: sum(trade.caution is each for trade in trades) for each in Caution},
        "saved": {each.value: -sum(trade.net for trade in trades if trade.caution is each) / 100 for each in Caution},
        "saved_total": -sum(trade.net for trade in trades) / 100,
    }


def caution_line(trades: Sequence[ShadowTrade]) -> str:
    """Return the same in one line for people; empty where caution held nothing back."""
    if not trades:
        return ""
    net = sum(trade.net for trade in trades)
    kinds = ", ".join(
        f"{count} {words}"
        for each, words in _WORDS.items()
        if (count := sum(trade.caution is each for trade in trades))
    )
    verb, money = ("cost", net) if net > 0 else ("saved", -net)
    trades_in_all = f"{len(trades)} trade{'s' if len(trades) != 1 else ''}"
    return f"Caution {verb} ₹ {signed_rupees(money).lstrip('+')} over {trades_in_all}: {kinds}"
