"""Damaged frames: the decoder never raises and never passes on a price the instrument cannot have.

`FUZZ_FRAMES` is the number of damaged frames, 50,000 unless it is set; a soak sets 1,000,000.
"""

import os

import numpy as np
import pytest

from core.instants import SECOND
from core.market import Instrument, Tick
from simulator.wire import ABSENT, data_frames, lite_entry, snapshot_entry, update_entry
from trading.frame_decoder import FrameDecoder, GatedTopics
from trading.price_gate import AHEAD, FeedCounts, PriceGate

DAMAGED_PER_EPISODE = 10
EPISODES = int(os.environ.get("FUZZ_FRAMES", "50000")) // (2 * DAMAGED_PER_EPISODE)
"""Each with a band known from the master, and without."""
START = 1_795_150_000
HEARD_AT = (START + 60) * SECOND
CLOSES = {"sf|nse_cm|3045": 80_000, "sf|nse_cm|1594": 150_000, "sf|nse_cm|2885": 245_000}


def instruments(banded: bool) -> dict[str, Instrument]:
    return {
        topic: Instrument(
            symbol=f"NSE:{topic}",
            token=f"1010000000{topic[-4:]}",
            tick=5,
            lower_band=close * 8 // 10 if banded else None,
            upper_band=close * 12 // 10 if banded else None,
        )
        for topic, close in CLOSES.items()
    }


def values(close: int, price: int, volume: int, second: int) -> tuple[int, ...]:
    middle = (7, 900, 800, price, 0, price, price, ABSENT, ABSENT, 0, 0, price)
    return (price, volume, second, second, 10, 20, price - 5, price + 5, *middle, close)


def snapshots() -> list[bytes]:
    return [
        snapshot_entry(place, topic, values(CLOSES[topic], CLOSES[topic], 100, START), instrument)
        for place, (topic, instrument) in enumerate(instruments(banded=False).items())
    ]


def traffic(chance: np.random.Generator, number: int) -> bytes:
    """A frame with a snapshot, updates and a lite item, as a market would send it."""
    closes = list(CLOSES.values())
    steps = [int(step) * 5 for step in chance.integers(-40, 41, 4)]
    items = [
        update_entry(place, news, news)
        for place, close in enumerate(closes)
        for news in [values(close, close + steps[place], 100 + number, START + number)]
    ]
    items.insert(int(chance.integers(0, 4)), snapshots()[number % 3])
    items.append(lite_entry(0, closes[0] + steps[3]))
    return data_frames(number, items)[0]


def damaged(chance: np.random.Generator, frame: bytes) -> bytes:
    """Flip bits, overwrite bytes, cut, drop or double a stretch."""
    broken = bytearray(frame)
    for _ in range(int(chance.integers(1, 6))):
        place = int(chance.integers(0, len(broken)))
        match int(chance.integers(0, 5)):
            case 0:
                broken[place] ^= 1 << int(chance.integers(0, 8))
            case 1:
                broken[place] = int(chance.integers(0, 256))
            case 2:
                del broken[place + 1 : place + int(chance.integers(2, 10))]
            case 3:
                broken[place:place] = broken[place : place + int(chance.integers(1, 90))]
            case _:
                del broken[place + 1 :]
    return bytes(broken)


@pytest.mark.hazard("D7", "D9")
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("banded", [True, False])
def test_damaged_frames_never_raise_and_never_make_an_absurd_price(banded: bool) -> None:
    chance = np.random.default_rng(2_026)
    counts = FeedCounts()
    ticks: list[Tick] = []
    for _ in range(EPISODES):
        gates = {topic: PriceGate(each, ticks.append, counts) for topic, each in instruments(banded).items()}
        decoder = FrameDecoder(GatedTopics(gates, counts, lambda symbol, why: None), counts)
        decoder.decode(data_frames(1, snapshots())[0], HEARD_AT)
        for number in range(1, DAMAGED_PER_EPISODE + 1):
            decoder.decode(damaged(chance, traffic(chance, number)), HEARD_AT)
    assert [tick for tick in ticks if not is_possible(tick)] == []
    assert len(ticks) > EPISODES * 3, "so much was refused that nothing was tested"
    assert min(counts.truncated, counts.unreadable, counts.unbound, counts.mismatched, counts.out_of_range) > 50


def is_possible(tick: Tick) -> bool:
    """Whether a tick is on the grid, not in the future, and within a fifth of a close that is itself within a fifth."""
    close = CLOSES[tick.symbol.removeprefix("NSE:")]
    touches = [price for price in (tick.bid, tick.ask) if price]
    inside = all(close * 0.64 <= price <= close * 1.44 and price % 5 == 0 for price in (tick.ltp, *touches))
    return inside and 0 < tick.at <= HEARD_AT + AHEAD and tick.volume >= 0


def test_pure_noise_never_raises() -> None:
    chance = np.random.default_rng(7)
    counts = FeedCounts()
    decoder = FrameDecoder(GatedTopics({}, counts, lambda symbol, why: None), counts)
    for size in chance.integers(0, 300, 20_000).tolist():
        noise = bytearray(chance.bytes(size))
        noise[9:10] = b"SUL"[size % 3 : size % 3 + 1]
        decoder.decode(bytes(noise), HEARD_AT)
    assert counts.truncated > 1_000
