"""`fyersbot report` and `fyersbot runs`: what the options mean is decided here and nowhere else."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from core.errors import ConfigurationError
from core.instants import ist_date
from reporting.analysis import Analysis, analyse
from reporting.comparison import comparison_data, comparison_text
from reporting.figures import Form, rupees_of, text_of
from reporting.report_data import report_data
from reporting.run_record import RunRecord
from reporting.run_store import KeptRun, RunStore, keep_run
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
    analysis, *beside = map(analyse, _loaded(state, run_id, compared))
    if html:
        write_text(html, tear_sheet(analysis, beside))
    _show(analysis, beside, html, as_json=as_json)


def report_new_run(state: Path | None, record: RunRecord, html: Path | None, *, as_json: bool) -> None:
    """Write the page of a finished run, keep it in a state folder (None: not at all), and print its report.

    Raises `StorageError`; a run whose page cannot be written is not kept either. What cannot be kept is printed all
    the same: it may have taken minutes.
    """
    analysis = analyse(record)
    if html:
        write_text(html, tear_sheet(analysis))
    try:
        if state:
            keep_run(state, record)
    finally:
        _show(analysis, (), html, as_json=as_json)


def _show(analysis: Analysis, beside: Sequence[Analysis], html: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_data(analysis, beside, html))
        return
    console = Console()
    content: list[RenderableType] = list(text_report(analysis, console.width))
    if beside:
        content.append(comparison_text((analysis, *beside), console.width))
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
    """Return a run under the names that its report has, money in rupees."""
    data = asdict(run)
    money = {"capital": run.capital, "net_pnl": data.pop("net"), "charges": run.charges}
    days = {name: ist_date(data[name]).isoformat() for name in ("first", "last")}
    return data | days | {name: rupees_of(amount) for name, amount in money.items()}


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
