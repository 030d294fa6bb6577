"""One contract for every market: what is asked in another order, in other steps or later gives the same answer."""

import itertools
from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.instants import DAY, MINUTE, SECOND, Instant, instant_at
from core.market import Candle, Timeframe
from core.ports import Calendar
from simulator.generator import GeneratedMarket
from simulator.listings import listing
from simulator.market import Market, Quote
from simulator.scripted_market import Print, ScriptedMarket
from simulator.tape import TapeMarket

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
SBIN = "NSE:SBIN-EQ"
OPEN, CLOSE = instant_at(TUESDAY, time(9, 15)), instant_at(TUESDAY, time(15, 30))


def generated(calendar: Calendar, folder: Path) -> Market:
    return GeneratedMarket(calendar, 7, (SBIN, "NSE:NIFTY50-INDEX"))


def tape(calendar: Calendar, folder: Path) -> Market:
    lines = ["timestamp,open,high,low,close,volume"]
    for day in (MONDAY, TUESDAY):
        candles = GeneratedMarket(calendar, 7, (SBIN,)).candles(
            SBIN, Timeframe.M5, instant_at(day, time(9)), instant_at(day, time(16)), instant_at(day, time(16))
        )
        for number, row in enumerate(candles):
            minute = 555 + 5 * number
            prices = ",".join(f"{price / 100:.2f}" for price in (row.open, row.high, row.low, row.close))
            lines.append(f"{day} {minute // 60:02}:{minute % 60:02}:00,{prices},{row.volume}")
    path = folder / "NSE_SBIN-EQ_5m.csv"
    path.write_text("\n".join(lines))
    return TapeMarket.from_file(path, calendar=calendar, seed=3)


def scripted(calendar: Calendar, folder: Path) -> Market:
    prints = [
        Print(instant_at(day, time(9, 15)) + k * 7 * SECOND, 80_000 + k % 40 * 5, 79_995, 80_200, quantity=k % 3)
        for day in (MONDAY, TUESDAY)
        for k in range(3_000)
    ]
    return ScriptedMarket(calendar, {SBIN: prints}, {SBIN: listing(SBIN).instrument})


@pytest.fixture(scope="module", params=[generated, tape, scripted])
def market(request: pytest.FixtureRequest, calendar: Calendar, tmp_path_factory: pytest.TempPathFactory) -> Market:
    make: Callable[[Calendar, Path], Market] = request.param
    return make(calendar, tmp_path_factory.mktemp("tape"))


def from_quotes(quotes: list[Quote], timeframe: Timeframe) -> list[Candle]:
    candles: dict[int, list[Quote]] = {}
    for quote in quotes:
        candles.setdefault((quote.at - OPEN) // timeframe.duration, []).append(quote)
    rows = []
    before = 0
    for number, part in candles.items():
        prices = [quote.ltp for quote in part]
        volume, before = part[-1].volume - before, part[-1].volume
        start = OPEN + number * timeframe.duration
        rows.append(Candle(start, prices[0], max(prices), min(prices), prices[-1], volume))
    return rows


@pytest.mark.parametrize("timeframe", [Timeframe.M5, Timeframe.M15, Timeframe.M60, Timeframe.D])
def test_every_candle_is_made_of_its_quotes(market: Market, timeframe: Timeframe) -> None:
    quotes = [quote for quote in market.quotes(OPEN - 1, CLOSE) if quote.symbol == SBIN]
    assert market.candles(SBIN, timeframe, OPEN, CLOSE, CLOSE) == from_quotes(quotes, timeframe)


@given(now=st.integers(OPEN, CLOSE))
@settings(max_examples=40)
def test_no_candle_knows_anything_later_than_now(market: Market, now: Instant) -> None:
    quotes = [quote for quote in market.quotes(OPEN - 1, now) if quote.symbol == SBIN]
    for timeframe in (Timeframe.M5, Timeframe.D):
        assert market.candles(SBIN, timeframe, OPEN, CLOSE + DAY, now) == from_quotes(quotes, timeframe)
    assert market.quote(SBIN, now) == (quotes[-1] if quotes else market.quote(SBIN, OPEN - 1))


@given(cuts=st.lists(st.integers(OPEN - MINUTE, OPEN + 20 * MINUTE), max_size=20))
@settings(max_examples=30)
def test_quotes_do_not_depend_on_the_size_of_the_steps(market: Market, cuts: list[Instant]) -> None:
    edges = [OPEN - MINUTE, *sorted(cuts), OPEN + 20 * MINUTE]
    stepped = [q for after, until in itertools.pairwise(edges) for q in market.quotes(after, until)]
    assert stepped == market.quotes(OPEN - MINUTE, OPEN + 20 * MINUTE)


def test_running_figures_of_the_day_agree_with_its_quotes(market: Market) -> None:
    volume = value = 0
    high, low = 0, 10**12
    first = None
    for quote in market.quotes(OPEN - 1, CLOSE):
        if quote.symbol != SBIN:
            continue
        first = first or quote
        volume += quote.last_quantity
        value += quote.last_quantity * quote.ltp
        high, low = max(high, quote.ltp), min(low, quote.ltp)
        average = value // volume if volume else quote.ltp
        assert (quote.volume, quote.open, quote.high, quote.low, quote.average) == (
            volume,
            first.ltp,
            high,
            low,
            average,
        )


def test_before_the_open_the_last_quote_is_that_of_the_session_before(market: Market) -> None:
    quote = market.quote(SBIN, OPEN - 1)
    monday = instant_at(MONDAY, time(9)), instant_at(MONDAY, time(16))
    assert quote == [row for row in market.quotes(*monday) if row.symbol == SBIN][-1]


def test_the_previous_close_is_the_last_price_of_the_session_before(market: Market) -> None:
    before, first = market.quote(SBIN, OPEN - 1), market.quote(SBIN, OPEN + 10 * SECOND)
    assert before is not None
    assert first is not None
    assert first.previous_close == before.ltp


def test_two_days_are_a_history_in_order(market: Market) -> None:
    candles = market.candles(SBIN, Timeframe.M15, instant_at(MONDAY, time()), CLOSE, CLOSE)
    starts = [candle.start for candle in candles]
    assert starts == sorted(set(starts))
    assert len(starts) > 45


def test_the_range_of_the_question_is_start_included_and_end_excluded(market: Market) -> None:
    candles = market.candles(SBIN, Timeframe.M5, OPEN + 5 * MINUTE, OPEN + 15 * MINUTE, CLOSE)
    assert [candle.start for candle in candles] == [OPEN + 5 * MINUTE, OPEN + 10 * MINUTE]


def test_bands_lie_a_fifth_around_the_previous_close(market: Market) -> None:
    close = market.quote(SBIN, OPEN - 1)
    listed = market.instruments_at(OPEN)[SBIN]
    assert close is not None
    assert listed.lower_band is not None
    assert listed.upper_band is not None
    assert 0 <= listed.lower_band - close.ltp * 0.8 < listed.tick
    assert 0 <= close.ltp * 1.2 - listed.upper_band < listed.tick


def test_an_unknown_symbol_is_refused_by_name(market: Market) -> None:
    with pytest.raises(DataError, match="NSE:NOPE-EQ"):
        market.candles("NSE:NOPE-EQ", Timeframe.M5, OPEN, CLOSE, CLOSE)
    with pytest.raises(DataError, match="NSE:NOPE-EQ"):
        market.quote("NSE:NOPE-EQ", OPEN)
