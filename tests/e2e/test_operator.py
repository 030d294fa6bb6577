"""An operator at another terminal: the verbs, as programs, against a bot that trades."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from core import events
from core.events import SafetyLevel

from .conftest import Books, Bot, Hire, Open, assert_books_agree, short_day

pytestmark = pytest.mark.e2e


def ask(bot: Bot, verb: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a verb as its user would, in the bot's folder."""
    command = [sys.executable, "-m", "cli", verb, "--config", "bot.yaml", "--why", "the test wants it", *options]
    return subprocess.run(
        command, cwd=bot.market.home, env=bot.environment, capture_output=True, text=True, check=False, timeout=60
    )


def asked(bot: Bot, verb: str) -> dict[str, Any]:
    """Run it and return what it said to a program."""
    answer = ask(bot, verb, "--json")
    assert answer.returncode == 0, answer.stderr
    said: dict[str, Any] = json.loads(answer.stdout)
    return said


def count(bot: Bot, pattern: str) -> int:
    return len(re.findall(pattern, bot.said))


def test_a_bot_is_halted_resumed_and_flattened_from_another_terminal(open_market: Open, hire: Hire) -> None:
    market = open_market("10:00", 20)
    bot = hire(
        market, exits={"stop_atr": 30.0, "target_atr": 30.0}, **short_day(market.home, "11:00", "11:01", "11:02")
    )
    bot.start()
    bot.wait_for("Levels NSE:")
    assert asked(bot, "halt")["answer"] == "the safety level is now NO_ENTRY: the test wants it"
    bot.wait_for("Entry refused .*SAFETY_LEVEL")
    assert market.net_positions(), "a halt is not a flatten"
    assert asked(bot, "resume")["answer"] == "the safety level is now RUN: the test wants it"
    assert "FLATTEN" in asked(bot, "flatten")["answer"]
    bot.wait_for("Closed NSE:")

    bot.kill()
    orders_before = count(bot, "Order .*")
    assert orders_before
    bot.start()
    bot.wait_for("Reconciled")
    bot.wait_for("Entry refused .*SAFETY_LEVEL")
    assert market.net_positions() == {}
    assert asked(bot, "resume")["answer"] == "the safety level is now RUN: the test wants it"
    bot.wait_for("Levels NSE:")
    asked(bot, "flatten")
    bot.wait_for("Closed NSE:")
    assert bot.stop() == 0, bot.said
    levels = [event.level for event in bot.events() if isinstance(event, events.LevelChanged)]
    up, down = SafetyLevel.FLATTEN, SafetyLevel.RUN
    assert levels == [SafetyLevel.NO_ENTRY, down, up, down, up]
    market.stop()
    assert_books_agree(bot, Books.of(market))


def test_a_command_given_to_a_bot_that_was_killed_is_obeyed_at_its_next_start_and_once(
    open_market: Open, hire: Hire
) -> None:
    market = open_market("10:00", 20)
    bot = hire(market, **short_day(market.home, "11:00", "11:01", "11:02"))
    bot.start()
    bot.wait_for("Reconciled")
    bot.kill()
    said = asked(bot, "halt")
    assert (said["bot_runs"], said["answer"]) == (False, None)
    bot.start()
    bot.wait_for("Entry refused .*SAFETY_LEVEL")
    assert count(bot, "Command halt") == 1
    bot.kill()
    bot.start()
    bot.wait_for("Reconciled")
    assert asked(bot, "resume")["answer"] == "the safety level is now RUN: the test wants it"
    assert bot.stop() == 0, bot.said
    given = [event.command.value for event in bot.events() if isinstance(event, events.CommandGiven) and event.key]
    assert given == ["halt", "resume"]
