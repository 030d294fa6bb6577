"""Each sentence of docs/backtest-assumptions.md on bars made by hand, with the arithmetic beside it.

Unless said: ten shares, a stop of 100 and a target of 200 paise around the entry, a limit 0.2 % beyond the close,
no costs. The session is 09:15 to 10:15 in bars of 5 minutes: entries until 09:55 (row 8), square-off at 10:05 (row 10).
"""

from dataclasses import replace
from datetime import date, time

import pytest

from backtest.assumptions import EntryFill, FillAssumptions, Mode
from core.charges import ChargeRates
from core.errors import ConfigurationError
from core.instants import MINUTE, instant_at
from core.market import Instrument, Side
from core.orders import Product
from core.segments import Segment
from core.signals import Direction
from runtime.charge_rates import ChargeTable

from .conftest import EXACT, MONDAY, NO_CHARGES, bars_at, bars_of, rules, traded

LONG, SHORT = Direction.LONG, Direction.SHORT
FLAT = (10_000, 10_010, 9_990, 10_000)
"""A bar that hits nothing around 10,000."""
DAY = (FLAT,) * 12
UP = (10_200, 10_210, 10_190, 10_200)
DOWN = (9_900, 9_910, 9_890, 9_900)
POSITIONAL = {"mode": Mode.POSITIONAL}


def start(row: int, day: date = MONDAY) -> int:
    return instant_at(day, time(9, 15)) + row * 5 * MINUTE


def day_with(**bars) -> tuple:
    """A session of flat bars but for those given as `row_3=(open, high, low, close)`."""
    session = list(DAY)
    for name, each in bars.items():
        session[int(name.removeprefix("row_"))] = each
    return tuple(session)


class TestEntries:
    def test_an_entry_meets_the_bar_after_its_signal_and_fills_at_the_open(self):
        [trade] = traded(bars_of([day_with(row_3=(10_005, 10_010, 9_990, 10_000))]), {2: LONG}).trades

        assert (trade.entry_at, trade.entry_value, trade.quantity) == (start(3), 10 * 10_005, 10)
        assert (trade.stop, trade.target, trade.probability) == (10_005 - 100, 10_005 + 200, 0.75)

    def test_it_lapses_at_a_hole_in_the_session(self):
        starts = [start(row) for row in (0, 1, 2, 4, 5)]
        bars = bars_at(starts, [(*FLAT, 1_000)] * 5, Instrument(symbol="NSE:SBIN-EQ", token="1", tick=5))
        result = traded(bars, {2: LONG})

        assert result.trades == ()
        assert result.refusals == {"NOT_FILLED": 1}

    def test_over_night_it_waits_in_positional_mode_only(self):
        bars = bars_of([DAY, DAY])

        assert traded(bars, {11: LONG}).refusals == {"SESSION_CLOSED": 1}
        [trade] = traded(bars, {11: LONG}, **POSITIONAL).trades
        assert trade.entry_at == start(0, date(2024, 1, 2))

    def test_at_the_end_of_the_data_it_lapses(self):
        assert traded(bars_of([DAY[:4]]), {3: LONG}).refusals == {"NOT_FILLED": 1}
        assert traded(bars_of([DAY]), {11: LONG}, **POSITIONAL).refusals == {"NOT_FILLED": 1}

    def test_a_limit_lies_the_buffer_beyond_the_close_and_fills_inside_the_bar_if_that_comes_to_it(self):
        # the limit is 10,000 * 1.002 = 10,020
        bars = bars_of([day_with(row_3=(10_050, 10_060, 10_015, 10_020))])
        [trade] = traded(bars, {2: LONG}).trades

        assert (trade.entry_value, trade.entry_at) == (10 * 10_020, start(4))  # known by the bar's close

    def test_beyond_the_limit_it_lapses(self):
        bars = bars_of([day_with(row_3=(10_050, 10_060, 10_025, 10_030))])

        assert traded(bars, {2: LONG}).refusals == {"NOT_FILLED": 1}

    def test_a_short_has_its_limit_below(self):
        # 10,000 * 0.998 = 9,980
        bars = bars_of([day_with(row_3=(9_950, 9_985, 9_940, 9_960))])
        [trade] = traded(bars, {2: SHORT}).trades

        assert (trade.side, trade.entry_value) == (Side.SELL, 10 * 9_980)

    def test_an_entry_at_the_open_takes_any_open(self):
        bars = bars_of([day_with(row_3=(10_050, 10_060, 10_025, 10_030))])
        [trade] = traded(bars, {2: LONG}, fills=replace(EXACT, entry=EntryFill.OPEN)).trades

        assert trade.entry_value == 10 * 10_050

    def test_the_bar_it_filled_in_may_hit_the_stop_and_the_target(self):
        lost = traded(bars_of([day_with(row_3=(10_000, 10_300, 9_890, 10_000))]), {2: LONG}).trades[0]
        won = traded(bars_of([day_with(row_3=(10_000, 10_300, 9_910, 10_000))]), {2: LONG}).trades[0]

        assert (lost.exit_reason, lost.exit_value, lost.exit_at) == ("stop_loss", 10 * 9_900, start(4))
        assert (won.exit_reason, won.exit_value) == ("target", 10 * 10_200)

    def test_filled_inside_a_bar_it_sees_the_stop_of_that_bar_but_not_the_target(self):
        opens_above = {"row_3": (10_300, 10_300, 10_010, 10_020)}  # fills at 10,020, target 10,220, stop 9,920
        [later] = traded(bars_of([day_with(**opens_above)]), {2: LONG}).trades
        [stopped] = traded(bars_of([day_with(row_3=(10_300, 10_300, 9_910, 9_920))]), {2: LONG}).trades

        assert later.exit_reason == "square_off"
        assert (stopped.exit_reason, stopped.exit_value, stopped.exit_at) == ("stop_loss", 10 * 9_920, start(4))

    def test_nothing_fills_from_the_last_moment_for_entries_on(self):
        bars = bars_of([DAY])

        assert traded(bars, {6: LONG}).trades[0].entry_at == start(7)
        assert traded(bars, {7: LONG}).refusals == {"ENTRIES_CLOSED": 1}  # its candle closes at that moment


