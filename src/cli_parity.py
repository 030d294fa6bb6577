"""The verb that compares a traded day with its backtest; part of `fyersbot` like all others."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli_options import ConfigOption, JsonOption, calendar_of, settings_of

app = typer.Typer()


@app.command()
def parity(
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The traded day; none: the newest.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of a rehearsal, as data/runs/2026-01-06-001.")] = None,
    state: Annotated[Path | None, typer.Option(help="State folder of a bot; none: the settings'.")] = None,
    mode: Annotated[str | None, typer.Option(help="paper or live: whose log; none: the settings'.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="A candle file, or a folder, with the official candles; none: the archive's.")
    ] = None,
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
