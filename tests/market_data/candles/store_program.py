"""Writes a series as another process would: `store_program.py ARCHIVE PRICE ROUNDS FIRST LAST [DIES_AT_FLUSH]`.

Every round puts all days with one price, in turn PRICE and PRICE + 1. With a number at the end, the program kills
itself instead of making that flush to the disk.
"""

import os
import signal
import sys
from datetime import date
from pathlib import Path

from store_candles import SERIES, candles

from market_data.candles.parquet_candles import ParquetCandleStore
from market_data.days import Days


def die_at_flush(number: int) -> None:
    flush, made = os.fsync, []

    def counted(handle: int) -> None:
        made.append(handle)
        if len(made) > number:
            os.kill(os.getpid(), signal.SIGKILL)
        flush(handle)

    os.fsync = counted


def main(archive: str, price: str, rounds: str, first: str, last: str, dies_at: str = "") -> None:
    days = Days(date.fromisoformat(first), date.fromisoformat(last))
    if dies_at:
        die_at_flush(int(dies_at))
    store = ParquetCandleStore(Path(archive))
    for number in range(int(rounds)):
        store.put(SERIES, days, candles(days, int(price) + number % 2))


if __name__ == "__main__":
    main(*sys.argv[1:])
