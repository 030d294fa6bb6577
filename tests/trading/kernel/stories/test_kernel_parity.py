"""Stories traded again as a backtest: nothing differs by itself, and what is injected lands in the bar of its cause."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from backtest.parity.causes import Cause
from backtest.parity.recorded_day import RecordedDay
from core import events
from core.drift import DriftStep
from core.event_codec import encode
from core.fold import apply
from core.instants import MINUTE
from core.market import Candle, Side
from core.signals import Direction, FeatureRow, Needs
from trading.event_log import Row
from trading.replay import starts_of

SBIN, INFY = "NSE:SBIN-EQ", "NSE:INFY-EQ"
PRICE = 80_000


@dataclass
class Closes:
    """The features of the stories: the close, perhaps beside the truth."""

    symbol: str
    error: int = 0

    def update(self, candle: Candle) -> FeatureRow | None:
        values = (float(candle.close + self.error),)
        return FeatureRow(self.symbol, candle, candle.start + 5 * MINUTE, {"close": 0}, values, 200.0)


@dataclass
class Picky:
    """Speaks as another does, and only on a close that it knows."""

    told: object
    closes: tuple[int, ...] = (PRICE,)
    name: str = "picky"
    needs: Needs = field(default_factory=lambda: Needs(features=()))

    def on_data(self, now, before):
        return self.told.on_data(now, before) if now["close"] in self.closes else None


def receipt_of(bot, rows: list[Row] | None = None, revised=None, provider=None, stream_for=Closes, *, on_bars=False):
    """Compare a story with its backtest; the waterfall must sum to the paisa."""
    logged = list(bot.log.rows()) if rows is None else rows
    recorded = RecordedDay.of(logged, starts_of(logged, None))
    recorded.candles.revise(revised or {})
    market = recorded.market_of(None if on_bars else bot.tape.seen())
    receipt = recorded.receipt(market, provider or bot.kernel.engine.provider, stream_for)
    assert receipt.backtest + sum(receipt.amounts.values()) == receipt.live
    assert receipt.live == bot.kernel.state.realised or rows is not None
    for cause in Cause:
        assert sum(pair.amounts.get(cause, 0) for pair in receipt.pairs) == receipt.amounts[cause]
    return receipt


def assert_lands_in(receipt, cause: Cause) -> None:
    """All that differs is one cause's, and it is something."""
    assert {each for each, amount in receipt.amounts.items() if amount} == {cause}
    assert receipt.live - receipt.backtest == receipt.amounts[cause] != 0
    assert bool(receipt.unexplained) is (cause is Cause.UNEXPLAINED)


def altered(bot, kind: type, change) -> list[Row]:
    """Return the log with the events of a kind changed."""
    rows = list(bot.log.rows())
    return [row._replace(body=encode(change(row.event))[1]) if row.kind == kind.__name__ else row for row in rows]


def drifted(bot, step: DriftStep) -> None:
    """Start with a model that the days before have led to a step."""
    bot.kill()
    bot.model, bot.is_meddled = "models/x/0001", True
    bot.run(3)
    bot.start()
    told = events.DriftStepChanged(at=bot.now, step=step, why="inputs: evidence 5,000, limit 4,000")
    bot.log.append([told], bot.tape.position)
    bot.kernel.restore(told)
    apply(bot.shadow, told)
    bot.run_to(10, 5)


def finish(bot) -> None:
    """Reach the target, and end the day."""
    bot.tick(80_700)
    bot.run(15)
    bot.run_to(15, 31)


@pytest.fixture
def entered(bot):
    bot.enter()
    return bot


def test_an_unfaulted_day_is_the_backtest_to_the_paisa(bot):
    bot.enter()
    for price in (80_100, 80_300, 80_600):
        bot.tick(price)
    bot.run(15)
    bot.enter(symbol=INFY, direction=Direction.SHORT)
    bot.tick(80_450, INFY)
    bot.run(15)
    bot.enter(direction=Direction.SHORT)
    bot.run_to(15, 31)
    assert [trade.exit_reason for trade in bot.trades] == ["target", "stop_loss", "square_off"]
    receipt = receipt_of(bot)
    assert not any(receipt.amounts.values())
    assert receipt.backtest == receipt.live != 0
    assert receipt.same == receipt.decisions >= 3
    for pair in receipt.pairs:
        assert (pair.trade.exit_reason, pair.trade.charges) == (pair.live_trade.exit_reason, pair.live_trade.charges)
        assert (pair.trade.stop, pair.trade.target) == (pair.live_trade.stop, pair.live_trade.target)
        assert pair.trade.quantity == pair.live_trade.quantity


