"""The verbs that compare a recorded day with what a backtest makes of it; part of `fyersbot` like all others."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli_options import ConfigOption, JsonOption, LogModeOption, RunOption, StateOption, calendar_of, settings_of

app = typer.Typer()

DayOption = Annotated[
    datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The traded day; none: the newest.")
]
OfficialOption = Annotated[
    Path | None,
    typer.Option("--data", help="A candle file, or a folder, with the official candles; none: the archive's."),
]


@app.command()
def parity(
    day: DayOption = None,
    run: RunOption = None,
    state: StateOption = None,
    mode: LogModeOption = None,
    data: OfficialOption = None,
    budget: Annotated[str, typer.Option(help="Rupees that may stay unexplained.")] = "0",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trade a recorded day again as a backtest, and say cause by cause where the rupees in between went."""
    from backtest.parity.receipt_verb import print_parity, request_of

    settings = settings_of(config)
    request = request_of(
        settings, run=run, state=state, mode=mode, day=day.date() if day else None, data=data, budget=budget
    )
    raise SystemExit(print_parity(request, settings, calendar_of(settings), as_json=as_json))


@app.command()
def skew(
    day: DayOption = None,
    run: RunOption = None,
    state: StateOption = None,
    mode: LogModeOption = None,
    data: OfficialOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the features of a recorded day again in batch, and name each feature and decision that differs."""
    from backtest.skew.skew_verb import SkewRequest, print_skew
    from trading.recorded_bot import RecordedBot

    settings = settings_of(config)
    bot = RecordedBot.named(settings, run=run, state=state, mode=mode)
    request = SkewRequest(bot=bot, day=day.date() if day else None, data=data)
    raise SystemExit(print_skew(request, settings, calendar_of(settings), as_json=as_json))
