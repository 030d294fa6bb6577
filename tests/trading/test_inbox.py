"""Between the threads that bring and the writer that takes: everything in order, and never more than it can hold."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import events
from core.events import Phase
from core.market import Tick
from trading import inbox as module
from trading.inbox import MOST_IN_ORDER, Inbox

SYMBOLS = ("NSE:SBIN-EQ", "NSE:INFY-EQ", "NSE:TCS-EQ")


def tick(symbol: str, number: int) -> Tick:
    return Tick(symbol, number, 100 + number, 0, 0, 0)


def phase(number: int) -> events.PhaseReached:
    return events.PhaseReached(at=number, phase=Phase.OPEN)


def taken(inbox: Inbox) -> list[events.Input | Tick]:
    items = []
    while len(inbox):
        item = inbox.get(0)
        if item is not None:
            items.append(item)
    return items


def test_while_the_writer_keeps_up_everything_arrives_in_order() -> None:
    inbox = Inbox()
    given_items = [tick(SYMBOLS[0], number) if number % 3 else phase(number) for number in range(MOST_IN_ORDER)]
    for item in given_items:
        inbox.put(item)
    assert taken(inbox) == given_items
    assert inbox.passed_over == 0
    assert inbox.get(0.001) is None


@pytest.mark.hazard("D11")
def test_a_writer_that_fell_behind_finds_the_newest_price_and_every_report() -> None:
    inbox = Inbox()
    for number in range(MOST_IN_ORDER):
        inbox.put(phase(number))
    for number in range(30_000):
        inbox.put(tick(SYMBOLS[number % 3], number))
        if number % 1_000 == 0:
            inbox.put(phase(MOST_IN_ORDER + number))
    assert len(inbox) == MOST_IN_ORDER + 3 + 30
    items = taken(inbox)
    assert [item.at for item in items if isinstance(item, Tick)] == [29_997, 29_998, 29_999]
    assert sum(isinstance(item, events.PhaseReached) for item in items) == MOST_IN_ORDER + 30
    assert inbox.passed_over == 30_000 - 3


def test_a_price_does_not_overtake_one_that_waits_in_its_slot() -> None:
    inbox = Inbox()
    for number in range(MOST_IN_ORDER):
        inbox.put(phase(number))
    inbox.put(tick(SYMBOLS[0], 1))  # crowded: into its slot
    for _ in range(500):
        inbox.get(0)
    inbox.put(tick(SYMBOLS[0], 2))  # room again, but the slot still waits
    for number in range(500):
        inbox.put(phase(number))
    inbox.put(tick(SYMBOLS[0], 3))
    assert [item.at for item in taken(inbox) if isinstance(item, Tick)] == [3]


@given(st.lists(st.one_of(st.just("take"), st.sampled_from(SYMBOLS), st.just("report")), max_size=300))
def test_whatever_the_order_of_putting_and_taking(steps: list[str]) -> None:
    """Prices of a symbol never go back, the last one always arrives, and of reports none is lost or moved."""
    before, module.MOST_IN_ORDER = module.MOST_IN_ORDER, 5
    try:
        inbox, out, reports, last = Inbox(), [], 0, {}
        for number, step in enumerate(steps):
            if step == "take":
                out.append(inbox.get(0))
            elif step == "report":
                inbox.put(phase(number))
                reports += 1
            else:
                last[step] = number
                inbox.put(tick(step, number))
        most = len(inbox)
        out += taken(inbox)
    finally:
        module.MOST_IN_ORDER = before
    seen = [item for item in out if item is not None]
    told = [item.at for item in seen if isinstance(item, events.PhaseReached)]
    assert told == sorted(told)
    assert len(told) == reports
    for symbol in SYMBOLS:
        prices = [item.at for item in seen if isinstance(item, Tick) and item.symbol == symbol]
        assert prices == sorted(set(prices))
        assert prices[-1:] == [last[symbol] for _ in range(symbol in last)]
    assert most <= 5 + len(SYMBOLS) + reports


@pytest.mark.hazard("D11")
def test_threads_that_bring_at_full_speed_lose_nothing_that_counts() -> None:
    inbox = Inbox()
    each = 20_000

    def bring(symbol: str) -> None:
        for number in range(each):
            inbox.put(tick(symbol, number))

    def report() -> None:
        for number in range(each // 10):
            inbox.put(phase(number))

    threads = [threading.Thread(target=bring, args=(symbol,)) for symbol in SYMBOLS]
    threads.append(threading.Thread(target=report))
    for thread in threads:
        thread.start()
    seen: dict[str, list[int]] = {symbol: [] for symbol in SYMBOLS}
    reports, most = [], 0
    while any(thread.is_alive() for thread in threads) or len(inbox):
        most = max(most, len(inbox))
        item = inbox.get(0.01)
        if isinstance(item, Tick):
            seen[item.symbol].append(item.at)
        elif item is not None:
            reports.append(item.at)
    assert reports == list(range(each // 10))
    for prices in seen.values():
        assert prices == sorted(set(prices))
        assert prices[-1] == each - 1
    assert most <= MOST_IN_ORDER + len(SYMBOLS) + each // 10
