"""Lives on the small disk named on the command line: records until it is full, makes room, and archives onto it."""

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from datetime import time as day_time
from pathlib import Path

from core.errors import StorageError
from core.instants import instant_at
from core.market import Tick
from market_data.ticks import tick_recorder
from market_data.ticks.live_ticks import LiveTicks
from market_data.ticks.tick_archive import TickArchive
from market_data.ticks.tick_recorder import SqliteTickRecorder

DAY = date(2026, 1, 6)
OPEN = instant_at(DAY, day_time(9, 15))
SBIN = "NSE:SBIN-EQ"
PATIENCE = 30.0


class Heard(logging.Handler):
    """Keeps what was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def main() -> None:
    folder = Path(sys.argv[1])
    heard = Heard()
    logging.getLogger("market_data").addHandler(heard)
    logging.getLogger("market_data").setLevel(logging.INFO)
    tick_recorder.COMMIT_SECONDS, tick_recorder.RETRY_SECONDS = 0.02, 0.1
    filler = folder / "filler"
    filler.write_bytes(b"\0" * 3_000_000)
    path = folder / "live.sqlite"
    recorder = SqliteTickRecorder(path, DAY, {SBIN: 2}, most_waiting=5_000)
    number = 0
    while not heard.lines:
        number += 1
        recorder.take(Tick(SBIN, OPEN, 80_000 + number % 9 * 5, 0, 0, number), OPEN + number * 1_000)
        if number % 1_000 == 0:
            time.sleep(0.03)
    assert heard.lines[0].startswith("Ticks are not recorded: live ticks "), heard.lines
    assert "disk is full" in heard.lines[0], heard.lines
    filler.unlink()
    wait_for(lambda: len(heard.lines) > 1, "it did not go on when there was room")
    assert heard.lines[1].startswith("Ticks are recorded again"), heard.lines
    recorder.close()
    with LiveTicks(path) as live:
        [day] = live.days()
        assert day.ticks + day.lost == number, "a tick is neither kept nor counted"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"\0" * 4_096):
                pass  # until it is full to the last page
        complaint = ""
        try:
            TickArchive(folder / "archive").move_in(live, day)
        except StorageError as error:
            complaint = str(error)
        assert "No space left on device" in complaint, complaint
        assert live.days() == (day,)
        filler.unlink()
        TickArchive(folder / "archive").move_in(live, day)
    assert len(TickArchive(folder / "archive").read_ticks(SBIN, DAY)) == day.ticks
    print(f"{day.ticks} ticks, {day.lost} lost")


if __name__ == "__main__":
    main()
