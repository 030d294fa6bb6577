"""The bot as a process: started twice, stopped by the machine, asked to end in the middle of an order, killed at will.

`KILLS` in the environment raises the number of kills, 8 by default, for a longer run.
"""

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import events
from core.events import Condition

from .conftest import Books, Bot, Hire, Open, assert_books_agree, short_day

pytestmark = pytest.mark.e2e

WIDE = {"stop_atr": 30.0, "target_atr": 30.0}
"""Stop and target so far away that positions stay until the square-off."""
KILLS = int(os.environ.get("KILLS", "8"))
KILLS_A_SESSION = 8


def another(bot: Bot) -> Bot:
    """A second bot on the same settings and the same state."""
    twin = Bot(bot.market, bot.settings, bot.mode, bot.days)
    twin.starts = bot.starts + 100  # it writes its own output
    return twin


def pid_file(bot: Bot) -> Path:
    return bot.market.home / "bot" / "live_engine.pid"


def test_of_bots_started_at_once_one_runs_and_the_next_names_it_until_it_is_killed(
    open_market: Open, hire: Hire
) -> None:
    market = open_market("10:00", 1)
    first = hire(market, **short_day(market.home, "14:00", "14:10", "14:20"))
    twin = another(first)
    first.start()
    twin.start()
    deadline = time.monotonic() + 60
    while first.is_running and twin.is_running and time.monotonic() < deadline:
        time.sleep(0.05)
    loser, winner = (twin, first) if first.is_running else (first, twin)
    assert loser.wait() == 3
    try:
        winner.wait_for("Reconciled")
        assert json.loads(pid_file(winner).read_text())["pid"] == winner.pid

        third = another(twin)
        third.start()
        assert third.wait() == 3
        assert re.search(rf"another bot runs on .* \(pid {winner.pid}, since \d{{4}}-", third.said), third.said

        assert market.process is not None
        forged = {"pid": market.process.pid, "started_ticks": 1, "boot_id": "x"}
        pid_file(winner).write_text(json.dumps(forged))
        third.start()
        assert third.wait() == 3
        assert "(pid" not in third.said
        assert market.process.poll() is None
        assert winner.is_running

        winner.kill()
        third.start()
        third.wait_for("Reconciled")
        assert third.stop() == 0, third.said
    finally:
        winner.kill()
    assert not pid_file(third).exists()
    assert [event.boot for event in third.events() if isinstance(event, events.Booted)] == [1, 2]


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What a bot that starts from here takes for its service manager; it wants a sign of life every two seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")
        yield listening


def heard(manager: socket.socket) -> list[str]:
    words = []
    while True:
        try:
            words.append(manager.recv(4096).decode())
        except BlockingIOError:
            return words


def test_a_process_that_stood_still_is_seen_by_its_manager_and_believes_nothing_until_the_books_agree(
    open_market: Open, hire: Hire, manager: socket.socket
) -> None:
    market = open_market("10:00", 1)
    bot = hire(market, **short_day(market.home, "14:00", "14:10", "14:20"))
    bot.start()
    bot.wait_for("Reconciled")
    time.sleep(2)
    said = heard(manager)
    assert said[0] == "READY=1"
    assert said.count("WATCHDOG=1") >= 2

    os.kill(bot.pid, signal.SIGSTOP)
    time.sleep(1)
    heard(manager)
    time.sleep(7)
    assert heard(manager) == []  # a manager that waits for two seconds has killed it by now
    os.kill(bot.pid, signal.SIGCONT)
    bot.wait_for(r"Doubt GAP holds, no entries: the process stood still for [789]\.\d s(.|\n)*Doubt GAP is gone")
    time.sleep(1)
    assert "WATCHDOG=1" in heard(manager)

    assert bot.stop() == 0, bot.said
    assert "STOPPING=1" in heard(manager)
    happened = bot.events()
    begun = next(index for index, event in enumerate(happened) if is_gap(event, holds=True))
    ended = next(index for index, event in enumerate(happened) if is_gap(event, holds=False))
    between = [type(event) for event in happened[begun:ended]]
    assert events.BooksRead in between or events.BooksUnchanged in between
    assert events.Reconciled in between


def is_gap(event: events.Event, *, holds: bool) -> bool:
    told = isinstance(event, events.ConditionChanged | events.DoubtChanged)
    return told and event.condition is Condition.GAP and event.holds is holds


def test_a_stop_in_the_middle_of_an_order_leaves_nothing_unprotected_and_nothing_twice(
    open_market: Open, hire: Hire
) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, exits=WIDE, **short_day(market.home, "10:08", "10:10", "10:11"))
    bot.start()
    bot.wait_for("Reconciled")
    market.arm("lost_answer", path="/api/v3/orders", method="POST", times=1)
    bot.wait_for("Order .*E")
    code = bot.stop()
    market.clear()
    assert code in {0, 1}, bot.said
    assert code == 1 or market.is_protected()

    bot.start()
    bot.wait_for("Flat, verified")
    assert bot.stop() == 0, bot.said
    market.stop()
    assert_books_agree(bot, Books.of(market))


@pytest.mark.parametrize("session", range(-(-KILLS // KILLS_A_SESSION)))
def test_a_bot_killed_again_and_again_at_any_moment_ends_the_day_with_the_books(
    session: int, open_market: Open, hire: Hire
) -> None:
    market = open_market("10:00", 20)
    day = short_day(market.home, "10:25", "10:26", "10:27")
    bot = hire(market, start={"crash_limit": 1_000}, **day)
    chance = np.random.default_rng(session)
    for _ in range(KILLS_A_SESSION):
        bot.start()
        time.sleep(chance.uniform(1.0, 7.0))
        bot.kill()
    bot.start()
    bot.wait_for("Flat, verified", seconds=120)
    assert bot.stop() == 0, bot.said

    happened = bot.events()
    assert any(isinstance(event, events.TradeClosed) for event in happened)
    boots = [event.boot for event in happened if isinstance(event, events.Booted)]
    assert boots == list(range(1, len(boots) + 1))
    market.stop()
    assert_books_agree(bot, Books.of(market))
