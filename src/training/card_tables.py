"""The tables of a model card, as HTML: folds, baselines, confusion, importance, classes, what was tried.

Money is in rupees, after spread and charges.
"""

from collections.abc import Sequence
from html import escape

from core.instants import ist_date
from core.signals import Direction
from features.columns import IntArray
from reporting.figures import Figure, Form
from reporting.page_tables import cell, figure_cell
from training.baselines import Baseline, Verdict
from training.card_drawings import bar_drawing, shares_drawing
from training.class_balance import ClassBalance
from training.evaluation import Evaluation, FoldResult
from training.importance import Importance
from training.scoring import score
from training.threshold import NEVER

_STRONG = 75
"""Per cent of colour in a cell of the confusion that all rows of a class are in."""


def fold_table(evaluation: Evaluation) -> str:
    """Return a row for each fold, and what those that count came to."""
    told = ("Log loss", "calibrated", "of shares alone", "Brier", "Accuracy")
    header = (
        f"<th>Fold</th><th>From</th>{_headers('Rows to fit', 'Rows judged', *told, 'Threshold', 'Trades', 'Profit')}"
    )
    rows = "".join(_fold_row(number, each) for number, each in enumerate(evaluation.folds, start=1))
    total = (
        f'<tr class="total"><td>Judged</td><td></td><td></td>{cell(f"{len(evaluation.rows):,}")}'
        f"{'<td></td>' * 6}{cell(f'{evaluation.trades:,}')}{_profit(evaluation.net)}</tr>"
    )
    return _scrolling(f"<tr>{header}</tr>{rows}{total}")


def baseline_table(verdict: Verdict) -> str:
    """Return the baselines, and the model below them."""
    rows = "".join(f"<tr>{_baseline_cells(each)}</tr>" for each in verdict.baselines)
    mine = f'<tr class="total">{_baseline_cells(verdict.model)}</tr>'
    return _scrolling(f"<tr><th>On the same rows</th>{_headers('Trades', 'Profit')}</tr>{rows}{mine}")


def confusion_table(matrix: IntArray) -> str:
    """Return how many rows of each class had which likeliest class, the stronger in colour the larger their share."""
    words = [each.name.lower() for each in Direction]
    header = '<th class="year">it was</th>' + "".join(f"<th>told {word}</th>" for word in words)
    rows = ""
    for place, counts in enumerate(matrix.tolist()):
        of_class = max(1, sum(counts))
        cells = "".join(
            f'<td class="{"gain" if place == column else "pain"}" style="--much:{round(_STRONG * count / of_class)}%">'
            f"{count:,}<br>{count / of_class:.0%}</td>"
            for column, count in enumerate(counts)
        )
        rows += f'<tr><th class="year">{words[place]}</th>{cells}</tr>'
    return f'<table class="months"><tr>{header}</tr>{rows}</table>'


def importance_table(importance: Sequence[Importance]) -> str:
    """Return a row for each feature, with a bar of what it is needed for."""
    widest = max((each.rise for each in importance), default=0.0)
    rows = "".join(
        f"<tr><td>{escape(each.feature)}</td><td>{bar_drawing(each.rise, widest)}</td>{cell(f'{each.rise:+.5f}')}"
        f"{cell(f'{each.deviation:.5f}')}</tr>"
        for each in importance
    )
    return _scrolling(f"<tr><th>Feature</th><th></th>{_headers('Rise', 'deviation')}</tr>{rows}")


def class_table(folds: Sequence[FoldResult]) -> str:
    """Return the shares of the classes in each fold, as they were taught and as they came."""
    rows = "".join(
        f"<tr><td>{number}</td>{_share_cells(each.taught)}{_share_cells(each.tested)}"
        f"{cell(f'{each.taught.drift(each.tested):.1%}')}</tr>"
        for number, each in enumerate(folds, start=1)
    )
    both = "".join(f"<th>{part}</th><th>long / none / short</th>" for part in ("To fit", "Judged"))
    return _scrolling(f"<tr><th>Fold</th>{both}{_headers('Drift')}</tr>{rows}")


def candidate_table(candidates: Sequence[Evaluation], chosen: Evaluation) -> str:
    """Return what was tried, the chosen one in bold."""
    rows = ""
    for each in candidates:
        loss = score(each.probabilities, each.labels).log_loss
        look = ' class="total"' if each is chosen else ""
        rows += (
            f"<tr{look}><td>{escape(each.candidate.name)}</td>{cell(f'{loss:.4f}')}"
            f"{cell(f'{each.trades:,}')}{_profit(each.net)}</tr>"
        )
    return _scrolling(f"<tr><th>Candidate</th>{_headers('Log loss', 'Trades', 'Profit')}</tr>{rows}")


def shares_text(balance: ClassBalance) -> str:
    """Write the shares of long, none and short."""
    none, long, short = balance.shares
    return f"{long:.1%} / {none:.1%} / {short:.1%}"


def threshold_text(threshold: float) -> str:
    """Write a threshold, the one that is never reached in words."""
    return "never acts" if threshold >= NEVER else f"{threshold:.2f}"


def _fold_row(number: int, each: FoldResult) -> str:
    """The first fold has no calibrated figures and no trades, as nothing lay before it to calibrate and choose by."""
    fold = each.fit.fold
    first = f"<td>{number}</td><td>{ist_date(fold.begins)}</td>{cell(f'{len(fold.train):,}')}"
    first += f"{cell(f'{len(fold.test):,}')}{cell(f'{each.before.log_loss:.4f}')}"
    if number == 1:
        calibrated, ends = cell("-"), f"{cell('calibrates', 'none')}{cell('-', 'none') * 2}"
    else:
        knows = each.after.log_loss < each.shares_log_loss
        calibrated = cell(f"{each.after.log_loss:.4f}", "gain" if knows else "pain")
        ends = f"{cell(threshold_text(each.threshold))}{cell(f'{len(each.taken.rows):,}')}{_profit(each.net)}"
    scores = f"{cell(f'{each.shares_log_loss:.4f}')}{cell(f'{each.after.brier:.4f}')}"
    return f"<tr>{first}{calibrated}{scores}{cell(f'{each.after.accuracy:.1%}')}{ends}</tr>"


def _baseline_cells(baseline: Baseline) -> str:
    return f"<td>{escape(baseline.name)}</td>{cell(f'{baseline.trades:,}')}{_profit(baseline.net)}"


def _share_cells(balance: ClassBalance) -> str:
    return f"<td>{shares_drawing(balance)}</td><td>{shares_text(balance)}</td>"


def _scrolling(rows: str) -> str:
    """Return a table that is pushed to the side where it is wider than its place."""
    return f'<div class="scroll"><table>{rows}</table></div>'


def _headers(*names: str) -> str:
    return "".join(f'<th class="n">{name}</th>' for name in names)


def _profit(net: int) -> str:
    return figure_cell(Figure("", net, Form.PROFIT))
