"""The market status through the real client: the simulator agrees, contradicts, and takes it back."""

from datetime import time

import pytest

from core.events import Condition
from core.instants import SECOND, instant_at
from simulator.faults import FaultKind
from trading.broker_word import BrokerWord, Word, cash_market

from .conftest import TUESDAY, OpenMarket, WeekdayCalendar

DAY = WeekdayCalendar().trading_day(TUESDAY)


def test_an_open_market_is_open_for_both(open_market: OpenMarket) -> None:
    assert cash_market(open_market.client.get_market_status()).word is Word.OPEN


@pytest.mark.hazard("T4")
def test_a_broker_that_closes_a_session_is_doubted_until_it_opens_it_again(open_market: OpenMarket) -> None:
    told = []
    open_market.simulator.arm(FaultKind.MARKET_STATUS, message="CLOSED", times=2)
    word = BrokerWord(open_market.client.get_market_status, DAY, open_market.clock, told.append)
    word.start()
    word._thread.join(30)
    word.stop()
    assert [(event.condition, event.holds) for event in told] == [(Condition.MARKET, True), (Condition.MARKET, False)]
    assert told[0].why == "the broker says CLOSED, the calendar has a session until 2026-01-06 15:30:00"
    assert told[1].at - told[0].at > 30 * SECOND
    assert told[0].at > instant_at(TUESDAY, time(11, 0))


@pytest.mark.hazard("T4")
@pytest.mark.parametrize("word", ["CLOSING_AUCTION", "OPEN "])
def test_a_word_that_nobody_knows_leaves_the_calendar_in_charge(word: str, open_market: OpenMarket) -> None:
    told = []
    open_market.simulator.arm(FaultKind.MARKET_STATUS, message=word, times=None)
    asked = BrokerWord(open_market.client.get_market_status, DAY, open_market.clock, told.append)
    asked.start()
    asked._thread.join(30)
    asked.stop()
    assert told == []
