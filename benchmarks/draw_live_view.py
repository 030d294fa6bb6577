"""Draw the picture of the live view that the README shows: a real moment of the day that `make run` trades.

The bot trades in this process against the simulator in another. The moment is the first after half past ten at which
every symbol has a position with its stop at the broker and a trade is done; then the bot is stopped. It needs the
default model (`make run` trains it).

    python benchmarks/draw_live_view.py [--to FILE] [--speed 360]
"""

import argparse
import io
import logging
import os
import re
from collections.abc import Sequence
from datetime import time
from pathlib import Path

from rich.console import Console

from cli import DEMO_DAY, DEMO_SPEED
from core.instants import instant_at
from market_data.calendar import NseCalendar
from runtime.atomic_files import write_text
from runtime.clock import clock_of
from runtime.configuration import load_settings
from runtime.logs import set_up_logs
from runtime.service_notice import ServiceNotice
from runtime.settings import Settings
from trading.desk import Habits
from trading.kernel import Kernel
from trading.live_frame import frame
from trading.live_view import RecentLines
from trading.observer import snapshot_of
from trading.rehearsal import bot_environment, sign_in, simulator_process
from trading.rehearsal_plan import new_run
from trading.snapshot import LiveSnapshot
from trading.wiring import Wiring

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "live_view.svg"
NOT_BEFORE = instant_at(DEMO_DAY, time(10, 30))
WIDTH, HEIGHT = 110, 40


def save_picture(snapshot: LiveSnapshot, path: Path) -> None:
    """Save what a terminal would show of a moment as an SVG file. Raises `StorageError`.

    The file loads nothing from elsewhere: rich's links to a font server are taken out, and spaces are kept for drawing
    programs that would drop them.
    """
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(frame(snapshot, WIDTH, HEIGHT))
    drawing = console.export_svg(title="make run", unique_id="fyersbot")
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)
    write_text(path, drawing.replace("<svg ", '<svg xml:space="preserve" ', 1))


def is_telling(snapshot: LiveSnapshot) -> bool:
    """Whether there is something to see: all positions open and protected, and a trade done before."""
    positions = [view.position for view in snapshot.symbols]
    all_held = all(position is not None and position.is_protected for position in positions)
    return all_held and snapshot.trades > 0 and snapshot.at >= NOT_BEFORE


def draw(settings: Settings, path: Path) -> bool:
    """Trade until there is something to see, and save it; False when the day had no such moment."""
    clock = clock_of(settings.clock)
    drawn: list[LiveSnapshot] = []

    def look(kernel: Kernel) -> None:
        snapshot = snapshot_of(kernel, clock.now(), recent.lines, is_rehearsal=True)
        if not drawn and is_telling(snapshot):
            drawn.append(snapshot)
            trader.request_stop("the picture is taken")

    with set_up_logs(settings, clock, console=False) as logs:
        wiring = Wiring(settings, clock, NseCalendar.of(settings), logs.redactor.add)
        recent = RecentLines(logs.redactor)
        logging.getLogger("trading").addHandler(recent)
        habits = Habits(timeframe=settings.timeframe, flatten_on_stop=False, days=1)
        trader = wiring.trader(habits, look, lambda _kernel: None, ServiceNotice({}))
        trader.run()
    for snapshot in drawn:
        save_picture(snapshot, path)
    return bool(drawn)


def main(arguments: Sequence[str] | None = None) -> None:
    """Start the simulator, sign in, trade, draw."""
    parser = argparse.ArgumentParser(description="Draw a moment of `make run`.")
    parser.add_argument("--to", type=Path, default=PICTURE)
    parser.add_argument("--speed", type=float, default=DEMO_SPEED)
    wanted = parser.parse_args(arguments)
    settings = load_settings()
    plan = new_run(NseCalendar.of(settings), DEMO_DAY, wanted.speed, settings.timeframe)
    with simulator_process(plan) as (endpoints, _):
        os.environ.update(bot_environment(plan, endpoints))
        os.environ["FYERSBOT__PATHS__LOGS"] = str(plan.folder / "logs")
        sign_in(os.environ)
        if not draw(load_settings(None, {"mode": "live"}), wanted.to):
            raise SystemExit("the day had no such moment; draw it again")
    print(f"the picture is in {wanted.to}")


if __name__ == "__main__":
    main()
