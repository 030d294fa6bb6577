"""A run as one HTML file that loads nothing: pictures first, every table beneath, printable, by day and by night."""

import json
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from core.instants import ist_date
from core.positions import Trade
from reporting.analysis import Analysis
from reporting.candle_chart import candle_chart
from reporting.comparison import compare, notes_beside, run_label, run_name
from reporting.equity_charts import LEFT, RIGHT, WIDTH, drawdown_chart, equity_chart, histogram
from reporting.figures import Figure, Form, difference_text, text_of
from reporting.metrics import daily_closes, daily_returns, last_of_days, monthly_returns
from reporting.page_style import SCRIPT, STYLE
from reporting.page_tables import (
    breakdown_table,
    figure_cell,
    monte_carlo_table,
    month_table,
    pairs_table,
    summary_tables,
    tone,
    trade_table,
)
from reporting.run_record import RunRecord, SymbolCandles
from runtime.charge_page import BILL_LINES
from trading.rupee_text import rupees, short_symbol, signed_rupees

_MOST_CHARTS = 12
_OPEN_CHARTS = 2
_MOST_TRADES = 500
_MOST_GROUPS = 24
"""Longer tables are folded."""


def tear_sheet(analysis: Analysis, others: Sequence[Analysis] = ()) -> str:
    """Return the page of a run; others are laid beside it in a section of their own."""
    return "\n".join(_page(analysis, others)) + "\n"


def _page(analysis: Analysis, others: Sequence[Analysis]) -> Iterator[str]:
    record = analysis.record
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(record.facts.strategy)}, {record.run_id}</title><style>{STYLE}</style></head><body>"
    yield from _header(record)
    yield f'<div class="tiles">{"".join(_tiles(analysis))}</div>'
    if len(record.at):
        yield _curves(record)
    if others:
        yield _comparison((analysis, *others))
    if len(record.at):
        yield from _returns(record)
    yield from _breakdowns(analysis)
    yield from _candles(record)
    yield f'<section><h2>Summary</h2><div class="flow">{"".join(summary_tables(analysis))}</div></section>'
    yield from _chance(analysis)
    yield _conditions(record)
    yield from _trade_list(record.trades)
    yield f"<script>{SCRIPT}</script></body></html>"


def _header(record: RunRecord) -> Iterator[str]:
    facts = record.facts
    names = ", ".join(short_symbol(symbol) for symbol in facts.symbols[:8])
    more = f" and {len(facts.symbols) - 8} more" if len(facts.symbols) > 8 else ""
    yield f"<h1>{escape(facts.strategy)}</h1>"
    yield (
        f'<p class="soft">{escape(names)}{more} · {escape(facts.timeframe)} · {escape(facts.mode)} · '
        f"{ist_date(facts.first)} to {ist_date(facts.last)} · <code>{record.run_id}</code></p>"
    )
    for note in record.notes:
        yield f'<p class="note">{escape(note)}</p>'


def _tiles(analysis: Analysis) -> Iterator[str]:
    curve, trades = analysis.curve, analysis.trades
    for figure in (
        Figure("Profit", round(trades.net, -2), Form.PROFIT),
        Figure("Total profit %", curve.total_return, Form.CHANGE),
        Figure("CAGR %", curve.cagr, Form.CHANGE),
        Figure("Sharpe", curve.sharpe, Form.RATIO),
        Figure("Max Drawdown", curve.drawdown.share, Form.SHARE),
        Figure("Profit factor", trades.profit_factor, Form.RATIO),
        Figure("Win rate", trades.win_rate, Form.SHARE),
        Figure("Trades", trades.trades, Form.COUNT),
    ):
        is_signed = figure.form in {Form.PROFIT, Form.CHANGE} and isinstance(figure.value, int | float)
        look = f' class="{tone(figure.value)}"' if is_signed and not isinstance(figure.value, str) else ""
        text = escape(figure.text.removesuffix(".00")) if figure.form is Form.PROFIT else escape(figure.text)
        yield f'<div class="tile"><span class="soft">{figure.label}</span><b{look}>{text}</b></div>'


