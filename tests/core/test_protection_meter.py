"""How naked we were: position time with and without a confirmed stop, counted while the market is open."""

from dataclasses import replace

from core.instants import HOUR, MINUTE, SECOND
from core.market import Side
from core.orders import Product
from core.protection_meter import ProtectionMeter
from core.tracking import OpenPosition


def position(symbol: str = "NSE:SBIN-EQ", **changes) -> OpenPosition:
    made = OpenPosition(symbol=symbol, side=Side.BUY, product=Product.INTRADAY, opened_at=0, plan=None)
    made.entry_filled, made.entry_value = 10, 800_000
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def metered(day, *spells) -> ProtectionMeter:
    """Count spells of (seconds, positions) from an hour after the open."""
    meter, now = ProtectionMeter(), day.open + HOUR
    for seconds, positions in spells:
        meter.advance(now, now + seconds * SECOND, day, positions)
        now += max(0, seconds) * SECOND
    return meter


def test_each_position_counts_for_itself(day):
    naked = position("NSE:INFY-EQ", unprotected_since=day.open + HOUR)
    meter = metered(day, (10, [position(), naked]), (20, [position(), position("NSE:INFY-EQ")]))
    assert (meter.held, meter.protected) == (60 * SECOND, 50 * SECOND)
    assert meter.longest == 10 * SECOND
    assert meter.share == 5 / 6


def test_what_is_closed_or_never_was_does_not_count(day):
    meter = metered(day, (10, [position(exit_filled=10)]), (10, []))
    assert (meter.held, meter.share) == (0, 1.0)


def test_the_night_does_not_count(day):
    meter = ProtectionMeter()
    meter.advance(day.close - MINUTE, day.close + HOUR, day, [position(unprotected_since=day.close - MINUTE)])
    assert (meter.held, meter.protected, meter.longest) == (MINUTE, 0, MINUTE)


def test_time_that_runs_back_does_not_count(day):
    assert metered(day, (10, [position()]), (-5, [position()])).held == 10 * SECOND


def test_downtime_counts_by_what_was_known(day):
    assert metered(day, (3600, [position()])).protected == HOUR


def test_a_new_day_counts_anew(day):
    meter = metered(day, (10, [position()]))
    meter.begin_day()
    assert (meter.held, meter.share) == (0, 1.0)


def test_a_pause_of_the_session_does_not_count(day):
    paused = replace(day, breaks=((day.open + 2 * HOUR, day.open + 3 * HOUR),))
    naked = position(unprotected_since=day.open + 2 * HOUR - 5 * SECOND)
    meter = ProtectionMeter()
    meter.advance(day.open + 2 * HOUR - 10 * SECOND, day.open + 3 * HOUR + 10 * SECOND, paused, [naked])
    assert (meter.held, meter.longest) == (20 * SECOND, 15 * SECOND)
