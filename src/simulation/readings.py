"""Reading the broker's books and the history, with everything a server may do to a reader.

The three books of a reading come from three moments, one after the other. Any of them may be old, short of its newest
rows, or empty; none of that is told. A reading that fails is told.
"""

from collections.abc import Callable
from typing import TypeVar

from core import events
from core.instants import MILLISECOND, SECOND, Instant
from core.orders import Books, BrokerPosition, Fill, OrderReport
from simulation.books import BookHistory
from simulation.fates import Fates
from simulation.life import Life
from simulation.network import Network
from simulation.plan import FaultKind
from simulation.setting import ACCOUNT
from simulation.virtual_time import VirtualTime
from simulation.workload import candles
from trading.rate_budget import Lane

_K = FaultKind
_ORDERS, _FILLS, _POSITIONS, _ALL = range(4)
_HISTORY_GRACE = 5 * SECOND
_AGAIN = SECOND
_WARM_UP_AGAIN = 10 * SECOND
_SHORTEST_WAIT = 50 * MILLISECOND
_LONGEST_LAG = 5.0
"""Seconds the books may lie behind, as the bot is told to expect."""
_Row = TypeVar("_Row", OrderReport, Fill, BrokerPosition)


class Readings:
    """The reads of one life of the process."""

    def __init__(
        self,
        time: VirtualTime,
        life: Life,
        books: BookHistory,
        network: Network,
        fates: Fates,
        called: Callable[[bool], None],
    ) -> None:
        self._time = time
        self._life = life
        self._books = books
        self._network = network
        self._fates = fates
        self._called = called
        self.books_wait_for_room = False
        """Whether our own budget keeps a reading of the books from going on."""
        self._wishes = 0
        self._last: Books | None = None

    # --- books --------------------------------------------------------------------------------------------------

    def want_books(self) -> None:
        """Read the books; wishes that come while a reading runs are met by one more after it."""
        self._wishes = min(self._wishes + 1, 2)
        if self._wishes == 1:
            self._read()

    def _read(self) -> None:
        asked_at = self._life.clock()
        use = self._fates.strikes(_K.BOOK_FAILED)
        if use:
            wait = int(self._fates.size(_K.BOOK_FAILED, use, 0.2, 16) * SECOND)
            self._time.after(wait, lambda: self._fail("order book: no answer in time"))
            return
        lag, late = self._lag()
        moments: list[Instant] = []

        def go_on() -> None:
            if not self._network.has_token:
                self._life.report_access(valid=False, why="order book: the broker refuses the token")
                self._fail("order book: the broker refuses the token", token_refused=True)
                return
            moments.append(self._time.now - (lag if late in {len(moments), _ALL} else 0))
            if len(moments) < _ALL:
                self._in_turn(lambda: self._time.after(self._network.one_way() * 2, go_on), for_books=True)
                return
            books, (orders_at, fills_at, positions_at) = self._books, moments
            self._report(
                self._spoiled(books.orders(orders_at), books.fills(fills_at), books.positions(positions_at)), asked_at
            )

        self._in_turn(lambda: self._time.after(self._network.one_way() * 2, go_on), for_books=True)

    def _lag(self) -> tuple[int, int]:
        """Return how old a book is, and which: the number of the book, or three for all."""
        use = self._fates.strikes(_K.BOOK_STALE)
        if not use:
            return 0, -1
        lag = int(self._fates.size(_K.BOOK_STALE, use, 0.3, _LONGEST_LAG) * SECOND)
        return lag, self._fates.choice(_K.BOOK_STALE, use, 4)

    def _spoiled(
        self, orders: tuple[OrderReport, ...], fills: tuple[Fill, ...], positions: tuple[BrokerPosition, ...]
    ) -> Books:
        """Take what the server leaves out: a whole book, or the newest rows of one."""
        empty = self._fates.strikes(_K.BOOK_EMPTY)
        partial = self._fates.strikes(_K.BOOK_PARTIAL)
        count = 1 + int(self._fates.size(_K.BOOK_PARTIAL, partial, 0, 3)) if partial else 0
        which_empty = self._fates.choice(_K.BOOK_EMPTY, empty, 3) if empty else -1
        which_partial = self._fates.choice(_K.BOOK_PARTIAL, partial, 3) if partial else -1

        def shown(rows: tuple[_Row, ...], book: int) -> tuple[_Row, ...]:
            if book == which_empty:
                return ()
            return rows[: max(0, len(rows) - count)] if book == which_partial else rows

        return Books(shown(orders, _ORDERS), shown(fills, _FILLS), shown(positions, _POSITIONS))

    def _report(self, books: Books, asked_at: Instant) -> None:
        self._life.report_access(valid=True, why="the books were read")
        if books == self._last:
            self._life.put(lambda at: events.BooksUnchanged(at=at, asked_at=asked_at))
        else:
            self._last = books
            self._life.put(lambda at: events.BooksRead(at=at, asked_at=asked_at, books=books))
        self._go_on()

    def _fail(self, why: str, *, token_refused: bool = False) -> None:
        self._life.put(lambda at: events.BooksFailed(at=at, why=why, token_refused=token_refused))
        self._go_on()

    def _go_on(self) -> None:
        self._wishes -= 1
        if self._wishes and not self._life.is_over:
            self._read()

    # --- money ---------------------------------------------------------------------------------------------------

    def want_funds(self, free: Callable[[], int]) -> None:
        """Read the money and the profile; a reading that fails is asked for again by whoever wants it."""
        asked_at = self._life.clock()

        def come() -> None:
            available = free()
            if self._network.has_token:
                self._life.put(
                    lambda at: events.FundsRead(at=at, asked_at=asked_at, available=available, account=ACCOUNT)
                )

        self._in_turn(lambda: self._in_turn(lambda: self._time.after(self._network.one_way() * 4, come)))

    # --- history ------------------------------------------------------------------------------------------------

    def want_history(self, wanted: events.HistoryWanted) -> None:
        """Fetch candles until they come, or until the one that is waited for comes too late."""
        deadline = self._time.now + _HISTORY_GRACE

        def come() -> None:
            is_there = self._network.has_token and not self._fates.strikes(_K.HISTORY_FAILED)
            found = candles(wanted.symbol, wanted.after, wanted.due or self._life.clock()) if is_there else ()
            symbol, due = wanted.symbol, wanted.due
            if found:
                self._life.put(lambda at: events.HistoryArrived(at=at, symbol=symbol, candles=found, due=due))
            elif due and self._time.now >= deadline:
                self._life.put(lambda at: events.HistoryFailed(at=at, symbol=symbol, due=due, why="no candle came"))
            else:
                self._time.after(_AGAIN if due else _WARM_UP_AGAIN, ask)

        def ask() -> None:
            self._in_turn(lambda: self._time.after(self._network.one_way() * 2, come))

        ask()

    # --- budget -------------------------------------------------------------------------------------------------

    def _in_turn(self, call: Callable[[], None], *, for_books: bool = False) -> None:
        """Make a call as soon as the budget has room for it; never for a process that has died."""
        if self._life.is_over:
            return
        wait = self._life.budget.reserve(Lane.READ, False, self._life.clock(), self._life.steady())
        if wait:
            self._time.after(max(int(wait * SECOND), _SHORTEST_WAIT), lambda: self._in_turn(call, for_books=for_books))
            self.books_wait_for_room |= for_books
            return
        self.books_wait_for_room &= not for_books
        self._called(False)
        call()
