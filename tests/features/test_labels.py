from dataclasses import replace
from datetime import date, time
from functools import partial

import numpy as np
import pytest

from core.errors import DataError
from core.instants import MINUTE, instant_at
from core.market import Candle, Timeframe
from core.sessions import TradingDay
from features.columns import CandleColumns
from features.labels import LabelRule, label

DAY = date(2024, 1, 2)
FREE = LabelRule(
    stop_atr=2.0,
    target_atr=3.0,
    tick=5,
    spread=0,
    shares=lambda side, close, atr: 1_000_000 // close,
    cost=lambda bought, sold: 0,
)


def day_of(closes, first=time(9, 15), day=DAY, reach=0):
    """Five-minute candles that open at the close before; `reach` widens them."""
    start = instant_at(day, first)
    rows = []
    for row, close in enumerate(closes):
        open_ = closes[max(0, row - 1)]
        top, bottom = max(open_, close) + reach, min(open_, close) - reach
        rows.append(Candle(start + row * 5 * MINUTE, open_, top, bottom, close, 100))
    return rows


def labels_of(candles, calendar, rule=FREE, atr=50.0):
    columns = CandleColumns.of(candles)
    return label(columns, np.full(len(columns), atr), Timeframe.M5, calendar, rule)


def test_a_rise_to_the_target_is_long_and_known_at_the_candle_that_reaches_it(every_day):
    labels = labels_of(day_of([10_000, 10_000, 10_050, 10_100, 10_150, 10_200]), every_day)

    assert labels.directions[0] == 1
    assert labels.long_resolved[0] == 4
    assert labels.long_net[0] == 100 * 150
    assert labels.short_net[0] == -100 * 100
    assert labels.short_resolved[0] == 3
    assert labels.resolved[0] == 4


def test_a_fall_is_short(every_day):
    labels = labels_of(day_of([10_000, 10_000, 9_950, 9_900, 9_850, 9_800]), every_day)

    assert labels.directions[0] == 2
    assert labels.short_net[0] == 100 * 150


def test_a_candle_that_holds_both_levels_counts_as_the_stop_for_either_side(every_day):
    labels = labels_of([*day_of([10_000, 10_000]), *day_of([10_000, 10_000], time(9, 25), reach=200)], every_day)

    assert labels.known[0]
    assert (labels.long_net[0], labels.short_net[0]) == (-10_000, -10_000)
    assert labels.directions[0] == 0


def test_charges_and_spread_turn_a_small_gain_into_none(every_day):
    candles = day_of([10_000, *([10_000] * 30), 10_010, *([10_010] * 43)])

    assert labels_of(candles, every_day).directions[0] == 1
    assert labels_of(candles, every_day, replace(FREE, spread=10)).directions[0] == 0
    assert labels_of(candles, every_day, replace(FREE, cost=lambda bought, sold: 1_000)).directions[0] == 0


def test_charges_are_told_what_was_bought_and_what_was_sold(every_day):
    seen = []

    def cost(bought, sold):
        seen.append((bought, sold))
        return 0

    labels_of(day_of([10_000, 10_000, 10_100, 10_200]), every_day, replace(FREE, cost=cost))

    assert seen[:2] == [(1_000_000, 1_015_000), (1_010_000, 1_000_000)]


def test_the_size_is_asked_for_with_the_side_the_close_of_the_decision_and_the_range(every_day):
    seen = []

    def shares(side, close, atr):
        seen.append((side, close, atr))
        return 10

    labels = labels_of(day_of([10_000, 10_100, 10_200, 10_300]), every_day, replace(FREE, shares=shares))

    assert seen[:2] == [(1, 10_000, 50.0), (-1, 10_000, 50.0)]
    assert labels.long_net[0] == 10 * 150