class TestExits:
    def test_a_gap_beyond_the_stop_fills_at_the_open(self):
        [trade] = traded(bars_of([day_with(row_4=(9_850, 9_870, 9_800, 9_850))]), {2: LONG}).trades

        assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("stop_loss", 10 * 9_850, start(4))

    def test_a_gap_beyond_the_target_fills_at_the_open(self):
        [trade] = traded(bars_of([day_with(row_4=(10_250, 10_260, 10_240, 10_250))]), {2: LONG}).trades

        assert (trade.exit_reason, trade.exit_value) == ("target", 10 * 10_250)

    def test_inside_a_bar_the_stop_comes_before_the_target(self):
        [trade] = traded(bars_of([day_with(row_4=(10_000, 10_300, 9_800, 10_000))]), {2: LONG}).trades

        assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("stop_loss", 10 * 9_900, start(5))

    def test_a_target_fills_at_its_price(self):
        [trade] = traded(bars_of([day_with(row_4=(10_000, 10_300, 9_990, 10_000))]), {2: LONG}).trades

        assert (trade.exit_reason, trade.exit_value) == ("target", 10 * 10_200)

    def test_a_short_is_the_mirror_of_a_long(self):
        [trade] = traded(bars_of([day_with(row_4=(10_000, 10_110, 9_990, 10_000))]), {2: SHORT}).trades

        assert (trade.exit_reason, trade.exit_value, trade.net) == ("stop_loss", 10 * 10_100, -1_000)

    def test_the_square_off_closes_at_the_open_of_its_bar(self):
        [trade] = traded(bars_of([day_with(row_10=(10_020, 10_030, 10_010, 10_020))]), {2: LONG}).trades

        assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("square_off", 10 * 10_020, start(10))

    def test_where_a_session_ends_before_it_the_last_close_counts(self):
        [trade] = traded(bars_of([DAY[:5], DAY]), {2: LONG}).trades

        assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("square_off", 10 * 10_000, start(5))

    def test_positional_shares_are_held_over_night_until_a_level_is_hit(self):
        bars = bars_of([DAY, day_with(row_1=(10_000, 10_205, 9_990, 10_200))])
        [trade] = traded(bars, {2: LONG}, **POSITIONAL).trades

        assert (trade.exit_reason, trade.exit_at) == ("target", start(2, date(2024, 1, 2)))

    def test_positional_is_long_only(self):
        assert traded(bars_of([DAY]), {2: SHORT}, **POSITIONAL).refusals == {"SHORT_DELIVERY": 1}

    def test_what_is_open_at_the_end_of_the_data_is_closed_at_the_last_close(self):
        [trade] = traded(bars_of([DAY, (*DAY[:-1], (*UP[:3], 10_195))]), {2: LONG}, target_atr=5.0, **POSITIONAL).trades

        assert (trade.exit_reason, trade.exit_value) == ("end_of_data", 10 * 10_195)
        assert trade.exit_at == instant_at(date(2024, 1, 2), time(10, 15))

    def test_a_trailing_stop_moves_when_a_bar_is_over(self):
        # Row 4 reaches 10,080: a stop 50 below it stands on steps of 25 (a quarter of the risk) from 9,900: 10,025.
        rising = day_with(row_4=(10_000, 10_080, 9_990, 10_070), row_5=(10_070, 10_075, 10_010, 10_020))
        [trade] = traded(bars_of([rising]), {2: LONG}, trail_atr=0.5).trades

        assert (trade.exit_reason, trade.exit_value, trade.exit_at) == ("stop_loss", 10 * 10_025, start(6))
        assert trade.stop == 9_900  # the one it began with

    def test_no_stop_trails_in_the_bar_that_an_entry_filled_inside(self):
        # It fills at 10,020 under a high of 10,400; the next bars would hit any stop that had followed that.
        bars = bars_of([day_with(row_3=(10_400, 10_400, 10_010, 10_020))])
        [trade] = traded(bars, {2: LONG}, trail_atr=1.0).trades

        assert trade.exit_reason == "square_off"

    def test_a_loss_of_the_day_at_a_close_closes_everything_at_the_next_opens(self):
        # Ten shares lose 60 paise each at the close of row 3: 600, and the limit is 500.
        falling = day_with(row_3=(10_000, 10_005, 9_935, 9_940), row_4=(9_945, 9_950, 9_930, 9_940))
        result = traded(bars_of([falling, DAY]), {2: LONG, 5: LONG, 14: LONG}, max_loss=500, soft_loss=400)
        first, second = result.trades

        assert (first.exit_reason, first.exit_value, first.exit_at) == ("force_exit", 10 * 9_945, start(4))
        assert result.refusals == {"SAFETY_LEVEL": 1}
        assert second.entry_at == start(3, date(2024, 1, 2))  # the next day begins anew

    def test_a_soft_loss_only_ends_the_entries_of_the_day(self):
        falling = day_with(row_3=(10_000, 10_005, 9_935, 9_940))
        other = bars_of([DAY], symbol="NSE:INFY-EQ")
        result = traded(
            [bars_of([falling]), other],
            {"NSE:SBIN-EQ": {2: LONG}, "NSE:INFY-EQ": {4: LONG}},
            max_loss=5_000,
            soft_loss=400,
        )

        assert [trade.exit_reason for trade in result.trades] == ["square_off"]
        assert result.refusals == {"SAFETY_LEVEL": 1}

    def test_a_split_in_the_data_closes_at_the_close_before_it_and_is_named(self):
        halved = tuple(tuple(price // 2 for price in bar) for bar in DAY)
        result = traded(bars_of([DAY, halved]), {2: LONG}, **POSITIONAL)
        [trade] = result.trades

        assert (trade.exit_reason, trade.exit_value) == ("corporate_action", 10 * 10_000)
        assert trade.exit_at == instant_at(MONDAY, time(10, 15))
        assert result.corporate_actions == (("NSE:SBIN-EQ", start(0, date(2024, 1, 2))),)

    def test_an_entry_that_waits_over_a_split_lapses(self):
        halved = tuple(tuple(price // 2 for price in bar) for bar in DAY)
        result = traded(bars_of([DAY, halved]), {11: LONG}, **POSITIONAL)

        assert (result.trades, result.refusals) == ((), {"NOT_FILLED": 1})


class TestPrices:
    def test_every_fill_at_the_market_is_worse_by_the_cost(self):
        # spread 3: two ticks of 5; slippage 1 tick; 0.05 % of 10,000: 5, one tick more: 20 in all.
        fills = FillAssumptions(
            entry=EntryFill.OPEN, spread_ticks=3, slippage_ticks=1, slippage_share=0.0005, volume_share=0
        )
        [trade] = traded(bars_of([DAY]), {2: LONG}, fills=fills).trades

        assert (trade.entry_value, trade.exit_value) == (10 * 10_020, 10 * 9_980)

    def test_a_buy_inside_its_limit_never_pays_more_than_the_limit(self):
        # open 10,015 and a cost of 10 make 10,025; the limit is 10,020.
        bars = bars_of([day_with(row_3=(10_015, 10_015, 9_990, 10_000))])
        [trade] = traded(bars, {2: LONG}, fills=FillAssumptions(spread_ticks=4, volume_share=0)).trades

        assert trade.entry_value == 10 * 10_020

    def test_an_entry_at_its_own_limit_costs_nothing(self):
        bars = bars_of([day_with(row_3=(10_050, 10_060, 10_015, 10_020))])
        [trade] = traded(bars, {2: LONG}, fills=FillAssumptions(volume_share=0)).trades

        assert trade.entry_value == 10 * 10_020

    def test_stop_and_target_cost_too(self):
        # Entered at 10,005: stop 9,905, target 10,205; a tick less each.
        fills = FillAssumptions(volume_share=0)
        [lost] = traded(bars_of([day_with(row_4=(10_000, 10_010, 9_800, 10_000))]), {2: LONG}, fills=fills).trades
        [won] = traded(bars_of([day_with(row_4=(10_000, 10_300, 9_990, 10_000))]), {2: LONG}, fills=fills).trades

        assert (lost.exit_value, won.exit_value) == (10 * 9_900, 10 * 10_200)

    def test_a_fill_costs_one_tick_unless_told_otherwise(self):
        [trade] = traded(bars_of([DAY]), {2: LONG}, fills=FillAssumptions()).trades

        assert (trade.entry_value, trade.exit_value) == (10 * 10_005, 10 * 9_995)

    @pytest.mark.parametrize(
        "wrong", [{"spread_ticks": -1}, {"slippage_ticks": -1}, {"slippage_share": 0.1}, {"volume_share": 1.1}]
    )
    def test_a_model_that_makes_no_sense_is_refused(self, wrong: dict[str, float]):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            FillAssumptions(**wrong)


class TestVolumeAndLockedBars:
    SHARE = replace(EXACT, volume_share=0.1)

    def test_the_rest_of_an_entry_lapses(self):
        [trade] = traded(bars_of([day_with(row_3=(*FLAT, 49))]), {2: LONG}, fills=self.SHARE).trades

        assert trade.quantity == 4

    def test_an_entry_that_finds_no_lot_lapses(self):
        result = traded(bars_of([day_with(row_3=(*FLAT, 9))]), {2: LONG}, fills=self.SHARE)

        assert (result.trades, result.refusals) == ((), {"NOT_FILLED": 1})

    def test_fills_are_whole_lots(self):
        [trade] = traded(bars_of([day_with(row_3=(*FLAT, 99))], lot=5), {2: LONG}, fills=self.SHARE).trades

        assert trade.quantity == 5

    def test_the_rest_of_an_exit_leaves_at_the_next_open_for_the_same_reason(self):
        # Six of ten go at the stop of 9,900, four at the next open of 9,950.
        bars = day_with(row_4=(10_000, 10_010, 9_890, 9_950, 60), row_5=(9_950, 9_960, 9_940, 9_950))
        [trade] = traded(bars_of([bars]), {2: LONG}, fills=self.SHARE).trades

        assert trade.exit_value == 6 * 9_900 + 4 * 9_950
        assert (trade.exit_reason, trade.exit_at, trade.quantity) == ("stop_loss", start(5), 10)

    def test_the_last_bar_of_a_session_takes_all(self):
        thin = day_with(row_10=(*FLAT, 20), row_11=(9_980, 9_990, 9_970, 9_980, 0))
        [trade] = traded(bars_of([thin]), {2: LONG}, fills=self.SHARE).trades

        assert trade.exit_value == 2 * 10_000 + 8 * 9_980
        assert trade.exit_reason == "square_off"

    def test_a_share_of_nothing_means_no_limit(self):
        empty = tuple((*bar, 0) for bar in DAY)

        assert len(traded(bars_of([empty]), {2: LONG}).trades) == 1

    def test_nothing_is_bought_in_a_bar_that_is_locked_above(self):
        # 5 % above the close before is 10,500, and the entry at any open would have been at that.
        locked = (10_500,) * 4
        result = traded(
            bars_of([DAY, (FLAT, FLAT, FLAT, locked, *DAY[4:])]), {14: LONG}, fills=replace(EXACT, entry=EntryFill.OPEN)
        )

        assert (result.trades, result.refusals) == ((), {"NOT_FILLED": 1})

    def test_an_exit_waits_for_the_bar_after_a_locked_one(self):
        # A long stopped in a bar locked at 9,500, 5 % below, leaves at the next open.
        second = (FLAT, FLAT, FLAT, FLAT, (9_500,) * 4, (9_550, 9_560, 9_540, 9_550), *DAY[6:])
        [trade] = traded(bars_of([DAY, second]), {14: LONG}).trades

        assert (trade.exit_reason, trade.exit_value) == ("stop_loss", 10 * 9_550)
        assert trade.exit_at == start(5, date(2024, 1, 2))


class TestMoney:
    def test_sizing_counts_with_the_capital_and_not_with_gains(self):
        sizing = replace(rules().sizing, quantity=1_000_000)
        # Capital buys 1,000,000 / 10,020 = 99 shares, before and after a gain of 200 on each.
        days = [day_with(row_4=(10_000, 10_300, 9_990, 10_000))] * 2
        result = traded(bars_of(days), {2: LONG, 14: LONG}, sizing=sizing, capital=1_000_000)

        assert [trade.quantity for trade in result.trades] == [99, 99]

    def test_free_is_what_positions_and_waiting_entries_leave(self):
        # Each order is worth 10 * 10,020 = 100,200; two of them need 200,400 * 1.0.
        symbols = [bars_of([DAY], symbol=f"NSE:{name}-EQ") for name in "AB"]
        signals = {"NSE:A-EQ": {2: LONG}, "NSE:B-EQ": {2: LONG}}

        assert traded(symbols, signals, capital=200_400).refusals == {}
        assert traded(symbols, signals, capital=200_399).refusals == {"MARGIN": 1}
        assert traded(symbols, signals, capital=100_200, margin=0.5).refusals == {}

    def test_what_was_realised_counts(self):
        # A loss of 1,000 leaves 99,400 of 100,400, and the next order needs 100,200.
        lost = day_with(row_3=(10_000, 10_010, 9_890, 10_000))
        result = traded(bars_of([lost]), {2: LONG, 5: LONG}, capital=100_400)

        assert result.refusals == {"MARGIN": 1}

    def test_each_order_is_charged_by_the_card_of_its_date(self):
        def card(crore: int) -> ChargeRates:
            return replace(NO_CHARGES, exchange=crore)

        cards = ((date(2024, 1, 1), card(10_000)), (date(2024, 1, 2), card(20_000)))
        table = ChargeTable({(Segment.EQUITY, product): cards for product in Product}, "tests")
        # 10 * 10,000 paise at 10,000 and at 20,000 per crore: 100 and 200 paise.
        [same] = traded(bars_of([DAY, DAY]), {2: LONG}, charges=table).trades
        result = traded(bars_of([DAY, DAY]), {2: LONG}, charges=table, **POSITIONAL)

        assert same.charges == 200
        assert [trade.charges for trade in result.trades] == [300]
        assert result.charges.exchange == 300

    def test_several_fills_of_one_exit_are_one_order(self):
        flat_fee = ChargeTable(
            {
                (Segment.EQUITY, each): ((date(2024, 1, 1), replace(NO_CHARGES, brokerage_flat=2_000)),)
                for each in Product
            },
            "tests",
        )
        bars = day_with(row_4=(10_000, 10_010, 9_890, 9_950, 60))
        [trade] = traded(bars_of([bars]), {2: LONG}, charges=flat_fee, fills=replace(EXACT, volume_share=0.1)).trades

        assert trade.charges == 4_000

    def test_shares_sold_on_a_later_day_bear_the_depositorys_charge(self):
        depository = ChargeTable(
            {(Segment.EQUITY, each): ((date(2024, 1, 1), replace(NO_CHARGES, dp_charge=1_250)),) for each in Product},
            "tests",
        )
        over_night = traded(bars_of([DAY, DAY]), {2: LONG}, charges=depository, **POSITIONAL)
        same_day = traded(bars_of([DAY]), {2: LONG}, charges=depository, **POSITIONAL)

        assert (over_night.trades[0].charges, over_night.charges.dp) == (1_250, 1_250)
        assert same_day.trades[0].charges == 0

    def test_the_curve_has_a_point_a_step_with_charges_as_they_come_up(self):
        fee = ChargeTable(
            {
                (Segment.EQUITY, each): ((date(2024, 1, 1), replace(NO_CHARGES, brokerage_flat=100)),)
                for each in Product
            },
            "tests",
        )
        bars = bars_of([(FLAT, FLAT, (10_000, 10_060, 9_990, 10_050), (10_040, 10_050, 10_030, 10_040))])
        curve = traded(bars, {1: LONG}, charges=fee, capital=1_000_000).curve

        # Bought at 10,000; marked to 10,050 in row 2; sold at the close of 10,040, the session's last.
        assert curve.equity.tolist() == [1_000_000, 1_000_000, 1_000_000 + 500 - 100, 1_000_000 + 400 - 200]
        assert curve.exposure.tolist() == [0, 0, 100_500, 0]
        assert curve.at.tolist() == [start(row) for row in (1, 2, 3, 4)]


class TestTheGate:
    def test_it_counts_entries_and_stops_as_orders_of_the_day(self):
        # One trade makes two orders, so that the third signal is the one too many; the next day begins anew.
        hit = (10_000, 10_300, 9_990, 10_000)
        days = [day_with(row_2=hit, row_4=hit), DAY]
        result = traded(bars_of(days), {1: LONG, 3: LONG, 5: LONG, 13: LONG}, max_orders_per_day=3)

        assert len(result.trades) == 3
        assert result.refusals == {"MAX_ORDERS": 1}

    def test_it_counts_positions_and_entries_that_wait(self):
        symbols = [bars_of([DAY], symbol=f"NSE:{name}-EQ") for name in "ABC"]
        result = traded(symbols, {f"NSE:{name}-EQ": {2: LONG} for name in "ABC"}, max_positions=2)

        assert len(result.trades) == 2
        assert result.refusals == {"MAX_POSITIONS": 1}

    def test_a_symbol_is_busy_while_it_holds_or_waits(self):
        assert traded(bars_of([DAY]), {2: LONG, 4: LONG}).refusals == {"SYMBOL_BUSY": 1}

    @pytest.mark.parametrize(
        ("limit", "code"),
        [
            ({"max_order_value": 100_199}, "ORDER_VALUE"),
            ({"max_symbol_value": 100_199}, "SYMBOL_EXPOSURE"),
            ({"max_exposure": 100_199}, "TOTAL_EXPOSURE"),
            ({"max_open_value": 100_199}, "OPEN_ORDERS"),
            ({"max_turnover": 100_199}, "TURNOVER"),
        ],
    )
    def test_each_limit_of_value_refuses_as_live(self, limit: dict[str, int], code: str):
        assert traded(bars_of([DAY]), {2: LONG}, **limit).refusals == {code: 1}

    def test_stops_of_positions_are_open_orders(self):
        # The stop of the first, 9,900, rests with a limit of 9,850: 98,500, and the second entry is worth 100,200.
        symbols = [bars_of([DAY], symbol=f"NSE:{name}-EQ") for name in "AB"]
        signals = {"NSE:A-EQ": {2: LONG}, "NSE:B-EQ": {4: LONG}}

        assert traded(symbols, signals, max_open_value=98_500 + 100_200).refusals == {}
        assert traded(symbols, signals, max_open_value=98_500 + 100_199).refusals == {"OPEN_ORDERS": 1}

    def test_an_index_is_not_traded(self):
        assert traded(bars_of([DAY], symbol="NSE:NIFTY50-INDEX"), {"NSE:NIFTY50-INDEX": {2: LONG}}).refusals == {
            "NOT_TRADABLE": 1
        }

    def test_what_not_one_lot_fits_for_is_counted(self):
        assert traded(bars_of([DAY]), {2: LONG}, capital=5_000).refusals == {"TOO_SMALL": 1}


def test_symbols_meet_their_bars_and_are_asked_in_the_order_given():
    symbols = {name: bars_of([DAY], symbol=f"NSE:{name}-EQ") for name in "AB"}
    signals = {f"NSE:{name}-EQ": {2: LONG} for name in "AB"}

    forwards = traded([symbols["A"], symbols["B"]], signals, max_positions=1)
    backwards = traded([symbols["B"], symbols["A"]], signals, max_positions=1)
    assert [trade.symbol for trade in forwards.trades] == ["NSE:A-EQ"]
    assert [trade.symbol for trade in backwards.trades] == ["NSE:B-EQ"]


SIGNALS_OF_TWO = {"NSE:A-EQ": {2: LONG}, "NSE:B-EQ": {2: LONG, 3: LONG}}
"""Both in the step of row 2, B once more in the one after it."""


@pytest.mark.parametrize("rows", [(0, 1, 2, 3, 4), (0, 1, 2, 4, 5), (0, 1, 2)], ids=["a bar", "a hole", "the end"])
def test_nobody_knows_before_its_time_whether_an_entry_will_meet_a_bar(rows: tuple[int, ...]):
    # A comes first and takes the only place, so B is refused at that close whatever A's next candle turns out to be.
    at = [start(row) for row in rows]
    first = bars_at(at, [(*FLAT, 1_000)] * len(at), Instrument(symbol="NSE:A-EQ", token="2", tick=5))
    result = traded([first, bars_of([DAY], symbol="NSE:B-EQ")], SIGNALS_OF_TWO, max_positions=1)

    if 3 in rows:
        assert [(trade.symbol, trade.entry_at) for trade in result.trades] == [("NSE:A-EQ", start(3))]
        assert result.refusals == {"MAX_POSITIONS": 2}
    else:
        assert [(trade.symbol, trade.entry_at) for trade in result.trades] == [("NSE:B-EQ", start(4))]
        assert result.refusals == {"MAX_POSITIONS": 1, "NOT_FILLED": 1}


def test_an_entry_for_delivery_waits_through_one_session_without_a_bar_and_no_longer():
    # A's last candle is that of row 2 on Monday; it takes the only place until Tuesday is over.
    first = bars_of([DAY[:3]], symbol="NSE:A-EQ")
    other = bars_of([DAY, DAY, DAY], symbol="NSE:B-EQ")
    signals = {"NSE:A-EQ": {2: LONG}, "NSE:B-EQ": {2: LONG, 23: LONG, 24: LONG}}
    result = traded([first, other], signals, max_positions=1, **POSITIONAL)

    assert [(trade.symbol, trade.entry_at) for trade in result.trades] == [("NSE:B-EQ", start(1, date(2024, 1, 3)))]
    assert result.refusals == {"MAX_POSITIONS": 2, "NOT_FILLED": 1}


def test_an_entry_that_still_waits_when_the_loss_is_seen_lapses():
    # B signals at the first day's last bar and waits for its own next one, which a hole puts after A's loss.
    falling = ((10_000, 10_005, 9_935, 9_940), *DAY[1:])
    first = bars_of([DAY, falling], symbol="NSE:A-EQ")
    starts = [*(start(row) for row in range(12)), *(start(row, date(2024, 1, 2)) for row in range(3, 12))]
    other = bars_at(starts, [(*FLAT, 1_000)] * 21, Instrument(symbol="NSE:B-EQ", token="2", tick=5))
    result = traded(
        [first, other], {"NSE:A-EQ": {2: LONG}, "NSE:B-EQ": {11: LONG}}, max_loss=10_000, soft_loss=500, **POSITIONAL
    )

    assert [trade.symbol for trade in result.trades] == ["NSE:A-EQ"]
    assert result.refusals == {"NOT_FILLED": 1}
