import struct

import pytest

from core.instants import SECOND
from core.market import Instrument, Tick
from simulator.wire import data_frames, lite_entry, snapshot_entry, update_entry
from trading.frame_decoder import ABSENT, FrameDecoder, GatedTopics
from trading.price_gate import FeedCounts, PriceGate

SECOND_OF_DAY = 1_795_150_000
SBIN = Instrument(symbol="NSE:SBIN-EQ", token="10100000003045", tick=5)
INFY = Instrument(symbol="NSE:INFY-EQ", token="10100000001594", tick=5)
NIFTY = Instrument(symbol="NSE:NIFTY50-INDEX", token="101000000026000", tick=5)
TOPICS = {"sf|nse_cm|3045": SBIN, "sf|nse_cm|1594": INFY, "if|nse_cm|Nifty 50": NIFTY}


class Desk:
    """A decoder with gates for three topics; a new connection keeps the gates."""

    def __init__(self) -> None:
        self.ticks: list[Tick] = []
        self.frozen: dict[str, str] = {}
        self.counts = FeedCounts()
        self.gates = {name: PriceGate(each, self.ticks.append, self.counts) for name, each in TOPICS.items()}
        self.reconnect()

    def reconnect(self) -> None:
        topics = GatedTopics(self.gates, self.counts, self.frozen.__setitem__)
        self.decoder = FrameDecoder(topics, self.counts)

    def hear(self, *items: bytes) -> list[Tick]:
        """Decode one frame of items; return what it delivered."""
        before = len(self.ticks)
        (frame,) = data_frames(1, items)
        self.decoder.decode(frame, (SECOND_OF_DAY + 60) * SECOND)
        return self.ticks[before:]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def values(price: int, volume: int = 100, second: int = SECOND_OF_DAY, close: int = 80_000) -> tuple[int, ...]:
    middle = (7, 900, 800, price, 0, price, price, ABSENT, ABSENT, 0, 0, price)
    return (price, volume, second, second, 10, 20, price - 5, price + 5, *middle, close)


def changed(**fields: int) -> tuple[int, ...]:
    places = {"ltp": 0, "volume": 1, "second": 3, "bid_size": 4, "bid": 6, "ask": 7}
    numbers = [ABSENT] * 21
    for name, value in fields.items():
        numbers[places[name]] = value
    return tuple(numbers)


def update(topic_id: int, numbers: tuple[int, ...]) -> bytes:
    return update_entry(topic_id, numbers, numbers)


def sbin(topic_id: int = 1, price: int = 80_000, **facts: int) -> bytes:
    return snapshot_entry(topic_id, "sf|nse_cm|3045", values(price, **facts), SBIN)


def infy(topic_id: int = 2, price: int = 150_000) -> bytes:
    return snapshot_entry(topic_id, "sf|nse_cm|1594", values(price, close=150_000), INFY)


def test_a_snapshot_is_a_tick(desk: Desk) -> None:
    assert desk.hear(sbin()) == [Tick("NSE:SBIN-EQ", SECOND_OF_DAY * SECOND, 80_000, 79_995, 80_005, 100)]


def test_an_update_names_changes_and_leaves_the_rest_as_before(desk: Desk) -> None:
    desk.hear(sbin())
    (tick,) = desk.hear(update(1, changed(ltp=80_010, volume=110, second=SECOND_OF_DAY + 1)))
    assert tick == Tick("NSE:SBIN-EQ", (SECOND_OF_DAY + 1) * SECOND, 80_010, 79_995, 80_005, 110)
    (tick,) = desk.hear(update(1, changed(bid=80_005, ask=80_015)))
    assert (tick.ltp, tick.bid, tick.ask, tick.volume) == (80_010, 80_005, 80_015, 110)


def test_a_change_of_sizes_alone_is_no_tick_but_vouches_for_the_price(desk: Desk) -> None:
    desk.hear(sbin())
    assert desk.hear(update(1, changed(bid_size=99))) == []
    assert desk.counts.repeated == 1


