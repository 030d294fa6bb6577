"""The verbs that search for parameters. They are part of `fyersbot` like all others."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_options import (
    CapitalOption,
    ConfigOption,
    DataOption,
    HolesOption,
    JsonOption,
    ModeOption,
    StrategyOption,
    SymbolsOption,
    TimeframeOption,
    TimerangeOption,
)
from runtime.json_answer import print_json

if TYPE_CHECKING:
    from backtest.run_options import Wish

app = typer.Typer()

ParamOption = Annotated[
    list[str] | None, typer.Option("--param", help="A parameter that is not searched, as fast=9; repeat for more.")
]
SpacesOption = Annotated[
    list[str] | None, typer.Option("--spaces", help="What to search, of strategy, exits, sizing; none: strategy.")
]
RangeOption = Annotated[
    list[str] | None,
    typer.Option("--range", help="fast=5..20, fast=5..20:5 (steps) or fast=5,9,13; repeat for more."),
]
MethodOption = Annotated[
    str, typer.Option("--method", help="tpe goes where it was good before; grid tries everything.")
]
TrialsOption = Annotated[int, typer.Option("--trials", help="Combinations that tpe tries.")]
ObjectiveOption = Annotated[
    list[str] | None,
    typer.Option(
        "--objective", help="sharpe, sortino, calmar, profit, drawdown, profit_less_drawdown; several: Pareto."
    ),
]
MinTradesOption = Annotated[int, typer.Option("--min-trades", help="Fewer do not count.")]
MaxDrawdownOption = Annotated[float, typer.Option("--max-drawdown", help="Deeper does not count; 0.2 is 20 %.")]
PruneOption = Annotated[
    bool, typer.Option("--prune/--no-prune", help="Stop a trial of tpe that falls behind the median of the others.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The same gives the same search.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=0, help="0: one for each core; none: the settings'.")
]


@app.command()
def hyperopt(
    strategy: StrategyOption = None,
    param: ParamOption = None,
    spaces: SpacesOption = None,
    ranges: RangeOption = None,
    method: MethodOption = "tpe",
    trials: TrialsOption = 100,
    objective: ObjectiveOption = None,
    min_trades: MinTradesOption = 1,
    max_drawdown: MaxDrawdownOption = 1.0,
    prune: PruneOption = False,
    holdout_share: Annotated[float, typer.Option(help="Share of the sessions, the last, that is kept back.")] = 0.2,
    seed: SeedOption = 1,
    workers: WorkersOption = None,
    storage: Annotated[Path | None, typer.Option(help="A file that keeps the trials.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the trials of that file.")] = False,
    symbols: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    timerange: TimerangeOption = None,
    mode: ModeOption = None,
    capital: CapitalOption = None,
    data: DataOption = None,
    allow_holes: HolesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the parameters that did best, and say how far that may be luck."""
    from rich.console import Console

    from backtest.hyperopt.options import SearchWish
    from backtest.hyperopt.report import search_data, search_lines
    from backtest.hyperopt.verb import run_hyperopt

    wish = SearchWish(
        run=_run_wish(strategy, param, symbols, timeframe, timerange, mode, capital, data, allow_holes=allow_holes),
        spaces=tuple(spaces or ()),
        ranges=tuple(ranges or ()),
        method=method,
        trials=trials,
        objectives=tuple(objective or ()),
        min_trades=min_trades,
        max_drawdown=max_drawdown,
        prune=prune,
        seed=seed,
        workers=workers,
    )
    finished = run_hyperopt(wish, holdout_share, storage, config, Console(stderr=True), resume=resume)
    if as_json:
        print_json(search_data(finished))
    else:
        typer.echo("\n".join(search_lines(finished)))


@app.command("walk-forward")
def walk_forward_verb(
    strategy: StrategyOption = None,
    param: ParamOption = None,
    spaces: SpacesOption = None,
    ranges: RangeOption = None,
    scheme: Annotated[
        str, typer.Option(help="rolling keeps the training's length; anchored lets it grow.")
    ] = "rolling",
    train: Annotated[int, typer.Option(help="Sessions that choose.")] = 60,
    test: Annotated[int, typer.Option(help="Sessions that are traded with what was chosen.")] = 20,
    purge: Annotated[
        int | None, typer.Option(help="Sessions left out before the test; none: the longest holding.")
    ] = None,
    embargo: Annotated[int, typer.Option(help="Sessions left out on top of it.")] = 1,
    method: MethodOption = "tpe",
    trials: TrialsOption = 100,
    objective: ObjectiveOption = None,
    min_trades: MinTradesOption = 1,
    max_drawdown: MaxDrawdownOption = 1.0,
    prune: PruneOption = False,
    seed: SeedOption = 1,
    workers: WorkersOption = None,
    symbols: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    timerange: TimerangeOption = None,
    mode: ModeOption = None,
    capital: CapitalOption = None,
    data: DataOption = None,
    allow_holes: HolesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the best parameters again and again, and trade each time the sessions that came after."""
    from rich.console import Console

    from backtest.hyperopt.options import SearchWish, windows_of
    from backtest.hyperopt.walk_forward import walk_forward
    from backtest.hyperopt.walk_forward_report import walk_forward_data, walk_forward_lines

    wish = SearchWish(
        run=_run_wish(strategy, param, symbols, timeframe, timerange, mode, capital, data, allow_holes=allow_holes),
        spaces=tuple(spaces or ()),
        ranges=tuple(ranges or ()),
        method=method,
        trials=trials,
        objectives=tuple(objective or ()),
        min_trades=min_trades,
        max_drawdown=max_drawdown,
        prune=prune,
        seed=seed,
        workers=workers,
    )
    walked = walk_forward(
        wish, windows_of(scheme, train, test, purge or 0, embargo), purge, config, Console(stderr=True)
    )
    if as_json:
        print_json(walk_forward_data(walked))
    else:
        typer.echo("\n".join(walk_forward_lines(walked)))


def _run_wish(
    strategy: str | None,
    param: list[str] | None,
    symbols: list[str] | None,
    timeframe: str | None,
    timerange: str | None,
    mode: str | None,
    capital: float | None,
    data: Path | None,
    *,
    allow_holes: bool,
) -> "Wish":
    from backtest.run_options import Wish, names_in

    return Wish(
        strategy=strategy,
        params=tuple(param or ()),
        symbols=names_in(symbols or ()),
        timeframe=timeframe,
        timerange=timerange,
        mode=mode,
        capital=capital,
        data=data,
        allow_holes=allow_holes,
    )
