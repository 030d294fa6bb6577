"""A trained model on one page: what it learned from, what it would have earned, and how far to believe that.

One HTML file that loads nothing, with the look of the tear sheet, and no time of day: the same training, the same page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from core.instants import ist_date
from core.signals import Direction
from reporting.figures import Figure, Form, text_of
from reporting.page_style import STYLE
from reporting.page_tables import figure_cell, pairs_table, tone
from training.baselines import Baseline, Verdict
from training.card_drawings import bar_drawing, equity_drawing, reliability_drawing, shares_drawing
from training.class_balance import ClassBalance
from training.evaluation import Evaluation, FoldResult
from training.importance import Importance
from training.scoring import confusion, reliability, score
from training.threshold import NEVER, Outcome
from training.trials import Trials

SURE = 0.95
"""A deflated Sharpe ratio below this may be luck."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelCard:
    """All that the page tells."""

    name: str
    facts: Mapping[str, str]
    """What it was trained on, in words: data, symbols, span, features, labels, hash."""
    balance: ClassBalance
    """Of all rows."""
    evaluation: Evaluation
    candidates: Sequence[Evaluation]
    """All that were tried, the chosen one among them."""
    chosen: Outcome
    """The threshold of the finished model, and what it earned on the rows that chose it."""
    verdict: Verdict
    trials: Trials
    importance: Sequence[Importance]

    def page(self) -> str:
        """Return the page."""
        return "\n".join(_page(self)) + "\n"


def _page(card: ModelCard) -> Iterator[str]:
    evaluation = card.evaluation
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(card.name)}, model card</title><style>{STYLE}</style></head><body>"
    yield f'<h1>{escape(card.name)}</h1><p class="soft">{escape(evaluation.candidate.name)}</p>'
    yield from (f'<p class="note">{escape(warning)}</p>' for warning in _warnings(card))
    yield f'<div class="tiles">{"".join(_tiles(card))}</div>'
    yield f"<section><h2>Earned out of fold</h2>{equity_drawing(_daily_of_folds(evaluation))}</section>"
    yield f"<section><h2>Folds</h2>{_fold_table(evaluation)}{_fold_note()}</section>"
    yield f'<div class="halves">{_baselines(card.verdict)}{_luck(card)}</div>'
    yield _calibration(evaluation)
    facts = f'<section class="facts"><h2>Trained on</h2>{pairs_table("", card.facts)}</section>'
    yield f'<div class="halves"><div>{_confusion(evaluation)}{facts}</div>{_importance(card.importance)}</div>'
    yield _classes(card)
    if len(card.candidates) > 1:
        yield _candidates(card)
    yield "</body></html>"


def _warnings(card: ModelCard) -> Iterator[str]:
    if card.chosen.threshold >= NEVER:
        yield "No threshold earned anything out of fold: this model never acts."
    if not card.verdict.beats_baselines:
        yield f"This model {card.verdict.words}."
    deflated = card.trials.deflated
    if deflated is not None and deflated < SURE:
        yield f"What it earned may be luck: its deflated Sharpe ratio is {deflated:.2f}, {SURE} would be convincing."


def _tiles(card: ModelCard) -> Iterator[str]:
    evaluation = card.evaluation
    after = score(evaluation.probabilities, evaluation.labels)
    per_trade = evaluation.net / evaluation.trades if evaluation.trades else None
    for figure in (
        Figure("Profit out of fold", evaluation.net, Form.PROFIT),
        Figure("Trades", evaluation.trades, Form.COUNT),
        Figure("Profit a trade", per_trade, Form.PROFIT),
        Figure("Accuracy", after.accuracy, Form.SHARE),
        Figure("Beats baselines", "yes" if card.verdict.beats_baselines else "no", Form.TEXT),
        Figure("Deflated Sharpe", card.trials.deflated, Form.RATIO),
        Figure("Threshold", "never acts" if card.chosen.threshold >= NEVER else card.chosen.threshold, Form.RATIO),
    ):
        is_signed = figure.form is Form.PROFIT and isinstance(figure.value, int | float)
        look = f' class="{tone(figure.value)}"' if is_signed and not isinstance(figure.value, str) else ""
        yield f'<div class="tile"><span class="soft">{figure.label}</span><b{look}>{escape(figure.text)}</b></div>'


