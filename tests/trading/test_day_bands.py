"""A band that the symbol master lacks is asked for, and one that nobody tells stays unknown and is named."""

import pytest

from core.errors import BrokerError
from core.market import Instrument
from trading.day_bands import with_bands

SBIN, NIFTY = "NSE:SBIN-EQ", "NSE:NIFTY50-INDEX"


def share(**bands: int) -> dict[str, Instrument]:
    return {SBIN: Instrument(symbol=SBIN, token="10100000003045", tick=5, **bands)}


def never(symbol: str) -> tuple[int, int]:
    raise AssertionError(f"{symbol} was asked for")


def test_a_band_that_the_master_tells_is_not_asked_for():
    known = share(lower_band=70_000, upper_band=90_000)
    assert with_bands(known, never) == known


def test_an_index_needs_none():
    index = {NIFTY: Instrument(symbol=NIFTY, token="101000000026000", tick=5)}
    assert with_bands(index, never) == index


@pytest.mark.hazard("S17")
@pytest.mark.parametrize("half", [{}, {"lower_band": 70_000}, {"upper_band": 90_000}])
def test_one_that_is_missing_is_taken_from_the_depth(half):
    (found,) = with_bands(share(**half), lambda _symbol: (70_500, 89_500)).values()
    assert (found.lower_band, found.upper_band) == (70_500, 89_500)


@pytest.mark.parametrize("error", [BrokerError("no route"), None])
def test_one_that_nobody_tells_stays_unknown_and_is_named(caplog, error):
    def ask(_symbol: str) -> None:
        if error is not None:
            raise error

    assert with_bands(share(), ask) == share()
    assert f"no entries in {SBIN} (PRICE_BAND)" in caplog.text
    assert str(error or "the broker does not say") in caplog.text