def test_a_trade_that_is_too_small_to_be_made_earns_nothing(every_day):
    candles = day_of([10_000, 10_000, 10_050, 10_100, 10_150, 10_200])
    nothing = labels_of(candles, every_day, replace(FREE, shares=lambda side, close, atr: 0))
    shorts = labels_of(candles, every_day, replace(FREE, shares=lambda side, close, atr: 100 if side < 0 else 0))

    assert nothing.known[0]
    assert (nothing.directions[0], nothing.long_net[0], nothing.short_net[0], nothing.resolved[0]) == (0, 0, 0, 1)
    assert (shorts.directions[0], shorts.long_net[0], shorts.short_net[0], shorts.resolved[0]) == (0, 0, -10_000, 3)


def test_a_stop_trails_behind_the_candles_that_are_over(every_day):
    candles = day_of([10_000, 10_000, 10_100, 10_000, 9_900])

    stays = labels_of(candles, every_day, replace(FREE, target_atr=9.0))
    trails = labels_of(candles, every_day, replace(FREE, target_atr=9.0, trail_atr=1.0))
    assert (stays.long_resolved[0], stays.long_net[0]) == (4, -100 * 100)
    assert (trails.long_resolved[0], trails.long_net[0]) == (3, 100 * 50)


def test_square_off_ends_what_neither_stop_nor_target_did(every_day):
    candles = day_of([10_000 + row for row in range(75)])
    labels = labels_of(candles, every_day, atr=5_000.0)

    row_of_square_off = (15 * 60 + 5 - 9 * 60 - 15) // 5
    assert labels.long_resolved[0] == row_of_square_off
    assert labels.long_net[0] == 100 * (candles[row_of_square_off].open - candles[1].open)


def test_no_label_where_no_position_may_be_entered(every_day):
    labels = labels_of(day_of([10_000] * 75), every_day)

    last_entry = (14 * 60 + 45 - 9 * 60 - 15) // 5 - 2
    assert labels.known[: last_entry + 1].all()
    assert not labels.known[last_entry + 1 :].any()


def test_no_position_crosses_the_day(every_day):
    candles = [*day_of([10_000] * 75), *day_of([12_000] * 75, day=date(2024, 1, 3))]
    labels = labels_of(candles, every_day)

    assert labels.known[:65].all()
    assert not labels.known[65:75].any()
    assert labels.resolved[:65].max() == 70
    assert (labels.long_net[:65] == 0).all()


def test_a_position_whose_end_is_not_in_the_data_has_no_label(every_day):
    labels = labels_of(day_of([10_000] * 20), every_day)

    assert not labels.known.any()


def test_a_day_that_breaks_off_is_as_unknown_before_other_days_as_at_the_end(every_day):
    candles = [*day_of([10_000] * 50 + [10_200] * 7), *day_of([10_000] * 75, day=date(2024, 1, 3))]
    labels = labels_of(candles, every_day, replace(FREE, target_atr=2.0))

    assert labels.known[:50].all()  # both sides ended at 10,200
    assert not labels.known[50:57].any()
    assert labels.known[57:122].all()