def test_a_stop_that_trailed_is_the_backtest_too(rehearse):
    bot = rehearse(trail_atr=1.5)
    bot.enter()
    for price in (80_200, 80_450, 80_500, 80_150):
        bot.tick(price)
        bot.run(5)
    bot.run_to(15, 31)
    assert bot.trades[0].exit_reason == "stop_loss"
    assert bot.trades[0].net > 0
    assert not any(receipt_of(bot).amounts.values())


def test_a_crash_in_a_trade_costs_nothing_by_itself(entered):
    entered.kill()
    entered.run(3)
    entered.start()
    entered.run(10)
    finish(entered)
    assert not any(receipt_of(entered).amounts.values())


def test_an_entry_that_drift_made_smaller_is_as_small_in_the_backtest_until_the_step_is_lifted(bot):
    drifted(bot, DriftStep.SHRINK)
    bot.enter()
    bot.give(events.CommandGiven(at=bot.now, command=events.Command.RESUME, why="understood", key="1"))
    bot.enter(symbol=INFY)
    finish(bot)
    receipt = receipt_of(bot)
    assert not any(receipt.amounts.values())
    assert [pair.trade.quantity for pair in receipt.pairs] == [5, 10]
    assert [pair.live_trade.quantity for pair in receipt.pairs] == [5, 10]


def test_where_drift_ended_all_entries_the_backtest_makes_none(bot):
    drifted(bot, DriftStep.STOP)
    bot.tick(PRICE)
    bot.signal(Direction.LONG)
    bot.run(2)
    finish(bot)
    receipt = receipt_of(bot)
    assert not any(receipt.amounts.values())
    [pair] = receipt.pairs
    assert (pair.word.refused, pair.refused, pair.trade) == ("MODEL_DRIFT", "MODEL_DRIFT", None)


def test_a_candle_that_was_revised_lands_in_data_revision(entered):
    finish(entered)
    [start] = [key for key in entered.wishes if key[0] == SBIN]
    revised = {SBIN: [Candle(start[1], PRICE, PRICE + 5, PRICE, PRICE + 5, 1)]}
    provider = Picky(entered.kernel.engine.provider)
    receipt = receipt_of(entered, revised=revised, provider=provider)
    assert_lands_in(receipt, Cause.DATA_REVISION)
    assert receipt.backtest == 0
    assert not any(receipt_of(entered, provider=provider).amounts.values())


def test_a_decision_that_came_late_lands_in_timing(bot):
    bot.tick(PRICE)
    bot.signal(Direction.LONG)
    bot.run(0.1)
    bot.tick(80_040)
    bot.run(2)
    finish(bot)
    receipt = receipt_of(bot)
    assert_lands_in(receipt, Cause.TIMING)
    assert receipt.amounts[Cause.TIMING] == pytest.approx(-400, abs=5)  # ten shares, 40 paise dearer


def test_a_decision_that_was_never_made_lands_in_timing(bot):
    bot.tick(PRICE)
    missed = bot.now // (5 * MINUTE) * 5 * MINUTE
    bot.wishes[SBIN, missed] = Direction.LONG
    bot.history[SBIN] = [Candle(at, PRICE, PRICE, PRICE, PRICE, 1) for at in (missed - 5 * MINUTE, missed)]
    bot.run_until(missed + 5 * MINUTE)  # and nobody asks for the history of this candle
    bot.tick(PRICE)
    bot.run_until(missed + 10 * MINUTE)
    bot.tick(80_050)
    bot.signal(Direction.NONE, INFY)
    bot.run(2)
    finish(bot)
    receipt = receipt_of(bot)
    assert receipt.live == 0
    assert_lands_in(receipt, Cause.TIMING)
    [pair] = receipt.pairs
    assert pair.word is None


def test_features_of_other_numbers_land_in_features(entered):
    finish(entered)
    provider = Picky(entered.kernel.engine.provider)
    receipt = receipt_of(entered, provider=provider, stream_for=lambda symbol: Closes(symbol, error=1))
    assert_lands_in(receipt, Cause.FEATURES)


def test_another_word_on_the_same_numbers_is_unexplained(entered):
    finish(entered)
    provider = Picky(entered.kernel.engine.provider, closes=())
    assert_lands_in(receipt_of(entered, provider=provider), Cause.UNEXPLAINED)


@pytest.mark.parametrize(
    ("condition", "cause"),
    [(events.Condition.DISK, Cause.GATE), (events.Condition.FEED, Cause.FEED_GAP)],
)
def test_a_refusal_on_one_side_lands_where_its_reason_is(bot, condition, cause):
    bot.give(events.ConditionChanged(at=bot.now, condition=condition, holds=True, why="told"))
    bot.tick(PRICE)
    bot.signal(Direction.LONG)
    bot.run(2)
    finish(bot)
    receipt = receipt_of(bot)
    assert_lands_in(receipt, cause)
    [pair] = [pair for pair in receipt.pairs if pair.trade]
    assert (pair.word.refused, pair.refused) == ("CONDITION", "")


