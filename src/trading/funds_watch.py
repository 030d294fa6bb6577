"""How much money backs the next order, and whose it is: read when it may have changed, and once a minute.

The broker's word on both is recorded, because the gate decides by it. A token of another account is the worst mistake
there is: every order and every book would be somebody else's, so it freezes the bot.
"""

from core import events, latches
from core.events import Alarm, Deadline, Decision, FundsWanted, SafetyLevel
from core.rules import TradingRules
from core.state import BotState
from trading.timers import Timers


class FundsWatch:
    """Decides when the funds are read, and answers what they say."""

    def __init__(self, rules: TradingRules, timers: Timers) -> None:
        self._rules = rules
        self._timers = timers

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return what an event asks for; `state` has the event already."""
        at = event.at
        match event:
            case events.Reconciled() | events.TradeClosed() | events.AccessChanged(valid=True):
                self._timers.set(Deadline.FUNDS, "", at + self._rules.books_idle)
                return [FundsWanted(at=at)]
            case events.TimerFired(name=Deadline.FUNDS):
                self._timers.set(Deadline.FUNDS, "", at + self._rules.books_idle)
                return [FundsWanted(at=at)] if state.access else []
            case events.FundsRead(account=account) if account != state.account:
                why = f"the token opens account {account}, this run is for {state.account}; nothing is sent any more"
                raised = latches.raise_to(SafetyLevel.FREEZE, state, at, why)
                return [Alarm(at=at, code="WRONG_ACCOUNT", message=why), *raised] if raised else []
        return []
