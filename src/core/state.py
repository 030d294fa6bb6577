"""What the bot knows, and the questions that its decisions ask of that. Only the fold (`core.fold`) changes it.

Every process that reads the same events knows the same, whether it trades, recovers, shows or reports.
"""

from dataclasses import dataclass, field

from core import events
from core.activity import Activity
from core.candle_quality import CandleQuality
from core.drift_state import DriftState
from core.events import FeedState, Phase, SafetyLevel
from core.instants import MINUTE, Instant
from core.orders import Books, Product, Purpose
from core.positions import Trade
from core.protection_meter import ProtectionMeter
from core.sessions import TradingDay
from core.tags import is_ours
from core.tracking import OpenPosition, TrackedOrder

START_WINDOW = 10 * MINUTE
"""How long a start is remembered; many within it are a crash loop."""


@dataclass(slots=True)
class BotState:
    """The whole fold."""

    boot: int = 0
    log_id: str = ""
    mode: str = ""
    account: str = ""
    day: TradingDay | None = None
    phase: Phase | None = None
    level: SafetyLevel = SafetyLevel.RUN
    level_why: str = ""
    reconciled: bool = False
    """Whether the books were read and agreed since this process started, or since the last doubt."""
    access: bool = True
    """Whether the token works."""
    stopping: bool = False
    closing: bool = False
    """Whether the bot ends with everything closed."""
    rung: set[tuple[str, str]] = field(default_factory=set)
    """Code and key of the day's alarms that ring once."""
    obeyed: set[str] = field(default_factory=set)
    """Keys of the operator's commands that were taken."""
    orders: dict[str, TrackedOrder] = field(default_factory=dict)
    """Our orders of the day by tag."""
    orders_today: int = 0
    positions: dict[str, OpenPosition] = field(default_factory=dict)
    carried: dict[str, int] = field(default_factory=dict)
    """Shares brought into this day by symbol, negative for a short."""
    trades: list[Trade] = field(default_factory=list)
    """Closed trades of the day."""
    blocked: dict[str, str] = field(default_factory=dict)
    strays: dict[str, Instant] = field(default_factory=dict)
    """When we last heard, by symbol, of shares traded by others, or by an order of ours that has no position."""
    decided: dict[str, events.Decided] = field(default_factory=dict)
    """The newest word of the strategy on each symbol."""
    signals_today: int = 0
    """Long and short signals of the day."""
    queued: dict[str, events.Decided] = field(default_factory=dict)
    """The newest directional signals; after the close, what the next open enters on."""
    feeds: dict[str, FeedState] = field(default_factory=dict)
    books: Books | None = None
    books_at: Instant = 0
    books_failed: bool = False
    """Whether the newest attempt to read the books came to nothing."""
    flattened: bool = False
    """Whether, since FLATTEN was raised, two readings of the books have shown nothing of ours."""
    flat_verified: bool = False
    last_at: Instant = 0
    """When the newest event happened."""
    meter: ProtectionMeter = field(default_factory=ProtectionMeter)
    realised: int = 0
    """Net profit of the day's closed trades, in units."""
    conditions: dict[events.Condition, str] = field(default_factory=dict)
    """The doubts that hold, each with its reason."""
    activity: Activity = field(default_factory=Activity)
    """What we sent lately, and what became of it."""
    funds: events.FundsRead | None = None
    """The newest reading of the money at the broker since this process started."""
    strategy_fault: str = ""
    """What the strategy failed with since this process started; empty while it works."""
    soft_loss_hit: bool = False
    """Whether the soft loss limit was reached today; an operator may resume and is not asked again."""
    loss_restored: bool = False
    """Whether a loss that the log did not know was counted today."""
    doubted_at: Instant = 0
    """When the process last stood still: only books asked for since then are evidence."""
    starts: tuple[Instant, ...] = ()
    """When processes took over this log lately, oldest first, the present one included."""
    unsettled: dict[str, list[str]] = field(default_factory=dict)
    """Tags by symbol of our orders, oldest first, but for those that have ended for good: none of these lives again."""
    seq: int = field(default=0, compare=False)
    """How many events are in the fold: the number of the newest one in the log. Equal states know the same."""
    candles: CandleQuality = field(default_factory=CandleQuality)
    """How the candles that we made today compare with the broker's."""
    unresolved: dict[str, str] = field(default_factory=dict)
    """Orders by tag, each with its symbol, whose fate was unknown when their day ended; until an operator resumes."""
    drift: DriftState = field(default_factory=DriftState)
    """What is known of the market leaving the model."""
    former_drift: dict[str, DriftState] = field(default_factory=dict)
    """The same of models that others took the place of, by the hash of their manifests: a way back finds their step."""

    def track(self, order: TrackedOrder) -> TrackedOrder:
        """Take an order among ours."""
        intent = order.intent
        self.orders[intent.tag] = order
        self.unsettled.setdefault(intent.symbol, []).append(intent.tag)
        return order

    def order_by_broker_id(self, broker_id: str) -> TrackedOrder | None:
        """Return our order with a broker's id, if we know it."""
        if not broker_id:
            return None
        return next((order for order in self.orders.values() if order.broker_id == broker_id), None)

    def live_orders(self, symbol: str, *purposes: Purpose) -> list[TrackedOrder]:
        """Return our orders of a symbol that may still trade, of the given purposes or of all."""
        orders = [self.orders[tag] for tag in self.unsettled.get(symbol, ())]
        return [order for order in orders if order.state.is_live and (not purposes or order.intent.purpose in purposes)]

    @property
    def live_entries(self) -> list[TrackedOrder]:
        """Our orders of all symbols that may still open a position."""
        return [order for symbol in self.unsettled for order in self.live_orders(symbol, Purpose.ENTRY)]

    def exit_order(self, symbol: str) -> TrackedOrder | None:
        """Return the one live order that reduces the position of a symbol: its stop, or the exit it was turned into.

        One that is being cancelled, because it came back from the dead or has the wrong product, only where there is
        no other.
        """
        live = self.live_orders(symbol, Purpose.STOP, Purpose.EXIT)
        if len(live) > 1 and (position := self.positions.get(symbol)) is not None:
            live = [order for order in live if order.can_reduce(position)] or live
        return live[0] if live else None

    def has_decided(self, symbol: str, candle: Instant) -> bool:
        """Whether the strategy has already spoken on a candle."""
        decided = self.decided.get(symbol)
        return decided is not None and decided.candle >= candle

    def shares_at_broker(self, books: Books, symbol: str, product: Product) -> int:
        """Return what the books say of our position in a symbol, negative for a short.

        Shares carried over night may have moved from the position book to the holdings; then the row of the day shows
        only what was done today.
        """
        name = product.value
        net = sum(row.net_quantity for row in books.positions if row.symbol == symbol and row.product == name)
        position = self.positions.get(symbol)
        ours = position.signed_quantity if position else 0
        return net if net == ours else net + self.carried.get(symbol, 0)

    def stray_shares(self, symbol: str, product: Product) -> int:
        """Return what the newest reading shows in a symbol in which we hold nothing, negative for a short; else 0."""
        if self.books is None or symbol in self.positions:
            return 0
        return self.shares_at_broker(self.books, symbol, product)

    def orders_of_others(self, symbol: str) -> frozenset[str]:
        """Return the ids of the orders of others in a symbol that the newest reading shows."""
        reports = self.books.orders if self.books else ()
        return frozenset(row.broker_id for row in reports if row.symbol == symbol and not is_ours(row.tag))

    @property
    def is_flat(self) -> bool:
        """Whether we hold nothing and nothing of ours may still trade."""
        return not self.positions and not any(self.live_orders(symbol) for symbol in self.unsettled)

    @property
    def effective_level(self) -> SafetyLevel:
        """The safety level as it works: a doubt that holds is as good as NO_ENTRY, for as long as it holds."""
        return SafetyLevel.NO_ENTRY if self.level is SafetyLevel.RUN and self.conditions else self.level

    @property
    def effective_why(self) -> str:
        """Why the level is what it is, the doubts included."""
        doubts = [f"{condition.name}: {why}" for condition, why in self.conditions.items()]
        return "; ".join([self.level_why, *doubts] if self.level_why else doubts)
