"""From a signal to an order: plan, size, gate. Everything about an entry is fixed here, before it is sent."""

from dataclasses import replace

from core.entry_facts import gather
from core.entry_pricing import TOO_SMALL, less_for_drift, priced_entry
from core.events import Decided, Decision, EntryPlan, EntryRefused, OrderIntended
from core.gatekeeper import refuse_entry
from core.instants import Instant
from core.market import Instrument, Tick, Timeframe
from core.orders import Purpose
from core.rules import TradingRules
from core.state import BotState
from core.tags import Tagger


def propose_entry(
    state: BotState,
    tagger: Tagger,
    rules: TradingRules,
    instrument: Instrument,
    signal: Decided,
    tick: Tick | None,
    now: Instant,
    profit: int,
) -> Decision:
    """Return the order that a signal asks for, or the reason why there is none.

    `profit` is the day's profit in units, realised plus marked to market.
    """
    if state.day is None or tick is None:
        return EntryRefused(at=now, symbol=signal.symbol, code="STALE_PRICE", detail="no session or no price yet")
    full = priced_entry(signal.direction.side, signal.atr, tick, instrument, rules)
    entry = replace(full, quantity=less_for_drift(full.quantity, state.drift.standing, rules, instrument))
    if entry.quantity == 0:
        detail = f"price={entry.limit}, stop distance={abs(entry.limit - entry.stop)}: not one lot fits the limits"
        return EntryRefused(at=now, symbol=signal.symbol, code=TOO_SMALL, detail=detail)
    tag = tagger.next(state.day.date, state.log_id, state.boot, Purpose.ENTRY)
    intent = entry.intent(tag, rules.product, signal.reason)
    facts = gather(
        state,
        intent,
        instrument,
        tick,
        now,
        profit=profit,
        stop=entry.stop,
        target=entry.target,
        margin=rules.margin,
        signal_age=_age(signal, rules.timeframe, now),
    )
    refused = refuse_entry(intent, facts, rules)
    if refused is not None:
        return EntryRefused(at=now, symbol=signal.symbol, code=refused.code.value, detail=refused.detail)
    plan = EntryPlan(
        direction=signal.direction,
        probability=signal.probability,
        atr=signal.atr,
        stop_atr=rules.stop_atr,
        target_atr=rules.target_atr,
        full_quantity=full.quantity if entry.quantity < full.quantity else 0,
    )
    return OrderIntended(at=now, intent=intent, plan=plan)


def _age(signal: Decided, timeframe: Timeframe, now: Instant) -> int:
    return 0 if timeframe is Timeframe.D else now - (signal.candle + timeframe.duration)
