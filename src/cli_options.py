"""What the verbs of `fyersbot` share: their common options and the settings behind them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from market_data.calendar import NseCalendar
    from runtime.settings import Settings

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="YAML settings; none: the defaults.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


def settings_of(config: Path | None, overrides: dict[str, Any] | None = None) -> "Settings":
    """Load the settings a verb was given. Raises `ConfigurationError`."""
    from runtime.configuration import load_settings

    return load_settings(config, overrides)


def calendar_of(settings: "Settings | None" = None) -> "NseCalendar":
    """Return the calendar of some settings, or of the defaults. Raises `ConfigurationError`."""
    from market_data.calendar import NseCalendar

    return NseCalendar.of(settings or settings_of(None))
