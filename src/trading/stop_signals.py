"""Who may ask this program to end: Ctrl-C, a service manager, a closed terminal, or the program that started it.

All of them mean the same, an end in good order; without this a closed terminal would end the bot where it stands.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable

_CHUNK = 1024


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals to take for a wish to end; SIGHUP is left alone where it is ignored, as under `nohup`."""
    wishes = (signal.SIGINT, signal.SIGTERM)
    return wishes if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (*wishes, signal.SIGHUP)


def when_input_ends(then: Callable[[], None]) -> None:
    """Call `then` from a thread of its own when standard input ends: its other end died, whatever killed it."""

    def wait() -> None:
        # Not sys.stdin.read: its lock, held by a thread that waits, would spoil the end of the interpreter.
        while os.read(descriptor, _CHUNK):
            pass
        then()

    descriptor = sys.stdin.fileno()
    threading.Thread(target=wait, name="input", daemon=True).start()
