import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest

from core.errors import AuthenticationError, BrokerError, ConfigurationError, RateLimitError, StorageError
from core.instants import ist_date
from core.orders import OutcomeKind, RejectionKind
from runtime.clock import MarketClock
from runtime.settings import RateSettings
from trading.answers import Answer, CallResult, Failure
from trading.call_journal import CallJournal
from trading.fyers_calls import ATTEMPTS, FyersCalls
from trading.rate_budget import Lane, RateBudget


def said(status: int, payload: object, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, json.dumps(payload).encode())


GOOD = said(200, {"s": "ok", "code": 200, "orderBook": []})
BUSY = said(429, {"s": "error", "code": 429, "message": "request limit reached"}, retry_after="3")
RESET = Failure(sent=True, reason="reset")


class Script:
    """Answers one after another, and counts."""

    def __init__(self, *exchanges: CallResult) -> None:
        self.left = list(exchanges)
        self.calls = 0

    def __call__(self) -> CallResult:
        self.calls += 1
        return self.left.pop(0)


@pytest.fixture
def budget() -> RateBudget:
    return RateBudget(RateSettings())


@pytest.fixture
def calls(clock, budget) -> FyersCalls:
    return FyersCalls(clock, budget)


@pytest.mark.hazard("V4")
@pytest.mark.parametrize(
    "failed",
    [
        RESET,
        Failure(sent=False, reason="refused"),
        said(503, {"s": "error"}),
        Answer(502, {}, b"<html>"),
        said(200, []),
    ],
)
def test_a_read_that_failed_in_passing_is_made_again(calls, clock, failed):
    script = Script(failed, failed, GOOD)

    assert calls.read("order book", script)["orderBook"] == []
    assert script.calls == 3
    assert all(seconds >= 0.25 for seconds in clock.sleeps)
    assert clock.sleeps[1] > clock.sleeps[0]


def test_a_read_gives_up_after_its_attempts(calls):
    script = Script(*[RESET] * 9)

    with pytest.raises(BrokerError, match="order book: reset"):
        calls.read("order book", script)
    assert script.calls == ATTEMPTS


@pytest.mark.hazard("S8")
def test_a_read_waits_as_long_as_the_broker_asks(calls, clock):
    calls.read("order book", Script(BUSY, GOOD))

    assert 3.0 <= sum(clock.sleeps) < 5.0


def test_a_read_does_not_wait_for_minutes(calls, clock):
    script = Script(said(429, {"s": "error"}, retry_after="300"), GOOD)

    with pytest.raises(RateLimitError, match="300 s"):
        calls.read("order book", script)
    assert script.calls == 1
    assert clock.sleeps == []


@pytest.mark.hazard("S8")
def test_no_header_keeps_the_books_unread_for_longer_than_a_minute(calls, clock):
    with pytest.raises(RateLimitError):
        calls.read("order book", Script(said(429, {"s": "error"}, retry_after="86400")))

    calls.read("order book", Script(GOOD))
    assert 59.0 <= sum(clock.sleeps) <= 60.0


def test_a_broker_that_stays_busy_is_a_rate_limit_error(calls):
    with pytest.raises(RateLimitError, match="rate limit"):
        calls.read("order book", Script(*[BUSY] * ATTEMPTS))


@pytest.mark.parametrize(
    "refusal",
    [
        said(401, {"s": "error", "code": -16, "message": "Could not authenticate the user"}),
        Answer(401, {}, b"<html>"),
        said(200, {"s": "error", "code": -8, "message": "Your token has expired. Please generate a token"}),
        said(400, {"s": "error", "code": -15, "message": "Please provide valid token"}),
        said(400, {"s": "error", "code": -17}),
    ],
)
def test_a_dead_token_is_said_once_with_the_remedy(calls, refusal):
    script = Script(refusal, GOOD)

    with pytest.raises(AuthenticationError, match="run `fyersbot login`"):
        calls.read("profile", script)
    assert script.calls == 1


def test_a_refused_read_is_not_made_again_and_keeps_the_words(calls):
    script = Script(said(422, {"s": "error", "code": -300, "message": "Invalid symbol provided"}), GOOD)

    with pytest.raises(BrokerError, match="history: refused with HTTP 422, code -300: Invalid symbol provided"):
        calls.read("history", script)
    assert script.calls == 1


def test_a_missing_permission_says_where_to_look(calls):
    with pytest.raises(BrokerError, match="permissions of the app"):
        calls.read("history", Script(said(403, {"s": "error", "code": -403, "message": "Additional permission"})))


@pytest.mark.hazard("S1")
@pytest.mark.parametrize("exchange", [RESET, said(503, {}), BUSY, said(401, {}), Failure(sent=False, reason="refused")])
def test_an_order_verb_is_never_made_twice(calls, exchange):
    script = Script(exchange, GOOD)

    calls.change(Lane.EXIT, script)

    assert script.calls == 1


@pytest.mark.hazard("S8")
def test_a_busy_broker_holds_back_entries_and_reads_but_not_exits(calls, budget, clock):
    outcome = calls.change(Lane.ENTRY, Script(BUSY))

    assert outcome.rejection is RejectionKind.RATE
    assert budget.reserve(Lane.ENTRY, True, clock.now()) == 3.0
    assert budget.reserve(Lane.READ, False, clock.now()) == 3.0
    assert budget.reserve(Lane.EXIT, True, clock.now()) == 0


