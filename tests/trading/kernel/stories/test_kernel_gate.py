"""Stories of the gate: what it counts over symbols, orders and restarts."""

from dataclasses import replace

import pytest

from core import events
from core.events import Command, SafetyLevel, Verb
from core.instants import MINUTE
from core.orders import OrderStatus, Purpose
from core.signals import Direction

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
VALUE = 10 * 80_160


def refusals(bot) -> list[str]:
    return [event.code for event in bot.of_kind(events.EntryRefused)]


def ask(bot, symbol: str = SBIN) -> list[str]:
    """Let a signal come, and return the refusals it met."""
    before = len(refusals(bot))
    bot.tick(80_000, symbol)
    bot.signal(Direction.LONG, symbol)
    bot.run(1)
    return refusals(bot)[before:]


def ask_both(bot) -> None:
    """Let the strategy speak on both symbols at one candle."""
    start = (bot.now - bot.day.open) // (5 * MINUTE) * 5 * MINUTE + bot.day.open - 5 * MINUTE
    bot.wishes[INFY, start] = Direction.LONG
    bot.signal(Direction.LONG, SBIN)
    bot.run(1)


def read_funds(bot, available: int = 10**9, account: str = "XY0001") -> None:
    bot.give(events.FundsRead(at=bot.now, asked_at=bot.now, available=available, account=account))


def wishes(bot) -> list[int]:
    return [event.at for event in bot.of_kind(events.FundsWanted)]


@pytest.mark.hazard("S21")
def test_a_stop_that_cannot_be_sent_five_times_opens_the_circuit_for_entries_and_rests_in_the_end(bot):
    bot.tick(80_000)
    bot.tick(80_000, INFY)
    bot.broker.plans[Verb.PLACE].extend(["", *["not_sent"] * 5])
    bot.signal(Direction.LONG)
    bot.run(25)
    until = bot.kernel.state.activity.paused_until
    assert until > bot.now
    bot.kill()
    bot.start()
    bot.run(5)
    assert bot.kernel.state.activity.paused_until == until
    assert len(bot.broker.open_exits(SBIN)) == 1


@pytest.mark.hazard("S21")
def test_an_open_circuit_refuses_an_entry_and_closes_after_a_minute(bot):
    bot.enter()
    bot.run(250)
    bot.tick(80_400)
    bot.broker.plans[Verb.PLACE].extend(["not_sent"] * 5)
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.run(25)
    assert bot.kernel.state.activity.paused_until > bot.now
    assert ask(bot, INFY) == ["CIRCUIT_OPEN"]
    assert ask(bot, INFY) == []


@pytest.mark.hazard("S1", "S21")
@pytest.mark.hazard("T3")
def test_a_candle_that_closed_long_ago_is_decided_on_and_not_entered_on(rehearse):
    bot = rehearse(max_signal_age=2 * MINUTE)
    bot.run_to(10, 2, 1)
    assert ask(bot) == ["STALE_SIGNAL"]
    bot.run_to(10, 10)
    assert ask(bot) == []


@pytest.mark.hazard("P4", "S21")
def test_orders_of_the_day_that_are_used_up_by_stops_refuse_an_entry_and_never_an_exit_or_a_stop(rehearse):
    bot = rehearse(max_orders_per_day=4, trail_atr=1.0, target_atr=30.0)
    bot.enter()
    for price in (80_400, 80_800, 81_200):
        bot.tick(price)
        bot.run(2)
    sent = len(bot.of_kind(events.OrderIntended)) + len(bot.of_kind(events.ChangeIntended))
    assert bot.kernel.state.orders_today == sent > 4
    assert ask(bot, INFY) == ["MAX_ORDERS"]
    assert bot.broker.open_exits(SBIN)[0].trigger_price == 81_000
    bot.broker.cancel_by_hand(bot.tag(Purpose.STOP))
    bot.run(10)
    assert len(bot.broker.open_exits(SBIN)) == 1, "a new stop was sent above the limit"
    bot.give(events.CommandGiven(at=bot.now, command=Command.FLATTEN, why="lunch"))
    bot.run(10)
    assert bot.kernel.state.is_flat


