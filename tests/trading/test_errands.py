"""The workers with a broker of paper and a clock that moves when it is looked at."""

import queue
import threading
from itertools import count

import pytest

from core import events
from core.errors import AuthenticationError, BrokerError
from core.events import Command, Verb
from core.instants import SECOND
from core.market import Candle, Side, Timeframe
from core.orders import (
    Funds,
    OrderChange,
    OrderIntent,
    OrderType,
    Outcome,
    OutcomeKind,
    Product,
    Profile,
    Purpose,
    RejectionKind,
)
from trading.errands import Errands

SBIN = "NSE:SBIN-EQ"
STEP = Timeframe.M5.duration
ACK = Outcome(kind=OutcomeKind.ACK, broker_id="1")


class HastyClock:
    """Every look at it takes a market second; pauses take a wall millisecond."""

    def __init__(self) -> None:
        self._seconds = count(1)

    def now(self) -> int:
        return next(self._seconds) * SECOND

    def pause_seconds(self, seconds: float) -> float:
        return 0.001


class PaperDesk:
    """A broker and a history that answer what they are told to."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []
        self.outcome: Outcome | Exception = ACK
        self.error: Exception | None = None
        self.orders: tuple = ()
        self.answers: queue.SimpleQueue = queue.SimpleQueue()
        self.asked: list[tuple[str, int]] = []
        self.gate = threading.Event()
        self.gate.set()

    def place_order(self, intent):
        return self._do("place", intent.tag)

    def modify_order(self, change):
        return self._do("modify", change.tag)

    def cancel_order(self, broker_id):
        return self._do("cancel", broker_id)

    def exit_position(self, symbol, product):
        return self._do("exit", symbol, product)

    def _do(self, *call):
        self.calls.append(call)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def get_orders(self):
        self.calls.append(("orders",))
        self.gate.wait(5)
        if self.error is not None:
            raise self.error
        return self.orders

    def get_funds(self):
        if self.error is not None:
            raise self.error
        return Funds(available=700, total=900)

    def get_profile(self):
        return Profile(account_id="XY0001", name="")

    def get_trades(self):
        return ()

    def get_open_positions(self):
        return ()

    def get_historical_data(self, symbol, timeframe, num_candles):
        self.asked.append((symbol, num_candles))
        answer = self.answers.get(timeout=5)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def desk() -> PaperDesk:
    return PaperDesk()


@pytest.fixture
def inbox() -> queue.SimpleQueue:
    return queue.SimpleQueue()


@pytest.fixture
def errands(desk, inbox):
    errands = Errands(desk, desk, HastyClock(), inbox.put, timeframe=Timeframe.M5, warm_up=300, grace_seconds=5)
    yield errands
    desk.gate.set()
    desk.answers.put(())
    errands.close()


def candles(*numbers: int) -> tuple[Candle, ...]:
    return tuple(Candle(number * STEP, 100, 100, 100, 100, 1) for number in numbers)


def wanted(after: int, due: int) -> events.HistoryWanted:
    return events.HistoryWanted(at=0, symbol=SBIN, after=after * STEP, due=due * STEP)


INTENT = OrderIntent(
    tag="T1",
    symbol=SBIN,
    side=Side.BUY,
    quantity=1,
    type=OrderType.LIMIT,
    limit_price=100,
    product=Product.INTRADAY,
    purpose=Purpose.ENTRY,
    reason="test",
)
CHANGE = OrderChange(
    tag="T1", broker_id="7", symbol=SBIN, type=OrderType.LIMIT, quantity=1, limit_price=1, trigger_price=0, reason=""
)
BOOKS = events.BooksWanted(at=0, why="test")


@pytest.mark.hazard("S1")
@pytest.mark.parametrize(
    ("effect", "call", "verb", "tag"),
    [
        (events.OrderIntended(at=0, intent=INTENT), ("place", "T1"), Verb.PLACE, "T1"),
        (events.ChangeIntended(at=0, change=CHANGE), ("modify", "T1"), Verb.MODIFY, "T1"),
        (events.CancelIntended(at=0, tag="T1", broker_id="7", why=""), ("cancel", "7"), Verb.CANCEL, "T1"),
        (events.CounterCancelIntended(at=0, symbol=SBIN, broker_id="7", why=""), ("cancel", "7"), Verb.CANCEL, SBIN),
        (
            events.PositionExitIntended(at=0, symbol=SBIN, product=Product.CNC, why=""),
            ("exit", SBIN, "CNC"),
            Verb.EXIT,
            SBIN,
        ),
    ],
)
def test_an_order_call_is_made_once_and_its_answer_put_into_the_inbox(errands, desk, inbox, effect, call, verb, tag):
    errands.run(effect)
    arrived = inbox.get(timeout=5)
    assert (arrived.verb, arrived.tag, arrived.outcome) == (verb, tag, ACK)
    assert desk.calls == [call]


@pytest.mark.hazard("R9")
def test_an_order_call_that_breaks_is_an_order_of_unknown_fate_and_halts_the_entries(errands, desk, inbox, caplog):
    desk.outcome = RuntimeError("boom")
    errands.run(events.OrderIntended(at=0, intent=INTENT))
    answered, halted = inbox.get(timeout=5), inbox.get(timeout=5)
    assert (answered.tag, answered.outcome.kind) == (INTENT.tag, OutcomeKind.UNKNOWN)
    assert (halted.command, halted.why) == (Command.HALT, "RuntimeError: boom")
    assert "failed unexpectedly" in caplog.text


def test_the_books_are_read_whole_and_told_again_only_when_they_differ(errands, desk, inbox):
    errands.run(BOOKS)
    first = inbox.get(timeout=5)
    assert isinstance(first, events.BooksRead)
    assert first.asked_at < first.at
    errands.run(BOOKS)
    second = inbox.get(timeout=5)
    assert isinstance(second, events.BooksUnchanged)
    assert second.asked_at > first.at
    desk.orders = ("something",)
    errands.run(BOOKS)
    assert inbox.get(timeout=5).books.orders == ("something",)


@pytest.mark.hazard("S6")
def test_a_book_that_cannot_be_read_is_a_failure_and_evidence_of_nothing(errands, desk, inbox):
    desk.error = BrokerError("HTTP 502")
    errands.run(BOOKS)
    failed = inbox.get(timeout=5)
    assert isinstance(failed, events.BooksFailed)
    assert failed.why == "HTTP 502"


def test_wishes_during_a_reading_are_met_by_one_more(errands, desk, inbox):
    desk.gate.clear()
    for _ in range(5):
        errands.run(BOOKS)
    desk.gate.set()
    assert isinstance(inbox.get(timeout=5), events.BooksRead)
    assert isinstance(inbox.get(timeout=5), events.BooksUnchanged)
    errands.close()
    assert desk.calls == [("orders",)] * 2


@pytest.mark.hazard("R9")
def test_after_an_unexpected_error_the_books_can_be_read_again(errands, desk, inbox):
    desk.error = RuntimeError("boom")
    errands.run(BOOKS)
    assert inbox.get(timeout=5).command is Command.HALT
    desk.error = None
    errands.run(BOOKS)
    assert isinstance(inbox.get(timeout=5), events.BooksRead)


@pytest.mark.hazard("A1")
def test_a_dead_token_is_told_once_and_so_is_a_new_one(errands, desk, inbox):
    desk.error = AuthenticationError("code -16")
    for _ in range(2):
        errands.run(BOOKS)
        while not isinstance(arrived := inbox.get(timeout=5), events.BooksFailed):
            assert (arrived.valid, arrived.why) == (False, "code -16")
    assert inbox.empty()
    desk.error = None
    errands.run(BOOKS)
    assert inbox.get(timeout=5).valid
    assert isinstance(inbox.get(timeout=5), events.BooksRead)


def test_an_order_refused_for_its_token_is_told_too(errands, desk, inbox):
    desk.outcome = Outcome(kind=OutcomeKind.REJECTED, rejection=RejectionKind.AUTHENTICATION, message="token")
    errands.run(events.OrderIntended(at=0, intent=INTENT))
    assert not inbox.get(timeout=5).valid
    assert inbox.get(timeout=5).verb is Verb.PLACE


def test_the_money_is_read_with_whose_it_is_and_a_failure_is_no_reading(errands, desk, inbox, caplog):
    errands.run(events.FundsWanted(at=0))
    read = inbox.get(timeout=5)
    assert (read.available, read.account) == (700, "XY0001")
    assert read.asked_at < read.at
    desk.error = AuthenticationError("expired")
    errands.run(events.FundsWanted(at=0))
    assert inbox.get(timeout=5).valid is False
    errands.close()
    assert inbox.empty()
    assert "Funds not read: expired" in caplog.text


def test_new_candles_up_to_the_due_one_are_delivered(errands, desk, inbox):
    desk.answers.put(candles(3, 4, 5, 6))
    errands.run(wanted(4, 5))
    arrived = inbox.get(timeout=5)
    assert (arrived.candles, arrived.due) == (candles(5), 5 * STEP)
    assert desk.asked == [(SBIN, 3)]


def test_as_many_candles_are_asked_for_as_were_missed(errands, desk, inbox):
    desk.answers.put(candles(*range(1, 21)))
    errands.run(wanted(5, 20))
    assert inbox.get(timeout=5).candles == candles(*range(6, 21))
    desk.answers.put(candles(999))
    errands.run(wanted(5, 999))
    inbox.get(timeout=5)
    assert desk.asked == [(SBIN, 17), (SBIN, 300)]


@pytest.mark.hazard("M6")
def test_a_question_asked_late_reaches_back_over_the_candles_that_closed_since(desk, inbox):
    class Late(HastyClock):
        def now(self) -> int:
            return super().now() + 30 * STEP

    late = Errands(desk, desk, Late(), inbox.put, timeframe=Timeframe.M5, warm_up=300, grace_seconds=5)
    desk.answers.put(candles(*range(1, 30)))
    late.run(wanted(5, 20))
    assert inbox.get(timeout=5).candles == candles(*range(6, 21))
    late.close()
    [(_, count)] = desk.asked
    assert count >= 25  # of the newest ones, up to the 29th


def test_a_candle_that_is_not_there_yet_is_asked_for_again(errands, desk, inbox):
    for answer in ((), BrokerError("HTTP 502"), candles(5)):
        desk.answers.put(answer)
    errands.run(wanted(4, 5))
    assert inbox.get(timeout=5).candles == candles(5)
    assert len(desk.asked) == 3


@pytest.mark.parametrize(
    ("answer", "why"), [((), "is not in the history answer"), (BrokerError("HTTP 502"), "HTTP 502")]
)
def test_after_the_grace_there_is_no_decision_and_a_reason(errands, desk, inbox, answer, why):
    for _ in range(10):
        desk.answers.put(answer)
    errands.run(wanted(4, 5))
    failed = inbox.get(timeout=5)
    assert isinstance(failed, events.HistoryFailed)
    assert failed.due == 5 * STEP
    assert why in failed.why
    assert 2 <= len(desk.asked) <= 6


def test_warm_up_never_gives_up(errands, desk, inbox):
    for _ in range(20):
        desk.answers.put(BrokerError("HTTP 502"))
    desk.answers.put(candles(0))
    errands.run(wanted(-1, 0))
    arrived = inbox.get(timeout=5)
    assert (arrived.candles, arrived.due) == (candles(0), 0)


def test_a_warm_up_without_candles_says_so_and_asks_again(errands, desk, inbox, caplog):
    desk.answers.put(())
    desk.answers.put(candles(0))
    errands.run(wanted(-1, 0))
    assert inbox.get(timeout=5).candles == candles(0)
    assert [record.message for record in caplog.records] == [f"history of {SBIN}: no candles came; asking again"]


def test_a_history_that_hangs_does_not_keep_the_books_waiting(errands, desk, inbox):
    for _ in range(8):
        errands.run(wanted(4, 5))
    errands.run(BOOKS)
    assert isinstance(inbox.get(timeout=4), events.BooksRead)
    for _ in range(8):
        desk.answers.put(candles(5))


def test_history_lets_a_reading_of_the_books_go_first(inbox):
    class PatientClock(HastyClock):
        def pause_seconds(self, seconds: float) -> float:
            return 5.0

    class Recorder(PaperDesk):
        def get_open_positions(self):
            self.calls.append(("positions",))
            return ()

        def get_historical_data(self, symbol, timeframe, num_candles):
            self.calls.append(("history",))
            return candles(1, 2)

    desk = Recorder()
    errands = Errands(desk, desk, PatientClock(), inbox.put, timeframe=Timeframe.M5, warm_up=300, grace_seconds=5)
    desk.gate.clear()
    opening = threading.Timer(0.1, desk.gate.set)
    opening.start()
    errands.run(BOOKS)
    errands.run(wanted(after=1, due=2))
    arrived = {type(inbox.get(timeout=5)), type(inbox.get(timeout=5))}
    errands.close()
    opening.join()
    assert arrived == {events.BooksRead, events.HistoryArrived}
    assert desk.calls == [("orders",), ("positions",), ("history",)]