def test_an_operators_halt_lands_in_manual_action(bot):
    bot.give(events.CommandGiven(at=bot.now, command=events.Command.HALT, why="lunch", key="1"))
    bot.tick(PRICE)
    bot.signal(Direction.LONG)
    bot.run(2)
    finish(bot)
    assert_lands_in(receipt_of(bot), Cause.MANUAL_ACTION)


def test_an_entry_that_the_broker_refused_lands_in_gate(bot):
    bot.broker.plans[events.Verb.PLACE].append("reject")
    bot.tick(PRICE)
    bot.signal(Direction.LONG)
    bot.run(2)
    finish(bot)
    receipt = receipt_of(bot)
    assert_lands_in(receipt, Cause.GATE)
    [pair] = receipt.pairs
    assert pair.word.refused == "BROKER_REFUSED"


def test_a_worse_fill_lands_in_fill_price(bot):
    bot.tick(PRICE)
    bot.signal(Direction.LONG)
    bot.run(0.3)
    bot.broker.price(SBIN, 80_050)
    bot.run(2)
    finish(bot)
    receipt = receipt_of(bot)
    assert_lands_in(receipt, Cause.FILL_PRICE)
    assert receipt.amounts[Cause.FILL_PRICE] == pytest.approx(-500, abs=5)


def test_a_worse_price_on_the_way_out_lands_in_fill_price(entered):
    entered.tick(80_700)
    entered.run(0.1)
    entered.broker.price(SBIN, 80_660)
    entered.run(15)
    entered.run_to(15, 31)
    receipt = receipt_of(entered)
    assert_lands_in(receipt, Cause.FILL_PRICE)
    assert receipt.amounts[Cause.FILL_PRICE] == pytest.approx(-400, abs=5)


def enter_dearer_and_stay_longer(bot) -> None:
    """Pay 50 paise more than the market showed, so that the target is above a price which would have been enough."""
    bot.tick(PRICE)
    bot.signal(Direction.LONG)
    bot.run(0.3)
    bot.broker.price(SBIN, 80_050)
    bot.run(2)
    bot.tick(80_620)
    bot.run(15)
    assert bot.position(SBIN).quantity


@pytest.mark.parametrize(("symbol", "code"), [(SBIN, "SYMBOL_BUSY"), (INFY, "MAX_POSITIONS")])
def test_a_refusal_that_a_dearer_entry_brings_about_lands_in_fill_price(rehearse, symbol, code):
    bot = rehearse(max_positions=1)
    bot.tick(PRICE, INFY)
    enter_dearer_and_stay_longer(bot)
    bot.signal(Direction.LONG, symbol)
    bot.run(2)
    bot.tick(80_200, symbol)
    finish(bot)
    receipt = receipt_of(bot)
    assert_lands_in(receipt, Cause.FILL_PRICE)
    assert [(pair.word.refused, pair.refused) for pair in receipt.pairs] == [("", ""), (code, "")]


def test_an_entry_for_which_a_dearer_one_left_room_lands_in_fill_price_with_all_that_follows(rehearse):
    bot = rehearse(max_positions=1)
    bot.tick(PRICE, INFY)
    enter_dearer_and_stay_longer(bot)
    bot.signal(Direction.LONG, INFY)
    bot.run(2)
    bot.tick(80_700)
    bot.run(15)
    bot.enter(Direction.SHORT)
    bot.tick(79_900)
    bot.run_to(15, 31)
    receipt = receipt_of(bot)
    assert_lands_in(receipt, Cause.FILL_PRICE)
    assert [(pair.word.refused, pair.refused) for pair in receipt.pairs][1:] == [
        ("MAX_POSITIONS", ""),
        ("", "MAX_POSITIONS"),
    ]


