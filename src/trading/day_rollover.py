"""A new day begins with empty books: what became of an order of unknown fate can no longer be looked up by its tag.

Such an order may have filled after all, and the shares may have been squared off, carried or sold by somebody. So the
morning after it is no day like any other: a person is told which orders they were, and entries wait until that person
has looked and resumes. What is held is protected and managed as ever.
"""

from core import events
from core.events import Alarm, Decision, SafetyLevel
from core.latches import raise_to
from core.state import BotState

UNRESOLVED_DAY = "UNRESOLVED_DAY"
"""Code of the alarm."""


class DayRollover:
    """Says at the beginning of a day what the day before left unknown."""

    def decide(self, state: BotState, event: events.Event) -> list[Decision]:
        """Return the alarm and the level for it, once; `state` has the event already."""
        if not isinstance(event, events.DayBegan) or not state.unresolved or (UNRESOLVED_DAY, "") in state.rung:
            return []
        orders = ", ".join(f"{tag} in {symbol}" for tag, symbol in state.unresolved.items())
        why = f"nobody knows what became of {orders} before this day began"
        remedy = "compare positions, holdings and trades in the broker's app with the bot's, then `fyersbot resume`"
        alarm = Alarm(at=event.at, code=UNRESOLVED_DAY, message=f"{why}; {remedy}")
        return [alarm, *raise_to(SafetyLevel.NO_ENTRY, state, event.at, why)]
