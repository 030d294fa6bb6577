import numpy as np
import pytest

from core.instants import SECOND
from core.market import Instrument, Tick
from trading.price_gate import AHEAD, FeedCounts, PriceGate

NOON = 1_795_150_000 * SECOND


class Bench:
    """A gate with a notebook, offered one field at a time."""

    def __init__(self, instrument: Instrument) -> None:
        self.ticks: list[Tick] = []
        self.counts = FeedCounts()
        self.gate = PriceGate(instrument, self.ticks.append, self.counts)
        self.volume, self.at = 0, NOON

    def trade(self, ltp: int, bid: int = 0, ask: int = 0, restated: bool = True) -> int:
        """Offer the next trade in time and volume; return how many ticks it delivered."""
        self.volume += 10
        self.at += SECOND
        return self.offer(ltp, bid=bid, ask=ask, restated=restated)

    def offer(self, ltp: int, bid: int = 0, ask: int = 0, restated: bool = True) -> int:
        before = len(self.ticks)
        self.gate.offer(ltp, self.volume, self.at, bid, ask, restated, self.at)
        return len(self.ticks) - before


def instrument(**changes: object) -> Instrument:
    facts: dict[str, object] = {"symbol": "NSE:SBIN-EQ", "token": "10100000003045", "tick": 5}
    return Instrument(**(facts | changes))  # type: ignore[arg-type]


@pytest.fixture
def bench() -> Bench:
    made = Bench(instrument())
    made.gate.expect(80_000, 80_000)
    return made


def test_a_plausible_trade_becomes_a_tick_of_integers(bench: Bench) -> None:
    bench.trade(80_500, bid=80_495, ask=80_505)
    assert bench.ticks == [Tick("NSE:SBIN-EQ", NOON + SECOND, 80_500, 80_495, 80_505, 10)]
    assert bench.gate.heard_at == NOON + SECOND


@pytest.mark.hazard("D7", "D9")
@pytest.mark.parametrize(
    ("price", "counter"),
    [
        (0, "not_positive"),
        (-5, "not_positive"),
        (80_001, "off_grid"),
        (96_005, "out_of_range"),
        (63_995, "out_of_range"),
        (2**31 - 8, "out_of_range"),
    ],
)
def test_a_price_no_market_makes_is_counted_and_never_delivered(bench: Bench, price: int, counter: str) -> None:
    bench.trade(80_000)
    heard_at = bench.gate.heard_at
    assert bench.trade(price) == 0
    assert getattr(bench.counts, counter) == 1
    assert bench.counts.total() == 1
    assert bench.gate.heard_at == heard_at, "a bad price must not vouch for the good one"


@pytest.mark.parametrize("price", [64_000, 96_000])
def test_a_fifth_from_the_previous_close_is_still_believed(price: int) -> None:
    fresh = Bench(instrument())
    fresh.gate.expect(80_000, price)
    assert fresh.trade(price) == 1


@pytest.mark.hazard("D15")
def test_a_price_inside_the_band_is_believed_beyond_a_fifth() -> None:
    wide = Bench(instrument(lower_band=40_000, upper_band=120_000))
    wide.gate.expect(80_000, 80_000)
    assert wide.trade(118_000) == 1
    assert wide.trade(120_005) == 0


def test_without_band_and_previous_close_only_sign_grid_and_jump_are_checked() -> None:
    unknown = Bench(instrument())
    assert unknown.trade(5) == 1
    assert unknown.trade(0) == 0


@pytest.mark.hazard("D7")
@pytest.mark.parametrize(("price", "bid", "ask"), [(81_500, 79_995, 80_005), (78_500, 79_995, 80_005)])
def test_a_price_far_from_its_own_touch_needs_a_second_tick(bench: Bench, price: int, bid: int, ask: int) -> None:
    bench.trade(80_000, 79_995, 80_005)
    assert bench.trade(price, bid, ask) == 0
    assert bench.counts.jumped == 1
    assert bench.trade(80_005, bid, ask) == 1
    assert [bench.trade(price, bid, ask), bench.trade(price + 5, bid, ask)] == [0, 1]


def test_a_price_that_moves_with_its_touch_is_believed_at_once(bench: Bench) -> None:
    bench.trade(80_000, 79_995, 80_005)
    assert bench.trade(81_500, 81_495, 81_505) == 1


def test_a_quote_without_a_time_is_as_new_as_its_reading(bench: Bench) -> None:
    bench.gate.offer_quote(Tick("NSE:SBIN-EQ", 0, 80_000, 0, 0, 5), NOON + SECOND + 7)
    assert [tick.at for tick in bench.ticks] == [NOON + SECOND]


def test_a_damaged_previous_close_does_not_open_the_range(bench: Bench) -> None:
    bench.trade(80_000)
    bench.gate.expect(900_000_000, 80_005)
    bench.trade(900_000_000)
    assert bench.trade(900_000_005) == 0
    assert bench.trade(80_005) == 1


def test_a_previous_close_outside_the_masters_band_does_not_open_the_range() -> None:
    banded = Bench(instrument(lower_band=65_000, upper_band=97_500))
    banded.gate.expect(150_000, 150_000)
    assert [banded.trade(150_000), banded.trade(150_005)] == [0, 0]
    assert banded.trade(80_000) == 1


def test_a_first_price_that_contradicts_its_previous_close_is_not_believed() -> None:
    fresh = Bench(instrument())
    fresh.gate.expect(80_000, 900_000_000)
    assert fresh.trade(900_000_000) == 0


@pytest.mark.hazard("P11")
def test_a_split_moves_the_range_with_price_and_close_together(bench: Bench) -> None:
    bench.trade(80_000)
    bench.gate.expect(40_000, 40_100)
    assert [bench.trade(40_100), bench.trade(40_105)] == [0, 1]