def _daily_of_folds(evaluation: Evaluation) -> list[tuple[np.ndarray, np.ndarray]]:
    first_days = [ist_date(each.fit.fold.begins).toordinal() for each in evaluation.judged]
    offset = ist_date(0).toordinal()
    cuts = np.searchsorted(evaluation.days, [each - offset for each in first_days[1:]])
    return list(zip(np.split(evaluation.days, cuts), np.split(evaluation.daily, cuts), strict=True))


def _fold_table(evaluation: Evaluation) -> str:
    told = ("Log loss", "calibrated", "of shares alone", "Brier", "Accuracy")
    names = ("Rows to fit", "Rows judged", *told, "Threshold", "Trades", "Profit")
    header = "<th>Fold</th><th>From</th>" + "".join(f'<th class="n">{name}</th>' for name in names)
    rows = "".join(_fold_row(number, each) for number, each in enumerate(evaluation.folds, start=1))
    total = (
        f'<tr class="total"><td>Judged</td><td></td><td></td>{_cell(f"{len(evaluation.rows):,}")}'
        f"{'<td></td>' * 6}{_cell(f'{evaluation.trades:,}')}{_profit(evaluation.net)}</tr>"
    )
    return f'<div class="scroll"><table><tr>{header}</tr>{rows}{total}</table></div>'


def _fold_row(number: int, each: FoldResult) -> str:
    fold = each.fit.fold
    acts = "never" if each.threshold >= NEVER else f"{each.threshold:.2f}"
    if number == 1:
        ends = '<td class="n none">calibrates</td><td class="n none">-</td><td class="n none">-</td>'
    else:
        ends = f"{_cell(acts)}{_cell(f'{len(each.taken.rows):,}')}{_profit(each.net)}"
    figures = (
        f"{len(fold.train):,}",
        f"{len(fold.test):,}",
        f"{each.before.log_loss:.4f}",
        f"{each.after.log_loss:.4f}" if number > 1 else "-",
        f"{each.shares_log_loss:.4f}",
        f"{each.after.brier:.4f}",
        f"{each.after.accuracy:.1%}",
    )
    return f"<tr><td>{number}</td><td>{ist_date(fold.begins)}</td>{''.join(map(_cell, figures))}{ends}</tr>"


def _fold_note() -> str:
    return (
        '<p class="soft">Each fold was fitted on what lay before it, less the labels not yet known, and calibrated and '
        "traded by what the folds before it said. The first has none before it and counts in no sum. A log loss above "
        "the one of shares alone knows less than how frequent the classes are.</p>"
    )


def _baselines(verdict: Verdict) -> str:
    rows = "".join(_baseline_row(each) for each in verdict.baselines)
    mine = f'<tr class="total"><td>{escape(verdict.model.name)}</td>{_baseline_cells(verdict.model)}</tr>'
    header = '<th>On the same rows</th><th class="n">Trades</th><th class="n">Profit</th>'
    margin = text_of(verdict.model.net - verdict.best_baseline.net, Form.PROFIT)
    word = "beats" if verdict.beats_baselines else "does not beat"
    return (
        f"<section><h2>Baselines</h2><table><tr>{header}</tr>{rows}{mine}</table>"
        f'<p class="soft">The model {word} them all: {margin} against the best.</p></section>'
    )


def _baseline_row(baseline: Baseline) -> str:
    return f"<tr><td>{escape(baseline.name)}</td>{_baseline_cells(baseline)}</tr>"


def _baseline_cells(baseline: Baseline) -> str:
    return f"{_cell(f'{baseline.trades:,}')}{_profit(baseline.net)}"


def _luck(card: ModelCard) -> str:
    trials = card.trials
    pairs = {
        "Candidates tried": f"{trials.number:,}",
        "Sharpe ratio a session": text_of(trials.sharpe, Form.RATIO),
        "the best of so many by luck": text_of(trials.by_luck, Form.RATIO),
        "Deflated Sharpe ratio": text_of(trials.deflated, Form.RATIO),
        "Threshold of the finished model": "never acts"
        if card.chosen.threshold >= NEVER
        else f"{card.chosen.threshold:.2f}",
        "earned on the rows that chose it": text_of(card.chosen.net, Form.PROFIT),
    }
    note = "The deflated Sharpe ratio is the chance that the true one is above 0, given how many were tried."
    return f'<section><h2>Skill or luck</h2>{pairs_table("", pairs)}<p class="soft">{note}</p></section>'


