"""The report of a run in a terminal: tables by symbol, exit reason and time, then the summary."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reporting.analysis import Analysis
from reporting.breakdowns import Dimension, TradeGroup
from reporting.figures import NOT_AVAILABLE, Figure, Form, text_of
from reporting.monte_carlo import PERCENTILES, MonteCarlo
from reporting.summary import Section, summary
from reporting.trade_statistics import TradeStatistics
from trading.rupee_text import profit_style, short_symbol

FULL = 80
"""Columns below which tables leave out what can be worked out, or put under each other what stands beside."""
_WIDE = 110
"""Columns from which on tables show all they have, and the summary stands in two columns."""
_MOST_GROUPS = 24
"""Of hours, weekdays and months; longer tables are for the page."""
_SPLIT = "Win/Draw/Loss"
_NAMES = ("Trades", _SPLIT, "Win %", "Total profit", "Total %")
_WIDE_NAMES = ("Avg profit", "Profit factor", "Charges", "Avg duration")
_ALWAYS = (Dimension.SYMBOL, Dimension.EXIT_REASON, Dimension.SIDE)
_MORE = (Dimension.HOUR, Dimension.WEEKDAY, Dimension.MONTH)


def text_report(analysis: Analysis, width: int) -> Iterator[RenderableType]:
    """Yield what to print, for a terminal of so many columns (60 or more)."""
    capital = analysis.record.facts.capital
    for dimension in (*_ALWAYS, *_MORE):
        groups = analysis.groups[dimension]
        if len(groups) > _MOST_GROUPS and dimension in _MORE:
            yield titled(f"By {dimension.value}", Text(f"{len(groups):,} groups: on the page (--html)\n", "dim"))
        elif groups and (dimension in _ALWAYS or len(groups) > 1):
            yield _breakdown_table(dimension, groups, analysis.trades, capital, width)
    yield from _monte_carlo(analysis)
    yield from _refusals(analysis)
    yield _summary(analysis, width)
    for note in analysis.record.notes:
        yield Text(f"Note: {note}", "yellow")
    yield Text(_origin(analysis), "dim")


def profit_text(value: int | float | None, form: Form = Form.PROFIT) -> Text:
    """Write an amount or a share in the colour of its sign."""
    return Text(text_of(value, form), profit_style(value or 0))


def plain_table(first: str, *others: str) -> Table:
    """Return an empty table of the look that all of them share: names to the left, figures to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def titled(title: str, content: RenderableType) -> Group:
    """Put a title over something; a title of its own would wrap over a narrow table."""
    return Group(Text(title, "bold"), content)


def _breakdown_table(
    dimension: Dimension, groups: Sequence[TradeGroup], total: TradeStatistics, capital: int, width: int
) -> RenderableType:
    names = [name for name in (*_NAMES, *_WIDE_NAMES) if width >= _WIDE or name not in _WIDE_NAMES]
    if width < FULL:
        names.remove(_SPLIT)
    table = plain_table(dimension.value.partition(" of ")[0].capitalize(), *names)
    table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
    for group in groups:
        name = short_symbol(group.name) if dimension is Dimension.SYMBOL else group.name
        table.add_row(name, *map(_cells(group.statistics, capital).__getitem__, names))
    if len(groups) > 1:
        table.add_section()
        table.add_row("TOTAL", *map(_cells(total, capital).__getitem__, names), style="bold")
    return titled(f"By {dimension.value}", table)


def _cells(statistics: TradeStatistics, capital: int) -> dict[str, str | Text]:
    """Return all cells of a group, by the name of their column."""
    draws = statistics.trades - statistics.wins - statistics.losses
    cells = (
        text_of(statistics.trades, Form.COUNT),
        f"{statistics.wins:,}/{draws:,}/{statistics.losses:,}",
        f"{statistics.win_rate:.1%}" if statistics.win_rate is not None else NOT_AVAILABLE,
        profit_text(statistics.net),
        profit_text(statistics.net / capital, Form.CHANGE),
        profit_text(statistics.expectancy),
        text_of(statistics.profit_factor, Form.RATIO),
        text_of(statistics.charges, Form.RUPEES),
        text_of(statistics.holding, Form.DURATION),
    )
    return dict(zip((*_NAMES, *_WIDE_NAMES), cells, strict=True))


def _monte_carlo(analysis: Analysis) -> Iterator[RenderableType]:
    if not analysis.monte_carlo:
        return
    columns = dict(_percentiles(analysis.monte_carlo))
    table = plain_table("Percentile", *columns)
    for column in table.columns:
        column.no_wrap = False  # of the headings, which are longer than the figures
    for place, percentile in enumerate(PERCENTILES):
        table.add_row(f"{percentile} %", *(column[place] for column in columns.values()))
    yield titled(f"Monte Carlo over trades, {analysis.monte_carlo[0].runs:,} runs", table)


def _percentiles(drawn: Sequence[MonteCarlo]) -> Iterator[tuple[str, list[str | Text]]]:
    """Yield columns with their names: a profit that is the same in every run, as in another order, is left out."""
    for each in drawn:
        way = each.resampling.value
        if len(set(each.profit)) > 1:
            yield f"Profit, {way}", list(map(profit_text, each.profit))
        yield f"Drawdown, {way}", [text_of(fall, Form.SHARE) for fall in each.drawdown]


def _refusals(analysis: Analysis) -> Iterator[RenderableType]:
    refusals = sorted(analysis.record.refusals.items(), key=lambda each: (-each[1], each[0]))
    if not refusals:
        return
    table = plain_table("Code", "Times")
    for code, times in refusals:
        table.add_row(code, text_of(times, Form.COUNT))
    yield titled("Entries refused or lapsed", table)


def _summary(analysis: Analysis, width: int) -> RenderableType:
    sections = summary(analysis)
    if width < _WIDE:
        return titled("Summary", _summary_table(sections))
    return titled("Summary", Columns(list(map(_summary_table, _balanced(sections))), padding=(0, 6)))


def _balanced(sections: Sequence[Section]) -> tuple[Sequence[Section], Sequence[Section]]:
    """Cut sections in two of about the same height."""
    heights = [len(section.figures) + 1 for section in sections]
    cut = min(range(1, len(sections)), key=lambda each: abs(sum(heights[:each]) - sum(heights[each:])))
    return sections[:cut], sections[cut:]


def _summary_table(sections: Sequence[Section]) -> Table:
    table = plain_table("Metric", "Value")
    for section in sections:
        for figure in section.figures:
            table.add_row(figure.label, figure_text(figure))
        table.add_section()
    return table


def figure_text(figure: Figure) -> Text:
    """Write a figure, in colour where its sign matters."""
    if figure.form in {Form.PROFIT, Form.CHANGE} and isinstance(figure.value, int | float):
        return profit_text(figure.value, figure.form)
    return Text(figure.text, "dim" if figure.value is None else "")


def _origin(analysis: Analysis) -> str:
    facts, record = analysis.record.facts, analysis.record
    hashes = ((name, value[:12]) for name, value in (("config", facts.config_hash), ("data", facts.data_hash)))
    made_by = ", ".join(f"{name} {value}" for name, value in (*hashes, ("code", facts.code_version)) if value)
    return f"run {record.run_id}, {facts.engine} engine, {record.seconds:.2f} s" + (f"; {made_by}" if made_by else "")
