"""The verbs of backtesting. They are part of `fyersbot` like all others."""

from typing import Annotated

import typer

from cli_options import (
    CapitalOption,
    ConfigOption,
    DataOption,
    HolesOption,
    HtmlOption,
    JsonOption,
    ModeOption,
    StrategyOption,
    SymbolsOption,
    TimeframeOption,
    TimerangeOption,
)
from runtime.collection import seldom_collected

app = typer.Typer()


@app.command("backtesting", hidden=True)
@app.command("backtest")
@seldom_collected()
def backtest(
    strategy: StrategyOption = None,
    param: Annotated[list[str] | None, typer.Option(help="A parameter of it, as fast=9; repeat for more.")] = None,
    symbols: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    timerange: TimerangeOption = None,
    mode: ModeOption = None,
    capital: CapitalOption = None,
    data: DataOption = None,
    engine: Annotated[str, typer.Option(help="event or fast; both give the same trades.")] = "event",
    allow_holes: HolesOption = False,
    ticks: Annotated[
        bool, typer.Option("--ticks", help="Watch recorded ticks inside the candles, where there are any.")
    ] = False,
    html: HtmlOption = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Do not keep the run.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trade a strategy on candles of the past, by the rules that trade live."""
    from rich.console import Console

    from backtest.progress import progress_bar
    from backtest.run import run_backtest
    from backtest.run_options import Wish, names_in
    from reporting.report_verb import report_new_run

    wish = Wish(
        strategy=strategy,
        params=tuple(param or ()),
        symbols=names_in(symbols or ()),
        timeframe=timeframe,
        timerange=timerange,
        mode=mode,
        capital=capital,
        data=data,
        engine=engine,
        allow_holes=allow_holes,
        ticks=ticks,
    )
    with progress_bar(Console(stderr=True)) as progress:
        finished = run_backtest(wish, config, progress)
    state = None if no_store else finished.settings.paths.state
    report_new_run(state, finished.record, html, as_json=as_json)
