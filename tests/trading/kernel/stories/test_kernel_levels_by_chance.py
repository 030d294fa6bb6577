"""Days of chance for levels and doubts: whatever comes together, none is lowered by anybody but who may."""

import numpy as np
import pytest

from core import events
from core.events import Command, Condition, FeedState, SafetyLevel, Verb
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
FATES = ["", "", "lost", "never", "reject", "rate", "not_sent", "noop", "in_book"]
COMMANDS = [Command.HALT, Command.EXIT_ONLY, Command.FLATTEN, Command.RESUME, Command.RESUME]


def one_thing(bot, chance: np.random.Generator) -> None:
    """Let one thing happen that moves a level, a doubt, or what they guard."""
    symbol = (SBIN, INFY)[chance.integers(2)]
    match int(chance.integers(8)):
        case 0 | 1:
            bot.tick(80_000 + int(chance.integers(-300, 301)) * 5, symbol, depth=int(chance.integers(0, 30)))
        case 2 | 3:
            if symbol in bot.broker.prices:
                bot.feel(bot.broker.prices[symbol], symbol)
                bot.signal((Direction.LONG, Direction.SHORT)[chance.integers(2)], symbol)
        case 4:
            word, key = COMMANDS[chance.integers(len(COMMANDS))], f"k{bot.now}{chance.integers(10**9)}"
            bot.give(events.CommandGiven(at=bot.now, command=word, why="chance", key=key))
        case 5:
            condition, holds = list(Condition)[chance.integers(len(Condition))], bool(chance.integers(3) == 0)
            bot.give(events.ConditionChanged(at=bot.now, condition=condition, holds=holds, why="chance"))
        case 6:
            state = list(FeedState)[chance.integers(len(FeedState))]
            bot.give(events.FeedChanged(at=bot.now, feed="data", state=state))
        case 7:
            if chance.integers(3):
                verb = list(Verb)[chance.integers(len(Verb))]
                bot.broker.plans[verb].append(FATES[chance.integers(len(FATES))])
            else:
                bot.kill()
                bot.run(float(chance.integers(0, 40)))
                bot.start()


def check_levels(happened: list[events.Event]) -> None:
    """A level is lowered by a resume only, and from FLATTEN only after the proof."""
    level, flattened, resumed = SafetyLevel.RUN, False, False
    for event in happened:
        match event:
            case events.CommandGiven(command=command):
                resumed = command is Command.RESUME
            case events.FlattenChecked(is_flat=is_flat):
                flattened = is_flat
            case events.LevelChanged(level=after):
                assert after.value > level.value or resumed, f"{level} became {after} without a resume"
                assert level is not SafetyLevel.FLATTEN or after.value > level.value or flattened
                level, flattened, resumed = after, False, False
            case _:
                pass


@pytest.mark.hazard("P12", "P13")
@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_together_levels_fall_by_a_resume_only_and_a_flatten_is_proven(rehearse, seed):
    bot, chance = rehearse(max_loss=9_000, soft_loss=5_000), np.random.default_rng(seed)
    for _ in range(60):
        one_thing(bot, chance)
        bot.run(float(chance.choice([0.1, 0.4, 1.0, 3.0, 20.0])))
    for plan in bot.broker.plans.values():
        plan.clear()
    for symbol in (SBIN, INFY):
        bot.tick(80_000, symbol)
    for condition in Condition:
        bot.give(events.ConditionChanged(at=bot.now, condition=condition, holds=False, why="over"))
    bot.give(events.FeedChanged(at=bot.now, feed="data", state=FeedState.LIVE))
    bot.run(240)
    check_levels(bot.happened)
    state = bot.kernel.state
    assert Condition.FEED not in state.conditions
    assert state.level is not SafetyLevel.FLATTEN or state.flattened
    bot.run_to(15, 12)
    assert bot.kernel.state.is_flat
    assert bot.broker.net(SBIN) == bot.broker.net(INFY) == 0
