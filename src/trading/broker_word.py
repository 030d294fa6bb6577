"""Is the market open as the calendar says? The broker has the last word, and while the two disagree nothing is entered.

It is asked when the desk opens and at the open, on a thread of its own, through the client that keeps to the call
budget. A disagreement goes the way of every doubt: recorded as an input, held until the two agree, and then gone by
itself. No answer is no disagreement: then the calendar counts.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from core.errors import AuthenticationError, BotError
from core.events import Condition, ConditionChanged
from core.instants import HOUR, MINUTE, SECOND, Instant, ist_date, ist_text, minute_of_day
from core.ports import Calendar, Clock
from core.sessions import TradingDay
from trading.fyers_mapping import MarketStatus

logger = logging.getLogger("trading.broker_word")

Ask = Callable[[], Sequence[MarketStatus]]

_NSE, _CASH, _NORMAL = 10, 10, "NORMAL"
_AFTER_THE_OPEN = 5 * SECOND
"""The first question of the session: the broker needs a moment to see the open."""
_SLOW_OPEN = 2 * MINUTE
"""How long after the open the broker may still speak of the time before it."""
_AGAIN_SECONDS = 30.0
_TRIES = 3
"""Questions without an answer after which the calendar is left to count."""
_FIRST_LOOK, _LAST_LOOK = 9 * 60 + 20, 21 * 60
"""Minutes of a closed day between which the broker is asked, once an hour."""


class Word(Enum):
    """What the broker says of the cash market."""

    OPEN = "open"
    BEFORE_OPEN = "before_open"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """A word that nobody here knows, or none at all."""


_WORDS = {
    "OPEN": Word.OPEN,
    "PREOPEN": Word.BEFORE_OPEN,
    "PREOPEN_CLOSED": Word.BEFORE_OPEN,
    "CLOSE": Word.CLOSED,
    "CLOSED": Word.CLOSED,
    "POSTCLOSE_START": Word.CLOSED,
    "POSTCLOSE_CLOSED": Word.CLOSED,
}


@dataclass(frozen=True, slots=True)
class MarketAnswer:
    """The broker's word, and how it was spelt."""

    word: Word
    spelling: str


def cash_market(rows: Sequence[MarketStatus]) -> MarketAnswer:
    """Return what the rows say of NSE's normal cash market; two rows that differ are as good as none."""
    said = {row.status for row in rows if (row.exchange, row.segment, row.market) == (_NSE, _CASH, _NORMAL)}
    words = {_WORDS.get(status.upper(), Word.UNKNOWN) for status in said}
    spelling = ", ".join(sorted(said)) or "nothing of NSE's cash market"
    return MarketAnswer(words.pop() if len(words) == 1 else Word.UNKNOWN, spelling)


def disagreement(answer: MarketAnswer, day: TradingDay, at: Instant) -> str:
    """Return in what the broker contradicts the session at an instant; empty when it does not."""
    if answer.word is Word.OPEN and at < day.open:
        return f"the broker says {answer.spelling}, the calendar opens at {ist_text(day.open)}"
    is_slow = answer.word is Word.BEFORE_OPEN and at < day.open + _SLOW_OPEN
    if not day.is_open(at) or is_slow or answer.word in {Word.OPEN, Word.UNKNOWN}:
        return ""
    return f"the broker says {answer.spelling}, the calendar has a session until {ist_text(day.close)}"


class BrokerWord:
    """Asks during one session until the broker and the calendar agree that it is open."""

    def __init__(self, ask: Ask, day: TradingDay, clock: Clock, put: Callable[[ConditionChanged], None]) -> None:
        """`ask` may block and raise `BotError`; `put` is safe for any thread."""
        self._ask = ask
        self._day = day
        self._clock = clock
        self._put = put
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="market status", daemon=True)
        self._is_doubted = False

    def start(self) -> None:
        """Begin to ask; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more. A question on its way is waited for; safe to call when never started."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        unanswered = 0
        while not self._stopped.is_set() and (now := self._clock.now()) < self._day.close:
            answer = self._answer()
            unanswered = unanswered + 1 if answer is None else 0
            if answer is not None and answer.word is not Word.UNKNOWN:  # that neither makes a doubt nor ends one
                self._compare(answer)
            is_settled = answer is not None and answer.word in {Word.OPEN, Word.UNKNOWN} and not self._is_doubted
            if now >= self._day.open and (is_settled or (unanswered >= _TRIES and not self._is_doubted)):
                return
            self._rest(now)

    def _rest(self, now: Instant) -> None:
        """Wait for the open, or for the next question after it."""
        until_open = self._day.open + _AFTER_THE_OPEN - now
        seconds = until_open / SECOND if now < self._day.open else _AGAIN_SECONDS
        self._stopped.wait(self._clock.pause_seconds(seconds))

    def _answer(self) -> MarketAnswer | None:
        try:
            answer = cash_market(self._ask())
        except BotError as error:
            if not self._stopped.is_set():
                logger.warning("The market status was not read, %s: %s", self._what_counts, error)
            return None
        if answer.word is Word.UNKNOWN:
            logger.warning("The market status was not understood, %s: %s", self._what_counts, answer.spelling)
        return answer

    @property
    def _what_counts(self) -> str:
        return "the doubt stays" if self._is_doubted else "the calendar counts"

    def _compare(self, answer: MarketAnswer) -> None:
        now = self._clock.now()
        why = disagreement(answer, self._day, now)
        if why and not self._is_doubted:
            logger.critical("MARKET_DISAGREES: %s; no entries until they agree", why)
        elif not why:
            logger.info("The broker agrees with the calendar: %s", answer.spelling)
        if bool(why) is not self._is_doubted:
            self._is_doubted = bool(why)
            words = why or f"the broker says {answer.spelling}, as the calendar does"
            self._put(ConditionChanged(at=now, condition=Condition.MARKET, holds=self._is_doubted, why=words))


class ClosedDayWatch:
    """Between sessions: notices that the broker has a session which the calendar lacks. Nothing is traded for it."""

    def __init__(self, ask: Ask, calendar: Calendar, clock: Clock) -> None:
        """`ask` is the broker's market status; it is called only on days that the calendar has as closed."""
        self._ask = ask
        self._calendar = calendar
        self._clock = clock
        self._asked: tuple[date, int] | None = None
        self._given_up: date | None = None

    def look(self) -> None:
        """Ask once an hour in the daytime of a closed day; without a token of that day only once."""
        now = self._clock.now()
        day, hour = ist_date(now), now // HOUR
        is_time = _FIRST_LOOK <= minute_of_day(now) <= _LAST_LOOK
        if not is_time or (day, hour) == self._asked or day == self._given_up:
            return
        if self._calendar.trading_day(day) is not None:
            return
        self._asked = (day, hour)
        try:
            answer = cash_market(self._ask())
        except AuthenticationError:
            self._given_up = day  # nobody signs in on a holiday
        except BotError as error:
            logger.info("The market status of a closed day was not read: %s", error)
        else:
            if answer.word is Word.OPEN:
                logger.critical(
                    "SESSION_MISSED: the broker says %s, the calendar has no session today", answer.spelling
                )
