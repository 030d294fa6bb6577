"""A trained model on one page: what it learned from, what it would have earned, and how far to believe that.

One HTML file that loads nothing, with the look of the tear sheet, and no time of day: the same training, the same page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from core.instants import ist_date
from core.signals import Direction
from reporting.figures import Form, text_of
from reporting.page_style import STYLE
from reporting.page_tables import pairs_table, tone
from training.baselines import Verdict
from training.card_drawings import equity_drawing, reliability_drawing
from training.card_tables import (
    baseline_table,
    candidate_table,
    class_table,
    confusion_table,
    fold_table,
    importance_table,
    shares_text,
    threshold_text,
)
from training.class_balance import ClassBalance
from training.evaluation import Evaluation
from training.importance import Importance
from training.scoring import confusion, reliability, score
from training.threshold import NEVER, Outcome
from training.trials import Trials

SURE = 0.95
"""A deflated Sharpe ratio below this may be luck."""
_LOOK = ".tile { display: flex; flex-direction: column; justify-content: space-between; }"
"""Values of a row of tiles stand on one line, also where one of their names needs two."""


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
    notes: Sequence[str] = ()
    """What is to be known of the candles: what is missing, where a split is suspected."""

    def page(self) -> str:
        """Return the page."""
        return "\n".join(_page(self)) + "\n"


def _page(card: ModelCard) -> Iterator[str]:
    evaluation = card.evaluation
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(card.name)}, model card</title><style>{STYLE}{_LOOK}</style></head><body>"
    yield f'<h1>{escape(card.name)}</h1><p class="soft">{escape(evaluation.candidate.name)}</p>'
    yield from (f'<p class="note">{escape(warning)}</p>' for warning in _warnings(card))
    yield f'<div class="tiles">{"".join(_tiles(card))}</div>'
    yield f"<section data-group><h2>Earned out of fold, in rupees</h2>{_equity(evaluation)}</section>"
    yield f"<section><h2>Folds</h2>{fold_table(evaluation)}{_fold_note()}</section>"
    yield f'<div class="halves">{_baselines(card.verdict)}{_luck(card)}</div>'
    yield _calibration(evaluation)
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in card.notes)
    facts = f'<section class="facts"><h2>Trained on</h2>{pairs_table("", card.facts)}{notes}</section>'
    yield f'<div class="halves"><div>{_confusion(evaluation)}{facts}</div>{_importance(card.importance)}</div>'
    yield _classes(card)
    if len(card.candidates) > 1:
        yield _candidates(card)
    yield "</body></html>"


def _warnings(card: ModelCard) -> Iterator[str]:
    if card.chosen.threshold >= NEVER:
        yield "No threshold earned more out of fold than luck explains: this model never acts."
    elif not card.evaluation.trades:
        yield "Only all folds together gave a threshold: no trade was judged on rows that had no part in choosing it."
    if not card.verdict.beats_baselines:
        yield f"This model {card.verdict.words}."
    deflated = card.trials.deflated
    if deflated is not None and deflated < SURE:
        ratio = f"its deflated Sharpe ratio is {text_of(deflated, Form.CHANCE)}, {SURE} would be convincing"
        yield f"What it earned may be luck: {ratio}."


def _tiles(card: ModelCard) -> Iterator[str]:
    evaluation, threshold = card.evaluation, card.chosen.threshold
    per_trade = evaluation.net / evaluation.trades if evaluation.trades else None
    accuracy = score(evaluation.probabilities, evaluation.labels).accuracy
    for name, text, look in (
        ("Profit, rupees", text_of(evaluation.net, Form.PROFIT).partition(".")[0], tone(evaluation.net)),
        ("Trades", f"{evaluation.trades:,}", ""),
        ("Profit a trade", text_of(per_trade, Form.PROFIT), tone(per_trade)),
        ("Accuracy", f"{accuracy:.1%}", ""),
        ("Beats baselines", "yes" if card.verdict.beats_baselines else "no", ""),
        ("Deflated Sharpe", text_of(card.trials.deflated, Form.CHANCE), ""),
        ("Threshold", "never" if threshold >= NEVER else threshold_text(threshold), ""),
    ):
        yield f'<div class="tile"><span class="soft">{name}</span><b class="{look}">{text}</b></div>'


def _equity(evaluation: Evaluation) -> str:
    if not evaluation.trades:
        return '<p class="soft">No trade was made in the judged folds.</p>'
    return equity_drawing(_daily_of_folds(evaluation))


def _daily_of_folds(evaluation: Evaluation) -> list[tuple[np.ndarray, np.ndarray]]:
    first_days = [ist_date(each.fit.fold.begins).toordinal() for each in evaluation.judged]
    offset = ist_date(0).toordinal()
    cuts = np.searchsorted(evaluation.days, [each - offset for each in first_days[1:]])
    return list(zip(np.split(evaluation.days, cuts), np.split(evaluation.daily, cuts), strict=True))


def _fold_note() -> str:
    return (
        '<p class="soft">Each fold was fitted on what lay before it, less the labels not yet known, and calibrated and '
        "traded by what the folds before it said. The first has none before it and counts in no sum. A calibrated log "
        "loss above the one of shares alone (red) knows less than how frequent the classes are. Profit is in rupees, "
        "after spread and charges.</p>"
    )


def _baselines(verdict: Verdict) -> str:
    margin = text_of(verdict.model.net - verdict.best_baseline.net, Form.PROFIT)
    word = "beats" if verdict.beats_baselines else "does not beat"
    return (
        f"<section><h2>Baselines</h2>{baseline_table(verdict)}"
        f'<p class="soft">The model {word} them all: {margin} rupees against the best.</p></section>'
    )


def _luck(card: ModelCard) -> str:
    trials = card.trials
    pairs = {
        "Candidates tried": f"{trials.number:,}",
        "Sharpe ratio a session": text_of(trials.sharpe, Form.RATIO),
        "the best of so many by luck": text_of(trials.by_luck, Form.RATIO),
        "Deflated Sharpe ratio": text_of(trials.deflated, Form.CHANCE),
        "Threshold of the finished model": threshold_text(card.chosen.threshold),
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
    return (
        f"<section><h2>Confusion</h2>{confusion_table(confusion(evaluation.probabilities, evaluation.labels))}"
        '<p class="soft">Told is the likeliest class, which is not yet a trade. Shares are of the rows that it was.'
        "</p></section>"
    )


def _importance(importance: Sequence[Importance]) -> str:
    return (
        f"<section><h2>Importance</h2>{importance_table(importance)}"
        '<p class="soft">Rise of the log loss out of fold when the feature is shuffled.</p></section>'
    )


def _classes(card: ModelCard) -> str:
    return (
        f'<section><h2>Classes</h2>{class_table(card.evaluation.folds)}<p class="soft">Long (green), none (grey), '
        f"short (red). All {card.balance.rows:,} rows: {shares_text(card.balance)}. Drift is the share of rows that "
        "would have to change class to make one of the other.</p></section>"
    )


def _candidates(card: ModelCard) -> str:
    return f"<section><h2>What was tried</h2>{candidate_table(card.candidates, card.evaluation)}</section>"
