"""The verbs of backtesting. They are part of `fyersbot` like all others."""

from pathlib import Path
from typing import Annotated

import typer

from cli_options import ConfigOption, JsonOption

app = typer.Typer()


@app.command("backtesting", hidden=True)
@app.command("backtest")
def backtest(
    strategy: Annotated[str | None, typer.Option(help="Name of the strategy; none: the settings'.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="A parameter of it, as fast=9; repeat for more.")] = None,
    symbols: Annotated[
        list[str] | None, typer.Option(help="Symbols between commas; repeat for more; none: the data's or settings'.")
    ] = None,
    timeframe: Annotated[str | None, typer.Option(help="1m, 3m, 5m, 15m, 60m or D; none: as for symbols.")] = None,
    timerange: Annotated[
        str | None, typer.Option(help="Days, as 20230901-20240328, 20230901- or -20240328; none: all there are.")
    ] = None,
    mode: Annotated[str | None, typer.Option(help="intraday or positional; none: positional for D only.")] = None,
    capital: Annotated[float | None, typer.Option(help="Rupees to trade with; none: risk.capital.")] = None,
    data: Annotated[Path | None, typer.Option(help="A candle file, or a folder of them, instead of the store.")] = None,
    engine: Annotated[str, typer.Option(help="event or fast; both give the same trades.")] = "event",
    ticks: Annotated[
        bool, typer.Option("--ticks", help="Watch recorded ticks inside the candles, where there are any.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write the tear sheet, a page that loads nothing, to this file.")
    ] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Do not keep the run.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trade a strategy on candles of the past, by the rules that trade live."""
    from rich.console import Console

    from backtest.progress import progress_bar
    from backtest.run import run_backtest
    from backtest.run_options import Wish
    from reporting.report_verb import keep_run, show_report

    wish = Wish(
        strategy=strategy,
        params=tuple(param or ()),
        symbols=tuple(name.strip() for each in symbols or () for name in each.split(",") if name.strip()),
        timeframe=timeframe,
        timerange=timerange,
        mode=mode,
        capital=capital,
        data=data,
        engine=engine,
        ticks=ticks,
    )
    with progress_bar(Console(stderr=True)) as progress:
        finished = run_backtest(wish, config, progress)
    if not no_store:
        keep_run(finished.settings.paths.state, finished.record)
    show_report(finished.record, html=html, as_json=as_json)
