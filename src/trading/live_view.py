"""The terminal's live view: the newest snapshot, drawn four times a second at most, on a thread of its own.

Nothing waits for it: the writer thread hands over a snapshot by one assignment. Where standard output is no terminal
it draws nothing, and the log lines speak alone.
"""

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from trading.broker_row import plain_text
from trading.live_frame import frame
from trading.snapshot import LiveSnapshot

FRAMES_PER_SECOND = 4
logger = logging.getLogger("trading.live_view")


class _Picture(Live):
    """A live display whose thread outlives whatever it cannot draw: that costs the picture, never the session."""

    def refresh(self) -> None:
        """Draw a frame, or leave it."""
        with suppress(OSError, ValueError):  # the terminal was closed, or does not know a character
            super().refresh()


class LiveView:
    """Start it, give it snapshots from any thread, stop it."""

    def __init__(self, console: Console | None = None) -> None:
        """Draw on a console; None: on standard output."""
        self._console = console or Console()
        self._snapshot: LiveSnapshot | None = None
        self._live: Live | None = None
        self._is_broken = False

    @property
    def is_visible(self) -> bool:
        """Whether there is a terminal to draw on."""
        return self._console.is_terminal

    @property
    def is_drawing(self) -> bool:
        """Whether it has the terminal to itself just now."""
        return self._live is not None

    def start(self) -> None:
        """Begin to draw; does nothing without a terminal, or when already drawing."""
        if not self.is_visible or self._live is not None:
            return
        self._live = _Picture(
            console=self._console, get_renderable=self._frame, refresh_per_second=FRAMES_PER_SECOND, transient=False
        )
        with suppress(OSError):  # a closed terminal costs the picture, never the session
            self._live.start()

    def update(self, snapshot: LiveSnapshot) -> None:
        """Make this the moment that the next frame shows."""
        self._snapshot = snapshot

    def stop(self) -> None:
        """Draw the last moment once more and leave it on the screen. Safe to call twice."""
        live, self._live = self._live, None
        if live is not None:
            with suppress(OSError):
                live.stop()

    def _frame(self) -> RenderableType:
        snapshot = self._snapshot
        if snapshot is None or self._is_broken:
            return Text("the picture cannot be drawn: see the log" if self._is_broken else "starting", "dim")
        try:
            return frame(snapshot, self._console.width, self._console.height)
        except Exception:  # the top of the thread that draws
            self._is_broken = True
            logger.exception("The live view cannot be drawn")
            return self._frame()


class RecentLines(logging.Handler):
    """The last lines of a logger it is added to, for the view."""

    def __init__(self, redact: Callable[[str], str], count: int = 5) -> None:
        """Keep so many lines, each cleaned of secrets by `redact`."""
        super().__init__()
        self._redact = redact
        self._lines: deque[str] = deque(maxlen=count)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a line; a message of several is joined into one."""
        self._lines.append(plain_text(" ".join(self._redact(self.format(record)).split())))

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines kept, oldest first."""
        self.acquire()
        try:
            return tuple(self._lines)
        finally:
            self.release()
