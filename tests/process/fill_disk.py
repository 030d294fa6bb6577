"""Lives on the small disk named on the command line: fills it through the real writer, ends, and starts again."""

import sys
from contextlib import suppress
from pathlib import Path

from core import events
from core.errors import StorageError
from core.events import Command
from core.market import Side
from core.orders import OrderIntent, OrderType, Product, Purpose
from core.state import BotState
from trading.disk_watch import DiskReserve, DiskWatch
from trading.event_log import SqliteEventLog
from trading.kernel import Step
from trading.writer import Writer

INTENT = OrderIntent(
    tag="E",
    symbol="NSE:SBIN-EQ",
    side=Side.BUY,
    quantity=1,
    type=OrderType.LIMIT,
    limit_price=100,
    product=Product.INTRADAY,
    purpose=Purpose.ENTRY,
    reason="x" * 2_000,
)


class Eager:
    """A kernel that wants an order at every input, and remembers what it had."""

    def __init__(self) -> None:
        self.remembered = 0
        self.state = BotState()

    def restore(self, _event: events.Event) -> None:
        self.remembered += 1

    def handle(self, event: events.CommandGiven) -> Step:
        return Step((event, events.OrderIntended(at=event.at, intent=INTENT, plan=None)))


def main() -> None:
    folder = Path(sys.argv[1])
    reserve = DiskReserve(folder, megabytes=1, floor_mb=0)
    reserve.hold()
    assert (folder / "reserve").stat().st_blocks * 512 >= 1_000_000
    sent: list[object] = []
    log = SqliteEventLog(folder / "paper.sqlite")
    writer = Writer(Eager(), log, sent.append)
    asked, refused = 0, False
    while not refused:
        try:
            asked += 1
            writer.take(events.CommandGiven(at=asked, command=Command.HALT, why=""), asked)
        except StorageError:
            refused = True
    assert len(sent) == asked - 1, "an order went out that the log does not have"
    log.close()

    assert DiskWatch(folder, floor_mb=1).look(0)
    with suppress(StorageError):  # without the room given back nothing can be written
        again = SqliteEventLog(folder / "paper.sqlite")
        again.append([events.CommandGiven(at=0, command=Command.HALT, why="x" * 100_000)])
        raise SystemExit("a full disk took more")
    assert reserve.release()
    log = SqliteEventLog(folder / "paper.sqlite")
    kernel = Eager()
    writer = Writer(kernel, log, sent.append)
    writer.restore()
    assert kernel.remembered == 2 * len(sent), "what was acted on is not what is remembered"
    writer.take(events.CommandGiven(at=0, command=Command.HALT, why=""), 0)
    print(f"{len(sent)} orders, all of them written down before")


if __name__ == "__main__":
    main()