def _curves(record: RunRecord) -> str:
    """Draw equity and drawdown under one pointer; what it says of each session comes with the page."""
    capital, steps = record.facts.capital, last_of_days(record.at).tolist()
    peaks = np.maximum.accumulate(np.concatenate(([capital], record.equity)))[1:]
    words, before = [], capital
    for step in steps:
        equity = int(record.equity[step])
        fall = 1.0 - equity / int(peaks[step])
        words.append(
            f"{ist_date(int(record.at[step]))}   {rupees(equity)}   {signed_rupees(equity - before)}   "
            f"drawdown {fall:.2%}"
        )
        before = equity
    places = [round((step + 1) / len(record.at), 4) for step in steps]
    data = (
        f"data-group=\"curves\" data-rows='{json.dumps(words)}' data-places='{json.dumps(places)}' "
        f'data-left="{LEFT}" data-right="{WIDTH - RIGHT}"'
    )
    return (
        f'<section {data}><p class="reading"></p><h2>Equity</h2>{equity_chart(capital, record.at, record.equity)}'
        f'<h2 class="next">Drawdown</h2>{drawdown_chart(capital, record.at, record.equity)}</section>'
    )


def _returns(record: RunRecord) -> Iterator[str]:
    capital = record.facts.capital
    months = monthly_returns(capital, record.at, record.equity)
    yield f"<section><h2>Monthly returns</h2>{month_table(months)}</section>"
    _, closes = daily_closes(record.at, record.equity)
    returns = daily_returns(capital, closes)
    nets = np.array([trade.net for trade in record.trades], dtype=np.float64)
    pictures = [("Daily returns", histogram(returns, lambda share: text_of(share, Form.CHANGE), "Daily returns"))]
    if len(nets):
        form = _whole_rupees
        pictures.append(("Profit of trades", histogram(nets, form, "Profit of trades")))
    sections = "".join(f"<section><h2>{name}</h2>{picture}</section>" for name, picture in pictures)
    yield f'<div class="halves">{sections}</div>'


def _whole_rupees(paise: float) -> str:
    return signed_rupees(round(paise / 100) * 100).removesuffix(".00")


def _breakdowns(analysis: Analysis) -> Iterator[str]:
    tables = []
    for dimension, groups in analysis.groups.items():
        if groups:
            table = breakdown_table(dimension, groups, analysis.trades)
            folds = len(groups) > _MOST_GROUPS
            count = f"<summary>{len(groups):,} groups by {dimension.value}</summary>"
            tables.append(f"<details>{count}{table}</details>" if folds else table)
    if tables:
        yield f"<section><h2>Where it came from</h2>{'<br>'.join(tables)}</section>"


def _candles(record: RunRecord) -> Iterator[str]:
    """Draw the symbols that moved the result most."""
    moved = {market.symbol: 0 for market in record.markets}
    for trade in record.trades:
        if trade.symbol in moved:
            moved[trade.symbol] += abs(trade.net)
    markets = sorted(record.markets, key=lambda market: -moved[market.symbol])
    if not markets:
        return
    yield f'<section><h2>Candles with entries and exits</h2><p class="legend">{_candle_legend()}</p>'
    for place, market in enumerate(markets[:_MOST_CHARTS]):
        yield _market(market, record.trades, is_open=place < _OPEN_CHARTS)
    if len(markets) > _MOST_CHARTS:
        yield f'<p class="soft">The {_MOST_CHARTS} of {len(markets)} symbols that gained and lost most.</p>'
    yield "</section>"


