import itertools
from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import DataError
from simulator.price_chain import HORIZON, LARGEST_MOVE, NO_EDGE, ORIGIN, PlantedEdge, PriceChain

MONDAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def chain() -> PriceChain:
    return PriceChain("NSE:SBIN-EQ", 7, 0.011, PlantedEdge())


def test_the_same_seed_and_symbol_give_the_same_days(chain: PriceChain) -> None:
    again = PriceChain("NSE:SBIN-EQ", 7, 0.011, PlantedEdge())
    assert again.end(MONDAY) == chain.end(MONDAY)
    assert PriceChain("NSE:SBIN-EQ", 8, 0.011, PlantedEdge()).end(MONDAY) != chain.end(MONDAY)
    assert PriceChain("NSE:INFY-EQ", 7, 0.011, PlantedEdge()).end(MONDAY) != chain.end(MONDAY)


def test_gap_noise_and_trend_add_up_to_the_end_of_the_day(chain: PriceChain) -> None:
    for offset in range(60):
        day = chain.day(MONDAY + timedelta(days=offset))
        trend = float(day.trend(np.array([1.0]), PlantedEdge())[0])
        assert day.start + day.noise + trend == pytest.approx(day.end, abs=1e-12)


def test_monday_starts_from_friday_and_not_from_saturday(chain: PriceChain) -> None:
    fridays = [date(2025, 1, 3) + timedelta(weeks=week) for week in range(50)]
    mondays = [chain.day(friday + timedelta(days=3)).start for friday in fridays]
    from_friday = np.std([monday - chain.end(friday) for monday, friday in zip(mondays, fridays, strict=True)])
    from_saturday = np.std(
        [monday - chain.end(friday + timedelta(days=1)) for monday, friday in zip(mondays, fridays, strict=True)]
    )
    assert 2 * from_friday < from_saturday


def test_no_day_moves_further_than_its_band_allows(chain: PriceChain) -> None:
    ends = [chain.end(MONDAY + timedelta(days=offset)) for offset in range(5)]
    assert max(abs(after - before) for before, after in itertools.pairwise(ends)) <= LARGEST_MOVE + 0.005


def test_prices_stay_in_their_class_for_decades(chain: PriceChain) -> None:
    levels = [chain.end(ORIGIN + timedelta(days=offset)) for offset in range(0, 9_000, 7)]
    assert -0.7 < min(levels) < max(levels) < 0.7


def test_trends_have_both_signs_and_calm_between_them(chain: PriceChain) -> None:
    signs = np.concatenate([chain.day(MONDAY + timedelta(days=offset)).signs for offset in range(200)])
    shares = [np.mean(signs == sign) for sign in (-1, 0, 1)]
    assert shares == pytest.approx([0.275, 0.45, 0.275], abs=0.06)


def test_a_market_without_edge_has_no_drift() -> None:
    day = PriceChain("NSE:SBIN-EQ", 7, 0.011, NO_EDGE).day(MONDAY)
    assert not day.trend(np.linspace(0, 1, 50), NO_EDGE).any()


@pytest.mark.parametrize("day", [ORIGIN - timedelta(days=1), HORIZON])
def test_a_day_outside_the_generated_years_is_refused(chain: PriceChain, day: date) -> None:
    with pytest.raises(DataError, match="2015-01-05 to 2041-01-06"):
        chain.day(day)
