"""What a check found wrong: where it shows first, why that happens, and what to do about it."""

from dataclasses import dataclass
from enum import Enum

from core.instants import Instant


class Kind(Enum):
    """Which proof failed."""

    TRUNCATION = "truncation"
    """An answer changes once later candles are there."""
    PERTURBATION = "perturbation"
    """An answer changes with the prices of later candles."""
    FORMING_CANDLE = "forming_candle"
    """An answer changes while the next candle is still moving."""
    LIVE = "live"
    """A whole history at once and candle by candle give different numbers."""
    WARM_UP = "warm_up"
    """The candles that live trading starts from are too few for the same answers."""
    FACES = "faces"
    """`on_data` and `signals` disagree."""
    REPEAT = "repeat"
    """The same question gets another answer."""
    OUTSIDE = "outside"
    """Something else than features and candles is read."""
    DATES = "dates"
    """An answer changes when only the years are others."""
    ANSWER = "answer"
    """An answer is no signal: a direction that there is not, a probability outside 0 to 1."""
    MUTATION = "mutation"
    """What was given to read was written to."""
    LABELS = "labels"
    """A label rests on candles after the one in which it is said to be known."""
    ROWS = "rows"
    """What a model learns from rests on later candles, or is not what was proved."""
    SPLIT = "split"
    """Rows to fit on are known no earlier than the first row to validate."""
    REFIT = "refit"
    """Fitted again with other rows to validate, something comes out otherwise."""
    SHUFFLED_TIME = "shuffled_time"
    """Something is foretold in a market in which nothing follows from anything."""


class Cause(Enum):
    """Why, as far as experiments tell; the value is what a program reads, the words are for people."""

    LOOKS_AHEAD = "looks_ahead"
    CENTRED_WINDOW = "centred_window"
    WHOLE_HISTORY = "whole_history"
    REST_OF_SESSION = "rest_of_session"
    LONGER_CANDLE = "longer_candle"
    LATER_VALUE = "later_value"
    NEWEST_ROW = "newest_row"
    LENGTH = "length_of_history"
    STATE = "state"
    CHANCE = "chance"
    CLOCK = "clock"
    READS_OUTSIDE = "reads_outside"
    KNOWS_DATES = "knows_dates"
    WRITES = "writes"
    NO_SIGNAL = "no_signal"
    TWO_ANSWERS = "two_answers"
    TWO_FORMULAS = "two_formulas"
    UNBOUNDED_MEMORY = "unbounded_memory"
    SHORT_HISTORY = "short_history"
    EARLY_RESOLVED = "early_resolved"
    NOT_PURGED = "not_purged"
    NOT_AS_SERVED = "not_as_served"
    TAUGHT_BY_TEST = "taught_by_test"
    FITTED_ON_TEST = "fitted_on_test"
    ASKED_TOGETHER = "asked_together"
    KNOWS_ANSWER = "knows_answer"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self]


_REMEDIES = {
    Cause.LOOKS_AHEAD: "use rows at or before the candle: shift(n) with n of 0 or more, never a negative one",
    Cause.CENTRED_WINDOW: "let what is read end at the candle: rolling(n) without center=True, no shift(n) below 0",
    Cause.WHOLE_HISTORY: "replace it by a rolling or expanding statistic, or one fitted on earlier data",
    Cause.REST_OF_SESSION: "use the session so far (cummax, cummin, the last close), or the session before",
    Cause.LONGER_CANDLE: "use the longer candle only from its close on: shift it by one before joining it",
    Cause.LATER_VALUE: "fill forwards (ffill) and search only among rows that have been",
    Cause.NEWEST_ROW: "index by the candle that is decided on; live, the newest row is a candle that still moves",
    Cause.LENGTH: "let nothing depend on how many candles there are",
    Cause.STATE: "keep nothing between calls: memory belongs to features",
    Cause.CHANCE: "decide without random numbers, sets in arbitrary order and object ids",
    Cause.CLOCK: "take the time from now.closed_at",
    Cause.READS_OUTSIDE: "read files and networks when the strategy is made, and only what was known at that time",
    Cause.KNOWS_DATES: "decide by prices, weekday, month and time of day; a table by date was made in hindsight",
    Cause.WRITES: "work on a copy: what is given is shared by everybody",
    Cause.NO_SIGNAL: "answer with a Direction and a probability from 0 to 1; where that is NaN, say nothing",
    Cause.TWO_ANSWERS: "make signals() answer for each row what on_data() answers",
    Cause.TWO_FORMULAS: "make the indicator's `over` and `live` count the same",
    Cause.UNBOUNDED_MEMORY: "count from the session's open or over a window, so that the start is forgotten",
    Cause.SHORT_HISTORY: "set history.candles to the smallest safe warm-up or more",
    Cause.EARLY_RESOLVED: "set `resolved` to the last row that the label reads, and read none after the session",
    Cause.NOT_PURGED: "fit only on rows whose label was known before the first row to validate",
    Cause.NOT_AS_SERVED: "teach with the features that live trading computes and the labels of the exit rule",
    Cause.TAUGHT_BY_TEST: "fit only on rows before the first row to validate",
    Cause.FITTED_ON_TEST: "fit scaler, encoder, model, calibration and threshold on rows before those to validate",
    Cause.ASKED_TOGETHER: "answer each row by itself: fit nothing on the rows that are asked about",
    Cause.KNOWS_ANSWER: "look for the label among the features, and for what is kept from one training to the next",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    column: str
    """A feature, `on_data.direction`, `signals.probability`, `signals.answer`, `label.long_net`.."""
    row: int | None
    """First bad bar, as a row of the candles that were checked; None where it is about no bar."""
    at: Instant | None
    """Start of that candle."""
    cause: Cause
    detail: str
    """The cause in words, with the numbers found."""
    symbol: str = ""

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.cause.remedy
