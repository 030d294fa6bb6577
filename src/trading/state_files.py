"""Where the log and the tapes of a bot lie in its state folder: the bot writes them, replays and reports read them."""

from pathlib import Path

from core.errors import ConfigurationError
from runtime.settings import Mode


def log_path(state: Path, mode: Mode) -> Path:
    """Return the event log of a mode."""
    return state / f"{mode.value}.sqlite"


def existing_logs(state: Path, mode: Mode | None = None) -> list[Path]:
    """Return the event logs that there are, of a mode or of all."""
    modes = tuple(Mode) if mode is None else (mode,)
    return [path for each in modes if (path := log_path(state, each)).exists()]


def no_bot_has_run(state: Path, mode: Mode | None) -> ConfigurationError:
    """Return the error for a state folder without a log of a mode, or without any."""
    kind = f"{mode.value} bot" if mode else "bot"
    return ConfigurationError(
        f"no {kind} has run on {state}; run this in the bot's own folder, or name its settings with --config"
    )


def tape_folder(state: Path, mode: Mode) -> Path:
    """Return the folder with the tick tapes of a mode, one of each day."""
    return state / f"{mode.value}.ticks"


def trading_log_path(state: Path) -> Path:
    """Return the tables that are filled from the event logs of both modes."""
    return state / "trading_log.sqlite"