def test_an_entry_of_unknown_fate_counts_as_filled(rehearse):
    bot = rehearse(max_exposure=2 * VALUE - 1)
    bot.broker.plans[Verb.PLACE].append("never")
    bot.tick(80_000, SBIN)
    bot.tick(80_000, INFY)
    ask_both(bot)
    assert refusals(bot) == ["TOTAL_EXPOSURE"]
    assert [order.state.value for order in bot.kernel.state.orders.values()] == ["unknown"]


@pytest.mark.hazard("S21")
def test_an_open_position_counts_into_the_exposure_and_its_stop_into_the_open_orders(rehearse):
    bot = rehearse(max_open_value=VALUE + 10 * 79_000)
    bot.enter()
    assert ask(bot, INFY) == ["OPEN_ORDERS"]
    bot.rules = replace(bot.rules, max_open_value=10**9, max_exposure=VALUE + 10 * 80_000 - 1)
    bot.kill()
    bot.start()
    bot.run(2)
    assert ask(bot, INFY) == ["TOTAL_EXPOSURE"]


@pytest.mark.hazard("S21")
def test_the_turnover_of_the_day_counts_both_sides(rehearse):
    bot = rehearse(max_turnover=2 * 10 * 80_000 + VALUE)
    bot.enter()
    bot.tick(80_600)
    bot.run(5)
    assert len(bot.trades) == 1
    assert ask(bot) == ["TURNOVER"]


@pytest.mark.hazard("S18")
def test_money_is_read_when_the_books_agree_after_a_trade_and_each_minute(bot):
    asked = len(wishes(bot))
    bot.run(180)
    assert len(wishes(bot)) == asked + 3
    bot.enter()
    bot.tick(80_600)
    bot.run(10)
    [closed] = bot.of_kind(events.TradeClosed)
    assert closed.at in wishes(bot)


def test_money_is_not_asked_for_with_a_dead_token_and_again_with_a_new_one(bot):
    bot.give(events.AccessChanged(at=bot.now, valid=False, why="expired"))
    asked = len(wishes(bot))
    bot.run(300)
    assert len(wishes(bot)) == asked
    bot.give(events.AccessChanged(at=bot.now, valid=True, why="signed in"))
    assert len(wishes(bot)) == asked + 1
    bot.run(61)
    assert len(wishes(bot)) == asked + 2


