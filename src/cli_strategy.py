"""The verbs of strategies: which there are, and whether one is honest. They are part of `fyersbot` like all others."""

from typing import Annotated

import typer

from cli_options import ConfigOption, JsonOption, calendar_of, settings_of
from runtime.json_answer import print_json

app = typer.Typer()


@app.command("list-strategies")
def list_strategies(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the strategies there are, each with its parameters: type, default and limits."""
    from strategies.listing import listing_data, listing_lines

    folder = settings_of(config).strategy.folder
    if as_json:
        print_json({"strategies": listing_data(folder)})
    else:
        typer.echo("\n".join(listing_lines(folder)))


@app.command("check-strategy")
def check_strategy(
    name: Annotated[str, typer.Argument(help="Name of a strategy, or a file as strategies/mine.py.")],
    param: Annotated[list[str] | None, typer.Option("--param", help="A parameter, as fast=5; repeat for more.")] = None,
    data: Annotated[
        str | None, typer.Option(help="A candle file, a folder of them, or `store`; none: a generated market.")
    ] = None,
    symbols: Annotated[
        list[str] | None,
        typer.Option(help="Symbols between commas; none: the data's, or the settings' first."),
    ] = None,
    timeframe: Annotated[str | None, typer.Option(help="1m, 3m, 5m, 15m, 60m or D; none: the settings'.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that a strategy knows only what was knowable, or say where it does not; red ends with 1."""
    from rich.console import Console

    from backtest.run_options import names_in
    from backtest.strategy_check.report import report_data, report_lines
    from market_data.candles.timeframe_option import chosen_timeframe
    from training.progress import progress_bar
    from training.strategy_check import check_named, ground_of, with_strategy

    settings = with_strategy(settings_of(config), name, param or ())
    calendar = calendar_of(settings)
    length = chosen_timeframe(timeframe) if timeframe else None
    with progress_bar(Console(stderr=True), "checking") as progress:
        ground = ground_of(settings, calendar, data, names_in(symbols or ()), length)
        results = check_named(settings, calendar, ground, progress)
    if as_json:
        print_json(report_data(name, results))
    else:
        typer.echo("\n".join(report_lines(name, results, settings.history.candles)))
    raise SystemExit(0 if all(each.ok for each in results) else 1)
