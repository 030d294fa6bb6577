"""Why a day that was traded differs from the day as the backtest trades it: the words of the receipt."""

from enum import Enum

_FEED_CODES = frozenset({"STALE_PRICE"})
_FEED_DOUBTS = ("FEED:", "GAP:")
_HAND_CODES = frozenset({"STOPPING", "SYMBOL_BLOCKED"})
_SAFETY_LEVEL = "SAFETY_LEVEL"
_LATE_CODES = frozenset({"STALE_SIGNAL"})
_FOLLOWING_CODES = frozenset(
    {
        "SAFETY_LEVEL",
        "SYMBOL_BUSY",
        "LOSS_LIMIT",
        "MAX_POSITIONS",
        "MAX_ORDERS",
        "SYMBOL_EXPOSURE",
        "TOTAL_EXPOSURE",
        "OPEN_ORDERS",
        "TURNOVER",
        "MARGIN",
    }
)


class Cause(Enum):
    """A bar of the waterfall, in the order in which they are drawn."""

    DATA_REVISION = "data_revision"
    """The official candles differ from those that were decided on."""
    TIMING = "timing"
    """A decision was late or not made at all; a way out was taken late or early, or a stop did not rest in time."""
    FEATURES = "features"
    """The strategy saw other numbers of the same candles."""
    GATE = "gate"
    """An entry was refused, or the loss of the day closed a position, on one side only."""
    FILL_PRICE = "fill_price"
    """An order filled at another price than the market showed when it was decided."""
    PARTIAL_FILL = "partial_fill"
    """An entry filled in part, or not at all."""
    CHARGES = "charges"
    """The same orders were billed differently."""
    MANUAL_ACTION = "manual_action"
    """A person, or the broker, closed something; an operator gave a command."""
    FEED_GAP = "feed_gap"
    """Prices were missing, or doubted."""
    UNEXPLAINED = "unexplained"
    """Nothing in the log says why."""


def follows_from_others(code: str) -> bool:
    """Return whether a refusal says nothing of the order itself, but of other positions or of the day so far."""
    return code in _FOLLOWING_CODES


def cause_of_refusal(code: str, detail: str, *, level_by_hand: bool) -> Cause:
    """Return what stands behind an entry that the bot refused; `level_by_hand` says who raised its safety level."""
    if code in _LATE_CODES:
        return Cause.TIMING
    if code in _FEED_CODES or (code == "CONDITION" and any(doubt in detail for doubt in _FEED_DOUBTS)):
        return Cause.FEED_GAP
    if code in _HAND_CODES or (code == _SAFETY_LEVEL and level_by_hand):
        return Cause.MANUAL_ACTION
    return Cause.GATE
