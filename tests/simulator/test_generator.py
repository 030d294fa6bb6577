import itertools
from collections.abc import Iterable
from datetime import date, time, timedelta

import numpy as np
import pytest

from core.exits import decide, levels
from core.instants import SECOND, Instant, instant_at
from core.market import Candle, Timeframe
from core.ports import Calendar
from simulator.generator import GeneratedMarket, Texture
from simulator.price_chain import NO_EDGE, PlantedEdge

TUESDAY = date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"
NIFTY = "NSE:NIFTY50-INDEX"


def at(hour: int, minute: int = 0, day: date = TUESDAY) -> Instant:
    return instant_at(day, time(hour, minute))


@pytest.fixture(scope="module")
def market(calendar: Calendar) -> GeneratedMarket:
    return GeneratedMarket(calendar, seed=7)


def test_the_same_seed_gives_the_same_market_in_whatever_order_it_is_asked(
    calendar: Calendar, market: GeneratedMarket
) -> None:
    other = GeneratedMarket(calendar, seed=7, symbols=(NIFTY, SBIN))
    later = other.candles(SBIN, Timeframe.M5, at(9), at(16), at(16))
    other.candles(SBIN, Timeframe.D, at(9, day=date(2025, 12, 1)), at(16), at(16))
    assert later == market.candles(SBIN, Timeframe.M5, at(9), at(16), at(16))
    assert other.quote(SBIN, at(11)) == market.quote(SBIN, at(11))


def test_another_seed_gives_another_market(calendar: Calendar, market: GeneratedMarket) -> None:
    assert GeneratedMarket(calendar, seed=8).quote(SBIN, at(11)) != market.quote(SBIN, at(11))


def test_a_day_opens_with_a_gap_from_the_close_before_it(market: GeneratedMarket) -> None:
    days = market.candles(SBIN, Timeframe.D, at(9, day=date(2025, 10, 1)), at(16), at(16))
    gaps = [abs(after.open / before.close - 1) for before, after in itertools.pairwise(days)]
    assert 0.001 < np.median(gaps) < 0.02


def test_the_previous_close_of_a_quote_is_the_last_price_of_the_session_before(market: GeneratedMarket) -> None:
    days = market.candles(
        SBIN, Timeframe.D, at(9, day=date(2026, 1, 19)), at(16, day=date(2026, 2, 4)), at(16, day=date(2026, 2, 4))
    )
    assert len(days) == 13
    for before, after in itertools.pairwise(days):
        quote = market.quote(SBIN, after.start + 60 * SECOND)
        assert quote is not None
        assert quote.previous_close == before.close


def test_a_holiday_has_no_session_and_an_evening_session_has_its_own_hours(market: GeneratedMarket) -> None:
    holiday, evening = date(2026, 1, 26), date(2026, 1, 31)
    assert market.quotes(at(0, day=holiday), at(23, day=holiday)) == []
    candles = market.candles(SBIN, Timeframe.M15, at(0, day=evening), at(23, day=evening), at(23, day=evening))
    assert [candle.start for candle in candles] == [at(18, 15, evening) + k * Timeframe.M15.duration for k in range(4)]


def test_a_session_in_two_parts_has_no_quotes_and_no_candles_in_its_pause(drill_calendar: Calendar) -> None:
    market = GeneratedMarket(drill_calendar, 7, (SBIN,))
    moments = [quote.at for quote in market.quotes(at(9, 15), at(12, 30))]
    assert moments[0] < at(9, 15) + SECOND
    assert max(moment for moment in moments if moment < at(11)) >= at(10) - 3 * SECOND
    assert min(moment for moment in moments if moment > at(11)) < at(11, 30) + 3 * SECOND
    assert at(12, 30) - SECOND <= moments[-1] < at(12, 30)
    assert not [moment for moment in moments if at(10) <= moment < at(11, 30)]
    minutes = market.candles(SBIN, Timeframe.M1, at(0), at(23), at(23))
    assert [candle.start for candle in minutes] == [
        *range(at(9, 15), at(10), Timeframe.M1.duration),
        *range(at(11, 30), at(12, 30), Timeframe.M1.duration),
    ]
    hours = market.candles(SBIN, Timeframe.M60, at(0), at(23), at(23))
    assert [candle.start for candle in hours] == [at(9, 15), at(11, 15), at(12, 15)]
    assert sum(candle.volume for candle in hours) == sum(candle.volume for candle in minutes)


