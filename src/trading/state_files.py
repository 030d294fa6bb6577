"""Where the log and the tapes of a bot lie in its state folder: the bot writes them, replays and reports read them."""

from pathlib import Path

from runtime.settings import Mode


def log_path(state: Path, mode: Mode) -> Path:
    """Return the event log of a mode."""
    return state / f"{mode.value}.sqlite"


def tape_folder(state: Path, mode: Mode) -> Path:
    """Return the folder with the tick tapes of a mode, one of each day."""
    return state / f"{mode.value}.ticks"


def trading_log_path(state: Path) -> Path:
    """Return the tables that are filled from the event logs of both modes."""
    return state / "trading_log.sqlite"