@pytest.mark.parametrize("count", range(8))
def test_a_short_update_names_the_first_fields_only(desk: Desk, count: int) -> None:
    desk.hear(sbin())
    news = values(80_020, volume=120, second=SECOND_OF_DAY + 2)
    ticks = desk.hear(update(1, news[:count]))
    before = {0: 80_000, 1: 100, 3: SECOND_OF_DAY, 6: 79_995}
    expected = [news[place] if place < count else old for place, old in before.items()]
    if count == 0:
        assert ticks == []
    else:
        (tick,) = ticks
        assert [tick.ltp, tick.volume, tick.at // SECOND, tick.bid] == expected


def test_more_numbers_than_known_are_skipped(desk: Desk) -> None:
    desk.hear(sbin(), infy())
    longer = (*values(80_010, volume=101, second=SECOND_OF_DAY + 1), 1, 2, 3, 4, 5)
    ticks = desk.hear(update(1, longer), update(2, changed(ltp=150_005, volume=200)))
    assert [tick.ltp for tick in ticks] == [80_010, 150_005]


def test_an_index_has_a_price_and_no_book(desk: Desk) -> None:
    snapshot = (2_450_385, 2_440_000, SECOND_OF_DAY, 2_460_000, 2_430_000, 2_445_000)
    (tick,) = desk.hear(snapshot_entry(5, "if|nse_cm|Nifty 50", snapshot, NIFTY))
    assert tick == Tick("NSE:NIFTY50-INDEX", SECOND_OF_DAY * SECOND, 2_450_385, 0, 0, 0)
    (tick,) = desk.hear(update(5, (2_450_391, ABSENT, SECOND_OF_DAY + 1, ABSENT, ABSENT, ABSENT)))
    assert (tick.ltp, tick.at) == (2_450_391, (SECOND_OF_DAY + 1) * SECOND)
    (tick,) = desk.hear(update(5, (2_450_392,)))
    assert tick.ltp == 2_450_392


def test_an_index_with_the_eight_numbers_of_the_live_schema_keeps_its_name(desk: Desk) -> None:
    eight = (2_450_385, 2_440_000, SECOND_OF_DAY, 2_460_000, 2_430_000, 2_445_000, 2_600_000, 2_000_000)
    (tick,) = desk.hear(snapshot_entry(5, "if|nse_cm|Nifty 50", eight, NIFTY))
    assert tick.symbol == "NSE:NIFTY50-INDEX"


def test_a_lite_item_is_a_price_as_of_now(desk: Desk) -> None:
    desk.hear(sbin())
    (tick,) = desk.hear(lite_entry(1, 80_005))
    assert (tick.ltp, tick.at) == (80_005, (SECOND_OF_DAY + 60) * SECOND)
    assert desk.hear(lite_entry(1, ABSENT)) == []


@pytest.mark.hazard("D9")
def test_a_volume_beyond_two_thousand_million_goes_on_rising(desk: Desk) -> None:
    desk.hear(sbin(volume=2**31 - 10))
    (tick,) = desk.hear(update(1, changed(volume=-(2**31) + 5, second=SECOND_OF_DAY + 1)))
    assert tick.volume == 2**31 + 5


@pytest.mark.hazard("D6")
@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(update(9, changed(ltp=1)), id="unknown id"),
        pytest.param(lite_entry(9, 80_000), id="unknown id, lite"),
        pytest.param(update(1, changed(ltp=-5)), id="negative price"),
        pytest.param(update(1, changed(ltp=0)), id="no price"),
        pytest.param(snapshot_entry(4, "sf|nse_cm|999", values(500), SBIN), id="a topic never asked for"),
        pytest.param(snapshot_entry(4, "dp|nse_cm|3045", values(500), SBIN), id="a depth"),
        pytest.param(snapshot_entry(1, "sf|nse_cm|3045", (), SBIN), id="an empty snapshot"),
    ],
)
def test_a_bad_item_does_not_lose_the_one_behind_it(desk: Desk, bad: bytes) -> None:
    desk.hear(sbin(), infy())
    (tick,) = desk.hear(bad, update(2, changed(ltp=150_010, volume=300)))
    assert (tick.symbol, tick.ltp) == ("NSE:INFY-EQ", 150_010)
    assert desk.counts.total() == 1


@pytest.mark.hazard("D6")
def test_an_item_of_an_unknown_kind_ends_the_frame_and_is_counted(desk: Desk) -> None:
    desk.hear(sbin())
    assert desk.hear(b"\x07\x00\x01\x00", update(1, changed(ltp=80_010, volume=101))) == []
    assert desk.counts.unreadable == 1