def test_what_is_known_on_a_day_that_breaks_off_is_what_the_whole_day_says(every_day, make_walk):
    candles = make_walk(days=6, seed=9)
    rows = np.arange(len(candles))
    there = (rows // 75 % 3 != 1) | (rows % 75 < 57)  # nothing after 14:00 on every third day
    atr = np.full(len(candles), 60.0)
    whole = label(candles, atr, Timeframe.M5, every_day, FREE)
    cut = label(
        CandleColumns(*(each[there] for each in columns_of(candles))), atr[there], Timeframe.M5, every_day, FREE
    )

    assert 0 < cut.known.sum() < whole.known[there].sum()
    for name in ("directions", "long_net", "short_net"):
        assert (getattr(cut, name)[cut.known] == getattr(whole, name)[there][cut.known]).all()
    assert (rows[there][cut.resolved[cut.known]] == whole.resolved[there][cut.known]).all()


def columns_of(candles):
    return candles.starts, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes


def every_day_of(no_entry, square_off, close, pause=None):
    """A calendar on which each day is a session from 09:15 on with these hours."""

    class Calendar:
        def trading_day(self, day):
            at = partial(instant_at, day)
            return TradingDay(
                date=day,
                open=at(time(9, 15)),
                no_entry_after=at(no_entry),
                square_off=at(square_off),
                flat_by=at(square_off) + MINUTE,
                close=at(close),
                breaks=(tuple(map(at, pause)),) if pause else (),
            )

    return Calendar()


def test_without_a_candle_at_the_square_off_a_day_is_whole_if_its_last_candle_is_there():
    short = every_day_of(no_entry=time(9, 38), square_off=time(9, 42), close=time(9, 45))

    labels = labels_of(day_of([10_000, 10_010, 10_020, 10_030, 10_040, 10_050]), short)
    assert labels.known[:4].all()
    assert (labels.long_resolved[0], labels.long_net[0]) == (5, 100 * 50)
    assert not labels_of(day_of([10_000, 10_010, 10_020, 10_030, 10_040]), short).known.any()


def test_the_square_off_is_the_days_own():
    half_day = every_day_of(no_entry=time(11, 0), square_off=time(11, 30), close=time(12, 0))

    labels = labels_of(day_of([10_000] * 28), half_day)
    assert labels.known[:20].all()
    assert labels.resolved[:20].max() == 27


def test_nothing_is_entered_right_after_a_hole(every_day):
    candles = day_of([10_000] * 75)
    labels = labels_of([*candles[:15], *candles[45:]], every_day)

    assert labels.known[:14].all()
    assert not labels.known[14]  # it would be entered two and a half hours later
    assert labels.known[15:35].all()
    assert labels.resolved[:14].max() == 40


def test_nothing_is_entered_right_after_the_pause_of_a_session_in_two_parts():
    pause = time(10, 0), time(11, 30)
    two_parts = every_day_of(no_entry=time(12, 0), square_off=time(12, 15), close=time(12, 30), pause=pause)

    labels = labels_of([*day_of([10_000] * 9), *day_of([10_000] * 12, time(11, 30))], two_parts)
    assert labels.known[:8].all()
    assert not labels.known[8]
    assert labels.known[9:14].all()


def test_dates_that_are_no_session_and_rows_without_range_have_no_label(every_day):
    class Closed:
        def trading_day(self, day):
            return None

    assert not labels_of(day_of([10_000] * 75), Closed()).known.any()
    assert not labels_of(day_of([10_000] * 75), every_day, atr=float("nan")).known.any()
    assert len(labels_of([], every_day).known) == 0


def test_daily_candles_are_refused(every_day):
    columns = CandleColumns.of(day_of([10_000]))
    with pytest.raises(DataError, match="intraday"):
        label(columns, np.ones(1), Timeframe.D, every_day, FREE)


def test_a_label_depends_on_nothing_after_its_resolution(every_day, make_walk):
    candles = make_walk(days=6, seed=9)
    atr = np.full(len(candles), 60.0)
    whole = label(candles, atr, Timeframe.M5, every_day, FREE)

    for row in np.flatnonzero(whole.known)[::23]:
        part = int(whole.resolved[row]) + 1
        cut = label(candles.slice(0, part), atr[:part], Timeframe.M5, every_day, FREE)
        assert cut.known[row]
        assert cut.directions[row] == whole.directions[row]
        assert cut.long_net[row] == whole.long_net[row]
        assert cut.short_net[row] == whole.short_net[row]


def test_both_kinds_of_end_and_all_three_labels_occur_in_a_wild_market(every_day, make_walk):
    candles = make_walk(days=20, seed=9)
    labels = label(candles, np.full(len(candles), 60.0), Timeframe.M5, every_day, replace(FREE, spread=10))

    assert set(labels.directions[labels.known]) == {0, 1, 2}