@pytest.mark.parametrize(
    ("now", "starts"),
    [
        ((9, 59), [(9, 15)]),
        ((10, 0), [(9, 15)]),
        ((10, 30), [(9, 15)]),
        ((11, 20), [(9, 15)]),
        ((11, 31), [(9, 15), (11, 15)]),
        ((12, 20), [(9, 15), (11, 15), (12, 15)]),
    ],
)
def test_in_a_pause_no_candle_forms(
    drill_calendar: Calendar, now: tuple[int, int], starts: list[tuple[int, int]]
) -> None:
    market = GeneratedMarket(drill_calendar, 7, (SBIN,))
    candles = market.candles(SBIN, Timeframe.M60, at(0), at(23), at(*now))
    assert [candle.start for candle in candles] == [at(*start) for start in starts]


def test_every_symbol_is_quoted_each_one_to_three_seconds(market: GeneratedMarket) -> None:
    moments = [quote.at for quote in market.quotes(at(9, 15), at(15, 30)) if quote.symbol == SBIN]
    gaps = np.diff(moments) / SECOND
    assert moments[0] < at(9, 15) + SECOND
    assert gaps.max() < 4
    assert 1.8 < gaps.mean() < 2.2


def test_the_spacing_of_quotes_can_be_chosen(calendar: Calendar) -> None:
    slow = GeneratedMarket(calendar, 7, (SBIN,), texture=Texture(shortest_gap_seconds=10, longest_gap_seconds=20))
    assert 1_300 < len(slow.quotes(at(9, 15), at(15, 30))) < 1_700


def test_a_spacing_that_leaves_minutes_empty_is_refused() -> None:
    with pytest.raises(ValueError, match="within 1 and 30"):
        Texture(shortest_gap_seconds=1, longest_gap_seconds=90)


def test_prices_lie_on_the_tick_grid_and_inside_the_band(market: GeneratedMarket) -> None:
    listed = market.instruments_at(at(10))[SBIN]
    for quote in market.quotes(at(9, 15), at(15, 30)):
        if quote.symbol != SBIN:
            continue
        assert not any(price % listed.tick for price in (quote.ltp, quote.bid, quote.ask))
        assert listed.lower_band is not None
        assert listed.upper_band is not None
        assert listed.lower_band <= quote.bid < quote.ask <= listed.upper_band
        assert quote.bid <= quote.ltp <= quote.ask
        assert min(quote.bid_size, quote.ask_size) > 0


def test_the_spread_is_mostly_one_tick(market: GeneratedMarket) -> None:
    tick = market.instruments[SBIN].tick
    spreads = [quote.ask - quote.bid for quote in market.quotes(at(9, 15), at(15, 30)) if quote.symbol == SBIN]
    assert 0.8 < np.mean(np.array(spreads) == tick) < 0.95


def test_an_index_has_a_price_and_nothing_to_trade(market: GeneratedMarket) -> None:
    quotes = [quote for quote in market.quotes(at(9, 15), at(9, 30)) if quote.symbol == NIFTY]
    assert quotes
    assert all(
        q.bid == q.ask == q.bid_size == q.ask_size == q.volume == q.total_buy == q.total_sell == 0 for q in quotes
    )


def test_volume_and_range_are_high_at_the_open_and_volume_rises_into_the_close(market: GeneratedMarket) -> None:
    candles = market.candles(SBIN, Timeframe.M15, at(9, day=date(2025, 11, 3)), at(16), at(16))
    by_slot = [candles[slot::25] for slot in range(25)]
    volume = [np.mean([candle.volume for candle in slot]) for slot in by_slot]
    spread = [np.mean([candle.high - candle.low for candle in slot]) for slot in by_slot]
    assert volume[0] > 2 * volume[12]
    assert volume[-1] > 1.3 * volume[12]
    assert spread[0] > 1.5 * spread[12]


