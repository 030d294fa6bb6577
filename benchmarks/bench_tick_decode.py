"""Tick decode: our checked decoder against the SDK's own parser, on the same frames in the same process.

Prints one JSON line of ratios (SDK time over ours, higher is better) with the microseconds behind them. The SDK makes
a dictionary per tick and checks nothing; ours makes a `Tick` of integers and checks every price.
"""

import json
import statistics
import struct
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.instants import SECOND
from core.market import Instrument, Tick
from trading.frame_decoder import ABSENT, FrameDecoder, GatedTopics
from trading.price_gate import FeedCounts, PriceGate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the SDK imports the deprecated pkg_resources
    from fyers_apiv3.FyersWebsocket.data_ws import FyersDataSocket

SYMBOLS = 50
UPDATES = 20_000
ROUNDS = 7
START = 1_795_150_000
LEAST_RATIO = 10


def topic(place: int) -> str:
    return f"sf|nse_cm|{2000 + place}"


def data_frame(items: Sequence[bytes]) -> bytes:
    return struct.pack(">HBIH", 0, 6, 1, len(items)) + b"".join(items)


def quote(place: int) -> list[int]:
    price = 100_000 + place * 500
    return [
        price, 10_000, START, START, 100, 120, price - 5, price + 5, 7, 9_000, 8_000,
        price, 0, price - 900, price + 900, 0, 0, 0, 0, price - 100, price - 300,
    ]  # fmt: skip


def snapshot(place: int) -> bytes:
    texts = (topic(place), "nse_cm", str(2000 + place), f"SYM{place}-EQ")
    name, *rest = (bytes([len(text)]) + text.encode() for text in texts)
    head = struct.pack(">BH", 83, 100 + place) + name + struct.pack(">B21i", 21, *quote(place))
    return head + struct.pack(">HHB", 0, 1, 2) + b"".join(rest)


def updates(dense: bool) -> list[bytes]:
    """Full-mode updates over all symbols in turn; `dense` restates all 21 fields, else the nine that trade."""
    chance = np.random.default_rng(7)
    frames = []
    for number in range(UPDATES):
        place = number % SYMBOLS
        fields = quote(place) if dense else [ABSENT] * 21
        price = 100_000 + place * 500 + int(chance.integers(-80, 81)) * 5
        sizes = [int(size) for size in chance.integers(1, 999, 3)]
        fields[:4] = [price, 10_001 + number, START + 1 + number // SYMBOLS, START + 1 + number // SYMBOLS]
        fields[4:9] = [sizes[0], sizes[1], price - 5, price + 5, sizes[2]]
        frames.append(struct.pack(">BHB21i", 85, 100 + place, 21, *fields))
    return frames


def ours(sink: Callable[[Tick], object]) -> Callable[[bytes], None]:
    counts = FeedCounts()
    instruments = {
        topic(place): Instrument(symbol=f"NSE:SYM{place}-EQ", token=f"1010000000{2000 + place}", tick=5)
        for place in range(SYMBOLS)
    }
    gates = {name: PriceGate(instrument, sink, counts) for name, instrument in instruments.items()}
    decoder = FrameDecoder(GatedTopics(gates, counts, print), counts)
    heard_at = (START + UPDATES) * SECOND
    return lambda frame: decoder.decode(frame, heard_at)


def theirs(sink: Callable[[object], object]) -> Callable[[bytes], None]:
    FyersDataSocket._instance = None  # it is a singleton that would keep the maps of the run before
    socket = FyersDataSocket(access_token="A:B", log_path=tempfile.mkdtemp(), on_message=sink)
    socket.symbol_token.update({topic(place): f"NSE:SYM{place}-EQ" for place in range(SYMBOLS)})
    parse: Callable[[bytes], None] = socket._FyersDataSocket__response_msg
    return parse


def microseconds(make: Callable[[Callable[[object], object]], Callable[[bytes], None]], frames: list[bytes]) -> float:
    ticks = 0

    def count(_tick: object) -> None:
        nonlocal ticks
        ticks += 1

    decode = make(count)
    for place in range(SYMBOLS):
        decode(data_frame([snapshot(place)]))
    ticks = 0
    began = time.perf_counter()
    for frame in frames:
        decode(frame)
    elapsed = time.perf_counter() - began
    if ticks != UPDATES:
        sys.exit(f"{make.__name__} delivered {ticks} of {UPDATES} ticks: the comparison is void")
    return elapsed / ticks * 1e6


def main() -> None:
    singles = {"changed_9_of_21": updates(dense=False), "all_21": updates(dense=True)}
    cases = {name: [data_frame([item]) for item in items] for name, items in singles.items()}
    items = singles["changed_9_of_21"]
    cases["50_per_frame"] = [data_frame(items[start : start + 50]) for start in range(0, UPDATES, 50)]
    result: dict[str, Any] = {"benchmark": "tick_decode", "symbols": SYMBOLS, "ticks": UPDATES, "rounds": ROUNDS}
    for name, frames in cases.items():
        pairs = [(microseconds(theirs, frames), microseconds(ours, frames)) for _ in range(ROUNDS)]
        result[name] = {
            "ratio": round(statistics.median(sdk / mine for sdk, mine in pairs), 1),
            "sdk_us": round(statistics.median(sdk for sdk, _ in pairs), 2),
            "ours_us": round(statistics.median(mine for _, mine in pairs), 2),
        }
    result["holds"] = all(result[name]["ratio"] >= LEAST_RATIO for name in cases)
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