@pytest.mark.hazard("D6")
def test_a_frame_cut_anywhere_delivers_whole_items_only(desk: Desk) -> None:
    (frame,) = data_frames(1, [sbin(), infy(), lite_entry(1, 80_005), update(1, changed(ltp=80_010, volume=101))])
    ends = [len(data_frames(1, [sbin()])[0]), len(data_frames(1, [sbin(), infy()])[0])]
    ends += [ends[1] + 7, len(frame)]
    for length in range(len(frame)):
        cut = Desk()
        cut.decoder.decode(frame[:length], (SECOND_OF_DAY + 60) * SECOND)
        assert len(cut.ticks) == sum(length >= end for end in ends)
        assert cut.counts.truncated == 1


@pytest.mark.hazard("D8")
def test_a_snapshot_moves_an_id_to_another_topic(desk: Desk) -> None:
    desk.hear(sbin(topic_id=1), infy(topic_id=2))
    desk.hear(infy(topic_id=1), sbin(topic_id=2))
    ticks = desk.hear(update(1, changed(ltp=150_005, volume=101)), update(2, changed(ltp=80_005, volume=101)))
    assert [(tick.symbol, tick.ltp) for tick in ticks] == [("NSE:INFY-EQ", 150_005), ("NSE:SBIN-EQ", 80_005)]


@pytest.mark.hazard("D8")
def test_an_id_moved_to_a_foreign_topic_stops_feeding_the_old_one(desk: Desk) -> None:
    desk.hear(sbin(topic_id=1))
    desk.hear(snapshot_entry(1, "sf|nse_cm|999", values(80_000), SBIN))
    assert desk.hear(update(1, changed(ltp=80_005, volume=101))) == []


@pytest.mark.hazard("D8")
def test_ids_of_one_connection_mean_nothing_on_the_next(desk: Desk) -> None:
    desk.hear(sbin(topic_id=1))
    desk.reconnect()
    assert desk.hear(update(1, changed(ltp=80_005, volume=101))) == []
    assert desk.counts.unbound == 1


@pytest.mark.hazard("D10")
def test_a_stale_snapshot_after_a_reconnect_is_dropped(desk: Desk) -> None:
    desk.hear(sbin(price=80_100, volume=500, second=SECOND_OF_DAY + 30))
    desk.reconnect()
    assert desk.hear(sbin(price=80_000, volume=400, second=SECOND_OF_DAY + 20)) == []
    assert desk.counts.late == 1


@pytest.mark.parametrize(("multiplier", "precision"), [(1, 3), (1, 0), (10, 2), (0, 2)])
def test_another_scale_freezes_the_symbol_and_says_so(desk: Desk, multiplier: int, precision: int) -> None:
    item = sbin().replace(struct.pack(">HHB", 0, 1, 2), struct.pack(">HHB", 0, multiplier, precision))
    assert desk.hear(item, update(1, changed(ltp=80_005, volume=101))) == []
    assert f"precision {precision} and multiplier {multiplier}" in desk.frozen["NSE:SBIN-EQ"]
    assert desk.counts.mismatched == 1


def test_another_way_to_write_the_same_scale_is_accepted(desk: Desk) -> None:
    item = sbin().replace(struct.pack(">HHB", 0, 1, 2), struct.pack(">HHB", 0, 100, 0))
    assert len(desk.hear(item)) == 1


@pytest.mark.hazard("D8")
def test_a_snapshot_that_names_another_token_freezes_the_symbol(desk: Desk) -> None:
    assert desk.hear(snapshot_entry(1, "sf|nse_cm|3045", values(80_000), INFY)) == []
    assert "1594" in desk.frozen["NSE:SBIN-EQ"]


def test_changes_count_from_what_the_server_sent_last_even_when_that_came_late(desk: Desk) -> None:
    desk.hear(sbin(price=80_000, volume=500, second=SECOND_OF_DAY + 30))
    assert desk.hear(update(1, changed(ltp=79_990, second=SECOND_OF_DAY + 20, bid=79_985))) == []
    (tick,) = desk.hear(update(1, changed(volume=510, second=SECOND_OF_DAY + 31)))
    assert (tick.ltp, tick.bid) == (79_990, 79_985)


def test_a_price_in_doubt_stays_in_doubt_until_the_server_names_another(desk: Desk) -> None:
    desk.hear(sbin())
    assert desk.hear(update(1, changed(ltp=-5))) == []
    assert desk.hear(update(1, changed(bid=79_990, volume=101))) == []
    (tick,) = desk.hear(update(1, changed(ltp=80_005, volume=102)))
    assert tick.ltp == 80_005
