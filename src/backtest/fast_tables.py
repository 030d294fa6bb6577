"""What the fast engine walks and fills in: columns only, because compiled code knows no objects.

Rows of all symbols stand one after another. Prices and money are in units. A moment is twice a row, and one more for
the candle's close; its time is looked up later, and only for those who ask.
"""

from enum import IntEnum
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.columns import BoolArray, FloatArray, IntArray
from strategies.base_strategy import DirectionArray

RowArray: TypeAlias = NDArray[np.int32]


CANDLE = np.dtype(
    [
        *[(name, np.int32) for name in ("open", "high", "low", "close", "close_before", "day")],
        ("place", np.int16),
        *[(name, np.bool_) for name in ("may_enter", "squares_off", "is_last", "is_special")],
        *[(name, np.bool_) for name in ("entries_open", "session_open")],
    ]
)
"""A candle and what the calendar says of it (`backtest.bars.SessionRows`), together in 32 bytes.

A walk jumps from one candle of interest to the next. With a column for each of these, a jump read a dozen places far
from each other, and waiting for them took half of the time.
"""
HIGHEST_PRICE = 2**31 - 1
"""Of a candle, in units."""
CandleArray: TypeAlias = "np.recarray[Any, Any]"


class CandleRow(Protocol):
    """One of `CANDLE`."""

    open: int
    high: int
    low: int
    close: int
    close_before: int
    day: int
    place: int
    """Which symbol it is of."""
    may_enter: bool
    """Whether an intraday entry may fill that was wanted after the candle before."""
    squares_off: bool
    is_last: bool
    is_special: bool
    """Whether it is a day's first or last, or squares off: more than its prices may count."""
    entries_open: bool
    """Whether entries are allowed when the candle closes."""
    session_open: bool
    """Whether the session still runs when the candle closes."""


class Bars(NamedTuple):
    """All candles."""

    candles: CandleArray
    """Rows of `CANDLE`."""
    volumes: IntArray


class Steps(NamedTuple):
    """The order in which rows are walked: those that start together are one step."""

    order: RowArray
    ends: RowArray
    """Where in the order each step ends."""


class Contracts(NamedTuple):
    """What is traded; one entry a symbol."""

    ticks: IntArray
    lots: IntArray
    freezes: IntArray
    is_index: BoolArray
    ends: IntArray
    """Row after the symbol's last."""


class Signals(NamedTuple):
    """What the strategy wants: one entry a signal, in the order of the walk."""

    steps: RowArray
    """After which of them; one more entry, the number of all steps, ends the list."""
    rows: RowArray
    directions: DirectionArray
    probabilities: FloatArray
    ranges: FloatArray
    """Average true range."""


class Terms(NamedTuple):
    """Rules and assumptions in plain numbers; names as in `core.rules` and `backtest.assumptions`."""

    is_intraday: bool
    capital: int
    max_loss: int
    soft_loss: int
    max_positions: int
    max_orders_per_day: int
    max_order_value: int
    max_symbol_value: int
    max_exposure: int
    max_open_value: int
    max_turnover: int
    margin: float
    price_buffer: float
    limit_offset: float
    stop_atr: float
    target_atr: float
    trail_atr: float
    sizing: int
    """Code of the method."""
    quantity: int
    capital_ppm: int
    risk_ppm: int
    sizing_max_value: int
    """Largest order value as sizing has it."""
    entry_is_limit: bool
    spread_ticks: int
    slippage_ticks: int
    slippage_share: float
    volume_share: float


class Rates(NamedTuple):
    """Rate cards of the product, oldest first."""

    days: IntArray
    """First day of each, as days since 1970-01-01."""
    figures: IntArray
    """One row a card: `core.charges.ChargeRates.figures`."""
    delivery: IntArray
    """What the depository takes for a sale of shares held over night."""