@pytest.mark.parametrize(("bid", "ask"), [(-5, 0), (63_000, 0), (0, 97_000), (79_998, 0), (0, 80_003)])
def test_a_bad_touch_spoils_the_whole_tick(bench: Bench, bid: int, ask: int) -> None:
    assert bench.trade(80_000, bid=bid, ask=ask) == 0
    assert bench.counts.out_of_range == 1


@pytest.mark.hazard("D7")
def test_a_jump_waits_for_a_second_tick_that_agrees(bench: Bench) -> None:
    bench.trade(80_000)
    assert bench.trade(84_005) == 0
    assert bench.trade(84_100) == 1
    assert bench.counts.jumped == 1


def test_five_percent_exactly_is_no_jump(bench: Bench) -> None:
    bench.trade(80_000)
    assert bench.trade(84_000) == 1


def test_a_single_wild_price_is_forgotten_when_the_market_goes_on(bench: Bench) -> None:
    bench.trade(80_000)
    assert bench.trade(90_000) == 0
    assert bench.trade(80_005) == 1
    assert bench.trade(90_000) == 0, "the second wild price is the first of its kind again"


def test_a_price_left_as_before_does_not_confirm_a_jump(bench: Bench) -> None:
    bench.trade(80_000)
    bench.trade(90_000)
    assert bench.trade(90_000, restated=False) == 0
    assert bench.trade(90_000) == 1


def test_the_same_message_twice_does_not_confirm_a_jump(bench: Bench) -> None:
    bench.trade(80_000)
    bench.trade(90_000)
    assert bench.offer(90_000) == 0


@pytest.mark.hazard("D10")
def test_an_exact_repeat_is_counted_and_vouches_for_the_price(bench: Bench) -> None:
    bench.trade(80_000)
    bench.gate.offer(80_000, bench.volume, bench.at, 0, 0, True, bench.at + SECOND)
    assert len(bench.ticks) == 1
    assert bench.counts.repeated == 1
    assert bench.counts.total() == 0
    assert bench.gate.heard_at == bench.at + SECOND


@pytest.mark.hazard("D10")
def test_an_older_time_is_dropped(bench: Bench) -> None:
    bench.trade(80_000)
    bench.gate.offer(80_100, bench.volume + 5, bench.at - SECOND, 0, 0, True, bench.at)
    assert bench.counts.late == 1
    assert len(bench.ticks) == 1


@pytest.mark.hazard("D10")
def test_a_volume_that_falls_within_a_second_is_dropped(bench: Bench) -> None:
    bench.trade(80_000)
    bench.gate.offer(80_100, bench.volume - 1, bench.at, 0, 0, True, bench.at)
    assert bench.counts.late == 1
    assert len(bench.ticks) == 1


def test_a_message_from_the_future_does_not_poison_the_ones_that_follow(bench: Bench) -> None:
    bench.trade(80_000)
    bench.gate.offer(80_005, bench.volume, bench.at + AHEAD + SECOND, 0, 0, True, bench.at)
    assert bench.counts.ahead == 1
    assert len(bench.ticks) == 1
    assert bench.trade(80_005) == 1


def test_a_message_without_a_time_is_no_tick(bench: Bench) -> None:
    bench.at = 0
    assert bench.offer(80_000) == 0
    assert bench.counts.late == 1


def test_a_new_day_starts_its_volume_again_after_two_messages(bench: Bench) -> None:
    bench.volume = 1_000_000
    bench.trade(80_000)
    bench.volume, bench.at = 0, bench.at + 18 * 3_600 * SECOND
    assert bench.trade(80_100) == 0
    assert bench.trade(80_105) == 1
    assert bench.trade(80_110) == 1
    assert bench.counts.late == 1


def test_an_index_moves_off_the_tick_grid() -> None:
    index = Bench(instrument(symbol="NSE:NIFTY50-INDEX"))
    index.gate.expect(2_450_000, 2_450_386)
    assert index.trade(2_450_385 + 1) == 1


def test_a_quote_asked_for_is_current_even_when_its_own_time_lags(bench: Bench) -> None:
    bench.trade(80_000)
    lagging = Tick("NSE:SBIN-EQ", NOON - 3_600 * SECOND, 80_050, 80_045, 80_055, bench.volume)
    bench.gate.offer_quote(lagging, bench.at + 2 * SECOND)
    assert bench.ticks[-1] == lagging._replace(at=bench.at)
    assert bench.gate.heard_at == bench.at + 2 * SECOND


def test_a_quote_is_checked_like_any_price(bench: Bench) -> None:
    bench.trade(80_000)
    bench.gate.offer_quote(Tick("NSE:SBIN-EQ", bench.at + SECOND, 0, 0, 0, 99), bench.at + SECOND)
    assert len(bench.ticks) == 1
    assert bench.counts.not_positive == 1


@pytest.mark.hazard("D7")
def test_no_step_beyond_five_percent_is_ever_delivered_unconfirmed() -> None:
    chance = np.random.default_rng(11)
    wild = Bench(instrument())
    wild.gate.expect(80_000, 80_000)
    price = witness = 80_000
    for step in chance.integers(-900, 901, 20_000).tolist():
        price = min(max(price + step * 5, 64_000), 96_000)
        before = wild.ticks[-1].ltp if wild.ticks else price
        if step % 5 == 0:
            assert wild.trade(price, bid=63_000) == 0, "a bad touch spoils a believable price too"
            continue
        if wild.trade(price) and abs(price - before) * 20 > before:
            assert abs(price - witness) * 20 <= witness
        witness = price
    assert wild.counts.jumped > 100
