"""Carrying out what the kernel asked of the outside: calls to the broker on worker threads, answers into the inbox.

Order calls have their own workers, so that no slow read stands in the way of an exit. A job puts its answer into the
inbox as an event; it never touches the kernel.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core import events
from core.errors import AuthenticationError, BotError
from core.events import Effect, Verb
from core.instants import SECOND, ist_text
from core.market import Candle, Timeframe
from core.orders import Books, Outcome, OutcomeKind, RejectionKind
from core.ports import Broker, Clock, HistorySource

logger = logging.getLogger("trading.errands")

_ASK_AGAIN_SECONDS = 1.0
_WARM_UP_AGAIN_SECONDS = 10.0
_BOOKS_FIRST_SECONDS = 2.0
"""How long history lets a reading of the books go first."""
_NOTHING_KNOWN = Outcome(kind=OutcomeKind.UNKNOWN, message="the call failed before it could say what came of it")
_ORDER_WORKERS = 2
_READ_WORKERS = 4


class Errands:
    """The workers between the kernel and the broker."""

    def __init__(
        self,
        broker: Broker,
        history: HistorySource,
        clock: Clock,
        put: Callable[[events.Input], None],
        *,
        timeframe: Timeframe,
        warm_up: int,
        grace_seconds: float,
    ) -> None:
        self._broker = broker
        self._history = history
        self._clock = clock
        self._put = put
        self._timeframe = timeframe
        self._warm_up = warm_up
        self._grace = int(grace_seconds * SECOND)
        self._orders = ThreadPoolExecutor(_ORDER_WORKERS, thread_name_prefix="orders")
        self._reads = ThreadPoolExecutor(_READ_WORKERS, thread_name_prefix="reads")
        self._bookkeeper = ThreadPoolExecutor(1, thread_name_prefix="books")  # history may wait; the books may not
        self._cashier = ThreadPoolExecutor(1, thread_name_prefix="funds")  # nor may they wait for the money
        self._books_lock = threading.Lock()
        self._access_lock = threading.Lock()
        self._books_wishes = 0
        """How many readings are wanted: the one that runs, and at most one to follow it."""
        self._books_quiet = threading.Event()
        self._books_quiet.set()
        self._last_books: Books | None = None
        self._has_access = True
        self._closed = threading.Event()

    def run(self, effect: Effect) -> None:
        """Start an errand; returns at once."""
        match effect:
            case events.OrderIntended(intent=intent):
                self._call(Verb.PLACE, intent.tag, lambda: self._broker.place_order(intent))
            case events.ChangeIntended(change=change):
                self._call(Verb.MODIFY, change.tag, lambda: self._broker.modify_order(change))
            case events.CancelIntended(tag=tag, broker_id=broker_id):
                self._call(Verb.CANCEL, tag, lambda: self._broker.cancel_order(broker_id))
            case events.PositionExitIntended(symbol=symbol, product=product):
                self._call(Verb.EXIT, symbol, lambda: self._broker.exit_position(symbol, product.value))
            case events.CounterCancelIntended(symbol=symbol, broker_id=broker_id):
                self._call(Verb.CANCEL, symbol, lambda: self._broker.cancel_order(broker_id))
            case events.HistoryWanted():
                self._reads.submit(self._guarded, lambda: self._fetch_history(effect))
            case events.BooksWanted():
                self._want_books()
            case events.FundsWanted():
                self._cashier.submit(self._guarded, self._read_funds)

    def close(self) -> None:
        """Let running order calls finish, drop waiting reads."""
        with self._books_lock:
            self._closed.set()
        self._reads.shutdown(wait=True, cancel_futures=True)
        self._bookkeeper.shutdown(wait=True, cancel_futures=True)
        self._cashier.shutdown(wait=True, cancel_futures=True)
        self._orders.shutdown(wait=True)

    # --- orders -------------------------------------------------------------------------------------------------

    def _call(self, verb: Verb, tag: str, call: Callable[[], Outcome]) -> None:
        def job() -> None:
            outcome = _NOTHING_KNOWN
            try:
                outcome = call()
            finally:  # whatever happened, the kernel must not wait for an answer that never comes
                if outcome.rejection is RejectionKind.AUTHENTICATION:
                    self._report_access(valid=False, why=outcome.message)
                self._put(events.OutcomeArrived(at=self._clock.now(), verb=verb, tag=tag, outcome=outcome))

        self._orders.submit(self._guarded, job)

    # --- history ------------------------------------------------------------------------------------------------

    def _fetch_history(self, wanted: events.HistoryWanted) -> None:
        """Ask until the candles come: for one that is due within the grace, for a warm-up for ever."""
        symbol, due = wanted.symbol, wanted.due
        deadline = self._clock.now() + self._grace
        while not self._closed.is_set():
            # The call budget is one: fifty histories must not stand between a start and the protection of what is open.
            self._books_quiet.wait(self._clock.pause_seconds(_BOOKS_FIRST_SECONDS))
            try:
                candles = self._new_candles(wanted)
                why = f"the candle of {ist_text(due)} is not in the history answer" if due else "no candles came"
            except BotError as error:
                self._note_access(error)
                candles, why = (), str(error)
            if candles and candles[-1].start >= due:
                self._put(events.HistoryArrived(at=self._clock.now(), symbol=symbol, candles=candles, due=due))
                return
            if due and self._clock.now() >= deadline:
                self._put(events.HistoryFailed(at=self._clock.now(), symbol=symbol, due=due, why=why))
                return
            if not due:
                logger.warning("history of %s: %s; asking again", symbol, why)
            self._closed.wait(self._clock.pause_seconds(_ASK_AGAIN_SECONDS if due else _WARM_UP_AGAIN_SECONDS))

    def _new_candles(self, wanted: events.HistoryWanted) -> tuple[Candle, ...]:
        count = self._warm_up
        if wanted.after:
            # The newest are counted from, not the due one: an answer that is asked for late must still reach back.
            until = max(wanted.due + self._timeframe.duration, self._clock.now())
            count = min(count, (until - wanted.after) // self._timeframe.duration + 1)
        candles = self._history.get_historical_data(wanted.symbol, self._timeframe, max(2, count))
        last = wanted.due or self._clock.now()
        return tuple(candle for candle in candles if wanted.after < candle.start <= last)

    # --- books --------------------------------------------------------------------------------------------------

    def _want_books(self) -> None:
        """Read the books; wishes that arrive while a reading runs are met by one more reading after it."""
        with self._books_lock:
            self._books_wishes = min(self._books_wishes + 1, 2)
            if self._books_wishes == 2:
                return
            self._books_quiet.clear()
        self._bookkeeper.submit(self._guarded, self._read_books)

    def _read_books(self) -> None:
        try:
            self._read_books_once()
        finally:
            with self._books_lock:
                self._books_wishes -= 1
                if self._books_wishes and not self._closed.is_set():
                    self._bookkeeper.submit(self._guarded, self._read_books)
                else:
                    self._books_quiet.set()

    def _read_books_once(self) -> None:
        asked_at = self._clock.now()
        try:
            books = Books(
                orders=self._broker.get_orders(),
                fills=self._broker.get_trades(),
                positions=self._broker.get_open_positions(),
            )
        except BotError as error:
            self._note_access(error)
            refused = isinstance(error, AuthenticationError)
            self._put(events.BooksFailed(at=self._clock.now(), why=str(error), token_refused=refused))
            return
        self._report_access(valid=True, why="the books were read")
        self._report_books(books, asked_at)

    def _report_books(self, books: Books, asked_at: int) -> None:
        at = self._clock.now()
        if books == self._last_books:
            self._put(events.BooksUnchanged(at=at, asked_at=asked_at))
            return
        self._last_books = books
        self._put(events.BooksRead(at=at, asked_at=asked_at, books=books))

    def _read_funds(self) -> None:
        asked_at = self._clock.now()
        try:
            funds, profile = self._broker.get_funds(), self._broker.get_profile()
        except BotError as error:
            self._note_access(error)
            logger.warning("Funds not read: %s; asking again", error)
            return
        at = self._clock.now()
        self._put(events.FundsRead(at=at, asked_at=asked_at, available=funds.available, account=profile.account_id))

    def _note_access(self, error: BotError) -> None:
        if isinstance(error, AuthenticationError):
            self._report_access(valid=False, why=str(error))

    def _report_access(self, *, valid: bool, why: str) -> None:
        """Tell the kernel when the token dies and when one works again; each change once."""
        with self._access_lock:
            changed, self._has_access = valid is not self._has_access, valid
        if changed:
            self._put(events.AccessChanged(at=self._clock.now(), valid=valid, why=why))

    def _guarded(self, job: Callable[[], None]) -> None:
        """Run a job at the top of its thread: an error nobody expected must not vanish with the thread."""
        try:
            job()
        except Exception as error:
            logger.critical("an errand failed unexpectedly", exc_info=True)
            why = f"{type(error).__name__}: {error}"
            self._put(events.CommandGiven(at=self._clock.now(), command=events.Command.HALT, why=why))
