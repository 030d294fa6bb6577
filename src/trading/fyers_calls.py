"""How often and how stubbornly the broker is called: a read waits its turn and is tried again, an order verb is not.

A second attempt at an order could be a second order, so the two kinds of call do not share a path.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from core.errors import AuthenticationError, BotError, BrokerError, DataError, RateLimitError
from core.instants import SECOND
from core.orders import Outcome, OutcomeKind, RejectionKind
from core.ports import Clock
from trading.answers import Answer, CallResult, Failure, json_object
from trading.fyers_reply import Reply, reply_from
from trading.order_outcomes import outcome_of, rejection_kind
from trading.rate_budget import Lane, RateBudget

ATTEMPTS = 3
LONGEST_RETRY_AFTER_SECONDS = 30.0
PATIENCE_SECONDS = {Lane.EXIT: 5.0, Lane.ENTRY: 1.0, Lane.READ: 65.0, Lane.DOWNLOAD: 600.0}
"""Market seconds a call waits for its place in our own budget; a late entry is no longer the one we decided on."""
LEAST_STANDING_BACK_SECONDS = {Lane.DOWNLOAD: 60.0}
"""Market seconds without calls after a refusal for their number: the minute that is full passes while nobody waits."""
LONGEST_STANDING_BACK_SECONDS = 60.0
"""The same at most, but for downloads, whatever a header asks for: the broker's windows are a second and a minute, and
who may not read the books for an hour does not learn in that hour what became of a stop."""
_SIGN_IN = "run `fyersbot login`"
_GOOD_WORDS = frozenset({"ok", "no_data"})
logger = logging.getLogger(__name__)


class PassingError(BrokerError):
    """A read failed in a way that often passes: no connection, a server error, an unreadable body."""

    pause_seconds = 0.0


class ThrottledError(RateLimitError):
    """The broker refused a read because there were too many calls."""

    def __init__(self, message: str, pause_seconds: float) -> None:
        super().__init__(message)
        self.pause_seconds = pause_seconds


class FyersCalls:
    """Makes calls within the budget. Safe for many threads."""

    def __init__(self, clock: Clock, budget: RateBudget) -> None:
        self._clock = clock
        self._budget = budget
        self._back_off = wait_exponential(multiplier=0.25, max=4.0) + wait_random(0, 0.25)
        self._reads_refused = threading.Event()

    def read(self, what: str, call: Callable[[], CallResult], lane: Lane = Lane.READ) -> dict[str, Any]:
        """Return the payload of a read; `what` names it in messages.

        Raises `AuthenticationError`, `RateLimitError`, or `BrokerError` after the last attempt.
        """
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._pause_seconds,
            sleep=self._wait_to_read,
            retry=retry_if_exception_type((PassingError, ThrottledError)),
            reraise=True,
        )
        return attempts(self._read_once, what, call, lane)

    @contextmanager
    def without_reads(self) -> Iterator[None]:
        """Refuse reads meanwhile; one that waits, for its turn or for another attempt, ends at once.

        Whoever closes a desk must not wait a minute for an answer that nobody wants any more. Order verbs go on.
        """
        self._reads_refused.set()
        try:
            yield
        finally:
            self._reads_refused.clear()

    def change(self, lane: Lane, call: Callable[[], CallResult], names_order: bool = True) -> Outcome:
        """Make a call that changes orders, at most once. Never raises for what the broker or the network does."""
        try:
            self._take_turn(lane, is_order_verb=True)
            result = call()
        except BotError as error:  # raised before the transport: no room, no token, no such host
            return Outcome(kind=OutcomeKind.NOT_SENT, message=str(error))
        outcome = outcome_of(result, names_order)
        if outcome.rejection is RejectionKind.RATE and isinstance(result, Answer):
            self._stand_back(result, lane)
        return outcome

    def _read_once(self, what: str, call: Callable[[], CallResult], lane: Lane) -> dict[str, Any]:
        if self._reads_refused.is_set():
            raise _refused_read()
        self._take_turn(lane, is_order_verb=False)
        match call():
            case Failure(reason=reason):
                raise PassingError(f"{what}: {reason}")
            case Answer(status=401):
                raise AuthenticationError(f"{what}: the broker refuses the token (HTTP 401); {_SIGN_IN}")
            case Answer(status=429) as answer:
                raise self._throttled(what, answer, lane)
            case Answer() as answer:
                return self._payload(what, answer, lane)

    def _payload(self, what: str, answer: Answer, lane: Lane) -> dict[str, Any]:
        try:
            payload = json_object(answer)
        except DataError as error:
            raise PassingError(f"{what}: {error}") from None
        reply = reply_from(payload)
        if answer.status >= 500:
            raise PassingError(f"{what}: HTTP {answer.status} {reply.message}")
        if answer.status == 200 and reply.word in _GOOD_WORDS:
            return payload
        raise self._refusal(what, answer, reply, lane)

    def _refusal(self, what: str, answer: Answer, reply: Reply, lane: Lane) -> BrokerError:
        said = f"{what}: refused with HTTP {answer.status}, code {reply.code}: {reply.message}"
        match rejection_kind(answer.status, reply):
            case RejectionKind.AUTHENTICATION:
                return AuthenticationError(f"{said}; {_SIGN_IN}")
            case RejectionKind.RATE:
                return self._throttled(what, answer, lane)
            case RejectionKind.FORBIDDEN:
                return BrokerError(f"{said}; check the permissions of the app at FYERS and sign in again")
            case _:
                return BrokerError(said)

    def _throttled(self, what: str, answer: Answer, lane: Lane) -> RateLimitError:
        self._stand_back(answer, lane)
        pause = answer.retry_after_seconds
        message = f"{what}: the broker's rate limit is used up (HTTP {answer.status})"
        if pause > LONGEST_RETRY_AFTER_SECONDS:
            return RateLimitError(f"{message}; it asks for {pause:g} s")
        return ThrottledError(message, pause)

    def _stand_back(self, answer: Answer, lane: Lane) -> None:
        pause = answer.retry_after_seconds
        if lane is not Lane.DOWNLOAD:
            pause = min(pause, LONGEST_STANDING_BACK_SECONDS)
        pause = max(pause, LEAST_STANDING_BACK_SECONDS.get(lane, 1.0))
        logger.warning("the broker says that there are too many calls; reads and entries pause for %g s", pause)
        self._budget.pause(self._clock.steady() + int(pause * SECOND))

    def _take_turn(self, lane: Lane, is_order_verb: bool) -> None:
        waited = 0.0
        while (wait := self._budget.reserve(lane, is_order_verb, self._clock.now(), self._clock.steady())) > 0:
            if waited + wait > PATIENCE_SECONDS[lane]:
                raise RateLimitError(
                    f"our own call budget has no room for {lane.value} calls for another {wait:.1f} s; nothing was "
                    "sent. Fewer symbols or broker.rates help"
                )
            if lane in {Lane.READ, Lane.DOWNLOAD}:
                self._wait_to_read(wait)
            else:
                self._clock.sleep(wait)
            waited += wait

    def _wait_to_read(self, seconds: float) -> None:
        """Wait a number of market seconds. Raises `BrokerError` as soon as reads are refused."""
        if self._reads_refused.wait(self._clock.pause_seconds(seconds)):
            raise _refused_read()

    def _pause_seconds(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.pause_seconds if isinstance(error, PassingError | ThrottledError) else 0.0
        return asked + self._back_off(state)


def _refused_read() -> BrokerError:
    return BrokerError("the desk closes: no more reads")
