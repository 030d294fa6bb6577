"""What the verbs of `fyersbot` share: their common options and the settings behind them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from market_data.calendar import NseCalendar
    from runtime.settings import Settings

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="YAML settings; none: the defaults.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]

# What is traded on candles of the past.
StrategyOption = Annotated[str | None, typer.Option("--strategy", help="Name of the strategy; none: the settings'.")]
SymbolsOption = Annotated[
    list[str] | None,
    typer.Option("--symbols", help="Symbols between commas; repeat for more; none: the data's or settings'."),
]
TimeframeOption = Annotated[
    str | None, typer.Option("--timeframe", help="1m, 3m, 5m, 15m, 60m or D; none: as for symbols.")
]
TimerangeOption = Annotated[
    str | None,
    typer.Option("--timerange", help="Days, as 20230901-20240328, 20230901- or -20240328; none: all there are."),
]
ModeOption = Annotated[str | None, typer.Option("--mode", help="intraday or positional; none: positional for D only.")]
CapitalOption = Annotated[float | None, typer.Option("--capital", help="Rupees to trade with; none: risk.capital.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="A candle file, or a folder of them, instead of the store.")
]
HolesOption = Annotated[
    bool, typer.Option("--allow-holes", help="Trade candles of which more than a fifth are missing.")
]


# What a bot, or a rehearsal, has recorded.
RunOption = Annotated[Path | None, typer.Option("--run", help="Folder of a rehearsal, as data/runs/2026-01-06-001.")]
StateOption = Annotated[Path | None, typer.Option("--state", help="State folder of a bot; none: the settings'.")]
LogModeOption = Annotated[str | None, typer.Option("--mode", help="paper or live: whose log; none: the settings'.")]

# What is told of a backtest.
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write the tear sheet, a page that loads nothing, to this file.")
]


def settings_of(config: Path | None, overrides: dict[str, Any] | None = None) -> "Settings":
    """Load the settings a verb was given. Raises `ConfigurationError`."""
    from runtime.configuration import load_settings

    return load_settings(config, overrides)


def calendar_of(settings: "Settings | None" = None) -> "NseCalendar":
    """Return the calendar of some settings, or of the defaults. Raises `ConfigurationError`."""
    from market_data.calendar import NseCalendar

    return NseCalendar.of(settings or settings_of(None))
