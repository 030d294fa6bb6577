import numpy as np
import pytest

from simulator.listings import DEFAULT_SYMBOLS, fy_token, listing, listings, nse_tick, tick_kept_by


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        (24_999, 1),
        (25_000, 5),
        (99_999, 5),
        (100_000, 10),
        (499_999, 10),
        (999_999, 50),
        (1_999_999, 100),
        (2_000_000, 500),
    ],
)
def test_the_tick_size_follows_the_price(price: int, tick: int) -> None:
    assert nse_tick(price) == tick


@pytest.mark.parametrize(("price", "tick"), [(60_000, 500), (60_050, 50), (60_005, 5), (60_001, None)])
def test_the_tick_is_the_largest_that_all_prices_keep_to(price: int, tick: int | None) -> None:
    assert tick_kept_by(np.array([60_000, 61_000]), np.array([price])) == tick


def test_the_demonstration_symbols_carry_their_real_tokens() -> None:
    assert [fy_token(symbol) for symbol in DEFAULT_SYMBOLS] == [
        "10100000003045",
        "10100000002885",
        "10100000001594",
        "101000000026000",
    ]


def test_an_unknown_symbol_is_the_same_share_every_time() -> None:
    assert listing("NSE:ZEBRA-EQ") == listing("NSE:ZEBRA-EQ")
    assert listing("NSE:ZEBRA-EQ") != listing("NSE:GIRAFFE-EQ")


def test_fifty_invented_symbols_have_prices_in_a_sensible_range_and_tokens_of_their_own() -> None:
    listed = listings([f"NSE:SHARE{number}-EQ" for number in range(50)])
    assert all(10_000 <= row.price <= 300_000 for row in listed.values())
    assert len({row.instrument.token for row in listed.values()}) == 50


def test_two_symbols_with_one_token_are_refused() -> None:
    by_token: dict[str, str] = {}
    for number in range(20_000):
        symbol = f"NSE:X{number}-EQ"
        twin = by_token.setdefault(fy_token(symbol), symbol)
        if twin != symbol:
            break
    with pytest.raises(ValueError, match="same token"):
        listings([twin, symbol])


def test_an_index_has_no_freeze_quantity() -> None:
    assert listing("NSE:NIFTY50-INDEX").instrument.freeze is None
    assert listing("NSE:SBIN-EQ").instrument.freeze is not None
