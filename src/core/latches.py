"""What an operator's command does to the safety level: careful at any time, bold only when nothing is at stake.

A raised level is latched: it stays over restarts and days until an operator resumes. Forced exits and a freeze are
lifted only when nothing of ours is open and the broker's books say so too.
"""

from core.events import Alarm, Command, CommandGiven, Decision, LevelChanged, SafetyLevel
from core.instants import Instant
from core.state import BotState

RESUME_REFUSED = "RESUME_REFUSED"
"""Code of the alarm that says why a level stays."""


def obey(state: BotState, given: CommandGiven, max_loss: int) -> list[Decision]:
    """Return what a command makes of the safety level; `max_loss` is the day's limit in units."""
    match given.command:
        case Command.HALT:
            return raise_to(SafetyLevel.NO_ENTRY, state, given.at, given.why)
        case Command.EXIT_ONLY:
            return raise_to(SafetyLevel.EXIT_ONLY, state, given.at, given.why)
        case Command.FLATTEN:
            return raise_to(SafetyLevel.FLATTEN, state, given.at, given.why)
        case Command.RESUME if state.level is not SafetyLevel.RUN:
            return [_resume(state, given.at, given.why, max_loss)]
    return []


def raise_to(level: SafetyLevel, state: BotState, at: Instant, why: str) -> list[Decision]:
    """Raise the safety level; a wish to be careful never lowers it."""
    return [LevelChanged(at=at, level=level, why=why)] if state.level.value < level.value else []


def _resume(state: BotState, at: Instant, why: str, max_loss: int) -> Decision:
    obstacle = obstacle_to_resume(state)
    if obstacle:
        return Alarm(at=at, code=RESUME_REFUSED, message=f"the safety level stays {state.level.name}: {obstacle}")
    if state.realised <= -max_loss:
        numbers = f"{state.realised / 100:.2f} of {-max_loss / 100:.2f} rupees"
        why = f"{why}; the loss of the day stands at {numbers}, so entries are refused until the next day (LOSS_LIMIT)"
    return LevelChanged(at=at, level=SafetyLevel.RUN, why=why)


def obstacle_to_resume(state: BotState) -> str:
    """Why the level may not be lowered now; empty when it may."""
    if state.level.value < SafetyLevel.FLATTEN.value:
        return ""
    if not state.reconciled:
        return "the broker's books have not been read and agreed yet; resume again when the log says `Reconciled`"
    if state.is_flat and state.level is SafetyLevel.FLATTEN and not state.flattened:
        return "two readings of the books have not shown yet that all is closed; resume again in some seconds"
    if state.is_flat:
        return ""
    left = [f"{position.signed_quantity} {symbol}" for symbol, position in state.positions.items()]
    left += [f"order {tag} in {order.intent.symbol}" for tag, order in state.orders.items() if order.state.is_live]
    is_frozen = state.level is SafetyLevel.FREEZE
    remedy = "close it in the broker's app, then resume" if is_frozen else "resume when the bot has closed it"
    return f"not flat, open is {', '.join(left)}; {remedy}"