def test_a_refusal_that_a_slow_way_out_brings_about_lands_in_timing(entered):
    entered.run_until(entered.now // (5 * MINUTE) * 5 * MINUTE + 5 * MINUTE)
    entered.tick(80_700)
    entered.signal(Direction.SHORT)
    entered.run(60)
    entered.run_to(15, 31)
    receipt = receipt_of(entered)
    assert receipt.pairs[1].word.refused == "SYMBOL_BUSY"
    assert_lands_in(receipt, Cause.TIMING)


@pytest.mark.parametrize("depth", [5, 0])
def test_an_entry_that_filled_in_part_or_not_at_all_lands_in_partial_fill(bot, depth):
    bot.tick(PRICE, depth=depth)
    bot.signal(Direction.LONG)
    bot.run(25)
    finish(bot)
    receipt = receipt_of(bot)
    assert_lands_in(receipt, Cause.PARTIAL_FILL)
    [pair] = receipt.pairs
    assert pair.trade.quantity == 10
    assert (pair.live_trade.quantity if pair.live_trade else 0) == depth


def test_another_bill_lands_in_charges(entered):
    finish(entered)

    def dearer(event: events.TradeClosed) -> events.TradeClosed:
        return replace(event, trade=replace(event.trade, charges=event.trade.charges + 123))

    receipt = receipt_of(entered, rows=altered(entered, events.TradeClosed, dearer))
    assert_lands_in(receipt, Cause.CHARGES)
    assert receipt.amounts[Cause.CHARGES] == -123


def test_a_hand_that_closed_it_lands_in_manual_action(entered):
    entered.tick(80_200)
    entered.broker.by_hand(SBIN, Side.SELL, 10)
    entered.run(120)
    finish(entered)
    assert entered.trades[0].exit_value == 10 * 80_200
    assert_lands_in(receipt_of(entered), Cause.MANUAL_ACTION)


def test_a_flatten_by_an_operator_lands_in_manual_action(entered):
    entered.tick(80_200)
    entered.give(events.CommandGiven(at=entered.now, command=events.Command.FLATTEN, why="told", key="1"))
    entered.run(120)
    finish(entered)
    assert entered.trades[0].exit_reason == "force_exit"
    assert_lands_in(receipt_of(entered), Cause.MANUAL_ACTION)


@pytest.mark.parametrize(("is_doubted", "cause"), [(True, Cause.FEED_GAP), (False, Cause.UNEXPLAINED)])
def test_a_stop_that_no_price_shows_lands_in_feed_gap_or_is_unexplained(entered, is_doubted, cause):
    if is_doubted:
        entered.give(
            events.ConditionChanged(at=entered.now, condition=events.Condition.FEED, holds=True, why="no prices")
        )
    entered.broker.price(SBIN, 79_500)
    entered.run(30)
    finish(entered)
    assert entered.trades[0].exit_reason == "stop_loss"
    assert_lands_in(receipt_of(entered), cause)


def test_a_day_without_a_tape_is_traded_on_its_bars(entered):
    first = entered.day.open + 9 * 5 * MINUTE
    assert [start for symbol, start in entered.wishes if symbol == SBIN] == [first - 5 * MINUTE]
    bar = Candle(first, PRICE, 80_700, PRICE - 50, 80_650, 1)
    finish(entered)
    recorded = {symbol: [replace(bar, start=first)] for symbol in (SBIN,)}
    receipt = receipt_of(entered, revised=recorded, on_bars=True)
    [pair] = receipt.pairs
    assert (pair.trade.entry_value, pair.trade.exit_value, pair.trade.exit_reason) == (800_000, 806_000, "target")
    assert pair.live_trade.exit_value == 807_000
    assert_lands_in(receipt, Cause.FILL_PRICE)


def test_two_causes_in_one_trade_are_told_apart(bot):
    bot.tick(PRICE)
    bot.signal(Direction.LONG)
    bot.run(0.1)
    bot.tick(80_040, depth=4)
    bot.run(0.2)
    bot.broker.price(SBIN, 80_100, 4)
    bot.run(25)
    finish(bot)
    amounts = {cause: amount for cause, amount in receipt_of(bot).amounts.items() if amount}
    assert amounts.keys() == {Cause.TIMING, Cause.FILL_PRICE, Cause.PARTIAL_FILL}


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_the_waterfall_sums_to_the_paisa(bot, seed):
    chance = np.random.default_rng(seed)
    prices = {SBIN: PRICE, INFY: PRICE}
    for _ in range(30):
        for symbol in (SBIN, INFY):
            prices[symbol] += 5 * int(chance.integers(-40, 41))
            bot.tick(prices[symbol], symbol, depth=[None, None, None, 4][chance.integers(4)])
            bot.run(float(chance.integers(1, 40)))
        symbol = [SBIN, INFY][chance.integers(2)]
        match chance.integers(8):
            case 0:
                bot.broker.plans[events.Verb.PLACE].append("reject")
            case 1 if symbol in bot.kernel.state.positions:
                position = bot.position(symbol)
                bot.broker.by_hand(symbol, position.side.opposite, position.quantity)
            case 2:
                holds = events.Condition.FEED not in bot.kernel.state.conditions
                bot.give(
                    events.ConditionChanged(at=bot.now, condition=events.Condition.FEED, holds=holds, why="by chance")
                )
            case _:
                bot.signal([Direction.LONG, Direction.SHORT][chance.integers(2)], symbol)
                bot.run(0.1)
                bot.tick(prices[symbol] + 10, symbol)
    bot.run_to(15, 31)
    receipt = receipt_of(bot)
    assert len([amount for amount in receipt.amounts.values() if amount]) >= 3
