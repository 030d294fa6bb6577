"""The summary of a run, under the names that users of other backtesters know; text, page and comparison show it."""

from collections.abc import Callable
from dataclasses import dataclass

from reporting.analysis import Analysis
from reporting.breakdowns import Dimension
from reporting.figures import Better, Figure, Form, text_of
from reporting.metrics import DayResult
from trading.rupee_text import short_symbol


@dataclass(frozen=True, slots=True)
class Section:
    """Some figures that belong together."""

    title: str
    figures: tuple[Figure, ...]


def summary(analysis: Analysis) -> tuple[Section, ...]:
    """Return all sections of the summary, each with the same figures for every run."""
    parts: tuple[tuple[str, Callable[[Analysis], tuple[Figure, ...]]], ...] = (
        ("Run", _run),
        ("Result", _result),
        ("Risk", _risk),
        ("Trades", _trades),
        ("Days", _days),
    )
    return tuple(Section(title, figures(analysis)) for title, figures in parts)


def _run(analysis: Analysis) -> tuple[Figure, ...]:
    facts = analysis.record.facts
    return (
        Figure("Strategy", facts.strategy, Form.TEXT),
        Figure("Symbols", len(facts.symbols), Form.COUNT, Better.NEITHER),
        Figure("Timeframe", facts.timeframe, Form.TEXT),
        Figure("Trading mode", facts.mode, Form.TEXT),
        Figure("Backtesting from", facts.first, Form.INSTANT),
        Figure("Backtesting to", facts.last, Form.INSTANT),
        Figure("Sessions", analysis.curve.sessions, Form.COUNT, Better.NEITHER),
        Figure("Candles", analysis.record.candles, Form.COUNT, Better.NEITHER),
        Figure("Market change", analysis.market_change, Form.CHANGE, Better.NEITHER),
    )


def _result(analysis: Analysis) -> tuple[Figure, ...]:
    curve, trades = analysis.curve, analysis.trades
    return (
        Figure("Starting balance", analysis.record.facts.capital, Form.RUPEES, Better.NEITHER),
        Figure("Final balance", curve.final, Form.RUPEES),
        Figure("Absolute profit", trades.net, Form.PROFIT),
        Figure("Total profit %", curve.total_return, Form.CHANGE),
        Figure("CAGR %", curve.cagr, Form.CHANGE),
        Figure("Sharpe", curve.sharpe, Form.RATIO),
        Figure("Sortino", curve.sortino, Form.RATIO),
        Figure("Calmar", curve.calmar, Form.RATIO),
        Figure("SQN", trades.system_quality, Form.RATIO),
        Figure("Profit factor", trades.profit_factor, Form.RATIO),
        Figure("Expectancy", trades.expectancy, Form.PROFIT),
        Figure("Expectancy ratio", trades.expectancy_ratio, Form.RATIO),
        Figure("Probability Sharpe > 0", analysis.probabilistic_sharpe, Form.SHARE),
        Figure("Profit before charges", trades.gross, Form.PROFIT),
        Figure("Charges", trades.charges, Form.RUPEES, Better.LOWER),
    )


def _risk(analysis: Analysis) -> tuple[Figure, ...]:
    curve, fall = analysis.curve, analysis.curve.drawdown
    return (
        Figure("Max Drawdown", fall.share, Form.SHARE, Better.LOWER),
        Figure("Absolute drawdown", fall.money, Form.RUPEES, Better.LOWER),
        Figure("Drawdown start", fall.peak_at, Form.INSTANT),
        Figure("Drawdown end", fall.trough_at, Form.INSTANT),
        Figure("Recovered", _recovery(analysis), Form.INSTANT),
        Figure("Drawdown duration", fall.longest, Form.DURATION, Better.LOWER),
        Figure("Volatility (ann.)", curve.volatility, Form.SHARE, Better.LOWER),
        Figure("Min balance", curve.lowest, Form.RUPEES),
        Figure("Max balance", curve.highest, Form.RUPEES),
        Figure("Exposure time", curve.time_in_market, Form.SHARE, Better.NEITHER),
        Figure("Mean exposure", curve.mean_exposure, Form.SHARE, Better.NEITHER),
        Figure("Daily turnover", analysis.turnover, Form.SHARE, Better.NEITHER),
    )


def _trades(analysis: Analysis) -> tuple[Figure, ...]:
    trades = analysis.trades
    return (
        Figure("Total trades", trades.trades, Form.COUNT, Better.NEITHER),
        Figure("Daily avg trades", analysis.trades_a_day, Form.MEAN_COUNT, Better.NEITHER),
        Figure("Long / Short", f"{trades.longs:,} / {trades.trades - trades.longs:,}", Form.TEXT),
        Figure("Win rate", trades.win_rate, Form.SHARE),
        Figure("Payoff ratio", trades.payoff_ratio, Form.RATIO),
        Figure("Best trade", trades.best, Form.PROFIT),
        Figure("Worst trade", trades.worst, Form.PROFIT),
        Figure("Best symbol", _edge_symbol(analysis, 0), Form.TEXT),
        Figure("Worst symbol", _edge_symbol(analysis, -1), Form.TEXT),
        Figure("Avg. duration", trades.holding, Form.DURATION, Better.NEITHER),
        Figure("Avg. duration winners", trades.holding_winners, Form.DURATION, Better.NEITHER),
        Figure("Avg. duration losers", trades.holding_losers, Form.DURATION, Better.NEITHER),
        Figure("Max consecutive wins", trades.consecutive_wins, Form.COUNT),
        Figure("Max consecutive losses", trades.consecutive_losses, Form.COUNT, Better.LOWER),
        Figure("Total trade volume", trades.traded_value, Form.RUPEES, Better.NEITHER),
        Figure("Refused entries", sum(analysis.record.refusals.values()), Form.COUNT, Better.NEITHER),
    )


def _days(analysis: Analysis) -> tuple[Figure, ...]:
    curve = analysis.curve
    rest = curve.sessions - curve.days_won - curve.days_lost
    mean = (curve.final - analysis.record.facts.capital) / curve.sessions if curve.sessions else None
    return (
        Figure("Days win/draw/lose", f"{curve.days_won:,} / {rest:,} / {curve.days_lost:,}", Form.TEXT),
        Figure("Avg. daily profit", mean, Form.PROFIT),
        Figure("Best day", _day_text(curve.best_day), Form.TEXT),
        Figure("Worst day", _day_text(curve.worst_day), Form.TEXT),
    )


def _recovery(analysis: Analysis) -> int | str | None:
    fall = analysis.curve.drawdown
    return "not yet" if fall.trough_at is not None and fall.recovered_at is None else fall.recovered_at


def _edge_symbol(analysis: Analysis, place: int) -> str | None:
    groups = analysis.groups[Dimension.SYMBOL]
    if not groups:
        return None
    group = groups[place]
    return f"{short_symbol(group.name)} {text_of(group.statistics.net, Form.PROFIT)}"


def _day_text(day: DayResult | None) -> str | None:
    return f"{text_of(day.profit, Form.PROFIT)} ({day.date})" if day else None
