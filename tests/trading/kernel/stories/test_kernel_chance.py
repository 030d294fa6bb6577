"""Days of chance: prices, faults and crashes drawn from a seed. First everything may fail, then all comes to rest."""

import numpy as np
import pytest

from core import events
from core.event_codec import encode_fact
from core.events import SafetyLevel, Verb
from core.fold import apply
from core.signals import Direction
from core.state import BotState
from trading.event_log import MemoryEventLog
from trading.state_snapshots import open_snapshot, take_snapshot

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
FATES = ["", "", "", "lost", "never", "reject", "rate", "not_sent", "noop", "in_book"]


def one_thing(bot, chance: np.random.Generator) -> None:
    """Let one thing happen that can happen on a bad day."""
    symbol = (SBIN, INFY)[chance.integers(2)]
    price = 80_000 + int(chance.integers(-150, 151)) * 5
    match int(chance.integers(9)):
        case 0 | 1:
            bot.tick(price, symbol)
        case 2:
            bot.tick(price, symbol, depth=int(chance.integers(0, 12)))
        case 3 | 4:
            bot.feel(price, symbol)
            if symbol in bot.broker.prices:
                bot.signal((Direction.LONG, Direction.SHORT)[chance.integers(2)], symbol)
        case 5:
            verb = list(Verb)[chance.integers(len(Verb))]
            bot.broker.plans[verb].append(FATES[chance.integers(len(FATES))])
        case 6:
            bot.broker.mute = bool(chance.integers(2))
        case 7:
            bot.broker.reachable = bool(chance.integers(3))
        case 8:
            bot.kill()
            bot.run(float(chance.integers(0, 40)))
            bot.start()


@pytest.mark.hazard("S1", "P2", "P5")
@pytest.mark.parametrize("seed", range(20))
def test_a_bad_day_ends_flat_without_a_doubled_order_or_a_flip(bot, seed):
    chance = np.random.default_rng(seed)
    for _ in range(40):
        one_thing(bot, chance)
        bot.run(float(chance.choice([0.1, 0.4, 1.0, 3.0, 20.0])))
    for plan in bot.broker.plans.values():
        plan.clear()
    bot.broker.mute, bot.broker.reachable = False, True
    for symbol in (SBIN, INFY):
        bot.tick(80_000, symbol)
    bot.run(180)
    assert all(not position.unprotected_since for position in bot.kernel.state.positions.values())
    bot.run_to(15, 12)
    assert bot.kernel.state.is_flat
    assert bot.broker.net(SBIN) == bot.broker.net(INFY) == 0
    assert bot.of_kind(events.FlatVerified)
    assert bot.kernel.state.level is SafetyLevel.RUN


@pytest.mark.hazard("W8")
def test_the_same_seed_gives_the_same_events(rehearse):
    days = []
    for _ in range(2):
        bot, chance = rehearse(), np.random.default_rng(3)
        for _ in range(40):
            one_thing(bot, chance)
            bot.run(1)
        days.append(bot.happened)
    assert days[0] == days[1]


@pytest.mark.hazard("W6")
@pytest.mark.parametrize("seed", range(20, 26))
def test_a_snapshot_at_any_point_and_the_events_after_it_are_the_fold_of_all(bot, seed):
    chance = np.random.default_rng(seed)
    for _ in range(30):
        one_thing(bot, chance)
        bot.run(float(chance.choice([0.1, 0.4, 1.0, 3.0, 20.0])))
    happened = list(bot.log.read())
    whole, log, states = BotState(), MemoryEventLog(), []
    for event in happened:
        apply(whole, event)
        log.append([event])
        states.append(take_snapshot(whole, log))
    wanted = encode_fact(whole)
    for number in {0, len(states) - 1, *chance.integers(len(states), size=40).tolist()}:
        state = open_snapshot(states[number], log)
        assert state.seq == number + 1
        for event in log.read(after=state.seq):
            apply(state, event)
        assert state == whole
        assert encode_fact(state) == wanted  # down to the order of orders and positions
