"""The verb that trains a model; part of `fyersbot`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_options import (
    ConfigOption,
    JsonOption,
    SymbolsOption,
    TimeframeOption,
    TimerangeOption,
    calendar_of,
    settings_of,
)
from runtime.json_answer import print_json

if TYPE_CHECKING:
    from runtime.settings import Settings
    from training.data_wish import DataWish
    from training.recipe import Recipe

app = typer.Typer()


@app.command()
def train(
    config: ConfigOption = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(help="`store`, or a parquet file, repeated for more; none: the simulator's market."),
    ] = None,
    symbols: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    timerange: TimerangeOption = None,
    allow_holes: Annotated[
        bool, typer.Option("--allow-holes", help="Train on candles of which more than a fifth are missing.")
    ] = False,
    name: Annotated[str, typer.Option(help="Name of the model.")] = "default",
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="logistic, forest, boosting or lightgbm, as forest:trees=100; repeat to compare; none: forest."
        ),
    ] = None,
    folds: Annotated[int, typer.Option(help="Tests, one after the other; the first calibrates the second.")] = 5,
    first_share: Annotated[float, typer.Option(help="Share of the sessions before the first test.")] = 0.3,
    scheme: Annotated[
        str, typer.Option(help="anchored lets the part to fit grow; rolling keeps its length.")
    ] = "anchored",
    embargo_days: Annotated[
        float, typer.Option(help="Days before a test in which no label may become known that teaches for it.")
    ] = 0,
    calibration: Annotated[str, typer.Option(help="sigmoid, isotonic (for many rows) or none.")] = "sigmoid",
    shuffles: Annotated[int, typer.Option(help="Baselines with shuffled labels.")] = 5,
    earlier_trials: Annotated[int, typer.Option(help="Ways to train that were tried on this data elsewhere.")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same gives the same model.")] = 7,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; none: one for each core.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model, judge it fold by fold, and write its verified bundle to models/<name>/<version>/."""
    from training.data_wish import DataWish
    from training.recipe_options import RecipeWish
    from training.training_report import note_lines, report_data, report_lines

    wish = RecipeWish(
        models=tuple(model or ()),
        folds=folds,
        first_share=first_share,
        scheme=scheme,
        embargo_days=embargo_days,
        calibration=calibration,
        shuffles=shuffles,
        earlier_trials=earlier_trials,
        seed=seed,
    )
    candles = DataWish.of(data or (), symbols or (), timeframe, timerange, allow_holes=allow_holes)
    bundle = trained(settings_of(config), name, candles, wish.recipe(), jobs)
    if as_json:
        print_json(report_data(name, bundle))
    else:
        typer.echo("\n".join(report_lines(bundle)))
        for each in note_lines(bundle):
            typer.echo(each, err=True)


def trained(settings: "Settings", name: str, data: "DataWish", recipe: "Recipe", jobs: int | None = None) -> Path:
    """Train for the trades of these settings; return the folder of the version."""
    from training.train import TrainingOptions, train_model

    options = TrainingOptions.of(settings, name=name, data=data, recipe=recipe, jobs=jobs or os.cpu_count() or 1)
    return train_model(options, calendar_of(settings))
