"""The broker's word on the market: agreement, contradiction, silence, and words that nobody knows."""

from collections.abc import Callable, Sequence
from datetime import date, time, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AuthenticationError, BrokerError
from core.events import Condition, ConditionChanged
from core.instants import MINUTE, SECOND, Instant, instant_at, ist_date
from core.sessions import TradingDay
from trading.broker_word import BrokerWord, ClosedDayWatch, MarketAnswer, Word, cash_market, disagreement
from trading.fyers_mapping import MarketStatus

DAY = date(2026, 1, 6)
SESSION = TradingDay(
    date=DAY,
    open=instant_at(DAY, time(9, 15)),
    no_entry_after=instant_at(DAY, time(14, 45)),
    square_off=instant_at(DAY, time(15, 5)),
    flat_by=instant_at(DAY, time(15, 10)),
    close=instant_at(DAY, time(15, 30)),
)
PRE_OPEN = instant_at(DAY, time(8, 45))
Said = Callable[[Instant], str | Exception]


def rows(status: str) -> tuple[MarketStatus, ...]:
    """The cash market among others that say something else."""
    return (
        MarketStatus(10, 11, "NORMAL", "OPEN"),
        MarketStatus(10, 10, "AUCTION", "CLOSE"),
        MarketStatus(12, 10, "NORMAL", "CLOSED"),
        MarketStatus(10, 10, "NORMAL", status),
    )


class WaitedClock:
    """Goes on by what is waited for, and by a second whenever it is read."""

    def __init__(self, now: Instant) -> None:
        self.time = now

    def now(self) -> Instant:
        self.time += SECOND
        return self.time

    def pause_seconds(self, seconds: float) -> float:
        self.time += int(seconds * SECOND)
        return 0.0


def run(said: Said, start: Instant = PRE_OPEN) -> tuple[list[ConditionChanged], list[Instant]]:
    """Let the broker speak through a session; return what the kernel is told and when the broker was asked."""
    clock, told, asked = WaitedClock(start), [], []

    def ask() -> Sequence[MarketStatus]:
        asked.append(clock.time)
        answer = said(clock.time)
        if isinstance(answer, Exception):
            raise answer
        return rows(answer)

    word = BrokerWord(ask, SESSION, clock, told.append)
    word.start()
    word._thread.join(20)
    assert not word._thread.is_alive()
    word.stop()
    return told, asked


def usual(at: Instant) -> str:
    return "CLOSE" if at < SESSION.open else "OPEN"


@pytest.mark.hazard("T4")
def test_a_broker_that_agrees_is_asked_before_the_open_and_at_it_and_the_kernel_hears_nothing() -> None:
    told, asked = run(usual)
    assert told == []
    assert len(asked) == 2
    assert asked[0] < SESSION.open <= asked[1] < SESSION.open + 10 * SECOND


def test_a_start_within_the_session_asks_at_once() -> None:
    noon = instant_at(DAY, time(12, 0))
    told, asked = run(usual, noon)
    assert (told, len(asked)) == ([], 1)
    assert asked[0] < noon + 5 * SECOND


@pytest.mark.hazard("T4")
def test_a_market_that_the_broker_has_as_closed_is_doubted_until_both_agree(caplog: pytest.LogCaptureFixture) -> None:
    opens = SESSION.open + 20 * MINUTE
    told, asked = run(lambda at: "CLOSED" if at < opens else "OPEN")
    assert [(event.condition, event.holds) for event in told] == [(Condition.MARKET, True), (Condition.MARKET, False)]
    assert SESSION.open <= told[0].at < SESSION.open + 10 * SECOND
    assert opens <= told[1].at < opens + MINUTE
    assert "the broker says CLOSED" in told[0].why
    assert 35 <= len(asked) <= 45
    assert [each.message.partition(":")[0] for each in caplog.records if each.levelname == "CRITICAL"] == [
        "MARKET_DISAGREES"
    ]


def test_a_market_that_stays_closed_is_doubted_to_the_end_of_the_session() -> None:
    told, asked = run(lambda _at: "CLOSE")
    assert [event.holds for event in told] == [True]
    assert asked[-1] < SESSION.close <= asked[-1] + MINUTE


def test_a_market_that_is_open_before_the_calendar_says_so_is_doubted_until_it_does() -> None:
    told, _asked = run(lambda _at: "OPEN")
    assert [event.holds for event in told] == [True, False]
    assert told[0].at < SESSION.open <= told[1].at


def test_a_broker_that_is_slow_to_see_the_open_is_given_two_minutes() -> None:
    assert run(lambda at: "PREOPEN_CLOSED" if at < SESSION.open + MINUTE else "OPEN")[0] == []
    told, _asked = run(lambda at: "PREOPEN_CLOSED" if at < SESSION.open + 5 * MINUTE else "OPEN")
    assert [event.holds for event in told] == [True, False]
    assert told[0].at >= SESSION.open + 2 * MINUTE


