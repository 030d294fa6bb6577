"""The best of a search as one run: the sessions that chose it, those kept back, and how far it may be luck."""

from dataclasses import replace

from backtest.hyperopt.evaluation import Evaluator
from backtest.hyperopt.ground import Ground
from backtest.hyperopt.holdout import Split
from backtest.hyperopt.joined_run import joined_record
from backtest.hyperopt.luck import Luck
from backtest.hyperopt.trial import Judge, Trial
from reporting.figures import Form, text_of
from reporting.run_record import RunRecord


def best_record(ground: Ground, split: Split, judge: Judge, best: Trial, luck: Luck, seconds: float) -> RunRecord:
    """Trade the best over both parts of the ground, each from the whole capital and nothing held.

    `seconds` is how long the search took.
    """
    parts = (split.searched, split.kept_back) if split.kept_back else (split.searched,)
    results = [Evaluator(part).result(best.combination) for part in parts]
    noted = replace(ground, remarks=(*ground.remarks, _note(split, judge, luck)))
    return joined_record(noted, results, {**ground.settings.strategy.params, **best.combination}, seconds)


def _note(split: Split, judge: Judge, luck: Luck) -> str:
    back = split.kept_back
    kept_back = f"those from {back.sessions[0]} on were kept back" if back else "none were kept back"
    return (
        f"the best by {judge.objectives[0].value} of {luck.trials:,} trials on the sessions to "
        f"{split.searched.sessions[-1]}, {kept_back}; deflated Sharpe ratio "
        f"{text_of(luck.deflated_sharpe, Form.CHANCE)}"
    )