def test_fifty_symbols_can_be_listed(calendar: Calendar) -> None:
    market = GeneratedMarket(calendar, 7, [f"NSE:SHARE{number}-EQ" for number in range(50)])
    assert len({quote.symbol for quote in market.quotes(at(9, 15), at(9, 16))}) == 50


def _forward_and_past(market: GeneratedMarket, symbols: Iterable[str], first: date) -> tuple[np.ndarray, np.ndarray]:
    past, forward = [], []
    for symbol in symbols:
        candles: list[Candle] = market.candles(symbol, Timeframe.M5, at(9, day=first), at(16), at(16))
        closes = np.log([candle.close for candle in candles]).reshape(-1, 75)[:, 6:69]
        past.append((closes[:, 6:-6] - closes[:, :-12]).ravel())
        forward.append((closes[:, 12:] - closes[:, 6:-6]).ravel())
    return np.concatenate(past), np.concatenate(forward)


def test_half_an_hour_of_momentum_predicts_the_next_only_where_an_edge_is_planted(calendar: Calendar) -> None:
    first, symbols = TUESDAY - timedelta(days=180), ("NSE:A-EQ", "NSE:B-EQ", "NSE:C-EQ")
    planted = np.corrcoef(_forward_and_past(GeneratedMarket(calendar, 7, symbols), symbols, first))[0, 1]
    nothing = np.corrcoef(_forward_and_past(GeneratedMarket(calendar, 7, symbols, edge=NO_EDGE), symbols, first))[0, 1]
    assert planted > 0.15
    assert abs(nothing) < 0.04


def test_the_edge_is_set_by_its_parameters(calendar: Calendar) -> None:
    first, symbols = TUESDAY - timedelta(days=120), ("NSE:A-EQ",)
    weak, strong = (
        np.corrcoef(_forward_and_past(GeneratedMarket(calendar, 7, symbols, edge=edge), symbols, first))[0, 1]
        for edge in (PlantedEdge(drift=0.1), PlantedEdge(drift=0.4))
    )
    assert strong > weak + 0.1


def _gains(market: GeneratedMarket, symbol: str, first: date) -> list[float]:
    """Gross gain of each trade of a plain rule: go with a move of three average ranges in half an hour, 2 : 3 out."""
    candles = market.candles(symbol, Timeframe.M5, at(9, day=first), at(16), at(16))
    gains: list[float] = []
    for start in range(0, len(candles), 75):
        day = candles[start : start + 71]
        place = 14
        while place < 64:
            atr = float(np.mean([candle.high - candle.low for candle in day[place - 13 : place + 1]]))
            move, entry = day[place].close - day[place - 6].close, day[place].close
            if abs(move) > 3 * atr:
                side = 1 if move > 0 else -1
                stop, target = levels(side, entry, atr, 2.0, 3.0, market.instruments[symbol].tick)
                reason = price = 0
                while not reason:
                    place += 1
                    bar = day[place]
                    reason, price = decide(side, stop, target, bar.open, bar.high, bar.low, place == len(day) - 1)
                gains.append(side * (price - entry) / entry)
            place += 1
    return gains


def test_a_plain_rule_earns_more_than_its_charges_only_where_an_edge_is_planted(calendar: Calendar) -> None:
    first, symbols, charges = TUESDAY - timedelta(days=150), ("NSE:A-EQ", "NSE:B-EQ", "NSE:C-EQ"), 0.001
    planted, nothing = (
        [gain for symbol in symbols for gain in _gains(GeneratedMarket(calendar, 7, symbols, edge=edge), symbol, first)]
        for edge in (PlantedEdge(), NO_EDGE)
    )
    assert len(planted) > 300
    assert charges < np.mean(planted) < 0.003
    assert np.mean(nothing) < charges / 2
