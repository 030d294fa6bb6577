"""`fyersbot report` and `fyersbot runs`: what the options mean is decided here and nowhere else."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from core.errors import ConfigurationError
from reporting.analysis import Analysis, analyse
from reporting.comparison import comparison_data, comparison_text
from reporting.figures import Form, rupees_of, text_of
from reporting.report_data import report_data
from reporting.run_record import RunRecord
from reporting.run_store import KeptRun, RunStore
from reporting.tear_sheet import tear_sheet
from reporting.text_report import plain_table, profit_text, text_report
from runtime.atomic_files import write_text
from runtime.json_answer import print_json
from trading.rupee_text import short_symbol
from trading.state_files import trading_log_path

_NONE_YET = "{} holds no backtests yet; `fyersbot backtest` makes one"
_WIDE = 110
"""Columns from which on the list of runs has room for all it has."""


def print_report(state: Path, run_id: str | None, compared: Sequence[str], html: Path | None, *, as_json: bool) -> None:
    """Report a kept run again (none: the newest), beside others if asked.

    Raises `ConfigurationError` for a run that is not there.
    """
    records = _loaded(state, run_id, compared)
    show_report(records[0], records[1:], html, as_json=as_json)


def show_report(
    record: RunRecord,
    others: Sequence[RunRecord] = (),
    html: Path | None = None,
    *,
    as_json: bool,
) -> None:
    """Print the report of a run, and write its page if a file is named. Raises `StorageError` where that cannot be."""
    analysis, beside = analyse(record), [analyse(other) for other in others]
    if html:
        write_text(html, tear_sheet(analysis, beside))
    if as_json:
        print_json(_data(analysis, beside, html))
        return
    console = Console()
    content: list[RenderableType] = list(text_report(analysis, console.width))
    if beside:
        content.append(comparison_text((analysis, *beside)))
    for each in content:
        console.print(each)
    if html:
        console.print(Text(f"the page is in {html}"))


def print_runs(state: Path, *, as_json: bool) -> None:
    """List the kept runs, the oldest first."""
    runs = kept_runs(state)
    if as_json:
        print_json({"runs": list(map(_run_data, runs))})
    elif runs:
        console = Console()
        console.print(_runs_table(runs, console.width))
    else:
        Console().print(Text(_NONE_YET.format(trading_log_path(state))))


def keep_run(state: Path, record: RunRecord) -> None:
    """Keep a finished run in a state folder. Raises `StorageError`; nothing of it is kept then."""
    with closing(RunStore(trading_log_path(state))) as store:
        store.save(record)


def kept_runs(state: Path) -> tuple[KeptRun, ...]:
    """Return the kept runs of a state folder; none, and nothing made, where there is no file yet."""
    path = trading_log_path(state)
    if not path.exists():
        return ()
    with closing(RunStore(path)) as store:
        return store.runs()


def _loaded(state: Path, run_id: str | None, compared: Sequence[str]) -> list[RunRecord]:
    runs = kept_runs(state)
    if not runs:
        raise ConfigurationError(_NONE_YET.format(trading_log_path(state)))
    with closing(RunStore(trading_log_path(state))) as store:
        return [store.load(name) for name in (run_id or runs[-1].run_id, *compared)]


def _data(analysis: Analysis, beside: Sequence[Analysis], html: Path | None) -> dict[str, Any]:
    data = report_data(analysis, with_trades=True)
    if beside:
        data["compared_with"] = [report_data(each) for each in beside]
        data["comparison"] = comparison_data((analysis, *beside))
    if html:
        data["html"] = str(html)
    return data


def _run_data(run: KeptRun) -> dict[str, Any]:
    money = {name: rupees_of(getattr(run, name)) for name in ("capital", "net", "charges")}
    return asdict(run) | money


def _runs_table(runs: Sequence[KeptRun], width: int) -> RenderableType:
    is_wide = width >= _WIDE
    table = plain_table(
        "Run", "Trades", "Profit", "Strategy", "Symbols", *(("From", "To", "Total %") if is_wide else ())
    )
    table.columns[0].min_width = len(runs[0].run_id)  # it is what one copies
    table.columns[2].min_width = max(len(profit_text(run.net)) for run in runs)  # and a figure is shown whole
    for run in runs:
        symbols = short_symbol(run.symbols[0]) if len(run.symbols) == 1 else str(len(run.symbols))
        cells: list[str | Text] = [run.run_id, text_of(run.trades, Form.COUNT), profit_text(run.net), run.strategy]
        cells.append(f"{symbols} {run.timeframe}")
        if is_wide:
            cells += [text_of(at, Form.INSTANT)[:10] for at in (run.first, run.last)]
            cells.append(profit_text(run.net / run.capital, Form.CHANGE))
        table.add_row(*cells)
    return table
