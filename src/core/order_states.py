"""The life of an order as one table: what is heard of it leads from state to state.

Words about an order come late, twice and in any order, from an answer, from the order socket and from the books, so
each state has an entry for all that a broker can say. Only what we alone can do wrong has none: reading such a pair
halts the bot before the event is recorded.
"""

from collections.abc import Mapping
from enum import Enum

from core.errors import InvariantError
from core.orders import OrderStatus, OutcomeKind

_LIVE = frozenset({"sent", "unknown", "working", "zombie"})


class OrderState(Enum):
    """Where one of our orders is in its life."""

    __hash__ = object.__hash__  # a member is one object; the inherited hash is a call, and this one is asked for often

    SENT = "sent"
    """Written down and handed to the wire; no answer yet."""
    UNKNOWN = "unknown"
    """The answer proves nothing, or the broker's word for it is new to us; the books will tell."""
    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_SENT = "not_sent"
    ABSENT = "absent"
    """The books showed, late enough and twice, that it does not exist."""
    ZOMBIE = "zombie"
    """It was held for dead and is there after all. It is cancelled, never used."""

    def __init__(self, word: str) -> None:
        self.is_live = word in _LIVE
        """Whether it may still trade."""


class OrderNews(Enum):
    """What can be heard of an order."""

    __hash__ = object.__hash__

    ACKED = "acked"
    """The answer: the broker took it."""
    REFUSED = "refused"
    """The answer: the broker said no."""
    UNSENT = "unsent"
    """The answer: it never left."""
    LOST = "lost"
    """No answer that proves anything."""
    LIVE = "live"
    """A report shows it pending or in transit."""
    LISTED = "listed"
    """A reading of the books, begun well after the broker refused it or said that it had ended, shows it live."""
    STRANGE = "strange"
    """A report shows a status that nobody has told us the meaning of."""
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    TRADED = "traded"
    """The trade book has a trade of it."""
    DISPROVED = "disproved"
    """We conclude from the books that it does not exist."""
    RESTARTED = "restarted"
    """A process took over the log; answers of the one before it are lost."""


ON_ITS_WAY = frozenset({OrderState.SENT, OrderState.UNKNOWN})
"""What nobody can tell the fate of yet."""
THOUGHT_DEAD = frozenset({OrderState.REJECTED, OrderState.NOT_SENT, OrderState.ABSENT})
"""Ends without a trace in the market; a trade or a sighting proves them wrong."""
SETTLED = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED})
"""Ends that the broker itself told us: only its books can take them back."""
IN_THE_BOOK = frozenset({OrderState.WORKING, OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED})
"""States in which a complete order book must list the order."""

NEWS_OF_OUTCOME: Mapping[OutcomeKind, OrderNews] = {
    OutcomeKind.ACK: OrderNews.ACKED,
    OutcomeKind.REJECTED: OrderNews.REFUSED,
    OutcomeKind.NOT_SENT: OrderNews.UNSENT,
    OutcomeKind.UNKNOWN: OrderNews.LOST,
}
NEWS_OF_STATUS: Mapping[OrderStatus, OrderNews] = {
    OrderStatus.PENDING: OrderNews.LIVE,
    OrderStatus.TRANSIT: OrderNews.LIVE,
    OrderStatus.UNKNOWN: OrderNews.STRANGE,
    OrderStatus.UNUSED: OrderNews.STRANGE,
    OrderStatus.FILLED: OrderNews.FILLED,
    OrderStatus.CANCELLED: OrderNews.CANCELLED,
    OrderStatus.REJECTED: OrderNews.REJECTED,
    OrderStatus.EXPIRED: OrderNews.EXPIRED,
}

# Along a row: what one word makes of each state. Down a column: what has ended stays ended until the books go on
# listing it, late fills are counted apart, and what was held for dead is a zombie once it is seen. `-` is what no
# broker can cause: a second answer to an order that never left, a disproof of an order whose fate was not in doubt.
_TABLE = """
HEARD     SENT      UNKNOWN   WORKING   FILLED    CANCELLED REJECTED  EXPIRED   NOT_SENT  ABSENT    ZOMBIE
ACKED     WORKING   WORKING   WORKING   FILLED    CANCELLED REJECTED  EXPIRED   -         ZOMBIE    ZOMBIE
REFUSED   REJECTED  REJECTED  WORKING   FILLED    CANCELLED REJECTED  EXPIRED   -         ABSENT    ZOMBIE
UNSENT    NOT_SENT  NOT_SENT  WORKING   FILLED    CANCELLED REJECTED  EXPIRED   -         ABSENT    ZOMBIE
LOST      UNKNOWN   UNKNOWN   WORKING   FILLED    CANCELLED REJECTED  EXPIRED   -         ABSENT    ZOMBIE
LIVE      WORKING   WORKING   WORKING   FILLED    CANCELLED REJECTED  EXPIRED   ZOMBIE    ZOMBIE    ZOMBIE
LISTED    WORKING   WORKING   WORKING   FILLED    ZOMBIE    ZOMBIE    ZOMBIE    ZOMBIE    ZOMBIE    ZOMBIE
STRANGE   UNKNOWN   UNKNOWN   UNKNOWN   FILLED    CANCELLED REJECTED  EXPIRED   ZOMBIE    ZOMBIE    ZOMBIE
FILLED    FILLED    FILLED    FILLED    FILLED    CANCELLED FILLED    EXPIRED   FILLED    FILLED    FILLED
CANCELLED CANCELLED CANCELLED CANCELLED FILLED    CANCELLED CANCELLED EXPIRED   CANCELLED CANCELLED CANCELLED
REJECTED  REJECTED  REJECTED  REJECTED  FILLED    CANCELLED REJECTED  EXPIRED   REJECTED  REJECTED  REJECTED
EXPIRED   EXPIRED   EXPIRED   EXPIRED   FILLED    CANCELLED EXPIRED   EXPIRED   EXPIRED   EXPIRED   EXPIRED
TRADED    WORKING   WORKING   WORKING   FILLED    CANCELLED ZOMBIE    EXPIRED   ZOMBIE    ZOMBIE    ZOMBIE
DISPROVED -         ABSENT    -         -         -         -         -         -         -         -
RESTARTED UNKNOWN   UNKNOWN   WORKING   FILLED    CANCELLED REJECTED  EXPIRED   NOT_SENT  ABSENT    ZOMBIE
"""


def _read_table() -> dict[tuple[OrderState, OrderNews], OrderState]:
    head, *rows = _TABLE.split("\n")[1:-1]
    states = [OrderState[name] for name in head.split()[1:]]
    table = {}
    for row in rows:
        news, *cells = row.split()
        for state, cell in zip(states, cells, strict=True):
            if cell != "-":
                table[state, OrderNews[news]] = OrderState[cell]
    return table


TRANSITIONS: Mapping[tuple[OrderState, OrderNews], OrderState] = _read_table()


def next_state(state: OrderState, news: OrderNews) -> OrderState:
    """Return where the news leads. Raises `InvariantError` for a pair that only a bug of ours can bring about."""
    following = TRANSITIONS.get((state, news))
    if following is None:
        raise InvariantError(f"an order that is {state.name} cannot hear {news.name}: stop and report")
    return following
