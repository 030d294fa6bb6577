"""What can be wrong with candles, by name: so that a table, a page, a test and a mending all mean the same thing."""

from dataclasses import dataclass
from enum import Enum

from core.instants import Instant


class Weight(Enum):
    """What a finding asks of its reader."""

    DEFECT = "defect"
    """Rows are wrong or missing: do not use the data before you have decided about them."""
    DOUBT = "doubt"
    """Can be an error, can be the market: look at it."""
    NOTE = "note"
    """Good to know; nothing needs to be done."""


class Kind(Enum):
    """What was found; the value is its name in `--json`."""

    ABSENT = "absent sessions"
    EMPTY = "sessions known to be empty"
    PARTIAL = "partial sessions"
    STRAY = "stray sessions"
    SPECIAL = "special sessions"
    UNKNOWN_HOURS = "sessions of unknown hours"
    UNJUDGED = "days before the calendar begins"
    EQUAL_DUPLICATES = "equal duplicates"
    CONTRADICTIONS = "contradicting duplicates"
    DISORDER = "out of order"
    GAP = "gaps within sessions"
    PRE_OPEN = "pre-open indications"
    BEFORE_OPEN = "before the open"
    CLOSING_BAR = "bar at the close"
    AFTER_CLOSE = "after the close"
    IN_BREAK = "in a break"
    NO_SESSION = "on a day without session"
    OFF_GRID = "off the grid"
    NOT_A_PRICE = "not a price"
    BAD_VOLUME = "bad volume"
    IMPOSSIBLE = "impossible candles"
    UNTRADED = "rows without a trade"
    WRONG_SIDE = "bids that are asks"
    CROSSED = "crossed books"
    EMPTY_SIDE = "empty sides of the book"
    FRACTIONS = "fractions of whole numbers"
    OFF_PAISA = "prices between paise"
    NO_VOLUME = "no volume"
    ZERO_VOLUME = "candles without volume"
    FIRST_WITHOUT_VOLUME = "first candle without volume"
    FROZEN = "frozen candles"
    STUCK = "prices that stand still"
    STALE = "stale copies"
    SPIKE = "spikes"
    LONELY_OPEN = "opens out of line"
    CORPORATE_ACTION = "suspected corporate actions"
    OVERNIGHT_GAP = "large overnight gaps"
    SPLICED = "spliced series"
    SHORTER = "shorter than its fellows"

    @property
    def weight(self) -> Weight:
        """What it asks of its reader."""
        return _WEIGHTS.get(self, Weight.DEFECT)

    @property
    def marks_days(self) -> bool:
        """Whether it is the trouble of single days: neither a lack of candles nor a trait of the whole source."""
        traits = {Kind.ABSENT, Kind.PARTIAL, Kind.STRAY, Kind.OFF_PAISA, Kind.FIRST_WITHOUT_VOLUME}
        return self.weight is not Weight.NOTE and self not in traits


_WEIGHTS = {
    Kind.EMPTY: Weight.NOTE,
    Kind.SPECIAL: Weight.NOTE,
    Kind.UNKNOWN_HOURS: Weight.NOTE,
    Kind.UNJUDGED: Weight.NOTE,
    Kind.NO_VOLUME: Weight.NOTE,
    Kind.ZERO_VOLUME: Weight.NOTE,
    Kind.OVERNIGHT_GAP: Weight.NOTE,
    Kind.SHORTER: Weight.NOTE,
    Kind.FROZEN: Weight.DOUBT,
    Kind.STUCK: Weight.DOUBT,
    Kind.SPIKE: Weight.DOUBT,
    Kind.LONELY_OPEN: Weight.DOUBT,
    Kind.CORPORATE_ACTION: Weight.DOUBT,
    Kind.STRAY: Weight.DOUBT,
    Kind.EMPTY_SIDE: Weight.DOUBT,
}


@dataclass(frozen=True, slots=True)
class Spot:
    """One place: a candle, or a day."""

    at: Instant
    """Start of the candle, or midnight in India of the day."""
    rows: int
    """Rows concerned; of a session that lacks candles, how many it lacks."""
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Everything of one kind in one series."""

    kind: Kind
    spots: tuple[Spot, ...]
    """Oldest first."""
    what: str
    """One sentence with the figures."""
    largest: float | None = None
    """Size of the worst, in rupees or as a ratio, where there is one."""

    @property
    def rows(self) -> int:
        """Rows concerned in all."""
        return sum(spot.rows for spot in self.spots)
