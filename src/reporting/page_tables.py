"""The tables of the tear sheet, as HTML."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from core.market import Side
from core.positions import Trade
from reporting.analysis import Analysis
from reporting.breakdowns import Dimension, TradeGroup
from reporting.drawing import number
from reporting.figures import NOT_AVAILABLE, Figure, Form, text_of
from reporting.monte_carlo import PERCENTILES, MonteCarlo
from reporting.summary import summary
from reporting.trade_statistics import TradeStatistics
from trading.rupee_text import short_symbol

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BAR = 130
_STRONG = 85
"""Per cent of colour in the month that moved most."""


def tone(value: int | float | None) -> str:
    """Return the class of a gain, a loss, or neither."""
    if not value:
        return "none"
    return "gain" if value > 0 else "pain"


def figure_cell(figure: Figure) -> str:
    """Return the cell of a figure, in colour where its sign matters."""
    is_signed = figure.form in {Form.PROFIT, Form.CHANGE} and isinstance(figure.value, int | float)
    look = tone(figure.value) if is_signed and not isinstance(figure.value, str) else ""
    return cell(figure.text, look or ("none" if figure.value is None else ""))


def summary_tables(analysis: Analysis) -> Iterator[str]:
    """Yield a table for each section of the summary."""
    for section in summary(analysis):
        rows = "".join(f"<tr><td>{escape(each.label)}</td>{figure_cell(each)}</tr>" for each in section.figures)
        yield f"<div><h3>{escape(section.title)}</h3><table>{rows}</table></div>"


def breakdown_table(dimension: Dimension, groups: Sequence[TradeGroup], total: TradeStatistics) -> str:
    """Return a table of groups, each with a bar of its profit."""
    names = ("Trades", "Win %", "Total profit", "Avg profit", "Profit factor", "Charges", "Avg duration")
    header = f"<th>{dimension.value.partition(' of ')[0].capitalize()}</th><th></th>"
    header += "".join(f'<th class="n">{name}</th>' for name in names)
    widest = max((abs(group.statistics.net) for group in groups), default=0)
    rows = "".join(
        f"<tr><td>{escape(short_symbol(group.name) if dimension is Dimension.SYMBOL else group.name)}</td>"
        f'<td class="bar">{_bar(group.statistics.net, widest)}</td>{_statistics_cells(group.statistics)}</tr>'
        for group in groups
    )
    if len(groups) > 1:
        rows += f'<tr class="total"><td>Total</td><td></td>{_statistics_cells(total)}</tr>'
    return f'<div class="scroll"><h3>By {dimension.value}</h3><table><tr>{header}</tr>{rows}</table></div>'


def month_table(returns: Mapping[tuple[int, int], float]) -> str:
    """Return the heat map of months: a row a year, and what the year came to."""
    widest = max((abs(each) for each in returns.values()), default=0.0)
    header = "<th></th>" + "".join(f"<th>{name}</th>" for name in (*_MONTHS, "Year"))
    rows = ""
    for year in sorted({year for year, _ in returns}):
        cells, growth = "", 1.0
        for month in range(1, 13):
            value = returns.get((year, month))
            growth *= 1.0 + (value or 0.0)
            cells += "<td></td>" if value is None else _month_cell(value, widest)
        rows += f'<tr><th class="year">{year}</th>{cells}<td class="sum">{growth - 1.0:+.2%}</td></tr>'
    return f'<div class="scroll"><table class="months"><tr>{header}</tr>{rows}</table></div>'


def monte_carlo_table(drawn: Sequence[MonteCarlo]) -> str:
    """Return the percentiles of profit and drawdown."""
    header = "<th>Percentile</th>" + "".join(f'<th class="n">{each} %</th>' for each in PERCENTILES)
    rows = ""
    for each in drawn:
        way = each.resampling.value
        if len(set(each.profit)) > 1:
            cells = "".join(cell(text_of(value, Form.PROFIT), tone(value)) for value in each.profit)
            rows += f"<tr><td>Profit, {way}</td>{cells}</tr>"
        cells = "".join(cell(text_of(value, Form.SHARE)) for value in each.drawdown)
        rows += f"<tr><td>Max Drawdown, {way}</td>{cells}</tr>"
    return f'<div class="scroll"><table><tr>{header}</tr>{rows}</table></div>'


def pairs_table(title: str, pairs: Mapping[str, object]) -> str:
    """Return names and values as a table; nothing where there are none."""
    if not pairs:
        return ""
    rows = "".join(f"<tr><td>{escape(name)}</td>{cell(str(value))}</tr>" for name, value in pairs.items())
    return f"<div><h3>{escape(title)}</h3><table>{rows}</table></div>"


def trade_table(trades: Sequence[Trade]) -> str:
    """Return trades, one a row."""
    names = ("Quantity", "Entry", "at", "Exit", "at", "Profit", "Charges")
    header = (
        "<th>Symbol</th><th>Side</th>" + "".join(f'<th class="n">{name}</th>' for name in names) + "<th>Reason</th>"
    )
    rows = "".join(
        f"<tr><td>{escape(short_symbol(trade.symbol))}</td><td>{'long' if trade.side is Side.BUY else 'short'}</td>"
        f"{cell(f'{trade.quantity:,}')}{cell(text_of(trade.entry_at, Form.INSTANT))}"
        f"{cell(f'{trade.entry_price / 100:,.2f}')}{cell(text_of(trade.exit_at, Form.INSTANT))}"
        f"{cell(f'{trade.exit_price / 100:,.2f}')}{cell(text_of(trade.net, Form.PROFIT), tone(trade.net))}"
        f"{cell(text_of(trade.charges, Form.RUPEES))}<td>{escape(trade.exit_reason)}</td></tr>"
        for trade in trades
    )
    return f'<div class="scroll"><table><tr>{header}</tr>{rows}</table></div>'


def _statistics_cells(statistics: TradeStatistics) -> str:
    rate = statistics.win_rate
    return "".join(
        (
            cell(text_of(statistics.trades, Form.COUNT)),
            cell(NOT_AVAILABLE if rate is None else f"{rate:.1%}"),
            cell(text_of(statistics.net, Form.PROFIT), tone(statistics.net)),
            cell(text_of(statistics.expectancy, Form.PROFIT), tone(statistics.expectancy)),
            cell(text_of(statistics.profit_factor, Form.RATIO)),
            cell(text_of(statistics.charges, Form.RUPEES)),
            cell(text_of(statistics.holding, Form.DURATION)),
        )
    )


def _bar(value: int, widest: int) -> str:
    """Draw a profit to the right of the middle, a loss to the left."""
    middle = _BAR / 2
    length = abs(value) / widest * (middle - 2) if widest else 0.0
    left = middle if value > 0 else middle - length
    return (
        f'<svg viewBox="0 0 {_BAR} 12"><path class="grid" d="M{middle} 0V12"/>'
        f'<rect class="{"up" if value > 0 else "down"}" x="{number(left)}" y="2" width="{number(length)}" height="8" '
        'rx="1"/></svg>'
    )


def _month_cell(value: float, widest: float) -> str:
    much = round(_STRONG * abs(value) / widest) if widest else 0
    return f'<td class="{tone(value)}" style="--much:{much}%">{value:+.2%}</td>'


def cell(text: str, look: str = "") -> str:
    """Return a cell of a figure, in the look of a class of the page's style."""
    return f'<td class="n {look}">{escape(text)}</td>' if look else f'<td class="n">{escape(text)}</td>'
