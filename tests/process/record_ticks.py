"""Records ticks in the file named on the command line at a steady pace, and says the number of each when it is taken.

Killed at any moment. Each tick's volume is its number.
"""

import os
import sys
import time
from datetime import date
from datetime import time as day_time
from pathlib import Path

from core.instants import instant_at
from core.market import Tick
from market_data.ticks.tick_recorder import SqliteTickRecorder

DAY = date(2026, 1, 6)
OPEN = instant_at(DAY, day_time(9, 15))
SYMBOLS = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
A_SECOND = 2_000
_AT_ONCE = 20


def main() -> None:
    recorder = SqliteTickRecorder(Path(sys.argv[1]), DAY, dict.fromkeys(SYMBOLS, 2))
    number, due = 0, time.monotonic()
    while True:
        for _ in range(_AT_ONCE):
            number += 1
            recorder.take(Tick(SYMBOLS[number % 2], OPEN, 80_000, 79_995, 80_005, number), OPEN + number * 1_000)
        os.write(1, b"%d %d\n" % (number, time.monotonic_ns()))
        due += _AT_ONCE / A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
