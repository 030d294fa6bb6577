"""The verbs of what was run before: its report again, and the list of all; part of `fyersbot` like all others."""

from typing import Annotated

import typer

from cli_options import ConfigOption, HtmlOption, JsonOption, settings_of

app = typer.Typer()


@app.command()
def report(
    run_id: Annotated[
        str | None, typer.Option("--run-id", help="Which run, as `fyersbot runs` lists it; none: the newest.")
    ] = None,
    compare: Annotated[
        list[str] | None, typer.Option("--compare", help="A run to lay beside it; repeat for more.")
    ] = None,
    html: HtmlOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report a backtest of before again, just as it was; or lay several side by side."""
    from reporting.report_verb import print_report

    print_report(settings_of(config).paths.state, run_id, tuple(compare or ()), html, as_json=as_json)


@app.command()
def runs(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the backtests that were kept, the oldest first."""
    from reporting.report_verb import print_runs

    print_runs(settings_of(config).paths.state, as_json=as_json)