@pytest.mark.hazard("S18")
def test_too_little_money_refuses_an_entry_and_what_another_entry_binds_is_gone(bot):
    bot.tick(80_000, SBIN, depth=0)
    bot.tick(80_000, INFY)
    read_funds(bot, 2 * (VALUE * 105 // 100) - 1)
    ask_both(bot)
    assert refusals(bot) == ["MARGIN"]
    assert [order.intent.symbol for order in bot.kernel.state.live_entries] == [SBIN]


@pytest.mark.hazard("S18")
def test_a_restart_enters_nothing_before_the_money_was_read(bot):
    bot.kill()
    bot.start()
    assert bot.kernel.state.funds is None


@pytest.mark.hazard("S20")
def test_a_token_of_another_account_freezes_the_bot_and_rings_once(bot):
    bot.enter()
    for _ in range(3):
        read_funds(bot, account="ZZ9999")
    assert bot.alarms == ["WRONG_ACCOUNT"]
    assert bot.kernel.state.level is SafetyLevel.FREEZE
    assert len(bot.broker.open_exits(SBIN)) == 1
    bot.tick(80_000, INFY)
    bot.signal(Direction.LONG, INFY)
    bot.run(1)
    assert refusals(bot) == ["SAFETY_LEVEL"]


@pytest.mark.hazard("P12")
def test_a_loss_that_a_closing_trade_makes_flattens_though_no_further_price_comes(rehearse):
    bot = rehearse(max_loss=5_500)
    bot.enter()
    bot.enter(Direction.LONG, 80_000, INFY)
    bot.tick(79_500)
    bot.run(20)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    assert sorted(trade.symbol for trade in bot.trades) == [INFY, SBIN]


def test_exit_only_cancels_entries_and_leaves_stops_and_targets_at_work_over_a_restart(bot):
    bot.enter()
    bot.tick(80_000, INFY, depth=0)
    bot.signal(Direction.LONG, INFY)
    bot.run(1)
    bot.give(events.CommandGiven(at=bot.now, command=Command.EXIT_ONLY, why="news", key="k"))
    bot.run(2)
    assert bot.broker.of(bot.tag(Purpose.ENTRY)).status is OrderStatus.CANCELLED
    assert len(bot.broker.open_exits(SBIN)) == 1
    bot.kill()
    bot.start()
    bot.run(2)
    assert bot.kernel.state.level is SafetyLevel.EXIT_ONLY
    assert ask(bot, INFY) == ["SAFETY_LEVEL"]
    bot.tick(80_600)
    bot.run(5)
    assert [trade.exit_reason for trade in bot.trades] == ["target"]


def test_the_soft_limit_leaves_what_is_open_to_its_stop(rehearse):
    bot = rehearse(soft_loss=2_000, max_loss=9_000)
    bot.enter()
    bot.tick(79_790)
    bot.run(5)
    assert bot.alarms == ["SOFT_LOSS_LIMIT"]
    assert bot.kernel.state.level is SafetyLevel.EXIT_ONLY
    assert not bot.trades
    bot.give(events.CommandGiven(at=bot.now, command=Command.RESUME, why="seen", key="k"))
    bot.tick(79_780)
    assert bot.kernel.state.level is SafetyLevel.RUN
    assert bot.alarms == ["SOFT_LOSS_LIMIT"]


@pytest.mark.parametrize("purpose", [Purpose.STOP, Purpose.EXIT])
def test_no_limit_of_the_gate_stands_in_the_way_of_a_stop_or_an_exit(rehearse, purpose):
    bot = rehearse(max_orders_per_minute=1, max_orders_per_second=1, max_turnover=VALUE)
    bot.enter()
    bot.give(events.CommandGiven(at=bot.now, command=Command.FLATTEN, why="test", key="k"))
    bot.run(10)
    assert bot.trades


@pytest.mark.hazard("P12")
def test_a_restart_in_a_drawdown_lowers_neither_the_loss_nor_the_level(rehearse):
    bot = rehearse(max_loss=6_000, soft_loss=3_000)
    bot.enter()
    bot.tick(79_500)
    bot.run(10)
    realised = bot.kernel.state.realised
    assert realised < -5_000
    assert bot.kernel.state.level is SafetyLevel.EXIT_ONLY
    bot.kill()
    bot.start()
    bot.run(5)
    assert (bot.kernel.state.realised, bot.kernel.state.level) == (realised, SafetyLevel.EXIT_ONLY)
    bot.give(events.CommandGiven(at=bot.now, command=Command.RESUME, why="seen", key="k"))
    bot.run(300)
    bot.enter()
    bot.tick(79_900)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN


@pytest.mark.hazard("P12")
@pytest.mark.parametrize(("price", "counts"), [(79_500, True), (80_600, False)])
def test_a_lost_log_costs_no_limit_a_loss_is_counted_again_and_a_profit_is_not(bot, restart_without_log, price, counts):
    bot.enter()
    bot.tick(price)
    bot.run(10)
    known = bot.kernel.state.realised
    new = restart_without_log(bot)
    new.run(10)
    assert new.kernel.state.realised == (known if counts else 0)
    new.kill()
    new.start()
    new.run(10)
    assert new.kernel.state.realised == (known if counts else 0)


@pytest.mark.hazard("P12")
def test_a_lost_log_at_the_loss_limit_flattens_at_once(rehearse, restart_without_log):
    bot = rehearse(max_loss=5_000)
    bot.enter()
    bot.tick(79_400)
    bot.run(20)
    assert bot.kernel.state.level is SafetyLevel.FLATTEN
    new = restart_without_log(bot)
    new.run(10)
    assert new.kernel.state.level is SafetyLevel.FLATTEN
