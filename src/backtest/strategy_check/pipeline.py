"""A training proved as a whole: labels, rows, folds, what is fitted, and at last all of it where nothing can be known.

Each proof takes for granted what the ones before it prove. So the first that fails is told, and what follows from that
is not.
"""

from collections.abc import Callable

from backtest.strategy_check.finding import Finding
from backtest.strategy_check.fold_check import fold_findings
from backtest.strategy_check.label_check import label_findings
from backtest.strategy_check.refit_check import refit_findings
from backtest.strategy_check.row_check import row_findings
from backtest.strategy_check.shuffled_time import shuffled_time_findings
from backtest.strategy_check.subject import Subject
from backtest.strategy_check.training_face import TrainingFace

PROOFS: dict[str, Callable[[Subject, TrainingFace], list[Finding]]] = {
    "labels": label_findings,
    "rows to learn from": row_findings,
    "rows to fit and to validate": fold_findings,
    "what is fitted": refit_findings,
    "shuffled time": shuffled_time_findings,
}


def training_findings(
    subject: Subject, training: TrainingFace, tell: Callable[[str, float], None] = lambda _what, _share: None
) -> list[Finding]:
    """Return what the first proof finds that finds anything; `tell` is told which is made, and the share that is done.

    Raises `DataError` for too few candles to learn from.
    """
    for done, (what, proof) in enumerate(PROOFS.items()):
        tell(what, done / len(PROOFS))
        found = proof(subject, training)
        if found:
            return found
    return []