@pytest.mark.parametrize(
    "answer",
    [BrokerError("market status: timed out"), AuthenticationError("no token"), "CLOSING_AUCTION"],
    ids=["no answer", "no token", "unknown word"],
)
def test_without_an_answer_that_is_understood_the_calendar_counts(
    answer: str | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    told, asked = run(lambda _at: answer)
    assert told == []
    assert len(asked) <= 4
    assert "the calendar counts" in caplog.text


@pytest.mark.parametrize("noise", [BrokerError("gone"), "CLOSING_AUCTION"], ids=["silence", "unknown word"])
def test_what_says_nothing_does_not_end_a_doubt(noise: str | Exception) -> None:
    def said(at: Instant) -> str | Exception:
        if at < SESSION.open + MINUTE:
            return usual(at - MINUTE)
        return noise if at < SESSION.open + 30 * MINUTE else "OPEN"

    told, _asked = run(said)
    assert [event.holds for event in told] == [True, False]
    assert told[1].at >= SESSION.open + 30 * MINUTE


def test_a_stop_ends_the_questions_also_before_they_began() -> None:
    word = BrokerWord(lambda: rows("CLOSE"), SESSION, WaitedClock(PRE_OPEN), lambda _event: None)
    word.stop()
    word._stopped.set()
    word.start()
    word.stop()
    assert not word._thread.is_alive()


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("OPEN", Word.OPEN),
        ("open", Word.OPEN),
        ("CLOSE", Word.CLOSED),
        ("CLOSED", Word.CLOSED),
        ("POSTCLOSE_START", Word.CLOSED),
        ("POSTCLOSE_CLOSED", Word.CLOSED),
        ("PREOPEN", Word.BEFORE_OPEN),
        ("PREOPEN_CLOSED", Word.BEFORE_OPEN),
        ("7", Word.UNKNOWN),
    ],
)
def test_the_row_of_the_normal_cash_market_is_the_one_that_counts(status: str, word: Word) -> None:
    assert cash_market(rows(status)) == MarketAnswer(word, status)


def test_rows_that_contradict_each_other_or_are_missing_say_nothing() -> None:
    assert cash_market((*rows("OPEN"), *rows("CLOSE"))).word is Word.UNKNOWN
    assert cash_market((*rows("CLOSED"), *rows("CLOSE"))).word is Word.CLOSED
    assert cash_market(rows("OPEN")[:3]) == MarketAnswer(Word.UNKNOWN, "nothing of NSE's cash market")


@given(st.integers(PRE_OPEN, SESSION.close + 60 * MINUTE), st.sampled_from(Word))
def test_only_a_clear_word_contradicts_and_an_open_market_never_does_in_its_session(at: Instant, word: Word) -> None:
    why = disagreement(MarketAnswer(word, "X"), SESSION, at)
    if word is Word.UNKNOWN or at >= SESSION.close or (word is Word.OPEN) is SESSION.is_open(at):
        assert not why
    if word is Word.CLOSED:
        assert bool(why) is SESSION.is_open(at)


# --- days that the calendar has as closed --------------------------------------------------------------------------


class OneSession:
    """Only Tuesday is a session."""

    def trading_day(self, day: date) -> TradingDay | None:
        return SESSION if day == DAY else None

    def next_trading_day(self, after: date) -> TradingDay:
        raise NotImplementedError


class SetClock:
    def __init__(self) -> None:
        self.time = 0

    def now(self) -> Instant:
        return self.time


def watch_through(days: Sequence[date], answer: str | Exception) -> list[Instant]:
    """Look every ten minutes of some days; return when the broker was asked."""
    clock, asked = SetClock(), []

    def ask() -> Sequence[MarketStatus]:
        asked.append(clock.time)
        if isinstance(answer, Exception):
            raise answer
        return rows(answer)

    watch = ClosedDayWatch(ask, OneSession(), clock)
    for day, minutes in product(days, range(0, 24 * 60, 10)):
        clock.time = instant_at(day, time(0)) + minutes * MINUTE
        watch.look()
    return asked


@pytest.mark.hazard("T4")
def test_a_session_that_the_calendar_lacks_is_cried_out(caplog: pytest.LogCaptureFixture) -> None:
    wednesday = DAY + timedelta(days=1)
    asked = watch_through((DAY, wednesday), "OPEN")
    assert {ist_date(at) for at in asked} == {wednesday}
    assert 10 <= len(asked) <= 13
    assert "SESSION_MISSED: the broker says OPEN, the calendar has no session today" in caplog.text


def test_a_closed_day_that_is_closed_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    watch_through((DAY + timedelta(days=1),), "CLOSE")
    assert not [record for record in caplog.records if record.levelname == "CRITICAL"]


def test_without_a_token_the_broker_is_asked_once_a_day() -> None:
    days = (DAY + timedelta(days=1), DAY + timedelta(days=2))
    assert [ist_date(at) for at in watch_through(days, AuthenticationError("no token"))] == list(days)


def test_a_line_that_is_down_is_tried_again_within_the_hour() -> None:
    assert len(watch_through((DAY + timedelta(days=1),), BrokerError("down"))) >= 10