class Book(NamedTuple):
    """What is held and what waits; one entry a symbol."""

    entered: IntArray
    """Shares that opened the position; 0 where there is none."""
    held: IntArray
    """Shares that are left of it."""
    side: IntArray
    """1 long, -1 short, of what is held or waits."""
    entry_value: IntArray
    exit_value: IntArray
    entry_moment: IntArray
    entry_day: IntArray
    entry_charges: IntArray
    stop: IntArray
    first_stop: IntArray
    target: IntArray
    changes: IntArray
    """How often the stop has trailed."""
    leaving: IntArray
    """Why it leaves at the next open: a `Reason`; 0 while it stays."""
    profit: IntArray
    """Before charges, at the last close."""
    value: IntArray
    """Of what is left, at the last close."""
    waiting: IntArray
    """Shares that an entry asks for which waits for the next bar; 0 for none."""
    limit: IntArray
    """Its limit."""
    nights: IntArray
    """How many it has waited."""
    atr: FloatArray
    """Average true range when the signal came; so for the next."""
    probability: FloatArray

    @classmethod
    def empty(cls, symbols: int) -> "Book":
        """Nothing held, nothing waiting."""
        types = [np.float64 if name in {"atr", "probability"} else np.int64 for name in cls._fields]
        return cls._make(np.zeros(symbols, dtype=each) for each in types)


class Sum(IntEnum):
    """Places in the account's row of sums."""

    DAY = 0
    REALISED = 1
    """Net of all closed trades."""
    REALISED_TODAY = 2
    ENTRY_CHARGES = 3
    """Of the positions that are open."""
    PROFIT = 4
    """Of the positions that are open, before charges, at the last closes."""
    VALUE = 5
    """Of the same, at the last closes."""
    ORDERS = 6
    """Of the day; so for the next."""
    TURNOVER = 7
    LEVEL = 8
    """0: entries are made; 1: none more today; 2: and everything leaves."""
    HELD = 9
    """Positions."""
    WAITING = 10
    """Entries that wait."""
    TRADES = 11
    ACTIONS = 12


class Field(IntEnum):
    """Columns of a finished trade."""

    PLACE = 0
    SIDE = 1
    QUANTITY = 2
    ENTRY_MOMENT = 3
    ENTRY_VALUE = 4
    EXIT_MOMENT = 5
    EXIT_VALUE = 6
    REASON = 7
    CHARGES = 8
    STOP = 9
    TARGET = 10


class Reason(IntEnum):
    """Why a position leaves; the first three are the codes of `core.exits`."""

    STOP_LOSS = 1
    TARGET = 2
    SQUARE_OFF = 3
    FORCE_EXIT = 4
    CORPORATE_ACTION = 5
    END_OF_DATA = 6


class Code(IntEnum):
    """Why an entry is refused, or lapses; the names are those of the gate's codes."""

    PASSED = 0
    TOO_SMALL = 1
    SAFETY_LEVEL = 2
    SESSION_CLOSED = 3
    ENTRIES_CLOSED = 4
    SYMBOL_BUSY = 5
    NOT_TRADABLE = 6
    SHORT_DELIVERY = 7
    LOSS_LIMIT = 8
    MAX_POSITIONS = 9
    MAX_ORDERS = 10
    ORDER_VALUE = 11
    SYMBOL_EXPOSURE = 12
    TOTAL_EXPOSURE = 13
    OPEN_ORDERS = 14
    TURNOVER = 15
    MARGIN = 16
    STOP_SANITY = 17
    TARGET_SANITY = 18
    NOT_FILLED = 19


class Outcome(NamedTuple):
    """What a run fills in."""

    sums: IntArray
    trades: IntArray
    """One row a trade; columns as in `Field`."""
    probabilities: FloatArray
    charges: IntArray
    """Parts of the bill, as `core.charges.bill` has them, and the depository's last."""
    refusals: IntArray
    """How often each `Code` came up."""
    equity: IntArray
    """One entry a step; empty where nobody asks for a curve."""
    exposure: IntArray
    actions: IntArray
    """Rows at which a split or bonus was suspected while a position was held."""


class Run(NamedTuple):
    """All that a walk reads, and the last two that it fills in."""

    bars: Bars
    steps: Steps
    contracts: Contracts
    signals: Signals
    terms: Terms
    rates: Rates
    book: Book
    outcome: Outcome
