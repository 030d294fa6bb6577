"""The quality of our own candles, told to programs and to people."""

import json

from core.candle_quality import CandleQuality, PriceDifference
from core.instants import MINUTE
from trading.candle_figures import candle_data, candle_line

NINE_FIFTEEN = 1_767_671_100 * 10**9
QUALITY = CandleQuality(
    built=1_120,
    doubted=5,
    late=12,
    compared=1_118,
    identical=1_000,
    within_tick=1_100,
    volume_differences={0: 1_000, 40: 118},
    worst=PriceDifference(symbol="NSE:SBIN-EQ", start=NINE_FIFTEEN + MINUTE, units=35),
)


def test_without_candles_of_our_own_there_is_nothing_to_tell():
    assert (candle_data(CandleQuality()), candle_line(CandleQuality())) == (None, "")


def test_every_figure_is_there_for_programs():
    assert json.loads(json.dumps(candle_data(QUALITY))) == {
        "built": 1_120,
        "left_to_history": 5,
        "late_prices": 12,
        "compared": 1_118,
        "identical": 1_000,
        "prices_within_tick": 1_100,
        "median_volume_difference": 0.0,
        "worst_volume_difference": 0.004,
        "worst_price_difference": {"symbol": "NSE:SBIN-EQ", "candle": "2026-01-06 09:16:00", "rupees": 0.35},
    }


def test_a_person_reads_one_line():
    assert candle_line(QUALITY) == (
        "Candles from prices: 1,120 built, 5 left to history; of 1,118 compared 1,000 identical, 1,100 within a tick, "
        "worst 0.35 rupees (NSE:SBIN-EQ 2026-01-06 09:16:00); volume off by 0.00% in the median, 0.40% at worst"
    )


def test_candles_that_wait_for_the_official_ones_are_told_as_such():
    assert candle_line(CandleQuality(built=2)) == ("Candles from prices: 2 built, 0 left to history, none compared yet")
