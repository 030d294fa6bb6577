"""The verbs that search for parameters. They are part of `fyersbot` like all others."""

from pathlib import Path
from typing import Annotated

import typer

from cli_options import ConfigOption, JsonOption
from runtime.json_answer import print_json

app = typer.Typer()


@app.command()
def hyperopt(
    strategy: Annotated[str | None, typer.Option(help="Name of the strategy; none: the settings'.")] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="A parameter that is not searched, as fast=9; repeat for more.")
    ] = None,
    spaces: Annotated[
        list[str] | None, typer.Option(help="What to search, of strategy, exits, sizing; none: strategy.")
    ] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option("--range", help="fast=5..20, fast=5..20:5 (steps) or fast=5,9,13; repeat for more."),
    ] = None,
    method: Annotated[str, typer.Option(help="tpe goes where it was good before; grid tries everything.")] = "tpe",
    trials: Annotated[int, typer.Option(help="Combinations that tpe tries.")] = 100,
    objective: Annotated[
        list[str] | None,
        typer.Option(help="sharpe, sortino, calmar, profit, drawdown, profit_less_drawdown; several: Pareto."),
    ] = None,
    min_trades: Annotated[int, typer.Option(help="Fewer do not count.")] = 1,
    max_drawdown: Annotated[float, typer.Option(help="Deeper does not count; 0.2 is 20 %.")] = 1.0,
    holdout_share: Annotated[float, typer.Option(help="Share of the sessions, the last, that is kept back.")] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="The same gives the same search.")] = 1,
    workers: Annotated[int | None, typer.Option(min=0, help="0: one for each core; none: the settings'.")] = None,
    storage: Annotated[Path | None, typer.Option(help="A file that keeps the trials.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the trials of that file.")] = False,
    symbols: Annotated[list[str] | None, typer.Option(help="As for backtest; so for the next five.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="1m, 3m, 5m, 15m, 60m or D.")] = None,
    timerange: Annotated[str | None, typer.Option(help="Days, as 20230901-20240328.")] = None,
    mode: Annotated[str | None, typer.Option(help="intraday or positional.")] = None,
    capital: Annotated[float | None, typer.Option(help="Rupees to trade with.")] = None,
    data: Annotated[Path | None, typer.Option(help="A candle file, or a folder of them.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the parameters that did best, and say how far that may be luck."""
    from rich.console import Console

    from backtest.hyperopt.options import SearchWish
    from backtest.hyperopt.report import search_data, search_lines
    from backtest.hyperopt.verb import run_hyperopt
    from backtest.run_options import Wish

    run = Wish(
        strategy=strategy,
        params=tuple(param or ()),
        symbols=tuple(name.strip() for each in symbols or () for name in each.split(",") if name.strip()),
        timeframe=timeframe,
        timerange=timerange,
        mode=mode,
        capital=capital,
        data=data,
    )
    wish = SearchWish(
        run=run,
        spaces=tuple(spaces or ()),
        ranges=tuple(ranges or ()),
        method=method,
        trials=trials,
        objectives=tuple(objective or ()),
        min_trades=min_trades,
        max_drawdown=max_drawdown,
        seed=seed,
        workers=workers,
    )
    finished = run_hyperopt(wish, holdout_share, storage, config, Console(stderr=True), resume=resume)
    if as_json:
        print_json(search_data(finished))
    else:
        typer.echo("\n".join(search_lines(finished)))
