"""Stories of SIGTERM at moments drawn from a seed: what it leaves is durable, protected and known to the next start."""

import numpy as np
import pytest

from core import events
from core.events import Command
from core.instants import SECOND
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
STOP_PATIENCE = 90
"""Seconds that a graceful stop may take before the process ends all the same, as in `trading.session_loop`."""


def is_finished(bot) -> bool:
    """Whether a stop that protects has nothing left that it can do, as the trader judges it."""
    state = bot.kernel.state
    leaving = any(position.unprotected_since or position.exit_reason for position in state.positions.values())
    return not state.live_entries and not leaving


def terminate(bot) -> None:
    """Ask the process to end; it ends when it is finished, or when its patience is over."""
    bot.give(events.CommandGiven(at=bot.now, command=Command.STOP, why="SIGTERM"))
    since = bot.now
    while not is_finished(bot) and bot.now - since < STOP_PATIENCE * SECOND:
        bot.run(0.25)
    bot.kill()


def busy_moment(bot, chance: np.random.Generator) -> None:
    """Go on for a little while in which entries are sent, filled, protected, closed or lost on the way."""
    symbol = (SBIN, INFY)[chance.integers(2)]
    bot.tick(80_000 + int(chance.integers(-100, 101)) * 5, symbol, depth=int(chance.choice([0, 4, 10, 50])))
    if chance.random() < 0.3:
        verb = list(bot.broker.plans)[chance.integers(3)]
        bot.broker.plans[verb].append(str(chance.choice(["lost", "never", "not_sent"])))
    if not bot.kernel.state.stopping:
        bot.signal((Direction.LONG, Direction.SHORT)[chance.integers(2)], symbol)
    bot.run(float(chance.uniform(0, 1.5)))


@pytest.mark.hazard("R4")
@pytest.mark.parametrize("seed", range(10))
def test_a_stop_at_any_moment_leaves_nothing_naked_and_the_next_start_forgets_nothing(bot, seed):
    chance = np.random.default_rng(seed)
    for _ in range(4):
        busy_moment(bot, chance)
        terminate(bot)
        known = {symbol: position.signed_quantity for symbol, position in bot.kernel.state.positions.items()}
        unknown = [order for order in bot.kernel.state.orders.values() if order.state.value in {"sent", "unknown"}]
        if not unknown:
            for symbol in (SBIN, INFY):
                assert bot.broker.net(symbol) == known.get(symbol, 0)
                assert sum(order.quantity - order.filled for order in bot.broker.open_exits(symbol)) >= abs(
                    known.get(symbol, 0)
                )
        bot.run(float(chance.integers(1, 60)))
        bot.start()  # the fold of the log is what the process had in memory: the table top checks it
        bot.run(60)
        for symbol in (SBIN, INFY):
            position = bot.kernel.state.positions.get(symbol)
            assert bot.broker.net(symbol) == (position.signed_quantity if position else 0)
    for plan in bot.broker.plans.values():
        plan.clear()
    for symbol in (SBIN, INFY):
        bot.tick(80_000, symbol)
    bot.run_to(15, 12)
    assert bot.broker.net(SBIN) == bot.broker.net(INFY) == 0
    assert bot.of_kind(events.FlatVerified)