def test_an_entry_without_room_in_the_budget_is_not_sent(calls, budget, clock):
    budget.pause(clock.now() + 10 * 10**9)
    script = Script(GOOD)

    outcome = calls.change(Lane.ENTRY, script)

    assert outcome.kind is OutcomeKind.NOT_SENT
    assert "our own call budget" in outcome.message
    assert script.calls == 0


def test_a_burst_is_spread_and_every_call_is_counted_once(clock, tmp_path):
    calls = FyersCalls(clock, RateBudget(RateSettings(), CallJournal(tmp_path)))
    for _ in range(20):
        calls.change(Lane.EXIT, Script(said(400, {"s": "error", "code": -50})))

    noted = list(CallJournal(tmp_path).calls(ist_date(clock.now())))
    assert [call.is_order_verb for call in noted] == [True] * 20
    assert sum(clock.sleeps) >= 2.0


def test_a_read_that_would_wait_for_tomorrow_is_refused_at_once(clock):
    calls = FyersCalls(clock, RateBudget(RateSettings(calls_per_day=1)))
    calls.read("order book", Script(GOOD))

    with pytest.raises(RateLimitError, match="our own call budget"):
        calls.read("order book", Script(GOOD))
    assert clock.sleeps == []


def test_a_download_that_was_one_call_too_many_stays_away_for_a_minute(calls, clock):
    script = Script(said(429, {"s": "error", "code": 429, "message": "request limit reached"}), GOOD)

    assert calls.read("history", script, Lane.DOWNLOAD)["s"] == "ok"
    assert sum(clock.sleeps) > 59.9


def test_a_download_waits_for_minutes_until_a_busy_bot_leaves_it_room(clock, tmp_path):
    calls, bot = (FyersCalls(clock, RateBudget(RateSettings(), CallJournal(tmp_path))) for _ in range(2))
    for _ in range(108):
        bot.read("order book", Script(GOOD))
    began = clock.now()

    assert calls.read("history", Script(GOOD), Lane.DOWNLOAD)["s"] == "ok"
    assert clock.now() - began > 30 * 10**9


@pytest.mark.parametrize(
    ("rates", "script"),
    [
        pytest.param(RateSettings(per_minute=1), [GOOD] * 3, id="for its turn"),
        pytest.param(RateSettings(), [said(429, {"s": "error"}, retry_after="30"), GOOD], id="for another attempt"),
    ],
)
def test_a_read_that_waits_ends_at_once_when_the_desk_closes(rates, script):
    calls = FyersCalls(MarketClock(), RateBudget(rates))
    answers = Script(*script)
    with ThreadPoolExecutor(1) as pool:
        reads = [pool.submit(calls.read, "order book", answers) for _ in script]
        while not answers.calls:
            sleep(0.01)
        sleep(0.1)
        began = monotonic()
        with calls.without_reads(), pytest.raises(BrokerError, match="the desk closes: no more reads"):
            reads[-1].result(timeout=10)
        assert monotonic() - began < 2
    assert answers.calls == 1


def test_while_the_desk_closes_reads_are_refused_and_orders_are_not(calls):
    with calls.without_reads():
        with pytest.raises(BrokerError, match="the desk closes"):
            calls.read("order book", Script(GOOD))
        assert calls.change(Lane.EXIT, Script(said(200, {"s": "ok", "code": 1101, "id": "7"}))).kind is OutcomeKind.ACK
    assert calls.read("order book", Script(GOOD))["s"] == "ok"


def test_an_exit_waits_for_its_turn_while_the_desk_closes(clock):
    calls = FyersCalls(clock, RateBudget(RateSettings(per_second=1)))
    with calls.without_reads():
        outcomes = [calls.change(Lane.EXIT, Script(said(200, {"s": "ok", "code": 1101, "id": "7"}))) for _ in range(3)]
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACK] * 3
    assert sum(clock.sleeps) >= 2.0


def test_a_missing_token_stops_an_order_before_anything_is_sent(calls):
    def without_token() -> CallResult:
        raise AuthenticationError("no token; run `fyersbot login`")

    outcome = calls.change(Lane.EXIT, without_token)

    assert outcome.kind is OutcomeKind.NOT_SENT
    assert "fyersbot login" in outcome.message


def test_a_lost_token_in_a_read_is_told_as_it_is(calls):
    def without_token() -> CallResult:
        raise AuthenticationError("no token; run `fyersbot login`")

    reader: Callable[[], CallResult] = without_token
    with pytest.raises(AuthenticationError, match="no token"):
        calls.read("profile", reader)


@pytest.mark.parametrize("error", [AuthenticationError("no token"), ConfigurationError("0644"), StorageError("disk")])
def test_an_order_that_stumbles_before_the_wire_was_not_sent(calls, error):
    def stumble():
        raise error

    outcome = calls.change(Lane.EXIT, stumble)

    assert (outcome.kind, outcome.message) == (OutcomeKind.NOT_SENT, str(error))