def _calibration(evaluation: Evaluation) -> str:
    drawings = ""
    for direction in (Direction.LONG, Direction.SHORT):
        before = reliability(evaluation.own_probabilities, evaluation.labels, direction)
        after = reliability(evaluation.probabilities, evaluation.labels, direction)
        word = direction.name.lower()
        drawings += f"<div><h3>{word}</h3>{reliability_drawing(before, after, f'Calibration of {word}')}</div>"
    note = (
        "Share of rows that were of the class (upwards) against the probability told (to the right), a tenth of the "
        "rows to a point. Grey: the model's own; blue: calibrated by earlier folds; dashed: as it should be."
    )
    return f'<section><h2>Calibration</h2><div class="columns">{drawings}</div><p class="soft">{note}</p></section>'


def _confusion(evaluation: Evaluation) -> str:
    matrix = confusion(evaluation.probabilities, evaluation.labels)
    words = [each.name.lower() for each in Direction]
    header = "<th></th>" + "".join(f"<th>{word}</th>" for word in words)
    rows = ""
    for place, counts in enumerate(matrix.tolist()):
        of_class = max(1, sum(counts))
        cells = "".join(
            f'<td class="{"gain" if place == column else "pain"}" style="--much:{round(75 * count / of_class)}%">'
            f"{count:,}<br>{count / of_class:.0%}</td>"
            for column, count in enumerate(counts)
        )
        rows += f'<tr><th class="year">{words[place]}</th>{cells}</tr>'
    return (
        f'<section><h2>Confusion</h2><table class="months"><tr>{header}</tr>{rows}</table>'
        '<p class="soft">Rows: what it was. Columns: the likeliest class told, which is not yet a trade.</p></section>'
    )


def _importance(importance: Sequence[Importance]) -> str:
    widest = max((each.rise for each in importance), default=0.0)
    rows = "".join(
        f"<tr><td>{escape(each.feature)}</td><td>{bar_drawing(each.rise, widest)}</td>{_cell(f'{each.rise:+.5f}')}"
        f"{_cell(f'{each.deviation:.5f}')}</tr>"
        for each in importance
    )
    header = '<th>Feature</th><th></th><th class="n">Rise</th><th class="n">deviation</th>'
    return (
        f'<section><h2>Importance</h2><div class="scroll"><table><tr>{header}</tr>{rows}</table></div>'
        '<p class="soft">Rise of the log loss out of fold when the feature is shuffled.</p></section>'
    )


def _classes(card: ModelCard) -> str:
    rows = ""
    for number, each in enumerate(card.evaluation.folds, start=1):
        rows += (
            f"<tr><td>{number}</td><td>{shares_drawing(each.taught)}</td><td>{shares_drawing(each.tested)}</td>"
            f"{_cell(_shares(each.taught))}{_cell(_shares(each.tested))}{_cell(f'{each.taught.drift(each.tested):.1%}')}"
            "</tr>"
        )
    header = '<th>Fold</th><th>To fit</th><th>Judged</th><th class="n">to fit</th><th class="n">judged</th>'
    return (
        f'<section><h2>Classes</h2><div class="scroll"><table><tr>{header}<th class="n">Drift</th></tr>{rows}</table>'
        f'</div><p class="soft">Long (green), none (grey), short (red). All {card.balance.rows:,} rows: '
        f"{_shares(card.balance)}. Drift is the share of rows that changed class from fitting to judging.</p></section>"
    )


def _candidates(card: ModelCard) -> str:
    rows = ""
    for each in card.candidates:
        loss = score(each.probabilities, each.labels).log_loss
        look = ' class="total"' if each is card.evaluation else ""
        rows += (
            f"<tr{look}><td>{escape(each.candidate.name)}</td>{_cell(f'{loss:.4f}')}"
            f"{_cell(f'{each.trades:,}')}{_profit(each.net)}</tr>"
        )
    header = '<th>Candidate</th><th class="n">Log loss</th><th class="n">Trades</th><th class="n">Profit</th>'
    return f'<section><h2>What was tried</h2><div class="scroll"><table><tr>{header}</tr>{rows}</table></div></section>'


def _shares(balance: ClassBalance) -> str:
    none, long, short = balance.shares
    return f"{long:.1%} / {none:.1%} / {short:.1%}"


def _profit(net: int) -> str:
    return figure_cell(Figure("", net, Form.PROFIT))


def _cell(text: str) -> str:
    return f'<td class="n">{escape(text)}</td>'
