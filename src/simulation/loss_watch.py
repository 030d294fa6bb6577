"""The day's loss limit counts what is open, not only what is closed: asked by the trades and the prices themselves.

A comparison is exact only at a moment at which the bot can know everything. So it is asked when a price reaches it,
where it believes what is true of every symbol; whatever nobody can know yet is not held against it. In a symbol in
which others have traded their gains and losses are not the bot's: there its own trades are believed.
"""

from collections.abc import Callable, Sequence

from core.events import SafetyLevel
from core.instants import ist_text
from core.market import Tick
from core.state import BotState
from simulation.setting import SYMBOLS
from simulation.truth import Truth
from simulator.books import ExchangeEvent, Traded

_FORCED = frozenset({SafetyLevel.FLATTEN, SafetyLevel.FREEZE})


class LossWatch:
    """Marks the account to the prices that the bot was given."""

    def __init__(self, truth: Truth, max_loss: int, complain: Callable[[str, str], None]) -> None:
        """`max_loss` is the limit of the day in units."""
        self._truth = truth
        self._max_loss = max_loss
        self._complain = complain
        self._cash = dict.fromkeys(SYMBOLS, 0)
        """What all trades in a symbol have brought in and paid out, without charges."""
        self._shared: set[str] = set()
        """Symbols in which others have traded."""
        self._marks: dict[str, tuple[int, int]] = {}
        """Shares and price of a symbol when a price last came to a bot that knew of these shares."""
        self._is_due: str = ""
        """What the loss was, when it has just passed the limit."""
        self._has_passed = False

    def watch(self, news: Sequence[ExchangeEvent]) -> None:
        """Take what the exchange just did."""
        for item in news:
            if isinstance(item, Traded):
                trade = item.trade
                self._cash[trade.symbol] -= trade.side.value * trade.quantity * trade.price
                if self._truth.purpose_of(trade) is None:
                    self._shared.add(trade.symbol)

    def given(self, tick: Tick, state: BotState) -> None:
        """Note a price that the bot is about to be given, with the state it has before."""
        position, net = state.positions.get(tick.symbol), self._truth.net[tick.symbol]
        if position is None or position.signed_quantity != net:
            self._marks.pop(tick.symbol, None)
            return
        self._marks[tick.symbol] = net, tick.ltp
        loss = self._loss(state)
        if loss > self._max_loss:
            self._is_due = f"{loss / 100:.2f} rupees are lost at {ist_text(tick.at)[-8:]}"

    def look(self, level: SafetyLevel) -> None:
        """I9: once the limit is passed, the level forces everything closed."""
        if self._is_due and level not in _FORCED and not self._has_passed:
            self._has_passed = True  # said once
            self._complain("I9", f"{self._is_due}, the limit is {self._max_loss / 100:.2f}, and the level {level.name}")
        self._is_due = ""

    def process_died(self) -> None:
        """Forget the prices: the next process has seen none of them, nor a loss that this one died while writing."""
        self._marks.clear()
        self._is_due = ""

    def _loss(self, state: BotState) -> int:
        """Return the loss of the day in units before charges; 0 where the bot cannot know all of it."""
        truth, total = self._truth, 0
        for symbol in SYMBOLS:
            net = truth.net[symbol]
            if symbol in truth.touched or (not net and symbol in state.positions):
                return 0
            marked, price = self._marks.get(symbol, (0, 0))
            if net and marked != net:
                return 0
            total += _own(state, symbol, price) if symbol in self._shared else self._cash[symbol] + net * price
        return -total


def _own(state: BotState, symbol: str, price: int) -> int:
    """Return what the bot's own trades in a symbol came to, in units, an open position marked to a price."""
    position = state.positions.get(symbol)
    open_ = position.profit_at(price) if position else 0
    return open_ + sum(trade.gross for trade in state.trades if trade.symbol == symbol)