def _market(market: SymbolCandles, trades: Sequence[Trade], *, is_open: bool) -> str:
    own = [trade for trade in trades if trade.symbol == market.symbol]
    first, last = ist_date(int(market.drawn.starts[0])), ist_date(int(market.drawn.starts[-1]))
    return (
        f'<details{" open" if is_open else ""} data-group="{escape(market.symbol)}"><summary>'
        f'<b>{escape(short_symbol(market.symbol))}</b> {first} to {last}<span class="reading"></span></summary>'
        f"{candle_chart(market.drawn, own, market.symbol)}</details>"
    )


def _candle_legend() -> str:
    marks = (
        ('<path class="entry" d="M7 2L12 12H2z"/>', "long entry"),
        ('<path class="entry" d="M7 12L12 2H2z"/>', "short entry"),
        ('<rect class="exit won" x="3" y="3" width="8" height="8"/>', "exit with a profit"),
        ('<rect class="exit lost" x="3" y="3" width="8" height="8"/>', "exit with a loss"),
    )
    return "".join(f'<span><svg viewBox="0 0 14 14">{mark}</svg>{what}</span>' for mark, what in marks)


def _chance(analysis: Analysis) -> Iterator[str]:
    if analysis.monte_carlo:
        yield (
            f"<section><h2>Monte Carlo over trades</h2>{monte_carlo_table(analysis.monte_carlo)}"
            f'<p class="soft">{analysis.monte_carlo[0].runs:,} runs each. Bootstrap draws as many trades with '
            "replacement, reshuffle puts the same ones in another order.</p></section>"
        )


def _conditions(record: RunRecord) -> str:
    facts, paid = record.facts, record.charges
    charges = {name: part for field, name in BILL_LINES.items() if (part := getattr(paid, field))}
    charges["Total"] = paid.total
    origin = {
        "Engine": f"{facts.engine}, {record.seconds:.2f} s",
        "Config": facts.config_hash[:12],
        "Data": facts.data_hash[:12],
        "Code": facts.code_version,
    }
    refusals = dict(sorted(record.refusals.items(), key=lambda each: (-each[1], each[0])))
    tables = (
        pairs_table("Charges", {name: text_of(value, Form.RUPEES) for name, value in charges.items()}),
        pairs_table("Parameters", facts.parameters),
        pairs_table("Assumptions of fills", facts.assumptions),
        pairs_table("Entries refused or lapsed", refusals),
        pairs_table("Made by", {name: value for name, value in origin.items() if value}),
    )
    return f'<section><h2>Conditions</h2><div class="columns">{"".join(tables)}</div></section>'


def _trade_list(trades: Sequence[Trade]) -> Iterator[str]:
    if trades:
        shown = trades[: -_MOST_TRADES - 1 : -1]
        what = "All" if len(shown) == len(trades) else f"The newest {len(shown):,} of"
        yield (
            f"<section><details><summary>{what} {len(trades):,} trades, the newest on top</summary>"
            f"{trade_table(shown)}</details></section>"
        )


def _comparison(analyses: Sequence[Analysis]) -> str:
    labels = [run_label(place) for place in range(len(analyses))]
    header = f'<th>Metric</th><th class="n">{labels[0]}</th>'
    header += "".join(f'<th class="n">{label}</th><th class="n">{label} - A</th>' for label in labels[1:])
    rows = ""
    for section in compare(analyses):
        for row in section.rows:
            cells = figure_cell(row.figures[0])
            for figure, difference in zip(row.figures[1:], row.differences, strict=True):
                text = difference_text(difference) if difference else ""
                cells += f'{figure_cell(figure)}<td class="n {tone(row.goodness(difference))}">{text}</td>'
            rows += f"<tr><td>{escape(row.label)}</td>{cells}</tr>"
    names = "".join(
        f'<p class="soft">{label}: {escape(run_name(each.record))}</p>'
        for label, each in zip(labels, analyses, strict=True)
    )
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in notes_beside(analyses))
    table = f'<div class="scroll"><table><tr>{header}</tr>{rows}</table></div>'
    return f"<section><h2>Comparison</h2>{names}{notes}{table}</section>"
